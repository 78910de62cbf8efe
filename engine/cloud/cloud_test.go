package cloud

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/smithy-go"

	"berth/engine/clock"
	"berth/engine/fail"
)

func apiError(code, message string) error {
	return &smithy.OperationError{
		ServiceID: "ECS", OperationName: "CreateService", Err: &smithy.GenericAPIError{Code: code, Message: message},
	}
}

func TestPollGivesUpWithWhatItSawLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		looks := 0
		start := time.Now()
		err := Poll(t.Context(), clock.Clock{}, Wait{For: "the tide", Every: 3 * time.Second, Deadline: time.Minute},
			func(context.Context) (bool, string, error) { looks++; return false, fmt.Sprintf("look %d", looks), nil })
		var f *fail.Error
		if !errors.As(err, &f) || f.Class != fail.Failed || !strings.Contains(f.Cause, "gave up waiting for the tide after 1m") {
			t.Fatalf("got %v", err)
		}
		if f.Evidence != fmt.Sprintf("look %d", looks) {
			t.Errorf("evidence %q after %d looks", f.Evidence, looks)
		}
		if looks < 18 || looks > 24 {
			t.Errorf("%d looks in %s", looks, time.Since(start))
		}
	})
}

func TestPollLooksAgainWhenThrottledButNotWhenDenied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		looks := 0
		err := Poll(t.Context(), clock.Clock{}, Wait{For: "x", Deadline: time.Hour},
			func(context.Context) (bool, string, error) {
				if looks++; looks < 5 {
					return false, "", apiError("ThrottlingException", "Rate exceeded")
				}
				return true, "", nil
			})
		if err != nil || looks != 5 {
			t.Errorf("err %v after %d looks", err, looks)
		}
		denied := apiError("AccessDeniedException", "no")
		looks = 0
		err = Poll(t.Context(), clock.Clock{}, Wait{For: "x", Deadline: time.Hour},
			func(context.Context) (bool, string, error) { looks++; return false, "", denied })
		if !errors.Is(err, denied) || looks != 1 {
			t.Errorf("err %v after %d looks", err, looks)
		}
	})
}

func TestRetryKnowsItsRows(t *testing.T) {
	rows := []Retryable{{Code: "InvalidParameterException", Contains: "service linked role", For: time.Minute}}
	for _, c := range []struct {
		name  string
		err   error
		again bool
	}{
		{"the row", apiError("InvalidParameterException", "Unable to assume the service linked role."), true},
		{"another message", apiError("InvalidParameterException", "bad subnet"), false},
		{"another code", apiError("ClientException", "service linked role"), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start, tries := time.Now(), 0
				err := Retry(t.Context(), clock.Clock{}, rows, func(context.Context) error { tries++; return c.err })
				if !errors.Is(err, c.err) {
					t.Errorf("got %v", err)
				}
				if took := time.Since(start); c.again != (tries > 1) || c.again && (took < time.Minute || took > 75*time.Second) {
					t.Errorf("%d tries in %s", tries, took)
				}
			})
		})
	}
}

func TestStopEndsAWaitAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop := make(chan struct{})
		ctx := WithStop(t.Context(), stop)
		time.AfterFunc(10*time.Second, func() { close(stop) })
		start := time.Now()
		err := Poll(ctx, clock.Clock{}, Wait{For: "x", Deadline: time.Hour},
			func(context.Context) (bool, string, error) { return false, "", nil })
		if !errors.Is(err, ErrStopped) || time.Since(start) != 10*time.Second {
			t.Errorf("got %v after %s", err, time.Since(start))
		}
	})
}

func TestExplain(t *testing.T) {
	for _, c := range []struct {
		err         error
		class       fail.Class
		cause, cure string
	}{
		{
			apiError("AccessDeniedException", "User: x is not authorized to perform: ecs:CreateService on resource: arn:aws:ecs:r:1:service/a"),
			fail.Failed, "the permission ecs:CreateService is missing", "on arn:aws:ecs:r:1:service/a",
		},
		{apiError("Forbidden", "Forbidden"), fail.Failed, "is missing", ""}, // all that an answer to HEAD says
		{apiError("ExpiredTokenException", "The security token included in the request is expired"), fail.Refused, "the AWS credentials have expired", "sign in again"},
		{apiError("UnrecognizedClientException", "The security token is invalid"), fail.Refused, "AWS does not accept the credentials", "profile"},
		{apiError("UnknownOperationException", ""), fail.Failed, "this endpoint does not support ecs:CreateService", "emulator"},
		{apiError("ClientException", "No Fargate configuration exists for given values"), fail.Failed, "cannot do it", ""},
		{&fs.PathError{Op: "write", Path: "/tmp/x", Err: syscall.ENOSPC}, fail.Failed, "cannot do it: the disk of this machine is full", "free some disk space"},
		{&fs.PathError{Op: "mkdir", Path: "/tmp/x", Err: syscall.ENOENT}, fail.Failed, "cannot do it", "a file on this machine"},
		{&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, fail.Failed, "cannot do it: AWS cannot be reached", "check the network"},
	} {
		f := fail.From(Explain("do it", c.err))
		if f.Class != c.class || !strings.Contains(f.Cause, c.cause) || !strings.Contains(f.Remedy, c.cure) {
			t.Errorf("%v:\n got %s: %s / %s", c.err, f.Class, f.Cause, f.Remedy)
		}
		if !errors.Is(f, c.err) {
			t.Errorf("%v is not wrapped", c.err)
		}
	}
	if Explain("do it", nil) != nil {
		t.Error("explains nothing")
	}
	if err := Explain("do it", context.Canceled); !errors.Is(err, context.Canceled) || errors.As(err, new(*fail.Error)) {
		t.Error("explains a cancelled context")
	}
}

func TestNotFound(t *testing.T) {
	for code, want := range map[string]bool{
		"NoSuchEntity": true, "LoadBalancerNotFound": true, "InvalidVpcID.NotFound": true, "ClusterNotFoundException": true,
		"ResourceNotFoundException": true, "NoSuchDistribution": true, "RepositoryNotFoundException": true,
		"InvalidARN":   true,
		"AccessDenied": false, "ThrottlingException": false, "": false,
	} {
		if got := NotFound(apiError(code, "")); got != want {
			t.Errorf("%q: %v", code, got)
		}
	}
}
