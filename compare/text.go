package compare

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"berth/compare/advise"
	"berth/compare/price"
)

// page is a text of a certain width.
type page struct {
	b     strings.Builder
	width int
	ascii bool
}

func (p *page) line(format string, args ...any) {
	s := format
	if len(args) > 0 {
		s = fmt.Sprintf(format, args...)
	}
	p.b.WriteString(strings.TrimRight(clip(s, p.width), " ") + "\n")
}

// wrap writes text over several lines, the first behind lead, the others under it.
func (p *page) wrap(lead, text string) {
	indent := strings.Repeat(" ", utf8.RuneCountInString(lead))
	for i, l := range wrapped(text, p.width-len(indent)) {
		if i == 0 {
			p.line("%s", lead+l)
		} else {
			p.line("%s", indent+l)
		}
	}
}

func (p *page) sign(v advise.Verdict) string {
	signs := map[advise.Verdict][2]string{advise.Fits: {"✓", "+"}, advise.Changes: {"○", "o"}, advise.No: {"✗", "-"}}
	if p.ascii {
		return signs[v][1]
	}
	return signs[v][0]
}

func (p *page) arrow() string {
	if p.ascii {
		return "->"
	}
	return "→"
}

// clip cuts a line to the width.
func clip(s string, width int) string {
	if utf8.RuneCountInString(s) <= width {
		return s
	}
	return string([]rune(s)[:width])
}

// wrapped breaks text into lines of at most width, at spaces where it can.
func wrapped(text string, width int) []string {
	width = max(width, 8)
	var out []string
	line := ""
	for _, w := range strings.Fields(text) {
		for utf8.RuneCountInString(w) > width { // a long URL
			if line != "" {
				out, line = append(out, line), ""
			}
			r := []rune(w)
			out, w = append(out, string(r[:width])), string(r[width:])
		}
		switch {
		case line == "":
			line = w
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(w) <= width:
			line += " " + w
		default:
			out, line = append(out, line), w
		}
	}
	return append(out, line)
}

// Text writes the report for a terminal of this width (at least 40), with bars for cost. Ascii leaves out
// every other character.
func (r *Report) Text(width int, ascii bool) string {
	p := &page{width: max(width, 40), ascii: ascii}
	res := r.Result
	p.line("Which AWS service fits, and what it costs a month")
	p.line("")
	p.wrap("region  ", placeName(res.Region))
	p.wrap("needs   ", Needs(res.Requirements))
	p.wrap("usage   ", UsageText(res.Usage))
	if not := res.NotCounted(); not != "" {
		p.wrap("        ", not)
	}
	p.wrap("facts   ", "of "+res.AsOf+"; berth compare --json has the source and date of each")
	p.line("")
	r.instead(p)
	r.summary(p)
	p.line("")
	r.recommended(p)
	r.others(p)
	r.tables(p)
	if r.LongPolling != nil {
		p.line("")
		p.b.WriteString(r.LongPolling.Text(p.width))
	}
	if l := legend(p.b.String()); l != nil {
		p.line("")
		for _, s := range l {
			p.wrap("", s)
		}
	}
	return p.b.String()
}

// summary is two lines per service: name, verdict, cost and bar, and the reason that decides.
func (r *Report) summary(p *page) {
	most := 0.0
	for _, s := range r.Result.Services {
		most = max(most, s.Estimate.MonthlyUSD)
	}
	scales := r.Result.Scales()
	atMost := func(text string) string { // where nothing scales there is no such column
		if !scales {
			return ""
		}
		return fmt.Sprintf("%10s", text)
	}
	p.line("  %-19s%-13s%10s%s  %s", "service", "verdict", "USD a month", atMost("at most"), "berth")
	for _, s := range r.Result.Services {
		lead := fmt.Sprintf("%s %-19s%-13s%11s%s  %-7s", p.sign(s.Verdict), s.ID, Word(s.Verdict), Money(s.Estimate), atMost(Most(s.Estimate)), s.berth())
		tail := ""
		if s.ID == r.Result.Recommended {
			tail = " recommended"
		}
		room := p.width - utf8.RuneCountInString(lead) - len(" recommended")
		p.line("%s%s%s", lead, Bar(s.Estimate.MonthlyUSD, most, room, p.ascii), tail)
		p.line("    %s", brief(s.Why, p.width-4))
	}
}

// berth says whether berth builds what is asked for on the service: all, in part, or not at all.
func (s *Service) berth() string {
	switch {
	case !s.Deployable:
		return "no"
	case slices.ContainsFunc(s.Reasons, func(x advise.Reason) bool { return !x.Builds }):
		return "partly"
	}
	return "builds"
}

// brief cuts a sentence to the width, at a word where it can.
func brief(s string, width int) string {
	if utf8.RuneCountInString(s) <= width {
		return s
	}
	cut := string([]rune(s)[:max(0, width-3)])
	if i := strings.LastIndexByte(cut, ' '); i > width/2 {
		cut = cut[:i]
	}
	return strings.TrimRight(cut, " ,;:") + "..."
}

// recommended is the best service in full: reasons, bill, months.
func (r *Report) recommended(p *page) {
	s := r.Result.Service(r.Result.Recommended)
	if s == nil && r.Result.Recommended != "" {
		p.wrap("", "Of all services "+r.Result.Recommended+" is recommended.")
		return
	}
	if s == nil {
		p.line("No AWS service can run this as it is. What would change that stands below.")
		return
	}
	how := "fits"
	if s.Verdict == advise.Changes {
		how = "comes nearest, with changes"
	}
	p.wrap("", fmt.Sprintf("%s %s, for %s USD a month", s.Name, how, Sum(s.Estimate)))
	if !s.Deployable {
		text := "berth explains it but cannot deploy to it."
		if d := r.Result.BestDeployable(); d != nil {
			text += fmt.Sprintf(" What berth deploys: %s, %s, for %s USD a month.", d.ID, Word(d.Verdict), Sum(d.Estimate))
		}
		p.wrap("", text)
	}
	reasons(p, s.Reasons, func(advise.Reason) bool { return true })
	if not := s.unbuilt(); not != "" {
		p.wrap("  ! ", not)
	}
	p.line("")
	bill(p, s.Estimate, Parts(s.Estimate, r.Result.Usage))
	if c := r.Result.Credits; c != "" {
		p.wrap("  ", c)
	}
	r.savings(p)
	if m := r.Months; m != nil {
		p.line("")
		p.wrap("", fmt.Sprintf("A low month %s, a typical one %s, a busy one %s USD (a third of the traffic; as given; three times the traffic on twice the instances)",
			Money(m.Low.Aged(r.Today)), Money(m.Typical.Aged(r.Today)), Money(m.Busy.Aged(r.Today))))
	}
}

// unbuilt names what the service can do and this version of berth does not build.
func (s *Service) unbuilt() string {
	var names []string
	for _, x := range s.Reasons {
		if s.Deployable && !x.Builds && x.Verdict != advise.No {
			names = append(names, RequirementName(x.Requirement))
		}
	}
	if names == nil {
		return ""
	}
	return "this version of berth does not build yet: " + strings.Join(names, ", ")
}

// savings is what would make it cheaper.
func (r *Report) savings(p *page) {
	if len(r.Result.Savings) == 0 {
		return
	}
	p.line("")
	p.line("  Cheaper, each by itself, in USD a month")
	for _, s := range r.Result.Savings {
		p.wrap(fmt.Sprintf("  %8.2f  ", -s.USD), s.Text)
	}
}

// instead tells of the way that needs no service.
func (r *Report) instead(p *page) {
	i := r.Result.Instead
	if i == nil {
		return
	}
	p.wrap("", fmt.Sprintf("%s, for %s USD a month", i.Name, Sum(i.Estimate)))
	p.wrap("  ", i.Text)
	bill(p, i.Estimate, "")
	p.line("")
}

func reasons(p *page, list []advise.Reason, keep func(advise.Reason) bool) {
	for _, x := range list {
		if keep(x) {
			p.wrap(fmt.Sprintf("  %s %-13s", p.sign(x.Verdict), RequirementName(x.Requirement)), x.Text)
		}
	}
}

// bill is the estimate line by line.
func bill(p *page, e price.Estimate, parts string) {
	if len(e.Lines) == 0 {
		p.line("  nothing is billed for this usage")
		return
	}
	room := p.width - 2 - 2*11 - 2
	for _, l := range e.Lines {
		item := wrapped(l.Item, room)
		p.line("  %-*s%11s%11s", room, item[0], quantity(l.Quantity), LineMoney(l))
		for _, more := range item[1:] {
			p.line("    %s", more)
		}
	}
	p.line("  %-*s%11s%11s", room, "a month", "USD", Money(e))
	if most := Most(e); most != "" {
		p.line("  %-*s%11s%11s", room, "with as many instances as the scaling may start", "USD", most)
	}
	if parts != "" {
		p.wrap("  ", "of it "+parts)
	}
	if dated := price.Dated(e.PricesAsOf, e.Old); dated != "" {
		hint := ""
		if e.Old {
			hint = " (berth prices refresh)"
		}
		p.wrap("  ", dated+hint+", confidence "+e.Confidence)
	}
}

// quantity writes a quantity without needless decimals.
func quantity(q float64) string {
	switch {
	case q >= 1e7:
		return fmt.Sprintf("%.4g", q)
	case q == float64(int64(q)):
		return fmt.Sprintf("%.0f", q)
	}
	return short(q)
}

// others tells for every other service what stands in the way and what would change it.
func (r *Report) others(p *page) {
	for i := range r.Result.Services {
		s := &r.Result.Services[i]
		if s.ID == r.Result.Recommended {
			continue
		}
		p.line("")
		title := s.Name + ": " + Word(s.Verdict)
		if s.Verdict == advise.Fits {
			title += ", for " + Sum(s.Estimate) + " USD a month"
		}
		p.wrap("", title)
		reasons(p, s.Reasons, func(x advise.Reason) bool { return x.Verdict != advise.Fits })
		for _, w := range s.WouldChange {
			p.wrap("  "+p.arrow()+" ", w)
		}
		for _, h := range s.Hints {
			p.wrap("  i ", h)
		}
	}
}

// tables writes the tables of costs with their break-even points.
func (r *Report) tables(p *page) {
	for _, t := range r.Tables {
		if len(t.Rows) == 0 {
			continue
		}
		p.line("")
		p.line("USD a month by %s", t.Dimension)
		row := fmt.Sprintf("  %-19s", "")
		for _, v := range t.Values {
			row += fmt.Sprintf("%10s", short(v))
		}
		p.line("%s", row)
		for _, s := range t.Rows {
			row := fmt.Sprintf("  %-19s", s.Service)
			for _, usd := range s.USD {
				row += fmt.Sprintf("%10s", cell(usd))
			}
			p.line("%s", row)
		}
		for _, b := range t.Breaks {
			p.wrap("  ", b.text(t.Dimension))
		}
	}
}

func cell(usd float64) string {
	if usd < 0 {
		return MarkMissing
	}
	return fmt.Sprintf("%.2f", usd)
}

func (b BreakEven) text(dimension string) string {
	return fmt.Sprintf("%s is cheaper below %s %s, %s from there on (%.2f USD)", b.Cheaper, short(b.At), dimension, b.Then, b.USD)
}
