package report

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"berth/engine"
	"berth/engine/orphan"
)

func TestOrphans(t *testing.T) {
	for _, c := range []struct {
		name string
		in   engine.Orphans
		want string
	}{
		{"none", engine.Orphans{Region: "eu-west-2"}, "No leftovers.\n"},
		{
			"none that could be seen",
			engine.Orphans{Region: "eu-west-2", Blind: []string{"roles: the permission iam:ListRoles is missing"}},
			"No leftovers in eu-west-2 among what could be looked at.\n\n" +
				"  could not look at\n    roles: the permission iam:ListRoles is missing\n",
		},
		{
			"two apps",
			engine.Orphans{
				Region: "eu-west-2", MonthlyUSD: 26.62, PricesAsOf: "2026-07-01",
				Groups: []engine.OrphanGroup{
					{App: "gone", Env: "staging", MonthlyUSD: 26.62, Resources: []orphan.Resource{
						{Kind: "elbv2.LoadBalancer", Name: "berth-gone-1", ARN: "arn:aws:lb:x/app/berth-gone-1/77", MonthlyUSD: 26.62, Why: "its app has no service", Remove: "berth destroy --app gone"},
						{Kind: "ecs.Cluster", Name: "berth-gone-staging", ARN: "arn:x:cluster/berth-gone-staging", Why: "its app has no service", Remove: "berth destroy --app gone"},
					}},
					{App: "here", Env: "production", Alive: true, Resources: []orphan.Resource{
						{Kind: "elbv2.TargetGroup", Name: "berth-here-2", ARN: "arn:x:targetgroup/berth-here-2/78", Unpriced: true, Why: "the service uses another", Remove: "berth deploy --app here"},
					}},
				},
			},
			`3 leftovers in eu-west-2, $26.62 a month, prices as of 2026-07-01

  gone (staging): no service, all of it is left over, $26.62 a month
      $26.62  elbv2.LoadBalancer  berth-gone-1        77
        free  ecs.Cluster         berth-gone-staging
    remove    berth destroy --app gone

  here (production): runs, and does not use this, $0.00 a month
     unknown  elbv2.TargetGroup  berth-here-2  78
              the service uses another
    remove    berth deploy --app here
`,
		},
	} {
		var b bytes.Buffer
		Orphans(&b, &c.in)
		if diff := cmp.Diff(c.want, b.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}
