package engine_test

import (
	"strings"
	"testing"
	"testing/synctest"
)

// What each door lets in, to be read by whoever reviews it: every security group, listener, rule and distribution.
func TestDoorsSecurity(t *testing.T) {
	for name, door := range doors {
		t.Run(name, func(t *testing.T) {
			var text strings.Builder
			synctest.Test(t, func(t *testing.T) {
				h := newHarbor(t, ground([2]string{name}), 0)
				h.zone("example.com", true)
				door(h.spec)
				h.must(h.deploy())
				for _, i := range h.account.Inventory() {
					switch i.Kind {
					case "ec2.SecurityGroup", "elasticloadbalancing.Listener", "elasticloadbalancing.ListenerRule", "elasticloadbalancing.LoadBalancer",
						"cloudfront.Distribution", "cloudfront.VpcOrigin", "acm.Certificate":
						text.WriteString(i.String() + "\n  " + i.Detail + "\n")
					}
				}
			})
			compareGolden(t, text.String())
		})
	}
}
