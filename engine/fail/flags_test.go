package fail

import "testing"

func TestFlagsReachTheSameApp(t *testing.T) {
	f := Flags{Same: []string{"--env staging", "--app shop", "--simulate"}}
	for _, c := range []struct{ text, want string }{
		{"deploy it with: berth deploy; or name another", "deploy it with: berth deploy --env staging --app shop --simulate; or name another"},
		{"berth destroy removes all of it", "berth destroy --env staging --app shop --simulate removes all of it"},
		{"what removes it: berth destroy --app old --env staging --region eu-west-1 --id x", "what removes it: berth destroy --simulate --app old --env staging --region eu-west-1 --id x"},
		{"berth secrets set NAME", "berth secrets set --env staging --app shop --simulate NAME"},
		{"berth run -- COMMAND", "berth run --env staging --app shop --simulate -- COMMAND"},
		{"see berth plan, then berth deploy --yes", "see berth plan --env staging --app shop --simulate, then berth deploy --env staging --app shop --simulate --yes"},
		{"Run berth again in this folder", "Run berth --env staging --app shop --simulate again in this folder"},
		{"see berth plan --help", "see berth plan --help"},
		{"berth inspect says more", "berth inspect --env staging --simulate says more"},
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
	if e := (&Error{Remedy: "berth status"}); (Flags{}).With(e) != e || f.With(e).Remedy == e.Remedy || e.Remedy != "berth status" {
		t.Errorf("%+v", e)
	}
}

// The command that was given is told again what it was told; any other command is not.
func TestFlagsOfTheSameVerb(t *testing.T) {
	f := Flags{Same: []string{"-C web"}, Verb: "berth deploy", Own: []string{"--yes", "--take-over a.com,b.com", "--keep-both", "--sim-fault a", "--sim-fault b"}}
	for _, c := range []struct{ text, want string }{
		{"run berth deploy again: it", "run berth deploy --yes --take-over a.com,b.com --keep-both --sim-fault a --sim-fault b -C web again: it"},
		{"berth deploy --move moves it; see berth plan", "berth deploy --yes --take-over a.com,b.com --sim-fault a --sim-fault b -C web --move moves it; see berth plan -C web"},
		{"berth destroy, then berth deploy --help", "berth destroy -C web, then berth deploy --help"},
		{"berth deploy --app other", "berth deploy -C web --app other"},
	} {
		got := f.In(c.text)
		if got != c.want {
			t.Errorf("%q:\n%q, want\n%q", c.text, got, c.want)
		}
		if again := f.In(got); again != got {
			t.Errorf("twice: %q", again)
		}
	}
	if text := "berth deploy"; (Flags{Verb: "berth deploy"}).In(text) != text {
		t.Error("no flags are no change")
	}
}
