// Package pipeline knows the services that run pipelines on a push: how their tokens name a repository and a branch, and
// how a pipeline is written that deploys an app there. It makes no call and reads no file.
package pipeline

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"berth/engine/fail"
)

// The services.
const (
	GitHub = "github"
	GitLab = "gitlab"
)

// Services are the services that berth writes pipelines for.
var Services = []string{GitHub, GitLab}

// Pipeline is where a pipeline runs that may deploy new versions of an app.
type Pipeline struct {
	Service    string // GitHub or GitLab
	Host       string // issuer of its tokens, without https://
	Repository string // owner/name; at GitHub also owner@id/name@id
	Branch     string
}

// New makes a pipeline of what was said or found. Host is that of the repository's web pages; empty for the service's own.
// What no repository or branch can be called is a Usage failure.
func New(service, host, repository, branch string) (Pipeline, error) {
	p := Pipeline{Service: service, Repository: strings.Trim(repository, "/"), Branch: branch}
	var valid func() *regexp.Regexp
	switch service {
	case GitHub:
		valid = onGitHub
		p.Host = "token.actions.githubusercontent.com"
		if host != "" && host != "github.com" { // GitHub Enterprise Server
			p.Host = host + "/_services/token"
		}
	case GitLab:
		valid = onGitLab
		p.Host = cmp.Or(host, "gitlab.com")
	default:
		return p, fail.Usagef("there is no pipeline for %q: use %s", service, strings.Join(Services, " or "))
	}
	if !valid().MatchString(p.Repository) {
		return p, &fail.Error{
			Class: fail.Usage, Cause: fmt.Sprintf("%q is not a repository", repository), Remedy: "give --repo owner/name",
		}
	}
	if !branches().MatchString(branch) {
		return p, &fail.Error{Class: fail.Usage, Cause: fmt.Sprintf("%q is not a branch", branch), Remedy: "give --branch, such as main"}
	}
	return p, nil
}

// What stands for any text in a policy, or ends a part of a subject, is in no name.
var (
	onGitHub = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^[A-Za-z0-9_.-]+(@[0-9]+/[A-Za-z0-9_.-]+@[0-9]+|/[A-Za-z0-9_.-]+)$`)
	})
	onGitLab = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)+$`) })
	branches = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[^\s*?:\[\\~^"$\x60']+$`) })
)

// Audience is whom the tokens are for, as the service's own manual has it for AWS.
func (p Pipeline) Audience() string {
	if p.Service == GitLab {
		return "https://" + p.Host
	}
	return "sts.amazonaws.com"
}

// Subjects are what tokens of the branch say they are about; * stands for any text. GitHub names repositories that are
// younger than July 2026, or were renamed since, with their numbers (engine/AWS.md, Pipelines).
func (p Pipeline) Subjects() []string {
	if p.Service == GitLab {
		return []string{"project_path:" + p.Repository + ":ref_type:branch:ref:" + p.Branch}
	}
	ref := ":ref:refs/heads/" + p.Branch
	if strings.Contains(p.Repository, "@") {
		return []string{"repo:" + p.Repository + ref}
	}
	owner, name, _ := strings.Cut(p.Repository, "/")
	return []string{"repo:" + p.Repository + ref, "repo:" + owner + "@*/" + name + "@*" + ref}
}
