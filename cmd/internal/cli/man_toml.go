package cli

import (
	"fmt"
	"strings"

	"berth/engine"
	"berth/engine/spec"
)

// tomlPage is the man page of berth.toml, made of the table that the settings screen is made of.
func (m manual) tomlPage() string {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH BERTH.TOML 5 \"%s\" \"%s\" \"berth\"\n.nh\n.ad l\n", m.date, roff("berth "+thisVersion().Version))
	b.WriteString(".SH NAME\nberth.toml \\- how an app runs on AWS\n.SH DESCRIPTION\n")
	paragraphs(&b, "berth reads berth.toml in the app's folder. It is optional: what it does not say is read from the source "+
		"tree, or chosen by berth. The wizard writes it when you confirm the plan, and keeps your comments; berth init writes one in which "+
		"every key is explained.\n\nThe file is TOML. An unknown key is an error. Times are written as \"30s\" or \"5m\".")
	var headings []string
	under := map[string]string{}
	for _, k := range spec.Keys() {
		heading, leaf := tomlPlace(k)
		if under[heading] == "" {
			headings = append(headings, heading)
		}
		under[heading] += tomlKey(k, leaf)
	}
	for _, h := range headings {
		b.WriteString(".SH " + roff(h) + "\n" + under[h])
	}
	b.WriteString(".SH ENVIRONMENTS\n")
	paragraphs(&b, "Any key can also be set under [environments.NAME], and then applies to --env NAME only:\n\n"+
		"    [environments.staging]\n    service.instances = 1\n    network.domain = \"staging.example.com\"")
	b.WriteString(".SH SEE ALSO\n" + bold("berth") + "(1),\n" + bold("berth-init") + "(1)\n")
	return b.String()
}

// tomlPlace is the table that a key stands in, as a heading, and its name there.
func tomlPlace(k spec.Key) (heading, leaf string) {
	i := strings.LastIndexByte(k.Name, '.')
	switch {
	case k.Kind == spec.Table:
		return "[" + k.Name + "]", "NAME"
	case i < 0 && k.Kind == spec.Tables:
		return "[[" + k.Name + "]]", k.Fields[0].Name
	case i < 0:
		return "TOP LEVEL", k.Name
	default:
		return "[" + k.Name[:i] + "]", k.Name[i+1:]
	}
}

// tomlKey is what the page says of one key.
func tomlKey(k spec.Key, leaf string) string {
	text := strings.ToUpper(k.Doc[:1]) + k.Doc[1:] + "."
	if !engine.Builds(&spec.Spec{}, k.Name) {
		text += " This version of berth cannot deploy it yet."
	}
	if k.Flag != "" {
		text += " The flag " + k.Flag + " overrides it."
	}
	return ".TP\n" + bold(leaf) + " (" + roff(k.Kind.String()) + ")\n" + running(text) + "\n.br\n" + running("Example: "+k.Example) + "\n"
}
