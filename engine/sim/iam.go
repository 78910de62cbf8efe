package sim

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// iamService is IAM: roles with their policies. It is global.
func iamService() awsService {
	return awsService{
		name: "iam", protocol: speaksQuery, eventual: true,
		state: []keeper{iamShelf},
		parts: []awsService{oidcProviders()},
		operations: []operation{
			op(iamCreateRole, tagging("iam:TagRole")), op(iamGetRole), op(iamUpdateAssumeRolePolicy), op(iamPutRolePolicy), op(iamGetRolePolicy),
			op(iamListRolePolicies, pages("PolicyNames", 100, 1000)), op(iamDeleteRolePolicy), op(iamAttachRolePolicy), op(iamDetachRolePolicy), op(iamGetPolicy), op(iamCreatePolicy), op(iamPutRolePermissionsBoundary),
			op(iamListAttachedRolePolicies, pages("AttachedPolicies", 100, 1000)), op(iamListRoles, pages("Roles", 100, 1000)), op(iamDeleteRole),
			op(iamTagRole), op(iamUntagRole), op(iamListRoleTags, pages("Tags", 100, 1000)), op(iamCreateServiceLinkedRole),
			op(iamSimulatePrincipalPolicy, pages("EvaluationResults", 100, 1000)),
		},
		latencies: map[lat]time.Duration{
			latIAM: 8 * time.Second, // a role is usable everywhere after 5-15 s
			latSLR: 5 * time.Second, // the first call that needs it fails, a retry succeeds
		},
		listGlobal: func(v *inventory) {
			for _, r := range v.st.iam().Roles {
				v.add("iam.Role", r.Name, r.Linked, map[string]any{
					"Path": r.Path, "Trust": r.Trust, "Inline": r.Inline, "Attached": r.Attached, "Boundary": r.Boundary, "Description": r.Description, "Tags": r.Tags,
				})
			}
		},
	}
}

const iamShelf shelf[iamState] = "iam"

func (st *state) iam() *iamState { return iamShelf.in(&st.Kept) }

const (
	latIAM lat = "iam.propagation"
	latSLR lat = "iam.slr"
)

// iamState is what IAM keeps; it is global.
type iamState struct {
	Roles    []*role
	Policies map[string]string // of the customer: documents by ARN
}

type role struct {
	Name        string
	Path        string
	ID          string
	Trust       string
	Description string
	Linked      bool // service-linked: AWS keeps it
	Created     time.Time
	TrustSince  time.Time         // when the trust policy was last written; it takes a while to work everywhere
	Usable      time.Time         // from when a service-linked role works
	Inline      map[string]string // policy name -> document
	Attached    []string          // ARNs
	Boundary    string            // ARN of the policy that bounds what the others allow
	Tags        tagMap
}

func (r *role) arn(account string) string {
	return fmt.Sprintf("arn:aws:iam::%s:role%s%s", account, r.Path, r.Name)
}

func (st *state) role(name string) *role {
	return find(st.iam().Roles, func(r *role) bool { return r.Name == name })
}

// roleByARN finds a role by its ARN.
func (st *state) roleByARN(arn string) *role {
	return find(st.iam().Roles, func(r *role) bool { return r.arn(st.Account) == arn })
}

// policies gives all documents that say what the role may do.
func (r *role) policies() []policyDoc {
	var docs []policyDoc
	for _, name := range slices.Sorted(maps.Keys(r.Inline)) {
		if d, err := parsePolicy(r.Inline[name], false); err == nil {
			docs = append(docs, d)
		}
	}
	for _, arn := range r.Attached {
		if d, err := parsePolicy(managedPolicies[arn], false); err == nil {
			docs = append(docs, d)
		}
	}
	return docs
}

// managed says whether there is a managed policy, of AWS or of the customer.
func (st *state) managed(arn string) bool {
	_, theirs := managedPolicies[arn]
	_, own := st.iam().Policies[arn]
	return theirs || own
}

// noManaged is the answer to the ARN of a policy that there is not.
func noManaged(arn string) error {
	return &iamtypes.NoSuchEntityException{Message: msg("Policy %s does not exist or is not attachable.", arn)}
}

func iamCreatePolicy(c *call, in *iam.CreatePolicyInput) (*iam.CreatePolicyOutput, error) {
	arn := fmt.Sprintf("arn:aws:iam::%s:policy%s%s", c.st.Account, val(in.Path, "/"), str(in.PolicyName))
	if c.st.managed(arn) {
		return nil, &iamtypes.EntityAlreadyExistsException{Message: msg("A policy called %s already exists. Duplicate names are not allowed.", str(in.PolicyName))}
	}
	if _, err := parsePolicy(str(in.PolicyDocument), false); err != nil {
		return nil, err
	}
	if c.st.iam().Policies == nil {
		c.st.iam().Policies = map[string]string{}
	}
	c.st.iam().Policies[arn] = str(in.PolicyDocument)
	return &iam.CreatePolicyOutput{Policy: &iamtypes.Policy{Arn: &arn, PolicyName: in.PolicyName}}, nil
}

func iamGetPolicy(c *call, in *iam.GetPolicyInput) (*iam.GetPolicyOutput, error) {
	if !c.st.managed(str(in.PolicyArn)) {
		return nil, &iamtypes.NoSuchEntityException{Message: msg("Policy %s was not found.", str(in.PolicyArn))}
	}
	return &iam.GetPolicyOutput{Policy: &iamtypes.Policy{Arn: in.PolicyArn, IsAttachable: true}}, nil
}

func iamPutRolePermissionsBoundary(c *call, in *iam.PutRolePermissionsBoundaryInput) (*iam.PutRolePermissionsBoundaryOutput, error) {
	return onRole(c, in.RoleName, func(r *role) (*iam.PutRolePermissionsBoundaryOutput, error) {
		if !c.st.managed(str(in.PermissionsBoundary)) {
			return nil, noManaged(str(in.PermissionsBoundary))
		}
		r.Boundary = str(in.PermissionsBoundary)
		return &iam.PutRolePermissionsBoundaryOutput{}, nil
	})
}

func malformed(text string) error {
	return &iamtypes.MalformedPolicyDocumentException{Message: msg("%s", text)}
}

func noRole(name string) error {
	return &iamtypes.NoSuchEntityException{Message: msg("The role with name %s cannot be found.", name)}
}

var roleName = pattern(`^[\w+=,.@-]{1,64}$`)

func iamCreateRole(c *call, in *iam.CreateRoleInput) (*iam.CreateRoleOutput, error) {
	name := str(in.RoleName)
	if !roleName(name) {
		return nil, apiErr("ValidationError", "The specified value for roleName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_- and have at most 64 of them")
	}
	if c.st.role(name) != nil {
		return nil, &iamtypes.EntityAlreadyExistsException{Message: msg("Role with name %s already exists.", name)}
	}
	if err := c.trustworthy(str(in.AssumeRolePolicyDocument)); err != nil {
		return nil, err
	}
	if in.PermissionsBoundary != nil {
		if !c.st.managed(*in.PermissionsBoundary) {
			return nil, noManaged(*in.PermissionsBoundary)
		}
	}
	r := &role{
		Boundary: str(in.PermissionsBoundary),
		Name:     name, Path: val(in.Path, "/"), ID: "AROA" + lettersOf(c.st.fresh("role", name), 17), Trust: str(in.AssumeRolePolicyDocument),
		Description: str(in.Description), Created: c.now, TrustSince: c.now, Inline: map[string]string{}, Tags: iamTags(in.Tags),
	}
	c.st.iam().Roles = append(c.st.iam().Roles, r)
	return &iam.CreateRoleOutput{Role: new(c.roleOut(r))}, nil
}

func iamTags(in []iamtypes.Tag) tagMap {
	return tagsFrom(in, func(t iamtypes.Tag) (*string, *string) { return t.Key, t.Value })
}

// roleOut is the role as IAM gives it back: with its trust policy URL-encoded.
func (c *call) roleOut(r *role) iamtypes.Role {
	var bound *iamtypes.AttachedPermissionsBoundary
	if r.Boundary != "" {
		bound = &iamtypes.AttachedPermissionsBoundary{PermissionsBoundaryArn: new(r.Boundary), PermissionsBoundaryType: iamtypes.PermissionsBoundaryAttachmentTypePolicy}
	}
	return iamtypes.Role{
		PermissionsBoundary: bound,
		RoleName:            new(r.Name), Path: new(r.Path), RoleId: new(r.ID), Arn: new(r.arn(c.st.Account)), CreateDate: new(r.Created),
		AssumeRolePolicyDocument: new(url.QueryEscape(r.Trust)), Description: new(r.Description), MaxSessionDuration: new(int32(3600)),
		Tags: tagsTo(r.Tags, func(k, v *string) iamtypes.Tag { return iamtypes.Tag{Key: k, Value: v} }),
	}
}

// onRole looks a role up and passes it to fn.
func onRole[Out any](c *call, name *string, fn func(*role) (*Out, error)) (*Out, error) {
	r := c.st.role(str(name))
	if r == nil {
		return nil, noRole(str(name))
	}
	return fn(r)
}

func iamGetRole(c *call, in *iam.GetRoleInput) (*iam.GetRoleOutput, error) {
	return onRole(c, in.RoleName, func(r *role) (*iam.GetRoleOutput, error) {
		return &iam.GetRoleOutput{Role: new(c.roleOut(r))}, nil
	})
}

func iamUpdateAssumeRolePolicy(c *call, in *iam.UpdateAssumeRolePolicyInput) (*iam.UpdateAssumeRolePolicyOutput, error) {
	return onRole(c, in.RoleName, func(r *role) (*iam.UpdateAssumeRolePolicyOutput, error) {
		if r.Linked {
			return nil, &iamtypes.UnmodifiableEntityException{Message: msg("Cannot perform the operation on the protected role '%s' - this role is only modifiable by AWS", r.Name)}
		}
		if err := c.trustworthy(str(in.PolicyDocument)); err != nil {
			return nil, err
		}
		r.Trust, r.TrustSince = str(in.PolicyDocument), c.now
		return &iam.UpdateAssumeRolePolicyOutput{}, nil
	})
}

func iamPutRolePolicy(c *call, in *iam.PutRolePolicyInput) (*iam.PutRolePolicyOutput, error) {
	return onRole(c, in.RoleName, func(r *role) (*iam.PutRolePolicyOutput, error) {
		if len(str(in.PolicyName)) > 128 {
			return nil, apiErr("ValidationError", "1 validation error detected: Value at 'policyName' failed to satisfy constraint: Member must have length less than or equal to 128")
		}
		if _, err := parsePolicy(str(in.PolicyDocument), false); err != nil {
			return nil, err
		}
		total := len(str(in.PolicyDocument))
		for name, doc := range r.Inline {
			if name != str(in.PolicyName) {
				total += len(doc)
			}
		}
		if total > 10240 {
			return nil, &iamtypes.LimitExceededException{Message: msg("Maximum policy size of 10240 bytes exceeded for role %s", r.Name)}
		}
		if r.Inline == nil {
			r.Inline = map[string]string{}
		}
		r.Inline[str(in.PolicyName)] = str(in.PolicyDocument)
		return &iam.PutRolePolicyOutput{}, nil
	})
}

func noPolicy(name string) error {
	return &iamtypes.NoSuchEntityException{Message: msg("The role policy with name %s cannot be found.", name)}
}

func iamGetRolePolicy(c *call, in *iam.GetRolePolicyInput) (*iam.GetRolePolicyOutput, error) {
	return onRole(c, in.RoleName, func(r *role) (*iam.GetRolePolicyOutput, error) {
		doc, ok := r.Inline[str(in.PolicyName)]
		if !ok {
			return nil, noPolicy(str(in.PolicyName))
		}
		return &iam.GetRolePolicyOutput{RoleName: new(r.Name), PolicyName: in.PolicyName, PolicyDocument: new(url.QueryEscape(doc))}, nil
	})
}

func iamListRolePolicies(c *call, in *iam.ListRolePoliciesInput) (*iam.ListRolePoliciesOutput, error) {
	return onRole(c, in.RoleName, func(r *role) (*iam.ListRolePoliciesOutput, error) {
		return &iam.ListRolePoliciesOutput{PolicyNames: slices.Sorted(maps.Keys(r.Inline))}, nil
	})
}

func iamDeleteRolePolicy(c *call, in *iam.DeleteRolePolicyInput) (*iam.DeleteRolePolicyOutput, error) {
	return onRole(c, in.RoleName, func(r *role) (*iam.DeleteRolePolicyOutput, error) {
		if _, ok := r.Inline[str(in.PolicyName)]; !ok {
			return nil, noPolicy(str(in.PolicyName))
		}
		delete(r.Inline, str(in.PolicyName))
		return &iam.DeleteRolePolicyOutput{}, nil
	})
}

func iamAttachRolePolicy(c *call, in *iam.AttachRolePolicyInput) (*iam.AttachRolePolicyOutput, error) {
	return onRole(c, in.RoleName, func(r *role) (*iam.AttachRolePolicyOutput, error) {
		if !c.st.managed(str(in.PolicyArn)) {
			return nil, noManaged(str(in.PolicyArn))
		}
		if !slices.Contains(r.Attached, str(in.PolicyArn)) {
			r.Attached = append(r.Attached, str(in.PolicyArn))
		}
		return &iam.AttachRolePolicyOutput{}, nil
	})
}

func iamDetachRolePolicy(c *call, in *iam.DetachRolePolicyInput) (*iam.DetachRolePolicyOutput, error) {
	return onRole(c, in.RoleName, func(r *role) (*iam.DetachRolePolicyOutput, error) {
		if !slices.Contains(r.Attached, str(in.PolicyArn)) {
			return nil, &iamtypes.NoSuchEntityException{Message: msg("Policy %s was not found.", str(in.PolicyArn))}
		}
		r.Attached = slices.DeleteFunc(slices.Clone(r.Attached), func(a string) bool { return a == str(in.PolicyArn) })
		return &iam.DetachRolePolicyOutput{}, nil
	})
}

func iamListAttachedRolePolicies(c *call, in *iam.ListAttachedRolePoliciesInput) (*iam.ListAttachedRolePoliciesOutput, error) {
	return onRole(c, in.RoleName, func(r *role) (*iam.ListAttachedRolePoliciesOutput, error) {
		out := &iam.ListAttachedRolePoliciesOutput{}
		for _, arn := range r.Attached {
			name := arn[strings.LastIndex(arn, "/")+1:]
			out.AttachedPolicies = append(out.AttachedPolicies, iamtypes.AttachedPolicy{PolicyArn: new(arn), PolicyName: new(name)})
		}
		return out, nil
	})
}

func iamDeleteRole(c *call, in *iam.DeleteRoleInput) (*iam.DeleteRoleOutput, error) {
	return onRole(c, in.RoleName, func(r *role) (*iam.DeleteRoleOutput, error) {
		switch {
		case r.Linked:
			return nil, &iamtypes.UnmodifiableEntityException{Message: msg("Cannot perform the operation on the protected role '%s' - this role is only modifiable by AWS", r.Name)}
		case len(r.Inline) > 0:
			return nil, &iamtypes.DeleteConflictException{Message: msg("Cannot delete entity, must delete policies first.")}
		case len(r.Attached) > 0:
			return nil, &iamtypes.DeleteConflictException{Message: msg("Cannot delete entity, must detach all policies first.")}
		}
		c.st.iam().Roles = remove(c.st.iam().Roles, r)
		return &iam.DeleteRoleOutput{}, nil
	})
}

func iamTagRole(c *call, in *iam.TagRoleInput) (*iam.TagRoleOutput, error) {
	return onRole(c, in.RoleName, func(r *role) (*iam.TagRoleOutput, error) {
		r.Tags = r.Tags.merge(iamTags(in.Tags))
		return &iam.TagRoleOutput{}, nil
	})
}

func iamUntagRole(c *call, in *iam.UntagRoleInput) (*iam.UntagRoleOutput, error) {
	return onRole(c, in.RoleName, func(r *role) (*iam.UntagRoleOutput, error) {
		r.Tags = r.Tags.without(in.TagKeys)
		return &iam.UntagRoleOutput{}, nil
	})
}

func iamListRoleTags(c *call, in *iam.ListRoleTagsInput) (*iam.ListRoleTagsOutput, error) {
	return onRole(c, in.RoleName, func(r *role) (*iam.ListRoleTagsOutput, error) {
		return &iam.ListRoleTagsOutput{Tags: c.roleOut(r).Tags}, nil
	})
}

// linkRole makes a service-linked role that works from a certain time on.
func (st *state) linkRole(service string, now, usable time.Time) *role {
	r := &role{
		Name: catalog().roles[service], Path: "/aws-service-role/" + service + "/", ID: "AROA" + lettersOf(st.fresh("role", service), 17), Linked: true,
		Trust:   fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":%q},"Action":"sts:AssumeRole"}]}`, service),
		Created: now, TrustSince: now, Usable: usable, Inline: map[string]string{},
	}
	st.iam().Roles = append(st.iam().Roles, r)
	return r
}

func iamCreateServiceLinkedRole(c *call, in *iam.CreateServiceLinkedRoleInput) (*iam.CreateServiceLinkedRoleOutput, error) {
	service := str(in.AWSServiceName)
	name, ok := catalog().roles[service]
	if !ok {
		return nil, &iamtypes.InvalidInputException{Message: msg("Invalid service name %s", service)}
	}
	if c.st.role(name) != nil {
		return nil, &iamtypes.InvalidInputException{Message: msg("Service role name %s has been taken in this account, please try a different suffix.", name)}
	}
	return &iam.CreateServiceLinkedRoleOutput{Role: new(c.roleOut(c.st.linkRole(service, c.now, c.now)))}, nil
}

// linked gives a service's linked role, makes it when it is missing, and says whether it works already.
func (c *call) linked(service, asService string) (ok bool, err error) {
	r := c.st.role(catalog().roles[service])
	if r == nil {
		if err := c.needs(asService, "iam:CreateServiceLinkedRole"); err != nil {
			return false, err
		}
		r = c.st.linkRole(service, c.now, c.now.Add(c.a.delay(latSLR, service)))
	}
	return !c.now.Before(r.Usable), nil
}

// iamListRoles leaves the tags out, as IAM does.
func iamListRoles(c *call, in *iam.ListRolesInput) (*iam.ListRolesOutput, error) {
	out := &iam.ListRolesOutput{}
	for _, r := range c.st.iam().Roles {
		if strings.HasPrefix(r.Path, str(in.PathPrefix)) {
			out.Roles = append(out.Roles, iamtypes.Role{
				RoleName: new(r.Name), Path: new(r.Path), Arn: new(r.arn(c.st.Account)), CreateDate: new(r.Created),
				AssumeRolePolicyDocument: new(url.QueryEscape(r.Trust)),
			})
		}
	}
	return out, nil
}
