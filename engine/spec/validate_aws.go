package spec

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Here is what is checked of values that name things in AWS.

func (c *checker) secrets() {
	seen := map[string]bool{}
	for _, ref := range c.s.Secrets.FromSSM {
		name, err := SecretName(ref)
		switch {
		case err != nil:
			c.add("secrets.from_ssm", fmt.Sprintf("%q %v", ref, err),
				`a name such as "DATABASE_URL", a path such as "/shop/DATABASE_URL", or the ARN of a parameter`)
			continue
		case c.isLock(ref):
			c.add("secrets.from_ssm", fmt.Sprintf("%q is the parameter that berth locks the app with", ref), "give the secret another name")
		case seen[name]:
			c.add("secrets.from_ssm", fmt.Sprintf("%s is given twice", name), "name it once")
		case c.hasEnv(name):
			c.add("secrets.from_ssm", fmt.Sprintf("%s is also in [env]; ECS rejects that", name), "remove it from one of them")
		}
		seen[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(c.s.Secrets.ARNs)) {
		key, ref := "secrets."+name, c.s.Secrets.ARNs[name]
		switch {
		case !variable(name):
			c.add(key, "an environment variable cannot have this name", "any name but an empty one, without =")
		case !parameterARN().MatchString(ref) && !secretARN().MatchString(ref):
			c.add(key, fmt.Sprintf("%q is not the ARN of an SSM parameter or a Secrets Manager secret", ref),
				"use from_ssm for a parameter by name or path; never put a value into the file")
		case seen[name]:
			c.add(key, name+" is also in from_ssm", "name it once")
		case c.hasEnv(name):
			c.add(key, name+" is also in [env]; ECS rejects that", "remove it from one of them")
		}
	}
}

// isLock says whether ref is the parameter that says who deploys the app just now.
func (c *checker) isLock(ref string) bool {
	path := fmt.Sprintf("/berth/%s/%s/lock", c.s.App, c.s.EnvName)
	return ref == "lock" || ref == path || strings.HasPrefix(ref, "arn:") && strings.HasSuffix(ref, ":parameter"+path)
}

func (c *checker) hasEnv(name string) bool {
	_, ok := c.s.Env[name]
	return ok
}

func (c *checker) permissions() {
	for _, arn := range c.s.Permissions.Policies {
		if !policyARN().MatchString(arn) {
			c.add("permissions.policies", fmt.Sprintf("%q is not the ARN of a policy", arn), `such as "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"`)
		}
	}
	for i, g := range c.s.Permissions.Allow {
		at := fmt.Sprintf("permissions.allow[%d]", i)
		if len(g.Actions) == 0 {
			c.add(at+".actions", "it allows no action", `such as actions = ["s3:PutObject"]`)
		}
		for _, action := range g.Actions {
			if !iamAction().MatchString(action) {
				c.add(at+".actions", fmt.Sprintf("%q is not an IAM action", action), `such as "s3:PutObject" or "s3:Get*"`)
			}
		}
		if len(g.Resources) == 0 {
			c.add(at+".resources", "it names no resources", `such as resources = ["arn:aws:s3:::uploads/*"]`)
		}
		for _, r := range g.Resources {
			if r != "*" && !strings.HasPrefix(r, "arn:") {
				c.add(at+".resources", fmt.Sprintf("%q is not an ARN", r), `such as "arn:aws:s3:::uploads/*"`)
			}
		}
	}
}

func (c *checker) accountRules() {
	r := c.s.AccountRules
	if r.PermissionsBoundary != "" && !policyARN().MatchString(r.PermissionsBoundary) {
		c.add("account_rules.permissions_boundary", fmt.Sprintf("%q is not the ARN of a policy", r.PermissionsBoundary), `such as "arn:aws:iam::123456789012:policy/boundary"`)
	}
	if r.RolePath != "" && !rolePath().MatchString(r.RolePath) {
		c.add("account_rules.role_path", fmt.Sprintf("%q is not a role path", r.RolePath), `it begins and ends with /, such as "/teams/web/"`)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Tags)) {
		key, value, lower := "account_rules.tags."+name, r.Tags[name], strings.ToLower(name)
		switch {
		case strings.HasPrefix(lower, "aws:"):
			c.add(key, "AWS reserves names that begin with aws:", "choose another name")
		case strings.HasPrefix(lower, "berth:"):
			c.add(key, "berth uses tags that begin with berth: to find its own resources", "choose another name")
		case len(name) > 128 || len(value) > 256:
			c.add(key, "AWS takes names of up to 128 and values of up to 256 characters", "shorten it")
		}
	}
}

// maxNames is how many names ACM puts into one certificate unless the quota was raised (engine/AWS.md, ACM).
const maxNames = 10

func (c *checker) network() {
	n := c.s.Network
	c.path("network.websocket_path", n.WebSocketPath, `such as "/live/websocket"`)
	if n.Domain != "" {
		if err := checkDomain(n.Domain); err != nil {
			c.add("network.domain", fmt.Sprintf("%q %v", n.Domain, err), `such as "www.example.com"`)
		}
	}
	for _, name := range n.Also {
		if err := checkDomain(name); err != nil {
			c.add("network.also", fmt.Sprintf("%q %v", name, err), `such as "example.com"`)
		}
	}
	for _, name := range n.TakeOver {
		if name != n.Domain && !slices.Contains(n.Also, name) {
			c.add("network.take_over", fmt.Sprintf("%q is none of the app's names", name), "those are network.domain and network.also")
		}
	}
	if len(n.Also) >= maxNames {
		c.add("network.also", fmt.Sprintf("a certificate is for %d names at most", maxNames), fmt.Sprintf("%d beside the domain", maxNames-1))
	}
	switch {
	case n.Domain == "" && len(n.Also) > 0:
		c.add("network.also", "there is no domain beside which these are further names", "write domain under [network]")
	case n.Domain == "" && n.HTTPS == "domain":
		c.add("network.https", "there is no domain to have a certificate for", "write domain under [network]")
	}
	if n.Domain == "" && n.HSTS {
		c.add("network.hsts", "only names of the app's own can be bound to HTTPS for a year", "write domain under [network]")
	}
	if n.VPC != "" && !awsID("vpc").MatchString(n.VPC) {
		c.add("network.vpc", fmt.Sprintf("%q is not a VPC ID", n.VPC), `such as "vpc-0a1b2c3d4e5f67890"`)
	}
	for _, id := range n.Subnets {
		if !awsID("subnet").MatchString(id) {
			c.add("network.subnets", fmt.Sprintf("%q is not a subnet ID", id), `such as "subnet-0a1b2c3d4e5f67890"`)
		}
	}
	switch {
	case n.VPC == "" && len(n.Subnets) > 0:
		c.add("network.subnets", "there is no network whose subnets these are", "write vpc under [network]")
	case len(n.Subnets) == 1:
		c.add("network.subnets", "a load balancer needs subnets in two zones", "name two or more")
	}
	c.span("network.idle_timeout", n.IdleTimeout, time.Second, 4000*time.Second)
	switch {
	case n.RateLimit != 0 && !n.Firewall:
		c.add("network.rate_limit", "there is no firewall that could count requests", "set firewall = true under [network]")
	case n.RateLimit != 0 && (n.RateLimit < 10 || n.RateLimit > 2_000_000_000):
		c.add("network.rate_limit", "AWS WAF counts from 10 to 2,000,000,000 requests", "such as 2000")
	}
	for _, p := range n.Assets {
		c.path("network.assets", p, `such as "/assets/*"`)
	}
}

// OwnProcess says whether the process of [service] goes by a name.
func OwnProcess(name string) bool { return name == "app" || name == "web" }

func (c *checker) processes() {
	for _, name := range slices.Sorted(maps.Keys(c.s.Processes)) {
		p, table := c.s.Processes[name], processTable+"."+name+"."
		if err := CheckName(name); err != nil {
			c.add(processTable+"."+name, fmt.Sprintf("AWS would reject the name %q: %v", name, err), "choose another name")
			continue
		}
		if OwnProcess(name) {
			c.add(processTable+"."+name, fmt.Sprintf("%q is what the process of [service] is called", name), "say under [service] how it runs, or choose another name")
			continue
		}
		if p.Skip {
			continue
		}
		if len(p.Command) == 0 {
			c.missing(table+"command", "it is not said what the process "+name+" runs")
		}
		c.words(table+"command", p.Command)
		c.sizes(table, p.CPU, p.Memory)
		c.within(table+"instances", p.Instances, 0, 5000, "a number of containers that ECS runs")
		c.share(table+"spot", p.Spot)
		c.scaling(table, p.Instances, p.Autoscale)
		if p.Schedule != "" && p.Autoscale != nil {
			c.add(table+"autoscale.max", "what runs by a schedule does not scale", "take autoscale or schedule out")
		}
		if p.Schedule != "" && !schedule().MatchString(p.Schedule) {
			c.add(table+"schedule", fmt.Sprintf("%q is not a schedule expression", p.Schedule), `such as "cron(0 3 * * ? *)" or "rate(1 hour)"`)
		}
		switch {
		case p.ScheduleTZ == "":
		case p.Schedule == "":
			c.add(table+"schedule_tz", "there is no schedule that it could be for", "write schedule, too")
		case !timeZone().MatchString(p.ScheduleTZ):
			c.add(table+"schedule_tz", fmt.Sprintf("%q is not a time zone", p.ScheduleTZ), `such as "Europe/Berlin"`)
		}
	}
}

// SecretName is the environment variable that a from_ssm entry becomes: the entry itself, or the last part
// of a path or ARN.
func SecretName(ref string) (string, error) {
	name := ref
	if strings.HasPrefix(ref, "arn:") {
		if !parameterARN().MatchString(ref) {
			return "", errors.New("is not the ARN of an SSM parameter")
		}
		name = ref[strings.LastIndexByte(ref, '/')+1:]
		name = name[strings.LastIndexByte(name, ':')+1:]
	} else if strings.HasPrefix(ref, "/") {
		if !parameterPath().MatchString(ref) {
			return "", errors.New("is not the path of an SSM parameter")
		}
		name = ref[strings.LastIndexByte(ref, '/')+1:]
	}
	if !parameterName().MatchString(name) {
		return "", errors.New("does not end in the name of an environment variable")
	}
	return name, nil
}
