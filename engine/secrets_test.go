package engine_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"berth/engine"
	"berth/engine/event"
	"berth/engine/sim"
	"berth/engine/spec"
)

// A secret that does not exist stops a deployment before anything is made, however fast AWS answers which question.
func TestAMissingSecretStopsBefore(t *testing.T) {
	for seed := range uint64(4) {
		synctest.Test(t, func(t *testing.T) {
			h := newHarbor(t, sim.Options{Seed: seed}, 0)
			h.account.SetFaults(fault(t, "jitter=0.9"))
			h.spec.Secrets.FromSSM = []string{"SECRET_KEY_BASE"}
			res, _ := h.apply(h.plan(engine.Request{}))
			if res.Outcome != event.Refused || !strings.Contains(res.Err.Cause, "SECRET_KEY_BASE") || len(h.left()) > 0 {
				t.Errorf("seed %d: ended %s: %v; left %v", seed, res.Outcome, res.Err, h.left())
			}
		})
	}
}

// A secret whose KMS key is being deleted keeps new tasks from starting: the rollout fails with that as its cause, the old
// tasks serve on, and once the key is back the same deployment succeeds.
func TestASecretsKeyThatIsGoingIsTheCause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		c := h.clients()
		o := c.SSM.Options()
		keys := kms.New(kms.Options{Region: o.Region, Credentials: o.Credentials, HTTPClient: o.HTTPClient, APIOptions: o.APIOptions})
		key, err := keys.CreateKey(t.Context(), &kms.CreateKeyInput{})
		must(t, err)
		id := key.KeyMetadata.KeyId
		put := func(value string) {
			_, err := c.SSM.PutParameter(t.Context(), &ssm.PutParameterInput{
				Name: aws.String("/berth/live-beats/production/API_KEY"), Value: &value, Type: ssmtypes.ParameterTypeSecureString, KeyId: id, Overwrite: aws.Bool(true),
			})
			must(t, err)
		}
		put("first")
		h.spec.Secrets.FromSSM = []string{"API_KEY"}
		h.must(h.deploy())
		put("second")
		_, err = keys.ScheduleKeyDeletion(t.Context(), &kms.ScheduleKeyDeletionInput{KeyId: id})
		must(t, err)
		time.Sleep(time.Minute)

		res, _ := h.deploy()
		if res.Outcome != event.Failed || !strings.Contains(res.Err.Cause, "the KMS key that encrypts one of the secrets") {
			t.Fatalf("ended %s: %v", res.Outcome, res.Err)
		}
		if s := h.status(); s.Running == 0 {
			t.Error("the old version serves no more")
		}
		_, err = keys.CancelKeyDeletion(t.Context(), &kms.CancelKeyDeletionInput{KeyId: id})
		must(t, err)
		time.Sleep(time.Minute)
		h.must(h.deploy())
	})
}

// Each secret says which processes get it.
func TestSecretsSayWhoUsesThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		for _, name := range []string{"API_KEY", "OLD_KEY"} {
			_, err := h.clients().SSM.PutParameter(t.Context(), &ssm.PutParameterInput{
				Name: aws.String("/berth/live-beats/production/" + name), Value: aws.String("x"), Type: ssmtypes.ParameterTypeSecureString,
			})
			must(t, err)
		}
		h.spec.Secrets.FromSSM = []string{"API_KEY"}
		h.spec.Processes = map[string]*spec.Process{"worker": {}, "clock": {}}
		time.Sleep(time.Minute)
		all, err := h.engine.Secrets(t.Context(), h.spec)
		must(t, err)
		for _, s := range all {
			want := []string{"service", "clock", "worker"}
			if s.Name == "OLD_KEY" {
				want = nil
			}
			if !slices.Equal(s.UsedBy, want) {
				t.Errorf("%s is used by %v", s.Name, s.UsedBy)
			}
		}
		if len(all) != 2 {
			t.Errorf("%d secrets", len(all))
		}
	})
}
