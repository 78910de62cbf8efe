package project

import (
	tea "github.com/charmbracelet/bubbletea"

	"berth/engine/interview"
	"berth/engine/spec"
	"berth/tui/screen"
)

// several says that the app can be built from more than one Dockerfile, or from one that is not taken by itself.
func (p *Screen) several() bool {
	f := p.s.Findings
	return f != nil && (len(f.Dockerfiles) > 1 || len(f.Dockerfiles) == 1 && p.err != nil && p.dockerfile == "")
}

// other reads the project anew with the next Dockerfile.
func (p *Screen) other() tea.Cmd {
	all := p.s.Findings.Dockerfiles
	now, next := p.dockerfile, 0
	if now == "" && p.s.Draft != nil {
		now = p.s.Spec().Image.Dockerfile
	}
	for i, c := range all {
		if c.File == now {
			next = (i + 1) % len(all)
		}
	}
	p.dockerfile = all[next].File
	return p.again()
}

// options are the session's, with the Dockerfile that was chosen here as an answer.
func (p *Screen) options() screen.Options {
	o := p.s.Options
	if p.dockerfile == "" {
		return o
	}
	file, context := p.dockerfile, ""
	for _, c := range p.s.Findings.Dockerfiles {
		if c.File == file && c.Context != "." {
			context = c.Context
		}
	}
	override := o.Override
	o.Override = func(s *spec.Spec) error {
		if override != nil {
			if err := override(s); err != nil {
				return err
			}
		}
		if context != "" {
			if err := s.Set("image.context", context, interview.YourAnswer); err != nil {
				return err
			}
		}
		return s.Set("image.dockerfile", file, interview.YourAnswer)
	}
	return o
}
