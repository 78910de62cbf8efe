package resource

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"
	cftypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	sdtypes "github.com/aws/aws-sdk-go-v2/service/servicediscovery/types"

	"berth/engine/policy"
)

// Owner is the app and environment that resources belong to. All names and tags come from it.
type Owner struct {
	App, Env string
	// ID tells the app from another one of the same name. It stands in the tags and in no name. Empty: an app that
	// was deployed before there were identities. AnyID: to look at, whoever's it is.
	ID string
	// Old: the names are those of an app that was deployed before they were told apart, see Name.
	Old bool
	// Demanded are the tags of the organization, on all that is made.
	Demanded Demanded
}

// AnyID is the identity of whoever has an app of that name, for looks that change nothing.
const AnyID = "*"

// The keys of the tags that every resource of ours carries. One that was made before there were identities has no TagID.
const (
	TagApp  = "berth:app"
	TagEnv  = "berth:env"
	TagID   = "berth:id"
	TagRole = "berth:role"
)

// apart starts the names of apps that could not be taken apart else, behind NamePrefix.
const apart = "env_"

// Name is the name of the app's resources where AWS allows long ones: berth-app-env, and berth-env_app_env where the
// environment has a hyphen itself. So no two apps and environments have one name, nor has a process of one the name of
// another: none of them has an underscore, and no app-env is without a hyphen.
func (o Owner) Name() string {
	if o.Ambiguous() && !o.Old {
		return NamePrefix + apart + o.App + "_" + o.Env
	}
	return NamePrefix + o.App + "-" + o.Env
}

// Ambiguous says whether berth-app-env could be the name of another app in another environment, too.
func (o Owner) Ambiguous() bool { return strings.Contains(o.Env, "-") }

// EnvOf is the environment of an app in what Name made.
func EnvOf(name, app string) (env string, ok bool) {
	if env, ok = strings.CutPrefix(name, NamePrefix+apart+app+"_"); !ok {
		env, ok = strings.CutPrefix(name, NamePrefix+app+"-")
	}
	return env, ok && env != ""
}

// Same says whether both are one app in one environment, whatever their identities.
func (o Owner) Same(other Owner) bool { return o.App == other.App && o.Env == other.Env }

// Short is Name for resources of at most 32 characters (load balancers and target groups): the app cut to
// 14 characters and a hash of app and environment, 27 characters at most.
func (o Owner) Short() string {
	return "berth-" + strings.Trim(Shorten(o.App, 14), "-") + "-" + o.Hash()
}

// NameWithin is Name with a suffix, or Short with it where that would be longer than AWS takes.
func (o Owner) NameWithin(longest int, suffix string) string {
	if name := o.Name() + suffix; len(name) <= longest {
		return name
	}
	return o.Short() + suffix
}

// Path is the name with slashes, for log groups and parameters: berth/app/env.
func (o Owner) Path() string { return "berth/" + o.App + "/" + o.Env }

// Hash is six hex digits that stand for the app and environment.
func (o Owner) Hash() string { return Digest(o.App + "/" + o.Env)[:6] }

// Shorten is s, cut to n bytes.
func Shorten(s string, n int) string {
	if len(s) > n {
		return s[:n]
	}
	return s
}

// Digest is the SHA-256 of s, in hex.
func Digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

func (o Owner) tags(role string) [][2]string {
	tags := [][2]string{{TagApp, o.App}, {TagEnv, o.Env}, {TagRole, role}}
	if o.ID != "" && o.ID != AnyID {
		tags = append(tags, [2]string{TagID, o.ID})
	}
	return append(tags, o.Demanded.list()...)
}

// TagList are the tags of a resource, each made by one: the services of AWS have a type of tag each.
func TagList[T any](o Owner, role string, one func(key, value *string) T) []T {
	var list []T
	for _, t := range o.tags(role) {
		list = append(list, one(aws.String(t[0]), aws.String(t[1])))
	}
	return list
}

// EC2Tags are the tags of a resource of EC2, with its name.
func (o Owner) EC2Tags(role string) []ec2types.Tag {
	tags := TagList(o, role, func(k, v *string) ec2types.Tag { return ec2types.Tag{Key: k, Value: v} })
	return append(tags, ec2types.Tag{Key: aws.String("Name"), Value: aws.String(o.Name() + "-" + role)})
}

// Tagged is the condition that carries our tags: kind is aws:RequestTag for what is created and
// aws:ResourceTag for what exists.
func (o Owner) Tagged(kind string) policy.Condition {
	return policy.Condition{"StringEquals": {kind + "/" + TagApp: {o.App}, kind + "/" + TagEnv: {o.Env}}}
}

// EC2TagSpec are EC2Tags as creations take them.
func (o Owner) EC2TagSpec(t ec2types.ResourceType, role string) []ec2types.TagSpecification {
	return []ec2types.TagSpecification{{ResourceType: t, Tags: o.EC2Tags(role)}}
}

// EC2Filter finds resources of this owner; an empty role finds all roles. Whether they are of another app of the same
// name is for OwnsEC2 to say.
func (o Owner) EC2Filter(role string) []ec2types.Filter {
	fs := []ec2types.Filter{EC2Filter("tag:"+TagApp, o.App), EC2Filter("tag:"+TagEnv, o.Env)}
	if role != "" {
		fs = append(fs, EC2Filter("tag:"+TagRole, role))
	}
	return fs
}

// OwnsEC2 says whether something of EC2 with those tags is this owner's.
func (o Owner) OwnsEC2(tags []ec2types.Tag) bool {
	return o.Stranger(TagMap(tags, func(t ec2types.Tag) (k, v *string) { return t.Key, t.Value })) == nil
}

// EC2Filter finds what has one of the values.
func EC2Filter(name string, values ...string) ec2types.Filter {
	return ec2types.Filter{Name: aws.String(name), Values: values}
}

// IAMTags are the tags of a role.
func (o Owner) IAMTags(role string) []iamtypes.Tag {
	return TagList(o, role, func(k, v *string) iamtypes.Tag { return iamtypes.Tag{Key: k, Value: v} })
}

// ECRTags are the tags of a repository.
func (o Owner) ECRTags(role string) []ecrtypes.Tag {
	return TagList(o, role, func(k, v *string) ecrtypes.Tag { return ecrtypes.Tag{Key: k, Value: v} })
}

// ECSTags are the tags of a resource of ECS.
func (o Owner) ECSTags(role string) []ecstypes.Tag {
	return TagList(o, role, func(k, v *string) ecstypes.Tag { return ecstypes.Tag{Key: k, Value: v} })
}

// ELBTags are the tags of a load balancer and its parts.
func (o Owner) ELBTags(role string) []elbtypes.Tag {
	return TagList(o, role, func(k, v *string) elbtypes.Tag { return elbtypes.Tag{Key: k, Value: v} })
}

// ACMTags are the tags of a certificate.
func (o Owner) ACMTags(role string) []acmtypes.Tag {
	return TagList(o, role, func(k, v *string) acmtypes.Tag { return acmtypes.Tag{Key: k, Value: v} })
}

// CloudFrontTags are the tags of a distribution.
func (o Owner) CloudFrontTags(role string) []cftypes.Tag {
	return TagList(o, role, func(k, v *string) cftypes.Tag { return cftypes.Tag{Key: k, Value: v} })
}

// CloudMapTags are the tags of a namespace and its services.
func (o Owner) CloudMapTags(role string) []sdtypes.Tag {
	return TagList(o, role, func(k, v *string) sdtypes.Tag { return sdtypes.Tag{Key: k, Value: v} })
}

// MapTags are the tags as a map, for the services that take one.
func (o Owner) MapTags(role string) map[string]string {
	m := map[string]string{}
	for _, t := range o.tags(role) {
		m[t[0]] = t[1]
	}
	return m
}
