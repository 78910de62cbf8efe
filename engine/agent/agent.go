// Package agent is what berth calls itself in requests: its name and version. It stands alone.
package agent

import (
	"runtime/debug"
	"sync"
)

// Version is the version of the module that this program was built from: a tag, or one made of a commit; "devel" where
// the build does not know.
var Version = sync.OnceValue(func() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "devel"
	}
	return info.Main.Version
})

// Name is the product of a User-Agent.
const Name = "berth"

// String is the User-Agent of our own requests.
func String() string { return Name + "/" + Version() }
