package traffic

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coder/websocket"

	"berth/engine/agent"
	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/resource"
)

// webSocketPaths are where the usual frameworks take WebSockets: Phoenix LiveView, Socket.IO, Action Cable,
// and common habits.
var webSocketPaths = []string{
	"/live/websocket?vsn=2.0.0", "/socket/websocket?vsn=2.0.0", "/socket.io/?EIO=4&transport=websocket", "/cable",
	"/ws", "/websocket", "/",
}

// Endpoint is the check that counts: the app answers over HTTPS from outside, and takes a WebSocket when it
// needs one.
type Endpoint struct {
	Door          *Door
	Service       resource.Resource // that serves behind the load balancer
	Path          string            // that answers 200 to 399
	WebSockets    bool
	WebSocketPath string // empty: try the usual ones
	Skip          bool   // make no request (--skip-verify)
	More          []resource.Need

	URL string // output: what users call, without a path
}

// Info implements Resource.
func (e *Endpoint) Info() resource.Info {
	usually := 2 * time.Second
	if e.closed() && !e.Skip {
		usually += aroundPatience // who is let in nowhere is not told so
	}
	return resource.Info{
		ID: "endpoint", Kind: "https.Endpoint", Name: "https address", Label: "the check of the https address",
		Group: resource.GroupEndpoint, Usually: usually,
	}
}

// Needs implements Resource.
func (e *Endpoint) Needs() []resource.Need {
	return append([]resource.Need{
		{On: e.Door.Distribution, Ready: true},
		{On: e.Door.LoadBalancer, Ready: true},
		{On: e.Door.Inner.LoadBalancer, Ready: true},
		{On: e.Door.Handover, Ready: true},
		{On: e.Service, Ready: true},
		{On: e.Door.Records, Ready: true},
		{On: e.Door.HTTPSRule},
	}, e.More...)
}

// Identifier implements Identified.
func (e *Endpoint) Identifier() string { return e.URL }

// Observe implements Resource. There is nothing to look up.
func (e *Endpoint) Observe(context.Context, *resource.Scope) error { return nil }

// Exists implements Resource.
func (e *Endpoint) Exists() bool { return false }

// Diff implements Resource.
func (e *Endpoint) Diff(s *resource.Scope) resource.Diff {
	e.URL = e.Door.URL()
	return resource.None()
}

// Apply implements Resource.
func (e *Endpoint) Apply(context.Context, *resource.Scope) error { return nil }

// Ready implements Waiter.
func (e *Endpoint) Ready(ctx context.Context, s *resource.Scope) error {
	e.URL = e.Door.URL()
	if e.Skip {
		s.Send(event.Event{Type: event.EndpointUp, Endpoint: e.URL, Text: "not verified, as requested"})
		return nil
	}
	client := &http.Client{
		Transport: s.Transport, Timeout: 30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	status := ""
	w := cloud.Wait{For: e.URL + " to answer", Every: 2 * time.Second, Deadline: e.patience()}
	err := s.Poll(ctx, w, e.Info().Usually, func(ctx context.Context) (done bool, seen string, err error) {
		status, done = e.fetch(ctx, client)
		return done, status, nil
	})
	if err != nil {
		return err
	}
	around := e.around(ctx, s.Clock, client)
	if err := e.follow(ctx, client); err != nil {
		return err
	}
	more, err := e.outside(ctx, client)
	if err != nil {
		return err
	}
	how := "answered " + status + more
	closed, err := around()
	if err != nil {
		return err
	}
	how += closed
	if e.WebSockets {
		path, refusal, err := e.upgrade(ctx, client)
		if err != nil {
			return err
		}
		if refusal == "" {
			how += ", opened a WebSocket at " + path
		} else {
			how += ", answered " + refusal + " to a WebSocket at " + path
			s.Notice("berth", fmt.Sprintf("the WebSocket endpoint at %s answered %s to a visitor who is not signed in: berth cannot tell whether it opens "+
				"for signed-in visitors. If the app checks origins, it must accept %s", path, refusal, e.URL))
		}
	}
	s.Send(event.Event{Type: event.EndpointUp, Endpoint: e.URL, Text: how})
	return nil
}

// patience is how long the address may take to answer. A resolver on the way may remember for some minutes that the name
// of a domain was not there a moment ago.
func (e *Endpoint) patience() time.Duration {
	if e.Door.Own() {
		return 20 * time.Minute
	}
	return 5 * time.Minute
}

// reply is the answer to one request, without its body.
type reply struct {
	code     int
	status   string
	header   http.Header
	location *url.URL // where it redirects to, nil when nowhere
	tls      *tls.ConnectionState
}

// ask makes one request and reads the answer's body away.
func ask(ctx context.Context, client *http.Client, target string) (*reply, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	req.Header.Set("User-Agent", agent.String())
	resp, err := client.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err
		}
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
	r := &reply{code: resp.StatusCode, status: resp.Status, header: resp.Header, tls: resp.TLS}
	r.location, _ = resp.Location() // most answers lead nowhere
	return r, nil
}

// fetch asks once. Without an answer, status says why: DNS and TLS need a moment.
func (e *Endpoint) fetch(ctx context.Context, client *http.Client) (status string, ok bool) {
	r, err := ask(ctx, client, e.URL+e.Path)
	if err != nil {
		return err.Error(), false
	}
	return r.status, r.code >= 200 && r.code < 400
}

// WebSocketPaths are where a WebSocket is tried: at the path that is known, or at the usual ones.
func WebSocketPaths(known string) []string {
	if known != "" {
		return []string{known}
	}
	return webSocketPaths
}

// upgrade opens a WebSocket and says at which path that worked. An app that lets only those in whom it knows was reached,
// too: then refusal is its status.
func (e *Endpoint) upgrade(ctx context.Context, client *http.Client) (path, refusal string, err error) {
	var tried []string
	for _, p := range WebSocketPaths(e.WebSocketPath) {
		shown, _, _ := strings.Cut(p, "?")
		code, err := e.dial(ctx, client, p)
		if err == nil {
			return shown, "", nil
		}
		if ctx.Err() != nil {
			return "", "", ctx.Err()
		}
		if refusal == "" && (code == http.StatusUnauthorized || code == http.StatusForbidden) {
			path, refusal = shown, err.Error()
		}
		tried = append(tried, p+": "+err.Error())
	}
	if refusal != "" {
		return path, refusal, nil
	}
	return "", "", &fail.Error{
		Class: fail.Failed, Cause: e.URL + " answers, but does not accept a WebSocket",
		Evidence: strings.Join(tried, "\n"),
		Remedy: "set network.websocket_path in berth.toml to the path where the app accepts WebSockets (and let the app " +
			"accept the origin " + e.URL + "), or websockets = false",
		Setting: "network.websocket_path",
	}
}

// dial tries to open a WebSocket. What answers something else than a WebSocket is an error with its status, and code.
func (e *Endpoint) dial(ctx context.Context, client *http.Client, path string) (code int, err error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	conn, resp, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(e.URL, "http")+path, &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: client.Transport}, HTTPHeader: http.Header{"Origin": {e.URL}},
	})
	if resp != nil && resp.StatusCode != http.StatusSwitchingProtocols {
		return resp.StatusCode, errors.New(resp.Status)
	}
	if err != nil {
		return 0, err
	}
	return http.StatusSwitchingProtocols, conn.CloseNow()
}

// Delete implements Resource.
func (e *Endpoint) Delete(context.Context, *resource.Scope) error { return nil }

// Permissions implements Permissioned: the check of the address is no call of AWS.
func (e *Endpoint) Permissions(*resource.Scope, event.Action) []resource.Permission { return nil }
