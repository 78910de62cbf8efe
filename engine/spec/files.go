package spec

import (
	"fmt"
	"os"
)

// MissingFiles are the problems of a build whose folder or Dockerfile does not exist.
func (s *Spec) MissingFiles() []Problem {
	if s.Image.Ref != "" {
		return nil // nothing is built
	}
	folder, file := s.BuildContext()
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return []Problem{s.Problem("image.context", "there is no folder "+s.Image.Context, "name one that exists, such as \".\"")}
	}
	if info, err := os.Stat(file); err != nil || info.IsDir() {
		return []Problem{s.Problem("image.dockerfile", "there is no file "+s.Image.Dockerfile, "name one that exists, or an existing image as image.ref")}
	}
	return nil
}

// Given are the settings that the command line gave, as texts by key.
func (s *Spec) Given() map[string]string {
	var out map[string]string
	for _, k := range Keys() {
		if s.Origins[k.Name].Kind != Flag {
			continue
		}
		if v, ok := s.Get(k.Name); ok {
			if out == nil {
				out = map[string]string{}
			}
			out[k.Name] = fmt.Sprint(v)
		}
	}
	return out
}
