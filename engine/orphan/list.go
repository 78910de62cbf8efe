package orphan

import (
	"context"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/aws/aws-sdk-go-v2/aws"

	"berth/engine/resource"
)

// prefix starts the names of all resources of ours that have one of their own choice.
const prefix = "berth-"

// atOnce is how many calls one look makes at the same time.
const atOnce = 8

// pager is a paginator of the SDK.
type pager[Out, Opt any] interface {
	HasMorePages() bool
	NextPage(context.Context, ...func(*Opt)) (Out, error)
}

// pages goes through all pages of a listing.
func pages[Out, Opt any](ctx context.Context, p pager[Out, Opt], do func(Out) error) error {
	for p.HasMorePages() {
		out, err := p.NextPage(ctx)
		if err != nil {
			return err
		}
		if err := do(out); err != nil {
			return err
		}
	}
	return nil
}

// each calls do for all items, some at once.
func each[T any](ctx context.Context, items []T, do func(context.Context, int, T) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for i, it := range items {
		g.Go(func() error { return do(ctx, i, it) })
	}
	return g.Wait()
}

// withTags asks for the tags of all resources at once, and notes those that are ours. One that is gone since
// it was listed is left out: tags returns nil for it.
func (s *survey) withTags(ctx context.Context, all []found, tags func(context.Context, *found) (map[string]string, error)) error {
	has := make([]map[string]string, len(all))
	err := each(ctx, all, func(ctx context.Context, i int, _ found) (err error) {
		has[i], err = tags(ctx, &all[i])
		return err
	})
	for i, f := range all {
		s.own(f, has[i])
	}
	return err
}

// own notes a resource when its tags say that it is ours.
func (s *survey) own(f found, tags map[string]string) {
	if o, ok := ownerOf(tags); ok {
		f.owner, f.Role = o, tags[resource.TagRole]
		s.add(f)
	}
}

func ownerOf(tags map[string]string) (resource.Owner, bool) {
	o := resource.Owner{App: tags[resource.TagApp], Env: tags[resource.TagEnv]}
	return o, o.App != "" && o.Env != ""
}

// ownerOfPath reads the owner off a name such as /berth/app/env/rest.
func ownerOfPath(path string) (o resource.Owner, rest string, ok bool) {
	parts := strings.SplitN(path, "/", 5)
	if len(parts) < 4 || parts[0] != "" || parts[1] != "berth" || parts[2] == "" || parts[3] == "" {
		return o, "", false
	}
	if len(parts) == 5 {
		rest = parts[4]
	}
	return resource.Owner{App: parts[2], Env: parts[3]}, rest, true
}

// tagsOf makes a map of a service's own kind of tags.
func tagsOf[T any](tags []T, one func(T) (key, value *string)) map[string]string {
	m := map[string]string{}
	for _, t := range tags {
		k, v := one(t)
		m[aws.ToString(k)] = aws.ToString(v)
	}
	return m
}

func last(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }
