package sim

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	cftypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// transport carries what the engine sends to registries and endpoints. Hosts of the account are answered by
// it; all others go outside.
type transport struct {
	a       *Account
	outside http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	host := req.URL.Hostname()
	parts := strings.Split(host, ".")
	switch {
	case len(parts) == 6 && parts[1] == "dkr" && parts[2] == "ecr" && strings.HasSuffix(host, ".amazonaws.com"):
		if parts[0] != t.a.accountID() {
			return nil, noSuchHost(host)
		}
		return t.a.serveRegistry(req, parts[3])
	case t.a.known(host):
		if req.Body != nil {
			defer func() { _ = req.Body.Close() }()
		}
		return t.a.serveViewer(req, host)
	}
	return t.outside.RoundTrip(req)
}

// known says whether a host is in the simulated world.
func (a *Account) known(host string) bool {
	if strings.HasSuffix(host, ".cloudfront.net") || strings.HasSuffix(host, ".elb.amazonaws.com") || strings.HasSuffix(host, ".on.aws") {
		return true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.st.mine(host)
}

func (a *Account) accountID() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.st.Account
}

func noSuchHost(host string) error {
	return &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}}
}

// errTimeout is what a viewer gets who is not let in and never answered.
var errTimeout = errors.New("i/o timeout")

// answer is what a load balancer or CloudFront says to a request.
type answer struct {
	status int
	header map[string]string
	body   string
	app    bool // the app itself answered
	tls    *tls.ConnectionState
}

// serveViewer answers a request from the internet.
func (a *Account) serveViewer(req *http.Request, host string) (*http.Response, error) {
	ctx := req.Context()
	if err := a.clk.Sleep(ctx, a.delay(latTraffic, host)); err != nil {
		return nil, err
	}
	var ans answer
	err := a.locked(func(st *state, now time.Time) (bool, error) {
		if err := a.broken(a.n + 1); err != nil {
			return false, err
		}
		end, ok := st.leads(host, now)
		if !ok {
			return false, noSuchHost(host)
		}
		var err error
		if strings.HasSuffix(end, ".cloudfront.net") {
			ans, err = a.fromEdge(st, req, host, end, now)
		} else {
			ans, err = a.fromInternet(st, req, host, end, now)
		}
		return false, err
	})
	if errors.Is(err, errTimeout) {
		return nil, a.dialTimeout(ctx, host)
	}
	if err != nil {
		return nil, err
	}
	if ans.app && ans.status == http.StatusOK && strings.EqualFold(req.Header.Get("Upgrade"), "websocket") {
		return upgrade(req, ans.header)
	}
	res := response(req, ans.status, ans.header, []byte(ans.body))
	res.TLS = ans.tls
	return res, nil
}

func (a *Account) dialTimeout(ctx context.Context, host string) error {
	if err := a.clk.Sleep(ctx, a.delay(latTimeout, host)); err != nil {
		return err
	}
	return &net.OpError{Op: "dial", Net: "tcp", Err: errTimeout}
}

// fromEdge answers a request for a host to the distribution with that domain.
func (a *Account) fromEdge(st *state, req *http.Request, host, domain string, now time.Time) (answer, error) { //nolint:gocognit // the way of one request, step by step
	d := find(st.cloudFront().Distributions, func(d *distribution) bool { return d.Domain == domain })
	if d == nil {
		return answer{}, noSuchHost(host)
	}
	cfg := d.serving(now)
	if cfg == nil || !val(cfg.Enabled, false) {
		return answer{}, noSuchHost(host)
	}
	edge := map[string]string{
		"Content-Type": "text/html", "Server": "CloudFront", "Via": "1.1 " + stableID(d.ID)[:32] + ".cloudfront.net (CloudFront)", "X-Cache": "Error from cloudfront",
	}
	secure, err := st.edgeTLS(req, cfg, host, domain, now)
	if err != nil {
		return answer{}, err
	}
	if host != domain && (cfg.Aliases == nil || !slices.ContainsFunc(cfg.Aliases.Items, func(n string) bool { return strings.EqualFold(n, host) })) {
		return answer{status: http.StatusForbidden, header: edge, body: "403 ERROR The request could not be satisfied. Bad request. We can't connect to the server for this app or website at this time.", tls: secure}, nil
	}
	behaviour := cfg.DefaultCacheBehavior
	if cfg.CacheBehaviors != nil {
		for _, b := range cfg.CacheBehaviors.Items { // the first pattern that fits counts
			if wild(strings.TrimPrefix(str(b.PathPattern), "/"), strings.TrimPrefix(req.URL.Path, "/")) {
				if b.AllowedMethods != nil && !slices.Contains(b.AllowedMethods.Items, cftypes.Method(req.Method)) {
					return answer{status: http.StatusForbidden, header: edge, body: "403 ERROR This distribution is not configured to allow the HTTP request method that was used for this request.", tls: secure}, nil
				}
				behaviour = &cftypes.DefaultCacheBehavior{TargetOriginId: b.TargetOriginId, ViewerProtocolPolicy: b.ViewerProtocolPolicy, CachePolicyId: b.CachePolicyId}
				break
			}
		}
	}
	if req.URL.Scheme == "http" && behaviour.ViewerProtocolPolicy == cftypes.ViewerProtocolPolicyRedirectToHttps {
		edge["Location"], edge["X-Cache"] = "https://"+host+req.URL.RequestURI(), "Redirect from cloudfront"
		return answer{status: http.StatusMovedPermanently, header: edge}, nil
	}
	for _, o := range cfg.Origins.Items {
		if str(o.Id) != str(behaviour.TargetOriginId) {
			continue
		}
		asked := domain + req.URL.RequestURI()
		if old, kept := a.errors[asked]; kept && now.Before(old.until) {
			return old.answer, nil
		}
		ans := a.fromOrigin(st, req, o, str(behaviour.OriginRequestPolicyId), now)
		if ans.header == nil {
			ans.header = edge
		}
		ans.header["Via"], ans.header["X-Cache"] = edge["Via"], edge["X-Cache"]
		if ans.status < 400 {
			ans.header["X-Cache"] = "Miss from cloudfront"
		}
		ans.tls = secure
		if ans.status >= 400 && req.Method == http.MethodGet {
			a.keepError(asked, ans, cfg, now)
		}
		return ans, nil
	}
	return answer{status: http.StatusBadGateway, header: edge, body: "502 ERROR The request could not be satisfied.", tls: secure}, nil
}

// keptError is an answer that an edge gives again without asking.
type keptError struct {
	answer answer
	until  time.Time
}

// keepError has the edges give an error again for as long as the distribution says, 10 s by default.
func (a *Account) keepError(asked string, ans answer, cfg *cftypes.DistributionConfig, now time.Time) {
	ttl := 10 * time.Second
	if e := cfg.CustomErrorResponses; e != nil {
		for _, x := range e.Items {
			if int(val(x.ErrorCode, 0)) == ans.status {
				ttl = time.Duration(val(x.ErrorCachingMinTTL, 10)) * time.Second
			}
		}
	}
	if ttl == 0 {
		delete(a.errors, asked)
		return
	}
	if a.errors == nil {
		a.errors = map[string]keptError{}
	}
	a.errors[asked] = keptError{ans, now.Add(ttl)}
}

// seenByOrigin are the headers of a viewer that CloudFront passes on, by its origin request policy. It takes out what the
// viewer says of the protocol (engine/AWS.md, CloudFront).
func seenByOrigin(req *http.Request, policy string) http.Header {
	header := req.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	header.Del("X-Forwarded-Proto")
	if policy == viewerAndCloudFront {
		header.Set("CloudFront-Forwarded-Proto", req.URL.Scheme)
	}
	return header
}

// fromOrigin is what CloudFront gets from an origin.
func (a *Account) fromOrigin(st *state, req *http.Request, o cftypes.Origin, policy string, now time.Time) answer {
	lb, r := st.balancerByDNS(str(o.DomainName))
	if lb == nil || now.Before(lb.Active) {
		return answer{status: http.StatusBadGateway, body: "502 ERROR The request could not be satisfied. CloudFront wasn't able to resolve the origin domain name."}
	}
	port := int32(80)
	into := o.VpcOriginConfig != nil
	if into && st.vpcOrigin(str(o.VpcOriginConfig.VpcOriginId), now) == nil || !into && lb.Scheme == "internal" {
		return answer{status: http.StatusBadGateway, body: "502 ERROR The request could not be satisfied. CloudFront wasn't able to connect to the origin."}
	}
	if o.CustomOriginConfig != nil {
		port = val(o.CustomOriginConfig.HTTPPort, port)
		if o.CustomOriginConfig.OriginProtocolPolicy == cftypes.OriginProtocolPolicyHttpsOnly {
			port = val(o.CustomOriginConfig.HTTPSPort, 443)
		}
	}
	if !r.admits(lb.Groups, port, nil, prefixListID(r.Name, prefixLists[0])) {
		return answer{status: http.StatusGatewayTimeout, body: "504 ERROR The request could not be satisfied. CloudFront attempted to establish a connection with the origin, but either the attempt failed or the origin closed the connection."}
	}
	header := seenByOrigin(req, policy)
	if o.CustomHeaders != nil {
		for _, h := range o.CustomHeaders.Items {
			header.Set(str(h.HeaderName), str(h.HeaderValue))
		}
	}
	w := &world{a: a, st: st, r: r}
	ans, ok := w.throughBalancer(lb, port, req, header)
	if !ok {
		return answer{status: http.StatusBadGateway, body: "502 ERROR The request could not be satisfied. CloudFront wasn't able to connect to the origin."}
	}
	return ans
}

// fromInternet answers a request for a host that goes straight to the load balancer with that name.
func (a *Account) fromInternet(st *state, req *http.Request, host, name string, now time.Time) (answer, error) {
	lb, r := st.balancerByDNS(name)
	if lb == nil {
		return answer{}, noSuchHost(host)
	}
	port := int32(80)
	if encrypted(req) {
		port = 443
	}
	if p, err := strconv.Atoi(req.URL.Port()); err == nil {
		port = int32(p)
	}
	if now.Before(lb.Active) || lb.Scheme == "internal" || !r.admits(lb.Groups, port, nil, "") {
		return answer{}, errTimeout
	}
	secure, err := r.balancerTLS(lb, port, req, host, now)
	if err != nil {
		return answer{}, err
	}
	ans, ok := (&world{a: a, st: st, r: r}).throughBalancer(lb, port, req, req.Header)
	if !ok {
		return answer{}, errTimeout
	}
	ans.tls = secure
	return ans, nil
}

func (st *state) balancerByDNS(name string) (*loadBalancer, *region) {
	for _, n := range st.regionNames() {
		r := st.Regions[n]
		if lb := find(r.elb().LoadBalancers, func(lb *loadBalancer) bool { return lb.exists() && strings.EqualFold(lb.DNS, name) }); lb != nil {
			return lb, r
		}
	}
	return nil, nil
}

// throughBalancer sends a request through the rules of a load balancer; ok is false when nothing listens.
func (w *world) throughBalancer(lb *loadBalancer, port int32, req *http.Request, header http.Header) (answer, bool) {
	l := find(lb.Listeners, func(l *listener) bool { return l.Port == port })
	if l == nil {
		return answer{}, false
	}
	actions := l.Default
	for _, x := range l.Rules {
		if meets(x.Conditions, req, header) {
			actions = x.Actions
			break
		}
	}
	head := map[string]string{"Server": "awselb/2.0", "Content-Type": "text/html"}
	for _, act := range actions {
		switch act.Type {
		case elbtypes.ActionTypeEnumFixedResponse:
			code, _ := strconv.Atoi(str(act.FixedResponseConfig.StatusCode))
			head["Content-Type"] = val(act.FixedResponseConfig.ContentType, "text/plain")
			return answer{status: code, header: head, body: str(act.FixedResponseConfig.MessageBody)}, true
		case elbtypes.ActionTypeEnumRedirect:
			return redirect(act.RedirectConfig, req, port, head), true
		case elbtypes.ActionTypeEnumForward:
			header = header.Clone()
			header.Set("X-Forwarded-Proto", strings.ToLower(l.Protocol))
			header.Set("X-Forwarded-Port", strconv.Itoa(int(port)))
			return w.forward(lb, targetsOf(actions)[0], head, &http.Request{URL: req.URL, Host: req.Host, Header: header}), true
		}
	}
	return answer{status: http.StatusServiceUnavailable, header: head}, true
}

// redirect is where a redirect action sends a request.
func redirect(cfg *elbtypes.RedirectActionConfig, req *http.Request, port int32, head map[string]string) answer {
	protocol := map[bool]string{true: "HTTPS", false: "HTTP"}[encrypted(req)]
	fill := strings.NewReplacer("#{protocol}", protocol, "#{host}", req.URL.Hostname(), "#{port}", strconv.Itoa(int(port)),
		"#{path}", strings.TrimPrefix(req.URL.Path, "/"), "#{query}", req.URL.RawQuery).Replace
	scheme, to := strings.ToLower(fill(val(cfg.Protocol, "#{protocol}"))), fill(val(cfg.Port, "#{port}"))
	location := scheme + "://" + fill(val(cfg.Host, "#{host}"))
	if to != map[string]string{"https": "443", "http": "80"}[scheme] {
		location += ":" + to
	}
	location += fill(val(cfg.Path, "/#{path}"))
	if query := fill(val(cfg.Query, "#{query}")); query != "" {
		location += "?" + query
	}
	head["Location"] = location
	if cfg.StatusCode == elbtypes.RedirectActionStatusCodeEnumHttp302 {
		return answer{status: http.StatusFound, header: head}
	}
	return answer{status: http.StatusMovedPermanently, header: head}
}
