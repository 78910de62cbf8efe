package image

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"

	"berth/engine/fail"
)

// CacheTag is the tag under which a repository keeps what builds have done.
const CacheTag = "cache"

// Cache is the steps of builds in a registry, for machines that start empty.
type Cache struct {
	Repository string // with the registry, such as registry.example/app
	Auth       authn.Authenticator
}

func (c Cache) ref() string { return c.Repository + ":" + CacheTag }

// cacheFlags are those of buildx for a cache. ECR takes one only as an image, which not all versions make it by
// themselves; one that cannot be written is no reason for a build to fail.
func cacheFlags(ref string, fresh bool) []string {
	flags := []string{"--cache-to", "type=registry,ref=" + ref + ",mode=max,image-manifest=true,oci-mediatypes=true,ignore-error=true"}
	if !fresh {
		flags = append(flags, "--cache-from", "type=registry,ref="+ref)
	}
	return flags
}

// KeepsCache says whether this machine's builder can keep a Cache: nil, or a Refused fail.Error with the way out.
func (m Machine) KeepsCache(ctx context.Context) error {
	p, err := m.find(ctx)
	if err != nil {
		return refused(err)
	}
	if p.exports(ctx) {
		return nil
	}
	f := &fail.Error{
		Class: fail.Refused, Cause: p.describe() + " cannot keep the steps of a build in ECR",
		Remedy: "make a builder that can: docker buildx create --use", Setting: "image.cache", Suggest: false,
	}
	if p.way != buildxWay {
		f.Remedy = "build with Docker and its buildx plugin (" + installBuildx() + "), with a builder that can: docker buildx create --use"
	}
	return f
}

// exports says whether the builder can write more than an image into Docker's store: the one in Docker's daemon can
// only where that keeps images as containerd does.
func (p program) exports(ctx context.Context) bool {
	if p.way != buildxWay {
		return false
	}
	if driver := p.driver(ctx); driver != "docker" {
		return driver != ""
	}
	out, _, err := p.output(ctx, "info", "--format", "{{json .DriverStatus}}")
	return err == nil && strings.Contains(out, "io.containerd.snapshotter")
}

// signedIn is a folder with the user's settings of Docker, in which there is one more sign-in. It is the caller's to remove.
func signedIn(repository string, auth authn.Authenticator) (dir string, err error) {
	repo, err := name.NewRepository(repository)
	if err != nil {
		return "", badReference(repository, err)
	}
	sign, err := signInOf(auth)
	if err != nil {
		return "", err
	}
	dir, err = os.MkdirTemp("", "berth-docker-")
	if err != nil {
		return "", localFault("make room for the sign-in", err)
	}
	if err := addSignIn(dir, settingsOfDocker(), repo.RegistryStr(), sign); err != nil {
		_ = os.RemoveAll(dir)
		return "", err
	}
	return dir, nil
}

// addSignIn makes dir the same settings of Docker as those in from, with one more sign-in.
func addSignIn(dir, from, host string, sign authn.AuthConfig) error {
	all := map[string]json.RawMessage{}
	text, err := os.ReadFile(filepath.Join(from, "config.json"))
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read Docker's settings: %w", err)
	}
	// The helper of all registries, or of this one, is not asked for what stands here.
	for section, value := range map[string]any{"auths": sign, "credHelpers": ""} {
		entries := map[string]any{}
		if len(all[section]) > 0 {
			if err := json.Unmarshal(all[section], &entries); err != nil {
				return fmt.Errorf("read Docker's settings: %s: %w", section, err)
			}
		}
		entries[host] = value
		if all[section], err = json.Marshal(entries); err != nil {
			return err
		}
	}
	if text, err = json.Marshal(all); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "config.json"), text, 0o600); err != nil {
		return localFault("write the sign-in for the build cache", err)
	}
	others, err := os.ReadDir(from) // plugins, contexts, builders
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read Docker's settings: %w", err)
	}
	for _, e := range others {
		if e.Name() == "config.json" {
			continue
		}
		if err := os.Symlink(filepath.Join(from, e.Name()), filepath.Join(dir, e.Name())); err != nil {
			return fmt.Errorf("link to Docker's settings: %w", err)
		}
	}
	return nil
}

// settingsOfDocker is the folder of the user's settings of Docker.
func settingsOfDocker() string {
	if dir := os.Getenv("DOCKER_CONFIG"); dir != "" {
		return dir
	}
	home, _ := os.UserHomeDir()
	return filepath.Join(home, ".docker")
}
