package pipeline

import (
	"cmp"
	"fmt"
	"path"
	"strings"

	"al.essio.dev/pkg/shellescape"

	"berth/engine/spec"
)

// Job is what a written pipeline does.
type Job struct {
	App, Env string
	Dir      string // of the app within the repository, with slashes; empty: the whole of it
	Region   string
	RoleARN  string
	Program  Program
	Cache    bool // the build keeps its steps in ECR
}

// Program is the berth that a pipeline installs.
type Program struct {
	From    string // address of the folder with the archives
	Version string
	SHA256  string // of the archive
	Arch    string // amd64 or arm64
}

// Archive is the name of the archive without its ending, and of the folder in it.
func (p Program) Archive() string { return "berth_" + p.Version + "_linux_" + p.Arch }

// Mark is how a written file begins. A file that does not was written by somebody else.
const Mark = "# Written by berth ci"

// Path is where the pipeline of an app and environment is written, relative to the repository.
func (p Pipeline) Path(j Job) string {
	name := "berth"
	if j.Dir != "" {
		name += "-" + strings.ReplaceAll(j.Dir, "/", "-")
	}
	if j.Env != spec.DefaultEnv {
		name += "-" + j.Env
	}
	if p.Service == GitLab {
		return path.Join(".gitlab", name+".gitlab-ci.yml")
	}
	return path.Join(".github/workflows", name+".yml")
}

// Include is the file that starts every pipeline of the service, and what it has to say for the written one to be a part
// of it; empty where files are found by themselves.
func (p Pipeline) Include(j Job) (file, text string) {
	if p.Service != GitLab {
		return "", ""
	}
	return ".gitlab-ci.yml", "include:\n  - local: /" + p.Path(j) + "\n"
}

// Write is the text of the pipeline. A template engine, which finds methods by their names, would keep the linker from
// leaving out those of AWS's clients that nothing calls.
func (p Pipeline) Write(j Job) string {
	paths := ""
	if j.Dir != "" {
		paths = fmt.Sprintf(map[string]string{
			GitHub: "\n    paths: [\"%s/**\", \"%s\"]", GitLab: "\n      changes: [\"%s/**/*\", \"%s\"]",
		}[p.Service], j.Dir, p.Path(j))
	}
	return Mark + " " + p.Service + ". Run it again to rewrite it.\n" + strings.NewReplacer(
		"{{name}}", name(j), "{{branch}}", p.Branch, "{{paths}}", paths, "{{app}}", j.App, "{{env}}", j.Env, "{{runner}}", runner(j),
		"{{version}}", j.Program.Version, "{{from}}", j.Program.From, "{{archive}}", j.Program.Archive(), "{{sha256}}", j.Program.SHA256,
		"{{role}}", j.RoleARN, "{{region}}", j.Region, "{{flags}}", flags(j), "{{cache}}", cache(p.Service, j), "{{audience}}", p.Audience(),
	).Replace(texts[p.Service])
}

func name(j Job) string { return j.App + " (" + j.Env + ")" }

// cache is the step that makes a builder that can keep its cache in ECR, which Docker's own cannot.
func cache(service string, j Job) string {
	switch {
	case !j.Cache:
		return ""
	case service == GitHub:
		return "\n      - name: Make a builder that keeps its cache in ECR\n        run: docker buildx create --use\n"
	}
	return "\n    # Docker's own builder keeps no cache in ECR.\n    - docker context create berth\n    - docker buildx create --use berth"
}

// flags are what each call of berth needs to mean this app.
func flags(j Job) string {
	var all string
	if j.Dir != "" {
		all += " -C " + shellescape.Quote(j.Dir)
	}
	if j.Env != spec.DefaultEnv {
		all += " --env " + j.Env
	}
	return all
}

func runner(j Job) string {
	return cmp.Or(map[string]string{"arm64": "ubuntu-24.04-arm"}[j.Program.Arch], "ubuntu-24.04")
}

// texts are the pipelines. Each job may run for an hour, which is how long the credentials last.
var texts = map[string]string{GitHub: `name: Deploy {{name}}

on:
  push:
    branches: ["{{branch}}"]{{paths}}
  workflow_dispatch:

# A token for AWS, and read access to the source. Nothing else.
permissions:
  contents: read
  id-token: write

# One deployment at a time: a running one is not interrupted.
concurrency:
  group: berth-{{app}}-{{env}}
  cancel-in-progress: false

jobs:
  deploy:
    runs-on: {{runner}}
    timeout-minutes: 60
    steps:
      - uses: actions/checkout@v5

      - name: Install berth {{version}}
        run: |
          curl -fsSL --retry 3 -o "$RUNNER_TEMP/berth.tar.gz" '{{from}}/{{archive}}.tar.gz'
          echo "{{sha256}}  $RUNNER_TEMP/berth.tar.gz" | sha256sum --check
          tar -xzf "$RUNNER_TEMP/berth.tar.gz" -C "$RUNNER_TEMP"
          echo "$RUNNER_TEMP/{{archive}}" >> "$GITHUB_PATH"

      - name: Assume the role
        uses: aws-actions/configure-aws-credentials@v6
        with:
          role-to-assume: {{role}}
          aws-region: {{region}}
{{cache}}
      - name: Deploy
        run: berth deploy{{flags}} --yes --json --summary "$GITHUB_STEP_SUMMARY"
`, GitLab: `deploy {{app}} {{env}}:
  image: docker:28-cli
  services:
    - docker:28-dind
  rules:
    - if: $CI_COMMIT_BRANCH == "{{branch}}"{{paths}}
  # One deployment at a time: a running one is not interrupted.
  resource_group: berth-{{app}}-{{env}}
  interruptible: false
  timeout: 60 minutes
  id_tokens:
    AWS_TOKEN:
      aud: {{audience}}
  variables:
    DOCKER_HOST: tcp://docker:2376
    DOCKER_TLS_CERTDIR: /certs
    DOCKER_TLS_VERIFY: "1"
    DOCKER_CERT_PATH: /certs/client
    AWS_ROLE_ARN: {{role}}
    AWS_WEB_IDENTITY_TOKEN_FILE: /tmp/aws-token
    AWS_ROLE_SESSION_NAME: gitlab-$CI_PIPELINE_ID
    AWS_REGION: {{region}}
  before_script:
    - printf '%s' "$AWS_TOKEN" > /tmp/aws-token
    - wget -q -O /tmp/berth.tar.gz '{{from}}/{{archive}}.tar.gz'
    - echo "{{sha256}}  /tmp/berth.tar.gz" | sha256sum -c
    - tar -xzf /tmp/berth.tar.gz -C /tmp{{cache}}
  script:
    - /tmp/{{archive}}/berth deploy{{flags}} --yes --json --summary berth.md
  artifacts:
    when: always
    paths: [berth.md]
`}
