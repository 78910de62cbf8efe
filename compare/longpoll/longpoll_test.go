package longpoll

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// An app as it was written in 2022: one line for the socket, options of LiveSocket over several lines.
const (
	oldScript = `import "phoenix_html"
import { Socket } from "phoenix"
import { LiveSocket } from "phoenix_live_view"

let Hooks = {}

let liveSocket = new LiveSocket("/live", Socket, {
  hooks: Hooks,
  params: { _csrf_token: csrfToken },
  dom: {
    onNodeAdded(node) {
      if (node instanceof HTMLElement && node.autofocus) {
        node.focus()
      }
    },
  },
})

liveSocket.connect()
`
	oldEndpoint = `defmodule LiveBeatsWeb.Endpoint do
  use Phoenix.Endpoint, otp_app: :live_beats

  @session_options [store: :cookie, key: "_live_beats_key"]

  socket "/live", Phoenix.LiveView.Socket, websocket: [connect_info: [session: @session_options]]

  plug LiveBeatsWeb.Router
end
`
)

// An app as the generator of Phoenix 1.7 and 1.8 writes it: it falls back to long polling already.
const (
	newScript = `// If you want to use Phoenix channels, run ...
import "phoenix_html"
// Establish Phoenix Socket and LiveView configuration.
import {Socket} from "phoenix"
import {LiveSocket} from "phoenix_live_view"

const csrfToken = document.querySelector("meta[name='csrf-token']").getAttribute("content")
const liveSocket = new LiveSocket("/live", Socket, {
  longPollFallbackMs: 2500,
  params: {_csrf_token: csrfToken},
})
`
	newEndpoint = `defmodule DemoWeb.Endpoint do
  use Phoenix.Endpoint, otp_app: :demo

  # socket "/live" in a comment is not the socket
  socket "/live", Phoenix.LiveView.Socket,
    websocket: [connect_info: [session: @session_options]],
    longpoll: [connect_info: [session: @session_options]]

  plug Plug.Static, at: "/", from: :demo
end
`
)

func TestDiff(t *testing.T) {
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"of 2022", map[string]string{
			"assets/js/app.js": oldScript, "lib/live_beats_web/endpoint.ex": oldEndpoint,
			"lib/live_beats_web/router.ex": "nothing", "deps/phoenix/lib/endpoint.ex": oldEndpoint,
		}, `--- a/assets/js/app.js
+++ b/assets/js/app.js
@@ -1,10 +1,11 @@
 import "phoenix_html"
-import { Socket } from "phoenix"
+import { Socket, LongPoll } from "phoenix"
 import { LiveSocket } from "phoenix_live_view"
 
 let Hooks = {}
 
 let liveSocket = new LiveSocket("/live", Socket, {
+  transport: LongPoll,
   hooks: Hooks,
   params: { _csrf_token: csrfToken },
   dom: {
--- a/lib/live_beats_web/endpoint.ex
+++ b/lib/live_beats_web/endpoint.ex
@@ -3,7 +3,7 @@
 
   @session_options [store: :cookie, key: "_live_beats_key"]
 
-  socket "/live", Phoenix.LiveView.Socket, websocket: [connect_info: [session: @session_options]]
+  socket "/live", Phoenix.LiveView.Socket, websocket: [connect_info: [session: @session_options]], longpoll: [connect_info: [session: @session_options]]
 
   plug LiveBeatsWeb.Router
 end
`},
		{"of today", map[string]string{"assets/js/app.js": newScript, "lib/demo_web/endpoint.ex": newEndpoint}, `--- a/assets/js/app.js
+++ b/assets/js/app.js
@@ -1,11 +1,12 @@
 // If you want to use Phoenix channels, run ...
 import "phoenix_html"
 // Establish Phoenix Socket and LiveView configuration.
-import {Socket} from "phoenix"
+import {Socket, LongPoll} from "phoenix"
 import {LiveSocket} from "phoenix_live_view"
 
 const csrfToken = document.querySelector("meta[name='csrf-token']").getAttribute("content")
 const liveSocket = new LiveSocket("/live", Socket, {
+  transport: LongPoll,
   longPollFallbackMs: 2500,
   params: {_csrf_token: csrfToken},
 })
`},
	} {
		a := Advise(tt.files)
		if a == nil {
			t.Fatalf("%s: no advice", tt.name)
		}
		if a.Diff != tt.want {
			t.Errorf("%s:\n%s", tt.name, a.Diff)
		}
		if len(a.Notes) != 0 || len(a.Breaks) != 3 || !strings.Contains(strings.Join(a.Breaks, " "), "Uploads") {
			t.Errorf("%s: notes %q, breaks %q", tt.name, a.Notes, a.Breaks)
		}
		apply(t, tt.files, a.Diff)
	}
}

// apply lets git take the diff, and looks again: a second advice must find nothing to change.
func apply(t *testing.T, files map[string]string, diff string) {
	t.Helper()
	git, err := exec.LookPath("git")
	if err != nil {
		t.Skip("git is not installed")
	}
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), git, "apply", "--verbose", "-")
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(diff)
	cmd.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(dir))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git apply: %v\n%s\n%s", err, out, diff)
	}
	after := map[string]string{}
	for name := range files {
		text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		after[name] = string(text)
	}
	if again := Advise(after); again.Diff != "" {
		t.Errorf("after the change there is still something to change:\n%s", again.Diff)
	}
}

func TestForms(t *testing.T) {
	for name, tt := range map[string]struct{ in, want string }{
		"no options":        {`new LiveSocket("/live", Socket)`, `new LiveSocket("/live", Socket, {transport: LongPoll})`},
		"empty options":     {`new LiveSocket("/live", Socket, {})`, `new LiveSocket("/live", Socket, {transport: LongPoll})`},
		"on one line":       {`new LiveSocket("/live", Socket, {params: {a: ")"}})`, `new LiveSocket("/live", Socket, {transport: LongPoll, params: {a: ")"}})`},
		"names a transport": {`new LiveSocket("/live", Socket, {transport: WebSocket})`, `new LiveSocket("/live", Socket, {transport: WebSocket})`},
		"in a comment":      {`// new LiveSocket("/live", Socket)`, `// new LiveSocket("/live", Socket)`},
	} {
		got, _, _ := script(tt.in)
		got = strings.TrimPrefix(got, "import {LongPoll} from \"phoenix\"\n")
		if got != tt.want {
			t.Errorf("%s: %s", name, got)
		}
	}
	for name, tt := range map[string]struct{ in, want string }{
		"over lines": {
			"  socket \"/live\", Phoenix.LiveView.Socket,\n    websocket: [\n      connect_info: [session: {M, :f, []}],\n      timeout: 1\n    ]\n\n  plug X\n",
			"  socket \"/live\", Phoenix.LiveView.Socket,\n    websocket: [\n      connect_info: [session: {M, :f, []}],\n      timeout: 1\n    ],\n    longpoll: [connect_info: [session: {M, :f, []}]]\n\n  plug X\n",
		},
		"switched off": {
			"  socket \"/live\", Phoenix.LiveView.Socket, websocket: true, longpoll: false\n",
			"  socket \"/live\", Phoenix.LiveView.Socket, websocket: true, longpoll: true\n",
		},
		"bare":          {"  socket \"/live\", Phoenix.LiveView.Socket\n", "  socket \"/live\", Phoenix.LiveView.Socket, longpoll: true\n"},
		"with brackets": {"  socket(\"/live\", Phoenix.LiveView.Socket, websocket: true)\n", "  socket(\"/live\", Phoenix.LiveView.Socket, websocket: true, longpoll: true)\n"},
		"with a remark": {"  socket \"/live\", Phoenix.LiveView.Socket # LiveView\n", "  socket \"/live\", Phoenix.LiveView.Socket, longpoll: true # LiveView\n"},
		"at the end":    {"socket \"/live\", Phoenix.LiveView.Socket", "socket \"/live\", Phoenix.LiveView.Socket, longpoll: true"},
		"accepts it":    {"socket \"/live\", X, longpoll: [a: 1]\n", "socket \"/live\", X, longpoll: [a: 1]\n"},
		"another":       {"socket \"/socket\", X\n", "socket \"/socket\", X\n"},
	} {
		if got, _ := endpoint(tt.in); got != tt.want {
			t.Errorf("%s:\n%s", name, got)
		}
	}
}

func TestImports(t *testing.T) {
	for in, want := range map[string]string{
		"import {Socket} from \"phoenix\"\n":            "import {Socket, LongPoll} from \"phoenix\"\n",
		"import { Socket, Presence } from 'phoenix';\n": "import { Socket, Presence, LongPoll } from 'phoenix';\n",
		"import {\n  Socket,\n} from \"phoenix\"\n":     "import {\n  Socket, LongPoll\n} from \"phoenix\"\n",
		"import {LongPoll, Socket} from \"phoenix\"\n":  "import {LongPoll, Socket} from \"phoenix\"\n",
		"const x = 1\n": "import {LongPoll} from \"phoenix\"\nconst x = 1\n",
		"import {LiveSocket} from \"phoenix_live_view\"\n": "import {LongPoll} from \"phoenix\"\nimport {LiveSocket} from \"phoenix_live_view\"\n",
	} {
		if got := addImport(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}

func TestNoLiveView(t *testing.T) {
	if a := Advise(map[string]string{"assets/js/app.js": "console.log(1)", "lib/x/endpoint.ex": "defmodule X do\nend\n"}); a != nil {
		t.Errorf("%+v", a)
	}
	a := Advise(map[string]string{"assets/js/app.js": newScript})
	if a == nil || len(a.Notes) != 1 || !strings.Contains(a.Notes[0], "endpoint") {
		t.Errorf("%+v", a)
	}
}

func TestTexts(t *testing.T) {
	a := Advise(map[string]string{"assets/js/app.js": oldScript, "lib/x/endpoint.ex": oldEndpoint})
	for _, line := range strings.Split(strings.SplitN(a.Text(80), "\n@@", 2)[0], "\n") {
		if len(line) > 80 {
			t.Errorf("longer than 80: %q", line)
		}
	}
	if md := a.Markdown(); !strings.Contains(md, "```diff\n--- a/assets/js/app.js") || !strings.Contains(md, "does not apply it") {
		t.Error(md)
	}
}

func FuzzAdvise(f *testing.F) {
	f.Add(oldScript, oldEndpoint)
	f.Add(newScript, newEndpoint)
	f.Add("new LiveSocket(", "socket \"/live\", (")
	f.Fuzz(func(t *testing.T, js, ex string) {
		files := map[string]string{"assets/js/app.js": js, "lib/x_web/endpoint.ex": ex}
		a := Advise(files)
		if a == nil {
			return
		}
		for _, line := range strings.SplitAfter(a.Diff, "\n") {
			if line != "" && !strings.ContainsAny(line[:1], " +-@\\") {
				t.Fatalf("%q is no line of a diff", line)
			}
		}
	})
}
