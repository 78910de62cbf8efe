package cloud

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/budgets"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/efs"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"

	"berth/engine/agent"
	"berth/engine/clock"
	"berth/engine/fail"
)

// maxAttempts is how often the SDK tries a call that was throttled or met a server error. The SDK's own
// default of three is too few for a deployment that makes a hundred calls at once, and where AWS refuses three of ten.
const maxAttempts = 12

// maxBackoff is how long the SDK waits at most before it tries a call again.
const maxBackoff = 10 * time.Second

// onClock lets the SDK's waits between attempts pass on the engine's clock: a simulated account that is faster
// than AWS is not slower at being called too often.
type onClock struct {
	clk  clock.Clock
	then retry.BackoffDelayer
}

// BackoffDelay is how long to wait on the wall clock.
func (o onClock) BackoffDelay(attempt int, err error) (time.Duration, error) {
	d, err := o.then.BackoffDelay(attempt, err)
	return o.clk.Wall(d), err
}

// Clients are the SDK clients of one region. They share one count of calls and one clock.
type Clients struct {
	STS         *sts.Client
	EC2         *ec2.Client
	IAM         *iam.Client
	ECR         *ecr.Client
	Logs        *cloudwatchlogs.Client
	ECS         *ecs.Client
	ELB         *elasticloadbalancingv2.Client
	CloudFront  *cloudfront.Client
	SSM         *ssm.Client
	CloudMap    *servicediscovery.Client
	Scaling     *applicationautoscaling.Client
	Schedules   *scheduler.Client
	Quotas      *servicequotas.Client
	CloudWatch  *cloudwatch.Client
	RDS         *rds.Client
	EFS         *efs.Client
	ElastiCache *elasticache.Client
	S3          *s3.Client
	Secrets     *secretsmanager.Client
	ACM         *acm.Client
	Route53     *route53.Client
	WAF         *wafv2.Client
	CodeBuild   *codebuild.Client
	SNS         *sns.Client
	Events      *eventbridge.Client
	Budgets     *budgets.Client

	Region    string
	Clock     clock.Clock
	Transport http.RoundTripper // for registries and endpoints, never nil
	Enclosed  bool              // what Transport reaches nobody but this process reaches, as in a simulated account
	Resolver  Resolver          // the public DNS, never nil
	PollEvery time.Duration     // between two looks of the poller, zero means its own
	Calls     *Counter
	login     *login
	limits    *limits
}

// Identity is whose credentials are in use.
type Identity struct {
	Account   string
	ARN       string
	Partition string // aws, aws-cn, aws-us-gov
}

// Partition is the partition of AWS that a region is in. ARNs must name it.
func Partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

// Suffix is what the names of AWS's endpoints in a region end with.
func Suffix(region string) string {
	if Partition(region) == "aws-cn" {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}

// Connect makes the clients for a region. It reads configuration files but makes no call. A region that
// cannot be told is a Usage failure.
func (e Environment) Connect(ctx context.Context, s Settings) (*Clients, error) {
	load := e.Config
	if load == nil {
		load = (&Terminal{taken: true}).Config
	}
	cfg, err := load(ctx, s)
	if err != nil {
		return nil, Explain("load AWS configuration", &unsigned{profile: chosenProfile(s.Profile), err: err})
	}
	if cfg.Region == "" {
		return nil, &fail.Error{
			Class: fail.Usage, Cause: "no AWS region is set",
			Remedy: "give --region eu-west-2, set `region` in berth.toml, or export AWS_REGION",
		}
	}
	calls := &Counter{}
	l := &login{
		load: func(ctx context.Context) (aws.Config, error) { return load(ctx, s) }, clk: e.Clock, profile: s.Profile, cfg: cfg.Copy(),
	}
	if cfg.Credentials != nil {
		cfg.Credentials = l.provider(cfg.Credentials)
	}
	lim := &limits{clk: e.Clock}
	cfg.HTTPClient = lim.client(cfg.HTTPClient)
	cfg.APIOptions = append(slices.Clone(cfg.APIOptions), calls.install, l.install, lim.install, installForeign,
		middleware.AddUserAgentKeyValue(agent.Name, agent.Version()))
	if cfg.Retryer == nil {
		cfg.Retryer = func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxAttempts = maxAttempts
				o.Backoff = onClock{e.Clock, retry.NewExponentialJitterBackoff(maxBackoff)}
				o.RateLimiter = unlimited{}
				o.Retryables = append([]retry.IsErrorRetryable{retry.IsErrorRetryableFunc(notUnknown), retry.IsErrorRetryableFunc(lost)}, o.Retryables...)
			})
		}
	}
	transport := e.Transport
	if transport == nil {
		bundle, err := bundleOf(s.Profile)
		if err != nil {
			return nil, err
		}
		transport = trusting(bundle)
	}
	resolver := e.Resolver
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	return &Clients{
		STS: sts.NewFromConfig(cfg), EC2: ec2.NewFromConfig(cfg), IAM: iam.NewFromConfig(cfg),
		ECR: ecr.NewFromConfig(cfg), Logs: cloudwatchlogs.NewFromConfig(cfg), ECS: ecs.NewFromConfig(cfg),
		ELB: elasticloadbalancingv2.NewFromConfig(cfg), CloudFront: cloudfront.NewFromConfig(cfg),
		SSM: ssm.NewFromConfig(cfg), CloudMap: servicediscovery.NewFromConfig(cfg),
		Schedules: scheduler.NewFromConfig(cfg),
		Scaling:   applicationautoscaling.NewFromConfig(cfg), Quotas: servicequotas.NewFromConfig(cfg),
		CloudWatch: cloudwatch.NewFromConfig(cfg), RDS: rds.NewFromConfig(cfg), EFS: efs.NewFromConfig(cfg), ElastiCache: elasticache.NewFromConfig(cfg), Secrets: secretsmanager.NewFromConfig(cfg), S3: s3.NewFromConfig(cfg, pathStyle),
		ACM: acm.NewFromConfig(cfg), Route53: route53.NewFromConfig(cfg), WAF: wafv2.NewFromConfig(cfg), CodeBuild: codebuild.NewFromConfig(cfg),
		SNS: sns.NewFromConfig(cfg), Events: eventbridge.NewFromConfig(cfg), Budgets: budgets.NewFromConfig(cfg),
		Region: cfg.Region, Clock: e.Clock, Transport: transport, Enclosed: e.Transport != nil, Resolver: resolver, Calls: calls, PollEvery: e.PollEvery, login: l, limits: lim,
	}, nil
}

// pathStyle has buckets in the path where AWS_ENDPOINT_URL leads elsewhere: an emulator has no name for each of them.
func pathStyle(o *s3.Options) { o.UsePathStyle = o.BaseEndpoint != nil }

// notUnknown keeps the SDK from repeating an operation that the endpoint does not know.
func notUnknown(err error) aws.Ternary {
	if Unknown(err) {
		return aws.FalseTernary
	}
	return aws.UnknownTernary
}

// unlimited lets every retry happen: the SDK's token bucket would give up in the middle of a throttled
// deployment, and the deadlines of the engine's steps bound the retries already.
type unlimited struct{}

// GetToken implements retry.RateLimiter: there is always one.
func (unlimited) GetToken(context.Context, uint) (func() error, error) { return noRelease, nil }

// AddTokens implements retry.RateLimiter: none is counted.
func (unlimited) AddTokens(uint) error { return nil }

func noRelease() error { return nil }

// loadConfig loads the configuration as AWS's own tools do.
func loadConfig(ctx context.Context, s Settings, opts ...func(*config.LoadOptions) error) (aws.Config, error) {
	opts = append(opts, config.WithLogger(s.logger()))
	bundle, err := bundleOf(s.Profile)
	if err != nil {
		return aws.Config{}, err
	}
	if bundle != nil { // the SDK itself looks at the variable only
		opts = append(opts, config.WithCustomCABundle(bytes.NewReader(bundle)))
	}
	if s.Region != "" {
		opts = append(opts, config.WithRegion(s.Region))
	}
	if s.Profile != "" {
		opts = append(opts, config.WithSharedConfigProfile(s.Profile))
	}
	return config.LoadDefaultConfig(ctx, opts...)
}

// WhoAmI asks STS whose credentials are in use. It needs no permission.
func (c *Clients) WhoAmI(ctx context.Context) (Identity, error) {
	out, err := c.STS.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return Identity{}, Explain("ask AWS who we are", err)
	}
	id := Identity{Account: aws.ToString(out.Account), ARN: aws.ToString(out.Arn), Partition: "aws"}
	if a, err := arn.Parse(id.ARN); err == nil {
		id.Partition = a.Partition
	}
	return id, nil
}

// RoleARN is the ARN of a role of ours by its name.
func (i Identity) RoleARN(name string) string {
	return strings.Join([]string{"arn", i.Partition, "iam", "", i.Account, "role/" + name}, ":")
}
