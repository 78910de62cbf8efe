package spec

import (
	"fmt"
	"net/mail"
	"net/url"
	"strings"
)

func (c *checker) alarms() {
	a := c.s.Alarms
	seen := map[string]bool{}
	for _, to := range a.Notify {
		switch {
		case seen[to]:
			c.add("alarms.notify", "it names "+Told(to)+" twice", "once is enough")
		case !webhook(to) && !mailbox(to):
			c.add("alarms.notify", fmt.Sprintf("%q is neither a mail address nor an https:// URL", to), `such as "ops@example.com"`)
		}
		seen[to] = true
	}
	if a.MonthlyUSD < 0 {
		c.add("alarms.monthly_usd", "a budget cannot be negative", "such as 100")
	}
	if a.Rollback && c.s.NoHTTP() {
		c.add("alarms.rollback", "only failing requests and health checks roll a version back, and the app answers no HTTP", "remove it")
	}
	if a.On() {
		return
	}
	for _, one := range []struct {
		key string
		set bool
	}{{"alarms.monthly_usd", a.MonthlyUSD > 0}, {"alarms.rollback", a.Rollback}} {
		if one.set {
			c.add(one.key, "there are no alarms: nobody is told", `set notify = ["ops@example.com"] under [alarms]`)
		}
	}
}

// webhook says whether somebody to tell is told by a request.
func webhook(to string) bool {
	u, err := url.Parse(to)
	return err == nil && u.Scheme == "https" && u.Hostname() != "" && u.User == nil && !strings.ContainsAny(to, " \t\n")
}

func mailbox(to string) bool {
	a, err := mail.ParseAddress(to)
	return err == nil && a.Address == to && !strings.ContainsAny(to, "\"<> ")
}

// Told is somebody to tell as it may be shown: what stands behind the host of a URL may be its secret.
func Told(to string) string {
	u, err := url.Parse(to)
	if err != nil || u.Scheme != "https" {
		return to
	}
	if u.RequestURI() == "/" {
		return u.Scheme + "://" + u.Host
	}
	return u.Scheme + "://" + u.Host + "/…"
}
