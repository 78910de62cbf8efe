// Package artifact holds the kinds that a version of an app is made of: the image repository, the build and the pushed
// image.
package artifact

import (
	"berth/engine/image"
	"berth/engine/resource"
)

// reporter passes on what the image package tells.
func reporter(s *resource.Scope, stream string) image.Reporter {
	return image.Reporter{
		Progress: s.Progress,
		Log:      func(line string) { s.Log(stream, line) },
	}
}
