package sim

import (
	"context"
	"net"
	"slices"
	"strings"
	"time"

	r53types "github.com/aws/aws-sdk-go-v2/service/route53/types"
)

// dnsState is the public DNS as far as it is not in the account: what registrars and other DNS providers say.
type dnsState struct {
	Delegated map[string]string // zone name with a dot at its end -> id of the hosted zone that its name servers are
	Outside   []outsideRecord
}

// outsideRecord is a record at another DNS provider.
type outsideRecord struct {
	Name   string // with a dot at its end
	Type   string
	Values []string
}

const dnsShelf shelf[dnsState] = "dns"

func (st *state) dns() *dnsState { return dnsShelf.in(&st.Kept) }

// Delegate does what a registrar does: from now on the public DNS asks the account's newest public hosted zone of
// that name. An empty id takes it back. It says whether there is such a zone.
func (a *Account) Delegate(name string) (ok bool) {
	_ = a.locked(func(st *state, _ time.Time) (bool, error) { // the next call says what is wrong with the file
		for _, z := range st.route53().Zones {
			if z.Name == fqdn(name) && !z.private() {
				if st.dns().Delegated == nil {
					st.dns().Delegated = map[string]string{}
				}
				st.dns().Delegated[z.Name], ok = z.ID, true
			}
		}
		return ok, nil
	})
	return ok
}

// Publish sets a record at another DNS provider, as its owner would; some of those have ALIAS, which leads to another
// name as a CNAME does. Without values it takes the record away.
func (a *Account) Publish(name, kind string, values ...string) {
	_ = a.locked(func(st *state, _ time.Time) (bool, error) {
		d := st.dns()
		d.Outside = slices.DeleteFunc(d.Outside, func(r outsideRecord) bool { return r.Name == fqdn(name) && r.Type == kind })
		if len(values) > 0 {
			d.Outside = append(d.Outside, outsideRecord{Name: fqdn(name), Type: kind, Values: values})
		}
		return true, nil
	})
}

// ask gives what the public DNS says of a name and type. An alias gives the name that it leads to, as a CNAME.
func (st *state) ask(name, kind string, now time.Time) (values []string, alias bool) {
	name = fqdn(name)
	for at := name; at != ""; _, at, _ = strings.Cut(at, ".") {
		z := st.zone(new(st.dns().Delegated[at]))
		if z == nil {
			continue
		}
		if kind == "NS" && name == at {
			return z.Servers, false
		}
		return z.ask(name, kind, now)
	}
	for _, r := range st.dns().Outside {
		if r.Name == name && (r.Type == kind || r.Type == "ALIAS" && kind == "A") {
			return r.Values, r.Type == "ALIAS"
		}
	}
	return nil, false
}

func (z *zone) ask(name, kind string, now time.Time) (values []string, alias bool) {
	_, rest, _ := strings.Cut(name, ".")
	for _, asked := range []string{name, `\052.` + rest} {
		for _, r := range z.Records {
			set := r.at(now)
			if set == nil || str(set.Name) != asked {
				continue
			}
			if string(set.Type) == kind && set.AliasTarget != nil {
				return []string{str(set.AliasTarget.DNSName)}, true
			}
			if string(set.Type) == kind {
				for _, v := range set.ResourceRecords {
					values = append(values, str(v.Value))
				}
				return values, false
			}
		}
		if slices.ContainsFunc(z.Records, func(r *record) bool { set := r.at(now); return set != nil && str(set.Name) == asked }) {
			return nil, false // a wildcard stands for names that are not there
		}
	}
	return nil, false
}

// leads follows a name through CNAMEs and aliases to the name of something that answers: a load balancer or a
// distribution. ok is false when it leads nowhere.
func (st *state) leads(name string, now time.Time) (end string, ok bool) {
	if dns, ok := st.gatewayHost(strings.ToLower(name), now); ok {
		return dns, true
	}
	for range 8 {
		name = strings.TrimSuffix(strings.ToLower(name), ".")
		name = strings.TrimPrefix(name, "dualstack.")
		if strings.HasSuffix(name, ".cloudfront.net") || strings.HasSuffix(name, ".elb.amazonaws.com") {
			return name, true
		}
		next, _ := st.ask(name, "CNAME", now)
		if len(next) == 0 {
			var alias bool
			if next, alias = st.ask(name, "A", now); !alias {
				return "", false
			}
		}
		name = next[0]
	}
	return "", false
}

// mine says whether a name is in the simulated world: in a hosted zone, at an outside provider that was told of, or
// in a certificate. What is not is the real internet's.
func (st *state) mine(host string) bool {
	host = fqdn(host)
	under := func(name string) bool { return host == name || strings.HasSuffix(host, "."+name) }
	for _, z := range st.route53().Zones {
		if under(z.Name) {
			return true
		}
	}
	for _, r := range st.dns().Outside {
		if under(r.Name) {
			return true
		}
	}
	for _, name := range st.regionNames() {
		for _, k := range st.Regions[name].acm().Certificates {
			if slices.ContainsFunc(k.Names, func(n string) bool { return under(fqdn(strings.TrimPrefix(n, "*."))) }) {
				return true
			}
		}
	}
	return false
}

// Resolver is the public DNS of the simulated world, with the methods of net.Resolver.
type Resolver struct{ a *Account }

// Resolver gives the public DNS as the account's owner sees it.
func (a *Account) Resolver() *Resolver { return &Resolver{a} }

// ask looks up a name; an empty answer is the error of net.Resolver.
func (r *Resolver) ask(name, kind string) (values []string, err error) {
	_ = r.a.locked(func(st *state, now time.Time) (bool, error) {
		values, _ = st.ask(name, kind, now)
		return false, nil
	})
	if len(values) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	}
	return values, nil
}

// LookupNS gives the name servers of a zone.
func (r *Resolver) LookupNS(_ context.Context, name string) ([]*net.NS, error) {
	values, err := r.ask(name, "NS")
	var out []*net.NS
	for _, v := range values {
		out = append(out, &net.NS{Host: fqdn(v)})
	}
	return out, err
}

// LookupCNAME gives the name that a name leads to, which is itself when there is no CNAME but an address.
func (r *Resolver) LookupCNAME(ctx context.Context, name string) (string, error) {
	if values, err := r.ask(name, "CNAME"); err == nil {
		return fqdn(values[0]), nil
	}
	if _, err := r.LookupHost(ctx, name); err != nil {
		return "", err
	}
	return fqdn(name), nil
}

// LookupTXT gives the texts of a name.
func (r *Resolver) LookupTXT(_ context.Context, name string) ([]string, error) {
	values, err := r.ask(name, "TXT")
	for i := range values {
		values[i] = strings.Trim(values[i], `"`)
	}
	return values, err
}

// LookupHost gives the addresses of a name: those of records, or made-up ones for what stands behind an alias.
func (r *Resolver) LookupHost(_ context.Context, host string) (out []string, err error) {
	_ = r.a.locked(func(st *state, now time.Time) (bool, error) {
		if end, ok := st.leads(host, now); ok {
			out = []string{publicAddress(end)}
			return false, nil
		}
		for _, kind := range []r53types.RRType{r53types.RRTypeA, r53types.RRTypeAaaa} {
			values, _ := st.ask(host, string(kind), now)
			out = append(out, values...)
		}
		return false, nil
	})
	if len(out) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return out, nil
}
