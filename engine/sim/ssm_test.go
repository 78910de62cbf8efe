package sim

import (
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// Every write is a version, which one reads by number or label, until a hundred later ones.
func TestParameterVersions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Options{})
		put := func(value string) error {
			_, err := r.ssm.PutParameter(r.ctx, &ssm.PutParameterInput{
				Name: aws.String("/app/key"), Value: &value, Type: ssmtypes.ParameterTypeSecureString, Overwrite: aws.Bool(true),
			})
			return err
		}
		value := func(name string) string {
			out, err := r.ssm.GetParameter(r.ctx, &ssm.GetParameterInput{Name: &name, WithDecryption: aws.Bool(true)})
			if err != nil {
				return code(err)
			}
			return fmt.Sprint(*out.Parameter.Value, out.Parameter.Version)
		}
		for n := range 3 {
			must(0, put(fmt.Sprint("v", n)))(r)
		}
		label := func(version int64, labels ...string) *ssm.LabelParameterVersionOutput {
			return must(r.ssm.LabelParameterVersion(r.ctx, &ssm.LabelParameterVersionInput{Name: aws.String("/app/key"), ParameterVersion: &version, Labels: labels}))(r)
		}
		if bad := label(1, "live", "aws-x").InvalidLabels; len(bad) != 1 {
			t.Errorf("invalid labels %v", bad)
		}
		arn := "arn:aws:ssm:eu-west-2:123456789012:parameter/app/key"
		for name, want := range map[string]string{
			"/app/key": "v23", "/app/key:2": "v12", "/app/key:live": "v01", arn: "v23", arn + ":1": "v01", "/app/key:9": "ParameterVersionNotFound", "/app/none": "ParameterNotFound",
		} {
			if got := value(name); got != want {
				t.Errorf("%s is %s, want %s", name, got, want)
			}
		}
		label(2, "live")
		if got := value("/app/key:live"); got != "v12" {
			t.Errorf("the label moved, but reads %s", got)
		}
		var err error
		for n := 3; n < 103 && err == nil; n++ {
			err = put(fmt.Sprint("v", n))
		}
		if code(err) != "ParameterMaxVersionLimitExceeded" {
			t.Errorf("more versions than there can be, the oldest of them labelled: %v", err)
		}
		history := 0
		for p := ssm.NewGetParameterHistoryPaginator(r.ssm, &ssm.GetParameterHistoryInput{Name: aws.String("/app/key")}); p.HasMorePages(); {
			history += len(must(p.NextPage(r.ctx))(r).Parameters)
		}
		if history != 100 {
			t.Errorf("%d versions are kept", history)
		}
	})
}
