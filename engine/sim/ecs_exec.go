package sim

import (
	"bufio"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// agentStarts is how long the agent of ECS Exec takes to come up in a task that runs.
const agentStarts = 10 * time.Second

// agent is the agent of ECS Exec in a task's container.
func (t *task) agent(now time.Time) ecstypes.ManagedAgent {
	a := ecstypes.ManagedAgent{Name: ecstypes.ManagedAgentNameExecuteCommandAgent, LastStatus: new("PENDING")}
	if up := t.Started.Add(agentStarts); !now.Before(up) {
		a.LastStatus, a.LastStartedAt = new("RUNNING"), timeOrNil(up)
	}
	return a
}

func ecsExecuteCommand(c *call, in *ecs.ExecuteCommandInput) (*ecs.ExecuteCommandOutput, error) {
	k, err := c.activeCluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	t := c.r.taskOf(k.ARN, str(in.Task))
	if t == nil || t.Status == taskStopped {
		return nil, invalid("The referenced task was not found.")
	}
	if !in.Interactive {
		return nil, invalid("Interactive is the only mode supported currently.")
	}
	if !t.Exec {
		return nil, invalid("The execute command failed because execute command was not enabled when the task was run or the execute command agent isn’t running. Wait and try again or run a new task with execute command enabled and try again.")
	}
	if t.Status != taskRunning || *t.agent(c.now).LastStatus != "RUNNING" {
		return nil, &ecstypes.TargetNotConnectedException{Message: msg("The execute command failed due to an internal error. Try again later.")}
	}
	id := "ecs-execute-command-" + c.st.fresh("session", t.ID)
	stream := url.URL{
		Scheme: "wss", Host: "ssmmessages." + c.r.Name + ".amazonaws.com", Path: "/v1/data-channel/" + id,
		RawQuery: url.Values{"role": {"publish_subscribe"}, "command": {*in.Command}}.Encode(),
	}
	return &ecs.ExecuteCommandOutput{
		ClusterArn: new(k.ARN), TaskArn: new(t.ARN), ContainerName: in.Container, Interactive: true,
		Session: &ecstypes.Session{SessionId: new(id), StreamUrl: new(stream.String()), TokenValue: new("simulated-token-" + id)},
	}, nil
}

// Shell is what is at the other end of a session in a simulated task, whose stream has that address: the few words that
// the commands of simulated tasks know, one line after the other, until exit or the end of the input.
func Shell(stream string, in io.Reader, out io.Writer) (exit int, err error) {
	u, err := url.Parse(stream)
	if err != nil {
		return 0, fmt.Errorf("read the address of the session: %w", err)
	}
	begin, command, end := unwrapped(u.Query().Get("command"))
	w := bufio.NewWriter(out)
	fmt.Fprintf(w, "\r\nStarting session with SessionId: %s\r\n%s", u.Path[strings.LastIndex(u.Path, "/")+1:], begin)
	exit = converse(command, in, w)
	fmt.Fprintf(w, "%s\r\n\r\nExiting session.\r\n", strings.ReplaceAll(end, "%d", fmt.Sprint(exit)))
	if err := w.Flush(); err != nil {
		return 0, fmt.Errorf("write to the session: %w", err)
	}
	return exit, nil
}

// converse runs a command, or the lines that are typed into a shell.
func converse(command []string, in io.Reader, w *bufio.Writer) (exit int) {
	say := func(p program) {
		for _, line := range p.lines {
			fmt.Fprintf(w, "%s\r\n", line)
		}
	}
	if p, known := programOf(command); known {
		say(p)
		return int(p.exit)
	}
	shell := len(command) > 2 && strings.Contains(command[2], "/bin/sh")
	if !shell {
		fmt.Fprintf(w, "a simulated task does not know how to %s\r\n", strings.Join(command, " "))
		return 127
	}
	fmt.Fprint(w, "A simulated task knows echo WORDS, seq N, sleep SECONDS and exit CODE.\r\n# ")
	_ = w.Flush() // the writer keeps the error
	var line []byte
	for keys := bufio.NewReader(in); ; _ = w.Flush() {
		switch key, err := keys.ReadByte(); {
		case err != nil, key == 0x04 && len(line) == 0:
			fmt.Fprint(w, "\r\n")
			return exit
		case key == 0x03:
			line = nil
			exit = 130
			fmt.Fprint(w, "^C\r\n# ")
		case key == 0x7f && len(line) > 0:
			line = line[:len(line)-1]
			fmt.Fprint(w, "\b \b")
		case key == '\r' || key == '\n':
			text := strings.TrimSpace(string(line))
			line = nil
			fmt.Fprint(w, "\r\n")
			p, known := programOf([]string{text})
			say(p)
			exit = int(p.exit)
			if text != "" && !known {
				exit = 127
				fmt.Fprintf(w, "%s: not found\r\n", text)
			}
			if strings.HasPrefix(text, "exit") {
				return exit
			}
			fmt.Fprint(w, "# ")
		case key >= ' ':
			line = append(line, key)
			fmt.Fprintf(w, "%c", key)
		}
	}
}

// unwrapped is a command line as words, with what a wrapper around it prints before and after it: the wrapper is
// sh -c 'printf BEGIN; "$@"; printf END "$?"' NAME COMMAND.
func unwrapped(line string) (begin string, command []string, end string) {
	words := splitWords(line)
	if len(words) < 5 || words[1] != "-c" || !strings.Contains(words[2], `"$@"`) {
		return "", words, ""
	}
	printed := func(text string) string {
		_, text, _ = strings.Cut(text, "printf '")
		text, _, _ = strings.Cut(text, "'")
		return strings.NewReplacer(`\033`, "\x1b", `\\`, `\`).Replace(text)
	}
	before, behind, _ := strings.Cut(words[2], `"$@"`)
	return printed(before), words[4:], printed(behind)
}

// splitWords splits a line as a shell does, as far as quotes go.
func splitWords(line string) (words []string) {
	var word strings.Builder
	quote, open := rune(0), false
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, open = r, true
		case r == ' ':
			if open || word.Len() > 0 {
				words = append(words, word.String())
			}
			word.Reset()
			open = false
		default:
			word.WriteRune(r)
		}
	}
	if open || word.Len() > 0 {
		words = append(words, word.String())
	}
	return words
}
