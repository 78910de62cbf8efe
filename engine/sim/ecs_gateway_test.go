package sim

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

const gatewayPolicy = "arn:aws:iam::aws:policy/AmazonECSInfrastructureRoleForGatewayHostSharedALB"

// gatewayRole makes the role with which ECS manages a gateway, and gives its ARN.
func (r *rig) gatewayRole() *string {
	r.Helper()
	out := must(r.iam.CreateRole(r.ctx, &iam.CreateRoleInput{RoleName: aws.String("gateway"), AssumeRolePolicyDocument: aws.String(strings.ReplaceAll(taskTrust, "ecs-tasks", "ecs"))}))(r)
	must(r.iam.AttachRolePolicy(r.ctx, &iam.AttachRolePolicyInput{RoleName: aws.String("gateway"), PolicyArn: aws.String(gatewayPolicy)}))(r)
	return out.Role.Arn
}

// kinds counts what the account holds, by kind.
func (r *rig) kinds() map[string]int {
	out := map[string]int{}
	for _, i := range r.a.Inventory() {
		if !i.Kept {
			out[i.Kind]++
		}
	}
	return out
}

// A service gets an HTTPS name of a gateway, and everything goes again in the right order.
func TestECSGateway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Options{})
		r.portName = "web"
		r.deploy()
		if got, _ := r.verdict(10 * time.Minute); got.Status != ecstypes.ServiceDeploymentStatusSuccessful {
			t.Fatalf("ended %s", got.Status)
		}
		before := r.kinds()
		role := r.gatewayRole()
		r.sleep(15 * time.Second)
		g := must(r.ecs.CreateGateway(r.ctx, &ecs.CreateGatewayInput{
			Name: aws.String("door"), InfrastructureRoleArn: role, Configuration: &ecstypes.GatewayConfigurationMemberHostSharedAlb{},
		}))(r)
		if g.Status != ecstypes.GatewayStatusActive {
			t.Errorf("a new gateway is %s", g.Status)
		}
		connect := func(k ...ecstypes.GatewayConnector) error {
			_, err := r.ecs.UpdateService(r.ctx, &ecs.UpdateServiceInput{Cluster: aws.String("app"), Service: aws.String("web"), GatewayConnectors: append([]ecstypes.GatewayConnector{}, k...)})
			return err
		}
		web := ecstypes.GatewayConnector{PortName: aws.String("web"), HealthCheck: &ecstypes.GatewayConnectorHealthCheck{HealthCheckPath: aws.String("/health"), HealthCheckIntervalSeconds: aws.Int32(5)}}
		if err := connect(web); code(err) != "InvalidParameterException" || !strings.Contains(err.Error(), "no ACTIVE association") {
			t.Errorf("without an association: %v", err)
		}
		must(r.ecs.AssociateGatewayWithCluster(r.ctx, &ecs.AssociateGatewayWithClusterInput{Cluster: aws.String("app"), Gateway: aws.String("door")}))(r)
		if err := connect(ecstypes.GatewayConnector{PortName: aws.String("none")}); code(err) != "InvalidParameterException" {
			t.Errorf("a port that has no such name: %v", err)
		}
		must(0, connect(web))(r)
		route := func() ecstypes.GatewayConnection {
			rev := must(r.ecs.DescribeServiceRevisions(r.ctx, &ecs.DescribeServiceRevisionsInput{ServiceRevisionArns: []string{*r.rollout().TargetServiceRevision.Arn}}))(r).ServiceRevisions[0]
			return rev.EcsManagedResources.GatewayConnections[0]
		}
		if got := route(); got.Status != ecstypes.GatewayRouteStatusCreateInProgress || !strings.HasPrefix(*got.ServiceUrl, "https://") {
			t.Errorf("a new route is %s at %s", got.Status, *got.ServiceUrl)
		}
		if got, _ := r.verdict(15 * time.Minute); got.Status != ecstypes.ServiceDeploymentStatusSuccessful {
			t.Fatalf("with the gateway it ended %s\n%s", got.Status, r.story())
		}
		r.sleep(30 * time.Second)
		if got := route(); got.Status != ecstypes.GatewayRouteStatusActive {
			t.Errorf("the route is %s", got.Status)
		}
		res, err := (&http.Client{Transport: r.env.Transport}).Get(*route().ServiceUrl)
		if err != nil || res.StatusCode != 200 {
			t.Fatalf("over the gateway's name: %v %v", res, err)
		}
		remove := func() error {
			_, err := r.ecs.DeleteGateway(r.ctx, &ecs.DeleteGatewayInput{Gateway: aws.String("door")})
			return err
		}
		if err := remove(); code(err) != "InvalidParameterException" {
			t.Errorf("a gateway that is protected was deleted: %v", err)
		}
		must(r.ecs.UpdateGateway(r.ctx, &ecs.UpdateGatewayInput{Gateway: aws.String("door"), DeletionProtection: aws.Bool(false)}))(r)
		if got := must(r.ecs.DescribeGateway(r.ctx, &ecs.DescribeGatewayInput{Gateway: aws.String("door")}))(r).Gateway.Status; got != ecstypes.GatewayStatusUpdateInProgress {
			t.Errorf("while it is updated, the gateway is %s", got)
		}
		off := func() ecstypes.GatewayClusterAssociationStatus {
			return must(r.ecs.DisassociateGatewayFromCluster(r.ctx, &ecs.DisassociateGatewayFromClusterInput{Cluster: aws.String("app"), Gateway: aws.String("door")}))(r).Status
		}
		if got := off(); got != ecstypes.GatewayClusterAssociationStatusDisassociating {
			t.Errorf("with routes the association is %s", got)
		}
		must(0, connect())(r)
		r.sleep(time.Minute)
		if err := remove(); err != nil {
			t.Errorf("after the last route the association stays: %v", err)
		}
		if _, err := r.ecs.DescribeGateway(r.ctx, &ecs.DescribeGatewayInput{Gateway: aws.String("door")}); code(err) != "GatewayNotFoundException" {
			t.Errorf("after its deletion: %v", err)
		}
		r.verdict(15 * time.Minute)
		r.sleep(5 * time.Minute)
		after := r.kinds()
		if after["iam.Role"]--; !maps.Equal(before, after) {
			t.Errorf("before %v, after %v", before, after)
		}
	})
}

// A gateway whose role lacks permissions makes nothing, and says so.
func TestGatewayRole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Options{})
		r.portName = "web"
		r.deploy()
		r.verdict(10 * time.Minute)
		role := r.gatewayRole()
		must(r.iam.DetachRolePolicy(r.ctx, &iam.DetachRolePolicyInput{RoleName: aws.String("gateway"), PolicyArn: aws.String(gatewayPolicy)}))(r)
		must(r.ecs.CreateGateway(r.ctx, &ecs.CreateGatewayInput{Name: aws.String("door"), InfrastructureRoleArn: role, Configuration: &ecstypes.GatewayConfigurationMemberHostSharedAlb{}}))(r)
		must(r.ecs.AssociateGatewayWithCluster(r.ctx, &ecs.AssociateGatewayWithClusterInput{Cluster: aws.String("app"), Gateway: aws.String("door")}))(r)
		must(r.ecs.UpdateService(r.ctx, &ecs.UpdateServiceInput{Cluster: aws.String("app"), Service: aws.String("web"), GatewayConnectors: []ecstypes.GatewayConnector{{PortName: aws.String("web")}}}))(r)
		routes := must(r.ecs.ListGatewayRoutes(r.ctx, &ecs.ListGatewayRoutesInput{Gateway: aws.String("door")}))(r).GatewayRoutes
		if len(routes) != 1 || routes[0].Status != ecstypes.GatewayRouteStatusCreateFailed {
			t.Errorf("routes %+v", routes)
		}
		if !slices.Contains(r.a.ActionsUsed(), "iam:PassRole") {
			t.Error("passing the role was not checked")
		}
	})
}
