package resource

import (
	"fmt"
	"strings"

	"berth/engine/event"
)

// Exposed is a Resource that lets the internet reach the app, or a part of it.
type Exposed interface {
	// Exposes says what the internet can reach once this was done to the resource, a sentence without a final
	// stop; empty when nothing of it is news.
	Exposes(do event.Action) string
}

// made says whether an action brings something into the world.
func made(do event.Action) bool { return do == event.Create || do == event.Replace }

// Exposes implements Exposed: the ports that are open to addresses outside of the network.
func (g *SecurityGroup) Exposes(do event.Action) string {
	if !made(do) && do != event.Update {
		return ""
	}
	var open []string
	for _, in := range g.Ingress {
		if in.PrefixList == "" {
			continue // members of a group, inside the network
		}
		ports := fmt.Sprintf("port %d", in.Port)
		if in.ToPort > in.Port {
			ports = fmt.Sprintf("ports %d to %d", in.Port, in.ToPort)
		}
		open = append(open, fmt.Sprintf("%s is open to the addresses of %s, and to no others", ports, in.Text))
	}
	return strings.Join(open, "; ")
}

// Exposes implements Exposed.
func (l *LoadBalancer) Exposes(do event.Action) string {
	if !made(do) {
		return ""
	}
	return "it has public IPv4 addresses; its security group says who gets through"
}

// Exposes implements Exposed.
func (v *Service) Exposes(do event.Action) string {
	if !made(do) {
		return ""
	}
	return "each task has a public IPv4 address, to fetch its image; from outside only the load balancer gets in"
}

// Exposes implements Exposed.
func (d *Distribution) Exposes(do event.Action) string {
	if !made(do) {
		return ""
	}
	return "its https:// address answers everybody on the internet"
}
