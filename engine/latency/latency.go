// Package latency measures how long a TCP connection from here to the public endpoint of an AWS region takes.
// It sends nothing over the connections.
package latency

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// Dialer opens connections. A *net.Dialer is one.
type Dialer interface {
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
}

// Result is the measurement of one region.
type Result struct {
	Region  string
	Connect time.Duration // the shorter of two connections, without the look-up of the name in the first
	Err     error         // why there is none
}

// Endpoint is the public endpoint that is connected to.
func Endpoint(region string) string { return "ec2." + region + ".amazonaws.com:443" }

// Measure connects to all regions at the same time, twice each, and returns in the order of regions. What has
// not answered when the deadline is over has an error. Now is the clock to measure with.
func Measure(ctx context.Context, d Dialer, regions []string, deadline time.Duration, now func() time.Time) []Result {
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	out := make([]Result, len(regions))
	var wg sync.WaitGroup
	for i, region := range regions {
		wg.Go(func() { out[i] = one(ctx, d, region, now) })
	}
	wg.Wait()
	return out
}

func one(ctx context.Context, d Dialer, region string, now func() time.Time) Result {
	r := Result{Region: region}
	for range 2 {
		start := now()
		conn, err := d.DialContext(ctx, "tcp", Endpoint(region))
		took := now().Sub(start)
		if err != nil {
			if r.Connect == 0 { // one good connection is an answer
				r.Err = err
			}
			return r
		}
		_ = conn.Close()
		if r.Connect == 0 || took < r.Connect {
			r.Connect = took
		}
	}
	return r
}

// Why says in a word or two why there is no time.
func (r Result) Why() string {
	var dns *net.DNSError
	var timeout interface{ Timeout() bool }
	switch {
	case r.Err == nil:
		return "ok"
	case errors.Is(r.Err, context.DeadlineExceeded), errors.As(r.Err, &timeout) && timeout.Timeout():
		return "too slow"
	case errors.As(r.Err, &dns):
		return "no name"
	}
	return "no answer"
}

// Offline says whether no region answered at all.
func Offline(list []Result) bool {
	for _, r := range list {
		if r.Err == nil {
			return false
		}
	}
	return true
}
