package sim

import (
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
)

// Making a load balancer takes permissions of EC2, too: AWS looks at the network in the caller's name
// (https://github.com/kubernetes-sigs/aws-load-balancer-controller/issues/748).
func TestLoadBalancerLooksAtTheNetwork(t *testing.T) {
	for _, action := range balancerLooks {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, Options{})
			r.network()
			f, err := ParseFault("deny=" + action)
			if err != nil {
				t.Fatal(err)
			}
			r.a.SetFaults(f)
			_, err = r.elb.CreateLoadBalancer(r.ctx, &elb.CreateLoadBalancerInput{Name: aws.String("app"), Subnets: r.subnets, SecurityGroups: []string{r.lbGroup}})
			if code(err) != "AccessDenied" {
				t.Errorf("without %s: %v", action, err)
			}
		})
	}
}
