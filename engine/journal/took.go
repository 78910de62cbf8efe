package journal

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"time"

	"berth/engine/event"
)

// Took is how long each step of earlier runs took, by node and by what was done to it.
type Took map[Step]time.Duration

// Step is what a run does to a node.
type Step struct {
	Node   string
	Action event.Action
}

// How far back earlier runs count: so many journals are looked into, and so many times of each step.
const (
	runsBack  = 12
	timesBack = 3
)

// Earlier reads how long the steps of the newest runs of an app took: App, Env, Region and Dir of the header say
// of which app, and Simulated whether on a simulated account. Of several times the middle one counts. Runs that
// are under way count with what they have done.
func Earlier(folder string, of Header) Took {
	of.Dir = Real(of.Dir)
	times, runs := map[Step][]time.Duration{}, 0
	for _, path := range list(folder) {
		if runs >= runsBack {
			break
		}
		if one := steps(path, of); one != nil {
			runs++
			for s, d := range one {
				times[s] = append(times[s], d)
			}
		}
	}
	took := Took{}
	for s, all := range times {
		all = all[:min(timesBack, len(all))] // the newest
		slices.Sort(all)
		took[s] = all[len(all)/2]
	}
	return took
}

// steps reads one journal. It is nil when the journal is of something else, or cannot be read.
func steps(path string, of Header) map[Step]time.Duration {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer func() { _ = f.Close() }() // it was only read
	lines := bufio.NewReader(f)
	first, err := lines.ReadBytes('\n')
	var h Header
	if err != nil || json.Unmarshal(first, &h) != nil || h.Format != format || h.App != of.App || h.Env != of.Env ||
		h.Region != of.Region || h.Dir != of.Dir || (h.Simulated != "") != (of.Simulated != "") {
		return nil
	}
	out, planned := map[Step]time.Duration{}, map[string]event.Action{}
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return out
		}
		if !bytes.Contains(line, []byte(`"node.planned"`)) && !bytes.Contains(line, []byte(`"node.done"`)) {
			continue // it says nothing of times, and need not be decoded
		}
		e, err := event.Decode(line)
		if err != nil {
			continue
		}
		switch a := planned[e.Node]; {
		case e.Type == event.NodePlanned:
			planned[e.Node] = e.Action
		case e.Type == event.NodeDone && a != event.None && a != "":
			out[Step{Node: e.Node, Action: a}] = event.Duration(e.ElapsedS)
		}
	}
}
