package sim

import (
	"regexp"
	"sync"
)

// pattern makes a test whether a text matches a regular expression, which is compiled when it is first used: the
// program starts without.
func pattern(expr string) func(text string) bool {
	re := sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
	return func(text string) bool { return re().MatchString(text) }
}
