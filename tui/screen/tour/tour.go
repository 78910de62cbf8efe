// Package tour is the screen before the wizard of a demo: what a simulated account is, and the stories that can
// be tried on it. It begins the one that is chosen and gives way to the project screen.
package tour

import (
	"context"
	"slices"

	tea "github.com/charmbracelet/bubbletea"

	"berth/engine/fail"
	"berth/tui/keys"
	"berth/tui/screen"
)

// Screen is the tour screen.
type Screen struct {
	s             *screen.Session
	width, height int
	cursor        int
	offset        int
	work          screen.Work
	loading       bool // a story is being staged
	err           *fail.Error
}

// New makes the screen.
func New(s *screen.Session) *Screen { return &Screen{s: s} }

type begunMsg struct {
	story  screen.Story
	engine screen.Engine
	err    error
}

// Title is what the screen is called.
func (*Screen) Title() string { return "Stories" }

// About says what the screen is for.
func (*Screen) About() string {
	return "What you can try on the simulated account. Each story starts with a new account; ctrl+t comes " +
		"back here from any of them."
}

// Enter begins the story that was chosen before, if one was. The session must have a tour.
func (t *Screen) Enter(screen.Place) tea.Cmd {
	chosen := t.s.Tour().Chosen
	if chosen == "" || t.s.Story != nil {
		return nil
	}
	t.cursor = max(0, slices.IndexFunc(t.stories(), func(x screen.Story) bool { return x.Name == chosen }))
	return t.begin()
}

func (t *Screen) stories() []screen.Story { return t.s.Tour().Stories }

func (t *Screen) begin() tea.Cmd {
	if t.loading || t.cursor >= len(t.stories()) {
		return nil
	}
	t.loading, t.err = true, nil
	story, begin := t.stories()[t.cursor], t.s.Tour().Begin
	t.work.Begin(t.s.Ctx)
	return t.work.Do(func(ctx context.Context) tea.Msg {
		engine, err := begin(ctx, story.Name)
		return begunMsg{story, engine, err}
	})
}

// Update handles a message.
func (t *Screen) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case begunMsg:
		t.loading = false
		if msg.err != nil {
			t.err = fail.From(msg.err)
			return nil
		}
		t.s.Engine, t.s.Story = msg.engine, &msg.story
		t.s.Go(screen.Project{})
	case tea.KeyMsg:
		cmd, _ := keys.Press(t.Keys(), msg)
		return cmd
	}
	return nil
}

func (t *Screen) move(by int) {
	t.cursor = max(0, min(len(t.stories())-1, t.cursor+by))
	t.err = nil
}

// SetSize gives the screen its room.
func (t *Screen) SetSize(w, h int) { t.width, t.height = w, h }

// Busy says that a story is being staged.
func (t *Screen) Busy() bool { return t.loading }

// Holding says that keys typed ahead are for what comes after staging.
func (t *Screen) Holding() bool { return t.loading }

// Keys are the keys of this moment.
func (t *Screen) Keys() []keys.Key {
	if t.loading {
		return nil
	}
	all := []keys.Key{keys.Act("berth demo --story", "enter", "begin", t.begin).Say("start the selected story")}
	all = append(all, keys.Moves("choose", t.move, t.height)...)
	return append(all,
		keys.Also(func() { t.move(-1) }, "shift+tab"), keys.Also(func() { t.move(1) }, "tab"),
		keys.Way("q", "leave", t.s.Quit, "q", "esc"),
	)
}
