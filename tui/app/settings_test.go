package app

import (
	"slices"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"

	"berth/engine/spec"
	"berth/tui/screen"
	"berth/tui/screen/settings"
	"berth/tui/widget"
)

// at finds a key in the settings.
func (d *harness) at(key string) {
	d.t.Helper()
	if !slices.ContainsFunc(settings.Rows(d.s.Spec()), func(r settings.Row) bool { return r.Name == key && r.Heading == "" }) {
		d.t.Fatalf("there is no %s", key)
	}
	d.press("/")
	d.send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(key), Paste: true})
	d.press("enter")
}

// enter opens the value at a key and types another one.
func (d *harness) enter(key, text string) {
	d.t.Helper()
	d.at(key)
	d.press("e", "ctrl+u")
	if text != "" {
		d.send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(text), Paste: true})
	}
	d.press("enter")
}

// TestInvalidValuesAreExplainedInPlace tries a value that cannot be for every key that takes text.
func TestInvalidValuesAreExplainedInPlace(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"app":                           {"My App", "lower case"},
		"service.port":                  {"http", "is not a whole number"},
		"service.instances":             {"-1", "0 to 5000"},
		"service.health_path":           {"health", "does not start with /"},
		"service.command":               {"run 'it", "is open"},
		"service.release_command":       {"migrate 'it", "is open"},
		"service.stop_timeout":          {"10 minutes", "duration"},
		"service.start_timeout":         {"500ms", "whole seconds"},
		"service.autoscale.max":         {"none", "is not a whole number"},
		"service.autoscale.cpu_percent": {"200", "1 to 100"},
		"service.spot":                  {"2", "0 to 1"},
		"service.ephemeral_gb":          {"10", "20 to 200"},

		"service.autoscale.memory_percent":        {"200", "1 to 100"},
		"service.autoscale.requests_per_instance": {"many", "is not a whole number"},

		"network.websocket_path":     {"live", "does not start with /"},
		"network.clustering":         {"magic", "is not known"},
		"network.domain":             {"https://example.com/", "such as"},
		"network.assets":             {"assets", "does not start with /"},
		"network.rate_limit":         {"1", "firewall"},
		"network.vpc":                {"my-network", "is not a VPC ID"},
		"network.subnets":            {"a, b", "is not a subnet ID"},
		"network.also":               {"example.com/", "such as"},
		"network.take_over":          {"other.example.com", "is none of the app's names"},
		"env":                        {"HELLO", "NAME=value"},
		"env.HOST":                   {"${nobody}", "nobody"},
		"secrets.from_ssm":           {"lock", "that berth locks"},
		"image.dockerfile":           {"docker/none", "there is no"},
		"image.context":              {"none", "there is no"},
		"image.ref":                  {"https://ghcr.io/me/app", "without https://"},
		"image.args":                 {"1 2=3", "letters, digits and _"},
		"storage":                    {"uploads", "such as"},
		"database.engine":            {"oracle", "postgres"},
		"database.class":             {"huge", "such as"},
		"database.storage_gb":        {"1", "20 to 65536"},
		"database.snapshot":          {"my snapshot", "is not a snapshot ID"},
		"database.variable":          {"A=B", "cannot be the name"},
		"database.url_query":         {"a b", "cannot be used in a URL"},
		"database.url":               {"mysql2://${database}", "there is no variable ${database}"},
		"database.password_variable": {"A=B", "cannot be the name"},
		"cache.engine":               {"memcached", "valkey"},
		"cache.node":                 {"huge", "such as"},
		"cache.variable":             {"A=B", "cannot be the name"},
		"uploads.store":              {"ftp", "s3"},
		"uploads.variable":           {"A=B", "cannot be the name"},
		"alarms.notify":              {"ops", "neither a mail address"},
		"alarms.monthly_usd":         {"100", "nobody is told"},
		"service.log_days":           {"a week", "is not a whole number"},
		"image.builder":              {"magic", "magic"},
		"secrets":                    {"TOKEN=nothing", "ARN"},

		"service.health.interval":  {"soon", "duration"},
		"service.health.timeout":   {"soon", "duration"},
		"service.health.unhealthy": {"many", "is not a whole number"},
		"service.health.codes":     {"fine", "codes"},
		"service.entrypoint":       {"run 'it", "is open"},
		"network.idle_timeout":     {"soon", "duration"},

		"account":                            {"12", "12 digits"},
		"permissions.policies":               {"S3ReadOnly", "ARN of a policy"},
		"permissions.allow":                  {"s3:PutObject", "such as"},
		"account_rules.permissions_boundary": {"boundary", "ARN of a policy"},
		"account_rules.role_path":            {"teams", "role path"},
		"account_rules.tags":                 {"aws:owner=me", "AWS reserves"},

		"image.target":  {"my stage", "the name of a stage"},
		"image.secrets": {"NPM-TOKEN", "environment variable"},
		"image.ssh":     {"agent", "names no agent and no key"},
	}
	chosen := []string{"service.init", "service.exec", "region", "network.https", "network.tasks", "network.front", "service.cpu", "service.memory", "image.platform", "target", "network.websockets", "service.sticky_sessions", "database.multi_az", "cache.multi_az", "uploads.versioning", "database.version", "network.firewall", "network.security_headers", "network.hsts", "alarms.rollback", "image.cache"}
	for _, r := range settings.Rows(&spec.Spec{}) {
		if _, ok := tests[r.Key.Name]; !ok && r.Heading == "" && !slices.Contains(chosen, r.Key.Name) {
			t.Errorf("%s is not tried", r.Key.Name)
		}
	}
	for key, tt := range tests {
		t.Run(key, func(t *testing.T) {
			inBubble(t, fresh(), func(d *harness) {
				d.press("enter", "enter", "enter")
				d.expect(screen.Settings{})
				if key == "env.HOST" {
					d.enter("env", "HOST=a")
				}
				d.enter(key, tt.text)
				v := d.view()
				if !strings.Contains(flat(v), tt.want) {
					t.Errorf("%q is not explained, %q is missing:\n%s", tt.text, tt.want, v)
				}
				if d.m.typing() { // it cannot be read at all, so it is kept to be mended
					if !strings.Contains(v, tt.text) {
						t.Errorf("what was typed is lost:\n%s", v)
					}
					return
				}
				d.press("enter")
				d.expect(screen.Settings{})
				if spec.Exists(d.s.Dir) {
					t.Error("berth.toml was written")
				}
			})
		})
	}
}

// flat is a frame as one text, whatever was wrapped.
func flat(v string) string { return strings.Join(strings.Fields(v), " ") }

func TestACommandIsEditedAsItIsRun(t *testing.T) {
	inBubble(t, fresh(), func(d *harness) {
		d.press("enter", "enter", "enter")
		d.enter("service.command", `/app/bin/server start "a b" don\'t`)
		want := []string{"/app/bin/server", "start", "a b", "don't"}
		if got := d.s.Spec().Service.Command; !slices.Equal(got, want) {
			t.Fatalf("%q", got)
		}
		d.press("e", "enter") // nothing is changed
		if got := d.s.Spec().Service.Command; !slices.Equal(got, want) {
			t.Errorf("looking at it made %q of it", got)
		}
	})
}

func TestLookingAtAValueDoesNotMakeItAnAnswer(t *testing.T) {
	inBubble(t, fresh(), func(d *harness) {
		d.press("enter", "enter", "enter")
		d.at("service.port")
		d.press("e", "enter")
		if o := d.s.Spec().Origins["service.port"]; o.Kind != spec.Detected {
			t.Errorf("the port comes from %+v", o)
		}
	})
}

func TestPastedLinesAndWideCharactersStayInTheirRow(t *testing.T) {
	for _, size := range [][2]int{{60, 16}, {80, 24}, {120, 40}} {
		inBubble(t, fresh(), func(d *harness) {
			d.send(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
			d.press("enter", "enter", "enter")
			d.enter("env", "GREETING=日本語のアプリケーション名前\nSECOND="+strings.Repeat("長い", 60))
			got := d.s.Spec().Env["GREETING"]
			if !strings.HasPrefix(got, "日本語のアプリケーション名前") || strings.ContainsAny(got, "\n\r") || len(d.s.Spec().Env) != 1 {
				t.Errorf("%v: %q", size, d.s.Spec().Env)
			}
			d.at("env.GREETING")
			for _, k := range []string{"", "e", "end", "left", "x"} {
				if k != "" {
					d.press(k)
				}
				for _, l := range widget.Lines(d.view()) {
					if widget.Width(l) > size[0] {
						t.Errorf("%v: too wide: %q", size, l)
					}
				}
			}
		})
	}
}

// line is the line of the frame that holds a text, or empty.
func (d *harness) line(text string) string {
	for l := range strings.Lines(d.view()) {
		if strings.Contains(l, text) {
			return l
		}
	}
	return ""
}

// TestSettingsAreFolded looks at the settings as they come, unfolds a section, and finds what is folded away.
func TestSettingsAreFolded(t *testing.T) {
	inBubble(t, fresh(), func(d *harness) {
		d.press("enter", "enter", "enter")
		d.size(120, 200)
		v := d.view()
		for _, want := range []string{"Instances", "Own domain", "more", "Check every, "} {
			if !strings.Contains(v, want) {
				t.Errorf("%q is missing:\n%s", want, v)
			}
		}
		for _, no := range []string{"Idle timeout  ", "Firewall (WAF)  "} {
			if strings.Contains(v, no) {
				t.Errorf("%q has a line of its own:\n%s", no, v)
			}
		}
		for range 40 {
			if strings.Contains(d.line("›"), "WebSocket path, ") {
				break
			}
			d.press("down")
		}
		d.press(" ")
		if at := d.line("›"); !strings.Contains(at, "WebSocket path  ") {
			t.Errorf("the cursor is at %q", at)
		}
		if v := d.view(); !strings.Contains(v, "Firewall (WAF)  ") || !strings.Contains(v, "Check every, ") {
			t.Errorf("not the network's values alone are unfolded:\n%s", v)
		}

		d.press("/")
		d.send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("no such thing")})
		if v := d.view(); !strings.Contains(v, "nothing is called that") {
			t.Errorf("nothing says that there is none:\n%s", v)
		}
		d.press("enter", " ", "d", "right", "esc", "/")
		d.send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("healthy statuses")})
		d.press("enter", "e", "ctrl+u")
		d.send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("200")})
		d.press("enter", "esc")
		if got := d.s.Spec().Service.Health.Codes; got != "200" {
			t.Errorf("the codes are %q", got)
		}
		if at := d.line("›"); !strings.Contains(at, "200") {
			t.Errorf("a value of one's own is not shown: the cursor is at %q", at)
		}
	})
}
