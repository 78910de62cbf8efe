package cloud

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/efs"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"

	"berth/engine/fail"
)

// strangers are the ways in which an endpoint says that it does not know what it was asked.
var strangers = map[string]string{
	"404 empty":      whole(404, "text/plain", ""),
	"404 text":       whole(404, "text/plain", "404 page not found\n"),
	"404 page":       whole(404, "text/html", "<!DOCTYPE html><html><title>404 Not Found</title></html>"),
	"404 html":       whole(404, "text/html", "<html><body><h1>Not Found</h1></body></html>"),
	"404 JSON":       whole(404, "application/json", `{"detail":"Not Found"}`),
	"405 empty":      whole(405, "text/plain", ""),
	"405 page":       whole(405, "text/html", "<!doctype html>\n<html><title>405 Method Not Allowed</title></html>"),
	"501 empty":      whole(501, "text/plain", ""),
	"501 emulator":   whole(501, "application/json", `{"__type":"InternalFailure","message":"API for service 'x' not yet implemented or pro feature"}`),
	"200 page":       whole(200, "text/html", "<!DOCTYPE html><html><body>welcome</body></html>"),
	"200 html":       whole(200, "text/html; charset=utf-8", "\n<html lang=en><body>welcome</body></html>"),
	"unknown in 400": whole(400, "application/x-amz-json-1.1", `{"__type":"com.amazon.coral.service#UnknownOperationException"}`),
}

// more are calls of the protocols that the others are not of.
var more = map[string]func(context.Context, *Clients) error{
	"rest-json": func(ctx context.Context, c *Clients) error {
		_, err := c.EFS.DescribeFileSystems(ctx, &efs.DescribeFileSystemsInput{})
		return err
	},
	"rest-json with a label": func(ctx context.Context, c *Clients) error {
		_, err := c.Schedules.GetSchedule(ctx, &scheduler.GetScheduleInput{Name: new("x")})
		return err
	},
	"cbor": func(ctx context.Context, c *Clients) error {
		_, err := c.CloudWatch.ListMetrics(ctx, &cloudwatch.ListMetricsInput{})
		return err
	},
}

// An endpoint that does not know a service is told as one, in each protocol and however it says so, after one call.
func TestAnEndpointThatDoesNotKnowAService(t *testing.T) {
	all := more
	for protocol, x := range calls {
		all[protocol] = x.call
	}
	for name, answer := range strangers {
		for protocol, call := range all {
			if name == "unknown in 400" && protocol != "json" {
				continue
			}
			t.Run(name+"/"+protocol, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c, e := to(t, answer)
					err := call(t.Context(), c)
					if !Unknown(err) || e.asked != 1 {
						t.Errorf("asked %d times, unknown %v: %v", e.asked, Unknown(err), err)
					}
					if err == nil {
						return
					}
					if f := fail.From(Explain("look", err)); !strings.Contains(f.Cause, "this endpoint does not support ") {
						t.Errorf("told as %q", f.Cause)
					}
				})
			})
		}
	}
}

// An answer to HEAD has no body: a 404 without a code is all that S3 says of a bucket that is not there.
func TestAnAnswerToHeadNeedsNoCode(t *testing.T) {
	for _, kind := range []string{"application/xml", "text/html; charset=utf-8"} {
		synctest.Test(t, func(t *testing.T) {
			c, _ := to(t, "HTTP/1.1 404 Not Found\r\nContent-Type: "+kind+"\r\n\r\n")
			_, err := c.S3.HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: new("uploads")})
			if !NotFound(err) || Unknown(err) {
				t.Errorf("%s: %v", kind, err)
			}
		})
	}
}

// Nor does it say which permission is missing, and that one is not called as the operation is.
func TestADeniedHeadNamesTheAction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := to(t, "HTTP/1.1 403 Forbidden\r\nContent-Type: application/xml\r\n\r\n")
		_, err := c.S3.HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: new("uploads")})
		if action, _ := DeniedAction(err); !Denied(err) || action != "s3:ListBucket" {
			t.Errorf("denied %v, of %q: %v", Denied(err), action, err)
		}
	})
}

// An emulator may give the right answer under a wrong content type.
func TestAnAnswerIsReadWhateverItIsCalled(t *testing.T) {
	for protocol, x := range calls {
		synctest.Test(t, func(t *testing.T) {
			c, _ := to(t, whole(200, "text/html; charset=utf-8", x.good))
			if err := x.call(t.Context(), c); err != nil {
				t.Errorf("%s: %v", protocol, err)
			}
		})
	}
}

// What is not there is not a service that is not there.
func TestNotFoundIsNoUnknownService(t *testing.T) {
	for protocol, answer := range map[string]string{
		"rest-json": strings.Replace(whole(404, "application/json", `{"ErrorCode":"FileSystemNotFound","Message":"no"}`),
			"Content-Type", "X-Amzn-Errortype: FileSystemNotFound\r\nContent-Type", 1),
		"rest-json with a label": strings.Replace(whole(404, "application/json", `{"Message":"Schedule x does not exist."}`),
			"Content-Type", "X-Amzn-Errortype: ResourceNotFoundException\r\nContent-Type", 1),
		"rest-xml": whole(404, "text/xml", `<ErrorResponse><Error><Code>NoSuchDistribution</Code><Message>no</Message></Error></ErrorResponse>`),
		"query":    whole(404, "text/xml", `<ErrorResponse><Error><Code>NoSuchEntity</Code><Message>no</Message></Error></ErrorResponse>`),
	} {
		synctest.Test(t, func(t *testing.T) {
			c, _ := to(t, answer)
			call := more[protocol]
			if call == nil {
				call = calls[protocol].call
			}
			if err := call(t.Context(), c); !NotFound(err) || Unknown(err) {
				t.Errorf("%s: not found %v, unknown %v: %v", protocol, NotFound(err), Unknown(err), err)
			}
		})
	}
}
