// Package catalog holds what is known about each service and region: typed facts, each with the source it
// was read in, the date of that source, and how sure it is. What is not known is Unknown, never a yes. The
// facts are those of assets/services.toml and assets/regions.toml; nothing here judges them.
package catalog

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/pelletier/go-toml/v2"

	"berth/assets"
)

// From says where a fact was read, when, and how sure it is.
type From struct {
	Source     string `toml:"source"`
	AsOf       string `toml:"as_of"`      // YYYY, YYYY-MM or YYYY-MM-DD
	Confidence string `toml:"confidence"` // high, medium, low; Unconfirmed when nobody can open the source
}

// Unconfirmed is the confidence of a fact whose source nobody can open.
const Unconfirmed = "unconfirmed"

// Opens says whether the source is something that a reader can open: an address or a public repository.
func (f From) Opens() bool {
	return strings.Contains(f.Source, "https://") || strings.Contains(f.Source, "github.com/")
}

// Hint is something worth knowing about a service that decides nothing.
type Hint struct {
	From
	Text string `toml:"text"` // one sentence without its stop
}

// Service is what is known about one service. Every group has its own origin.
type Service struct {
	ID         string     `toml:"id"` // as in the command line contract, such as "ecs-fargate"
	Name       string     `toml:"name"`
	Deployable bool       `toml:"deployable"` // berth can deploy to it
	Baseline   bool       `toml:"baseline"`   // where people come from; compared, never recommended
	EveryZone  bool       `toml:"every_zone"` // its load balancer stands in every zone of the region
	Alarms     int        `toml:"alarms"`     // that it makes in CloudWatch
	Hints      []Hint     `toml:"hints"`
	Account    Account    `toml:"account"`
	Protocol   Protocol   `toml:"protocol"`
	Limits     Limits     `toml:"limits"`
	Network    Network    `toml:"network"`
	Storage    Storage    `toml:"storage"`
	Sizes      Sizes      `toml:"sizes"`
	Scaling    Scaling    `toml:"scaling"`
	Domain     Domain     `toml:"domain"`
	Operations Operations `toml:"operations"`
	Image      Image      `toml:"image"`
	Quotas     Quotas     `toml:"quotas"`
	Regions    InRegions  `toml:"regions"`
}

// Account is who may use the service.
type Account struct {
	From
	OpenToNew   Ability `toml:"open_to_new"`
	ClosedSince string  `toml:"closed_since"` // YYYY-MM-DD, empty when open
}

// Protocol is what travels between client and container.
type Protocol struct {
	From
	WebSockets  Ability `toml:"websockets"`
	LongPolling Ability `toml:"long_polling"`
	GRPC        Ability `toml:"grpc"` // HTTP/2 to the container
	Sticky      Ability `toml:"sticky"`
	Worker      Ability `toml:"worker"` // runs what nobody calls over HTTP
}

// Limits is how long a request may take.
type Limits struct {
	From
	MaxRequest     Limit `toml:"max_request"`      // whole request
	IdleTimeout    Limit `toml:"idle_timeout"`     // without a byte, as it comes
	IdleTimeoutMax Limit `toml:"idle_timeout_max"` // without a byte, as far as it can be raised
	SharedBalancer bool  `toml:"shared_balancer"`  // the idle timeout is shared with other services
}

// Network is whether instances reach each other.
type Network struct {
	From
	Clustering Ability `toml:"clustering"`
	DNSPeers   int     `toml:"dns_peers"` // how many peers a DNS answer names at most, zero when unknown
	Private    Ability `toml:"private"`   // instances without public addresses
	Zones      Ability `toml:"zones"`     // instances in several zones
	Reach      Ability `toml:"reach"`     // a database or cache in a VPC
}

// Storage is what outlives an instance, and what an instance has for itself.
type Storage struct {
	From
	Persistent     Ability `toml:"persistent"`
	EphemeralGB    float64 `toml:"ephemeral_gb"`     // included, zero when unknown
	EphemeralMaxGB float64 `toml:"ephemeral_max_gb"` // at most, zero when unknown
}

// Sizes is the sizes an instance can have.
type Sizes struct {
	From
	List            []Size  `toml:"list"`
	ListOf          string  `toml:"list_of"`  // the list of this other service
	Machines        bool    `toml:"machines"` // any EC2 instance type
	MaxVCPU         float64 `toml:"max_vcpu"` // of one task on machines, zero when unknown
	LambdaMBPerVCPU float64 `toml:"lambda_mb_per_vcpu"`
	LambdaMBMax     float64 `toml:"lambda_mb_max"`
}

// Size is one amount of CPU with the amounts of memory that go with it: a list, or a span with a step.
type Size struct {
	Name string    `toml:"name"`
	VCPU float64   `toml:"vcpu"`
	GB   []float64 `toml:"gb"`
	Low  float64   `toml:"from"` // GB
	High float64   `toml:"to"`   // GB
	Step float64   `toml:"step"` // GB
}

// Scaling is how many instances there can be.
type Scaling struct {
	From
	ScaleToZero  Ability `toml:"scale_to_zero"`
	Auto         Ability `toml:"auto"`          // the number of instances follows the load
	MaxInstances int     `toml:"max_instances"` // zero when unknown
}

// Domain is how the app is reached over HTTPS.
type Domain struct {
	From
	HTTPSWithoutDomain Ability `toml:"https_without_domain"`
	Custom             Ability `toml:"custom"`
	Gateway            bool    `toml:"gateway"` // an ECS gateway can stand in front
}

// Operations is what one does to a running app.
type Operations struct {
	From
	ReleaseCommand Ability `toml:"release_command"`
	Shell          Ability `toml:"shell"`
	Secrets        Ability `toml:"secrets"`
	AppRole        Ability `toml:"app_role"` // the app may use S3 without keys of its own
}

// Image is what becomes of a container image.
type Image struct {
	From
	Endpoint Ability `toml:"endpoint"` // image in, load-balanced endpoint out
	ARM64    Ability `toml:"arm64"`
}

// Quotas is what a new account runs into.
type Quotas struct {
	From
	FargateVCPU float64 `toml:"fargate_vcpu"` // vCPU that a new account may run at the same time, zero: not by this quota
	Text        string  `toml:"text"`
}

// InRegions is where the service is.
type InRegions struct {
	From
	Codes   []string `toml:"codes"`
	CodesOf string   `toml:"codes_of"` // the same as this other service
	Fly     bool     `toml:"fly"`      // Fly.io's own regions
}

// CloudFront is what is known about the distribution that gives HTTPS without an own domain.
type CloudFront struct {
	From
	OriginResponseSeconds    int `toml:"origin_response_seconds"`     // as berth sets it
	OriginResponseSecondsMax int `toml:"origin_response_seconds_max"` // as far as it can be raised
	WebSocketIdleSeconds     int `toml:"websocket_idle_seconds"`
}

// VPCOrigin is what passes CloudFront on the way to a load balancer without public addresses.
type VPCOrigin struct {
	From
	WebSockets Ability `toml:"websockets"`
	GRPC       Ability `toml:"grpc"`
}

// Gateway is what is known about ECS Gateway.
type Gateway struct {
	From
	Since              string `toml:"since"` // YYYY-MM-DD
	Port               int    `toml:"port"`
	IdleSeconds        int    `toml:"idle_seconds"` // without a byte; it cannot be raised
	PerCluster         int    `toml:"per_cluster"`
	DeletionProtection bool   `toml:"deletion_protection"` // unless it is switched off
}

// Credits is what AWS gives a new account.
type Credits struct {
	From
	Since  string  `toml:"since"` // for accounts made from this day on, YYYY-MM-DD
	USD    float64 `toml:"usd"`
	Months int     `toml:"months"`
}

// Machine is one EC2 instance type.
type Machine struct {
	Type string  `toml:"type"`
	VCPU float64 `toml:"vcpu"`
	GB   float64 `toml:"gb"`
	Arch string  `toml:"arch"` // x86 or arm
}

// Machines is the EC2 instance types that can be priced.
type Machines struct {
	From
	Types []Machine `toml:"types"`
}

// Catalog is all of it. It is read-only and safe for concurrent use.
type Catalog struct {
	Compiled   string     `toml:"compiled"` // day on which the facts were put together, YYYY-MM-DD
	Services   []Service  `toml:"service"`
	CloudFront CloudFront `toml:"cloudfront"`
	VPCOrigin  VPCOrigin  `toml:"vpc_origin"`
	Gateway    Gateway    `toml:"gateway"`
	Credits    Credits    `toml:"credits"`
	Machines   Machines   `toml:"machines"`
}

var embedded = sync.OnceValues(func() (*Catalog, error) { return Decode(assets.Services) })

// Default returns the catalogue that is part of the binary. A test holds that it decodes.
func Default() *Catalog {
	c, err := embedded()
	if err != nil {
		panic("catalog: the facts in this binary are broken: " + err.Error())
	}
	return c
}

// Decode reads a catalogue and fills in what one service shares with another.
func Decode(text string) (*Catalog, error) {
	var c Catalog
	if err := toml.Unmarshal([]byte(text), &c); err != nil {
		return nil, fmt.Errorf("decode services: %w", err)
	}
	for i := range c.Services {
		s := &c.Services[i]
		if of := s.Sizes.ListOf; of != "" {
			o := c.Service(of)
			if o == nil {
				return nil, fmt.Errorf("decode services: %s has the sizes of %q, which is not there", s.ID, of)
			}
			s.Sizes.List = o.Sizes.List
		}
		if of := s.Regions.CodesOf; of != "" {
			o := c.Service(of)
			if o == nil {
				return nil, fmt.Errorf("decode services: %s has the regions of %q, which is not there", s.ID, of)
			}
			s.Regions.Codes = o.Regions.Codes
		}
	}
	return &c, nil
}

// Service returns the service with this id, nil when there is none.
func (c *Catalog) Service(id string) *Service {
	for i := range c.Services {
		if c.Services[i].ID == id {
			return &c.Services[i]
		}
	}
	return nil
}

// IDs returns the ids of all services in the order of the catalogue.
func (c *Catalog) IDs() []string {
	out := make([]string, len(c.Services))
	for i := range c.Services {
		out[i] = c.Services[i].ID
	}
	return out
}

// Fit returns the smallest size of the list that holds vcpu and gb, and false when none does.
func (s *Sizes) Fit(vcpu, gb float64) (Size, float64, bool) {
	for _, z := range s.List {
		if z.VCPU < vcpu {
			continue
		}
		if m, ok := z.memory(gb); ok {
			return z, m, true
		}
	}
	return Size{}, 0, false
}

// memory returns the smallest amount of memory of the size that is at least gb.
func (z *Size) memory(gb float64) (float64, bool) {
	if z.Step == 0 {
		i := slices.IndexFunc(z.GB, func(m float64) bool { return m >= gb })
		if i < 0 {
			return 0, false
		}
		return z.GB[i], true
	}
	for m := z.Low; m <= z.High; m += z.Step {
		if m >= gb {
			return m, true
		}
	}
	return 0, false
}
