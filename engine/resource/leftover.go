package resource

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"golang.org/x/sync/errgroup"

	"berth/engine/cloud"
)

// Listing finds what exists of a kind in a region, whichever app it belongs to. Package orphan tells by it what
// earlier runs left over. A kind declares one at the end of its file.
type Listing struct {
	What string // "load balancers"
	// List adds what it finds to the survey. Errors of the SDK come as they are.
	List func(context.Context, *Survey) error
	// Without says what cannot be told when the listing was refused; empty when only its own finds are missing.
	Without string
	// Judges: it says which apps are alive, without which nothing can be called left over.
	Judges bool
}

// Found is one resource of berth's that exists.
type Found struct {
	Owner Owner
	ID    string   // the app's identity as its tag says, empty when it has none
	Kind  string   // as in plans: elbv2.LoadBalancer
	Name  string   // as in AWS
	ARN   string   // or id, as AWS has it
	Role  string   // as its tag says
	Like  Resource // costs what this one would; nil when it costs nothing
	Why   string   // it is left over when its app has no service; empty when that says it all
	// Unused says why an app that lives does not use it; empty means that it does. Nil means that every living
	// app does. It is called once for each resource, in the order of the listing.
	Unused func(*App) string
	// Remove is what removes it from a living app; empty means that the next deployment does.
	Remove string
}

// App is what listings learn of one app.
type App struct {
	Owner Owner
	Alive bool            // it has a service
	Busy  bool            // a run changes it right now
	Uses  map[string]bool // ARNs of what its services use
	InDNS bool            // its tasks are listed in DNS

	seen map[string]int
}

// NewApp is an app of which nothing is known yet.
func NewApp(o Owner) *App { return &App{Owner: o, Uses: map[string]bool{}} }

// Seen counts what was seen of a kind and says how many there were before.
func (a *App) Seen(kind string) int {
	if a.seen == nil {
		a.seen = map[string]int{}
	}
	a.seen[kind]++
	return a.seen[kind] - 1
}

// Merge takes over what another listing learned of the same app.
func (a *App) Merge(b *App) {
	a.Alive, a.Busy, a.InDNS = a.Alive || b.Alive, a.Busy || b.Busy, a.InDNS || b.InDNS
	for arn := range b.Uses {
		a.Uses[arn] = true
	}
}

// Survey collects what one listing finds. It is used by one goroutine.
type Survey struct {
	*cloud.Clients
	Found []Found
	Apps  map[Owner]*App
}

// NewSurvey makes an empty survey of the clients' region.
func NewSurvey(c *cloud.Clients) *Survey {
	return &Survey{Clients: c, Apps: map[Owner]*App{}}
}

// App is what this survey knows of the owner's app.
func (s *Survey) App(o Owner) *App {
	if s.Apps[o] == nil {
		s.Apps[o] = NewApp(o)
	}
	return s.Apps[o]
}

// Add notes a resource whose owner is known.
func (s *Survey) Add(f Found) { s.Found = append(s.Found, f) }

// RoleGateway is the role of an ECS gateway. ECS gives its tags to all that it makes for it.
const RoleGateway = "gateway"

// AddTagged notes a resource when its tags say that it is ours.
func (s *Survey) AddTagged(f Found, tags map[string]string) {
	if tags[TagRole] == RoleGateway && f.Role != RoleGateway {
		return // made by ECS, and goes with the gateway
	}
	if o, ok := OwnerOf(tags); ok {
		f.Owner, f.ID, f.Role = o, tags[TagID], tags[TagRole]
		s.Add(f)
	}
}

// AddByTags asks for the tags of all candidates, some at once, and notes those that are ours. One that is gone since it
// was listed is left out.
func (s *Survey) AddByTags(ctx context.Context, all []Found, tags func(context.Context, *Found) (map[string]string, error)) error {
	has := make([]map[string]string, len(all))
	err := Each(ctx, all, func(ctx context.Context, i int, _ Found) (err error) {
		has[i], err = tags(ctx, &all[i])
		return UnlessGone(err)
	})
	for i, f := range all {
		s.AddTagged(f, has[i])
	}
	return err
}

// AddByARN is AddByTags for tags that are read by ARN.
func (s *Survey) AddByARN(ctx context.Context, all []Found, tags func(context.Context, *cloud.Clients, string) (map[string]string, error)) error {
	return s.AddByTags(ctx, all, func(ctx context.Context, f *Found) (map[string]string, error) { return tags(ctx, s.Clients, f.ARN) })
}

// NamePrefix starts the names of all resources of ours that have one of their own choice.
const NamePrefix = "berth-"

// OwnerOf reads the owner off tags, without the identity.
func OwnerOf(tags map[string]string) (Owner, bool) {
	o := Owner{App: tags[TagApp], Env: tags[TagEnv]}
	return o, o.App != "" && o.Env != ""
}

// OwnerOfPath reads the owner off a name such as /berth/app/env/rest.
func OwnerOfPath(path string) (o Owner, rest string, ok bool) {
	parts := strings.SplitN(path, "/", 5)
	if len(parts) < 4 || parts[0] != "" || parts[1] != "berth" || parts[2] == "" || parts[3] == "" {
		return o, "", false
	}
	if len(parts) == 5 {
		rest = parts[4]
	}
	return Owner{App: parts[2], Env: parts[3]}, rest, true
}

// TagMap makes a map of a service's own kind of tags.
func TagMap[T any](tags []T, one func(T) (key, value *string)) map[string]string {
	m := map[string]string{}
	for _, t := range tags {
		k, v := one(t)
		m[aws.ToString(k)] = aws.ToString(v)
	}
	return m
}

// Pager is a paginator of the SDK.
type Pager[Out, Opt any] interface {
	HasMorePages() bool
	NextPage(context.Context, ...func(*Opt)) (Out, error)
}

// Pages goes through all pages of a listing.
func Pages[Out, Opt any](ctx context.Context, p Pager[Out, Opt], do func(Out) error) error {
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

// Gather is all items of a listing, over all of its pages.
func Gather[Out, Opt, Item any](ctx context.Context, p Pager[Out, Opt], items func(Out) []Item) (all []Item, err error) {
	err = Pages(ctx, p, func(out Out) error {
		all = append(all, items(out)...)
		return nil
	})
	return all, err
}

// atOnce is how many calls one listing makes at the same time.
const atOnce = 8

// Each calls do for all items, some at once.
func Each[T any](ctx context.Context, items []T, do func(context.Context, int, T) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for i, it := range items {
		g.Go(func() error { return do(ctx, i, it) })
	}
	return g.Wait()
}

// UnlessGone is err, or nil when it says that the thing is gone since it was listed.
func UnlessGone(err error) error {
	if cloud.NotFound(err) {
		return nil
	}
	return err
}

// Unseen says whether err means that what nobody asked for may as well not be there: the permission to look is missing,
// or the endpoint has no such service.
func Unseen(err error) bool { return cloud.Denied(err) || cloud.Unknown(err) }

// Last is what stands behind the last slash of an ARN.
func Last(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }
