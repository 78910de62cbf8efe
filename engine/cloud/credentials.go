package cloud

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"berth/compare/catalog"
	"berth/engine/fail"
)

// unsigned is an error of getting credentials, with the profile that they were to come from.
type unsigned struct {
	profile string
	err     error
}

// Error is the error that the SDK had.
func (u *unsigned) Error() string { return u.err.Error() }

// Unwrap leads to the error that the SDK had.
func (u *unsigned) Unwrap() error { return u.err }

// chosenProfile is the profile that is used when the settings name one or none.
func chosenProfile(named string) string {
	return cmp.Or(named, os.Getenv("AWS_PROFILE"), os.Getenv("AWS_DEFAULT_PROFILE"), "default")
}

// withProfile ends a command of the AWS CLI with the profile that it is for.
func withProfile(command, profile string) string {
	if profile == "default" {
		return command
	}
	return command + " --profile " + profile
}

// sso says whether somebody signs in for a profile with those keys.
func sso(keys map[string]string) bool {
	return keys["sso_session"] != "" || keys["sso_start_url"] != ""
}

// signIn is the command that signs in to a profile again, empty where its keys do not come from a sign-in.
func signIn(profile string) string {
	profile = cmp.Or(profile, "default")
	switch p := sharedFiles()[profile]; {
	case sso(p):
		return withProfile("aws sso login", profile)
	case p["source_profile"] != "" && p["source_profile"] != profile:
		return signIn(p["source_profile"])
	}
	return ""
}

// explain says why there are no credentials, and what to do about it. It says false where it knows nothing better
// than what AWS said.
func (u *unsigned) explain(f *fail.Error) bool {
	keys := sharedFiles()[u.profile]
	var process *processcreds.ProviderError
	var token *ssocreds.InvalidTokenError
	signIn := withProfile("aws sso login", u.profile)
	f.Class = fail.Refused
	switch {
	case errors.Is(u.err, errNoCode):
		f.Cause = "the profile " + u.profile + " needs an MFA code, and there is no terminal to ask for it"
		f.Evidence = "mfa_serial of the profile: " + u.serial()
		f.Remedy = "run this on a terminal, where berth asks for the code; or get temporary keys with it first, " +
			"such as with aws sts get-session-token --serial-number … --token-code …, or aws-vault exec " + u.profile
	case Operation(u.err) == "sso:GetRoleCredentials" && status(u.err) == http.StatusForbidden:
		f.Cause = fmt.Sprintf("you are signed in, but not allowed to use the role %s in the account %s", keys["sso_role_name"], keys["sso_account_id"])
		f.Remedy = "have it assigned to you in IAM Identity Center, or choose another role with: " + withProfile("aws configure sso", u.profile)
	case sso(keys) && errors.Is(u.err, fs.ErrNotExist):
		f.Cause, f.Evidence = "nobody has signed in to the profile "+u.profile+" on this machine yet", ""
		f.Remedy = "sign in with: " + signIn + ", then run the same command again"
	case sso(keys) && (Expired(u.err) || errors.As(u.err, &token) || status(u.err) == http.StatusUnauthorized):
		f.Cause = "the sign-in of the profile " + u.profile + " has expired"
		f.Remedy = "sign in again with: " + signIn + ", then run the same command again; it continues"
	case errors.As(u.err, &process):
		f.Cause = "the credential_process of the profile " + u.profile + " returned no credentials"
		f.Evidence = processEvidence(u.err)
		f.Remedy = "run the command of credential_process in " + configFile() + " until it prints credentials, then run this again"
	case strings.HasPrefix(Operation(u.err), "sts:AssumeRole"):
		return u.explainRole(f, keys)
	case nobody(u.err):
		f.Cause = "no AWS credentials were found"
		f.Remedy = "run aws configure sso (or aws configure), or name a profile with --profile"
	default:
		f.Class = fail.Failed
		return false
	}
	return true
}

// explainRole says why the role of a profile cannot be assumed.
func (u *unsigned) explainRole(f *fail.Error, keys map[string]string) bool {
	role := cmp.Or(keys["role_arn"], os.Getenv("AWS_ROLE_ARN"), "of the profile "+u.profile)
	f.Cause = "the role " + role + " cannot be assumed"
	text := Message(u.err)
	switch {
	case strings.Contains(text, "MultiFactorAuthentication failed"):
		f.Cause = "AWS rejected the MFA code for the role " + role
		f.Remedy = "a code works once: wait for the next one, then run the same command again"
	case Expired(u.err):
		f.Remedy = "the credentials that assume it have expired: sign in again, then run the same command; it continues"
	case Rejected(u.err):
		f.Remedy = "AWS does not recognize the keys that assume it: correct those of " + cmp.Or(keys["source_profile"], "the source") + ", then run the same command again"
	case strings.Contains(text, "DurationSeconds"):
		f.Remedy = "set duration_seconds of the profile to 3600 or less (the limit when one role assumes another), or to no more than the role's own maximum"
	case Denied(u.err):
		f.Remedy = "its trust policy must allow your identity, and your identity needs sts:AssumeRole on it; then run the same command again"
		if keys["mfa_serial"] == "" {
			f.Remedy += " (where it asks for MFA, the profile needs mfa_serial)"
		}
	default:
		f.Class = fail.Failed
		return false
	}
	return true
}

// serial is the MFA device of the profile, or of the one that lends it credentials.
func (u *unsigned) serial() string {
	all := sharedFiles()
	for p, most := u.profile, 8; most > 0; p, most = all[p]["source_profile"], most-1 {
		if s := all[p]["mfa_serial"]; s != "" {
			return s
		}
	}
	return "unknown"
}

// processEvidence is why a credential process gave nothing. What it printed may be a secret and is left out.
func processEvidence(err error) string {
	var said *mute
	var process *processcreds.ProviderError
	errors.As(err, &process)
	text := process.Err.Error()
	if strings.Contains(text, "parse failed of process output") {
		text = "its output is not the JSON that the AWS SDK expects"
	}
	if errors.As(err, &said) {
		text += "\n" + said.said
	}
	return text
}

// nobody says whether err means that no place for credentials holds any.
func nobody(err error) bool {
	s := err.Error()
	return strings.Contains(s, "EC2 IMDS")
}

// configFile is the shared configuration file of AWS.
func configFile() string {
	return cmp.Or(os.Getenv("AWS_CONFIG_FILE"), config.DefaultSharedConfigFilename())
}

// stranger is an error of credentials that AWS does not know in a region.
type stranger struct {
	region    string
	elsewhere bool // it knows them in a region that every account has
	err       error
}

// Error is what AWS answered.
func (s *stranger) Error() string { return s.err.Error() }

// Unwrap leads to what AWS answered.
func (s *stranger) Unwrap() error { return s.err }

// explain says why AWS does not know the credentials. A region that an account must enable first knows nobody's until
// then (engine/AWS.md, Regions).
func (s *stranger) explain(f *fail.Error) {
	const where = "enable it in the AWS console (Account, AWS Regions), or choose another region"
	if p := Partition(s.region); p != "aws" {
		f.Remedy = fmt.Sprintf("%s is in %s, which has its own accounts and keys: use those, or another region", s.region, partitionName(p))
		return
	}
	r, known := catalog.Regions().Region(s.region)
	switch {
	case !known || !r.OptIn:
	case s.elsewhere:
		f.Cause = fmt.Sprintf("the region %s (%s) is not enabled in this account", r.Code, r.Name)
		f.Remedy = where
	default:
		f.Cause = fmt.Sprintf("AWS does not accept the credentials in %s (%s), a region that an account must enable first", r.Code, r.Name)
		f.Remedy = "if aws sts get-caller-identity --region us-east-1 works with them, " + where + "; else correct the profile or the keys"
	}
}

// strange tells an error of credentials that AWS does not know from others, and where it does know them.
func (l *login) strange(ctx context.Context, err error) error {
	var known *stranger
	if !Rejected(err) || errors.As(err, &known) {
		return err
	}
	s := &stranger{region: l.cfg.Region, err: err}
	if r, ok := catalog.Regions().Region(s.region); ok && r.OptIn {
		s.elsewhere = l.atHome(ctx)
	}
	return s
}

// atHome says once whether AWS knows the credentials in a region that every account has.
func (l *login) atHome(ctx context.Context) bool {
	l.homeOnce.Do(func() {
		cfg := l.cfg.Copy()
		cfg.Region = "us-east-1"
		_, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		l.home = err == nil
	})
	return l.home
}

// partitionName is what people call a partition.
func partitionName(partition string) string {
	switch partition {
	case "aws-cn":
		return "AWS China"
	case "aws-us-gov":
		return "AWS GovCloud (US)"
	}
	return partition
}

// skewed are the words with which AWS refuses a signature because of its time: the time of the signature, and AWS's.
var skewed = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`Signature (?:expired|not yet current): (\d{8}T\d{6}Z) is .* than \d{8}T\d{6}Z \((\d{8}T\d{6}Z)`)
})

// skew is how far the clock of this machine is ahead of AWS's, as an answer of AWS shows. The SDK sets that right by
// itself where AWS's answer has a date.
func skew(err error) (ahead time.Duration, wrong bool) {
	const form = "20060102T150405Z"
	m := skewed().FindStringSubmatch(Message(err))
	if m == nil {
		return 0, Is(err, "RequestTimeTooSkewed", "RequestInTheFuture")
	}
	ours, bad := time.Parse(form, m[1])
	theirs, worse := time.Parse(form, m[2])
	if bad != nil || worse != nil {
		return 0, true
	}
	return ours.Sub(theirs), true
}

// explainSkew says that the clock of this machine is wrong, and by how much.
func explainSkew(f *fail.Error, ahead time.Duration) {
	f.Class, f.Cause = fail.Refused, "the clock of this machine is wrong"
	switch {
	case ahead > 0:
		f.Cause += fmt.Sprintf(": %s fast", ahead.Round(time.Minute))
	case ahead < 0:
		f.Cause += fmt.Sprintf(": %s slow", (-ahead).Round(time.Minute))
	}
	f.Remedy = "set it (timedatectl set-ntp true on Linux, Date & Time in the settings elsewhere), then run the same command again"
}

// retrieve gets credentials, and says on failure whose they were to be.
func retrieve(ctx context.Context, p aws.CredentialsProvider, profile string) (aws.Credentials, error) {
	c, err := p.Retrieve(ctx)
	if err != nil && ctx.Err() == nil {
		err = &unsigned{profile: chosenProfile(profile), err: err}
	}
	return c, err
}
