package sim

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// unassumable gives the ARN of the first role of a task definition that ECS cannot assume (yet).
func (w *world) unassumable(d *taskDef, at time.Time) string {
	source := fmt.Sprintf("arn:aws:ecs:%s:%s:*", w.r.Name, w.st.Account)
	for _, arn := range []*string{d.Def.ExecutionRoleArn, d.Def.TaskRoleArn} {
		if arn == nil {
			continue
		}
		r := w.st.roleByARN(*arn)
		if r == nil || at.Before(r.TrustSince.Add(w.a.delay(latIAM, r.Name))) {
			return *arn
		}
		doc, err := parsePolicy(r.Trust, true)
		if err != nil || !doc.trusts("ecs-tasks.amazonaws.com", w.st.Account, source) {
			return *arn
		}
	}
	return ""
}

// platformOf is the platform that a task definition runs on.
func platformOf(d *taskDef) string {
	if p := d.Def.RuntimePlatform; p != nil && p.CpuArchitecture == ecstypes.CPUArchitectureArm64 {
		return "arm64"
	}
	return "amd64"
}

// located is where an image reference points within the account's registries.
type located struct {
	host   string
	region *region
	repo   *repository // nil when there is no such repository
	name   string      // of the repository
	ref    string      // digest or tag
	ours   bool        // false for another registry, which the account knows nothing about
}

// locate takes an image reference apart.
func (w *world) locate(ref string) located {
	host, rest, _ := strings.Cut(ref, "/")
	parts := strings.Split(host, ".")
	if len(parts) != 6 || parts[1] != "dkr" || parts[2] != "ecr" {
		return located{}
	}
	l := located{ours: true, host: host, name: rest, ref: "latest"}
	if name, digest, ok := strings.Cut(rest, "@"); ok {
		l.name, l.ref = name, digest
		l.name, _, _ = strings.Cut(l.name, ":")
	} else if name, tag, ok := strings.Cut(rest, ":"); ok {
		l.name, l.ref = name, tag
	}
	if l.region = w.st.Regions[parts[3]]; l.region != nil && parts[0] == w.st.Account {
		l.repo = l.region.repository(l.name)
	}
	return l
}

// imageConfig reads the configuration of an image in the account's registry; nil when it is not there.
func (w *world) imageConfig(ref, arch string) *v1.ConfigFile {
	l := w.locate(ref)
	if l.repo == nil {
		return nil
	}
	img := l.repo.image(l.ref)
	if img == nil {
		return nil
	}
	img = l.repo.forArch(img, arch)
	if img == nil || l.repo.Blobs[img.Config] == nil {
		return nil
	}
	var cfg v1.ConfigFile
	if json.Unmarshal(l.repo.Blobs[img.Config].Data, &cfg) != nil {
		return nil
	}
	return &cfg
}

// forArch gives the image itself, or the part of an index that is for an architecture; nil when there is none.
func (p *repository) forArch(img *ecrImage, arch string) *ecrImage {
	if img.Config != "" {
		return img
	}
	var index v1.IndexManifest
	if json.Unmarshal(img.Manifest, &index) != nil {
		return nil
	}
	for _, m := range index.Manifests {
		if m.Platform != nil && m.Platform.Architecture == arch {
			return p.image(m.Digest.String())
		}
	}
	return nil
}

// start is a task while it comes up.
type start struct {
	task *task
	def  *taskDef
	docs []policyDoc // what its execution role may do
	user string      // the execution role's session, for messages
	at   time.Time
}

// pull checks everything that a task needs before its containers start. It gives the size to pull, or why
// the start fails and how long that takes to show.
func (w *world) pull(t *task, d *taskDef, at time.Time) (size int64, doomed *doom, wait time.Duration) {
	k := d.main()
	l := w.locate(str(k.Image))
	quick := w.a.delay(latInitFail, t.ID)
	s := start{task: t, def: d, at: at}
	if cut := w.cutOff(s, l, str(k.Image)); cut != nil {
		return 0, cut, w.a.delay(latNoRoute, t.ID)
	}
	var roleName string
	if r := w.st.roleByARN(str(d.Def.ExecutionRoleArn)); r != nil {
		s.docs, roleName = r.policies(), r.Name
	}
	s.user = fmt.Sprintf("arn:aws:sts::%s:assumed-role/%s/%s", w.st.Account, roleName, t.ID)
	if reason := w.secretProblem(s); reason != "" {
		return 0, &doom{Reason: reason}, quick
	}
	if reason, slow := w.volumeProblem(s); reason != "" {
		if slow {
			quick = w.a.delay(latNoRoute, t.ID)
		}
		return 0, &doom{Reason: reason}, quick
	}
	size, reason := w.pullProblem(t, d, l, s.docs, s.user)
	if reason != "" {
		return 0, &doom{Reason: reason, CReason: reason}, quick
	}
	if reason := w.logProblem(d, s.docs, s.user); reason != "" {
		return 0, &doom{Reason: reason}, quick
	}
	return size, nil, 0
}

// online says whether a task reaches the internet: with an address of its own, or through a NAT gateway.
func (w *world) online(t *task, at time.Time) bool {
	s := w.r.subnet(t.Subnet)
	return s != nil && !t.Fate.NoWay && w.r.letsOut(t.Groups, 443) && (t.PublicIP && w.r.public(s) || w.translated(s, at))
}

// reaches says whether a task reaches a service of AWS, over the internet or through an endpoint.
func (w *world) reaches(t *task, service string, at time.Time) bool {
	s := w.r.subnet(t.Subnet)
	return w.online(t, at) || s != nil && !t.Fate.NoWay && w.privately(s, t.Groups, service, at)
}

// cutOff says why a task that is not online gets no further, which takes long; empty when endpoints do for it.
func (w *world) cutOff(s start, l located, image string) *doom {
	if w.online(s.task, s.at) {
		return nil
	}
	region := w.r.Name
	for _, k := range s.def.Def.ContainerDefinitions {
		for _, x := range k.Secrets {
			switch {
			case strings.HasPrefix(str(x.ValueFrom), "arn:aws:secretsmanager:"):
				if !w.reaches(s.task, "secretsmanager", s.at) {
					return &doom{Reason: "ResourceInitializationError: unable to pull secrets or registry auth: unable to retrieve secret from asm: There is a connection issue between the task and AWS Secrets Manager. Check your task network configuration. failed to fetch secret " + str(x.ValueFrom) + " from secrets manager: RequestCanceled: request context canceled caused by: context deadline exceeded"}
				}
			case !w.reaches(s.task, "ssm", s.at):
				return &doom{Reason: "ResourceInitializationError: unable to pull secrets or registry auth: unable to retrieve secrets from ssm: The task cannot pull secrets from AWS Systems Manager. There is a connection issue between the task and AWS Systems Manager Parameter Store. Check your task network configuration. RequestCanceled: request context canceled caused by: context deadline exceeded"}
			}
		}
	}
	if !l.ours || !w.reaches(s.task, "ecr.api", s.at) {
		return noRoute(l, region, image)
	}
	for _, service := range []string{"ecr.dkr", "s3"} {
		if !w.reaches(s.task, service, s.at) {
			host := map[string]string{"ecr.dkr": l.host + "/v2/" + l.name, "s3": "prod-" + region + "-starport-layer-bucket.s3." + region + ".amazonaws.com"}[service]
			reason := fmt.Sprintf("CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to copy: httpReadSeeker: failed open: failed to do request: Get \"https://%s\": dial tcp: i/o timeout", host)
			return &doom{Reason: reason, CReason: reason}
		}
	}
	for _, k := range s.def.Def.ContainerDefinitions {
		if k.LogConfiguration != nil && !w.reaches(s.task, "logs", s.at) {
			return &doom{Reason: "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: RequestError: send request failed caused by: Post \"https://logs." + region + ".amazonaws.com/\": dial tcp: i/o timeout : exit status 1"}
		}
	}
	return nil
}

func noRoute(l located, region, image string) *doom {
	if l.ours {
		return &doom{Reason: fmt.Sprintf("ResourceInitializationError: unable to pull secrets or registry auth: The task cannot pull registry auth from Amazon ECR: There is a connection issue between the task and Amazon ECR. Check your task network configuration. RequestError: send request failed caused by: Post \"https://api.ecr.%s.amazonaws.com/\": dial tcp: i/o timeout", region)}
	}
	host, _, _ := strings.Cut(image, "/")
	reason := fmt.Sprintf("CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref %s: failed to do request: Head \"https://%s/\": dial tcp: i/o timeout", image, host)
	return &doom{Reason: reason, CReason: reason}
}

const authFailed = "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "

func notAuthorized(user, action, resource string) string {
	return fmt.Sprintf("AccessDeniedException: User: %s is not authorized to perform: %s on resource: %s because no identity-based policy allows the %s action", user, action, resource, action)
}

// secretProblem checks the secrets that containers get as environment variables.
func (w *world) secretProblem(s start) string {
	for _, k := range s.def.Def.ContainerDefinitions {
		for _, x := range k.Secrets {
			for _, of := range services() {
				if of.secret == nil {
					continue
				}
				if problem, mine := of.secret(w, s, str(x.ValueFrom)); problem != "" {
					return authFailed + problem
				} else if mine {
					break
				}
			}
		}
	}
	return ""
}

// volumeProblem checks the volumes that a task mounts.
func (w *world) volumeProblem(s start) (problem string, slow bool) {
	for _, v := range s.def.Def.Volumes {
		for _, of := range services() {
			if of.volume == nil {
				continue
			}
			if problem, slow := of.volume(w, s, v); problem != "" {
				return problem, slow
			}
		}
	}
	return "", false
}

// pullProblem checks that a task may pull its image and that it fits. It gives the image's size.
func (w *world) pullProblem(t *task, d *taskDef, l located, docs []policyDoc, user string) (int64, string) {
	image := str(d.main().Image)
	gone := fmt.Sprintf("CannotPullContainerError: pull image manifest has been retried 7 time(s): failed to resolve ref %s: %s: not found", image, image)
	if !l.ours {
		if t.Fate.NoPull {
			return 0, gone
		}
		return 150e6, "" // another registry's image: its size is not known here
	}
	if !allows(docs, "ecr:GetAuthorizationToken", "*") {
		return 0, authFailed + "unable to retrieve ecr registry auth: service call has been retried 3 time(s): " + notAuthorized(user, "ecr:GetAuthorizationToken", "*")
	}
	if l.repo == nil || l.repo.image(l.ref) == nil || t.Fate.NoPull {
		return 0, gone
	}
	arn := repoARN(l.region.Name, w.st.Account, l.name)
	for _, action := range []string{"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"} {
		if !allows(docs, action, arn) {
			return 0, fmt.Sprintf("CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref %s: unexpected status from HEAD request to https://%s/v2/%s/manifests/%s: 403 Forbidden", image, l.host, l.name, l.ref)
		}
	}
	img := l.repo.forArch(l.repo.image(l.ref), platformOf(d))
	cfg := w.imageConfig(image, platformOf(d))
	if img == nil || cfg != nil && cfg.Architecture != "" && cfg.Architecture != platformOf(d) {
		return 0, fmt.Sprintf("CannotPullContainerError: pull image manifest has been retried 7 time(s): image Manifest does not contain descriptor matching platform 'linux/%s'", platformOf(d))
	}
	t.Digest = l.repo.image(l.ref).Digest
	return img.Size, ""
}

// logProblem checks that the containers can write their logs.
func (w *world) logProblem(d *taskDef, docs []policyDoc, user string) string {
	const failed = "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: "
	for _, k := range d.Def.ContainerDefinitions {
		l := k.LogConfiguration
		if l == nil || l.LogDriver != ecstypes.LogDriverAwslogs {
			continue
		}
		group, region := l.Options["awslogs-group"], l.Options["awslogs-region"]
		arn := logGroupARN(region, w.st.Account, group)
		if !allows(docs, "logs:CreateLogStream", arn+":log-stream:x") || !allows(docs, "logs:PutLogEvents", arn+":log-stream:x") {
			return failed + notAuthorized(user, "logs:CreateLogStream", arn+":log-stream:") + " : exit status 1"
		}
		if r := w.st.Regions[region]; r == nil || r.logGroup(group) == nil {
			return failed + "ResourceNotFoundException: The specified log group does not exist. : exit status 1"
		}
	}
	return ""
}
