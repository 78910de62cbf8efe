package sim

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// parseSchedule reads a schedule expression: rate(5 minutes), cron(0 3 * * ? *) or at(2026-12-24T18:00:00). It gives a
// function that tells the next time after another one, zero for never. Rates count from a beginning.
func parseSchedule(expression, zone string, begin time.Time) (next func(after time.Time) time.Time, err error) {
	bad := fmt.Errorf("Invalid Schedule Expression %s.", expression) //nolint:staticcheck // AWS's own words
	where, err := time.LoadLocation(zone)
	if err != nil {
		return nil, fmt.Errorf("Invalid Schedule Expression Timezone %s.", zone) //nolint:staticcheck // AWS's own words
	}
	kind, rest, _ := strings.Cut(expression, "(")
	body, ok := strings.CutSuffix(rest, ")")
	if !ok {
		return nil, bad
	}
	switch kind {
	case "rate":
		every, ok := rate(body)
		if !ok {
			return nil, bad
		}
		return func(after time.Time) time.Time {
			return begin.Add((after.Sub(begin)/every + 1) * every)
		}, nil
	case "at":
		at, err := time.ParseInLocation("2006-01-02T15:04:05", body, where)
		if err != nil {
			return nil, bad
		}
		return func(after time.Time) time.Time {
			if at.After(after) {
				return at
			}
			return time.Time{}
		}, nil
	case "cron":
		c, ok := parseCron(body)
		if !ok {
			return nil, bad
		}
		return func(after time.Time) time.Time { return c.next(after.In(where)).UTC() }, nil
	}
	return nil, bad
}

func rate(body string) (every time.Duration, ok bool) {
	number, unit, _ := strings.Cut(body, " ")
	n, err := strconv.Atoi(number)
	units := map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}
	every, ok = units[strings.TrimSuffix(unit, "s")]
	return time.Duration(n) * every, ok && err == nil && n > 0 && (n == 1) == !strings.HasSuffix(unit, "s")
}

// cron is the fields of an expression, each as the set of what it lets through.
type cron struct {
	minute, hour, day, month, weekday, year map[int]bool
	anyDay, anyWeekday                      bool // ? or *
	last                                    bool // L: the last day of the month
}

func parseCron(body string) (c cron, ok bool) {
	f := strings.Fields(body)
	if len(f) != 6 || (f[2] == "?") == (f[4] == "?") { // one of the two days is ?
		return c, false
	}
	months := names("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
	days := names("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
	all := true
	read := func(text string, least, most int, words map[string]int) map[int]bool {
		set, ok := cronField(text, least, most, words)
		all = all && ok
		return set
	}
	c.anyDay, c.anyWeekday, c.last = f[2] == "?" || f[2] == "*", f[4] == "?" || f[4] == "*", f[2] == "L"
	if c.last {
		f[2] = "*"
	}
	c.minute, c.hour = read(f[0], 0, 59, nil), read(f[1], 0, 23, nil)
	c.day, c.month = read(f[2], 1, 31, nil), read(f[3], 1, 12, months)
	c.weekday, c.year = read(f[4], 1, 7, days), read(f[5], 1970, 2199, nil)
	return c, all
}

func names(words ...string) map[string]int {
	out := map[string]int{}
	for i, w := range words {
		out[w] = i + 1
	}
	return out
}

// cronField reads one field: lists of numbers, names, ranges and steps.
func cronField(text string, least, most int, words map[string]int) (map[int]bool, bool) {
	set := map[int]bool{}
	for _, part := range strings.Split(text, ",") {
		span, step, stepped := strings.Cut(part, "/")
		from, to := least, most
		if span != "*" && span != "?" {
			first, last, ranged := strings.Cut(span, "-")
			a, ok := cronNumber(first, words)
			b := a
			if ranged {
				b, ok = cronNumber(last, words)
			} else if stepped {
				b = most
			}
			if from, to = a, b; !ok || a < least || b > most || a > b {
				return nil, false
			}
		}
		by := 1
		if stepped {
			n, err := strconv.Atoi(step)
			if by = n; err != nil || n < 1 {
				return nil, false
			}
		}
		for n := from; n <= to; n += by {
			set[n] = true
		}
	}
	return set, true
}

func cronNumber(text string, words map[string]int) (int, bool) {
	if n, ok := words[strings.ToUpper(text)]; ok {
		return n, true
	}
	n, err := strconv.Atoi(text)
	return n, err == nil
}

// next is the first minute after a time that the expression lets through, in that time's zone; zero for none within
// eight years.
func (c cron) next(after time.Time) time.Time {
	at := after.Truncate(time.Minute).Add(time.Minute)
	for end := after.AddDate(8, 0, 0); at.Before(end); {
		switch {
		case !c.year[at.Year()] || !c.month[int(at.Month())] || !c.onDay(at):
			at = time.Date(at.Year(), at.Month(), at.Day()+1, 0, 0, 0, 0, at.Location())
		case !c.hour[at.Hour()]:
			at = at.Add(time.Duration(60-at.Minute()) * time.Minute)
		case !c.minute[at.Minute()]:
			at = at.Add(time.Minute)
		default:
			return at
		}
	}
	return time.Time{}
}

func (c cron) onDay(at time.Time) bool {
	if c.last {
		return at.AddDate(0, 0, 1).Day() == 1
	}
	return (c.anyDay || c.day[at.Day()]) && (c.anyWeekday || c.weekday[int(at.Weekday())+1])
}
