// Package session hands a terminal over to a session of AWS Systems Manager. The session itself is carried by Amazon's
// session-manager-plugin, a program of its own: this package finds it, says how to get it where it is missing, gives it
// what it expects, and learns how the command at the other end ended, which the plugin does not tell.
package session

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"runtime"

	"berth/engine/fail"
)

// program is the name of Amazon's plugin.
const program = "session-manager-plugin"

// Session is one that AWS has opened. Its token lets whoever has it in: it goes to the plugin alone.
type Session struct {
	ID, StreamURL, Token string
	Region, Profile      string
	// Target is what it leads to, such as "ecs:CLUSTER_TASK_RUNTIME".
	Target string
	// Request is what else the plugin has to know of the request, such as the ports of a forwarded one; may be nil.
	Request map[string]any
	// Endpoint is the address of the service that opened it.
	Endpoint string
}

// Plugin is the command that carries sessions, with what stands before its own arguments.
type Plugin []string

// Find finds the plugin on this machine. Where there is none it is a Refused fail.Error that says how to get it.
func Find() (Plugin, error) {
	path, err := exec.LookPath(program)
	if err != nil {
		return nil, &fail.Error{
			Class: fail.Refused, Cause: "a session in a container needs Amazon's " + program + ", which is not on this machine",
			Evidence: err.Error(), Remedy: install(runtime.GOOS, runtime.GOARCH) + instead(runtime.GOOS),
			Doc: "https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html", Err: err,
		}
	}
	return Plugin{path}, nil
}

// install says how to get the plugin on a system.
func install(system, machine string) string {
	const from = "https://s3.amazonaws.com/session-manager-downloads/plugin/latest/"
	switch system {
	case "darwin":
		return "brew install --cask session-manager-plugin"
	case "windows":
		return "install " + from + "windows/SessionManagerPluginSetup.exe"
	}
	folder := map[string]string{"arm64": "ubuntu_arm64"}[machine]
	if folder == "" {
		folder = "ubuntu_64bit"
	}
	return fmt.Sprintf("curl -LO %s%s/%s.deb && sudo dpkg -i %s.deb; the page has the RPM packages", from, folder, program, program)
}

// instead is what takes no plugin.
func instead(system string) string {
	if system == "darwin" || system == "windows" {
		return ""
	}
	return "; or run a command in a new task, which needs no plugin: berth run -- COMMAND"
}

// Command is the plugin on a session. Where its input comes from and its output goes to is for the caller to say.
func (p Plugin) Command(ctx context.Context, s Session) (*exec.Cmd, error) {
	opened, err := json.Marshal(map[string]string{"SessionId": s.ID, "StreamUrl": s.StreamURL, "TokenValue": s.Token})
	if err != nil {
		return nil, fmt.Errorf("encode the session: %w", err)
	}
	request := map[string]any{"Target": s.Target}
	for k, v := range s.Request {
		request[k] = v
	}
	asked, err := json.Marshal(request)
	if err != nil {
		return nil, fmt.Errorf("encode the request: %w", err)
	}
	args := append(append([]string(nil), p[1:]...), string(opened), s.Region, "StartSession", s.Profile, string(asked), s.Endpoint)
	return exec.CommandContext(ctx, p[0], args...), nil
}
