package compare

import (
	"fmt"
	"strings"

	"berth/compare/advise"
	"berth/compare/price"
)

// notes numbers sources in the order in which they are cited.
type notes struct {
	list []string
	at   map[string]int
}

// cite returns the mark of a source, empty when there is none.
func (n *notes) cite(source, asOf, confidence string) string {
	if source == "" {
		return ""
	}
	text := fmt.Sprintf("%s (%s, confidence %s)", source, asOf, confidence)
	i, ok := n.at[text]
	if !ok {
		n.list = append(n.list, text)
		i = len(n.list)
		n.at[text] = i
	}
	return fmt.Sprintf("[%d]", i)
}

// Markdown writes the report for a pull request, with the source of every statement.
func (r *Report) Markdown() string {
	var b strings.Builder
	n := &notes{at: map[string]int{}}
	res := r.Result
	fmt.Fprintf(&b, "## Which AWS service fits\n\n")
	fmt.Fprintf(&b, "- Region: %s\n- Needs: %s\n- Usage: %s\n- Facts of %s\n", placeName(res.Region), Needs(res.Requirements), UsageText(res.Usage), res.AsOf)
	if not := res.NotCounted(); not != "" {
		fmt.Fprintf(&b, "- %s\n", strings.ToUpper(not[:1])+not[1:])
	}
	if res.Recommended != "" && res.Service(res.Recommended) == nil {
		fmt.Fprintf(&b, "- Recommended of all services: `%s`\n", res.Recommended)
	}
	if i := res.Instead; i != nil {
		fmt.Fprintf(&b, "\n**%s, for %s USD a month.** %s\n\n", i.Name, markdownText(Sum(i.Estimate)), markdownText(i.Text))
		markdownBill(&b, n, i.Estimate, "")
	}
	b.WriteString("\n| Service | Verdict | USD a month | berth | Why | |\n|---|---|---:|---|---|---|\n")
	for _, s := range res.Services {
		extra := []string{}
		if s.ID == res.Recommended {
			extra = append(extra, "**recommended**")
		}
		if !s.OpenToNewAccounts {
			extra = append(extra, "closed to new accounts")
		}
		fmt.Fprintf(&b, "| %s (`%s`) | %s | %s | %s | %s | %s |\n", s.Name, s.ID, Word(s.Verdict), markdownText(Range(s.Estimate)), s.berth(),
			markdownText(s.Why), strings.Join(extra, ", "))
	}
	for i := range res.Services {
		r.markdownService(&b, n, &res.Services[i])
	}
	r.markdownTables(&b)
	if r.LongPolling != nil {
		b.WriteString("\n" + r.LongPolling.Markdown())
	}
	if l := legend(b.String()); l != nil {
		b.WriteString("\n")
		for _, s := range l {
			fmt.Fprintf(&b, "- `%s` %s\n", s[:1], s[2:])
		}
	}
	b.WriteString("\n### Sources\n\n")
	for i, s := range n.list {
		fmt.Fprintf(&b, "%d. %s\n", i+1, s)
	}
	return b.String()
}

// markdownText keeps characters from being taken as markup.
func markdownText(s string) string {
	return strings.NewReplacer("*", `\*`, "~", `\~`, "|", `\|`, "<", `\<`).Replace(s)
}

func (r *Report) markdownService(b *strings.Builder, n *notes, s *Service) {
	fmt.Fprintf(b, "\n### %s: %s\n\n", s.Name, Word(s.Verdict))
	for _, x := range s.Reasons {
		if s.ID != r.Result.Recommended && x.Verdict == advise.Fits && s.Verdict != advise.Fits {
			continue
		}
		fmt.Fprintf(b, "- %s, %s: %s %s\n", RequirementName(x.Requirement), Word(x.Verdict), markdownText(x.Text), n.cite(x.Source, x.AsOf, x.Confidence))
	}
	for _, w := range s.WouldChange {
		fmt.Fprintf(b, "- → %s\n", markdownText(w))
	}
	for _, h := range s.Hints {
		fmt.Fprintf(b, "- %s\n", markdownText(h))
	}
	if s.Verdict == advise.No && s.ID != r.Result.Recommended {
		return
	}
	b.WriteString("\n")
	markdownBill(b, n, s.Estimate, Parts(s.Estimate, r.Result.Usage))
	if s.ID == r.Result.Recommended {
		if c := r.Result.Credits; c != "" {
			fmt.Fprintf(b, "\n%s.\n", strings.ToUpper(c[:1])+c[1:])
		}
		if len(r.Result.Savings) > 0 {
			b.WriteString("\nCheaper, each by itself:\n\n")
			for _, x := range r.Result.Savings {
				fmt.Fprintf(b, "- %.2f USD a month: %s\n", x.USD, markdownText(x.Text))
			}
		}
	}
	if m := r.Months; m != nil && s.ID == r.Result.Recommended {
		fmt.Fprintf(b, "\nA low month %s, a typical one %s, a busy one %s USD: a third of the traffic; as given; three times the traffic on twice the instances.\n",
			markdownText(Money(m.Low)), markdownText(Money(m.Typical)), markdownText(Money(m.Busy)))
	}
}

func markdownBill(b *strings.Builder, n *notes, e price.Estimate, parts string) {
	if len(e.Lines) == 0 {
		b.WriteString("Nothing is billed for this usage.\n")
		return
	}
	b.WriteString("| | Quantity | Unit | Unit USD | USD |\n|---|---:|---|---:|---:|\n")
	for _, l := range e.Lines {
		unit := "?"
		if l.Known || l.HighUSD > 0 {
			unit = fmt.Sprintf("%.8g", l.UnitUSD)
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s %s | %s |\n", markdownText(l.Item), quantity(l.Quantity), markdownText(l.Unit), unit,
			n.cite(l.Source, l.AsOf, l.Confidence), markdownText(LineMoney(l)))
	}
	fmt.Fprintf(b, "| **a month** | | | | **%s** |\n", markdownText(Money(e)))
	if most := Most(e); most != "" {
		fmt.Fprintf(b, "| with as many instances as the scaling may start | | | | %s |\n", markdownText(most))
	}
	if parts != "" {
		fmt.Fprintf(b, "\nOf it %s.\n", parts)
	}
	if dated := price.Dated(e.PricesAsOf, e.Old); dated != "" {
		fmt.Fprintf(b, "\n%s.\n", strings.ToUpper(dated[:1])+dated[1:])
	}
}

func (r *Report) markdownTables(b *strings.Builder) {
	for _, t := range r.Tables {
		if len(t.Rows) == 0 {
			continue
		}
		fmt.Fprintf(b, "\n### USD a month by %s\n\n| |", t.Dimension)
		for _, v := range t.Values {
			fmt.Fprintf(b, " %s |", short(v))
		}
		b.WriteString("\n|---|" + strings.Repeat("---:|", len(t.Values)) + "\n")
		for _, s := range t.Rows {
			fmt.Fprintf(b, "| %s |", s.Service)
			for _, usd := range s.USD {
				fmt.Fprintf(b, " %s |", cell(usd))
			}
			b.WriteString("\n")
		}
		for _, x := range t.Breaks {
			fmt.Fprintf(b, "\n%s.\n", x.text(t.Dimension))
		}
	}
}
