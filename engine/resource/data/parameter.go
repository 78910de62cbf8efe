package data

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/resource"
)

// Parameter is a SecureString in the Parameter Store whose value berth makes up: a password, or the address of a
// database with the password in it. Nobody types the value, and it is in no plan, event or file.
type Parameter struct {
	resource.Claim
	Owner resource.Owner
	ID    string // within the plan
	Key   string // below the path of the app; one with a slash cannot be the name of a variable
	Label string
	After []resource.Need // what Value needs
	// Value makes the value. It is asked when the parameter is made or renewed.
	Value func(context.Context, *resource.Scope) (string, error)
	// Stamp says what the value depends on, without telling it: another stamp asks for another value. It is kept as
	// the description. Known is false while that is not known yet. Nil: the value never changes.
	Stamp func() (stamp string, known bool)
	// Stays leaves whatever value is there already.
	Stays bool
	// Unneeded is a parameter that berth.toml does not ask for: it is looked up by a destroy alone.
	Unneeded bool

	ARN     string // output
	Version int64  // output: AWS counts the values

	found bool
	stamp string // as observed
}

// madeOnce begins the description of a value that never changes. Behind it stands which value it is: a parameter that is
// deleted and made again has another, and the same version.
const madeOnce = "made by berth"

// Name is the name in the Parameter Store.
func (p *Parameter) Name() string { return "/" + p.Owner.Path() + "/" + p.Key }

// Info implements Resource.
func (p *Parameter) Info() resource.Info {
	return resource.Info{
		ID: p.ID, Kind: "ssm.Parameter", Name: p.Name(), Label: p.Label, Group: resource.GroupData,
		Usually: time.Second, Gone: time.Second,
	}
}

// Needs implements Resource.
func (p *Parameter) Needs() []resource.Need { return p.After }

// Identifier implements Identified.
func (p *Parameter) Identifier() string { return p.ARN }

// Wanted implements Optional.
func (p *Parameter) Wanted() bool { return !p.Unneeded }

// Observe implements Resource. It reads everything but the value.
func (p *Parameter) Observe(ctx context.Context, s *resource.Scope) error {
	p.found, p.ARN, p.Version, p.stamp = false, "", 0, ""
	pages := ssm.NewDescribeParametersPaginator(s.SSM, &ssm.DescribeParametersInput{
		ParameterFilters: []ssmtypes.ParameterStringFilter{
			{Key: aws.String("Name"), Option: aws.String("Equals"), Values: []string{p.Name()}},
		},
	})
	err := resource.Pages(ctx, pages, func(out *ssm.DescribeParametersOutput) error {
		for _, m := range out.Parameters {
			if aws.ToString(m.Name) == p.Name() {
				p.found, p.Version, p.stamp = true, m.Version, aws.ToString(m.Description)
			}
		}
		return nil
	})
	if p.Unneeded && resource.Unseen(err) {
		return nil
	}
	return err
}

// Detail implements Detailer: whose the parameter is.
func (p *Parameter) Detail(ctx context.Context, s *resource.Scope) error {
	if !p.found {
		return nil
	}
	out, err := s.SSM.ListTagsForResource(ctx, &ssm.ListTagsForResourceInput{
		ResourceType: ssmtypes.ResourceTypeForTaggingParameter, ResourceId: aws.String(p.Name()),
	})
	if err != nil {
		return p.Judge(p.Owner, nil, err)
	}
	return p.Judge(p.Owner, resource.TagMap(out.TagList, func(t ssmtypes.Tag) (k, v *string) { return t.Key, t.Value }), nil)
}

// Exists implements Resource.
func (p *Parameter) Exists() bool { return p.found && p.Ours() }

// wanted is the stamp of the value that is wanted.
func (p *Parameter) wanted() (string, bool) {
	switch {
	case p.Stamp != nil:
		return p.Stamp()
	case strings.HasPrefix(p.stamp, madeOnce):
		return p.stamp, true
	}
	return madeOnce, true
}

// Which tells one value from all that were there before and come after, without telling it. It is empty while there is
// none.
func (p *Parameter) Which() string {
	switch mark, ok := strings.CutPrefix(p.stamp, madeOnce+", "); {
	case !p.found:
		return ""
	case ok:
		return mark
	}
	return strconv.FormatInt(p.Version, 10)
}

// Current says whether the parameter has the value that is wanted.
func (p *Parameter) Current() bool {
	stamp, known := p.wanted()
	return p.found && (p.Stays || known && stamp == p.stamp)
}

// ParameterARN is the ARN, known before the parameter exists.
func (p *Parameter) ParameterARN(s *resource.Scope) string { return s.ARN("ssm", "parameter"+p.Name()) }

// Diff implements Resource.
func (p *Parameter) Diff(s *resource.Scope) resource.Diff {
	p.ARN = p.ParameterARN(s)
	if !p.found {
		return resource.Absent()
	}
	stamp, known := p.wanted()
	switch {
	case p.Stays:
		return resource.None()
	case !known:
		return resource.Changed("depends on what this run creates", resource.Field("value of", p.stamp, resource.NotYet))
	case stamp != p.stamp:
		return resource.Changed("is not up to date", resource.Field("value of", p.stamp, stamp))
	}
	return resource.None()
}

// Apply implements Resource.
func (p *Parameter) Apply(ctx context.Context, s *resource.Scope) error {
	p.ARN = p.ParameterARN(s)
	stamp, known := p.wanted()
	if !known {
		return errors.New("write parameter: its value is not known yet")
	}
	if p.Current() {
		return nil
	}
	value, err := p.Value(ctx, s)
	if err != nil {
		return fmt.Errorf("make the value of %s: %w", p.Label, err)
	}
	if p.Stamp == nil {
		stamp = madeOnce + ", " + rand.Text()[:16]
	}
	in := &ssm.PutParameterInput{
		Name: aws.String(p.Name()), Value: &value, Type: ssmtypes.ParameterTypeSecureString, Description: &stamp,
		Overwrite: aws.Bool(p.found),
	}
	if !p.found { // AWS takes no tags together with Overwrite
		in.Tags = resource.TagList(p.Owner, p.ID, func(k, v *string) ssmtypes.Tag { return ssmtypes.Tag{Key: k, Value: v} })
	}
	err = s.Retry(ctx, parameterSettling, func(ctx context.Context) error {
		out, err := s.SSM.PutParameter(ctx, in)
		if err == nil {
			p.found, p.Version, p.stamp = true, out.Version, stamp
		}
		return err
	})
	if cloud.Is(err, "ParameterAlreadyExists") { // made by a call whose answer got lost
		err = s.Adopt(ctx, p.Label, func(ctx context.Context) error { return p.Observe(ctx, s) }, p.Exists)
		p.ARN = p.ParameterARN(s)
		if err == nil && !p.Current() {
			return p.Apply(ctx, s)
		}
	}
	if err != nil {
		return fmt.Errorf("write parameter: %w", err)
	}
	return nil
}

// parameterSettling is the error of several writes to one parameter at the same moment.
var parameterSettling = []cloud.Retryable{{Code: "TooManyUpdates", For: time.Minute}}

// Read is the value. It must go nowhere but into another call of AWS.
func (p *Parameter) Read(ctx context.Context, s *resource.Scope) (string, error) {
	out, err := s.SSM.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String(p.Name()), WithDecryption: aws.Bool(true)})
	if err != nil {
		return "", fmt.Errorf("read %s: %w", p.Label, err)
	}
	return aws.ToString(out.Parameter.Value), nil
}

// Delete implements Resource.
func (p *Parameter) Delete(ctx context.Context, s *resource.Scope) error {
	if !p.found {
		return nil
	}
	_, err := s.SSM.DeleteParameter(ctx, &ssm.DeleteParameterInput{Name: aws.String(p.Name())})
	if err != nil && !cloud.NotFound(err) {
		return fmt.Errorf("delete parameter: %w", err)
	}
	return nil
}

// Permissions implements Permissioned.
func (p *Parameter) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	look := resource.Anywhere("ssm:DescribeParameters")
	var actions []string
	switch do {
	case event.Create:
		actions = resource.Actions("ssm:PutParameter", "ssm:AddTagsToResource", "ssm:GetParameter")
	case event.Update:
		actions = resource.Actions("ssm:PutParameter", "ssm:GetParameter")
	case event.Delete:
		actions = resource.Actions("ssm:DeleteParameter")
	case event.None, event.Replace:
	}
	need := []resource.Permission{look, resource.On(actions, p.ParameterARN(s))}
	if p.found || !p.Unneeded && resource.Existing(do) {
		need = append(need, resource.Whose("ssm:ListTagsForResource", "a parameter", p.ParameterARN(s)))
	}
	return need
}

// passwordLength is the number of characters of a password: more than anybody guesses, and less than the 41
// that the shortest limit of RDS allows.
const passwordLength = 32

// letters are the characters of a password: none of them means anything in a URL or a shell.
const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// Password is a Value: a fresh password.
func Password(context.Context, *resource.Scope) (string, error) {
	b := make([]byte, passwordLength)
	for i := range b {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(letters))))
		if err != nil {
			return "", fmt.Errorf("generate a password: %w", err)
		}
		b[i] = letters[n.Int64()]
	}
	return string(b), nil
}

// AddParameter notes a parameter that berth made for an app. Its key has a slash, which that of a secret of people cannot
// have. Whoever lists the parameters calls it.
func AddParameter(s *resource.Survey, m ssmtypes.ParameterMetadata) {
	name := aws.ToString(m.Name)
	if o, rest, ok := resource.OwnerOfPath(name); ok && strings.Contains(rest, "/") {
		s.Add(resource.Found{
			Owner: o, Kind: "ssm.Parameter", Name: name, ARN: aws.ToString(m.ARN), Role: strings.ReplaceAll(rest, "/", "-"),
		})
	}
}
