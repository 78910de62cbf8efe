package image

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// classic reads the output of the classic builder, and of BuildKit's plain progress, which numbers its
// steps, too.
type classic struct {
	report Reporter
	step   string
	last   lastLines
}

func newClassic(report Reporter) *classic { return &classic{report: report} }

var (
	stepLine  = regexp.MustCompile(`^Step (\d+)/(\d+) : (.+)$`)
	plainLine = regexp.MustCompile(`^#\d+ \[(?:.+ )?(\d+)/(\d+)\] (.+)$`)
	noiseLine = regexp.MustCompile(`^(DEPRECATED: The legacy builder|\s+Install the buildx component|\s+https://docs\.docker\.com/go/buildx|\s+BuildKit is currently disabled|\s+environment-variable)`)
)

func (c *classic) line(text string) {
	if noiseLine.MatchString(text) || strings.HasPrefix(text, "Sending build context") {
		return
	}
	m := stepLine.FindStringSubmatch(text)
	if m == nil {
		m = plainLine.FindStringSubmatch(text)
	}
	if m != nil {
		n, _ := strconv.ParseInt(m[1], 10, 64)
		of, _ := strconv.ParseInt(m[2], 10, 64)
		c.step = fmt.Sprintf("step %d of %d, %s", n, of, m[3])
		c.last = lastLines{}
		c.report.progress(m[3], n, of, "steps")
	} else {
		c.last.add(text)
	}
	c.report.log(text)
}

func (c *classic) failed() (step, evidence string) { return c.step, c.last.String() }
