package sim

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// oidcProviders are the identity providers that IAM believes tokens of. They are global.
func oidcProviders() awsService {
	return awsService{
		state: []keeper{oidcShelf},
		operations: []operation{
			op(iamCreateOpenIDConnectProvider, tagging("iam:TagOpenIDConnectProvider")), op(iamGetOpenIDConnectProvider),
			op(iamListOpenIDConnectProviders), op(iamAddClientIDToOpenIDConnectProvider), op(iamDeleteOpenIDConnectProvider),
		},
		listGlobal: func(v *inventory) {
			for _, p := range v.st.oidc().Providers {
				v.add("iam.OIDCProvider", p.Host, false, map[string]any{"Audiences": p.Audiences, "Tags": p.Tags})
			}
		},
	}
}

type oidcState struct{ Providers []*oidcProvider }

type oidcProvider struct {
	Host      string
	Audiences []string
	Tags      tagMap
}

const oidcShelf shelf[oidcState] = "iam.oidc"

func (st *state) oidc() *oidcState { return oidcShelf.in(&st.Kept) }

// oidcByARN finds a provider.
func (c *call) oidcByARN(arn *string) (*oidcProvider, error) {
	_, host, _ := strings.Cut(str(arn), ":oidc-provider/")
	p := find(c.st.oidc().Providers, func(p *oidcProvider) bool { return p.Host == host })
	if p == nil {
		return nil, &iamtypes.NoSuchEntityException{Message: msg("OpenIDConnect Provider not found for arn %s", str(arn))}
	}
	return p, nil
}

func (p *oidcProvider) arn(account string) *string {
	return new(fmt.Sprintf("arn:aws:iam::%s:oidc-provider/%s", account, p.Host))
}

func iamCreateOpenIDConnectProvider(c *call, in *iam.CreateOpenIDConnectProviderInput) (*iam.CreateOpenIDConnectProviderOutput, error) {
	host, ok := strings.CutPrefix(str(in.Url), "https://")
	if !ok || host == "" {
		return nil, &iamtypes.InvalidInputException{Message: msg("Invalid Open ID Connect Provider URL")}
	}
	p := &oidcProvider{Host: host, Audiences: in.ClientIDList, Tags: tagsFrom(in.Tags, func(t iamtypes.Tag) (*string, *string) { return t.Key, t.Value })}
	if _, err := c.oidcByARN(p.arn(c.st.Account)); err == nil {
		return nil, &iamtypes.EntityAlreadyExistsException{Message: msg("Provider with url %s already exists.", str(in.Url))}
	}
	c.st.oidc().Providers = append(c.st.oidc().Providers, p)
	return &iam.CreateOpenIDConnectProviderOutput{OpenIDConnectProviderArn: p.arn(c.st.Account), Tags: in.Tags}, nil
}

func iamGetOpenIDConnectProvider(c *call, in *iam.GetOpenIDConnectProviderInput) (*iam.GetOpenIDConnectProviderOutput, error) {
	p, err := c.oidcByARN(in.OpenIDConnectProviderArn)
	if err != nil {
		return nil, err
	}
	tags := tagsTo(p.Tags, func(k, v *string) iamtypes.Tag { return iamtypes.Tag{Key: k, Value: v} })
	return &iam.GetOpenIDConnectProviderOutput{Url: new(p.Host), ClientIDList: slices.Clone(p.Audiences), Tags: tags}, nil
}

func iamListOpenIDConnectProviders(c *call, _ *iam.ListOpenIDConnectProvidersInput) (*iam.ListOpenIDConnectProvidersOutput, error) {
	out := &iam.ListOpenIDConnectProvidersOutput{}
	for _, p := range c.st.oidc().Providers {
		out.OpenIDConnectProviderList = append(out.OpenIDConnectProviderList, iamtypes.OpenIDConnectProviderListEntry{Arn: p.arn(c.st.Account)})
	}
	return out, nil
}

func iamAddClientIDToOpenIDConnectProvider(c *call, in *iam.AddClientIDToOpenIDConnectProviderInput) (*iam.AddClientIDToOpenIDConnectProviderOutput, error) {
	p, err := c.oidcByARN(in.OpenIDConnectProviderArn)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(p.Audiences, str(in.ClientID)) {
		p.Audiences = append(p.Audiences, str(in.ClientID))
	}
	return &iam.AddClientIDToOpenIDConnectProviderOutput{}, nil
}

func iamDeleteOpenIDConnectProvider(c *call, in *iam.DeleteOpenIDConnectProviderInput) (*iam.DeleteOpenIDConnectProviderOutput, error) {
	p, err := c.oidcByARN(in.OpenIDConnectProviderArn)
	if err != nil {
		return nil, err
	}
	c.st.oidc().Providers = remove(c.st.oidc().Providers, p)
	return &iam.DeleteOpenIDConnectProviderOutput{}, nil
}

// trustworthy checks a trust policy. A provider that it names must be there.
func (c *call) trustworthy(document string) error {
	d, err := parsePolicy(document, true)
	if err != nil {
		return err
	}
	for _, s := range d.Statement {
		for _, arn := range s.Principal.Federated {
			if _, err := c.oidcByARN(&arn); err != nil {
				return malformed("Invalid principal in policy: \"FEDERATED\":\"" + arn + "\"")
			}
		}
	}
	return nil
}
