package ecs

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"berth/engine/resource/traffic"
	"berth/engine/spec"
)

// unbuilt are the keys and tables of berth.toml that this target cannot deploy yet. Whoever makes it able to takes
// the line out.
var unbuilt = []string{}

// Builds implements target.Target.
func (Target) Builds(key string) bool { return table(key) == "" }

// table is the line of unbuilt that a key belongs to, "" for none.
func table(key string) string {
	for _, u := range unbuilt {
		if key == u || strings.HasPrefix(key, u+".") || strings.HasPrefix(key, u+"[") {
			return u
		}
	}
	return ""
}

// Unsupported implements target.Target. What is said as it would be anyway is none of it.
func (Target) Unsupported(s *spec.Spec) []spec.Problem {
	anyway := &spec.Spec{}
	if err := anyway.Complete(nil, nil); err != nil {
		panic(err) // it suggests nothing
	}
	var out []spec.Problem
	told := map[string]bool{}
	for _, k := range s.Keys() {
		u := table(k.Name)
		v, has := s.Get(k.Name)
		usual, _ := anyway.Get(k.Name)
		if u == "" || told[u] || !has || !s.Said(k.Name) || s.Origins[k.Name].Kind == spec.Default || reflect.DeepEqual(v, usual) {
			continue
		}
		told[u] = true
		at := k.Name
		if u == "storage" {
			at = "storage[0].path"
		}
		if m, ok := v.(map[string]string); ok {
			at += "." + slices.Min(slices.Collect(maps.Keys(m)))
		}
		out = append(out, s.Problem(at, "this version of berth cannot deploy "+u+" yet", "take "+u+" out of berth.toml"))
	}
	if n := s.Network; n.Domain != "" && (n.HTTPS == traffic.ByCloudFront || n.HTTPS == traffic.ByHTTP || n.HTTPS == traffic.ByGateway) {
		out = append(out, s.Problem("network.https", `"`+n.HTTPS+`" leaves network.domain without effect`, "say auto, or take domain out"))
	}
	if s.Network.Headers && wants(s) == traffic.ByHTTP {
		out = append(out, s.Problem("network.security_headers", "a load balancer adds headers to answers over HTTPS only", "take security_headers out, or let the app be reached by HTTPS"))
	}
	if n := s.Network; len(n.Assets) > 0 && (n.Domain != "" || n.HTTPS != "auto" && n.HTTPS != traffic.ByCloudFront) {
		out = append(out, s.Problem("network.assets", "only CloudFront caches paths, and this app is reached without it", "take assets out, or say https = \"cloudfront\" and no domain"))
	}
	if n := s.Network; n.Front == "private" && !fronted(s) {
		out = append(out, s.Problem("network.front", "only CloudFront reaches a private load balancer, and this app is reached "+reachedBy(s),
			"take front out, or say https = \"cloudfront\" and no domain"))
	}
	return append(out, gatewayCannot(s)...)
}

// reachedBy says how visitors come that do not come by CloudFront.
func reachedBy(s *spec.Spec) string {
	switch wants(s) {
	case traffic.ByDomain:
		return "at " + s.Network.Domain + ", at the load balancer itself"
	case traffic.ByGateway:
		return "by an ECS gateway"
	case traffic.ByHTTP:
		return "over plain HTTP"
	}
	return "by nobody"
}

// gatewayCannot are the settings that an app behind an ECS gateway cannot have: its load balancer is not ours to set.
func gatewayCannot(s *spec.Spec) (out []spec.Problem) {
	if s.Network.HTTPS != traffic.ByGateway {
		return nil
	}
	cannot := func(key, what string) {
		out = append(out, s.Problem(key, what, "take it out, or say https = \"cloudfront\" or a domain"))
	}
	if s.Service.StickySessions {
		cannot("service.sticky_sessions", "the load balancer of an ECS gateway cannot bind visitors to a task")
	}
	if s.Network.Headers || s.Network.HSTS {
		key := "network.security_headers"
		if !s.Network.Headers {
			key = "network.hsts"
		}
		cannot(key, "the load balancer of an ECS gateway adds no headers to answers")
	}
	if s.Network.Firewall {
		cannot("network.firewall", "this version of berth puts no firewall before an ECS gateway")
	}
	if time.Duration(s.Network.IdleTimeout) != 0 && s.Said("network.idle_timeout") && time.Duration(s.Network.IdleTimeout) != traffic.GatewayIdle {
		cannot("network.idle_timeout", "the load balancer of an ECS gateway closes a connection that is silent for 60s, whatever is set")
	}
	if a := s.Service.Autoscale; a != nil && a.RequestsPerInstance > 0 {
		cannot("service.autoscale.requests_per_instance", "the requests that an ECS gateway passes on are not counted for scaling")
	}
	return out
}
