package report

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
)

func TestLinesBreakAtWords(t *testing.T) {
	for in, want := range map[string]string{
		"short\n": "short\n",
		"  remedy    look at the log lines of the tasks, then deploy\n":    "  remedy    look at the log lines of the\n            tasks, then deploy\n",
		"   0:07  done   service  it took a while until all of it ran\n":   "   0:07  done   service  it took a while\n                until all of it ran\n",
		"https://d1ac390e459d98.cloudfront.net/with/a/path/that/is/long\n": "https://d1ac390e459d98.cloudfront.net/with/a/path/that/is/long\n",
		"Is that what you want, with all that comes with it? ":             "Is that what you want, with all that comes with it? ",
	} {
		var out bytes.Buffer
		n, err := fmt.Fprint(Wrapped(&out, 40), in)
		if err != nil || n != len(in) {
			t.Errorf("%d of %d written, err %v", n, len(in), err)
		}
		if got := out.String(); got != want {
			t.Errorf("%q\n got %q\nwant %q", in, got, want)
		}
		for _, l := range strings.Split(out.String(), "\n") {
			if strings.HasSuffix(in, "\n") && strings.Contains(l, " ") && ansi.StringWidth(l) > 41 {
				t.Errorf("too long: %q", l)
			}
		}
		if words := strings.Fields(out.String()); strings.Join(words, " ") != strings.Join(strings.Fields(in), " ") {
			t.Errorf("other words: %q", words)
		}
	}
}
