package data

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"golang.org/x/sync/errgroup"

	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/policy"
	"berth/engine/resource"
	"berth/engine/resource/network"
)

// Secrets are the secrets that berth.toml names. They are people's own: they are looked up, without their values, and
// never made, changed or removed by a run.
type Secrets struct {
	// Named are the secrets by the names of their variables, each as a task definition has it: the ARN of a parameter,
	// or that of a secret of Secrets Manager with :json-key:: behind it.
	Named func(*resource.Scope) map[string]string
	// Made are parameters that a run itself makes and that tasks read, too.
	Made []*Parameter
	// Elsewhere are databases that are there already, to which secrets lead; VPC is where the app's tasks run.
	Elsewhere []Elsewhere
	VPC       *network.VPC

	mu       sync.Mutex
	versions map[string]string // by ARN; a missing one has none
	keys     map[string]string // the customer's KMS keys, by the ARN of what they encrypt
	missing  map[string]bool   // by ARN
	unasked  map[string]string // by ARN: why it could not be looked up
}

// Info implements Resource.
func (x *Secrets) Info() resource.Info {
	return resource.Info{ID: "secrets", Kind: "berth.Secrets", Name: "secrets", Label: "the secrets", Group: resource.GroupData}
}

// Needs implements Resource.
func (x *Secrets) Needs() []resource.Need { return nil }

// SecretARN is the ARN in a valueFrom of a task definition: that of a secret of Secrets Manager without the JSON key,
// the version stage and the version id that may stand behind it.
func SecretARN(valueFrom string) string {
	parts := strings.Split(valueFrom, ":")
	if len(parts) > 7 && parts[2] == "secretsmanager" {
		parts = parts[:7]
	}
	return strings.Join(parts, ":")
}

// OfAccount implements OfAccount: the ARNs hold the account.
func (x *Secrets) OfAccount() {}

// Observe implements Resource. All secrets are asked for at the same time, parameters up to ten in one call. What
// may not be asked for is told by Checks, and is no error here: a task may read what we may not.
func (x *Secrets) Observe(ctx context.Context, s *resource.Scope) error {
	x.versions, x.keys, x.missing, x.unasked = map[string]string{}, map[string]string{}, map[string]bool{}, map[string]string{}
	parameters, secrets := x.sorted(s)
	g, ctx := errgroup.WithContext(ctx)
	for batch := range slices.Chunk(parameters, 10) {
		g.Go(func() error { return x.parameters(ctx, s, batch) })
	}
	for _, a := range secrets {
		g.Go(func() error { return x.secret(ctx, s, a) })
	}
	return g.Wait()
}

// sorted are the ARNs of the parameters and those of the secrets of Secrets Manager, each once.
func (x *Secrets) sorted(s *resource.Scope) (parameters, secrets []string) {
	for _, from := range x.Named(s) {
		switch a := SecretARN(from); {
		case strings.Contains(a, ":secretsmanager:"):
			secrets = append(secrets, a)
		default:
			parameters = append(parameters, a)
		}
	}
	slices.Sort(parameters)
	slices.Sort(secrets)
	return slices.Compact(parameters), slices.Compact(secrets)
}

// parameterName is the name in the ARN of a parameter.
func parameterName(a string) string {
	_, name, _ := strings.Cut(a, ":parameter")
	if strings.Count(name, "/") == 1 { // a plain name stands behind one slash, which is not part of it
		return strings.TrimPrefix(name, "/")
	}
	return name
}

func (x *Secrets) parameters(ctx context.Context, s *resource.Scope, arns []string) error {
	byName := map[string]string{}
	for _, a := range arns {
		if p, err := arn.Parse(a); err != nil || p.Region != s.Region || p.AccountID != s.Identity.Account {
			x.unknown(a, "it is in another account or region")
			continue
		}
		byName[parameterName(a)] = a
	}
	if len(byName) == 0 {
		return nil
	}
	pages := ssm.NewDescribeParametersPaginator(s.SSM, &ssm.DescribeParametersInput{ParameterFilters: []ssmtypes.ParameterStringFilter{
		{Key: aws.String("Name"), Option: aws.String("Equals"), Values: slices.Sorted(maps.Keys(byName))},
	}})
	seen := map[string]bool{}
	for pages.HasMorePages() {
		out, err := pages.NextPage(ctx)
		if resource.Unseen(err) {
			for _, a := range byName {
				x.unknown(a, cloud.WhyNot(err))
			}
			return nil
		}
		if err != nil {
			return err
		}
		for _, m := range out.Parameters {
			a := byName[aws.ToString(m.Name)]
			seen[a] = true
			x.note(a, strconv.FormatInt(m.Version, 10), aws.ToString(m.KeyId))
		}
	}
	for _, a := range byName {
		if !seen[a] {
			x.gone(a)
		}
	}
	return nil
}

func (x *Secrets) secret(ctx context.Context, s *resource.Scope, a string) error {
	out, err := s.Secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &a})
	switch {
	case cloud.NotFound(err):
		x.gone(a)
		return nil
	case resource.Unseen(err):
		x.unknown(a, cloud.WhyNot(err))
		return nil
	case err != nil:
		return err
	case out.DeletedDate != nil:
		x.gone(a)
		return nil
	}
	version := ""
	for id, stages := range out.VersionIdsToStages {
		if slices.Contains(stages, "AWSCURRENT") {
			version = id
		}
	}
	x.note(a, version, aws.ToString(out.KmsKeyId))
	return nil
}

func (x *Secrets) note(a, version, key string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.versions[a] = version
	if key != "" && !strings.HasPrefix(key, "alias/aws/") {
		x.keys[a] = key
	}
}

func (x *Secrets) gone(a string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.missing[a] = true
}

func (x *Secrets) unknown(a, why string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.unasked[a] = why
}

// Versions are the versions of the secrets by the names of their variables. A task reads a secret when it starts, so
// that another version asks for another revision.
func (x *Secrets) Versions(s *resource.Scope) map[string]string {
	m := map[string]string{}
	for name, from := range x.Named(s) {
		if v := x.versions[SecretARN(from)]; v != "" {
			m[name] = v
		}
	}
	return m
}

// Read are the statements that let a role read exactly these secrets, and decrypt with exactly the customer's keys
// that they are encrypted with. The keys that AWS keeps for SSM and Secrets Manager need none.
func (x *Secrets) Read(s *resource.Scope) []policy.Statement {
	parameters, secrets := x.sorted(s)
	for _, p := range x.Made {
		parameters = append(parameters, p.ParameterARN(s))
	}
	slices.Sort(parameters) // the same, whoever keeps them
	var out []policy.Statement
	if len(parameters) > 0 {
		out = append(out, policy.Allow([]string{"ssm:GetParameters"}, parameters...))
	}
	if len(secrets) > 0 {
		out = append(out, policy.Allow([]string{"secretsmanager:GetSecretValue"}, secrets...))
	}
	keys := slices.Compact(slices.Sorted(maps.Values(x.keys)))
	var arns []string
	for _, k := range keys {
		switch {
		case strings.HasPrefix(k, "alias/"):
			out = append(out, policy.Statement{
				Effect: "Allow", Action: []string{"kms:Decrypt"}, Resource: []string{s.ARN("kms", "key/*")},
				Condition: policy.Condition{"ForAnyValue:StringEquals": {"kms:ResourceAliases": {k}}},
			})
		case strings.HasPrefix(k, "arn:"):
			arns = append(arns, k)
		default:
			arns = append(arns, s.ARN("kms", "key/"+k))
		}
	}
	if len(arns) > 0 {
		out = append(out, policy.Allow([]string{"kms:Decrypt"}, arns...))
	}
	return out
}

// Exists implements Resource: never, as far as deleting goes.
func (x *Secrets) Exists() bool { return false }

// Diff implements Resource: they are no part of a plan.
func (x *Secrets) Diff(*resource.Scope) resource.Diff { return resource.Diff{} }

// Apply implements Resource.
func (x *Secrets) Apply(context.Context, *resource.Scope) error { return nil }

// Delete implements Resource.
func (x *Secrets) Delete(context.Context, *resource.Scope) error { return nil }

// Permissions implements Permissioned.
func (x *Secrets) Permissions(s *resource.Scope, _ event.Action) []resource.Permission {
	const without = "a missing or changed secret is not noticed before tasks start"
	parameters, secrets := x.sorted(s)
	var need []resource.Permission
	if len(parameters) > 0 {
		p := resource.Anywhere("ssm:DescribeParameters")
		p.Without = without
		need = append(need, p)
	}
	if len(secrets) > 0 {
		p := resource.On(resource.Actions("secretsmanager:DescribeSecret"), secrets...)
		p.Without = without
		need = append(need, p)
	}
	if len(x.Elsewhere) > 0 {
		p := resource.Anywhere("rds:DescribeDBInstances")
		p.Without = "whether the tasks can reach an existing database is not checked before they start"
		need = append(need, p)
	}
	return need
}

// Checks implements Checked.
func (x *Secrets) Checks(event.Action) []resource.Probe {
	return append([]resource.Probe{{ID: "secrets", Title: "the secrets that berth.toml names", Look: func(_ context.Context, s *resource.Scope) resource.Finding {
		return x.check(s)
	}}}, x.probes()...)
}

// check says which secrets are missing, with the command that makes each.
func (x *Secrets) check(s *resource.Scope) resource.Finding {
	named := x.Named(s)
	var missing, unknown, commands []string
	for _, name := range slices.Sorted(maps.Keys(named)) {
		switch a := SecretARN(named[name]); {
		case x.missing[a]:
			missing = append(missing, name)
			commands = append(commands, makeIt(s, name, a))
		case x.unasked[a] != "":
			unknown = append(unknown, name+" ("+x.unasked[a]+")")
		}
	}
	switch {
	case len(missing) > 0:
		return resource.Finding{
			Verdict: resource.Fail, Text: "tasks cannot start without these, which do not exist: " + strings.Join(missing, ", "),
			Remedy: strings.Join(commands, "\n"),
		}
	case len(unknown) > 0:
		return resource.Finding{Verdict: resource.Unknown, Text: "could not look for " + strings.Join(unknown, ", ")}
	}
	return resource.Finding{Verdict: resource.OK, Text: fmt.Sprintf("all %d are there", len(named))}
}

// makeIt is the command that makes a missing secret.
func makeIt(s *resource.Scope, variable, a string) string {
	switch {
	case strings.Contains(a, ":secretsmanager:"):
		_, name, _ := strings.Cut(a, ":secret:")
		return "make " + name + " in Secrets Manager, or fix its ARN in berth.toml"
	case a == s.ARN("ssm", "parameter/"+s.Owner.Path()+"/"+variable):
		return "berth secrets set " + variable
	}
	return "aws ssm put-parameter --type SecureString --name " + parameterName(a) + " --value ..."
}
