package sim

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"syscall"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// apiErr is an error of a service that has no modelled type for it: EC2 has none at all.
func apiErr(code, format string, args ...any) error {
	return &smithy.GenericAPIError{Code: code, Message: fmt.Sprintf(format, args...), Fault: smithy.FaultClient}
}

// msg is the message of a modelled error type.
func msg(format string, args ...any) *string { return new(fmt.Sprintf(format, args...)) }

// ErrCut is what every call gets after a cut fault: the way to AWS is gone for good.
var ErrCut = errors.New("sim: the connection to AWS was cut")

// cutError is not retried by the SDK: waiting would not help.
type cutError struct{ after int }

// Error implements error.
func (e *cutError) Error() string { return fmt.Sprintf("%v at call %d", ErrCut, e.after) }

// Unwrap lets errors.Is find ErrCut.
func (e *cutError) Unwrap() error { return ErrCut }

// RetryableError keeps the SDK from trying again.
func (e *cutError) RetryableError() bool { return false }

// ConnectionError is the SDK's mark for a connection that broke.
func (e *cutError) ConnectionError() bool { return true }

// lostResponse is what a caller sees when the answer does not arrive. The SDK takes it for a broken
// connection and tries again, as it would.
func lostResponse() error {
	return &smithyhttp.RequestSendError{Err: fmt.Errorf("read tcp: %w", syscall.ECONNRESET)}
}

// wrap gives an API error the response around it that the SDK's own deserializers give it.
func wrap(err error, requestID string) error {
	var api smithy.APIError
	var whole *awshttp.ResponseError
	if !errors.As(err, &api) || errors.As(err, &whole) {
		return err
	}
	return &awshttp.ResponseError{
		RequestID: requestID,
		ResponseError: &smithyhttp.ResponseError{
			Response: &smithyhttp.Response{Response: &http.Response{StatusCode: httpStatus(api), Header: http.Header{}}},
			Err:      err,
		},
	}
}

// httpStatus is the HTTP status that goes with an error code.
func httpStatus(api smithy.APIError) int {
	code := api.ErrorCode()
	switch {
	case code == "RequestLimitExceeded" || code == "ServiceUnavailable":
		return http.StatusServiceUnavailable
	case api.ErrorFault() == smithy.FaultServer:
		return http.StatusInternalServerError
	case code == "TooManyRequestsException":
		return http.StatusTooManyRequests
	case strings.HasPrefix(code, "AccessDenied") || code == "UnauthorizedOperation" || code == "Forbidden":
		return http.StatusForbidden
	case strings.HasPrefix(code, "NoSuch"):
		return http.StatusNotFound
	case strings.HasPrefix(code, "ExpiredToken") || code == "InvalidClientTokenId" || code == "RequestExpired":
		return http.StatusForbidden
	case code == "PreconditionFailed":
		return http.StatusPreconditionFailed
	}
	return http.StatusBadRequest
}

// deniedError is what a caller without the permission sees; the shape differs by service.
func deniedError(service, action, principal string) error {
	text := fmt.Sprintf("User: %s is not authorized to perform: %s on resource: * because no identity-based policy allows the %s action",
		principal, action, action)
	switch serviceNamed(service).protocol {
	case speaksEC2:
		return apiErr("UnauthorizedOperation", "You are not authorized to perform this operation. %s", text)
	case speaksQuery:
		return apiErr("AccessDenied", "%s", text)
	}
	return apiErr("AccessDeniedException", "%s", text)
}

// throttledError is what a caller sees who calls too often.
func throttledError(service string) error {
	switch serviceNamed(service).protocol {
	case speaksEC2:
		return apiErr("RequestLimitExceeded", "Request limit exceeded.")
	case speaksQuery:
		return apiErr("Throttling", "Rate exceeded")
	}
	return apiErr("ThrottlingException", "Rate exceeded")
}

// expiredError is what a caller with credentials past their time sees.
func expiredError(service string) error {
	switch serviceNamed(service).protocol {
	case speaksEC2:
		return apiErr("RequestExpired", "Request has expired.")
	case speaksQuery:
		return apiErr("ExpiredToken", "The security token included in the request is expired")
	}
	return apiErr("ExpiredTokenException", "The security token included in the request is expired")
}
