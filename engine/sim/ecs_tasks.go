package sim

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// ecsTasks are tasks: those of services and those that run on their own.
func ecsTasks() awsService {
	return awsService{
		operations: []operation{
			op(ecsListTasks, pages("TaskArns", 100, 100)), op(ecsDescribeTasks), op(ecsRunTask, tagging("ecs:TagResource"), also("iam:PassRole")),
			op(ecsStopTask), op(ecsExecuteCommand),
		},
		quotas: []quotaCode{{"fargate", "L-3032A538", "Fargate On-Demand vCPU resource count", "fargate", 6}},
		list: func(v *inventory, r *region) {
			for _, t := range r.ecs().Tasks {
				if t.Service == "" && t.Status != taskStopped {
					v.add("ecs.Task", named(r, nil, lastPart(t.Cluster), t.Group), false, map[string]any{"Command": t.Command, "TaskDefinition": t.TaskDef})
				}
			}
		},
		interfaces: taskInterfaces,
	}
}

func taskInterfaces(w *world, _ time.Time) []netInterface {
	var out []netInterface
	for _, t := range w.r.ecs().Tasks {
		s := w.r.subnet(t.Subnet)
		if s == nil || !t.holdsInterface() {
			continue
		}
		n := netInterface{
			ID: t.ENI, VPC: s.VPC, Subnet: t.Subnet, Groups: t.Groups, IP: t.IP,
			Description: fmt.Sprintf("arn:aws:ecs:%s:%s:attachment/%s", w.r.Name, w.st.Account, t.Attachment),
			Requester:   "578734482556", Type: "interface",
		}
		if t.PublicIP {
			n.PublicIP = publicAddress(t.ID)
		}
		out = append(out, n)
	}
	return out
}

// tasksOf finds tasks of a cluster by id or ARN.
func (r *region) taskOf(clusterARN, ref string) *task {
	return find(r.ecs().Tasks, func(t *task) bool { return t.Cluster == clusterARN && (t.ID == lastPart(ref)) })
}

func ecsListTasks(c *call, in *ecs.ListTasksInput) (*ecs.ListTasksOutput, error) {
	k, err := c.activeCluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	if in.ServiceName != nil && c.r.service(k.ARN, *in.ServiceName) == nil {
		return nil, noService()
	}
	want := string(in.DesiredStatus)
	if want == "" {
		want = taskRunning
	}
	var arns []string
	for _, t := range slices.Backward(c.r.ecs().Tasks) {
		d := c.r.taskDef(t.TaskDef)
		switch {
		case t.Cluster != k.ARN, t.Desired != want,
			in.ServiceName != nil && t.Group != "service:"+lastPart(*in.ServiceName),
			in.Family != nil && (d == nil || d.Family != *in.Family),
			in.StartedBy != nil && t.Rollout != *in.StartedBy:
			continue
		}
		arns = append(arns, t.ARN)
	}
	return &ecs.ListTasksOutput{TaskArns: arns}, nil
}

func ecsDescribeTasks(c *call, in *ecs.DescribeTasksInput) (*ecs.DescribeTasksOutput, error) {
	k, err := c.activeCluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	if len(in.Tasks) == 0 || len(in.Tasks) > 100 {
		return nil, invalid("Tasks must be given, at most 100.")
	}
	out := &ecs.DescribeTasksOutput{}
	for _, ref := range in.Tasks {
		if t := c.r.taskOf(k.ARN, ref); t != nil {
			o := c.taskOut(t)
			if !slices.Contains(in.Include, ecstypes.TaskFieldTags) {
				o.Tags = nil
			}
			out.Tasks = append(out.Tasks, o)
		} else {
			out.Failures = append(out.Failures, ecstypes.Failure{Arn: new(c.ecsARN("task/%s/%s", k.Name, lastPart(ref))), Reason: new("MISSING")})
		}
	}
	return out, nil
}

func (c *call) taskOut(t *task) ecstypes.Task {
	o := ecstypes.Task{
		TaskArn: new(t.ARN), ClusterArn: new(t.Cluster), TaskDefinitionArn: new(t.TaskDef), Group: new(t.Group), StartedBy: orNil(t.Rollout),
		LastStatus: new(t.Status), DesiredStatus: new(t.Desired), CreatedAt: new(t.Created), StartedAt: timeOrNil(t.Started),
		PullStartedAt: timeOrNil(t.PullStart), PullStoppedAt: timeOrNil(t.PullStop), StoppingAt: timeOrNil(t.Stopping),
		StoppedAt: timeOrNil(t.StoppedAt), ExecutionStoppedAt: timeOrNil(t.ExecStopped), StopCode: t.StopCode, StoppedReason: orNil(t.Reason),
		LaunchType: ecstypes.LaunchTypeFargate, PlatformVersion: new("1.4.0"), PlatformFamily: new("Linux"), EnableExecuteCommand: t.Exec,
		HealthStatus: ecstypes.HealthStatusUnknown, Tags: t.Tags.toECS(), CapacityProviderName: new(cmp.Or(t.Provider, "FARGATE")),
	}
	if t.Status == taskRunning {
		o.Connectivity, o.ConnectivityAt = ecstypes.ConnectivityConnected, timeOrNil(t.PullStart)
	}
	if s := c.r.subnet(t.Subnet); s != nil {
		o.AvailabilityZone = new(s.Zone)
	}
	o.Attachments = []ecstypes.Attachment{c.attachmentOut(t)}
	d := c.r.taskDef(t.TaskDef)
	if d == nil {
		return o
	}
	o.Cpu, o.Memory = orNil(str(d.Def.Cpu)), orNil(str(d.Def.Memory))
	for i, k := range d.Def.ContainerDefinitions {
		h := stableID(t.ID, fmt.Sprint(i))
		x := ecstypes.Container{
			ContainerArn: new(c.ecsARN("container/%s/%s/%s", lastPart(t.Cluster), t.ID, h[:32])), TaskArn: new(t.ARN), Name: orNil(str(k.Name)),
			Image: orNil(str(k.Image)), ImageDigest: orNil(t.Digest), LastStatus: new(containerStatus(t.Status)), HealthStatus: ecstypes.HealthStatusUnknown,
			Reason: orNil(t.CReason), RuntimeId: new(t.ID + "-" + digitsOf(h, 10)),
		}
		if t.ExitCode != nil {
			x.ExitCode = new(*t.ExitCode)
		}
		if t.holdsInterface() {
			x.NetworkInterfaces = []ecstypes.NetworkInterface{{AttachmentId: new(t.Attachment), PrivateIpv4Address: new(t.IP)}}
		}
		if t.Exec && t.Status == taskRunning {
			x.ManagedAgents = []ecstypes.ManagedAgent{t.agent(c.now)}
		}
		o.Containers = append(o.Containers, x)
	}
	return o
}

func containerStatus(task string) string {
	switch task {
	case taskRunning, taskDeactivating, taskStopping:
		return "RUNNING"
	case taskDeprovisioning, taskStopped:
		return "STOPPED"
	}
	return "PENDING"
}

func (c *call) attachmentOut(t *task) ecstypes.Attachment {
	status := "PRECREATED"
	switch {
	case t.Status == taskStopped:
		status = "DELETED"
	case t.holdsInterface():
		status = "ATTACHED"
	}
	kv := func(k, v string) ecstypes.KeyValuePair { return ecstypes.KeyValuePair{Name: new(k), Value: new(v)} }
	a := ecstypes.Attachment{Id: new(t.Attachment), Type: new("ElasticNetworkInterface"), Status: new(status), Details: []ecstypes.KeyValuePair{kv("subnetId", t.Subnet)}}
	if status == "ATTACHED" {
		a.Details = append(a.Details, kv("networkInterfaceId", t.ENI), kv("privateIPv4Address", t.IP))
	}
	return a
}

func ecsRunTask(c *call, in *ecs.RunTaskInput) (*ecs.RunTaskOutput, error) {
	k, err := c.activeCluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	if k.status(c.now) != "ACTIVE" {
		return nil, client("Cluster was not ACTIVE.")
	}
	out := &ecs.RunTaskOutput{}
	for _, t := range c.r.ecs().Tasks {
		if t.Token != "" && t.Token == str(in.ClientToken) {
			out.Tasks = append(out.Tasks, c.taskOut(t))
		}
	}
	if len(out.Tasks) > 0 {
		return out, nil
	}
	v := revision{TaskDef: str(in.TaskDefinition), Network: in.NetworkConfiguration}
	if err := c.checkRevision(&v); err != nil {
		return nil, err
	}
	d, w := c.r.taskDef(v.TaskDef), &world{a: c.a, st: c.st, r: c.r}
	if arn := w.unassumable(d, c.now); arn != "" {
		return nil, client("ECS was unable to assume the role '%s' that was provided for this task. Please verify that the role being passed has the proper trust relationship and permissions and that your IAM user has permissions to pass this role.", arn)
	}
	var command []string
	if in.Overrides != nil {
		for _, o := range in.Overrides.ContainerOverrides {
			if !slices.ContainsFunc(d.Def.ContainerDefinitions, func(k ecstypes.ContainerDefinition) bool { return str(k.Name) == str(o.Name) }) {
				return nil, invalid("Override for container named %s is not a container in the TaskDefinition.", str(o.Name))
			}
			command = slices.Clone(o.Command)
		}
	}
	key := stableID(k.ARN, d.ARN, c.now.String(), str(in.ClientToken))
	for i := range int(val(in.Count, 1)) {
		if w.overQuota(d) {
			return nil, client("You've reached the limit on the number of vCPUs you can run concurrently")
		}
		t := w.newTask(d, v.Network.AwsvpcConfiguration, key, i, c.a.fateNow(d.ARN), c.now)
		t.Cluster, t.Group, t.Rollout, t.Token = k.ARN, "family:"+d.Family, str(in.StartedBy), str(in.ClientToken)
		if in.Group != nil {
			t.Group = *in.Group
		}
		t.ARN = c.ecsARN("task/%s/%s", k.Name, t.ID)
		t.Alone = len(command) == 0 && len(d.main().Command) > 0 // what a process does for once comes to an end
		t.Command, t.Tags, t.Exec = command, ecsTags(in.Tags), in.EnableExecuteCommand
		c.r.ecs().Tasks = append(c.r.ecs().Tasks, t)
		out.Tasks = append(out.Tasks, c.taskOut(t))
	}
	return out, nil
}

func ecsStopTask(c *call, in *ecs.StopTaskInput) (*ecs.StopTaskOutput, error) {
	k, err := c.activeCluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	t := c.r.taskOf(k.ARN, str(in.Task))
	if t == nil {
		return nil, invalid("The referenced task was not found.")
	}
	w := &world{a: c.a, st: c.st, r: c.r}
	w.stopTask(t, c.now, ecstypes.TaskStopCodeUserInitiated, val(in.Reason, "Task stopped by user"))
	if s := w.owner(t); s != nil {
		s.wake(c.now)
	}
	return &ecs.StopTaskOutput{Task: new(c.taskOut(t))}, nil
}
