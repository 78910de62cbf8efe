package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/encoding/cbor"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"berth/engine"
	"berth/engine/cloud"
)

// crowd refuses a share of all calls for being too many, in the words that each protocol has for that on the wire: the SDK's
// own readers make errors of them.
type crowd struct {
	share float64

	mu      sync.Mutex
	random  *rand.Rand
	refused map[string]int // by protocol
}

func newCrowd(share float64, seed uint64) *crowd {
	return &crowd{share: share, random: rand.New(rand.NewPCG(seed, 7)), refused: map[string]int{}} //nolint:gosec // chance, not secrecy
}

// around puts the crowd before the account of an environment.
func (c *crowd) around(env cloud.Environment) cloud.Environment {
	config := env.Config
	env.Config = func(ctx context.Context, s cloud.Settings) (aws.Config, error) {
		cfg, err := config(ctx, s)
		cfg.APIOptions = append(slices.Clone(cfg.APIOptions), func(stack *middleware.Stack) error {
			reader, ok := stack.Deserialize.Get("OperationDeserializer")
			wrapper, wraps := stack.Deserialize.Get("ResponseErrorWrapper")
			if !ok || !wraps {
				return fmt.Errorf("the SDK reads answers in another way: %v", stack.Deserialize.List())
			}
			return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("test.crowd", func(
				ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
			) (middleware.DeserializeOutput, middleware.Metadata, error) {
				answer, err := c.answer(ctx, in.Request)
				if err != nil {
					return middleware.DeserializeOutput{}, middleware.Metadata{}, err
				}
				if answer == nil {
					return next.HandleDeserialize(ctx, in)
				}
				raw := middleware.DeserializeHandlerFunc(func(context.Context, middleware.DeserializeInput) (
					out middleware.DeserializeOutput, md middleware.Metadata, err error,
				) {
					out.RawResponse = answer
					return out, md, nil
				})
				read := middleware.DeserializeHandlerFunc(func(ctx context.Context, in middleware.DeserializeInput) (
					middleware.DeserializeOutput, middleware.Metadata, error,
				) {
					return reader.HandleDeserialize(ctx, in, raw)
				})
				return wrapper.HandleDeserialize(ctx, in, read)
			}), middleware.Before)
		})
		return cfg, err
	}
	return env
}

// refuses says whether a call is one too many: the first in each protocol is, so that none goes without.
func (c *crowd) refuses(protocol string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.random.Float64() >= c.share && c.refused[protocol] > 0 {
		return false
	}
	c.refused[protocol]++
	return true
}

// answer is the refusal as AWS sends it for the protocol of the request, nil when the call is let through.
func (c *crowd) answer(ctx context.Context, request any) (*smithyhttp.Response, error) {
	r, ok := request.(*smithyhttp.Request)
	if !ok {
		return nil, fmt.Errorf("a request of type %T", request)
	}
	service, kind := awsmiddleware.GetServiceID(ctx), r.Header.Get("Content-Type")
	protocol, status, code, body := "rest-json", 429, "ThrottlingException", `{"message":"Rate exceeded"}`
	header := http.Header{"Content-Type": {"application/json"}, "X-Amzn-Requestid": {"5b1d5b3c"}}
	xml := func(form string) string { return `<?xml version="1.0" encoding="UTF-8"?>` + "\n" + form }
	switch {
	case r.Header.Get("Smithy-Protocol") == "rpc-v2-cbor":
		protocol, status = "rpc-v2-cbor", 400
		body = string(cbor.Encode(cbor.Map{"__type": cbor.String("com.amazonaws#" + code), "message": cbor.String("Rate exceeded")}))
		header.Set("Content-Type", "application/cbor")
		header.Set("Smithy-Protocol", "rpc-v2-cbor")
	case r.Header.Get("X-Amz-Target") != "":
		protocol, status = "json "+strings.TrimPrefix(kind, "application/x-amz-json-"), 400
		if service == "ServiceDiscovery" {
			code = "RequestLimitExceeded"
		}
		body = fmt.Sprintf(`{"__type":"com.amazonaws.%s#%s","message":"Rate exceeded"}`, strings.ToLower(service), code)
		header.Set("Content-Type", kind)
	case service == "EC2":
		protocol, status = "ec2", 503
		body = xml(`<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>Request limit exceeded.</Message></Error></Errors>` +
			`<RequestID>5b1d5b3c</RequestID></Response>`)
	case strings.HasPrefix(kind, "application/x-www-form-urlencoded"):
		protocol, status = "query", 400
		body = xml(`<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error>` +
			`<RequestId>5b1d5b3c</RequestId></ErrorResponse>`)
	case service == "S3":
		protocol, status = "S3", 503
		body = xml(`<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message><RequestId>5b1d5b3c</RequestId></Error>`)
		if r.Method == http.MethodHead {
			body = ""
		}
	case service == "CloudFront" || service == "Route 53":
		protocol, status = "rest-xml", 400
		body = xml(`<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error>` +
			`<RequestId>5b1d5b3c</RequestId></ErrorResponse>`)
	default:
		header.Set("X-Amzn-Errortype", code+":http://internal.amazon.com/coral/com.amazon.coral.availability/")
	}
	if !c.refuses(protocol) {
		return nil, nil //nolint:nilnil // let through
	}
	return &smithyhttp.Response{Response: &http.Response{
		StatusCode: status, Header: header, Body: io.NopCloser(bytes.NewReader([]byte(body))), ContentLength: int64(len(body)),
	}}, nil
}

// crowded is the app behind a crowd.
func (h *harbor) crowded(c *crowd) *harbor {
	env := h.account.Environment()
	env.PollEvery = slowPoll
	h.engine = engine.Open(engine.Options{Environment: c.around(env), Builder: h.account.Builder()})
	return h
}

// A third of all calls is refused in each protocol's own words, and answers get lost: whole lives of the fullest apps end as
// without all that, and leave nothing.
func TestThrottlingInEachProtocol(t *testing.T) {
	c := newCrowd(0.3, 1)
	for _, name := range slices.Sorted(maps.Keys(fullest)) {
		t.Run(name, func(t *testing.T) {
			life := func(t *testing.T, crowded bool) (there []string) {
				synctest.Test(t, func(t *testing.T) {
					h := fullest[name](t)
					before := h.left()
					if crowded {
						h.account.SetFaults(fault(t, "lost=0.05"))
						h.crowded(c)
					}
					for range 2 {
						res, events := h.tryDeploy()
						for tries := 1; res.Err != nil && tries < 4; tries++ {
							t.Logf("once more: %v", res.Err)
							res, events = h.tryDeploy()
						}
						h.must(res, events)
						write(t, h.spec.Dir, "server", "version 2")
						time.Sleep(time.Hour)
					}
					h.look()
					h.account.SetFaults()
					there = kinds(h.left())
					h.must(h.apply(h.plan(engine.Request{Destroy: true})))
					if left := h.left(); !slices.Equal(left, before) {
						t.Errorf("before %v, left %v", before, left)
					}
				})
				return there
			}
			if want, got := life(t, false), life(t, true); !slices.Equal(got, want) {
				t.Errorf("there is\n%v\nand without refusals\n%v", got, want)
			}
		})
	}
	t.Logf("refused, by protocol: %v", c.refused)
	for _, p := range []string{"ec2", "query", "rest-xml", "S3", "rest-json", "json 1.1", "rpc-v2-cbor"} {
		if c.refused[p] == 0 {
			t.Errorf("nothing was refused in %s", p)
		}
	}
}

// Runs that are cut short in a crowd converge as they do without one.
func TestCutMatrixInACrowd(t *testing.T) {
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			s.crowd = newCrowd(0.3, 2)
			s.sample(t, 21)
			t.Logf("refused, by protocol: %v", s.crowd.refused)
		})
	}
}
