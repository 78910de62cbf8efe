package sim

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// meets says whether a request meets all conditions of a rule.
func meets(conditions []elbtypes.RuleCondition, req *http.Request, header http.Header) bool {
	for _, x := range conditions {
		var have []string
		values := x.Values
		switch str(x.Field) {
		case "http-header":
			have, values = header.Values(str(x.HttpHeaderConfig.HttpHeaderName)), x.HttpHeaderConfig.Values
		case "path-pattern":
			have = []string{req.URL.Path}
			if x.PathPatternConfig != nil {
				values = x.PathPatternConfig.Values
			}
		case "host-header":
			have = []string{req.URL.Hostname()}
			if x.HostHeaderConfig != nil {
				values = x.HostHeaderConfig.Values
			}
		default:
			return false
		}
		if !slices.ContainsFunc(have, func(h string) bool { return anyMatch(values, h) }) {
			return false
		}
	}
	return true
}

// forward hands a request to a healthy target. When all are unhealthy, an ALB tries them all the same.
func (w *world) forward(lb *loadBalancer, group string, head map[string]string, req *http.Request) answer {
	g := w.r.targetGroup(group)
	var ill *task
	for _, t := range w.r.ecs().Tasks {
		for i := range t.Targets {
			x := &t.Targets[i]
			if x.Group != group {
				continue
			}
			if reason, _ := w.probe(t, x, g, lb, w.a.now()); x.State == "healthy" && reason == "" {
				return w.appAnswer(t, g, req)
			}
			if x.State == "unhealthy" || x.State == "healthy" {
				ill = t
			}
		}
	}
	if ill == nil {
		return answer{status: http.StatusServiceUnavailable, header: head, body: "503 Service Temporarily Unavailable"}
	}
	for i := range ill.Targets {
		switch reason, _ := w.probe(ill, &ill.Targets[i], g, lb, w.a.now()); reason {
		case "Target.Timeout":
			return answer{status: http.StatusGatewayTimeout, header: head, body: "504 Gateway Time-out"}
		case "Target.FailedHealthChecks":
			return answer{status: http.StatusBadGateway, header: head, body: "502 Bad Gateway"}
		}
	}
	return w.appAnswer(ill, g, req)
}

// seenPath is where the app in a task tells what it sees of a request, a line for each header.
const seenPath = "/-/seen"

func seen(req *http.Request) string {
	lines := []string{"Host: " + req.Host}
	for name, values := range req.Header {
		lines = append(lines, name+": "+strings.Join(values, ", "))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n") + "\n"
}

// appAnswer is what the app in a task says to a request as it gets there.
func (w *world) appAnswer(t *task, g *targetGroup, req *http.Request) answer {
	if told := strings.ToLower(req.Header.Get(t.Fate.TLS)); t.Fate.TLS != "" && told != "https" && told != "on" && req.URL.Path != g.HealthPath {
		return answer{status: http.StatusMovedPermanently, app: true, header: map[string]string{"Location": "https://" + req.URL.Hostname() + req.URL.RequestURI()}}
	}
	name := strings.TrimPrefix(t.Group, "service:")
	if req.URL.Path == seenPath {
		return answer{status: http.StatusOK, app: true, header: map[string]string{"Content-Type": "text/plain"}, body: seen(req)}
	}
	return answer{
		status: t.Fate.Code, app: true, header: map[string]string{"Content-Type": "text/html; charset=utf-8"},
		body: fmt.Sprintf("<!doctype html><title>%s</title><p>%s, served by task %s of the simulated account.</p>\n", name, name, t.ID),
	}
}
