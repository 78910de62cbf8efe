package app

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"berth/engine/event"
	"berth/engine/spec"
	"berth/tui/screen"
)

// atDomain is the app with two clustered nodes and WebSockets at www.example.com and its apex. Where their DNS is not in
// Route 53, CloudFront stands in until the records are set.
func atDomain(here bool) func() *fakeEngine {
	return func() *fakeEngine {
		e := fresh()
		from := spec.Origin{File: "fly.toml", Line: 3, Text: "www.example.com"}
		e.findings.Suggest("network.domain", "www.example.com", from)
		e.findings.Suggest("network.also", []string{"example.com"}, from)
		p := e.plan
		p.Changes = append(p.Changes, change("certificate", "endpoint", 0, 10*time.Second))
		if here {
			p.Endpoint = "https://www.example.com"
			p.Changes = slices.DeleteFunc(p.Changes, func(c screen.Change) bool { return c.ID == "distribution" || c.ID == "verify" })
			records := change("records", "endpoint", 0, 35*time.Second, "load-balancer")
			records.Exposes = "www.example.com, example.com point to the load balancer, which is open to the internet"
			p.Changes = append(p.Changes, change("validation", "endpoint", 0, 2*time.Minute, "certificate"),
				change("https-listener", "traffic", 0, time.Second, "load-balancer", "validation"), records,
				change("verify", "endpoint", 0, 5*time.Second, "records", "service"))
			return e
		}
		p.Waiting = forRecords()
		return e
	}
}

// withNames is what runs at www.example.com and its apex, as AWS has it: names are in JSON.
func withNames(names string) func() *fakeEngine {
	return func() *fakeEngine {
		e := deployed()
		until := time.Now().AddDate(0, 0, 150).Format(time.RFC3339)
		text := fmt.Sprintf(`{"endpoint": "https://www.example.com", "certificate": {"status": "ISSUED", "until": %q}, "names": %s}`, until, names)
		if err := json.Unmarshal([]byte(text), e.status); err != nil {
			panic(err)
		}
		return e
	}
}

const (
	namesRight = `[{"name": "www.example.com", "zone": "example.com", "here": true, "state": "points to the app"},
		{"name": "example.com", "zone": "example.com", "here": true, "state": "points to the app"}]`
	namesBent = `[{"name": "www.example.com", "zone": "example.com", "here": true, "state": "points to the app"},
		{"name": "example.com", "zone": "example.com", "here": true, "state": "points elsewhere: 192.0.2.1", "wrong": true}]`
)

// liveAt verifies the app by its final name.
func liveAt(r *fakeRun) {
	r.begin(r.plan)
	for _, c := range r.plan.Changes {
		r.emit(event.NodeStarted, c.ID, "creating "+c.Name)
		r.emit(event.NodeDone, c.ID, c.Name)
	}
	r.bus.Emit(event.Event{Type: event.EndpointUp, Endpoint: r.plan.Endpoint, Text: "answered 200 OK, with a certificate valid until 2000-06-14, http redirects to https, opened a WebSocket at /live/websocket"})
	r.finish(event.Succeeded, nil)
}
