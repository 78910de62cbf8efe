package sim

import (
	"encoding/json"
	"path"
	"slices"
	"strconv"
	"strings"
)

// policyDoc is an IAM policy document, as far as the account evaluates it.
type policyDoc struct {
	Version   string
	Statement oneOrMany[statement]
}

type statement struct {
	Effect    string
	Action    oneOrMany[string]
	Resource  oneOrMany[string]
	Principal principalSpec
	Condition map[string]map[string]oneOrMany[string]
}

// principalSpec is who a trust or resource policy is about; "*" or a map of kinds.
type principalSpec struct {
	Service   oneOrMany[string]
	AWS       oneOrMany[string] // ARNs; * for anybody
	Federated oneOrMany[string] // ARNs of identity providers
}

// UnmarshalJSON implements json.Unmarshaler: a principal is "*" or a map of kinds to one ARN or several.
func (p *principalSpec) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] != '{' {
		p.AWS = oneOrMany[string]{"*"}
		return nil
	}
	var kinds map[string]oneOrMany[string]
	err := json.Unmarshal(b, &kinds)
	p.Service, p.AWS, p.Federated = kinds["Service"], kinds["AWS"], kinds["Federated"]
	return err
}

// oneOrMany reads a JSON value that may stand alone or in a list.
type oneOrMany[T any] []T

// UnmarshalJSON implements json.Unmarshaler.
func (o *oneOrMany[T]) UnmarshalJSON(b []byte) error {
	var many []T
	if json.Unmarshal(b, &many) == nil {
		*o = many
		return nil
	}
	var one T
	if err := json.Unmarshal(b, &one); err != nil {
		return err
	}
	*o = []T{one}
	return nil
}

// parsePolicy reads a policy document. Trust policies need a principal, others a resource.
func parsePolicy(text string, trust bool) (policyDoc, error) {
	var d policyDoc
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		return d, malformed("Syntax errors in policy.")
	}
	if len(d.Statement) == 0 {
		return d, malformed("Syntax errors in policy.")
	}
	for _, s := range d.Statement {
		switch {
		case s.Effect != "Allow" && s.Effect != "Deny":
			return d, malformed("Syntax errors in policy.")
		case len(s.Action) == 0:
			return d, malformed("Policy statement must contain actions.")
		case !trust && len(s.Resource) == 0:
			return d, malformed("Policy statement must contain resources.")
		case trust && len(s.Resource) > 0:
			return d, malformed("Has prohibited field Resource")
		}
	}
	return d, nil
}

// trusts says whether a trust policy lets a service of an account assume the role.
func (d policyDoc) trusts(service, account, sourceARN string) bool {
	return d.lets(service, "sts:AssumeRole", account, sourceARN)
}

// lets says whether a policy lets a service of an account do that. Conditions on the source account and ARN are evaluated;
// others count as met.
func (d policyDoc) lets(service, action, account, sourceARN string) bool {
	for _, s := range d.Statement {
		if s.Effect != "Allow" || !anyMatch(s.Action, action) || !anyMatch(s.Principal.Service, service) {
			continue
		}
		met := true
		for _, keys := range s.Condition {
			for key, values := range keys {
				switch strings.ToLower(key) {
				case "aws:sourceaccount":
					met = met && anyMatch(values, account)
				case "aws:sourcearn":
					met = met && anyMatch(values, sourceARN)
				}
			}
		}
		if met {
			return true
		}
	}
	return false
}

// allows says whether statements allow an action on a resource. Conditions count as met.
func allows(docs []policyDoc, action, resource string) bool {
	allowed := false
	for _, d := range docs {
		for _, s := range d.Statement {
			if !anyMatch(s.Action, action) || !anyMatch(s.Resource, resource) {
				continue
			}
			if s.Effect == "Deny" {
				return false
			}
			allowed = true
		}
	}
	return allowed
}

// verdict is what a policy says of a request.
type verdict int

const (
	silent verdict = iota
	allowed
	refused
)

// says evaluates the policy of a resource for somebody (an ARN, or empty for anonymous requests) with the values of
// condition keys.
func (d policyDoc) says(who, action string, keys map[string]string) verdict {
	out := silent
	for _, s := range d.Statement {
		if !anyMatch(s.Action, action) || !anyMatch(s.Principal.AWS, who) && !slices.Contains(s.Principal.AWS, "*") || !s.met(keys) {
			continue
		}
		if s.Effect == "Deny" {
			return refused
		}
		out = allowed
	}
	return out
}

// met says whether all conditions of a statement hold.
func (s statement) met(keys map[string]string) bool {
	for operator, wanted := range s.Condition {
		for key, values := range wanted {
			have, there := valueOf(keys, key)
			if !holds(operator, values, have, there) {
				return false
			}
		}
	}
	return true
}

// valueOf looks up a condition key, whose case does not matter.
func valueOf(keys map[string]string, key string) (value string, ok bool) {
	for k, v := range keys {
		if strings.EqualFold(k, key) {
			return v, true
		}
	}
	return "", false
}

// holds says whether one condition holds. An operator that the account does not know holds never.
func holds(operator string, values []string, have string, there bool) bool {
	operator = strings.TrimPrefix(strings.TrimPrefix(operator, "ForAnyValue:"), "ForAllValues:")
	operator, ifExists := strings.CutSuffix(operator, "IfExists")
	if operator == "Null" {
		return anyMatch(values, strconv.FormatBool(!there))
	}
	positive := strings.Replace(operator, "Not", "", 1)
	if !there {
		return ifExists || positive != operator // what is not there is not equal
	}
	var fits bool
	switch positive {
	case "StringEquals":
		fits = slices.Contains(values, have)
	case "StringEqualsIgnoreCase", "Bool":
		fits = slices.ContainsFunc(values, func(v string) bool { return strings.EqualFold(v, have) })
	case "StringLike", "ArnLike", "ArnEquals":
		fits = anyMatch(values, have)
	default:
		return false
	}
	return fits == (positive == operator)
}

func anyMatch(patterns []string, s string) bool {
	for _, p := range patterns {
		if wild(p, s) {
			return true
		}
	}
	return false
}

// wild matches IAM's * and ?, which, unlike those of a path, also stand for slashes.
func wild(pattern, s string) bool {
	if pattern == "*" || pattern == s {
		return true
	}
	flat := strings.NewReplacer("/", "\x01", "[", "\\[", "]", "\\]")
	ok, err := path.Match(flat.Replace(pattern), strings.ReplaceAll(s, "/", "\x01"))
	return err == nil && ok
}

// The managed policies that the account knows, by ARN.
var managedPolicies = map[string]string{
	"arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
		"Action":["s3:Get*","s3:List*","s3:Describe*","s3-object-lambda:Get*","s3-object-lambda:List*"],"Resource":"*"}]}`,
	"arn:aws:iam::aws:policy/AmazonSQSFullAccess": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sqs:*"],"Resource":"*"}]}`,
	"arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
		"Action":["ecr:GetAuthorizationToken","ecr:BatchCheckLayerAvailability","ecr:GetDownloadUrlForLayer","ecr:BatchGetImage",
		"logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}]}`,
	"arn:aws:iam::aws:policy/AmazonECSInfrastructureRoleForGatewayHostSharedALB": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
		"Action":["elasticloadbalancing:*","ec2:*SecurityGroup*","ec2:Describe*","acm:*"],"Resource":"*"}]}`,
}
