package engine_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"berth/engine"
	"berth/engine/fail"
	"berth/engine/sim"
)

// give is a secret with a value.
func give(t *testing.T, name, value string, fresh bool) engine.Given {
	t.Helper()
	g, err := engine.Give(name, value, fresh)
	must(t, err)
	return g
}

// secret is the value that the account keeps under a name.
func (h *harbor) secret(name string) string {
	h.t.Helper()
	out, err := h.clients().SSM.GetParameter(h.t.Context(), &ssm.GetParameterInput{
		Name: aws.String("/berth/live-beats/production/" + name), WithDecryption: aws.Bool(true),
	})
	must(h.t, err)
	return aws.ToString(out.Parameter.Value)
}

// Values that were given are kept by the deployment itself, before anything reads them and in nothing that it tells.
func TestGivenSecrets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		h.spec.Secrets.FromSSM = []string{"STRIPE_KEY", "SECRET_KEY_BASE"}
		given := []engine.Given{
			give(t, "STRIPE_KEY", "marker-typed", false), give(t, "SECRET_KEY_BASE", "marker-made-up", true), give(t, "TAKEN_BACK", "marker-not-named", false),
		}
		p := h.plan(engine.Request{Given: given})
		if got := actions(p); !slices.Contains(got, "secret-STRIPE_KEY:create") || !slices.Contains(got, "secret-SECRET_KEY_BASE:create") || slices.Contains(got, "secret-TAKEN_BACK:create") {
			t.Errorf("plan does %v", got)
		}
		if left := h.left(); len(left) > 0 {
			t.Errorf("kept before the yes: %v", left)
		}
		res, events := h.apply(p)
		h.must(res, events)
		if h.secret("STRIPE_KEY") != "marker-typed" || h.secret("SECRET_KEY_BASE") != "marker-made-up" {
			t.Error("the account keeps other values")
		}
		told, err := json.Marshal([]any{events, p, given})
		must(t, err)
		if all := string(told) + fmt.Sprintf("%v %+v %#v", given, given, given); strings.Contains(all, "marker-") {
			t.Error("a value is told")
		}
		for _, again := range [][]engine.Given{nil, given} {
			if got := actions(h.plan(engine.Request{Given: again})); len(got) > 0 {
				t.Errorf("unchanged app: plan does %v", got)
			}
		}

		// What was made up gives way to what is kept, what was typed does not.
		p = h.plan(engine.Request{Given: []engine.Given{give(t, "STRIPE_KEY", "rotated", false), give(t, "SECRET_KEY_BASE", "another", true)}})
		if got := actions(p); !slices.Equal(got, []string{"secret-STRIPE_KEY:update", "task-definition:update", "service:update"}) {
			t.Errorf("rotation: plan does %v", got)
		}
		h.must(h.apply(p))
		if h.secret("STRIPE_KEY") != "rotated" || h.secret("SECRET_KEY_BASE") != "marker-made-up" {
			t.Error("the account keeps other values")
		}
		if got := actions(h.plan(engine.Request{})); len(got) > 0 {
			t.Errorf("after the rotation: plan does %v", got)
		}
	})
}

func TestValuesThatCannotBeKept(t *testing.T) {
	for name, value := range map[string]string{"empty": "", "binary": "a\x00b", "long": strings.Repeat("x", 5000)} {
		_, err := engine.Give("TOKEN", value, false)
		if fail.ExitCode(err) != 2 || value != "" && strings.Contains(err.Error(), value) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
