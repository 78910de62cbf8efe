package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"berth/engine"
	"berth/engine/apimodel"
	"berth/engine/cloud"
	"berth/engine/sim"
	"berth/engine/spec"
)

// models are the API models that AWS publishes, nil when BERTH_TEST_MODELS does not say where they are.
var models = sync.OnceValue(func() *apimodel.Models {
	if dir := os.Getenv("BERTH_TEST_MODELS"); dir != "" {
		return apimodel.Open(dir)
	}
	return nil
})

// checked holds each request that an environment sends against the models, as it would go over the wire.
func checked(t *testing.T, env cloud.Environment) cloud.Environment {
	if models() == nil {
		return env
	}
	w := &wireCheck{wrong: map[string]int{}}
	t.Cleanup(func() { w.tell(t) })
	config := env.Config
	env.Config = func(ctx context.Context, s cloud.Settings) (aws.Config, error) {
		cfg, err := config(ctx, s)
		cfg.APIOptions = append(slices.Clone(cfg.APIOptions), func(stack *middleware.Stack) error {
			return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("test.wire", w.look), middleware.Before)
		})
		return cfg, err
	}
	return env
}

// wireCheck adds up what was sent.
type wireCheck struct {
	mu       sync.Mutex
	requests int
	wrong    map[string]int
}

// newer is what the SDK's edition of the models has (service/ecs 1.104), and botocore 1.43 has not yet: members, and all
// that ECS Gateway has.
var newer = regexp.MustCompile(`has no (member (earlySuccessCriteria|resetOnHealthyTask|thresholdConfiguration|gatewayConnectors)|` +
	`operation (Create|Delete|Describe|List|Update)Gateways?(Routes?|Resources)?|operation (Associate|Disassociate)Gateway(With|From)Cluster)$`)

// operationsSent are those of all checks, with how often each was sent.
var operationsSent sync.Map

func (w *wireCheck) look(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
	middleware.DeserializeOutput, middleware.Metadata, error,
) {
	if err := w.add(ctx, in.Request); err != nil {
		return middleware.DeserializeOutput{}, middleware.Metadata{}, err
	}
	return next.HandleDeserialize(ctx, in)
}

func (w *wireCheck) add(ctx context.Context, request any) error {
	r, ok := request.(*smithyhttp.Request)
	if !ok {
		return fmt.Errorf("a request of type %T", request)
	}
	var body []byte
	if stream := r.GetStream(); stream != nil {
		var err error
		if body, err = io.ReadAll(stream); err != nil {
			return err
		}
		if err := r.RewindStream(); err != nil {
			return err
		}
	}
	service, operation := awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx)
	wrong, err := models().Check(service, operation, r.Build(ctx), bytes.Clone(body))
	if err != nil {
		return err
	}
	operationsSent.Store(service+":"+operation, true)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.requests++
	for _, text := range wrong {
		if newer.MatchString(text) {
			continue
		}
		w.wrong[service+": "+text]++
	}
	return nil
}

func (w *wireCheck) tell(t *testing.T) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, text := range slices.Sorted(maps.Keys(w.wrong)) {
		t.Errorf("%d times: %s", w.wrong[text], text)
	}
	if strings.HasPrefix(t.Name(), "TestRequestsKeepToTheModels") {
		t.Logf("%d requests, %d kinds of violations", w.requests, len(w.wrong))
	}
}

// fullest are apps that between them use everything there is, each with its account.
var fullest = map[string]func(t *testing.T) *harbor{
	"default network, CloudFront": func(t *testing.T) *harbor {
		h := newShop(t, sim.Options{})
		h.spec.Network.Assets = []string{"/assets/*"}
		return h
	},
	"own network, database, files": func(t *testing.T) *harbor {
		h := newFullHarbor(t, t.TempDir())
		h.spec.Service.Spot, h.spec.Service.Exec, h.spec.Service.EphemeralGB = 0.5, true, 30
		h.spec.AccountRules.Tags = map[string]string{"cost-center": "42"}
		return h
	},
	"network of somebody else, private tasks": func(t *testing.T) *harbor {
		h := newHarbor(t, sim.Options{NoDefaultVPC: true}, 0)
		h.spec.Network.VPC, h.spec.Network.Tasks = h.estate(true).vpc, "private"
		h.spec.Network.Clustering = "ecs-api"
		return h
	},
	"domain": func(t *testing.T) *harbor {
		h := newDomainHarbor(t)
		h.zone("example.com", true)
		h.spec.Service.Autoscale = &spec.Autoscale{Max: 4, RequestsPerInstance: 100}
		h.spec.Service.StickySessions = true
		return h
	},
	"long names": func(t *testing.T) *harbor {
		h := newHarbor(t, sim.Options{}, 0)
		h.spec.App, h.spec.EnvName = strings.Repeat("a", 32), strings.Repeat("e", 16)
		h.spec.Storage = []spec.Storage{{Path: "/data"}}
		h.spec.Processes = map[string]*spec.Process{
			"report": {Command: []string{"/server", "report"}, Schedule: "rate(1 hour)"}, "worker": {Command: []string{"/w"}, Instances: 1},
		}
		must(t, h.spec.Complete(nil, nil))
		return h
	},
}

// Every request of whole lives keeps to the models that AWS publishes of its APIs.
func TestRequestsKeepToTheModels(t *testing.T) {
	if models() == nil {
		t.Skip("BERTH_TEST_MODELS is not set; make conformance sets it")
	}
	for name, open := range fullest {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := open(t)
				p := h.plan(engine.Request{Given: []engine.Given{}})
				h.must(h.apply(p))
				time.Sleep(time.Hour)
				h.look()
				write(t, h.spec.Dir, "server", "version 2")
				h.must(h.deploy())
				h.must(h.apply(h.plan(engine.Request{Rollback: engine.Previous})))
				h.must(h.apply(h.plan(engine.Request{Restart: true})))
				_, _, err := h.runOnce(t.Context(), "", "/bin/true")
				must(t, err)
				h.spec.Service.Instances, h.spec.Service.Memory = 3, 1024
				h.spec.Service.CPU = 0.5
				h.must(h.deploy())
				h.orphans()
				h.must(h.apply(h.plan(engine.Request{Destroy: true})))
			})
		})
	}
	var sent []string
	operationsSent.Range(func(k, _ any) bool { sent = append(sent, k.(string)); return true })
	slices.Sort(sent)
	t.Logf("%d operations: %s", len(sent), strings.Join(sent, ", "))
}
