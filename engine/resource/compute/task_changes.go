package compute

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"berth/engine/resource"
	"berth/engine/resource/data"
)

// appContainer is the app's container in a revision; an empty one when it has none.
func appContainer(td *ecstypes.TaskDefinition) ecstypes.ContainerDefinition {
	for _, c := range td.ContainerDefinitions {
		if aws.ToString(c.Name) == ContainerName {
			return c
		}
	}
	return ecstypes.ContainerDefinition{}
}

// changes are the settings in which the new revision differs from the latest one.
func (t *TaskDefinition) changes(s *resource.Scope) []resource.FieldChange {
	was := t.latest
	if was == nil {
		was = &ecstypes.TaskDefinition{}
	}
	c := appContainer(was)
	arch, port, linux, logs := "", "", c.LinuxParameters, c.LogConfiguration
	if was.RuntimePlatform != nil {
		arch = string(was.RuntimePlatform.CpuArchitecture)
	}
	for _, p := range c.PortMappings {
		port = strconv.Itoa(int(aws.ToInt32(p.ContainerPort)))
	}
	if linux == nil {
		linux = &ecstypes.LinuxParameters{}
	}
	if logs == nil {
		logs = &ecstypes.LogConfiguration{}
	}
	all := []resource.FieldChange{
		resource.Field("image", aws.ToString(c.Image), cmp.Or(t.Image.Ref, resource.NotYet)),
		resource.Field("cpu", aws.ToString(was.Cpu), t.CPU),
		resource.Field("memory", aws.ToString(was.Memory), t.Memory),
		resource.Field("architecture", arch, t.Arch),
		resource.Field("port", port, portText(t.Port)),
		resource.Field("disk", diskOf(was), max(t.DiskGB, freeDisk)),
		resource.Field("entrypoint", strings.Join(c.EntryPoint, " "), strings.Join(t.Entrypoint, " ")),
		resource.Field("command", strings.Join(c.Command, " "), strings.Join(t.Command, " ")),
		resource.Field("stop timeout", aws.ToInt32(c.StopTimeout), int(t.StopTimeout.Seconds())),
		resource.Field("execution role", aws.ToString(was.ExecutionRoleArn), cmp.Or(t.ExecutionRole.ARN, resource.NotYet)),
		resource.Field("task role", aws.ToString(was.TaskRoleArn), cmp.Or(t.TaskRole.ARN, resource.NotYet)),
		resource.Field("init process", aws.ToBool(linux.InitProcessEnabled), !t.NoInit),
		resource.Field("log group", logs.Options["awslogs-group"], t.LogGroup.Name()),
	}
	for _, p := range t.Mounts {
		if !slices.ContainsFunc(c.MountPoints, func(m ecstypes.MountPoint) bool { return aws.ToString(m.ContainerPath) == p.Path }) {
			all = append(all, resource.Field("files at "+p.Path, "lost with each task", "kept"))
		}
	}
	for _, m := range c.MountPoints {
		if path := aws.ToString(m.ContainerPath); !slices.ContainsFunc(t.Mounts, func(p *data.AccessPoint) bool { return p.Path == path }) {
			all = append(all, resource.Field("files at "+path, "kept", "not mounted"))
		}
	}
	all = append(append(all, t.environmentChanges(s, c)...), t.secretChanges(s, c)...)
	all = slices.DeleteFunc(all, func(f resource.FieldChange) bool { return f.Old == f.New })
	if versions, _ := t.Versions(s); len(all) == 0 && len(versions) > 0 {
		var texts []string
		for _, k := range slices.Sorted(maps.Keys(versions)) {
			texts = append(texts, k+" "+versions[k])
		}
		return []resource.FieldChange{resource.Field("secret versions", "of "+shortARN(t.found), strings.Join(texts, ", "))}
	}
	if len(all) == 0 { // something that is not shown one by one, or that an older version of berth wrote in another way
		all = append(all, resource.Field("revision", shortARN(t.found), resource.NotYet))
	}
	return all
}

// diskOf is the disk of a task of a revision in GB.
func diskOf(td *ecstypes.TaskDefinition) int {
	if td.EphemeralStorage == nil {
		return freeDisk
	}
	return int(td.EphemeralStorage.SizeInGiB)
}

// portText is a port as a text, empty for none.
func portText(port int) string {
	if port == 0 {
		return ""
	}
	return strconv.Itoa(port)
}

// environmentChanges are the variables that change. While the host name is not known, neither are they.
func (t *TaskDefinition) environmentChanges(s *resource.Scope, c ecstypes.ContainerDefinition) (fields []resource.FieldChange) {
	want, ok := t.Environment(s)
	if !ok {
		return []resource.FieldChange{resource.Field("environment", "", resource.NotYet)}
	}
	have := map[string]string{}
	for _, e := range c.Environment {
		have[aws.ToString(e.Name)] = aws.ToString(e.Value)
	}
	for _, k := range sortedKeys(have, want) {
		was, there := have[k]
		will, stays := want[k]
		switch {
		case there && stays && was == will:
		case secretive(k, was) || secretive(k, will):
			fields = append(fields, hidden("env "+k, there, stays))
		default:
			fields = append(fields, resource.Field("env "+k, was, will))
		}
	}
	return fields
}

// hidden is the change of a value that is not shown.
func hidden(field string, there, stays bool) resource.FieldChange {
	switch {
	case !there:
		return resource.Field(field, "", resource.Hidden)
	case !stays:
		return resource.Field(field, resource.Hidden, "")
	}
	return resource.Field(field, resource.Hidden, "another "+resource.Hidden)
}

// secretChanges are the secrets that are taken from another place, by name.
func (t *TaskDefinition) secretChanges(s *resource.Scope, c ecstypes.ContainerDefinition) (fields []resource.FieldChange) {
	have := map[string]string{}
	for _, e := range c.Secrets {
		have[aws.ToString(e.Name)] = aws.ToString(e.ValueFrom)
	}
	want := t.Secrets(s)
	for _, k := range sortedKeys(have, want) {
		fields = append(fields, resource.Field("secret "+k, have[k], want[k]))
	}
	before := splitVersions(c.DockerLabels[labelVersions])
	now, ok := t.Versions(s)
	if !ok {
		return append(fields, resource.Field("versions of the secrets", c.DockerLabels[labelVersions], resource.NotYet))
	}
	for _, k := range sortedKeys(before, now) {
		if have[k] == want[k] {
			fields = append(fields, resource.Field("secret "+k+", version", before[k], now[k]))
		}
	}
	return fields
}

// labelVersions is the label of the container that says which versions of its secrets a revision was made for. They
// tell nothing of the values.
const labelVersions = "berth.secret-versions"

func joinVersions(m map[string]string) string {
	var all []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		all = append(all, k+"="+m[k])
	}
	return strings.Join(all, " ")
}

func splitVersions(label string) map[string]string {
	m := map[string]string{}
	for _, one := range strings.Fields(label) {
		k, v, _ := strings.Cut(one, "=")
		m[k] = v
	}
	return m
}

func sortedKeys(a, b map[string]string) []string {
	all := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(all)
	return slices.Compact(all)
}

// What makes a variable look as if it held a secret although it does not stand among the secrets.
var (
	secretName  = pattern(`(?i)secret|token|passw|passphrase|credential|private|_?key|_dsn$|_url$|auth|salt|cookie`)
	secretValue = pattern(`://[^/\s]*@|-----BEGIN`)
)

// secretive says whether the value of a variable is better not shown.
func secretive(name, value string) bool {
	return secretName().MatchString(name) || secretValue().MatchString(value)
}

// MountsAlready says whether the newest revision that was observed mounts that file system.
func (t *TaskDefinition) MountsAlready(fileSystem string) bool {
	return t.latest != nil && slices.ContainsFunc(t.latest.Volumes, func(v ecstypes.Volume) bool {
		return v.EfsVolumeConfiguration != nil && aws.ToString(v.EfsVolumeConfiguration.FileSystemId) == fileSystem
	})
}
