package cli

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"berth/engine"
	"berth/engine/agent"
	"berth/engine/commit"
	"berth/engine/fail"
	"berth/engine/pipeline"
	"berth/engine/prices"
	"berth/engine/resource"
	"berth/engine/spec"
)

// ciFlags are the flags of ci.
type ciFlags struct {
	repository, branch, host string
	from, version, sha256    string
}

func (a *app) ciCommand() *cobra.Command {
	var flags said
	var ci ciFlags
	var roll rollout
	cmd := &cobra.Command{
		Use: "ci {github|gitlab}", Short: "Let pipelines deploy new versions of the app",
		Long: "Makes what a pipeline of GitHub Actions or GitLab CI needs to deploy new versions: the identity provider, where the\n" +
			"account has none yet, and a role that may redeploy this app and nothing else, for one repository and one branch. No\n" +
			"key is kept anywhere. Then it writes the pipeline into the repository, which installs this version of berth by its\n" +
			"checksum and runs berth deploy. What a version needs beyond a redeploy, as another process does, is refused there with\n" +
			"what is missing: deploy it from here once, and run this again. berth destroy removes the role, and the provider with the\n" +
			"last role of the account that uses it.\n\n" +
			"For a comment on a change, have a pipeline of your own run berth plan --markdown: the role is not for the branches of\n" +
			"others.",
		Example: "  berth ci github --from https://example.com/berth\n" +
			"  berth ci gitlab --from https://example.com/berth --repo group/shop",
		Args: exactly(1), ValidArgs: pipeline.Services,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.mayChange(cmd, args); err != nil {
				return err
			}
			d, err := a.settings(cmd.Context(), flags)
			if err != nil {
				return err
			}
			return a.ci(cmd.Context(), args[0], ci, roll, d.Spec)
		},
	}
	a.register(&flags, cmd)
	f := cmd.Flags()
	f.StringVar(&ci.repository, "repo", "", "repository, such as owner/name (default: git's remote origin)")
	f.StringVar(&ci.branch, "branch", "", "branch that is deployed (default: git's)")
	f.StringVar(&ci.host, "host", "", "host of the service (default: that of git's remote origin)")
	f.StringVar(&ci.from, "from", "", "address of the folder with berth's archives, as make dist makes it")
	f.StringVar(&ci.version, "install", "", "version of berth that the pipeline installs (default: this one)")
	f.StringVar(&ci.sha256, "sha256", "", "checksum of its archive (default: from checksums.txt beside it)")
	takes(cmd, "repo", "OWNER/NAME", nil)
	takes(cmd, "branch", "BRANCH", nil)
	takes(cmd, "host", "HOST", nil)
	takes(cmd, "from", "URL", nil)
	takes(cmd, "install", "VERSION", nil)
	takes(cmd, "sha256", "CHECKSUM", nil)
	roll.registerUnchecked(f)
	return cmd
}

// ciWritten is what ci --json answers after the events of its run.
type ciWritten struct {
	File string `json:"file"`
	Role string `json:"role"`
}

func (a *app) ci(ctx context.Context, service string, ci ciFlags, roll rollout, s *spec.Spec) error {
	origin := commit.OriginOf(ctx, s.Dir)
	p, err := ci.where(service, origin)
	if err != nil {
		return err
	}
	job := pipeline.Job{App: s.App, Env: s.EnvName, Region: s.Region, Cache: s.Image.Cache && s.Image.Builder != spec.InCloud}
	root := cmp.Or(origin.Root, s.Dir)
	if job.Dir, err = within(root, s.Dir); err != nil {
		return err
	}
	file := filepath.Join(root, filepath.FromSlash(p.Path(job)))
	if err := ours(file); err != nil {
		return err
	}
	if job.Program, err = ci.program(ctx, s.Image.Platform); err != nil {
		return err
	}
	roll.beside = engine.Both
	return a.with(s.Region, func(eng *account) error {
		r := engine.Request{Spec: s, Pipeline: &p, SkipPreflight: roll.unchecked}
		done, err := a.carryOut(ctx, eng, r, "Let "+p.Repository+" deploy this app, and write "+p.Path(job)+"?", roll)
		if err != nil {
			return err
		}
		job.Region, job.RoleARN = done.Region, roleOf(done)
		if err := create(file, p.Write(job)); err != nil {
			return err
		}
		return a.answer(ciWritten{file, job.RoleARN}, func(w io.Writer) {
			fmt.Fprintln(w, file)
			a.included(root, p, job)
			a.commit(root, file, s)
			if !s.Image.Cache && s.Image.Ref == "" {
				fmt.Fprintln(a.Err, "Machines that run pipelines start empty, and so does each build there: image.cache = true in berth.toml keeps its steps\n"+
					"in ECR, for the price of the storage. Run this again afterwards.")
			}
		})
	})
}

// where is the pipeline that the flags name, or git.
func (ci ciFlags) where(service string, o commit.Origin) (engine.Pipeline, error) {
	repository, branch, host := cmp.Or(ci.repository, o.Repository), cmp.Or(ci.branch, o.Branch), ci.host
	if ci.repository == "" && host == "" {
		host = o.Host
	}
	switch {
	case repository == "":
		return engine.Pipeline{}, &fail.Error{
			Class: fail.Usage, Cause: "git knows of no remote called origin here", Remedy: "say which repository may deploy with --repo owner/name",
		}
	case branch == "":
		return engine.Pipeline{}, &fail.Error{Class: fail.Usage, Cause: "git knows of no branch here", Remedy: "say which one is deployed with --branch"}
	case service == pipeline.GitHub && strings.Contains(host, "gitlab"), service == pipeline.GitLab && host == "github.com":
		return engine.Pipeline{}, fail.Usagef("the repository is at %s, which is not for berth ci %s", host, service)
	}
	return pipeline.New(service, host, repository, branch)
}

// simple is a folder that needs no quotes in a pipeline.
var simple = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[\w./@+-]*$`) })

// within is the app's folder below the repository's, empty when they are one.
func within(root, dir string) (string, error) {
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	if real, err := filepath.EvalSymlinks(root); err == nil {
		root = real
	}
	below, err := filepath.Rel(root, dir)
	if below = filepath.ToSlash(below); err != nil || !simple().MatchString(below) {
		return "", &fail.Error{
			Class: fail.Usage, Cause: "the folder " + dir + " cannot be named in a pipeline", Remedy: "give it a name of letters, digits, hyphens and dots",
		}
	}
	if below == "." {
		below = ""
	}
	return below, nil
}

// ours refuses a file that berth ci has not written.
func ours(file string) error {
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the pipeline: %w", err)
	}
	if !bytes.HasPrefix(b, []byte(pipeline.Mark)) {
		return &fail.Error{
			Class: fail.Refused, Cause: file + " exists, and berth has not written it", Remedy: "rename it and run berth ci again; what it has beyond the new one can be put back then",
		}
	}
	return nil
}

var checksum = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9a-f]{64}$`) })

// program is the berth that the pipeline installs, for the processor that the image is for.
func (ci ciFlags) program(ctx context.Context, platform string) (pipeline.Program, error) {
	p := pipeline.Program{From: strings.TrimSuffix(ci.from, "/"), Version: cmp.Or(ci.version, agent.Version()), SHA256: strings.ToLower(ci.sha256), Arch: "amd64"}
	if platform == spec.ARM64 {
		p.Arch = "arm64"
	}
	at, err := url.Parse(p.From)
	switch {
	case p.From == "":
		return p, &fail.Error{
			Class: fail.Usage, Cause: "the pipeline has to install berth from somewhere", Remedy: "give the address of the folder that make dist made with --from https://HOST/PATH",
		}
	case err != nil || at.Scheme != "https" || at.Host == "" || at.User != nil || strings.ContainsAny(p.From, "'\" \\"):
		return p, fail.Usagef("--from %s is no https:// address", ci.from)
	case strings.Trim(p.Version, "0123456789abcdefghijklmnopqrstuvwxyz.+-") != "":
		return p, fail.Usagef("--install %s is no version", p.Version)
	case p.Version == "devel":
		return p, &fail.Error{Class: fail.Usage, Cause: "this berth does not know its version", Remedy: "give the one to install with --install"}
	case p.SHA256 == "":
		p.SHA256, err = fetchChecksum(ctx, p)
		return p, err
	case !checksum().MatchString(p.SHA256):
		return p, fail.Usagef("--sha256 %s is no checksum", ci.sha256)
	}
	return p, nil
}

// fetchChecksum reads the checksum of the archive from the list beside it.
func fetchChecksum(ctx context.Context, p pipeline.Program) (string, error) {
	const most = 1 << 20
	remedy := "give the checksum with --sha256, or another --from or --install"
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	body, err := prices.HTTP{Base: p.From}.Get(ctx, "/checksums.txt")
	if err != nil {
		return "", &fail.Error{Class: fail.Refused, Cause: "the checksums of berth cannot be fetched", Evidence: err.Error(), Remedy: remedy, Err: err}
	}
	defer func() { _ = body.Close() }()
	lines := bufio.NewScanner(io.LimitReader(body, most))
	for lines.Scan() {
		sum, name, _ := strings.Cut(lines.Text(), " ")
		if strings.TrimLeft(name, " *") == p.Archive()+".tar.gz" && checksum().MatchString(sum) {
			return sum, nil
		}
	}
	return "", &fail.Error{Class: fail.Refused, Cause: p.From + "/checksums.txt does not know " + p.Archive() + ".tar.gz", Remedy: remedy}
}

// roleOf is the role that a plan for a pipeline makes.
func roleOf(p *engine.Plan) string {
	for _, r := range p.Resources {
		if role, ok := r.(interface{ RoleARN(*resource.Scope) string }); ok {
			return role.RoleARN(p.Scope)
		}
	}
	return ""
}

func create(file, text string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return fmt.Errorf("write the pipeline: %w", err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		return fmt.Errorf("write the pipeline: %w", err)
	}
	return nil
}

// commit says what has to be in the repository before the pipeline can run: itself, and the berth.toml that names the app.
func (a *app) commit(root, file string, s *spec.Spec) {
	var files []string
	for _, name := range []string{file, filepath.Join(s.Dir, spec.FileName)} {
		if short, err := within(root, name); err == nil {
			name = short
		}
		files = append(files, name)
	}
	text := "Commit and push " + strings.Join(files, " and ") + ": the pipeline reads both."
	if !spec.Exists(s.Dir) {
		text = "Commit and push " + files[0] + ", and a berth.toml with the app's settings (berth init writes one): the pipeline reads both."
	}
	fmt.Fprintln(a.Err, text)
}

// included sees to it that the service finds the pipeline, or says what is missing for that: a file of somebody else is
// not changed.
func (a *app) included(root string, p engine.Pipeline, j pipeline.Job) {
	name, text := p.Include(j)
	if name == "" {
		return
	}
	there, err := os.ReadFile(filepath.Join(root, name))
	switch {
	case errors.Is(err, fs.ErrNotExist) && create(filepath.Join(root, name), text) == nil:
		fmt.Fprintf(a.Err, "Wrote %s, too, which includes it.\n", name)
	case !strings.Contains(string(there), p.Path(j)):
		fmt.Fprintf(a.Err, "Add this to %s:\n\n%s\n", name, text)
	}
}
