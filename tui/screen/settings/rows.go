package settings

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"berth/engine"
	"berth/engine/spec"
	"berth/tui/screen"
	"berth/tui/widget"
)

// Row is one line of the settings: a key of berth.toml, one entry of a table, a heading, or what stands for the rows
// of a section that are folded away.
type Row struct {
	Heading string
	Key     spec.Key
	Name    string // full name of the value: the key's, or one entry's such as env.PHX_HOST
	Label   string
	Add     bool // makes a new entry of the table

	Folds string // the heading of the section that it unfolds
	Names string // what is folded away
}

// same says whether two rows are about the same value.
func (r Row) same(x Row) bool { return r.Name == x.Name && r.Add == x.Add && r.Folds == x.Folds }

// labels name what the words of the key do not say well. Keys that are not here, such as later ones, are
// named after themselves.
var labels = map[string]string{
	"app": "App name", "service.cpu": "CPU", "service.memory": "Memory", "service.health_path": "Health path",
	"service.command": "Command", "service.stop_timeout": "Time to stop", "service.start_timeout": "Time to start",
	"service.autoscale.max": "Most instances", "service.autoscale.cpu_percent": "CPU to aim for",
	"network.websockets": "WebSockets", "network.websocket_path": "WebSocket path", "network.clustering": "Clustering", "network.domain": "Own domain",
	"image.dockerfile": "Dockerfile", "image.context": "Build folder", "image.ref": "Ready image",
	"image.args": "Build argument", "env": "Variable", "secrets.from_ssm": "From SSM", "storage": "Folders",
	"database.engine": "Database", "database.class": "Database size", "database.storage_gb": "Database disk",
	"cache.engine": "Cache", "cache.node": "Cache size", "cache.multi_az": "Standby cache", "cache.variable": "Cache variable",
	"uploads.store": "Uploads", "uploads.versioning": "Old versions", "uploads.variable": "Bucket variable",
	"alarms.notify": "Alarms go to", "alarms.monthly_usd": "Monthly budget", "alarms.rollback": "Alarms roll back",
}

// later name the keys that are shown only once something is built of them.
var later = map[string]string{
	"id": "Identity", "account": "Account", "image.target": "Stage to build", "image.secrets": "Build secrets", "image.ssh": "Build over SSH", "image.cache": "Build cache",
	"service.entrypoint": "Entrypoint", "service.init": "Init process", "service.health.interval": "Check every",
	"service.health.timeout": "Check timeout", "service.health.unhealthy": "Failed checks", "service.health.codes": "Healthy statuses",
	"service.sticky_sessions": "Sticky sessions", "service.exec": "Shell (berth exec)", "service.spot": "Share on Spot",
	"service.ephemeral_gb": "Disk", "service.log_days": "Keep logs for",
	"service.autoscale.memory_percent": "Memory to aim for", "service.autoscale.requests_per_instance": "Requests to aim for",
	"network.also": "More domains", "network.https": "HTTPS ends at", "network.tasks": "Container addresses",
	"network.front": "Load balancer", "network.vpc": "Existing VPC", "network.subnets": "Subnets",
	"network.idle_timeout": "Idle timeout", "network.assets": "Cached paths", "network.firewall": "Firewall (WAF)", "network.rate_limit": "Rate limit",
	"network.security_headers": "Security headers", "network.hsts": "HTTPS only (HSTS)", "secrets": "Secret",
	"permissions.policies": "Managed policies", "permissions.allow": "Allowed actions",
	"account_rules.permissions_boundary": "Boundary", "account_rules.role_path": "Role path", "account_rules.tags": "Tag",
	"database.version": "Database version", "database.multi_az": "Standby database", "database.snapshot": "From snapshot",
	"database.variable": "URL variable", "database.url_query": "URL query", "database.url": "URL form",
	"database.password_variable": "Password variable",
}

// processLabels name what only processes beside the app have.
var processLabels = map[string]string{"schedule": "Schedule", "schedule_tz": "Time zone", "skip": "Left out"}

// headings name the tables of berth.toml; a table that is not here heads its keys with its own name.
var headings = map[string]string{
	"": "App", "service": "Container", "service.autoscale": "Container", "service.health": "Container", "image": "Image", "network": "Network",
	"env": "Environment", "secrets": "Environment", "image.args": "Image", "permissions.allow": "Permissions",
	"account_rules": "Account rules", "account_rules.tags": "Account rules", "storage": "Data", "database": "Data", "cache": "Data", "uploads": "Data",
}

// first are the headings that come first, in this order.
var first = []string{"App", "Container", "Network", "Environment", "Image", "Data"}

// Rows lists all values that berth.toml can hold, with those of tables one by one.
func Rows(s *spec.Spec) []Row {
	byHeading := map[string][]Row{}
	order := slices.Clone(first)
	for _, k := range s.Keys() {
		if k.Name == "target" || k.Name == "id" || !offered(s, k) {
			continue // chosen in the comparison, made by berth, or of no effect yet
		}
		h := heading(k)
		if !slices.Contains(order, h) {
			order = append(order, h)
		}
		byHeading[h] = append(byHeading[h], entries(s, k)...)
	}
	var out []Row
	for _, h := range order {
		if len(byHeading[h]) > 0 {
			out = append(append(out, Row{Heading: h}), byHeading[h]...)
		}
	}
	return out
}

// offered says whether a key has a row: it has an effect, was said, or the screens have a word for it.
func offered(s *spec.Spec, k spec.Key) bool {
	o, said := s.Origins[k.Name]
	return engine.Builds(s, k.Name) || said && o.Kind != spec.Default || labels[k.Name] != ""
}

func heading(k spec.Key) string {
	if process, _, ok := ofProcess(k.Name); ok {
		return "Process " + process
	}
	table := k.Name
	if k.Kind != spec.Table && k.Kind != spec.Tables {
		i := strings.LastIndexByte(k.Name, '.')
		table = k.Name[:max(0, i)]
	}
	if h, ok := headings[table]; ok {
		return h
	}
	return widget.Title(strings.ReplaceAll(table, ".", " "))
}

func entries(s *spec.Spec, k spec.Key) []Row {
	label := Label(k.Name)
	if k.Kind != spec.Table {
		return []Row{{Key: k, Name: k.Name, Label: label}}
	}
	v, _ := s.Get(k.Name)
	m, _ := v.(map[string]string)
	var out []Row
	for _, name := range sortedKeys(m) {
		out = append(out, Row{Key: k, Name: k.Name + "." + name, Label: name})
	}
	return append(out, Row{Key: k, Name: k.Name, Label: "+ " + strings.ToLower(label[:1]) + label[1:], Add: true})
}

// ofProcess splits a key of a process into the process and the key in its table.
func ofProcess(key string) (process, leaf string, ok bool) {
	rest, ok := strings.CutPrefix(key, "processes.")
	process, leaf, found := strings.Cut(rest, ".")
	return process, leaf, ok && found
}

// Label is what a key of berth.toml is called on the screens.
func Label(key string) string {
	if _, leaf, ok := ofProcess(key); ok {
		if label, ok := processLabels[leaf]; ok {
			return label
		}
		key = "service." + leaf // as what the app's own process has
	}
	for _, names := range []map[string]string{labels, later} {
		if label, ok := names[key]; ok {
			return label
		}
	}
	return widget.Title(key[strings.LastIndexByte(key, '.')+1:])
}

func sortedKeys(m map[string]string) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// Value is what a row holds: as text to edit, and as people read it. Unset says that there is nothing.
func (r Row) Value(s *spec.Spec) (edit, show string, unset bool) {
	if r.Add {
		return "", "NAME=value", true
	}
	v, _ := s.Get(r.Name)
	switch v := v.(type) {
	case nil:
	case string:
		edit = v
	case int:
		if v != 0 {
			edit = strconv.Itoa(v)
		}
	case float64:
		if v != 0 {
			edit = strconv.FormatFloat(v, 'f', -1, 64)
		}
	case bool:
		return strconv.FormatBool(v), map[bool]string{true: "yes", false: "no"}[v], !v
	case spec.Duration:
		if v != 0 {
			edit = shortSpan(v.String())
		}
	case []string:
		edit = strings.Join(v, ", ")
		if r.Key.Kind == spec.Command {
			edit = spec.CommandText(v)
		}
	case []spec.Storage:
		var paths []string
		for _, x := range v {
			paths = append(paths, x.Path)
		}
		edit = strings.Join(paths, ", ")
	default:
		edit = fmt.Sprint(v)
	}
	if edit == "" {
		return "", cmp.Or(usual(r.Key.Name, s), "none"), true
	}
	return edit, edit + Unit(r.Key.Name), false
}

// usual is what holds for a key that says nothing, empty when nothing does.
func usual(key string, s *spec.Spec) string {
	switch {
	case key == "database.variable" && s.Database != nil:
		return s.DatabaseVariable()
	case key == "cache.variable" && s.Cache != nil:
		return s.CacheVariable()
	case key == "uploads.variable" && s.Uploads != nil:
		return s.UploadsVariable()
	}
	return ""
}

// shortSpan leaves out the zeros that Go writes at the end of a duration.
func shortSpan(d string) string {
	if s, ok := strings.CutSuffix(d, "m0s"); ok {
		d = s + "m"
	}
	if s, ok := strings.CutSuffix(d, "h0m"); ok {
		d = s + "h"
	}
	return d
}

// Unit is what stands behind the number of a key, with a blank before it.
func Unit(key string) string {
	if _, leaf, ok := ofProcess(key); ok {
		key = "service." + leaf
	}
	switch key {
	case "service.cpu":
		return " vCPU"
	case "service.memory":
		return " MiB"
	case "service.autoscale.cpu_percent", "service.autoscale.memory_percent":
		return " %"
	case "database.storage_gb", "service.ephemeral_gb":
		return " GB"
	case "service.log_days":
		return " days"
	default:
		return ""
	}
}

// Origin is where the value of a row came from; false when nothing says it.
func (r Row) Origin(s *spec.Spec) (spec.Origin, bool) {
	o, ok := s.Origins[r.Name]
	if r.Key.Kind == spec.Tables && !ok {
		o, ok = s.Origins[r.Name+"[0].path"]
	}
	return o, ok
}

// From says where the value of a row came from.
func (r Row) From(s *spec.Spec) string {
	o, ok := r.Origin(s)
	if !ok {
		return ""
	}
	return screen.From(o)
}
