package ecs

import (
	"strings"

	"berth/engine/resource"
	"berth/engine/resource/data"
	"berth/engine/spec"
)

// uploads makes the bucket for what visitors upload. One that nobody asks for is made all the same, as one that is looked
// up by a destroy: an earlier deployment may have left it.
func (b *Blueprint) uploads(s *spec.Spec) {
	b.Bucket = &data.Bucket{Owner: b.Owner, Unneeded: s.Uploads == nil}
	if s.Uploads == nil {
		return
	}
	b.Bucket.Versioning = s.Uploads.Versioning
	if s.NoHTTP() {
		return // there are no pages that could send files
	}
	b.Bucket.Origins = func() ([]string, bool) { return b.origins(s) }
	b.Bucket.After = []resource.Need{{On: b.Door.Distribution, Loose: true}, {On: b.LoadBalancer, Loose: true}}
}

// origins are the addresses of the app's pages; known is false until AWS has given them.
func (b *Blueprint) origins(s *spec.Spec) (all []string, known bool) {
	if b.Door.Host() == "" {
		return nil, false
	}
	all = []string{strings.TrimSuffix(b.Door.URL(), "/")}
	for _, name := range s.Network.Also {
		all = append(all, "https://"+name)
	}
	return all, true
}
