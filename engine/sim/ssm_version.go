package sim

import (
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// ssmVersions are the versions of parameters and their labels.
func ssmVersions() awsService {
	return awsService{operations: []operation{
		op(ssmGetParameterHistory, pages("Parameters", 50, 50)), op(ssmLabelParameterVersion), op(ssmUnlabelParameterVersion),
	}}
}

// parameterVersion is what a parameter is or was.
type parameterVersion struct {
	Version int64
	Type    string
	Value   sealed
	Tier    string
	Desc    string
	Key     string // a KMS key of the customer's; empty for AWS's own
	Labels  []string
	Changed time.Time
}

// versionsKept is how many versions of a parameter there can be. The oldest goes, unless it has a label.
const versionsKept = 100

// keep puts the present version to the past ones, before another takes its place.
func (p *parameter) keep() error {
	p.Past = append(p.Past, p.parameterVersion)
	if len(p.Past) < versionsKept {
		return nil
	}
	if len(p.Past[0].Labels) > 0 {
		p.Past = p.Past[:len(p.Past)-1]
		return &ssmtypes.ParameterMaxVersionLimitExceeded{Message: msg("You attempted to create a new version of %s by calling the PutParameter API. Version %d, the oldest version, can't be deleted because it has a label associated with it. Move the label to another version of the parameter, and try again.", p.Name, p.Past[0].Version)}
	}
	p.Past = slices.Clone(p.Past[1:])
	return nil
}

// all gives every version that there is, oldest first.
func (p *parameter) all() []*parameterVersion {
	var out []*parameterVersion
	for i := range p.Past {
		out = append(out, &p.Past[i])
	}
	return append(out, &p.parameterVersion)
}

// version finds a version by number or label, or the present one for an empty selector.
func (p *parameter) version(selector string) *parameterVersion {
	for _, v := range p.all() {
		if selector == strconv.FormatInt(v.Version, 10) || slices.Contains(v.Labels, selector) {
			return v
		}
	}
	if selector == "" {
		return &p.parameterVersion
	}
	return nil
}

func ssmGetParameterHistory(c *call, in *ssm.GetParameterHistoryInput) (*ssm.GetParameterHistoryOutput, error) {
	p := c.r.parameter(str(in.Name))
	if p == nil {
		return nil, noParameter(str(in.Name))
	}
	out := &ssm.GetParameterHistoryOutput{}
	for _, v := range p.all() {
		if err := c.mayRead(v, in.WithDecryption); err != nil {
			return nil, err
		}
		out.Parameters = append(out.Parameters, ssmtypes.ParameterHistory{
			Name: new(p.Name), Version: v.Version, Type: ssmtypes.ParameterType(v.Type), Value: new(v.shown(in.WithDecryption)), Labels: slices.Clone(v.Labels),
			LastModifiedDate: new(v.Changed), LastModifiedUser: new(c.st.principal()), Tier: ssmtypes.ParameterTier(v.Tier), Description: orNil(v.Desc),
			KeyId: orNil(v.Key), DataType: new("text"),
		})
	}
	return out, nil
}

var (
	labelText = pattern(`^[a-zA-Z_.-][a-zA-Z0-9_.-]{0,99}$`)
	labelTake = pattern(`(?i)^(aws|ssm)`)
)

// ssmLabelParameterVersion gives a version labels, which other versions lose.
func ssmLabelParameterVersion(c *call, in *ssm.LabelParameterVersionInput) (*ssm.LabelParameterVersionOutput, error) {
	p, v, err := c.labelled(in.Name, in.ParameterVersion)
	if err != nil {
		return nil, err
	}
	out := &ssm.LabelParameterVersionOutput{ParameterVersion: v.Version}
	var add []string
	for _, l := range in.Labels {
		if !labelText(l) || labelTake(l) {
			out.InvalidLabels = append(out.InvalidLabels, l)
		} else if !slices.Contains(v.Labels, l) {
			add = append(add, l)
		}
	}
	if len(v.Labels)+len(add) > 10 {
		return nil, &ssmtypes.ParameterVersionLabelLimitExceeded{Message: msg("An error occurred (ParameterVersionLabelLimitExceeded): a parameter version can have a maximum of ten labels.")}
	}
	for _, o := range p.all() {
		o.Labels = slices.DeleteFunc(slices.Clone(o.Labels), func(l string) bool { return slices.Contains(add, l) })
	}
	v.Labels = append(v.Labels, add...)
	return out, nil
}

func ssmUnlabelParameterVersion(c *call, in *ssm.UnlabelParameterVersionInput) (*ssm.UnlabelParameterVersionOutput, error) {
	_, v, err := c.labelled(in.Name, in.ParameterVersion)
	if err != nil {
		return nil, err
	}
	out := &ssm.UnlabelParameterVersionOutput{}
	for _, l := range in.Labels {
		if i := slices.Index(v.Labels, l); i >= 0 {
			v.Labels, out.RemovedLabels = slices.Delete(slices.Clone(v.Labels), i, i+1), append(out.RemovedLabels, l)
		} else {
			out.InvalidLabels = append(out.InvalidLabels, l)
		}
	}
	return out, nil
}

// labelled finds the version that labels are for: the present one when none is named.
func (c *call) labelled(name *string, version *int64) (*parameter, *parameterVersion, error) {
	p := c.r.parameter(str(name))
	if p == nil {
		return nil, nil, noParameter(str(name))
	}
	v := p.version(strconv.FormatInt(val(version, p.Version), 10))
	if v == nil {
		return nil, nil, &ssmtypes.ParameterVersionNotFound{Message: msg("Systems Manager could not find version %d of %s.", *version, p.Name)}
	}
	return p, v, nil
}
