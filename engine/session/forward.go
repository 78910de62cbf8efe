package session

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"al.essio.dev/pkg/shellescape"

	"berth/engine/fail"
)

// ForwardDocument is the document of Systems Manager by which a container forwards to another host.
const ForwardDocument = "AWS-StartPortForwardingSessionToRemoteHost"

// Forward is a port of this machine that leads to one of a host.
type Forward struct {
	Host        string
	Port, Local int
}

// Parameters are those of the document.
func (f Forward) Parameters() map[string][]string {
	return map[string][]string{"host": {f.Host}, "portNumber": {strconv.Itoa(f.Port)}, "localPortNumber": {strconv.Itoa(f.Local)}}
}

// Command is the line with which the AWS CLI opens the same tunnel, on a machine that has the plugin.
func (f Forward) Command(target, region, profile string) string {
	parameters, _ := json.Marshal(f.Parameters()) //nolint:errchkjson // texts
	words := []string{
		"aws", "ssm", "start-session", "--region", region, "--target", target, "--document-name", ForwardDocument, "--parameters", string(parameters),
	}
	if profile != "" {
		words = append(words, "--profile", profile)
	}
	return shellescape.QuoteCommand(words)
}

// Elsewhere is a missing plugin as people should read it who want a tunnel: with the command that opens it where there is one.
func Elsewhere(missing error, command string) error {
	f := *fail.From(missing)
	f.Cause = "a tunnel needs Amazon's " + program + ", which is not on this machine"
	f.Remedy = install(runtime.GOOS, runtime.GOARCH) + "; with the AWS CLI, the same tunnel is: " + command
	return &f
}

// leaving is how long the plugin may take to end a session.
const leaving = 5 * time.Second

// Carry keeps a forwarded port open until ctx ends, which is no failure, or until the session does, which is a Failed
// fail.Error with what the plugin said. What it says goes to say as it comes.
func (p Plugin) Carry(ctx context.Context, s Session, say io.Writer) error {
	cmd, err := p.Command(ctx, s)
	if err != nil {
		return err
	}
	var words bytes.Buffer
	both := io.MultiWriter(say, &words) // one and the same, so that the two do not write at once
	cmd.Stdout, cmd.Stderr = both, both
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // lets it end the session
	cmd.WaitDelay = leaving
	ended := cmd.Run()
	if ctx.Err() != nil {
		return nil //nolint:nilerr // it was closed by whoever opened it
	}
	if errors.Is(ended, os.ErrPermission) || cmd.Process == nil {
		return &fail.Error{Class: fail.Refused, Cause: program + " cannot be started", Evidence: ended.Error(), Err: ended}
	}
	return &fail.Error{
		Class: fail.Failed, Cause: "the tunnel has ended", Evidence: strings.TrimSpace(words.String()), Err: ended,
		Remedy: "open it again; AWS ends a session after 20 minutes without traffic, and with its task",
	}
}
