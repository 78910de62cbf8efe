package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"berth/compare/catalog"
	"berth/engine/fail"
	"berth/engine/spec"
)

func (a *app) manCommand() *cobra.Command {
	return &cobra.Command{
		Use: "man DIR", Short: "Write the man pages to a folder", Hidden: true, Args: exactly(1),
		Long: "Writes berth.1, a page for every command, and berth.toml.5 to the folder. The same binary writes the same pages: their date is " +
			"that of its source, or SOURCE_DATE_EPOCH.",
		Example:           "  berth man ~/.local/share/man/man1",
		ValidArgsFunction: folders,
		RunE: func(cmd *cobra.Command, args []string) error {
			date, err := manDate(os.Getenv("SOURCE_DATE_EPOCH"))
			if err != nil {
				return err
			}
			names, err := writeMan(args[0], manual{root: cmd.Root(), date: date})
			if err != nil {
				return &fail.Error{
					Class: fail.Failed, Cause: "the man pages cannot be written", Evidence: err.Error(),
					Remedy: "name another folder: " + cmd.CommandPath() + " DIR", Err: err,
				}
			}
			return a.answer(names, func(w io.Writer) {
				for _, name := range names {
					fmt.Fprintln(w, name)
				}
			})
		},
	}
}

// manDate is the date of the pages: seconds since 1970 if there are some, else that of the source that the program
// was built from, as far as the build knows it, else that of the facts in it.
func manDate(epoch string) (string, error) {
	if epoch != "" {
		seconds, err := strconv.ParseInt(epoch, 10, 64)
		if err != nil {
			return "", &fail.Error{
				Class: fail.Usage, Cause: fmt.Sprintf("SOURCE_DATE_EPOCH is %q, which is not a number of seconds", epoch),
				Remedy: "unset it, or set it to a number of seconds", Err: err,
			}
		}
		return time.Unix(seconds, 0).UTC().Format(time.DateOnly), nil
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.time" && len(s.Value) >= len(time.DateOnly) {
				return s.Value[:len(time.DateOnly)], nil
			}
		}
	}
	return catalog.Default().Compiled, nil
}

// writeMan writes all pages into a folder and returns their files.
func writeMan(dir string, m manual) ([]string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	var names []string
	for _, c := range m.verbs() {
		name := filepath.Join(dir, pageName(c)+".1")
		if err := os.WriteFile(name, []byte(m.page(c)), 0o644); err != nil { //nolint:gosec // everybody may read a man page
			return nil, err
		}
		names = append(names, name)
	}
	name := filepath.Join(dir, spec.FileName+".5")
	if err := os.WriteFile(name, []byte(m.tomlPage()), 0o644); err != nil { //nolint:gosec // everybody may read a man page
		return nil, err
	}
	return append(names, name), nil
}

// manual writes man pages in the man macros, which man and mandoc both read. It is not cobra/doc, whose pages repeat
// all common flags at every verb, write them as --app="", break the layout of examples in a description, and take a
// translator of Markdown into the program.
type manual struct {
	root *cobra.Command
	date string // YYYY-MM-DD
}

// verbs are the commands that have a page: all but those that cobra adds for its own purposes.
func (m manual) verbs() []*cobra.Command {
	var out []*cobra.Command
	for _, c := range commands(m.root) {
		if c.Name() != "help" && (c.Parent() == nil || c.Parent().Name() != "completion") {
			out = append(out, c)
		}
	}
	return out
}

func pageName(c *cobra.Command) string { return strings.ReplaceAll(c.CommandPath(), " ", "-") }

// roff keeps text from being taken for markup.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text)
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		text = `\&` + text
	}
	return text
}

// sourceWidth is how long a line of running text is in the pages themselves; man breaks it anew.
const sourceWidth = 70

// running is text that man may break.
func running(text string) string {
	var lines []string
	for _, line := range strings.Split(reflow(text, sourceWidth), "\n") {
		lines = append(lines, roff(line))
	}
	return strings.Join(lines, "\n")
}

func bold(text string) string   { return `\fB` + roff(text) + `\fR` }
func italic(text string) string { return `\fI` + roff(text) + `\fR` }

// page is the man page of a command.
func (m manual) page(c *cobra.Command) string {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH %s 1 \"%s\" \"%s\" \"berth\"\n.nh\n.ad l\n", strings.ToUpper(roff(pageName(c))), m.date, roff("berth "+thisVersion().Version))
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", roff(pageName(c)), roff(strings.ToLower(c.Short[:1])+c.Short[1:]))
	b.WriteString(".SH SYNOPSIS\n" + synopsis(c))
	text := c.Long
	if text == "" {
		text = c.Short + "."
	}
	b.WriteString(".SH DESCRIPTION\n")
	paragraphs(&b, text)
	m.list(&b, c)
	options(&b, "OPTIONS", c.LocalNonPersistentFlags())
	if c.Parent() == nil {
		options(&b, "GLOBAL OPTIONS", c.PersistentFlags())
	} else {
		b.WriteString(".PP\n" + bold("berth") + "(1) describes the options that every command has.\n")
	}
	if c.Example != "" {
		b.WriteString(".SH EXAMPLES\n.nf\n")
		for _, line := range strings.Split(c.Example, "\n") {
			b.WriteString(roff(strings.TrimPrefix(line, "  ")) + "\n")
		}
		b.WriteString(".fi\n")
	}
	if c.Parent() == nil {
		rest(&b)
	}
	m.also(&b, c)
	return b.String()
}

// synopsis is how a command is called.
func synopsis(c *cobra.Command) string {
	path, args, _ := strings.Cut(strings.TrimPrefix(c.UseLine(), c.CommandPath()), "[flags]")
	line := bold(c.CommandPath())
	for _, word := range strings.Fields(path + args) {
		line += " " + italic(word)
	}
	line += " [" + italic("options") + "]\n"
	if c.HasAvailableSubCommands() {
		what := "verb"
		if c.Name() == "completion" {
			what = "shell"
		}
		line += ".br\n" + bold(c.CommandPath()) + " " + italic(what) + " [" + italic("options") + "]\n"
	}
	return line
}

// paragraphs writes text; lines that begin with a blank stay as they are.
func paragraphs(b *strings.Builder, text string) {
	literal := false
	for _, line := range strings.Split(text, "\n") {
		is := strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t")
		switch {
		case line == "":
			if literal {
				b.WriteString(".fi\n")
			}
			literal = false
			b.WriteString(".PP\n")
			continue
		case is && !literal:
			b.WriteString(".nf\n")
		case !is && literal:
			b.WriteString(".fi\n")
		}
		if literal = is; literal {
			b.WriteString(roff(line) + "\n")
		} else {
			b.WriteString(running(line) + "\n")
		}
	}
	if literal {
		b.WriteString(".fi\n")
	}
}

// list is the verbs below a command.
func (m manual) list(b *strings.Builder, c *cobra.Command) {
	first := true
	for _, v := range m.verbs() {
		if v.Parent() != c {
			continue
		}
		if first {
			b.WriteString(".SH COMMANDS\n")
			first = false
		}
		fmt.Fprintf(b, ".TP\n%s(1)\n%s\n", bold(pageName(v)), running(v.Short))
	}
}

// options is a section of flags.
func options(b *strings.Builder, heading string, flags *pflag.FlagSet) {
	first := true
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		if first {
			b.WriteString(".SH " + heading + "\n")
			first = false
		}
		name := bold("--" + f.Name)
		if f.Shorthand != "" {
			name = bold("-"+f.Shorthand) + ", " + name
		}
		value, text := pflag.UnquoteUsage(f)
		if value != "" {
			name += " " + italic(valueName(f, value))
		}
		if d := f.DefValue; value != "" && d != "" && d != "0" && d != "0s" && d != "[]" && !strings.Contains(text, "(default") {
			text += " (default: " + d + ")"
		}
		fmt.Fprintf(b, ".TP\n%s\n%s\n", name, running(text))
	})
}

// valueName stands for the value of a flag.
func valueName(f *pflag.Flag, kind string) string {
	if a := f.Annotations[placeholder]; len(a) > 0 {
		return a[0]
	}
	switch kind {
	case "int", "float":
		return "NUMBER"
	case "duration":
		return "DURATION"
	}
	return "TEXT"
}

// also points to the other pages.
func (m manual) also(b *strings.Builder, c *cobra.Command) {
	var names []string
	for _, v := range m.verbs() {
		if v != c && (v.Parent() == c || v == c.Parent() || c.Parent() != nil && v.Parent() == c.Parent()) {
			names = append(names, bold(pageName(v))+"(1)")
		}
	}
	if c.Parent() == nil {
		names = append(names, bold(spec.FileName)+"(5)")
	}
	b.WriteString(".SH SEE ALSO\n" + strings.Join(names, ",\n") + "\n")
}
