package compute

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"berth/engine/resource"
)

// freeDisk is the GB of disk that a task has in any case. The size of a disk that is said begins above (engine/AWS.md,
// Service).
const freeDisk = 20

// input is the revision to register, without tags; ok is false while something in it is not known yet.
func (t *TaskDefinition) input(s *resource.Scope) (in *ecs.RegisterTaskDefinitionInput, ok bool) {
	env, ok := t.Environment(s)
	versions, final := t.Versions(s)
	volumes, mounted := t.volumes()
	if !ok || !final || !mounted || t.Image.Ref == "" || t.ExecutionRole.ARN == "" || t.TaskRole.ARN == "" {
		return nil, false
	}
	c := ecstypes.ContainerDefinition{
		Name: aws.String(ContainerName), Image: &t.Image.Ref, Essential: aws.Bool(true), EntryPoint: t.Entrypoint, Command: t.Command,
		LinuxParameters: &ecstypes.LinuxParameters{InitProcessEnabled: aws.Bool(!t.NoInit)},
		StopTimeout:     aws.Int32(int32(t.StopTimeout.Seconds())),
		LogConfiguration: &ecstypes.LogConfiguration{LogDriver: ecstypes.LogDriverAwslogs, Options: map[string]string{
			"awslogs-group": t.LogGroup.Name(), "awslogs-region": s.Region, "awslogs-stream-prefix": StreamPrefix(t.Process),
			"mode": "non-blocking", "max-buffer-size": "10m",
		}},
	}
	if t.Port != 0 {
		c.PortMappings = []ecstypes.PortMapping{{
			Name: aws.String(portName), ContainerPort: aws.Int32(int32(t.Port)), //nolint:gosec // a port
			Protocol: ecstypes.TransportProtocolTcp,
		}}
	}
	for _, k := range slices.Sorted(maps.Keys(env)) {
		c.Environment = append(c.Environment, ecstypes.KeyValuePair{Name: aws.String(k), Value: aws.String(env[k])})
	}
	for _, p := range t.Mounts {
		c.MountPoints = append(c.MountPoints, ecstypes.MountPoint{SourceVolume: aws.String(p.VolumeName()), ContainerPath: aws.String(p.Path)})
	}
	if len(versions) > 0 {
		c.DockerLabels = map[string]string{labelVersions: joinVersions(versions)}
	}
	secrets := t.Secrets(s)
	for _, k := range slices.Sorted(maps.Keys(secrets)) {
		c.Secrets = append(c.Secrets, ecstypes.Secret{Name: aws.String(k), ValueFrom: aws.String(secrets[k])})
	}
	var disk *ecstypes.EphemeralStorage
	if t.DiskGB > freeDisk {
		disk = &ecstypes.EphemeralStorage{SizeInGiB: int32(t.DiskGB)} //nolint:gosec // at most 200
	}
	return &ecs.RegisterTaskDefinitionInput{
		EphemeralStorage: disk,
		Family:           aws.String(t.Family()), NetworkMode: ecstypes.NetworkModeAwsvpc,
		RequiresCompatibilities: []ecstypes.Compatibility{ecstypes.CompatibilityFargate},
		Cpu:                     aws.String(strconv.Itoa(t.CPU)), Memory: aws.String(strconv.Itoa(t.Memory)),
		ExecutionRoleArn: &t.ExecutionRole.ARN, TaskRoleArn: &t.TaskRole.ARN,
		RuntimePlatform: &ecstypes.RuntimePlatform{
			CpuArchitecture: ecstypes.CPUArchitecture(t.Arch), OperatingSystemFamily: ecstypes.OSFamilyLinux,
		},
		ContainerDefinitions: []ecstypes.ContainerDefinition{c}, Volumes: volumes,
	}, true
}

// volumes are the volumes behind the mounts; ok is false while one is not made. Files travel encrypted, and the task's
// role says who comes.
func (t *TaskDefinition) volumes() (all []ecstypes.Volume, ok bool) {
	for _, p := range t.Mounts {
		if p.ID == "" {
			return nil, false
		}
		all = append(all, ecstypes.Volume{
			Name: aws.String(p.VolumeName()),
			EfsVolumeConfiguration: &ecstypes.EFSVolumeConfiguration{
				FileSystemId: &p.FileSystem.ID, TransitEncryption: ecstypes.EFSTransitEncryptionEnabled,
				AuthorizationConfig: &ecstypes.EFSAuthorizationConfig{AccessPointId: &p.ID, Iam: ecstypes.EFSAuthorizationConfigIAMEnabled},
			},
		})
	}
	return all, true
}

// specHash stands for everything in a revision that is said. It goes into a tag, so it must not tell a value:
// it is a SHA-256 cut to 16 hex digits, and secrets stand in it by their ARN only. Fields that are not said
// are left out, so that a newer SDK with more of them gives the same.
func specHash(in *ecs.RegisterTaskDefinitionInput) string {
	b, err := json.Marshal(in)
	var said any
	if err == nil {
		err = json.Unmarshal(b, &said)
	}
	if err == nil {
		b, err = json.Marshal(withoutNull(said))
	}
	if err != nil {
		panic("marshal a task definition of plain values: " + err.Error()) // cannot happen
	}
	return resource.Digest(string(b))[:16]
}

// withoutNull leaves out what a JSON value says nothing about.
func withoutNull(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			if e = withoutNull(e); e == nil || e == "" || e == false {
				delete(v, k)
			} else {
				v[k] = e
			}
		}
		if len(v) == 0 {
			return nil
		}
	case []any:
		for i := range v {
			v[i] = withoutNull(v[i])
		}
		if len(v) == 0 {
			return nil
		}
	}
	return v
}
