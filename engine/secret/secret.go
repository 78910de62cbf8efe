// Package secret keeps an app's secrets in the Parameter Store, below the path of the app and its environment, as
// parameters that only the app's tasks read. A value goes in and is never read back: not even to compare it.
package secret

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"berth/engine/cloud"
	"berth/engine/fail"
	"berth/engine/lock"
	"berth/engine/resource"
)

// Store is where the secrets of one app and environment are.
type Store struct {
	Clients *cloud.Clients
	Owner   resource.Owner
}

// Entry is a secret that is kept, without its value.
type Entry struct {
	Name    string
	Version int64
	Changed time.Time
}

// MaxSize is how long a value may be, in bytes: what a parameter of the standard tier holds, which is free.
const MaxSize = 4096

// role is the tag of a secret that somebody set.
const role = "secret"

func (s Store) path(name string) string { return "/" + s.Owner.Path() + "/" + name }

// Set keeps a value under a name, and returns its version: AWS counts from 1. The value must be a text.
func (s Store) Set(ctx context.Context, name, value string) (version int64, err error) {
	if err := check(name, value); err != nil {
		return 0, err
	}
	in := &ssm.PutParameterInput{
		Name: aws.String(s.path(name)), Value: &value, Type: ssmtypes.ParameterTypeSecureString, Overwrite: aws.Bool(true),
	}
	out, err := s.Clients.SSM.PutParameter(ctx, in)
	if err != nil {
		return 0, cloud.Explain("set "+name, err)
	}
	if out.Version > 1 {
		return out.Version, nil
	}
	// AWS takes no tags together with Overwrite, and a creation without it could not be repeated when its answer got lost
	_, err = s.Clients.SSM.AddTagsToResource(ctx, &ssm.AddTagsToResourceInput{
		ResourceType: ssmtypes.ResourceTypeForTaggingParameter, ResourceId: in.Name,
		Tags: resource.TagList(s.Owner, role, func(k, v *string) ssmtypes.Tag { return ssmtypes.Tag{Key: k, Value: v} }),
	})
	if err != nil {
		return out.Version, cloud.Explain("tag "+name, err)
	}
	return out.Version, nil
}

// check refuses what cannot be kept, without repeating the value.
func check(name, value string) error {
	bad := func(why, remedy string) error {
		return &fail.Error{Class: fail.Usage, Cause: "the value of " + name + " " + why, Remedy: remedy}
	}
	switch {
	case value == "":
		return bad("is empty, which Parameter Store does not accept", "leave the secret out, or give it a value")
	case !utf8.ValidString(value) || strings.ContainsRune(value, 0):
		return bad("is binary, but an environment variable holds only text", "encode it, such as with base64, and decode it in the app")
	case strings.Contains(value, "://") && !readable(value):
		return bad("is not a valid URL: its user or password has a character that must be encoded",
			"write such characters as % and two digits: @ as %40, # as %23, / as %2F, ? as %3F, % as %25")
	case len(value) > MaxSize:
		return bad(fmt.Sprintf("has %d bytes; a parameter can hold %d", len(value), MaxSize),
			`keep it in Secrets Manager, and set its ARN in berth.toml: [secrets] `+name+` = "arn:aws:secretsmanager:..."`)
	}
	return nil
}

// readable says whether a value that looks like an address of something can be read as one. Only one line that begins as a URL
// does, with somebody who signs in.
func readable(value string) bool {
	scheme, rest, _ := strings.Cut(value, "://")
	if strings.ContainsAny(scheme, " \n\"{'=") || !strings.Contains(rest, "@") || strings.Contains(rest, "://") {
		return true // a text that only mentions one, or several of them
	}
	_, err := url.Parse(strings.TrimSpace(value))
	return err == nil
}

// List are the secrets that are kept, by name. What berth keeps for itself is not among them.
func (s Store) List(ctx context.Context) ([]Entry, error) {
	var all []Entry
	pages := ssm.NewDescribeParametersPaginator(s.Clients.SSM, &ssm.DescribeParametersInput{ParameterFilters: []ssmtypes.ParameterStringFilter{
		{Key: aws.String("Path"), Option: aws.String("OneLevel"), Values: []string{strings.TrimSuffix(s.path(""), "/")}},
	}})
	for pages.HasMorePages() {
		out, err := pages.NextPage(ctx)
		if err != nil {
			return nil, cloud.Explain("list the secrets", err)
		}
		for _, p := range out.Parameters {
			name := strings.TrimPrefix(aws.ToString(p.Name), s.path(""))
			if name == lock.Parameter || strings.Contains(name, "/") {
				continue
			}
			all = append(all, Entry{Name: name, Version: p.Version, Changed: aws.ToTime(p.LastModifiedDate)})
		}
	}
	slices.SortFunc(all, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// Unset removes a secret and all its versions. That there is none is a Refused failure.
func (s Store) Unset(ctx context.Context, name string) error {
	_, err := s.Clients.SSM.DeleteParameter(ctx, &ssm.DeleteParameterInput{Name: aws.String(s.path(name))})
	if cloud.NotFound(err) {
		return &fail.Error{
			Class: fail.Refused, Cause: "there is no secret " + name + " of " + s.Owner.App + " (" + s.Owner.Env + ")", Remedy: "berth secrets list shows all",
		}
	}
	return cloud.Explain("remove "+name, err)
}
