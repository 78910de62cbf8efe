package event

import (
	"strings"
	"time"
)

// Certificate is how a certificate of ACM stands.
type Certificate struct {
	Status  string    `json:"status"`            // as ACM has it: ISSUED, PENDING_VALIDATION, FAILED, …
	Until   time.Time `json:"until,omitzero"`    // when it expires; zero until it is issued
	Renewal string    `json:"renewal,omitempty"` // as ACM has it: PENDING_AUTO_RENEWAL, PENDING_VALIDATION, SUCCESS, FAILED; empty before the first
}

// overdue is how long before its end ACM first tells the owner that it could not renew a certificate (engine/AWS.md, ACM).
const overdue = 45 * 24 * time.Hour

// Says tells people how the certificate stands at a time, and whether that asks for something.
func (c Certificate) Says(now time.Time) (text string, wrong bool) {
	switch day := c.Until.UTC().Format("2006-01-02"); {
	case c.Status == "PENDING_VALIDATION":
		return "not issued yet: its DNS records are missing, or AWS has not seen them", true
	case c.Status != "ISSUED":
		return strings.ToLower(strings.ReplaceAll(c.Status, "_", " ")), true
	case c.Until.IsZero():
		return "issued", false
	case !c.Until.After(now):
		return "expired on " + day + ": AWS could not renew it; check that its validation records are still there", true
	case c.Renewal == "FAILED", c.Renewal == "PENDING_VALIDATION":
		return "until " + day + ", and AWS cannot renew it: check that its validation records are still there", true
	case c.Until.Sub(now) < overdue:
		return "until " + day + ", and not renewed yet: check that its validation records are still there", true
	default:
		return "until " + day + ", renewed by AWS", false
	}
}

// Name is how a name of the app's own stands in the DNS.
type Name struct {
	Name  string `json:"name"`
	Zone  string `json:"zone"`  // that it is in, as far as that is known
	Here  bool   `json:"here"`  // the zone is in Route 53, in this account
	State string `json:"state"` // what its records are, in words
	Wrong bool   `json:"wrong"` // visitors do not come to the app by it
}

// Says tells people where the DNS of the name is, and what is there.
func (n Name) Says() string {
	where := "DNS elsewhere"
	if n.Here {
		where = "in Route 53"
	}
	return n.Name + " " + n.State + " (" + where + ")"
}
