package resource

import "fmt"

// Counted is a number of things in words: 1 task, 2 tasks.
func Counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
