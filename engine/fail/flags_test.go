package fail

import "testing"

func TestFlagsReachTheSameApp(t *testing.T) {
	f := Flags{"--env staging", "--app shop", "--simulate"}
	for _, c := range []struct{ text, want string }{
		{"deploy it with: berth deploy; or name another", "deploy it with: berth deploy --env staging --app shop --simulate; or name another"},
		{"berth destroy removes all of it", "berth destroy --env staging --app shop --simulate removes all of it"},
		{"what removes it: berth destroy --app old --env staging --region eu-west-1 --id x", "what removes it: berth destroy --simulate --app old --env staging --region eu-west-1 --id x"},
		{"berth secrets set NAME", "berth secrets set --env staging --app shop --simulate NAME"},
		{"berth run -- COMMAND", "berth run --env staging --app shop --simulate -- COMMAND"},
		{"see berth plan, then berth deploy --yes", "see berth plan --env staging --app shop --simulate, then berth deploy --env staging --app shop --simulate --yes"},
		{"Run berth again in this folder", "Run berth --env staging --app shop --simulate again in this folder"},
		{"see berth plan --help", "see berth plan --help"},
		{"berth apps lists them", "berth apps --env staging --simulate lists them"},
		{"berth runs one container; berth compare says why; berth deploys it", "berth runs one container; berth compare says why; berth deploys it"},
	} {
		got := f.In(c.text)
		if got != c.want {
			t.Errorf("%q:\n%q, want\n%q", c.text, got, c.want)
		}
		if again := f.In(got); again != got {
			t.Errorf("twice: %q", again)
		}
	}
	if e := (&Error{Remedy: "berth status"}); Flags(nil).With(e) != e || f.With(e).Remedy == e.Remedy || e.Remedy != "berth status" {
		t.Errorf("%+v", e)
	}
}
