package sim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// ecsTaskDefinitions are the revisions of task definitions.
func ecsTaskDefinitions() awsService {
	return awsService{
		operations: []operation{
			op(ecsRegisterTaskDefinition, tagging("ecs:TagResource"), alsoFor(func(in *ecs.RegisterTaskDefinitionInput) []string {
				if in.ExecutionRoleArn != nil || in.TaskRoleArn != nil {
					return []string{"iam:PassRole"}
				}
				return nil
			})),
			op(ecsDescribeTaskDefinition), op(ecsListTaskDefinitions, pages("TaskDefinitionArns", 100, 100)),
			op(ecsListTaskDefinitionFamilies, pages("Families", 100, 100)), op(ecsDeregisterTaskDefinition), op(ecsDeleteTaskDefinitions),
		},
		list: func(v *inventory, r *region) {
			for _, t := range r.ecs().TaskDefs {
				if t.Def.Status != ecstypes.TaskDefinitionStatusActive {
					continue
				}
				d := clone(*t)
				d.Def.RegisteredAt = nil
				v.add("ecs.TaskDefinition", named(r, nil, lastPart(t.ARN)), false, d)
			}
		},
	}
}

// taskDef is one revision of a task definition family.
type taskDef struct {
	ARN    string
	Family string
	Def    ecstypes.TaskDefinition
	Tags   tagMap
}

// fargate is the memory sizes in MiB that go with a number of CPU units: from, to, step.
var fargate = map[int][3]int{
	256: {512, 2048, 512}, 512: {1024, 4096, 1024}, 1024: {2048, 8192, 1024}, 2048: {4096, 16384, 1024},
	4096: {8192, 30720, 1024}, 8192: {16384, 61440, 4096}, 16384: {32768, 122880, 8192},
}

func fargatePair(cpu, memory int) bool {
	m, ok := fargate[cpu]
	if cpu == 256 && memory == 1536 {
		return false // the steps of the smallest size are 512, 1024, 2048
	}
	return ok && memory >= m[0] && memory <= m[1] && (memory-m[0])%m[2] == 0
}

// taskDef finds a revision by ARN, family:revision, or family (the latest active one).
func (r *region) taskDef(ref string) *taskDef {
	name := lastPart(ref)
	if strings.Contains(name, ":") {
		return find(r.ecs().TaskDefs, func(d *taskDef) bool { return lastPart(d.ARN) == name })
	}
	for _, d := range slices.Backward(r.ecs().TaskDefs) {
		if d.Family == name && d.Def.Status == ecstypes.TaskDefinitionStatusActive {
			return d
		}
	}
	return nil
}

func noTaskDef() error { return client("Unable to describe task definition.") }

// checkTaskDef checks a task definition that is to run on Fargate.
func (c *call) checkTaskDef(in *ecs.RegisterTaskDefinitionInput) error {
	if !ecsName(str(in.Family)) {
		return client("Family contains invalid characters.")
	}
	if len(in.ContainerDefinitions) == 0 {
		return client("Container list cannot be empty.")
	}
	if slices.Contains(in.RequiresCompatibilities, ecstypes.CompatibilityFargate) {
		cpu, _ := strconv.Atoi(str(in.Cpu))
		memory, _ := strconv.Atoi(str(in.Memory))
		switch {
		case in.NetworkMode != ecstypes.NetworkModeAwsvpc:
			return client("Fargate only supports network mode 'awsvpc'.")
		case in.Cpu == nil || in.Memory == nil:
			return client("Fargate requires that 'cpu' be defined at the task level.")
		case !fargatePair(cpu, memory):
			return client("No Fargate configuration exists for given values: %s CPU, %s memory. See the Amazon ECS documentation for the valid values.", str(in.Cpu), str(in.Memory))
		}
	}
	for _, arn := range []*string{in.ExecutionRoleArn, in.TaskRoleArn} {
		if arn != nil && !strings.HasPrefix(*arn, "arn:aws:iam::"+c.st.Account+":role/") {
			return client("Role is not valid")
		}
	}
	if err := checkVolumes(in); err != nil {
		return err
	}
	essential := false
	for i, k := range in.ContainerDefinitions {
		if err := checkContainer(in, k); err != nil {
			return err
		}
		essential = essential || val(k.Essential, true)
		for _, o := range in.ContainerDefinitions[:i] {
			if str(o.Name) == str(k.Name) {
				return client("Container names must be unique within a task definition.")
			}
		}
	}
	if !essential {
		return client("All containers in a task definition cannot be non-essential.")
	}
	return nil
}

// checkVolumes checks the volumes of EFS, and that containers mount only volumes that there are.
func checkVolumes(in *ecs.RegisterTaskDefinitionInput) error {
	names := map[string]bool{}
	for _, v := range in.Volumes {
		names[str(v.Name)] = true
		e := v.EfsVolumeConfiguration
		if e == nil {
			continue
		}
		point := e.AuthorizationConfig != nil && str(e.AuthorizationConfig.AccessPointId) != ""
		iam := e.AuthorizationConfig != nil && e.AuthorizationConfig.Iam == ecstypes.EFSAuthorizationConfigIAMEnabled
		switch {
		case point && str(e.RootDirectory) != "" && str(e.RootDirectory) != "/":
			return client("When an EFS access point is specified, the root directory must be '/' or omitted for volume '%s'.", str(v.Name))
		case (point || iam) && e.TransitEncryption != ecstypes.EFSTransitEncryptionEnabled:
			return client("Transit encryption must be enabled for volume '%s' when an EFS access point or IAM authorization is used.", str(v.Name))
		}
	}
	for _, k := range in.ContainerDefinitions {
		for _, m := range k.MountPoints {
			if !names[str(m.SourceVolume)] {
				return client("Unknown volume '%s'.", str(m.SourceVolume))
			}
		}
	}
	return nil
}

func checkContainer(in *ecs.RegisterTaskDefinitionInput, k ecstypes.ContainerDefinition) error {
	if str(k.Name) == "" || str(k.Image) == "" {
		return client("Container.image should not be null or empty.")
	}
	if !ecsName(str(k.Name)) {
		return client("Container.name contains invalid characters.")
	}
	if in.ExecutionRoleArn == nil {
		switch {
		case strings.Contains(str(k.Image), ".dkr.ecr."):
			return client("Fargate requires task definition to have execution role ARN to support ECR images.")
		case k.LogConfiguration != nil:
			return client("Fargate requires task definition to have execution role ARN to support log driver %s.", k.LogConfiguration.LogDriver)
		case len(k.Secrets) > 0:
			return client("When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.")
		}
	}
	if l := k.LogConfiguration; l != nil && l.LogDriver == ecstypes.LogDriverAwslogs {
		for _, opt := range []string{"awslogs-group", "awslogs-region", "awslogs-stream-prefix"} {
			if l.Options[opt] == "" {
				return client("Log driver awslogs requires options: %s", opt)
			}
		}
	}
	if s := k.StopTimeout; s != nil && (*s < 2 || *s > 120) {
		return client("Invalid setting for container '%s'. At least one of 'stopTimeout' must be between 2 and 120.", str(k.Name))
	}
	for _, m := range k.PortMappings {
		if p := val(m.ContainerPort, 0); p < 1 || p > 65535 {
			return client("Invalid 'containerPort' setting for container '%s'", str(k.Name))
		}
		if m.HostPort != nil && *m.HostPort != *m.ContainerPort {
			return client("When networkMode=awsvpc, the host ports and container ports in port mappings must match.")
		}
	}
	return nil
}

func ecsRegisterTaskDefinition(c *call, in *ecs.RegisterTaskDefinitionInput) (*ecs.RegisterTaskDefinitionOutput, error) {
	if err := c.checkTaskDef(in); err != nil {
		return nil, err
	}
	family := str(in.Family)
	if c.r.ecs().Revisions == nil {
		c.r.ecs().Revisions = map[string]int32{}
	}
	c.r.ecs().Revisions[family]++
	rev := c.r.ecs().Revisions[family]
	d := &taskDef{ARN: c.ecsARN("task-definition/%s:%d", family, rev), Family: family, Tags: ecsTags(in.Tags)}
	d.Def = ecstypes.TaskDefinition{
		TaskDefinitionArn: new(d.ARN), Family: new(family), Revision: rev, Status: ecstypes.TaskDefinitionStatusActive,
		ContainerDefinitions: clone(in.ContainerDefinitions), Cpu: in.Cpu, Memory: in.Memory, NetworkMode: in.NetworkMode,
		RequiresCompatibilities: slices.Clone(in.RequiresCompatibilities), Compatibilities: []ecstypes.Compatibility{ecstypes.CompatibilityEc2, ecstypes.CompatibilityFargate},
		ExecutionRoleArn: in.ExecutionRoleArn, TaskRoleArn: in.TaskRoleArn, RuntimePlatform: clone(in.RuntimePlatform), Volumes: clone(in.Volumes),
		EphemeralStorage: clone(in.EphemeralStorage), ProxyConfiguration: clone(in.ProxyConfiguration), RegisteredAt: new(c.now), RegisteredBy: new(c.st.principal()),
	}
	d.Def = clone(d.Def)
	for i := range d.Def.ContainerDefinitions {
		k := &d.Def.ContainerDefinitions[i]
		k.Essential = new(val(k.Essential, true))
		for j := range k.PortMappings {
			m := &k.PortMappings[j]
			m.HostPort = m.ContainerPort
			if m.Protocol == "" {
				m.Protocol = ecstypes.TransportProtocolTcp
			}
		}
	}
	c.r.ecs().TaskDefs = append(c.r.ecs().TaskDefs, d)
	return &ecs.RegisterTaskDefinitionOutput{TaskDefinition: new(clone(d.Def)), Tags: d.Tags.toECS()}, nil
}

func ecsDescribeTaskDefinition(c *call, in *ecs.DescribeTaskDefinitionInput) (*ecs.DescribeTaskDefinitionOutput, error) {
	d := c.r.taskDef(str(in.TaskDefinition))
	if d == nil {
		return nil, noTaskDef()
	}
	out := &ecs.DescribeTaskDefinitionOutput{TaskDefinition: new(clone(d.Def))}
	if slices.Contains(in.Include, ecstypes.TaskDefinitionFieldTags) {
		out.Tags = d.Tags.toECS()
	}
	return out, nil
}

func ecsListTaskDefinitions(c *call, in *ecs.ListTaskDefinitionsInput) (*ecs.ListTaskDefinitionsOutput, error) {
	status := in.Status
	if status == "" {
		status = ecstypes.TaskDefinitionStatusActive
	}
	var arns []string
	for _, d := range c.r.ecs().TaskDefs {
		if d.Def.Status == status && (in.FamilyPrefix == nil || d.Family == *in.FamilyPrefix) {
			arns = append(arns, d.ARN)
		}
	}
	if in.Sort == ecstypes.SortOrderDesc {
		slices.Reverse(arns)
	}
	return &ecs.ListTaskDefinitionsOutput{TaskDefinitionArns: arns}, nil
}

func ecsListTaskDefinitionFamilies(c *call, in *ecs.ListTaskDefinitionFamiliesInput) (*ecs.ListTaskDefinitionFamiliesOutput, error) {
	out := &ecs.ListTaskDefinitionFamiliesOutput{}
	for _, d := range c.r.ecs().TaskDefs {
		active := d.Def.Status == ecstypes.TaskDefinitionStatusActive
		if in.Status == ecstypes.TaskDefinitionFamilyStatusActive && !active || !strings.HasPrefix(d.Family, str(in.FamilyPrefix)) {
			continue
		}
		if !slices.Contains(out.Families, d.Family) {
			out.Families = append(out.Families, d.Family)
		}
	}
	return out, nil
}

func ecsDeregisterTaskDefinition(c *call, in *ecs.DeregisterTaskDefinitionInput) (*ecs.DeregisterTaskDefinitionOutput, error) {
	d := c.r.taskDef(str(in.TaskDefinition))
	if d == nil || !strings.Contains(str(in.TaskDefinition), ":") {
		return nil, client("The specified task definition does not exist.")
	}
	if d.Def.Status == ecstypes.TaskDefinitionStatusActive {
		d.Def.Status = ecstypes.TaskDefinitionStatusInactive
		d.Def.DeregisteredAt = new(c.now)
	}
	return &ecs.DeregisterTaskDefinitionOutput{TaskDefinition: new(clone(d.Def))}, nil
}

func ecsDeleteTaskDefinitions(c *call, in *ecs.DeleteTaskDefinitionsInput) (*ecs.DeleteTaskDefinitionsOutput, error) {
	if len(in.TaskDefinitions) > 10 {
		return nil, invalid("At most 10 task definitions can be deleted at once.")
	}
	out := &ecs.DeleteTaskDefinitionsOutput{}
	for _, ref := range in.TaskDefinitions {
		d := c.r.taskDef(ref)
		switch {
		case d == nil:
			out.Failures = append(out.Failures, ecstypes.Failure{Arn: new(ref), Reason: new("MISSING")})
		case d.Def.Status == ecstypes.TaskDefinitionStatusActive:
			out.Failures = append(out.Failures, ecstypes.Failure{
				Arn: new(d.ARN), Reason: new("The specified task definition is still in ACTIVE status. Please deregister the target and try again."),
			})
		default:
			d.Def.Status = ecstypes.TaskDefinitionStatusDeleteInProgress
			out.TaskDefinitions = append(out.TaskDefinitions, clone(d.Def))
		}
	}
	return out, nil
}

// sweepTaskDefs deletes the revisions that are waiting for it and that nothing uses any more.
func (r *region) sweepTaskDefs() {
	r.ecs().TaskDefs = slices.DeleteFunc(r.ecs().TaskDefs, func(d *taskDef) bool {
		if d.Def.Status != ecstypes.TaskDefinitionStatusDeleteInProgress {
			return false
		}
		used := slices.ContainsFunc(r.ecs().Tasks, func(t *task) bool { return t.TaskDef == d.ARN && t.Status != taskStopped })
		for _, s := range r.ecs().Services {
			used = used || s.Status != "INACTIVE" && slices.ContainsFunc(s.Rollouts, func(o *rollout) bool { return o.Role != "" && o.Rev.TaskDef == d.ARN })
		}
		return !used
	})
}

// main gives a task definition's first essential container.
func (d *taskDef) main() *ecstypes.ContainerDefinition {
	for i := range d.Def.ContainerDefinitions {
		if k := &d.Def.ContainerDefinitions[i]; val(k.Essential, true) {
			return k
		}
	}
	return &d.Def.ContainerDefinitions[0]
}

// units is the size of a task in CPU units, 1024 to a vCPU.
func (d *taskDef) units() int {
	n, _ := strconv.Atoi(str(d.Def.Cpu))
	return n
}

// stopTimeout is how long a container may take to end before it is killed.
func stopTimeout(k *ecstypes.ContainerDefinition) time.Duration {
	return time.Duration(val(k.StopTimeout, 30)) * time.Second
}

// logStreamOf is where a container of a task logs to; ok is false when it does not log to CloudWatch.
func logStreamOf(k *ecstypes.ContainerDefinition, taskID string) (group, stream string, ok bool) {
	l := k.LogConfiguration
	if l == nil || l.LogDriver != ecstypes.LogDriverAwslogs {
		return "", "", false
	}
	return l.Options["awslogs-group"], fmt.Sprintf("%s/%s/%s", l.Options["awslogs-stream-prefix"], str(k.Name), taskID), true
}
