package sim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// The faults of an answer: the call takes effect, and what comes back tells nothing.
const (
	faultSilent  faultKind = "silent"
	faultGarbled faultKind = "garbled"
	faultBusy    faultKind = "busy"
)

// answered says what comes back of a call that took effect, when the fault is one of an answer.
func (a *Account) answered(i int, f Fault, rec *Call) error {
	hit := false
	switch {
	case f.target == "":
		hit = chance(a.seed, fmt.Sprintf("%s %s#%d", f.kind, rec.Action(), a.nth[rec.Action()])) < f.factor
	case f.matches(rec.Action()) && !a.spent[i]:
		a.spent[i], hit = true, true
	}
	if !hit {
		return nil
	}
	switch f.kind {
	case faultSilent:
		return errSilent
	case faultGarbled:
		return cutShort()
	default:
		return proxied(a.nth[rec.Action()])
	}
}

// errSilent has a call wait until its caller gives up.
var errSilent = errors.New("sim: no answer")

// noAnswer waits until the caller gives up, as an open connection does that nothing comes on.
func noAnswer(ctx context.Context) error {
	<-ctx.Done()
	return &smithy.CanceledError{Err: ctx.Err()}
}

// cutShort is what the SDK makes of an answer whose connection ended in its midst.
func cutShort() error {
	return answeredWith(http.StatusOK, &smithy.DeserializationError{
		Err: fmt.Errorf("failed to decode response body, %w", io.ErrUnexpectedEOF), Snapshot: []byte(`{"clus`),
	})
}

// proxied is what the SDK makes of the nth answer of a proxy: a page, nothing, or an error with a code of its own.
func proxied(n int) error {
	switch n % 3 {
	case 0:
		return answeredWith(http.StatusBadGateway, &smithy.GenericAPIError{Code: "UnknownError", Message: "UnknownError"})
	case 1:
		return answeredWith(http.StatusServiceUnavailable, &smithy.GenericAPIError{Code: "Unavailable", Message: "the server is overloaded"})
	default:
		return answeredWith(http.StatusGatewayTimeout, &smithy.DeserializationError{
			Err: errors.New("XML syntax error"), Snapshot: []byte("<!DOCTYPE html><html><body>timeout</body></html>"),
		})
	}
}

// answeredWith wraps an error in the response that it came with.
func answeredWith(status int, err error) error {
	return &awshttp.ResponseError{ResponseError: &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status, Header: http.Header{}}}, Err: err,
	}}
}
