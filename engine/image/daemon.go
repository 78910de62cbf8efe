package image

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"

	"berth/engine/image/registry"
)

// daemon is Docker's daemon behind a socket of this machine. Its API tells how many bytes of a push have gone, which the
// command says only to a terminal, and takes the sign-in with the request, so that none is written to a file.
type daemon struct {
	socket, version string
}

// daemonAt is the daemon at an address as DOCKER_HOST has it; ok is false where that is no socket.
func daemonAt(host, version string) (d daemon, ok bool) {
	socket, ok := strings.CutPrefix(host, "unix://")
	return daemon{socket, version}, ok && version != ""
}

// daemonLine is one message about a push.
type daemonLine struct {
	ID             string `json:"id"`
	Status         string `json:"status"`
	ProgressDetail struct {
		Current int64 `json:"current"`
	} `json:"progressDetail"`
	Error string `json:"error"`
}

// push pushes repository:tag, and hands each message to line until it ends.
func (d daemon) push(ctx context.Context, repository, tag string, sign authn.AuthConfig, line func(daemonLine)) error {
	text, err := json.Marshal(sign)
	if err != nil {
		return err
	}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", d.socket)
	}
	transport := &http.Transport{DialContext: dial}
	defer transport.CloseIdleConnections()
	to := "http://docker/v" + d.version + "/images/" + repository + "/push?tag=" + url.QueryEscape(tag)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, nil)
	if err != nil {
		return err
	}
	req.Header.Set("X-Registry-Auth", base64.URLEncoding.EncodeToString(text))
	res, err := transport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer res.Body.Close() //nolint:errcheck // it was read
	if res.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(io.LimitReader(res.Body, maxTail))
		return fmt.Errorf("it answers %d: %s", res.StatusCode, strings.TrimSpace(string(said)))
	}
	for messages := json.NewDecoder(res.Body); ; {
		var m daemonLine
		err := messages.Decode(&m)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case m.Error != "":
			return errors.New(m.Error)
		}
		line(m)
	}
}

// follow is push that tells how far it is; done is how many layers are there.
func (d daemon) follow(ctx context.Context, repository, tag string, sign authn.AuthConfig, g *pushGauge) (done int, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := g.watch(func() { cancel(errStalledPush) })
	err = d.push(ctx, repository, tag, sign, g.line)
	stop()
	if errors.Is(context.Cause(ctx), errStalledPush) {
		err = errStalledPush
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return arrived(g.state), err
}

// errStalledPush is a push that was cut off since nothing moved.
var errStalledPush = errors.New("no byte has moved for two minutes")

// passingText are the words of engines about a registry, or the way to it, that may be there again in a moment.
var passingText = pattern(`(?i)\bunavailable:|connection refused|connection reset|broken pipe|\bEOF\b|i/o timeout|TLS handshake timeout|no such host|` +
	`deadline exceeded|Client\.Timeout|server closed idle connection|toomanyrequests|too many requests|` +
	`(status|code|HTTP response)[^\n]{0,40}\b(408|425|429|5\d\d)\b|\b(500 Internal Server Error|502 Bad Gateway|503 Service Unavailable|504 Gateway Timeout)\b`)

// mayPass is err when it may pass by itself, judged by what the engine said, and else one that is not waited for.
func mayPass(said string, err error) error {
	if err == nil || errors.Is(err, errStalledPush) || passingText().MatchString(said) {
		return err
	}
	return registry.Final(err)
}

// pushGauge follows a push of the daemon, and says when nothing moves.
type pushGauge struct {
	report Reporter
	layers int

	mu    sync.Mutex
	state map[string]string // of each layer
	sent  map[string]int64  // bytes of each
	moved time.Time         // when something did last
}

func newPushGauge(report Reporter, layers int) *pushGauge {
	return &pushGauge{report: report, layers: layers, state: map[string]string{}, sent: map[string]int64{}, moved: time.Now()}
}

func (g *pushGauge) line(m daemonLine) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if m.ID == "" || g.state[m.ID] == m.Status && g.sent[m.ID] == m.ProgressDetail.Current {
		return
	}
	g.state[m.ID], g.moved = m.Status, time.Now()
	if m.ProgressDetail.Current > 0 {
		g.sent[m.ID] = m.ProgressDetail.Current
	}
	var sent int64
	for _, n := range g.sent {
		sent += n
	}
	done := arrived(g.state)
	text := fmt.Sprintf("%d of %d layers are there", done, g.layers)
	if sent > 0 {
		text += ", " + human(sent) + " sent"
	}
	g.report.progress(text, int64(done), int64(g.layers), "layers")
}

// watch tells of a push that does not move, and cuts it off in the end: what has arrived is not sent again.
func (g *pushGauge) watch(cut func()) (stop func()) {
	done := make(chan struct{})
	go func() {
		tick := time.NewTicker(5 * time.Second)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
			}
			g.mu.Lock()
			quiet := time.Since(g.moved).Truncate(time.Second)
			if quiet >= registry.Quiet {
				there := arrived(g.state)
				g.report.progress(fmt.Sprintf("the registry has taken nothing for %s: waiting", quiet), int64(there), int64(g.layers), "layers")
			}
			g.mu.Unlock()
			if quiet >= registry.Silent {
				cut()
				return
			}
		}
	}()
	return sync.OnceFunc(func() { close(done) })
}

// arrived counts the layers that the registry has, from what an engine says about each.
func arrived(state map[string]string) int {
	done := 0
	for _, s := range state {
		if s == "Pushed" || strings.HasPrefix(s, "Layer already exists") || strings.HasPrefix(s, "Mounted from") {
			done++
		}
	}
	return done
}
