package ecs

import (
	"time"

	"berth/engine/resource/traffic"
	"berth/engine/spec"
)

// Builds implements target.Target: tasks on Fargate can serve every key of berth.toml.
func (Target) Builds(string) bool { return true }

// Unsupported implements target.Target: settings that exclude each other because of how visitors reach the app.
func (Target) Unsupported(s *spec.Spec) (out []spec.Problem) {
	if n := s.Network; n.Domain != "" && (n.HTTPS == traffic.ByCloudFront || n.HTTPS == traffic.ByHTTP || n.HTTPS == traffic.ByGateway) {
		out = append(out, s.Problem("network.https", `"`+n.HTTPS+`" leaves network.domain without effect`, "set network.https to auto, or remove network.domain"))
	}
	if s.Network.Headers && wants(s) == traffic.ByHTTP {
		out = append(out, s.Problem("network.security_headers", "a load balancer adds headers to HTTPS responses only", "remove security_headers, or serve the app over HTTPS"))
	}
	if n := s.Network; len(n.Assets) > 0 && (n.Domain != "" || n.HTTPS != "auto" && n.HTTPS != traffic.ByCloudFront) {
		out = append(out, s.Problem("network.assets", "only CloudFront caches paths, and this app is not behind CloudFront", "remove assets, or set https = \"cloudfront\" without a domain"))
	}
	if n := s.Network; n.Front == "private" && !fronted(s) {
		out = append(out, s.Problem("network.front", "only CloudFront reaches a private load balancer, and this app is reached "+reachedBy(s),
			"remove front, or set https = \"cloudfront\" without a domain"))
	}
	return append(out, gatewayCannot(s)...)
}

// reachedBy says how visitors come that do not come by CloudFront.
func reachedBy(s *spec.Spec) string {
	switch wants(s) {
	case traffic.ByDomain:
		return "at " + s.Network.Domain + ", directly at the load balancer"
	case traffic.ByGateway:
		return "by an ECS gateway"
	case traffic.ByHTTP:
		return "over plain HTTP"
	}
	return "by no visitor"
}

// gatewayCannot are the settings that an app behind an ECS gateway cannot have: its load balancer is not ours to set.
func gatewayCannot(s *spec.Spec) (out []spec.Problem) {
	if s.Network.HTTPS != traffic.ByGateway {
		return nil
	}
	cannot := func(key, what string) {
		out = append(out, s.Problem(key, what, "remove it, or set https = \"cloudfront\" or a domain"))
	}
	if s.Service.StickySessions {
		cannot("service.sticky_sessions", "the load balancer of an ECS gateway has no sticky sessions")
	}
	if s.Network.Headers || s.Network.HSTS {
		key := "network.security_headers"
		if !s.Network.Headers {
			key = "network.hsts"
		}
		cannot(key, "the load balancer of an ECS gateway adds no response headers")
	}
	if s.Network.Firewall {
		cannot("network.firewall", "berth cannot put a firewall in front of an ECS gateway")
	}
	if time.Duration(s.Network.IdleTimeout) != 0 && s.Said("network.idle_timeout") && time.Duration(s.Network.IdleTimeout) != traffic.GatewayIdle {
		cannot("network.idle_timeout", "the load balancer of an ECS gateway closes connections that are idle for 60s, whatever the setting")
	}
	if a := s.Service.Autoscale; a != nil && a.RequestsPerInstance > 0 {
		cannot("service.autoscale.requests_per_instance", "an app behind an ECS gateway cannot scale by requests")
	}
	return out
}
