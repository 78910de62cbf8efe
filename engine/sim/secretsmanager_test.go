package sim

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	smtypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

// A secret's versions and stages, and a name that stays taken while the secret can be restored.
func TestSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Options{})
		sm := secretsmanager.NewFromConfig(r.cfg)
		made := must(sm.CreateSecret(r.ctx, &secretsmanager.CreateSecretInput{
			Name: aws.String("app/key"), SecretString: aws.String("one"), Tags: []smtypes.Tag{{Key: aws.String("app"), Value: aws.String("x")}},
		}))(r)
		if !strings.HasPrefix(*made.ARN, "arn:aws:secretsmanager:eu-west-2:123456789012:secret:app/key-") || len(*made.ARN) != len("arn:aws:secretsmanager:eu-west-2:123456789012:secret:app/key-")+6 {
			t.Errorf("ARN %s", *made.ARN)
		}
		if _, err := sm.CreateSecret(r.ctx, &secretsmanager.CreateSecretInput{Name: aws.String("app/key"), SecretString: aws.String("one")}); code(err) != "ResourceExistsException" {
			t.Errorf("the name again: %v", err)
		}
		must(sm.PutSecretValue(r.ctx, &secretsmanager.PutSecretValueInput{SecretId: aws.String("app/key"), SecretString: aws.String("two")}))(r)
		value := func(stage string) string {
			out, err := sm.GetSecretValue(r.ctx, &secretsmanager.GetSecretValueInput{SecretId: made.ARN, VersionStage: &stage})
			if err != nil {
				return code(err)
			}
			return *out.SecretString
		}
		if now, before := value("AWSCURRENT"), value("AWSPREVIOUS"); now != "two" || before != "one" {
			t.Errorf("current is %q, previous %q", now, before)
		}
		must(sm.DeleteSecret(r.ctx, &secretsmanager.DeleteSecretInput{SecretId: aws.String("app/key"), RecoveryWindowInDays: aws.Int64(7)}))(r)
		if got := value("AWSCURRENT"); got != "InvalidRequestException" {
			t.Errorf("the value of a secret that is marked: %s", got)
		}
		if _, err := sm.CreateSecret(r.ctx, &secretsmanager.CreateSecretInput{Name: aws.String("app/key")}); code(err) != "InvalidRequestException" {
			t.Errorf("the name of a secret that is marked: %v", err)
		}
		must(sm.RestoreSecret(r.ctx, &secretsmanager.RestoreSecretInput{SecretId: aws.String("app/key")}))(r)
		if got := value("AWSCURRENT"); got != "two" {
			t.Errorf("restored: %s", got)
		}
		must(sm.DeleteSecret(r.ctx, &secretsmanager.DeleteSecretInput{SecretId: aws.String("app/key"), ForceDeleteWithoutRecovery: aws.Bool(true)}))(r)
		if _, err := sm.DescribeSecret(r.ctx, &secretsmanager.DescribeSecretInput{SecretId: aws.String("app/key")}); code(err) != "ResourceNotFoundException" {
			t.Errorf("after a forced deletion: %v", err)
		}
		if _, err := sm.CreateSecret(r.ctx, &secretsmanager.CreateSecretInput{Name: aws.String("app/key")}); code(err) != "InvalidRequestException" {
			t.Errorf("the name right after a forced deletion: %v", err)
		}
		r.sleep(time.Minute)
		must(sm.CreateSecret(r.ctx, &secretsmanager.CreateSecretInput{Name: aws.String("app/key")}))(r)
	})
}

// What a task says that cannot have its secret.
func TestSecretOfTask(t *testing.T) {
	for name, x := range map[string]struct {
		value   string
		from    string // behind the ARN
		denied  bool
		own     bool // a key of the customer's
		decrypt bool // the role may use it
		marked  bool
		want    string // in stoppedReason; empty when the task runs
	}{
		"whole":          {value: "x"},
		"JSON key":       {value: `{"url":"x"}`, from: ":url::"},
		"no such key":    {value: `{"url":"x"}`, from: ":uri::", want: "did not contain json key uri"},
		"no JSON":        {value: "x", from: ":url::", want: "invalid character"},
		"not allowed":    {value: "x", denied: true, want: "is not authorized to perform: secretsmanager:GetSecretValue"},
		"marked":         {value: "x", marked: true, want: "marked for deletion"},
		"no value":       {want: "can't find the specified secret value for staging label: AWSCURRENT"},
		"own key":        {value: "x", own: true, want: "Access to KMS is not allowed"},
		"own key, may":   {value: "x", own: true, decrypt: true},
		"previous stage": {value: "x", from: "::AWSPREVIOUS:", want: "staging label: AWSPREVIOUS"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, Options{})
				sm, in := secretsmanager.NewFromConfig(r.cfg), &secretsmanager.CreateSecretInput{Name: aws.String("app/key")}
				if x.value != "" {
					in.SecretString = &x.value
				}
				var grants []string
				if x.own {
					k := must(kms.NewFromConfig(r.cfg).CreateKey(r.ctx, &kms.CreateKeyInput{}))(r)
					in.KmsKeyId = k.KeyMetadata.Arn
					if x.decrypt {
						grants = append(grants, `{"Effect":"Allow","Action":"kms:Decrypt","Resource":"`+*in.KmsKeyId+`"}`)
					}
				}
				made := must(sm.CreateSecret(r.ctx, in))(r)
				if x.marked {
					must(sm.DeleteSecret(r.ctx, &secretsmanager.DeleteSecretInput{SecretId: made.ARN}))(r)
				}
				if !x.denied {
					grants = append(grants, `{"Effect":"Allow","Action":"secretsmanager:GetSecretValue","Resource":"`+*made.ARN+`"}`)
				}
				r.policy = strings.Replace(r.policy, `"Statement":[`, `"Statement":[`+strings.Join(append(grants, ""), ","), 1)
				r.secrets = map[string]string{"KEY": *made.ARN + x.from}
				r.deploy()
				if x.want == "" {
					if got, _ := r.verdict(10 * time.Minute); got.Status != ecstypes.ServiceDeploymentStatusSuccessful {
						t.Errorf("ended %s\n%s", got.Status, r.story())
					}
					return
				}
				r.sleep(time.Minute)
				stopped := r.stopped()
				if len(stopped) == 0 || !strings.Contains(aws.ToString(stopped[0].StoppedReason), x.want) {
					t.Errorf("want %q\n%s", x.want, r.story())
				}
				if x.own && !slices.Contains(r.a.ActionsUsed(), "kms:GenerateDataKey") {
					t.Error("making a secret with a key of the customer's needed no permission for it")
				}
			})
		})
	}
}
