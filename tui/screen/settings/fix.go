package settings

import (
	"fmt"

	"berth/tui/screen"
	"berth/tui/widget"
)

// fix puts the cursor on the setting that remedies a failure and fills in what it shall be, or opens it.
func (t *Screen) fix(f *screen.Fix) {
	for _, v := range f.Values {
		if err := t.s.Draft.Set(v.Key, v.Text); err != nil {
			t.note = widget.Sentence(err.Error())
		}
	}
	t.reveal(f.Key)
	for i, r := range t.rows {
		if r.Name != f.Key || r.Heading != "" {
			continue
		}
		t.cursor = i
		switch {
		case t.note != "":
		case len(f.Values) == 0:
			t.open(r)
		default:
			_, show, _ := r.Value(t.s.Spec())
			t.note = fmt.Sprintf("%s is %s now. Enter shows what a deployment would change.", r.Label, show)
		}
	}
	t.follow()
}
