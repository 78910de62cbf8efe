//go:build !unix

package lock

// alive cannot tell here; the holder's beats will.
func alive(int) bool { return true }
