// Package overview is the screen to come back to once an app is deployed: what runs and since when, the
// newest deployments, and the keys for everything that can be done with it.
package overview

import (
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"berth/engine/fail"
	"berth/tui/keys"
	"berth/tui/screen"
	"berth/tui/widget"
)

// Screen is the overview.
type Screen struct {
	s             *screen.Session
	width, height int

	visit     screen.Work // no call goes on for a screen that is not shown
	refresh   screen.Work // what was asked for before the last refresh is dropped
	asking    [kinds]bool
	due       [kinds]bool // what is to be asked again after a while
	following bool        // the small looks at what runs have begun
	looking   bool        // so have those for a run that goes on
	looked    bool        // and one of them was answered
	busy      *screen.Holder
	status    *screen.Status
	seen      time.Time // engine time of the status
	err       *fail.Error
	load      *screen.Metrics
	loadErr   *fail.Error
	offset    int
	message   string

	look   look
	back   *back  // the question whether to roll back, nil when it is not asked
	picked string // id of the selected deployment, empty for none
	scale  int    // the number of instances to go to, zero for none
}

// New makes the screen.
func New(s *screen.Session) *Screen { return &Screen{s: s} }

// Title is what the screen is called.
func (*Screen) Title() string { return "Overview" }

// About says what the screen is for.
func (*Screen) About() string {
	return "What runs now, how busy it is, and its latest log lines. The basics are refreshed from AWS " +
		"twice a minute, everything when something changed. What a deployment would change is checked " +
		"once when this screen opens, and when you press R."
}

// Enter shows what is known and asks again. What a deployment would change is looked up once a visit.
func (h *Screen) Enter(at screen.Place) tea.Cmd {
	h.Leave()
	h.visit.Begin(h.s.Ctx)
	h.refresh.Begin(h.visit.Context())
	h.message, h.look, h.scale = "", look{}, 0
	watch := h.s.Watched()
	if watch == nil { // nobody has looked yet, or at another app
		h.status, h.load, h.loadErr, h.err, h.busy = nil, nil, nil, nil, nil
	}
	var again tea.Cmd
	switch at, _ := at.(screen.Overview); {
	case at.RollBack != "":
		again = h.offer(at.RollBack)
	case at.Restart:
		again = h.offerRestart()
	}
	if h.s.Status != nil && h.status != h.s.Status { // somebody has asked a moment ago
		if watch != nil {
			return tea.Batch(again, h.onStatus(answer{watch: watch, app: h.s.Home(), status: h.s.Status}))
		}
		h.status, h.seen = h.s.Status, h.s.Engine.Now()
	}
	return tea.Batch(again, h.ask(whole))
}

// Leave ends the refreshing and the calls under way: nothing is asked for a screen that is not shown.
func (h *Screen) Leave() {
	h.back = nil
	h.halt()
	h.visit.End()
}

// halt drops what is asked for.
func (h *Screen) halt() {
	h.refresh.End()
	h.asking, h.due, h.following, h.looking, h.looked = [kinds]bool{}, [kinds]bool{}, false, false, false
}

// Update handles a message.
func (h *Screen) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case answer:
		return h.onAnswer(msg)
	case again:
		h.due[msg.kind] = false
		return h.ask(msg.kind)
	case lookMsg:
		h.onLook(msg)
	case backMsg:
		if h.back != nil && h.back == msg.of {
			h.back.answer(msg)
		}
	case tea.KeyMsg:
		return h.onKey(msg)
	}
	return nil
}

func (h *Screen) onKey(k tea.KeyMsg) tea.Cmd {
	scale := h.scale
	if h.back == nil {
		h.message = ""
	}
	cmd, _ := keys.Press(h.Keys(), k)
	if h.back == nil && (h.message != "" || h.scale != scale) {
		h.offset = 0 // what answers the key stands at the top
	}
	return cmd
}

func (h *Screen) destroy() {
	if h.status != nil && h.status.State == "absent" {
		h.message = "There is nothing to destroy."
		return
	}
	h.s.Go(screen.Review{Destroy: true})
}

// drop takes back the answers that were not agreed to, and looks again at what a deployment would change.
func (h *Screen) drop() tea.Cmd {
	h.s.Draft.Drop()
	h.look = look{}
	return h.first()
}

// shell leaves the screens for a shell: the terminal is the shell's alone.
func (h *Screen) shell() {
	if !h.runs() || h.status.Running == 0 {
		h.message = "No task is running to open a shell in."
		return
	}
	h.s.End.Shell = true
	h.s.Quit()
}

func (h *Screen) log() {
	if h.s.Watched() == nil || !h.runs() {
		h.message = "There is no log yet."
		return
	}
	h.s.Go(screen.Logs{})
}

// again asks AWS for everything, unless that is under way.
func (h *Screen) again() tea.Cmd {
	if h.asking[whole] {
		return nil
	}
	h.halt()
	h.refresh.Begin(h.visit.Context())
	return h.ask(whole)
}

// lookAgain looks at all of it anew: what runs, and what a deployment would change.
func (h *Screen) lookAgain() tea.Cmd {
	if !h.runs() {
		return h.again()
	}
	return tea.Batch(h.again(), h.lookNow())
}

// escape takes back what is pending, the newest first, then leads back.
func (h *Screen) escape() {
	switch {
	case h.scale > 0:
		h.scale = 0
	case h.picked != "":
		h.picked = ""
	default:
		h.s.Back()
	}
}

// review goes on to what would change, with the number of instances that was chosen here.
func (h *Screen) review() {
	if h.scale > 0 {
		if h.message = h.rescale(); h.message != "" {
			return
		}
	}
	h.s.Go(screen.Review{})
}

func (h *Screen) scroll(by int) {
	lines, _, _ := h.lines()
	h.offset = widget.ClampOffset(h.offset+by, len(lines), h.height)
}

// pick moves the selection among the deployments; above the first one there is none, and the top is shown.
func (h *Screen) pick(by int) {
	if h.status == nil || len(h.shown()) == 0 {
		h.scroll(by)
		return
	}
	at := max(-1, min(h.pickedAt()+by, len(h.shown())-1))
	if at < 0 {
		h.picked, h.offset = "", 0
		return
	}
	h.picked = h.shown()[at].ID
	lines, first, last := h.lines()
	h.offset = widget.Follow(h.offset, first, last, len(lines), h.height)
}

// SetSize gives the screen its room.
func (h *Screen) SetSize(w, ht int) {
	h.width, h.height = w, ht
	h.scroll(0)
}

// Busy says that the spinner turns: before anything is known, and while a rollback is looked at.
func (h *Screen) Busy() bool {
	return h.asking[whole] && h.status == nil || h.back != nil && h.back.plan == nil && h.back.err == nil
}

// Keys are the keys of this moment.
func (h *Screen) Keys() []keys.Key {
	if h.back != nil {
		return h.backKeys()
	}
	more, fewer := func() { h.scaleBy(1) }, func() { h.scaleBy(-1) }
	if h.scale > 0 {
		return []keys.Key{
			keys.Act("berth plan", "enter", "see what would change", h.review, "enter", "r"),
			keys.Act("service.instances", "+-", "instances", more, "+", "="), keys.Also(fewer, "-"),
			keys.Way("esc", "leave it", h.escape),
		}
	}
	redeploy := "redeploy"
	if h.status != nil && (h.status.State == "partial" || h.status.State == "absent") {
		redeploy = map[string]string{"partial": "continue", "absent": "deploy"}[h.status.State]
	}
	settings := keys.Act("berth.toml", "s", "settings", func() { h.s.Go(screen.Settings{}) }).
		Say("change the settings, then see what would change")
	back := keys.Act("berth rollback", "b", "roll back", h.rollBack).
		Say("roll back to the selected version, or to the previous one; asks first").Hide(h.picked == "" && h.previous() == nil)
	all := []keys.Key{
		keys.Act("berth deploy", "r", redeploy, h.review, "r", "enter").Say("build, and see what would change before anything does"),
		settings, back,
	}
	if h.picked != "" {
		all[1], all[2] = back, settings
	}
	all = append(all,
		keys.Act("service.instances", "+-", "scale", more, "+", "=").Hide(!h.scalable()).
			Say("more or fewer instances, then see what would change"), keys.Also(fewer, "-"),
		keys.Act("berth logs", "l", "log", h.log).Say("the app's log, followed; it can be searched").Hide(!h.runs()),
		keys.Act("berth restart", "t", "restart", h.restart).Hide(!h.runs()).
			Say("new tasks of the running version, for example for new secrets; asks first"),
		keys.Act("berth exec", "x", "shell", h.shell).Hide(!h.runs() || h.s.Tour() != nil).
			Say("a shell in a running task; leaving it returns here"),
		keys.Act("berth.toml", "u", "drop answers", h.drop).When(len(h.s.Unsaved()) > 0).
			Say("take back the answers that nobody has agreed to; berth.toml does not have them"),
		keys.Act("berth destroy", "d", "destroy", h.destroy).Say("see what would be deleted; asks for the app's name"),
		keys.Act("berth.toml", "n", "needs", func() { h.s.Go(screen.Needs{}) }).
			Say("answer again what the app needs, and compare the services"),
	)
	all = append(all, h.s.Entries(screen.Overview{})...)
	all = append(all, keys.Steps("select", h.pick)...)
	all = append(all, keys.Pages(h.scroll, h.height)...)
	return append(all,
		keys.Act("berth status", "R", "look again", h.lookAgain, "R", "ctrl+r").
			Say("refresh everything, and what a deployment would change; what changes by itself is refreshed anyway"),
		keys.Way("q", "leave", h.s.Quit), keys.Also(h.escape, "esc"),
	)
}
