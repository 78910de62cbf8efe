package access

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/policy"
	"berth/engine/resource"
)

// roleProvider is the role in the tags of a provider that we made.
const roleProvider = "oidc-provider"

// OIDCProvider lets IAM believe the tokens of a service that runs pipelines. An account has one for each service, which all
// of its apps share: one that somebody else made is used and stays; one of ours goes with the last role that trusts it.
type OIDCProvider struct {
	Owner    resource.Owner
	Host     string // of the tokens' issuer, such as gitlab.com; empty: the one that Of trusts
	Audience string // whom the tokens are for
	Of       *Role  // a role that may trust a provider, to find out which one; nil when Host says it

	found     bool
	ours      bool
	audiences []string // as observed
}

// Info implements Resource.
func (p *OIDCProvider) Info() resource.Info {
	return resource.Info{
		ID: roleProvider, Kind: "iam.OIDCProvider", Name: p.host(), Label: "the identity provider of pipelines", Group: resource.GroupAccess,
		Usually: 2 * time.Second, Gone: 2 * time.Second,
	}
}

// Needs implements Resource.
func (p *OIDCProvider) Needs() []resource.Need {
	if p.Of == nil {
		return nil
	}
	return []resource.Need{{On: p.Of, Observe: true}}
}

// host is whose tokens are believed; empty when nobody knows.
func (p *OIDCProvider) host() string {
	if p.Of != nil {
		return p.Of.federated()
	}
	return p.Host
}

// ARN is the provider's ARN, which is known before it exists.
func (p *OIDCProvider) ARN(s *resource.Scope) string {
	return s.GlobalARN("iam", "oidc-provider/"+p.host())
}

// OfAccount implements OfAccount: its ARN holds the account.
func (*OIDCProvider) OfAccount() {}

// Observe implements Resource.
func (p *OIDCProvider) Observe(ctx context.Context, s *resource.Scope) error {
	p.found, p.ours = false, false
	if p.host() == "" {
		return nil
	}
	out, err := s.IAM.GetOpenIDConnectProvider(ctx, &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: aws.String(p.ARN(s))})
	if cloud.NotFound(err) {
		return nil
	}
	if err == nil {
		tags := resource.TagMap(out.Tags, func(t iamtypes.Tag) (k, v *string) { return t.Key, t.Value })
		p.found, p.ours, p.audiences = true, tags[resource.TagRole] == roleProvider, out.ClientIDList
	}
	return err
}

// Exists implements Resource. To remove, only one of ours does.
func (p *OIDCProvider) Exists() bool { return p.found && (p.ours || p.Of == nil) }

// Diff implements Resource.
func (p *OIDCProvider) Diff(*resource.Scope) resource.Diff {
	if !p.found {
		return resource.Absent()
	}
	var drift resource.Drift
	if !slices.Contains(p.audiences, p.Audience) {
		drift.Add("does not accept tokens for "+p.Audience, resource.Field("audiences", strings.Join(p.audiences, ", "), strings.Join(append(slices.Clone(p.audiences), p.Audience), ", ")))
	}
	return drift.Diff()
}

// Apply implements Resource.
func (p *OIDCProvider) Apply(ctx context.Context, s *resource.Scope) error {
	if !p.found {
		if err := p.create(ctx, s); err != nil {
			return fmt.Errorf("create the identity provider: %w", err)
		}
	}
	if slices.Contains(p.audiences, p.Audience) {
		return nil
	}
	_, err := s.IAM.AddClientIDToOpenIDConnectProvider(ctx, &iam.AddClientIDToOpenIDConnectProviderInput{
		OpenIDConnectProviderArn: aws.String(p.ARN(s)), ClientID: &p.Audience,
	})
	if err != nil {
		return fmt.Errorf("let the identity provider accept tokens for %s: %w", p.Audience, err)
	}
	p.audiences = append(p.audiences, p.Audience)
	return nil
}

func (p *OIDCProvider) create(ctx context.Context, s *resource.Scope) error {
	tags := map[string]string{resource.TagRole: roleProvider} // and those of no app: all share it
	maps.Copy(tags, p.Owner.Demanded.Tags())
	in := &iam.CreateOpenIDConnectProviderInput{Url: aws.String("https://" + p.Host), ClientIDList: []string{p.Audience}}
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		in.Tags = append(in.Tags, iamtypes.Tag{Key: aws.String(k), Value: aws.String(tags[k])})
	}
	_, err := s.IAM.CreateOpenIDConnectProvider(ctx, in)
	if cloud.Is(err, "EntityAlreadyExists") { // made by a call whose answer got lost, or by somebody just now
		return s.Adopt(ctx, p.Info().Label, func(ctx context.Context) error { return p.Observe(ctx, s) }, func() bool { return p.found })
	}
	p.found, p.ours, p.audiences = err == nil, err == nil, in.ClientIDList
	return err
}

// Delete implements Resource. One that another role trusts stays: another app's pipeline comes in by it.
func (p *OIDCProvider) Delete(ctx context.Context, s *resource.Scope) error {
	if !p.found || !p.ours {
		return nil
	}
	arn, used := p.ARN(s), ""
	roles := iam.NewListRolesPaginator(s.IAM, &iam.ListRolesInput{})
	err := resource.Pages(ctx, roles, func(out *iam.ListRolesOutput) error {
		for _, r := range out.Roles {
			other := p.Of == nil || aws.ToString(r.RoleName) != p.Of.name
			if other && strings.Contains(policy.Plain(aws.ToString(r.AssumeRolePolicyDocument)), `"`+arn+`"`) {
				used = aws.ToString(r.RoleName)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("list the roles that trust the identity provider: %w", err)
	}
	if used != "" {
		s.Log("berth", "the identity provider is kept: the role "+used+" trusts it, too")
		return nil
	}
	_, err = s.IAM.DeleteOpenIDConnectProvider(ctx, &iam.DeleteOpenIDConnectProviderInput{OpenIDConnectProviderArn: &arn})
	if err = resource.UnlessGone(err); err == nil {
		p.found = false
	}
	return err
}

// Permissions implements Permissioned.
func (p *OIDCProvider) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	on := p.ARN(s)
	if p.host() == "" {
		on = s.GlobalARN("iam", "oidc-provider/*")
	}
	mine := resource.On(resource.Actions("iam:GetOpenIDConnectProvider"), on)
	if p.host() == "" { // of a pipeline that is set up meanwhile, or of none
		mine.Without = "an identity provider that no other role trusts would stay"
	}
	switch do {
	case event.Create:
		mine.Actions = append(mine.Actions, "iam:CreateOpenIDConnectProvider", "iam:TagOpenIDConnectProvider")
	case event.Update:
		mine.Actions = append(mine.Actions, "iam:AddClientIDToOpenIDConnectProvider")
	case event.Delete:
		mine.Actions = append(mine.Actions, "iam:DeleteOpenIDConnectProvider")
		return []resource.Permission{mine, resource.On(resource.Actions("iam:ListRoles"), "*")}
	case event.None, event.Replace:
	}
	return []resource.Permission{mine}
}

// Pipeline lets pipelines take a role on, by tokens of the provider with one of the subjects, in which * stands for any text.
func (p *OIDCProvider) Pipeline(subjects []string) func(*resource.Scope) policy.Statement {
	return func(s *resource.Scope) policy.Statement {
		return policy.Statement{
			Effect: "Allow", Principal: map[string]string{"Federated": p.ARN(s)}, Action: []string{"sts:AssumeRoleWithWebIdentity"},
			Condition: policy.Condition{"StringEquals": {p.host() + ":aud": {p.Audience}}, "StringLike": {p.host() + ":sub": subjects}},
		}
	}
}

// provider finds the provider that a trust policy names.
var provider = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`:oidc-provider/([^"]+)"`) })

// federated is the host of the provider whose tokens let somebody take the role on, as observed; empty when there is none.
func (r *Role) federated() string {
	if !r.Exists() {
		return ""
	}
	if m := provider().FindStringSubmatch(policy.Plain(r.trust)); m != nil {
		return m[1]
	}
	return ""
}
