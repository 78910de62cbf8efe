package tui

import (
	"io"
	"os"
	"sync"

	"github.com/charmbracelet/x/ansi"
	"github.com/cli/browser"
)

// console is the terminal as a file that two may write to: the program its frames, and the screens what goes
// to the clipboard. Each write goes out as a whole.
type console struct {
	*os.File
	mu sync.Mutex
}

// Write writes as a whole.
func (c *console) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.File.Write(b)
}

// Copy puts a text on the clipboard of the terminal. Terminals that do not let programs do that ignore it.
func (c *console) Copy(text string) {
	_, _ = io.WriteString(c, ansi.SetSystemClipboard(text)) // the terminal does not answer, so nobody can tell
}

// browse opens an address in the browser, whose own words must not come on the screen.
func browse(url string) error {
	browser.Stdout, browser.Stderr = io.Discard, io.Discard
	return browser.OpenURL(url)
}
