// Package cloud is the engine's way to AWS: configuration and credentials, the SDK clients, the count of
// calls, the one poller, the one retry, and the classes of errors. It is the only place that knows how a
// client is made; everything above it gets clients and never configures one.
package cloud

import (
	"context"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/logging"

	"berth/engine/clock"
)

// Settings is what a user chooses about the connection to AWS. Empty fields fall back to the standard AWS
// settings (environment, shared configuration files).
type Settings struct {
	Region  string
	Profile string
	Log     io.Writer // what the SDK has to tell beside its errors; nil: nowhere, for it would be over what is drawn
}

// logger is where the SDK logs: by default it would to the terminal. What matters comes as an error.
func (s Settings) logger() logging.Logger {
	if s.Log == nil {
		return logging.Nop{}
	}
	return logging.NewStandardLogger(s.Log)
}

// Environment is what stands behind the clients. The zero Environment is AWS itself (or whatever
// AWS_ENDPOINT_URL names); the simulated account brings its own.
type Environment struct {
	// Config makes the configuration that all SDK clients are built from. Nil means config.LoadDefaultConfig.
	Config func(context.Context, Settings) (aws.Config, error)
	// Transport carries registry and endpoint traffic (http and https, including WebSocket upgrades). Nil
	// means http.DefaultTransport.
	Transport http.RoundTripper
	// Resolver asks the public DNS. Nil means net.DefaultResolver.
	Resolver Resolver
	// Clock is the engine's clock; the zero Clock is the wall clock.
	Clock clock.Clock
	// PollEvery replaces the time between two looks of the poller. Zero means the poller's own.
	PollEvery time.Duration
	// Plugin is the command that stands in for Amazon's session-manager-plugin. Nil means the one of this machine.
	Plugin []string
	// Simulated is a sentence about the simulated account, empty for a real one.
	Simulated string
	// Close saves what the environment keeps. Nil when there is nothing to save.
	Close func() error
}

// Resolver asks the public DNS; net.Resolver is one. A name that is not there is a *net.DNSError.
type Resolver interface {
	LookupHost(ctx context.Context, host string) ([]string, error)
	LookupCNAME(ctx context.Context, host string) (string, error)
	LookupNS(ctx context.Context, name string) ([]*net.NS, error)
	LookupTXT(ctx context.Context, name string) ([]string, error)
}
