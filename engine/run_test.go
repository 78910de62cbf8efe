package engine_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"berth/engine"
	"berth/engine/fail"
	"berth/engine/sim"
)

// runOnce runs a command and gives its output and exit code.
func (h *harbor) runOnce(ctx context.Context, process string, command ...string) (lines []string, exit int, err error) {
	w, err := h.engine.Watch(ctx, h.spec)
	must(h.t, err)
	exit, err = w.Run(ctx, engine.Once{
		Process: process, Command: command, Doing: func(string) {},
		Each: func(more []string) error { lines = append(lines, more...); return nil },
	})
	return lines, exit, err
}

func TestRunOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newShop(t, sim.Options{})
		if _, _, err := h.runOnce(t.Context(), "", "true"); fail.From(err) == nil || fail.From(err).Class != fail.Refused {
			t.Errorf("before it is deployed: %v", err)
		}
		h.must(h.deploy())
		lines, exit, err := h.runOnce(t.Context(), "", "sh", "-c", "echo hello there; exit 7")
		if err != nil || exit != 7 || !slices.Contains(lines, "hello there") {
			t.Errorf("exit code %d, %v, output %q", exit, err, lines)
		}
		if _, exit, err = h.runOnce(t.Context(), "report"); err != nil || exit != 0 {
			t.Errorf("the report: exit code %d, %v", exit, err)
		}
		if _, _, err = h.runOnce(t.Context(), "nobody"); fail.From(err) == nil || fail.From(err).Class != fail.Usage {
			t.Errorf("a process that is none: %v", err)
		}

		// a long output, whole and in order, through a connection that breaks
		h.account.SetFaults(fault(t, "lost=ecs:RunTask"))
		lines, exit, err = h.runOnce(t.Context(), "", "seq", "100000")
		if err != nil || exit != 0 || len(lines) < 100000 || lines[len(lines)-1] != "100000" || lines[len(lines)-100000] != "1" {
			t.Errorf("exit code %d, %v, %d lines", exit, err, len(lines))
		}
		h.account.SetFaults()

		// whoever stops it ends the task
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(5*time.Minute, cancel)
		_, _, err = h.runOnce(ctx, "worker", "sleep", "3600")
		if fail.From(err) == nil || fail.From(err).Class != fail.Stopped {
			t.Errorf("stopped: %v", err)
		}
		time.Sleep(5 * time.Minute)
		for _, status := range h.oneOffs() {
			if status != "STOPPED" {
				t.Errorf("a task that nobody waits for is %s", status)
			}
		}
		h.must(h.apply(h.plan(engine.Request{Destroy: true})))
		if left := h.left(); len(left) > 0 {
			t.Errorf("destroy leaves %v", left)
		}
	})
}

// oneOffs are how the tasks stand that ran a command.
func (h *harbor) oneOffs() (all []string) {
	h.t.Helper()
	c, cluster := h.clients().ECS, "berth-"+h.spec.App+"-"+h.spec.EnvName
	for _, wanted := range []ecstypes.DesiredStatus{ecstypes.DesiredStatusRunning, ecstypes.DesiredStatusStopped} {
		list, err := c.ListTasks(h.t.Context(), &ecs.ListTasksInput{Cluster: &cluster, StartedBy: aws.String("berth-run"), DesiredStatus: wanted})
		must(h.t, err)
		if len(list.TaskArns) == 0 {
			continue
		}
		out, err := c.DescribeTasks(h.t.Context(), &ecs.DescribeTasksInput{Cluster: &cluster, Tasks: list.TaskArns})
		must(h.t, err)
		for _, t := range out.Tasks {
			all = append(all, aws.ToString(t.LastStatus))
		}
	}
	return all
}

// A connection that is gone for a while in the middle costs no line and doubles none, runs nothing twice, and keeps the exit
// code.
func TestRunOnceGoesOnAfterACut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		h.must(h.deploy())
		for cut := range 3 {
			at := len(h.account.Calls()) + 3 + 20*cut // behind the look at the service and the start
			h.account.SetFaults(fault(t, fmt.Sprintf("cut=%d/60s", at)))
			lines, exit, err := h.runOnce(t.Context(), "", "sh", "-c", "seq 100000; exit 7")
			h.account.SetFaults()
			if err != nil || exit != 7 {
				t.Errorf("cut %d: exit code %d, %v", cut, exit, err)
			}
			if len(lines) > 0 && strings.HasPrefix(lines[0], "starting") { // the simulated container says what it runs
				lines = lines[1:]
			}
			if len(lines) != 100_000 {
				t.Fatalf("cut %d: %d lines", cut, len(lines))
			}
			for i, l := range lines {
				if l != strconv.Itoa(i+1) {
					t.Fatalf("cut %d: line %d is %q", cut, i+1, l)
				}
			}
		}
		if n := len(h.oneOffs()); n != 3 {
			t.Errorf("%d tasks ran three commands", n)
		}
	})
}

// A connection that stays away is told, with the task that goes on without anybody watching.
func TestRunOnceTellsOfALostConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		h.must(h.deploy())
		h.account.SetFaults(fault(t, fmt.Sprintf("cut=%d/3600s", len(h.account.Calls())+12)))
		_, _, err := h.runOnce(t.Context(), "", "sleep", "7200")
		if f := fail.From(err); f == nil || f.Class != fail.Failed || !strings.Contains(f.Cause, "keeps running") || !strings.Contains(f.Remedy, "berth logs") {
			t.Errorf("ended with %v", err)
		}
		time.Sleep(time.Hour)
		h.account.SetFaults()
		if got := h.oneOffs(); len(got) != 1 || got[0] != "RUNNING" {
			t.Errorf("the task is %v", got)
		}
	})
}
