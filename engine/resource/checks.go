package resource

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/servicequotas"

	"berth/engine/cloud"
	"berth/engine/event"
)

// Verdict is how a check ended.
type Verdict string

// The verdicts. Unknown is that nobody could be asked.
const (
	OK      Verdict = "ok"
	Warn    Verdict = "warn"
	Fail    Verdict = "fail"
	Unknown Verdict = "unknown"
)

// Finding is the outcome of a check: a sentence, and what to do when it is not OK.
type Finding struct {
	Verdict Verdict
	Text    string
	Remedy  string
}

// Probe is a check that can be made before anything changes.
type Probe struct {
	ID, Title string
	Offline   bool // it can be made without an account
	Look      func(context.Context, *Scope) Finding
}

// ChecksOf are the checks of r, none when it has none.
func ChecksOf(r Resource, do event.Action) []Probe {
	if c, ok := r.(Checked); ok {
		return c.Checks(do)
	}
	return nil
}

// Quota asks for the value of a quota; what names it in sentences.
func Quota(ctx context.Context, s *Scope, service, code, what string) (float64, *Finding) {
	out, err := s.Quotas.GetServiceQuota(ctx, &servicequotas.GetServiceQuotaInput{ServiceCode: &service, QuotaCode: &code})
	if err == nil && (out.Quota == nil || out.Quota.Value == nil) {
		err = errors.New("the response has no value")
	}
	if err != nil {
		return 0, &Finding{Verdict: Unknown, Text: "could not read " + what + ": " + cloud.WhyNot(err)}
	}
	return *out.Quota.Value, nil
}

// Raise is what to do about a quota.
func Raise(name, service, code string) string {
	return fmt.Sprintf("request an increase of the quota %q: Service Quotas, %s, %s (it can take a day)", name, service, code)
}

// OneMore is something that the app needs one more of.
type OneMore struct {
	ID, Title     string // of the check
	What          string // in sentences: "VPCs"
	Name          string // of the quota
	Service, Code string // of the quota, as Service Quotas has them
	Count         func(context.Context, *Scope) (int, error)
}

// Probes is the check whether the quota leaves room for it.
func (o OneMore) Probes() []Probe { return []Probe{{ID: o.ID, Title: o.Title, Look: o.room}} }

func (o OneMore) room(ctx context.Context, s *Scope) Finding {
	have, unknown := Quota(ctx, s, o.Service, o.Code, "the number of "+o.What)
	if unknown != nil {
		return *unknown
	}
	n, err := o.Count(ctx, s)
	if err != nil {
		return Finding{Verdict: Unknown, Text: "could not count the " + o.What + ": " + cloud.WhyNot(err)}
	}
	text := fmt.Sprintf("%d of %g %s are in use in %s", n, have, o.What, s.Region)
	if float64(n+1) > have {
		return Finding{
			Verdict: Fail, Text: text + ", but the app needs one more",
			Remedy: Raise(o.Name, o.Service, o.Code) + ", or remove one that is no longer used",
		}
	}
	return Finding{Verdict: OK, Text: text}
}
