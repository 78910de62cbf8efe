package access_test

import (
	"testing"

	"berth/engine/resource"
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

// TestMotoOIDC takes a provider through its life on moto_server, which fails when another audience is added.
func TestMotoOIDC(t *testing.T) {
	s := kindtest.Emulated(t)
	wanted := func() resource.Resource {
		return &access.OIDCProvider{Owner: s.Owner, Host: "gitlab.com", Audience: "https://gitlab.com"}
	}
	kindtest.Live(t, s, wanted, nil)
	kindtest.Gone(t, s, wanted)
}
