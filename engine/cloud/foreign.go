package cloud

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// foreign is the error of an answer that no AWS API gives: that of a server which does not know what it was asked, as
// emulators answer for services that they lack.
type foreign struct {
	status int
	kind   string // its content type
}

// Error says what came back.
func (f *foreign) Error() string {
	if f.kind == "" {
		return fmt.Sprintf("the answer is not one of AWS: %d %s", f.status, http.StatusText(f.status))
	}
	return fmt.Sprintf("the answer is not one of AWS: %d %s, %s", f.status, http.StatusText(f.status), f.kind)
}

// HTTPStatusCode is the status of the answer.
func (f *foreign) HTTPStatusCode() int { return f.status }

// installForeign looks at each answer before the SDK reads it: some protocols read a page for a browser as an empty
// list, and others take it for an answer that got damaged, to be asked for again.
func installForeign(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("berth:foreign", func(
		ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
	) (middleware.DeserializeOutput, middleware.Metadata, error) {
		out, md, err := next.HandleDeserialize(ctx, in)
		if err != nil {
			return out, md, err
		}
		resp, ok := out.RawResponse.(*smithyhttp.Response)
		if !ok {
			return out, md, nil
		}
		strange, err := notOfAWS(resp.Response)
		if err == nil && strange {
			_ = resp.Body.Close()
			err = &foreign{status: resp.StatusCode, kind: resp.Header.Get("Content-Type")}
		}
		return out, md, err
	}), middleware.After)
}

// looked is how many bytes of an answer are looked at.
const looked = 64 << 10

// errorCode is what each protocol's errors have: a code, as XML, JSON or CBOR.
var errorCode = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`<Code>|__type|"(Error|error)?[Cc]ode"`) })

// notOfAWS says whether an answer is that of a server which does not know the call. AWS says that something is not there
// with an error that has a code, and answers with no page for a browser; what gateways say for it is another matter. A
// server that is none of AWS's may call anything text/html, so that the body decides.
// An answer to HEAD has no body to go by.
func notOfAWS(r *http.Response) (bool, error) {
	switch r.StatusCode {
	case http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return true, nil
	case http.StatusOK, http.StatusInternalServerError:
		if !strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") {
			return false, nil
		}
	case http.StatusNotFound:
		if r.Header.Get("X-Amzn-Errortype") != "" {
			return false, nil
		}
	default:
		return false, nil
	}
	if r.Request != nil && r.Request.Method == http.MethodHead {
		return false, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, looked))
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(body), r.Body), r.Body}
	if errors.Is(err, io.ErrUnexpectedEOF) { // cut short, which whoever reads it next tells
		return false, nil
	}
	if err != nil {
		return false, err
	}
	start := strings.ToLower(strings.TrimSpace(string(body[:min(len(body), 100)])))
	page := strings.HasPrefix(start, "<!doctype html") || strings.HasPrefix(start, "<html")
	return page || r.StatusCode == http.StatusNotFound && !errorCode().Match(body), nil
}
