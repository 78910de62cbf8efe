package image

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"strconv"
	"strings"

	"berth/engine/fail"
)

// Build builds src. It implements Builder. The build gets a tag of its own, which goes when the image is released.
func (m Machine) Build(ctx context.Context, src Source, report Reporter) (Image, error) {
	if _, err := os.Stat(src.File()); err != nil {
		return nil, noDockerfile(src, err)
	}
	p, err := m.find(ctx)
	if err != nil {
		return nil, onlyHere(src, err)
	}
	if err := p.fits(ctx, src); err != nil {
		return nil, err
	}
	img, err := p.make(ctx, src, m, report)
	kept := p.way == classicWay || p.way == podmanWay
	if err != nil || !kept || m.NoCache || src.Fresh || samePlatform(platformName(img.facts.Config.Platform()), src.Platform) {
		return held(img, err)
	}
	// Without a base image these take the steps of an earlier build for another platform for the same.
	img.Release()
	report.log("the builder's cache holds this image for " + platformName(img.facts.Config.Platform()) + " only: rebuilding without the cache")
	m.NoCache = true
	return held(p.make(ctx, src, m, report))
}

// held keeps an image that is none from becoming an Image that is not nil.
func held(img *stored, err error) (Image, error) {
	if err != nil {
		return nil, err
	}
	return img, nil
}

// make builds src under a tag of its own.
func (p program) make(ctx context.Context, src Source, m Machine, report Reporter) (*stored, error) {
	tag := "localhost/berth-build:" + strings.ToLower(rand.Text())
	if err := p.build(ctx, src, m, tag, report); err != nil {
		if ctx.Err() != nil { // it may have come to its end all the same
			p.untag(context.WithoutCancel(ctx), tag)
		}
		return nil, err
	}
	img, found, err := p.image(ctx, tag)
	if err == nil && !found {
		err = &fail.Error{
			Class: fail.Failed, Cause: "the build succeeded, but its image is not in " + p.name,
			Remedy: "your own builder may keep its images to itself; switch with: docker buildx use default",
		}
	}
	if err != nil {
		p.untag(context.WithoutCancel(ctx), tag)
		return nil, err
	}
	img.tag = tag
	return img, nil
}

func (p program) build(ctx context.Context, src Source, m Machine, tag string, report Reporter) error {
	common := append(buildFlags(src, src.File(), m.NoCache, m.Pull), "--tag", tag)
	for _, name := range src.Secrets {
		common = append(common, "--secret", "id="+name+",env="+name)
	}
	for _, id := range src.SSH {
		name, file, named := strings.Cut(id, "=")
		if named {
			name += "=" + atHome(file)
		}
		common = append(common, "--ssh", name)
	}
	args, env := []string{"build"}, []string(nil)
	if src.Cache != nil && p.exports(ctx) {
		settings, err := signedIn(src.Cache.Repository, src.Cache.Auth)
		if err != nil {
			report.log("no steps of builds are kept in ECR: " + fail.From(err).Cause)
		} else {
			defer os.RemoveAll(settings) //nolint:errcheck // it is a folder of the system's temporary files, at worst
			env = append(env, "DOCKER_CONFIG="+settings)
			common = append(common, cacheFlags(src.Cache.ref(), m.NoCache || src.Fresh)...)
		}
	}
	var f follower = newNumbered(report)
	switch p.way {
	case buildxWay:
		args = []string{"buildx", "build", "--load"}
		if p.attests {
			args = append(args, "--provenance=false")
		}
		if p.json {
			args, f = append(args, "--progress=rawjson"), newSolve(report)
		} else {
			args = append(args, "--progress=plain")
		}
	case buildkitWay:
		args = append(args, "--progress=plain")
		if p.kind == "docker" {
			env = []string{"DOCKER_BUILDKIT=1"}
		}
	case classicWay:
		args, env = append(args, "--force-rm"), []string{"DOCKER_BUILDKIT=0"}
	case podmanWay:
		// Its own format leaves HEALTHCHECK out; Buildah caches nothing unless it is told to.
		args = append(args, "--format", "docker", "--force-rm", "--layers")
	}
	return p.follow(ctx, env, append(append(args, common...), src.Dir), f)
}

// numbered reads the output of builders that number their steps: the classic one, BuildKit's plain progress, Podman.
type numbered struct {
	report Reporter
	step   string
	last   lastLines
}

func newNumbered(report Reporter) *numbered { return &numbered{report: report} }

var (
	stepLine  = pattern(`^(?:\[\d+/\d+\] )?(?:Step|STEP) (\d+)/(\d+) ?: (.+)$`)
	plainLine = pattern(`^#\d+ \[(?:.+ )?(\d+)/(\d+)\] (.+)$`)
	noiseLine = pattern(`^(DEPRECATED: The legacy builder|\s+Install the buildx component|\s+https://docs\.docker\.com/go/buildx|` +
		`\s+BuildKit is currently disabled|\s+environment-variable|Emulate Docker CLI using podman|Sending build context)`)
	digestLine = pattern(`^#\d+ sha256:[0-9a-f]{64}$`)
)

func (c *numbered) line(text string) {
	if noiseLine().MatchString(text) || digestLine().MatchString(text) {
		return
	}
	m := stepLine().FindStringSubmatch(text)
	if m == nil {
		m = plainLine().FindStringSubmatch(text)
	}
	if m != nil {
		n, _ := strconv.ParseInt(m[1], 10, 64)
		of, _ := strconv.ParseInt(m[2], 10, 64)
		c.step = fmt.Sprintf("step %d of %d, %s", n, of, m[3])
		c.last = lastLines{}
		c.report.progress(shorten(m[3]), n, of, "steps")
	} else {
		c.last.add(text)
	}
	c.report.log(text)
}

func (c *numbered) failed() (step, evidence string) { return c.step, c.last.String() }
