package compute

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"berth/engine/resource/network"
	"berth/engine/resource/traffic"
)

// An update says only what differs: AWS starts a rollout for network, load balancers and registries even when they
// stay the same.
func TestAnUpdateSaysOnlyWhatDiffers(t *testing.T) {
	observed := func() *Service {
		vpc := &network.VPC{Default: true, ID: "vpc-1", Public: []string{"subnet-1", "subnet-2"}}
		return &Service{
			Cluster: &Cluster{}, TaskDefinition: &TaskDefinition{ARN: "td:2"}, Network: network.Network{VPC: vpc},
			SecurityGroup: &network.SecurityGroup{ID: "sg-1"}, TargetGroup: &traffic.TargetGroup{ARN: "tg"},
			Discovery: &Discovery{Unwanted: true}, Port: 4000, Instances: 2, GracePeriod: time.Minute, Exec: true,
			found: &ecstypes.Service{
				Status: aws.String("ACTIVE"), TaskDefinition: aws.String("td:2"), DesiredCount: 2, EnableExecuteCommand: true,
				HealthCheckGracePeriodSeconds: aws.Int32(60),
				LoadBalancers:                 []ecstypes.LoadBalancer{{TargetGroupArn: aws.String("tg"), ContainerPort: aws.Int32(4000)}},
				NetworkConfiguration: &ecstypes.NetworkConfiguration{AwsvpcConfiguration: &ecstypes.AwsVpcConfiguration{
					Subnets: []string{"subnet-2", "subnet-1"}, SecurityGroups: []string{"sg-1"},
				}},
			},
		}
	}
	for _, c := range []struct {
		what                                                string
		change                                              func(*Service)
		revision, count, place, requests, configure, shells bool
	}{
		{what: "nothing", change: func(*Service) {}},
		{what: "the number of tasks", change: func(v *Service) { v.Instances = 3 }, count: true},
		{what: "the revision", change: func(v *Service) { v.TaskDefinition.ARN = "td:3" }, revision: true},
		{what: "the security group", change: func(v *Service) { v.SecurityGroup.ID = "sg-2" }, place: true},
		{what: "the target group", change: func(v *Service) { v.TargetGroup.ARN = "tg2" }, requests: true},
		{what: "shells", change: func(v *Service) { v.Exec = false }, shells: true},
		{what: "the grace period", change: func(v *Service) { v.GracePeriod = time.Hour }, configure: true},
	} {
		v := observed()
		c.change(v)
		in := v.changes()
		if in.TaskDefinition != nil != c.revision || in.DesiredCount != nil != c.count || in.NetworkConfiguration != nil != c.place ||
			in.LoadBalancers != nil != c.requests || in.HealthCheckGracePeriodSeconds != nil != c.configure ||
			in.ServiceRegistries != nil || in.EnableExecuteCommand != nil != c.shells || in.ForceNewDeployment {
			t.Errorf("%s: %+v", c.what, in)
		}
		if different := c.what != "nothing"; (v.Diff(nil).Why != "") != different {
			t.Errorf("%s: the diff says %q", c.what, v.Diff(nil).Why)
		}
	}
}
