package sim

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// update rolls a new revision out.
func (r *rig) update(taskDef string) ecstypes.Service {
	r.Helper()
	return *must(r.ecs.UpdateService(r.ctx, &ecs.UpdateServiceInput{Cluster: aws.String("app"), Service: aws.String("web"), TaskDefinition: &taskDef}))(r).Service
}

func TestRedeploy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Options{})
		r.deploy()
		r.verdict(10 * time.Minute)
		first := r.taskDef
		r.env1 = map[string]string{"VERSION": "2"}
		second := r.taskDefinition()
		s := r.update(second)
		if len(s.Deployments) != 2 || *s.Deployments[0].TaskDefinition != second || *s.Deployments[0].Status != "PRIMARY" {
			t.Fatalf("deployments after the update: %+v", s.Deployments)
		}
		least := int32(100)
		start := time.Now()
		var d ecstypes.ServiceDeployment
		for d.Status != ecstypes.ServiceDeploymentStatusSuccessful {
			r.sleep(time.Second)
			d = r.rollout()
			least = min(least, r.service().RunningCount)
		}
		took := time.Since(start)
		if least < 2 {
			t.Errorf("only %d tasks ran at some time", least)
		}
		if took < 40*time.Second || took > 100*time.Second {
			t.Errorf("the rollout took %s", took)
		}
		if len(d.SourceServiceRevisions) != 1 || d.DeploymentCircuitBreaker.Threshold != 3 {
			t.Errorf("service deployment %+v", d)
		}
		r.sleep(2 * time.Minute)
		if s := r.service(); len(s.Deployments) != 1 || s.RunningCount != 2 || *s.TaskDefinition == first {
			t.Errorf("after the old tasks drained: %d deployments, %d running", len(s.Deployments), s.RunningCount)
		}
		same := r.update(second)
		if len(same.Deployments) != 1 {
			t.Error("an update without a change starts a rollout")
		}
		scaled := must(r.ecs.UpdateService(r.ctx, &ecs.UpdateServiceInput{Cluster: aws.String("app"), Service: aws.String("web"), DesiredCount: aws.Int32(3)}))(r)
		if len(scaled.Service.Deployments) != 1 {
			t.Error("scaling starts a rollout")
		}
		r.sleep(2 * time.Minute)
		if n := r.service().RunningCount; n != 3 {
			t.Errorf("scaled to 3, %d run", n)
		}
	})
}

func TestRollback(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Options{})
		r.deploy()
		r.verdict(10 * time.Minute)
		r.a.SetFaults(faults(t, "crash-task")...)
		r.env1 = map[string]string{"VERSION": "2"}
		r.update(r.taskDefinition())
		d, _ := r.verdict(10 * time.Minute)
		if d.Status != ecstypes.ServiceDeploymentStatusRollbackSuccessful || d.Rollback == nil {
			t.Fatalf("ended %s\n%s", d.Status, r.story())
		}
		s := r.service()
		if *s.TaskDefinition != r.taskDef || *s.Deployments[0].TaskDefinition != r.taskDef {
			t.Errorf("after the rollback the service runs %s", *s.TaskDefinition)
		}
		if !strings.Contains(r.story(), "deployment failed: tasks failed to start.") || !strings.Contains(r.story(), "rolling back to deployment ecs-svc/") {
			t.Errorf("events:\n%s", r.story())
		}
		web := &http.Client{Transport: r.env.Transport}
		if res := must(web.Get("https://" + r.domain + "/"))(r); res.StatusCode != 200 {
			t.Errorf("after the rollback GET / = %d", res.StatusCode)
		}
	})
}

func TestStopServiceDeployment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Options{})
		r.deploy()
		r.verdict(10 * time.Minute)
		done := r.rollout()
		stop := func(arn *string) error {
			_, err := r.ecs.StopServiceDeployment(r.ctx, &ecs.StopServiceDeploymentInput{ServiceDeploymentArn: arn, StopType: ecstypes.StopServiceDeploymentStopTypeRollback})
			return err
		}
		if err := stop(done.ServiceDeploymentArn); code(err) != "ConflictException" {
			t.Errorf("stopping a finished deployment: %v", err)
		}
		r.env1 = map[string]string{"VERSION": "2"}
		r.update(r.taskDefinition())
		r.sleep(5 * time.Second)
		if err := stop(r.rollout().ServiceDeploymentArn); err != nil {
			t.Fatal(err)
		}
		if d, _ := r.verdict(5 * time.Minute); d.Status != ecstypes.ServiceDeploymentStatusRollbackSuccessful {
			t.Errorf("ended %s\n%s", d.Status, r.story())
		}
	})
}

// until tries a call until it works, and counts how often it was refused with a code.
func (r *rig) until(want string, try func() error) int {
	r.Helper()
	for n := 0; ; n++ {
		err := try()
		if err == nil {
			return n
		}
		if code(err) != want || n > 200 {
			r.Fatalf("refused with %v, want only %s", err, want)
		}
		r.sleep(5 * time.Second)
	}
}

// TestTeardown takes everything apart and meets every dependency on the way.
func TestTeardown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Options{})
		r.deploy()
		r.verdict(10 * time.Minute)
		refused := func(what, want string, err error) {
			t.Helper()
			if code(err) != want {
				t.Errorf("%s while it is in use: %v, want %s", what, err, want)
			}
		}
		_, err := r.ecs.DeleteCluster(r.ctx, &ecs.DeleteClusterInput{Cluster: aws.String("app")})
		refused("cluster", "ClusterContainsServicesException", err)
		_, err = r.elb.DeleteTargetGroup(r.ctx, &elb.DeleteTargetGroupInput{TargetGroupArn: &r.tgARN})
		refused("target group", "ResourceInUse", err)
		_, err = r.ec2.DeleteSecurityGroup(r.ctx, &ec2.DeleteSecurityGroupInput{GroupId: &r.lbGroup})
		refused("security group", "DependencyViolation", err)
		_, err = r.iam.DeleteRole(r.ctx, &iam.DeleteRoleInput{RoleName: aws.String("exec")})
		refused("role", "DeleteConflict", err)
		_, err = r.ecr.DeleteRepository(r.ctx, &ecr.DeleteRepositoryInput{RepositoryName: aws.String("app")})
		refused("repository", "RepositoryNotEmptyException", err)
		d := must(r.cf.GetDistributionConfig(r.ctx, &cloudfront.GetDistributionConfigInput{Id: &r.distribution}))(r)
		_, err = r.cf.DeleteDistribution(r.ctx, &cloudfront.DeleteDistributionInput{Id: &r.distribution, IfMatch: d.ETag})
		refused("distribution", "DistributionNotDisabled", err)
		_, err = r.cf.UpdateDistribution(r.ctx, &cloudfront.UpdateDistributionInput{Id: &r.distribution, IfMatch: aws.String("E0"), DistributionConfig: d.DistributionConfig})
		refused("distribution of another version", "PreconditionFailed", err)

		d.DistributionConfig.Enabled = aws.Bool(false)
		etag := must(r.cf.UpdateDistribution(r.ctx, &cloudfront.UpdateDistributionInput{Id: &r.distribution, IfMatch: d.ETag, DistributionConfig: d.DistributionConfig}))(r).ETag
		must(r.ecs.DeleteService(r.ctx, &ecs.DeleteServiceInput{Cluster: aws.String("app"), Service: aws.String("web"), Force: aws.Bool(true)}))(r)
		_, err = r.ecs.CreateService(r.ctx, r.serviceInput())
		if err == nil || !strings.Contains(err.Error(), "still Draining") {
			t.Errorf("the name of a draining service: %v", err)
		}
		start := time.Now()
		for aws.ToString(r.service().Status) != "INACTIVE" {
			r.sleep(2 * time.Second)
		}
		if took := time.Since(start); took < 20*time.Second || took > time.Minute {
			t.Errorf("draining took %s", took)
		}
		must(r.ecs.DeleteCluster(r.ctx, &ecs.DeleteClusterInput{Cluster: aws.String("app")}))(r)
		must(r.elb.DeleteLoadBalancer(r.ctx, &elb.DeleteLoadBalancerInput{LoadBalancerArn: &r.lbARN}))(r)
		must(r.elb.DeleteLoadBalancer(r.ctx, &elb.DeleteLoadBalancerInput{LoadBalancerArn: &r.lbARN}))(r)
		must(r.elb.DeleteTargetGroup(r.ctx, &elb.DeleteTargetGroupInput{TargetGroupArn: &r.tgARN}))(r)
		eni := must(r.ec2.DescribeNetworkInterfaces(r.ctx, &ec2.DescribeNetworkInterfacesInput{Filters: []ec2types.Filter{{Name: aws.String("group-id"), Values: []string{r.lbGroup}}}}))(r)
		if len(eni.NetworkInterfaces) == 0 || !strings.HasPrefix(*eni.NetworkInterfaces[0].Description, "ELB app/app/") {
			t.Errorf("interfaces of the deleted load balancer: %+v", eni.NetworkInterfaces)
		}
		n := r.until("DependencyViolation", func() error {
			_, err := r.ec2.DeleteSecurityGroup(r.ctx, &ec2.DeleteSecurityGroupInput{GroupId: &r.taskGroup})
			return err
		})
		if n != 0 {
			t.Errorf("the tasks' group was refused %d times though no task is left", n)
		}
		if n := r.until("DependencyViolation", func() error {
			_, err := r.ec2.DeleteSecurityGroup(r.ctx, &ec2.DeleteSecurityGroupInput{GroupId: &r.lbGroup})
			return err
		}); n < 5 {
			t.Errorf("the load balancer's group was refused %d times only", n)
		}
		r.until("DistributionNotDisabled", func() error {
			_, err := r.cf.DeleteDistribution(r.ctx, &cloudfront.DeleteDistributionInput{Id: &r.distribution, IfMatch: etag})
			return err
		})
		must(r.ecr.DeleteRepository(r.ctx, &ecr.DeleteRepositoryInput{RepositoryName: aws.String("app"), Force: true}))(r)
		must(r.logs.DeleteLogGroup(r.ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: aws.String("/app")}))(r)
		must(r.iam.DeleteRolePolicy(r.ctx, &iam.DeleteRolePolicyInput{RoleName: aws.String("exec"), PolicyName: aws.String("inline")}))(r)
		for _, name := range []string{"exec", "task"} {
			must(r.iam.DeleteRole(r.ctx, &iam.DeleteRoleInput{RoleName: &name}))(r)
		}
		must(r.ecs.DeregisterTaskDefinition(r.ctx, &ecs.DeregisterTaskDefinitionInput{TaskDefinition: &r.taskDef}))(r)
		must(r.ecs.DeleteTaskDefinitions(r.ctx, &ecs.DeleteTaskDefinitionsInput{TaskDefinitions: []string{r.taskDef}}))(r)
		for _, it := range r.a.Inventory() {
			if !it.Kept {
				t.Errorf("left: %s %s", it, it.Detail)
			}
		}
		if _, err := r.ecs.DescribeTaskDefinition(r.ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: &r.taskDef}); err == nil {
			t.Error("the deleted task definition is still there")
		}
	})
}

// A network of one's own must be taken apart from the inside out.
func TestOwnNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Options{NoDefaultVPC: true})
		tags := func(kind ec2types.ResourceType) []ec2types.TagSpecification {
			return []ec2types.TagSpecification{{ResourceType: kind, Tags: []ec2types.Tag{{Key: aws.String("berth:app"), Value: aws.String("x")}}}}
		}
		vpc := must(r.ec2.CreateVpc(r.ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16"), TagSpecifications: tags("vpc")}))(r).Vpc.VpcId
		must(r.ec2.ModifyVpcAttribute(r.ctx, &ec2.ModifyVpcAttributeInput{VpcId: vpc, EnableDnsHostnames: &ec2types.AttributeBooleanValue{Value: aws.Bool(true)}}))(r)
		sub := must(r.ec2.CreateSubnet(r.ctx, &ec2.CreateSubnetInput{VpcId: vpc, CidrBlock: aws.String("10.0.0.0/24"), AvailabilityZone: aws.String("eu-west-2a")}))(r).Subnet.SubnetId
		if _, err := r.ec2.CreateSubnet(r.ctx, &ec2.CreateSubnetInput{VpcId: vpc, CidrBlock: aws.String("10.0.0.128/25")}); code(err) != "InvalidSubnet.Conflict" {
			t.Errorf("overlapping subnet: %v", err)
		}
		igw := must(r.ec2.CreateInternetGateway(r.ctx, &ec2.CreateInternetGatewayInput{TagSpecifications: tags("internet-gateway")}))(r).InternetGateway.InternetGatewayId
		table := must(r.ec2.CreateRouteTable(r.ctx, &ec2.CreateRouteTableInput{VpcId: vpc}))(r).RouteTable.RouteTableId
		must(r.ec2.AttachInternetGateway(r.ctx, &ec2.AttachInternetGatewayInput{VpcId: vpc, InternetGatewayId: igw}))(r)
		must(r.ec2.CreateRoute(r.ctx, &ec2.CreateRouteInput{RouteTableId: table, DestinationCidrBlock: aws.String("0.0.0.0/0"), GatewayId: igw}))(r)
		assoc := must(r.ec2.AssociateRouteTable(r.ctx, &ec2.AssociateRouteTableInput{RouteTableId: table, SubnetId: sub}))(r).AssociationId
		found := must(r.ec2.DescribeVpcs(r.ctx, &ec2.DescribeVpcsInput{Filters: []ec2types.Filter{{Name: aws.String("tag:berth:app"), Values: []string{"x"}}}}))(r)
		if len(found.Vpcs) != 1 || *found.Vpcs[0].VpcId != *vpc {
			t.Errorf("VPC by tag: %+v", found.Vpcs)
		}
		tables := must(r.ec2.DescribeRouteTables(r.ctx, &ec2.DescribeRouteTablesInput{Filters: []ec2types.Filter{{Name: aws.String("association.subnet-id"), Values: []string{*sub}}}}))(r)
		if len(tables.RouteTables) != 1 || !slices.ContainsFunc(tables.RouteTables[0].Routes, func(x ec2types.Route) bool {
			return aws.ToString(x.GatewayId) == *igw && x.State == ec2types.RouteStateActive
		}) {
			t.Errorf("route table of the subnet: %+v", tables.RouteTables)
		}
		for _, try := range []func() error{
			func() error { _, err := r.ec2.DeleteVpc(r.ctx, &ec2.DeleteVpcInput{VpcId: vpc}); return err },
			func() error {
				_, err := r.ec2.DeleteInternetGateway(r.ctx, &ec2.DeleteInternetGatewayInput{InternetGatewayId: igw})
				return err
			},
			func() error {
				_, err := r.ec2.DeleteRouteTable(r.ctx, &ec2.DeleteRouteTableInput{RouteTableId: table})
				return err
			},
		} {
			if err := try(); code(err) != "DependencyViolation" {
				t.Errorf("deleted too early: %v", err)
			}
		}
		must(r.ec2.DisassociateRouteTable(r.ctx, &ec2.DisassociateRouteTableInput{AssociationId: assoc}))(r)
		must(r.ec2.DeleteRouteTable(r.ctx, &ec2.DeleteRouteTableInput{RouteTableId: table}))(r)
		must(r.ec2.DetachInternetGateway(r.ctx, &ec2.DetachInternetGatewayInput{VpcId: vpc, InternetGatewayId: igw}))(r)
		must(r.ec2.DeleteInternetGateway(r.ctx, &ec2.DeleteInternetGatewayInput{InternetGatewayId: igw}))(r)
		must(r.ec2.DeleteSubnet(r.ctx, &ec2.DeleteSubnetInput{SubnetId: sub}))(r)
		must(r.ec2.DeleteVpc(r.ctx, &ec2.DeleteVpcInput{VpcId: vpc}))(r)
		if left := r.a.Inventory(); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
	})
}
