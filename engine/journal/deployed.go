package journal

import (
	"bufio"
	"encoding/json"
	"os"
)

// Deployed says where the runs of the app in dir left something, by their journals: the newest of each name, region and
// account, for that environment and on a simulated account or a real one. What was destroyed last is left out.
func Deployed(folder, dir, env string, simulated bool) []Header {
	dir = Real(dir)
	type place struct{ app, region, account string }
	seen := map[place]bool{}
	var out []Header
	for _, path := range list(folder) {
		h, ok := headerOf(path)
		at := place{h.App, h.Region, h.Account}
		if !ok || h.Dir != dir || h.Env != env || (h.Simulated != "") != simulated || seen[at] {
			continue
		}
		if seen[at] = true; h.Verb != "destroy" {
			out = append(out, h)
		}
	}
	return out
}

// headerOf reads the first line of a journal.
func headerOf(path string) (h Header, ok bool) {
	f, err := os.Open(path)
	if err != nil {
		return h, false
	}
	defer func() { _ = f.Close() }() // it was only read
	line, err := bufio.NewReader(f).ReadBytes('\n')
	return h, err == nil && json.Unmarshal(line, &h) == nil && h.Format == format
}
