package sim

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// ssmService is the parameter store of Systems Manager.
func ssmService() awsService {
	return awsService{
		name:  "ssm",
		state: []keeper{ssmShelf},
		operations: []operation{
			op(ssmPutParameter, tagging("ssm:AddTagsToResource")), op(ssmGetParameter), op(ssmGetParameters),
			op(ssmGetParametersByPath, pages("Parameters", 10, 10)), op(ssmDescribeParameters, pages("Parameters", 10, 50)),
			op(ssmDeleteParameter), op(ssmDeleteParameters), op(ssmAddTagsToResource), op(ssmRemoveTagsFromResource), op(ssmListTagsForResource),
		},
		secret: ssmSecret,
		parts:  []awsService{ssmVersions(), ssmSessions()},
		list: func(v *inventory, r *region) {
			for _, p := range r.ssm().Parameters {
				if p.Type == string(ssmtypes.ParameterTypeSecureString) { // drawn by whoever made it
					v.secrets(stableID(string(p.Value)), p.Desc[strings.LastIndexByte(p.Desc, ' ')+1:])
				}
				v.add("ssm.Parameter", named(r, nil, p.Name), false, map[string]any{"Type": p.Type, "Value": stableID(string(p.Value)), "Key": p.Key, "Tags": p.Tags})
			}
		},
	}
}

type ssmState struct{ Parameters []*parameter }

const ssmShelf shelf[ssmState] = "ssm"

func (r *region) ssm() *ssmState { return ssmShelf.in(&r.Kept) }

type parameter struct {
	Name string
	parameterVersion
	Past []parameterVersion // oldest first
	Tags tagMap
}

// writtenParameter is a parameter as people write it into the state file, with its value in plain sight.
type writtenParameter struct {
	Name, Type, Value string
	Version           int64
}

// takeWritten keeps the parameters that somebody wrote into the state file.
func (r *region) takeWritten() {
	for _, w := range r.Parameters {
		p := r.parameter(w.Name)
		if p == nil {
			p = &parameter{Name: w.Name}
			r.ssm().Parameters = append(r.ssm().Parameters, p)
		}
		p.parameterVersion = parameterVersion{Version: max(w.Version, 1), Type: first(w.Type, "SecureString"), Value: sealed(w.Value), Tier: "Standard"}
	}
	r.Parameters = nil
}

func (r *region) parameter(name string) *parameter {
	return find(r.ssm().Parameters, func(p *parameter) bool { return p.Name == name })
}

func (c *call) parameterARN(name string) string { return parameterARN(c.r.Name, c.st.Account, name) }

func parameterARN(region, account, name string) string {
	return fmt.Sprintf("arn:aws:ssm:%s:%s:parameter/%s", region, account, strings.TrimPrefix(name, "/"))
}

func ssmTags(in []ssmtypes.Tag) tagMap {
	return tagsFrom(in, func(t ssmtypes.Tag) (*string, *string) { return t.Key, t.Value })
}

func ssmPutParameter(c *call, in *ssm.PutParameterInput) (*ssm.PutParameterOutput, error) {
	name, over := str(in.Name), val(in.Overwrite, false)
	bare := strings.ToLower(strings.TrimPrefix(name, "/"))
	p := c.r.parameter(name)
	switch {
	case strings.HasPrefix(bare, "aws") || strings.HasPrefix(bare, "ssm"):
		return nil, apiErr("ValidationException", "Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive).")
	case over && len(in.Tags) > 0:
		return nil, apiErr("ValidationException", "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource.")
	case len(str(in.Value)) > 4096 && in.Tier != ssmtypes.ParameterTierAdvanced:
		return nil, apiErr("ValidationException", "Standard tier parameters support a maximum parameter value of 4096 characters.")
	case p != nil && !over:
		return nil, &ssmtypes.ParameterAlreadyExists{Message: msg("The parameter already exists. To overwrite this value, set the overwrite option in the request to true.")}
	}
	if in.Type == ssmtypes.ParameterTypeSecureString || p != nil && p.Type == "SecureString" {
		if err := c.keyFor("ssm", str(in.KeyId), "kms:Encrypt"); err != nil {
			return nil, err
		}
	}
	if p == nil {
		p = &parameter{Name: name, parameterVersion: parameterVersion{Type: "String", Tier: "Standard"}, Tags: ssmTags(in.Tags)}
		c.r.ssm().Parameters = append(c.r.ssm().Parameters, p)
	} else if err := p.keep(); err != nil {
		return nil, err
	}
	if in.Type != "" {
		p.Type = string(in.Type)
	}
	if in.Tier != "" {
		p.Tier = string(in.Tier)
	}
	p.Value, p.Key, p.Desc, p.Labels, p.Changed = sealed(str(in.Value)), val(in.KeyId, p.Key), val(in.Description, p.Desc), nil, c.now
	p.Version++
	return &ssm.PutParameterOutput{Version: p.Version, Tier: ssmtypes.ParameterTier(p.Tier)}, nil
}

// selected finds a parameter by name or ARN, with a version or label behind a colon.
func (c *call) selected(ref string) (p *parameter, v *parameterVersion, selector string) {
	head, prefix := "", c.parameterARN("")
	if rest, ok := strings.CutPrefix(ref, prefix); ok {
		head, ref = prefix, rest
	}
	name, selector, _ := strings.Cut(ref, ":")
	p = find(c.r.ssm().Parameters, func(p *parameter) bool { return p.Name == name || head != "" && c.parameterARN(p.Name) == head+name })
	if p == nil {
		return nil, nil, selector
	}
	return p, p.version(selector), selector
}

func (c *call) parameterOut(p *parameter, v *parameterVersion, selector string, decrypt *bool) ssmtypes.Parameter {
	o := ssmtypes.Parameter{
		Name: new(p.Name), Type: ssmtypes.ParameterType(v.Type), Value: new(v.shown(decrypt)), Version: v.Version,
		LastModifiedDate: new(v.Changed), ARN: new(c.parameterARN(p.Name)), DataType: new("text"),
	}
	if selector != "" {
		o.Selector = new(":" + selector)
	}
	return o
}

// shown is the value, or what stands for its ciphertext.
func (v *parameterVersion) shown(decrypt *bool) string {
	if v.Type == "SecureString" && !val(decrypt, false) {
		return "AQICAH" + stableID(string(v.Value))[:40]
	}
	return string(v.Value)
}

// mayRead checks the key of a value that is to be decrypted.
func (c *call) mayRead(v *parameterVersion, decrypt *bool) error {
	if v.Type != "SecureString" || !val(decrypt, false) {
		return nil
	}
	return c.keyFor("ssm", v.Key, "kms:Decrypt")
}

func noParameter(ref string) error {
	return &ssmtypes.ParameterNotFound{Message: msg("Parameter %s not found.", ref)}
}

func ssmGetParameter(c *call, in *ssm.GetParameterInput) (*ssm.GetParameterOutput, error) {
	p, v, selector := c.selected(str(in.Name))
	switch {
	case p == nil:
		return nil, noParameter(str(in.Name))
	case v == nil:
		return nil, &ssmtypes.ParameterVersionNotFound{Message: msg("Systems Manager could not find version %s of %s. Verify the version and try again.", selector, p.Name)}
	}
	if err := c.mayRead(v, in.WithDecryption); err != nil {
		return nil, err
	}
	return &ssm.GetParameterOutput{Parameter: new(c.parameterOut(p, v, selector, in.WithDecryption))}, nil
}

func ssmGetParameters(c *call, in *ssm.GetParametersInput) (*ssm.GetParametersOutput, error) {
	if len(in.Names) > 10 {
		return nil, apiErr("ValidationException", "1 validation error detected: Value at 'names' failed to satisfy constraint: Member must have length less than or equal to 10")
	}
	out := &ssm.GetParametersOutput{}
	for _, n := range in.Names {
		p, v, selector := c.selected(n)
		if v == nil {
			out.InvalidParameters = append(out.InvalidParameters, n)
			continue
		}
		if err := c.mayRead(v, in.WithDecryption); err != nil {
			return nil, err
		}
		out.Parameters = append(out.Parameters, c.parameterOut(p, v, selector, in.WithDecryption))
	}
	return out, nil
}

func ssmGetParametersByPath(c *call, in *ssm.GetParametersByPathInput) (*ssm.GetParametersByPathOutput, error) {
	out := &ssm.GetParametersByPathOutput{}
	prefix := strings.TrimSuffix(str(in.Path), "/") + "/"
	for _, p := range c.r.ssm().Parameters {
		rest, ok := strings.CutPrefix(p.Name, prefix)
		if ok && (val(in.Recursive, false) || !strings.Contains(rest, "/")) {
			out.Parameters = append(out.Parameters, c.parameterOut(p, &p.parameterVersion, "", in.WithDecryption))
		}
	}
	return out, nil
}

func ssmDescribeParameters(c *call, in *ssm.DescribeParametersInput) (*ssm.DescribeParametersOutput, error) {
	out := &ssm.DescribeParametersOutput{}
	for _, p := range c.r.ssm().Parameters {
		if !parameterFits(p, in.ParameterFilters) {
			continue
		}
		out.Parameters = append(out.Parameters, ssmtypes.ParameterMetadata{
			Name: new(p.Name), Type: ssmtypes.ParameterType(p.Type), Version: p.Version, LastModifiedDate: new(p.Changed),
			Tier: ssmtypes.ParameterTier(p.Tier), ARN: new(c.parameterARN(p.Name)), Description: new(p.Desc), KeyId: orNil(p.Key), DataType: new("text"),
		})
	}
	return out, nil
}

// parameterFits evaluates the filters Name, Path, Type and tag:KEY.
func parameterFits(p *parameter, filters []ssmtypes.ParameterStringFilter) bool {
	for _, f := range filters {
		key, option := str(f.Key), str(f.Option)
		ok := slices.ContainsFunc(f.Values, func(v string) bool {
			switch {
			case key == "Name" && option == "BeginsWith":
				return strings.HasPrefix(p.Name, v)
			case key == "Name" && option == "Contains":
				return strings.Contains(p.Name, v)
			case key == "Name":
				return p.Name == v
			case key == "Path":
				rest, under := strings.CutPrefix(p.Name, strings.TrimSuffix(v, "/")+"/")
				return under && (option == "Recursive" || !strings.Contains(rest, "/"))
			case key == "Type":
				return p.Type == v
			case strings.HasPrefix(key, "tag:"):
				return p.Tags[key[len("tag:"):]] == v
			}
			return false
		})
		if !ok {
			return false
		}
	}
	return true
}

func (c *call) dropParameter(name string) bool {
	p := c.r.parameter(name)
	if p == nil {
		return false
	}
	c.r.ssm().Parameters = remove(c.r.ssm().Parameters, p)
	return true
}

func ssmDeleteParameter(c *call, in *ssm.DeleteParameterInput) (*ssm.DeleteParameterOutput, error) {
	if !c.dropParameter(str(in.Name)) {
		return nil, noParameter(str(in.Name))
	}
	return &ssm.DeleteParameterOutput{}, nil
}

func ssmDeleteParameters(c *call, in *ssm.DeleteParametersInput) (*ssm.DeleteParametersOutput, error) {
	out := &ssm.DeleteParametersOutput{}
	for _, n := range in.Names {
		if c.dropParameter(n) {
			out.DeletedParameters = append(out.DeletedParameters, n)
		} else {
			out.InvalidParameters = append(out.InvalidParameters, n)
		}
	}
	return out, nil
}

// ssmSecret says why a task cannot have a parameter, which it names with its ARN, or, in its own region, by name.
func ssmSecret(w *world, s start, from string) (problem string, mine bool) {
	arn := from
	switch {
	case !strings.HasPrefix(from, "arn:"):
		arn = parameterARN(w.r.Name, w.st.Account, from)
	case !strings.HasPrefix(from, "arn:aws:ssm:"):
		return "", false
	}
	const failed = "unable to retrieve secrets from ssm: service call has been retried 1 time(s): "
	if !allows(s.docs, "ssm:GetParameters", arn) {
		return failed + notAuthorized(s.user, "ssm:GetParameters", arn), true
	}
	c := &call{a: w.a, st: w.st, r: w.r, now: s.at}
	_, v, _ := c.selected(from)
	if v == nil {
		_, name, _ := strings.Cut(arn, ":parameter")
		return failed + "invalid parameters: " + name, true
	}
	if v.Type == "SecureString" && v.Key != "" && !allows(s.docs, "kms:Decrypt", w.keyARN(v.Key)) {
		return failed + "AccessDeniedException: The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.", true
	}
	if k, own := w.r.key(v.Key); v.Type == "SecureString" && v.Key != "" && !own && (k == nil || !k.Deletion.IsZero()) {
		return failed + "KMSInvalidStateException: " + w.keyARN(v.Key) + " is pending deletion.", true
	}
	return "", true
}

func (c *call) taggable(kind ssmtypes.ResourceTypeForTagging, id *string) (*parameter, error) {
	p := c.r.parameter(str(id))
	if kind != ssmtypes.ResourceTypeForTaggingParameter || p == nil {
		return nil, &ssmtypes.InvalidResourceId{Message: msg("The resource ID is not valid: %s", str(id))}
	}
	return p, nil
}

func ssmAddTagsToResource(c *call, in *ssm.AddTagsToResourceInput) (*ssm.AddTagsToResourceOutput, error) {
	p, err := c.taggable(in.ResourceType, in.ResourceId)
	if err != nil {
		return nil, err
	}
	p.Tags = p.Tags.merge(ssmTags(in.Tags))
	return &ssm.AddTagsToResourceOutput{}, nil
}

func ssmRemoveTagsFromResource(c *call, in *ssm.RemoveTagsFromResourceInput) (*ssm.RemoveTagsFromResourceOutput, error) {
	p, err := c.taggable(in.ResourceType, in.ResourceId)
	if err != nil {
		return nil, err
	}
	p.Tags = p.Tags.without(in.TagKeys)
	return &ssm.RemoveTagsFromResourceOutput{}, nil
}

func ssmListTagsForResource(c *call, in *ssm.ListTagsForResourceInput) (*ssm.ListTagsForResourceOutput, error) {
	p, err := c.taggable(in.ResourceType, in.ResourceId)
	if err != nil {
		return nil, err
	}
	return &ssm.ListTagsForResourceOutput{TagList: tagsTo(p.Tags, func(k, v *string) ssmtypes.Tag { return ssmtypes.Tag{Key: k, Value: v} })}, nil
}
