package traffic

import (
	"cmp"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/coder/websocket"
)

// A WebSocket that lets only those in whom the app knows was reached: that is no failure. One that is nowhere is.
func TestWebSocketsBehindASignIn(t *testing.T) {
	for _, c := range []struct {
		name          string
		answers       map[string]int // by path; else 404. 101 takes the WebSocket
		known         string
		path, refusal string
		fails         bool
	}{
		{name: "open", answers: map[string]int{"/cable": 101}, path: "/cable"},
		{name: "signed in only", answers: map[string]int{"/cable": 401}, path: "/cable", refusal: "401 Unauthorized"},
		{name: "forbidden at the path that is known", answers: map[string]int{"/chat": 403}, known: "/chat?v=2", path: "/chat", refusal: "403 Forbidden"},
		{name: "one is open, another is not", answers: map[string]int{"/cable": 403, "/ws": 101}, path: "/ws"},
		{name: "none", fails: true},
		{name: "not upgraded", answers: map[string]int{"/ws": 200}, fails: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				code := c.answers[r.URL.Path]
				if code != http.StatusSwitchingProtocols {
					w.WriteHeader(cmp.Or(code, http.StatusNotFound))
					return
				}
				if conn, err := websocket.Accept(w, r, nil); err == nil {
					_ = conn.CloseNow()
				}
			}))
			defer server.Close()
			e := &Endpoint{URL: server.URL, WebSocketPath: c.known}
			path, refusal, err := e.upgrade(t.Context(), server.Client())
			if path != c.path || refusal != c.refusal || (err != nil) != c.fails {
				t.Errorf("%q, %q, %v", path, refusal, err)
			}
		})
	}
}
