package rehearse

import (
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/coder/websocket"
)

func cpus() int { return runtime.NumCPU() }

// answers says whether the app's port gives an answer.
func (c *container) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	res, err := c.get(ctx, nil)
	if err != nil {
		return false
	}
	_ = res.Body.Close()
	return true
}

// get asks for the health path, as a load balancer does: by address, and following nothing.
func (c *container) get(ctx context.Context, change func(*http.Request)) (*http.Response, error) {
	addr := c.address(ctx)
	if addr == "" {
		return nil, io.ErrUnexpectedEOF
	}
	path := c.HealthPath
	if path == "" {
		path = "/"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+path, nil)
	if err != nil {
		return nil, err
	}
	req.Host = "10.0.0.10:" + strconv.Itoa(c.Port) // a task's own address, as the load balancer asks
	req.Header.Set("User-Agent", "ELB-HealthChecker/2.0")
	if change != nil {
		change(req)
	}
	client := http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return client.Do(req)
}

// ask asks the app what the load balancer and its users will ask.
func (c *container) ask(ctx context.Context, report *Report) {
	c.health(ctx, report)
	c.https(ctx, report)
	if len(c.WebSockets) > 0 {
		c.upgrade(ctx, report)
	}
}

func (c *container) health(ctx context.Context, report *Report) {
	res, err := c.get(ctx, nil)
	if err != nil {
		report.add(Finding{ID: "health", Severity: Fails, Text: "the app answered once, but not again: " + err.Error(), Remedy: "check its log"})
		return
	}
	defer res.Body.Close() //nolint:errcheck // only its status counts
	f := Finding{ID: "health", Setting: "service.health_path"}
	at := fmt.Sprintf("%s answers the health check with %d", c.HealthPath, res.StatusCode)
	switch code := res.StatusCode; {
	case code < 300:
		f = Finding{ID: "health", Severity: Fine, Text: at}
	case code < 400:
		f.Severity, f.Text = Warns, at+", a redirect to "+res.Header.Get("Location")
		f.Remedy = "set service.health_path to a path that answers 200: a redirect says little about the app's health"
	case code == http.StatusBadRequest:
		f.Severity, f.Text, f.Setting = Fails, at, ""
		f.Remedy = "let the app accept requests whose Host header is an IP address, at least on the health path"
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		f.Severity, f.Text, f.Remedy = Fails, at, "choose a health path that needs no sign-in"
	case code == http.StatusNotFound:
		f.Severity, f.Text, f.Remedy = Fails, at, "set service.health_path to a path that answers 200"
	default:
		f.Severity, f.Text, f.Setting, f.Remedy = Fails, at, "", "check its log: the app fails at this path"
	}
	report.add(f)
}

// https asks as somebody behind the load balancer does, who speaks HTTPS to it. An app that sends such a request to
// HTTPS does so for ever.
func (c *container) https(ctx context.Context, report *Report) {
	host := c.Host
	if host == "" {
		host = "app.example.com"
	}
	res, err := c.get(ctx, func(r *http.Request) {
		r.Host = host
		r.URL.Path = "/"
		r.Header.Set("X-Forwarded-Proto", "https")
		r.Header.Set("X-Forwarded-For", "192.0.2.1")
		r.Header.Set("X-Forwarded-Port", "443")
		r.Header.Set("User-Agent", "Mozilla/5.0")
	})
	if err != nil {
		return // health has told
	}
	defer res.Body.Close() //nolint:errcheck // only its status counts
	to, err := url.Parse(res.Header.Get("Location"))
	switch {
	case err != nil || res.StatusCode < 300 || res.StatusCode > 399:
	case to.Scheme == "https" && (to.Host == host || to.Host == "") && (to.Path == "/" || to.Path == ""):
		report.add(Finding{
			ID: "https-loop", Severity: Fails, Text: "the app redirects HTTPS requests to HTTPS again: browsers would end up in a redirect loop",
			Remedy: "let it trust X-Forwarded-Proto from its proxy, or remove its own redirect to HTTPS",
		})
	case to.Host != "" && to.Hostname() != host && c.Host != "":
		report.add(Finding{
			ID: "host", Severity: Warns, Text: fmt.Sprintf("when asked for %s, the app redirects to %s", host, to.Host),
			Remedy: "set the app's own host name, often with a variable under [env]",
		})
	}
	if res.StatusCode == http.StatusBadRequest || res.StatusCode == http.StatusMisdirectedRequest {
		report.add(Finding{
			ID: "host", Severity: Fails, Text: fmt.Sprintf("the app refuses requests for %s with %d", host, res.StatusCode),
			Remedy: "add the name to the app's allowed hosts",
		})
	}
}

func (c *container) upgrade(ctx context.Context, report *Report) {
	var last error
	for _, path := range c.WebSockets {
		ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
		conn, res, err := websocket.Dial(ctx, "ws://"+c.address(ctx)+path, &websocket.DialOptions{
			Host:       c.Host,
			HTTPClient: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
			HTTPHeader: http.Header{"X-Forwarded-Proto": {"https"}},
		})
		cancel()
		if res != nil && res.Body != nil {
			_ = res.Body.Close()
		}
		if err == nil {
			_ = conn.CloseNow()
			report.add(Finding{ID: "websocket", Severity: Fine, Text: "the app accepts a WebSocket at " + path})
			return
		}
		last = err
	}
	report.add(Finding{
		ID: "websocket", Severity: Fails, Text: "the app does not accept a WebSocket at " + strings.Join(c.WebSockets, ", ") + ": " + last.Error(),
		Remedy: "set network.websocket_path to the path where it does", Setting: "network.websocket_path",
	})
}

// memory says how much the app needs at rest.
func (c *container) memory(ctx context.Context, report *Report) {
	out, err := c.run(ctx, "stats", "--no-stream", "--format", "{{.MemUsage}}", c.name)
	if err != nil {
		return
	}
	used, _, _ := strings.Cut(out, "/")
	mib, ok := mebibytes(strings.TrimSpace(used))
	if !ok {
		return
	}
	report.MemoryMiB = mib
	f := Finding{ID: "memory", Severity: Fine, Text: fmt.Sprintf("when idle, the app needs %d MiB", mib)}
	if c.MemoryMiB > 0 {
		f.Text += fmt.Sprintf(" of %d", c.MemoryMiB)
		if mib*10 > c.MemoryMiB*8 {
			f.Severity, f.Setting = Warns, "service.memory"
			f.Remedy = "raise service.memory to the next size: nothing is left for requests"
		}
	}
	report.add(f)
}

// mebibytes reads an amount as Docker (MiB) and Podman (MB) write it.
func mebibytes(text string) (int, bool) {
	number := strings.TrimRight(text, "KMGTiBbk ")
	n, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return 0, false
	}
	unit := strings.ToUpper(strings.TrimSpace(strings.TrimPrefix(text, number)))
	for prefix, mib := range map[string]float64{"K": 1.0 / 1024, "M": 1, "G": 1024, "T": 1 << 20} {
		if strings.HasPrefix(unit, prefix) {
			return int(math.Ceil(n * mib)), true
		}
	}
	return 1, true // bytes
}

// written names files that the app wrote and that go with each task.
func (c *container) written(ctx context.Context, report *Report) {
	out, err := c.run(ctx, "diff", c.name)
	if err != nil {
		return
	}
	var names []string
	for line := range strings.Lines(out) {
		kind, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		if kind != "A" || c.passing(name) {
			continue
		}
		if len(names) > 0 && strings.HasPrefix(name, names[len(names)-1]+"/") {
			names[len(names)-1] = name // the folder was made for it
			continue
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return
	}
	text := strings.Join(names[:min(3, len(names))], ", ")
	if len(names) > 3 {
		text += fmt.Sprintf(" and %d more", len(names)-3)
	}
	report.add(Finding{
		ID: "writes", Severity: Warns, Text: "the app writes files that are lost with each task: " + text,
		Remedy: "keep lasting data in a database or a bucket, or mount a path with [[storage]]", Setting: "storage",
	})
}

// passing says whether nobody expects a file to last.
func (c *container) passing(name string) bool {
	for _, p := range append([]string{"/tmp", "/var/tmp", "/run", "/var/run", "/dev", "/proc", "/sys", "/etc", "/var/log", "/var/cache", "/sbin/docker-init", "/.dockerenv"}, c.Mounts...) {
		if name == p || strings.HasPrefix(name, strings.TrimSuffix(p, "/")+"/") {
			return true
		}
	}
	return name == "/sbin" || strings.HasSuffix(name, ".pid") || strings.Contains(name, "/__pycache__") || strings.Contains(name, "/.cache/")
}

// stop asks the app to end as ECS does, and says whether it does so in time.
func (c *container) stop(ctx context.Context, report *Report) {
	if _, err := c.run(ctx, "kill", "--signal", "TERM", c.name); err != nil {
		return
	}
	limit := min(max(c.StopTimeout, time.Second), usualWait)
	for start := time.Now(); ; {
		s, err := c.state(ctx)
		if err != nil {
			return
		}
		if took := time.Since(start); !s.Running {
			report.add(Finding{ID: "stop", Severity: Fine, Text: fmt.Sprintf("the app exits within %s of SIGTERM", max(took.Round(100*time.Millisecond), 100*time.Millisecond))})
			return
		} else if took > limit {
			report.add(Finding{
				ID: "stop", Severity: Warns, Text: fmt.Sprintf("the app does not exit within %s of SIGTERM: it would be killed in the middle of requests", limit),
				Remedy: "let it exit on SIGTERM (a shell as PID 1 does not forward it: start the app with exec); raise service.stop_timeout if it needs longer", Setting: "service.stop_timeout",
			})
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(step):
		}
	}
}
