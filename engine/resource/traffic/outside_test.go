package traffic

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"berth/engine/clock"
	"berth/engine/fail"
)

// world answers requests by their URL: a status, a place to go to, or silence for what is not in it.
type world map[string]string

func (w world) RoundTrip(r *http.Request) (*http.Response, error) {
	says, ok := w[r.URL.String()]
	if !ok {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	res := &http.Response{StatusCode: http.StatusOK, Status: "200 OK", Header: http.Header{}, Body: http.NoBody, Request: r}
	switch {
	case says == "403":
		res.StatusCode, res.Status = http.StatusForbidden, "403 Forbidden"
	case says != "":
		res.StatusCode, res.Status = http.StatusMovedPermanently, "301 Moved Permanently"
		res.Header.Set("Location", says)
	}
	if r.URL.Scheme == "https" {
		res.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{{NotAfter: time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)}}}
	}
	return res, nil
}

// behindCloudFront is an app at an address of CloudFront.
func behindCloudFront(want string) *Endpoint {
	lb := &LoadBalancer{DNS: "Shop-1.eu-west-1.elb.amazonaws.com"}
	d := NewDoor(Ask{Want: want}, lb, &TargetGroup{})
	d.Distribution.Host = "d1.cloudfront.net"
	return &Endpoint{Door: d, URL: "https://d1.cloudfront.net", Path: "/up"}
}

// TestAroundTheDoor looks whether the load balancer answers those who come around CloudFront.
func TestAroundTheDoor(t *testing.T) {
	const balancer = "http://shop-1.eu-west-1.elb.amazonaws.com/up"
	for name, c := range map[string]struct {
		world       world
		want, fails string
		says        bool
	}{
		"silent":          {world: world{}, want: ByCloudFront, says: true},
		"refuses":         {world: world{balancer: "403"}, want: ByCloudFront, says: true},
		"answers":         {world: world{balancer: ""}, want: ByCloudFront, fails: "around CloudFront"},
		"redirects":       {world: world{balancer: "https://elsewhere.example/"}, want: ByCloudFront, fails: "around CloudFront"},
		"without a door":  {world: world{balancer: ""}, want: ByHTTP},
		"another gateway": {world: world{balancer: ""}, want: ByGateway},
	} {
		synctest.Test(t, func(t *testing.T) {
			client := &http.Client{Transport: c.world, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
			e := behindCloudFront(c.want)
			how, err := e.around(t.Context(), clock.Clock{}, client)()
			if c.fails == "" && err != nil || c.fails != "" && (err == nil || !strings.Contains(fail.From(err).Cause, c.fails)) || (how != "") != c.says {
				t.Errorf("%s: %q, %v", name, how, err)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		around := behindCloudFront(ByCloudFront).around(ctx, clock.Clock{}, &http.Client{Transport: world{}})
		cancel()
		if _, err := around(); !errors.Is(err, context.Canceled) {
			t.Errorf("a stopped check says %v", err)
		}
	})
}

// TestDoorFromOutside asks for the certificate and for the redirect from http, of each door that has them.
func TestDoorFromOutside(t *testing.T) {
	https, plain := "https://d1.cloudfront.net/up", "http://d1.cloudfront.net/up"
	for name, c := range map[string]struct {
		want  string
		world world
		says  string
		fails string
	}{
		"cloudfront":             {want: ByCloudFront, world: world{https: "", plain: https}, says: ", with a certificate valid until 2027-03-01, http redirects to https"},
		"plain http is answered": {want: ByCloudFront, world: world{https: "", plain: ""}, fails: "does not redirect"},
		"a gateway":              {want: ByGateway, world: world{https: ""}, says: ", with a certificate valid until 2027-03-01"},
	} {
		synctest.Test(t, func(t *testing.T) {
			client := &http.Client{Transport: c.world, Timeout: time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
			how, err := behindCloudFront(c.want).outside(t.Context(), client)
			if how != c.says || c.fails == "" && err != nil || c.fails != "" && (err == nil || !strings.Contains(fail.From(err).Cause, c.fails)) {
				t.Errorf("%s: %q, %v", name, how, err)
			}
		})
	}
}
