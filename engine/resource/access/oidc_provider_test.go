package access_test

import (
	"testing"

	"berth/engine/resource/access"
	"berth/engine/resource/kindtest"
)

func TestOIDCProvider(t *testing.T) {
	of := func(audience string) func(kindtest.World) *access.OIDCProvider {
		return func(w kindtest.World) *access.OIDCProvider {
			return &access.OIDCProvider{Owner: w.Owner, Host: "gitlab.com", Audience: audience}
		}
	}
	kindtest.Lifecycle(t, kindtest.Kind[*access.OIDCProvider]{Shared: true, Wanted: of("https://gitlab.com"), Changed: of("somebody")})
}
