package rehearse

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"berth/engine/fail"
)

// label marks our containers.
const label = "berth.rehearse"

// container is the app being rehearsed.
type container struct {
	Request
	name string
	addr string // where its port can be reached from here
}

// run runs a command of the program.
func (c *container) run(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, c.Program, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	cmd.WaitDelay = 5 * time.Second
	apart(cmd)
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return "", fmt.Errorf("rehearse: %w", ctx.Err())
		}
		return out.String(), &fail.Error{
			Class: fail.Failed, Cause: "the image could not be rehearsed: " + c.Program + " " + args[0] + " does not work",
			Evidence: strings.TrimSpace(errs.String()), Remedy: "deploy with --no-rehearse to skip the rehearsal", Err: err,
		}
	}
	return out.String(), nil
}

// start starts the app as a task would run it.
func (c *container) start(ctx context.Context) error {
	args := []string{"run", "--detach", "--name", c.name, "--label", label, "--platform", c.Platform, "--init", "--pull=never"}
	if c.MemoryMiB > 0 {
		m := strconv.Itoa(c.MemoryMiB) + "m"
		args = append(args, "--memory", m, "--memory-swap", m)
	}
	if c.CPU > 0 {
		args = append(args, "--cpus", strconv.FormatFloat(min(c.CPU, float64(cpus())), 'f', -1, 64))
	}
	if c.Port > 0 {
		args = append(args, "--publish", "127.0.0.1:0:"+strconv.Itoa(c.Port))
	}
	for _, k := range slices.Sorted(maps.Keys(c.Env)) {
		args = append(args, "--env", k+"="+c.Env[k])
	}
	command := c.Command
	if len(c.Entrypoint) > 0 {
		args = append(args, "--entrypoint", c.Entrypoint[0])
		command = append(slices.Clone(c.Entrypoint[1:]), command...)
	}
	if _, err := c.run(ctx, append(append(args, c.Image), command...)...); err != nil {
		c.remove() // it may exist all the same
		return err
	}
	return nil
}

// remove removes the container, whatever it does.
func (c *container) remove() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	_, _ = c.run(ctx, "rm", "--force", "--volumes", c.name)
}

// guard lets a program of its own remove the container when this process is killed: it waits on a pipe that only we
// hold. It returns what ends the guard.
func (c *container) guard() func() {
	sh, err := exec.LookPath("sh")
	if err != nil {
		return func() {} // without a shell the container is removed by us alone
	}
	// More than once: the container may still be on its way into being.
	const script = `if read -r line; then exit 0; fi; for i in 1 2 3 4 5; do "$0" rm --force --volumes "$1" >/dev/null 2>&1; sleep 1; done`
	cmd := exec.Command(sh, "-c", script, c.Program, c.name) //nolint:noctx // it outlives this process on purpose
	apart(cmd)
	in, err := cmd.StdinPipe()
	if err != nil || cmd.Start() != nil {
		return func() {}
	}
	return func() {
		_, _ = in.Write([]byte("done\n"))
		_ = in.Close()
		_ = cmd.Wait()
	}
}

// state is what a program says about a container.
type state struct {
	Running   bool
	OOMKilled bool
	ExitCode  int
	Pid       int
}

func (c *container) state(ctx context.Context) (state, error) {
	out, err := c.run(ctx, "inspect", "--format", "{{json .State}}", c.name)
	var s state
	if err == nil {
		err = json.Unmarshal([]byte(out), &s)
	}
	return s, err
}

// log is the last lines that the app wrote.
func (c *container) log(ctx context.Context) string {
	cmd := exec.CommandContext(ctx, c.Program, "logs", "--tail", "12", c.name)
	apart(cmd)
	out, _ := cmd.CombinedOutput()
	const most = 4000
	return strings.TrimSpace(string(out[max(0, len(out)-most):]))
}

// address is where the app's port can be reached from here; empty when that is not known yet.
func (c *container) address(ctx context.Context) string {
	if c.addr == "" {
		out, err := c.run(ctx, "port", c.name, strconv.Itoa(c.Port)+"/tcp")
		if line, _, _ := strings.Cut(strings.TrimSpace(out), "\n"); err == nil && strings.Contains(line, ":") {
			c.addr = line
		}
	}
	return c.addr
}

// place is where something listens.
type place struct {
	port  int
	local bool // on a loopback address
}

// public is the ports that can be reached from outside.
func public(all []place) []int {
	var ports []int
	for _, l := range all {
		if !l.local && !slices.Contains(ports, l.port) {
			ports = append(ports, l.port)
		}
	}
	return ports
}

// listening is where the app listens, from the table of its network namespace; empty where that cannot be read.
func (c *container) listening(ctx context.Context, s state) []place {
	var all []place
	for _, table := range []string{"tcp", "tcp6"} {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", s.Pid, table))
		if s.Pid == 0 || err != nil { // the program runs in a virtual machine: the image may have a cat
			out, err := c.run(ctx, "exec", c.name, "cat", "/proc/net/"+table)
			if err != nil {
				continue
			}
			text = []byte(out)
		}
		all = append(all, readSockets(text)...)
	}
	return all
}

// readSockets reads a table of the kernel, such as /proc/net/tcp, for sockets that listen.
func readSockets(text []byte) []place {
	const listens = "0A"
	var all []place
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		f := strings.Fields(lines.Text())
		if len(f) < 4 || f[3] != listens {
			continue
		}
		host, port, ok := strings.Cut(f[1], ":")
		raw, err := hex.DecodeString(host)
		n, perr := strconv.ParseInt(port, 16, 32)
		if !ok || err != nil || perr != nil || len(raw)%4 != 0 {
			continue
		}
		for i := 0; i < len(raw); i += 4 { // words in the order of the machine, which is the little end first
			slices.Reverse(raw[i : i+4])
		}
		all = append(all, place{int(n), net.IP(raw).IsLoopback()})
	}
	return all
}

// missing matches how programs say that a variable is not set.
var missing = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?:environment variable|env(?:ironment)? var(?:iable)?|variable|missing|required|KeyError:|key not found:|could not fetch environment variable)\W{1,4}([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|[A-Z][A-Z0-9]{3,})\b` +
		`|\b([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)\W{1,3}(?:is |was |must be |has to be )?(?:not set|missing|unset|required|undefined|set\b)`)
})

// missingVariable is the name of a variable that a log says is not set; empty when it says nothing such.
func missingVariable(log string) string {
	m := missing().FindStringSubmatch(log)
	if m == nil {
		return ""
	}
	if m[1] != "" {
		return m[1]
	}
	return m[2]
}
