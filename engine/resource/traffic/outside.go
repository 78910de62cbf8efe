package traffic

import (
	"context"
	"net/http"
	"strings"
	"time"

	"berth/engine/clock"
	"berth/engine/fail"
)

// names are those that visitors call the app by.
func (e *Endpoint) names() []string {
	if e.Door.Own() && !e.Door.CloudFront() {
		return e.Door.Domain.Names
	}
	return []string{strings.TrimPrefix(e.URL, "https://")}
}

// outside looks at the door as visitors do: each name has a certificate that a browser takes, and leads there from http.
// An app without https has nothing of it.
func (e *Endpoint) outside(ctx context.Context, client *http.Client) (how string, err error) {
	if !strings.HasPrefix(e.URL, "https://") {
		return "", nil
	}
	redirects := !e.Door.ECS() && !e.Door.Rule.open() // a gateway listens on 443 alone, and a plain address answers until this run has ended
	for i, name := range e.names() {
		resp, err := ask(ctx, client, "https://"+name+e.Path)
		if err != nil {
			return "", &fail.Error{
				Class: fail.Failed, Cause: "https://" + name + " does not answer, but " + e.URL + " does", Evidence: err.Error(), Err: err,
				Remedy: "check where the name points (dig " + name + "), then run the same command again", Setting: "network.also",
			}
		}
		if t := resp.tls; t != nil && len(t.PeerCertificates) > 0 && i == 0 {
			how = ", with a certificate valid until " + t.PeerCertificates[0].NotAfter.UTC().Format("2006-01-02")
		}
		if !redirects {
			continue
		}
		if err := e.redirected(ctx, client, name); err != nil {
			return "", err
		}
	}
	if redirects {
		how += ", http redirects to https"
	}
	return how, nil
}

// redirected says why a name does not lead browsers from http to https.
func (e *Endpoint) redirected(ctx context.Context, client *http.Client, name string) error {
	resp, err := ask(ctx, client, "http://"+name+e.Path)
	got := ""
	switch {
	case err != nil:
		got = err.Error()
	case resp.code == http.StatusMovedPermanently && strings.HasPrefix(resp.header.Get("Location"), "https://"+name):
		return nil
	default:
		got = resp.status + ", Location: " + resp.header.Get("Location")
	}
	return &fail.Error{
		Class: fail.Failed, Cause: "http://" + name + " does not redirect to https", Evidence: got,
		Remedy: "check what answers there, then run the same command again",
	}
}

// aroundPatience is how long a load balancer that answers nobody is given to prove otherwise: twice the second after which
// TCP asks once more, which each redeployment waits for.
const aroundPatience = 2 * time.Second

// closed says whether the load balancer has public addresses and lets CloudFront alone in.
func (e *Endpoint) closed() bool {
	return e.Door.CloudFront() && !e.Door.Private() && !e.Door.Anybody() && !e.Door.Rule.open()
}

// around asks the load balancer behind CloudFront by its own name, as somebody would who wants to come past it, while other
// checks go on: nobody must be answered there. The function that it gives waits for what came of it. A load balancer inside
// a network has no address that could be asked, and what a private address leads to from here is somebody else's.
func (e *Endpoint) around(ctx context.Context, c clock.Clock, client *http.Client) func() (how string, err error) {
	lb := e.Door.LoadBalancer
	if !e.closed() || lb.DNS == "" {
		return func() (string, error) { return "", nil }
	}
	type came struct {
		resp *reply
		err  error
	}
	done := make(chan came, 1)
	at := "http://" + strings.ToLower(lb.DNS) + e.Path
	go func() {
		ctx, cancel := c.WithTimeout(ctx, aroundPatience)
		defer cancel()
		resp, err := ask(ctx, client, at)
		done <- came{resp, err}
	}()
	return func() (string, error) {
		got := <-done
		switch {
		case ctx.Err() != nil:
			return "", ctx.Err()
		case got.err == nil && got.resp.code < http.StatusBadRequest:
			return "", &fail.Error{
				Class: fail.Failed, Cause: "the load balancer answers visitors that come around CloudFront", Evidence: at + " answers " + got.resp.status,
				Remedy: "run the same command again, which puts its security group and its rules right; see that nothing else opens them again",
			}
		}
		return ", nothing answers around CloudFront", nil
	}
}
