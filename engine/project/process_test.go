package project

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// TestProcessesAreFound reads trees of apps with more than one process, and some that only look like it.
func TestProcessesAreFound(t *testing.T) {
	a, err := txtar.ParseFile("testdata/parts/processes.txtar")
	must(t, err)
	for i := range a.Files {
		if name, ok := strings.CutSuffix(a.Files[i].Name, "/expect"); ok {
			a.Files[i].Name = name + "/want"
		}
	}
	for _, tree := range trees(a) {
		want := string(tree.files[len(tree.files)-1].Data)
		tree.files = tree.files[:len(tree.files)-1]
		f, err := inspectDir(t.Context(), tree.write(t))
		must(t, err)
		got := ""
		for _, key := range sortedNames(f.Suggests) {
			if rest, ok := strings.CutPrefix(key, "processes."); ok {
				got += fmt.Sprintf("%s %v %s\n", rest, f.Suggests[key], f.Origins()[key].Place())
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", tree.name, d)
		}
	}
}

// TestScheduleOfCron writes times of cron in the way of EventBridge.
func TestScheduleOfCron(t *testing.T) {
	for cron, want := range map[string]string{
		"0 3 * * *": "cron(0 3 * * ? *)", "*/5 * * * *": "cron(0/5 * * * ? *)", "30 */2 * * *": "cron(30 0/2 * * ? *)",
		"0 9 * * 1-5": "cron(0 9 ? * 2-6 *)", "0 9 * * 0": "cron(0 9 ? * 1 *)", "0 9 * * 7": "cron(0 9 ? * 1 *)", "0 9 * * 5-7": "cron(0 9 ? * 1,6,7 *)",
		"0 9 * * mon,WED": "cron(0 9 ? * 2,4 *)", "0 0 1 jan *": "cron(0 0 1 1 ? *)", "0 0 1-7/3 * *": "cron(0 0 1,4,7 * ? *)",
		"@weekly": "cron(0 0 ? * 1 *)", "@every 1h30m": "rate(90 minutes)", "@every 1m": "rate(1 minute)", "rate(1 day)": "rate(1 day)",
		"0 0 1 * 1": "", "61 * * * *": "", "0 0 * *": "", "@reboot": "", "a b c d e": "", "0 9 * * */2": "cron(0 9 ? * 1,3,5,7 *)", "": "",
	} {
		if got, ok := schedule(cron); got != want || ok != (want != "") {
			t.Errorf("%q is %q, want %q", cron, got, want)
		}
	}
}
