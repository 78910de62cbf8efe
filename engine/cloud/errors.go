package cloud

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go"

	"berth/engine/fail"
)

// Code is the AWS error code in err's chain, such as "DependencyViolation"; empty when there is none.
func Code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// Message is the AWS error message in err's chain; empty when there is none.
func Message(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorMessage()
	}
	return ""
}

// Is says whether err is an AWS error with one of the codes.
func Is(err error, codes ...string) bool {
	c := Code(err)
	return c != "" && slices.Contains(codes, c)
}

// NotFound says whether err means that the thing asked for does not exist. EC2 codes end in NotFound with a
// dot before it; query services leave out the Exception suffix (engine/AWS.md, Settling).
func NotFound(err error) bool {
	c := strings.TrimSuffix(Code(err), "Exception")
	if c == "" {
		return false
	}
	return strings.HasSuffix(c, "NotFound") || strings.HasSuffix(c, "NotFoundFault") ||
		strings.HasPrefix(c, "NoSuch") || c == "ResourceNotFound" || c == "WAFNonexistentItem" ||
		c == "InvalidARN" // ElastiCache's, of an ARN that it gave itself and that is of nothing any more
}

// Unknown says whether err means that the endpoint does not know the operation at all, as an emulator of
// the AWS APIs may answer.
func Unknown(err error) bool {
	if err == nil || between(err) {
		return false
	}
	if Is(err, "UnknownOperationException", "InvalidAction", "UnknownOperation", "NotImplemented", "501") {
		return true
	}
	var f *foreign
	return errors.As(err, &f) || status(err) == http.StatusNotImplemented || webPage(err)
}

// webPage says whether the answer was a page for a browser, as a web framework makes it for what it has no
// handler for. No AWS API answers so.
func webPage(err error) bool {
	var x *xml.SyntaxError // how the query protocols fail on such a page
	if errors.As(err, &x) && status(err) == http.StatusInternalServerError {
		return true
	}
	var d *smithy.DeserializationError
	return errors.As(err, &d) && strings.HasPrefix(strings.ToLower(strings.TrimSpace(string(d.Snapshot))), "<!doctype html")
}

// serverError says whether the service failed, or what stands before it: not because of the call, and not because of
// too many.
func serverError(err error) bool {
	return between(err) || Is(err, "InternalError", "InternalFailure", "ServerException", "ServiceUnavailable", "InternalServerError")
}

// Operation names the API operation in err's chain as service:Operation, such as "ecs:CreateService".
func Operation(err error) string {
	var op *smithy.OperationError
	if errors.As(err, &op) {
		return iamPrefix(op.Service()) + ":" + op.Operation()
	}
	return ""
}

var (
	expired = []string{"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
	invalid = []string{
		"InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure", "SignatureDoesNotMatch",
		"InvalidAccessKeyId", "IncompleteSignature",
	}
	denied = []string{
		"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "UnauthorizedException",
		"AuthorizationError", "Forbidden",
	}
)

var notAuthorized = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`not authorized to perform: ([\w-]+:\w+)(?: on resource: (\S+))?`)
})

// gone are the SDK's words for a sign-in that is over: temporary keys, and the two kinds of SSO profiles.
var gone = []string{"token has expired", "the SSO session has expired or is invalid", "refresh cached SSO token failed"}

// Denied says whether err means that a permission is missing.
func Denied(err error) bool { return Is(err, denied...) }

// Rejected says whether err means that the credentials are not known, as in a region that the account has not enabled.
func Rejected(err error) bool { return Is(err, invalid...) }

// Expired says whether err means that the credentials ran out.
func Expired(err error) bool {
	if err == nil {
		return false
	}
	text := err.Error()
	return Is(err, expired...) || slices.ContainsFunc(gone, func(s string) bool { return strings.Contains(text, s) })
}

// DeniedAction is the IAM action that err says is missing, and the resource when it is named.
func DeniedAction(err error) (action, resource string) {
	if m := notAuthorized().FindStringSubmatch(Message(err)); m != nil {
		return m[1], strings.TrimSuffix(m[2], ".")
	}
	return iamAction(Operation(err)), ""
}

// Explain turns an error of the SDK into the failure that people read: doing names what was tried, such as
// "create load balancer". Context errors and failures that were explained already pass through.
func Explain(doing string, err error) error {
	var done *fail.Error
	if err == nil || errors.As(err, &done) || errors.Is(err, context.Canceled) || errors.Is(err, ErrStopped) {
		return err
	}
	f := &fail.Error{Class: fail.Failed, Cause: "cannot " + doing, Evidence: evidence(err), Err: err}
	var profile config.SharedConfigProfileNotExistError
	var silent *silence
	var none *unsigned
	var unknown *stranger
	ahead, wrongClock := skew(err)
	switch {
	case errors.As(err, &profile):
		f.Class, f.Cause, f.Evidence = fail.Usage, "there is no AWS profile "+profile.Profile, ""
		f.Remedy = "aws configure list-profiles lists the profiles; choose one of them with --profile"
	case wrongClock:
		explainSkew(f, ahead)
	case errors.As(err, &none) && none.explain(f):
	case Expired(err):
		f.Class, f.Cause = fail.Refused, "the AWS credentials have expired"
		f.Remedy = "sign in again (aws sso login, or fetch fresh keys) and run the same command; it continues"
	case Rejected(err):
		f.Class, f.Cause = fail.Refused, "AWS does not accept the credentials"
		f.Remedy = "check the profile or the access key with: aws sts get-caller-identity"
		if errors.As(err, &unknown) {
			unknown.explain(f)
		}
	case Is(err, "OptInRequired", "SubscriptionRequiredException"):
		f.Cause = "this AWS account is not fully activated for " + serviceOf(err)
		f.Remedy = "finish the account's activation (payment method, phone check), then run the same command again"
	case Denied(err):
		missing, res := DeniedAction(err)
		f.Cause = fmt.Sprintf("cannot %s: the permission %s is missing", doing, missing)
		f.Remedy = "ask for " + missing + " to be allowed" + onResource(res) + ", then run the same command again"
	case Unknown(err):
		f.Cause = fmt.Sprintf("cannot %s: this endpoint does not support %s", doing, Operation(err))
		f.Remedy = "use AWS itself, or an emulator that has this operation"
	case Throttled(err):
		f.Cause = fmt.Sprintf("cannot %s: AWS is throttling calls", doing)
		f.Remedy = "run the same command again in a minute; it continues from here"
	case ofThisMachine(err):
		f.Remedy = "this is about a file on this machine, not about AWS: fix it, then run the same command again"
		if errors.Is(err, syscall.ENOSPC) {
			f.Cause = fmt.Sprintf("cannot %s: the disk of this machine is full", doing)
			f.Remedy = "free some disk space, then run the same command again; it continues from here"
		}
	case errors.As(err, &silent):
		f.Cause = fmt.Sprintf("cannot %s: AWS does not answer", doing)
		f.Remedy = "check whether a firewall, a proxy or a VPN blocks the connection, then run the same command again; it continues"
	case between(err):
		f.Cause = fmt.Sprintf("cannot %s: AWS cannot answer at the moment", doing)
		f.Remedy = "run the same command again in a minute; it continues from here"
	case unreachable(err) || disconnected(err):
		f.Cause = fmt.Sprintf("cannot %s: AWS cannot be reached", doing)
		f.Remedy = "check the network and the region, then run the same command again; it continues"
	}
	if f.Remedy == "" {
		f.Remedy = "fix what AWS reports, then run the same command again; it continues from here"
	}
	return f
}

func onResource(res string) string {
	if res == "" {
		return ""
	}
	return " on " + res
}

func serviceOf(err error) string {
	s, _, _ := strings.Cut(Operation(err), ":")
	return s
}

// evidence is the shortest text that proves err: AWS's own code and message when there are some.
func evidence(err error) string {
	if between(err) { // the code and the message, if any, are those of a proxy
		return fmt.Sprintf("%s answered %d %s", Operation(err), status(err), http.StatusText(status(err)))
	}
	if c := Code(err); c != "" {
		if op := Operation(err); op != "" {
			return fmt.Sprintf("%s answered %s: %s", op, c, Message(err))
		}
		return c + ": " + Message(err)
	}
	return err.Error()
}

func unreachable(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) && !ofThisMachine(err) || errors.Is(err, context.DeadlineExceeded)
}

// ofThisMachine says whether err is one of a file. The system's error numbers count as network errors, whatever they
// are about, so that only what they are wrapped in tells.
func ofThisMachine(err error) bool {
	var path *fs.PathError
	var link *os.LinkError
	var op *net.OpError
	return (errors.As(err, &path) || errors.As(err, &link)) && !errors.As(err, &op)
}

// Disconnected says whether the connection to AWS broke, or there is none.
func Disconnected(err error) bool { return disconnected(err) || unreachable(err) }

// disconnected says whether the connection broke, by the SDK's own mark for it.
func disconnected(err error) bool {
	var c interface{ ConnectionError() bool }
	return errors.As(err, &c) && c.ConnectionError()
}

// WhyNot is half a sentence on why a question was not answered: the permission that is missing, an operation
// that the endpoint does not know, no answer in time, or what AWS said.
func WhyNot(err error) string {
	switch {
	case Denied(err):
		action, _ := DeniedAction(err)
		return "the permission " + action + " is missing"
	case Unknown(err):
		return "this endpoint does not support " + Operation(err)
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer in time"
	}
	return evidence(err)
}

// Refused turns the failure of a look into a refusal when a permission for it is missing: nothing was changed.
// Other errors, and none, come back as they are.
func Refused(err error) error {
	if err == nil || !Denied(err) {
		return err
	}
	f := *fail.From(err)
	f.Class = fail.Refused
	return &f
}
