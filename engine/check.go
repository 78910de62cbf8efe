package engine

import (
	"os"
	"time"

	"berth/compare"
	"berth/compare/price"
	"berth/engine/spec"
)

// Builds says whether the target of a spec can serve other values of a key of berth.toml than the one that it has
// anyway.
func Builds(s *spec.Spec, key string) bool {
	t, err := targetOf(s)
	return err == nil && t.Builds(key)
}

// Problems says all that cannot work about the settings of an app before AWS is asked: what Validate finds, what
// they ask for that this version cannot deploy, and files that a build needs and that are not there. Regions are
// those that there are.
func Problems(s *spec.Spec, regions ...string) []spec.Problem {
	all := s.Validate(regions...)
	if t, err := targetOf(s); err != nil {
		all = append(all, unknownTarget(s))
	} else {
		all = append(all, t.Unsupported(s)...)
	}
	if s.Image.Ref != "" {
		return all // nothing is built
	}
	folder, file := s.BuildContext()
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return append(all, s.Problem("image.context", "there is no folder "+s.Image.Context, "name one that is there, such as \".\""))
	}
	if info, err := os.Stat(file); err != nil || info.IsDir() {
		all = append(all, s.Problem("image.dockerfile", "there is no file "+s.Image.Dockerfile, "name one that is there, or an image that exists as image.ref"))
	}
	return all
}

// Advisor compares services with these prices, and knows what this version of berth builds.
func Advisor(prices *price.Table, today time.Time) compare.Advisor {
	s := &spec.Spec{}
	return compare.Advisor{Prices: prices, Today: today, Builds: func(key string) bool { return Builds(s, key) }}
}

// Advisor compares with the prices that the engine plans with.
func (e *Engine) Advisor(today time.Time) compare.Advisor { return Advisor(e.opts.Prices, today) }
