package traffic

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"berth/engine/fail"
)

// mostRedirects is how many redirects a browser follows.
const mostRedirects = 20

// follow goes where browsers go from the health path and from /. That a page is not there is the app's affair; that it
// leads back to itself without end is not. An answer that never comes was seen to come before, and counts as none.
func (e *Endpoint) follow(ctx context.Context, client *http.Client) error {
	for _, path := range slices.Compact([]string{e.Path, "/"}) {
		if err := e.trail(ctx, client, e.URL+path); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// trail follows the redirects of one address as long as they stay with the app.
func (e *Endpoint) trail(ctx context.Context, client *http.Client, at string) error {
	var seen []string
	for range mostRedirects {
		to, status := where(ctx, client, at)
		if to == nil || !strings.EqualFold("https://"+to.Hostname(), e.URL) {
			return nil
		}
		seen = append(seen, fmt.Sprintf("%s answers %s, Location: %s", at, status, to))
		if next := to.String(); !slices.ContainsFunc(seen, func(s string) bool { return strings.HasPrefix(s, next+" answers ") }) {
			at = next
			continue
		}
		return e.endless(seen)
	}
	return e.endless(seen)
}

func (e *Endpoint) endless(seen []string) error {
	f := &fail.Error{
		Class: fail.Failed, Cause: "the app redirects " + strings.SplitN(seen[0], " ", 2)[0] + " in an endless loop",
		Evidence: strings.Join(seen[:min(len(seen), 4)], "\n"),
		Remedy:   "fix the app's redirects, then run the same command again",
	}
	if e.Door.CloudFront() {
		f.Remedy = "switch off the app's own redirect to https (such as force_ssl), or base it on X-Forwarded-Ssl or " +
			"CloudFront-Forwarded-Proto: CloudFront redirects already, and the load balancer sends X-Forwarded-Proto: http. Or set https = \"gateway\" under [network], " +
			"where the app is told https (ECS gateways are new, and unverified), or a domain"
		f.Setting = "network.https"
	}
	return f
}

// where is where an address redirects to, nil when it does not.
func where(ctx context.Context, client *http.Client, at string) (to *url.URL, status string) {
	r, err := ask(ctx, client, at)
	if err != nil || r.code < 300 || r.code >= 400 {
		return nil, ""
	}
	return r.location, r.status // 304 and the like lead nowhere
}
