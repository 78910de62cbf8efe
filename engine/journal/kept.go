package journal

import (
	"bufio"
	"bytes"
	"os"

	"berth/engine/event"
)

// Kept is a run as its journal has it.
type Kept struct {
	Header
	Events []event.Event
	Live   bool // it goes on
}

// Newest is the newest run of the app in a folder, of that environment, on a simulated account or a real one; the one
// with that id when one is given. It is nil when there is none.
func Newest(folder, dir, env string, simulated bool, run string) *Kept {
	dir = Real(dir)
	for _, path := range list(folder) {
		h, ok := headerOf(path)
		if !ok || h.Dir != dir || run == "" && (h.Env != env || (h.Simulated != "") != simulated) || run != "" && h.Run != run {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		k := &Kept{Header: h, Live: held(path)}
		lines := bufio.NewScanner(bytes.NewReader(text))
		lines.Buffer(nil, len(text)+1)
		for lines.Scan() {
			if e, err := event.Decode(bytes.TrimSpace(lines.Bytes())); err == nil && e.Type != "" {
				k.Events = append(k.Events, e)
			}
		}
		return k
	}
	return nil
}
