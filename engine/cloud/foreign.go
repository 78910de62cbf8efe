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

// errorCode is what each protocol's errors have: a code, as XML, JSON or CBOR.
var errorCode = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`<Code>|__type|"(Error|error)?[Cc]ode"`) })

// notOfAWS says whether an answer is that of a server which does not know the call. AWS says that something is not there
// with an error that has a code, and answers with no page for a browser; what gateways say for it is another matter.
func notOfAWS(r *http.Response) (bool, error) {
	page := strings.HasPrefix(r.Header.Get("Content-Type"), "text/html")
	switch r.StatusCode {
	case http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return true, nil
	case http.StatusOK, http.StatusInternalServerError:
		return page, nil
	case http.StatusNotFound:
		if page || r.Header.Get("X-Amzn-Errortype") != "" {
			return page, nil
		}
		body, err := io.ReadAll(io.LimitReader(r.Body, 64<<10))
		r.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(body), r.Body), r.Body}
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) { // one that is cut is told by whoever reads it next
			return false, err
		}
		return err == nil && !errorCode().Match(body), nil
	}
	return false, nil
}
