package image

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// solve follows a BuildKit build through its progress as JSON: one BuildKit client.SolveStatus a line, which
// tells what is new of vertexes (steps), statuses (progress within a step), logs and warnings.
type solve struct {
	report   Reporter
	vertexes map[string]*vertex
	order    []*vertex
	last     lastLines // lines that were no JSON
}

type vertex struct {
	name          string
	number        int64 // of "[stage 2/5] RUN …", zero when the step has none
	of            int64
	started, done bool
	err           string
	logs          lastLines
	cut           string                   // an unfinished line
	parts         map[string]*vertexStatus // downloads and the like
}

// solveStatus has the fields of BuildKit's client.SolveStatus that matter here.
type solveStatus struct {
	Vertexes []struct {
		Digest    string     `json:"digest"`
		Name      string     `json:"name"`
		Started   *time.Time `json:"started"`
		Completed *time.Time `json:"completed"`
		Cached    bool       `json:"cached"`
		Error     string     `json:"error"`
	} `json:"vertexes"`
	Statuses []vertexStatus `json:"statuses"`
	Logs     []struct {
		Vertex string `json:"vertex"`
		Data   []byte `json:"data"`
	} `json:"logs"`
	Warnings []struct {
		Short []byte `json:"short"`
	} `json:"warnings"`
}

type vertexStatus struct {
	ID        string     `json:"id"`
	Vertex    string     `json:"vertex"`
	Total     int64      `json:"total"`
	Current   int64      `json:"current"`
	Completed *time.Time `json:"completed"`
}

func newSolve(report Reporter) *solve {
	return &solve{report: report, vertexes: map[string]*vertex{}}
}

// stepName matches the name of a step of the Dockerfile: "[2/5] RUN x", "[build 2/5] RUN x" and, when there
// are several platforms, "[linux/amd64 build 2/5] RUN x".
var stepName = pattern(`^\[(?:.+ )?(\d+)/(\d+)\] `)

func (s *solve) line(text string) {
	var st solveStatus
	if !strings.HasPrefix(text, "{") || json.Unmarshal([]byte(text), &st) != nil {
		s.last.add(text)
		s.report.log(text)
		return
	}
	for _, v := range st.Vertexes {
		x := s.vertex(v.Digest)
		if v.Name != "" {
			x.setName(v.Name)
		}
		started := v.Started != nil && v.Completed == nil
		x.started = x.started || started
		if v.Completed != nil && !x.done {
			x.done = true
			x.flush(s.report)
		}
		if v.Error != "" {
			x.err = v.Error
		}
		if started || x.done {
			s.tell(x)
		}
	}
	for _, p := range st.Statuses {
		x := s.vertex(p.Vertex)
		x.parts[p.ID] = &p
		s.tell(x)
	}
	for _, l := range st.Logs {
		s.vertex(l.Vertex).write(string(l.Data), s.report)
	}
	for _, w := range st.Warnings {
		s.report.log("warning: " + string(w.Short))
	}
}

// vertex returns the step with that digest, a new one when it is new.
func (s *solve) vertex(digest string) *vertex {
	x, ok := s.vertexes[digest]
	if !ok {
		x = &vertex{parts: map[string]*vertexStatus{}}
		s.vertexes[digest] = x
		s.order = append(s.order, x)
	}
	return x
}

func (x *vertex) setName(name string) {
	x.name = name
	if m := stepName().FindStringSubmatch(name); m != nil {
		x.number, _ = strconv.ParseInt(m[1], 10, 64)
		x.of, _ = strconv.ParseInt(m[2], 10, 64)
	}
}

// tell reports how many of the Dockerfile's steps are done, with what is going on: x, unless that has ended while
// another step still runs. Steps that are not of the Dockerfile (reading it, exporting) are named but not counted.
func (s *solve) tell(x *vertex) {
	var done, all int64
	for _, v := range s.order {
		if v.of != 0 {
			all++
			if v.done {
				done++
			}
		}
		if x.done && v.started && !v.done {
			x = v
		}
	}
	text := x.name
	if current, total := x.bytes(); total > 0 && current < total && !x.done {
		text += fmt.Sprintf(" (%s of %s)", human(current), human(total))
	}
	s.report.progress(shorten(text), done, all, "steps")
}

// bytes sums up the downloads of a step.
func (x *vertex) bytes() (current, total int64) {
	for _, p := range x.parts {
		current += p.Current
		total += p.Total
	}
	return current, total
}

// write adds output of the step, which may come in pieces of lines.
func (x *vertex) write(data string, report Reporter) {
	lines := strings.Split(x.cut+strings.ReplaceAll(data, "\r", "\n"), "\n")
	x.cut = lines[len(lines)-1]
	for _, l := range lines[:len(lines)-1] {
		x.emit(l, report)
	}
	if len(x.cut) > maxTail {
		x.flush(report)
	}
}

func (x *vertex) flush(report Reporter) {
	x.emit(x.cut, report)
	x.cut = ""
}

func (x *vertex) emit(line string, report Reporter) {
	if line = strings.TrimRight(line, " \t"); line != "" {
		x.logs.add(line)
		report.log(line)
	}
}

// failed finds the step that failed: the first with an error that is not only the end of the others.
func (s *solve) failed() (step, evidence string) {
	for _, x := range s.order {
		if x.err == "" || strings.Contains(x.err, "context canceled") {
			continue
		}
		evidence := x.logs.String()
		if evidence != "" {
			evidence += "\n"
		}
		return x.name, evidence + x.err
	}
	return "", s.last.String()
}
