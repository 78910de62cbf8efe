package sim

import (
	"fmt"
	"strconv"
	"strings"
)

// metricMath evaluates an expression of metric math for one time: numbers, ids of metrics, + - * /, comparisons, IF and
// FILL with a number. A metric without a value then leaves the whole without one, unless FILL gives it one.
type metricMath struct {
	rest   string
	values map[string]float64
}

// datum is a value that may be missing.
type datum struct {
	v  float64
	ok bool
}

// evalMath gives the value of an expression, or says that it is none.
func evalMath(expression string, values map[string]float64) (datum, error) {
	m := &metricMath{rest: expression, values: values}
	n, err := m.comparison()
	if err == nil && strings.TrimSpace(m.rest) != "" {
		err = m.bad()
	}
	return n, err
}

func (m *metricMath) bad() error {
	return apiErr("ValidationError", "Error in expression: Syntax error near %q", m.rest)
}

// take takes a token off the front, if it is there.
func (m *metricMath) take(token string) bool {
	m.rest = strings.TrimLeft(m.rest, " ")
	after, ok := strings.CutPrefix(m.rest, token)
	if ok {
		m.rest = after
	}
	return ok
}

// joined reads operands with one of the operators between them, from left to right.
func (m *metricMath) joined(operand func() (datum, error), operators ...string) (datum, error) {
	left, err := operand()
	for err == nil {
		op := ""
		for _, o := range operators {
			if m.take(o) {
				op = o
				break
			}
		}
		if op == "" {
			break
		}
		var right datum
		if right, err = operand(); err == nil {
			left = combine(op, left, right)
		}
	}
	return left, err
}

func combine(op string, a, b datum) datum {
	truth := map[bool]float64{true: 1}
	ok := a.ok && b.ok
	switch op {
	case "+":
		return datum{a.v + b.v, ok}
	case "-":
		return datum{a.v - b.v, ok}
	case "*":
		return datum{a.v * b.v, ok}
	case "/":
		return datum{a.v / b.v, ok && b.v != 0}
	case ">=":
		return datum{truth[a.v >= b.v], ok}
	case "<=":
		return datum{truth[a.v <= b.v], ok}
	case ">":
		return datum{truth[a.v > b.v], ok}
	default:
		return datum{truth[a.v < b.v], ok}
	}
}

func (m *metricMath) comparison() (datum, error) { return m.joined(m.sum, ">=", "<=", ">", "<") }
func (m *metricMath) sum() (datum, error)        { return m.joined(m.product, "+", "-") }
func (m *metricMath) product() (datum, error)    { return m.joined(m.value, "*", "/") }

// value is a number, a metric, a call or something in parentheses.
func (m *metricMath) value() (datum, error) {
	if m.take("(") {
		n, err := m.comparison()
		if err == nil && !m.take(")") {
			err = m.bad()
		}
		return n, err
	}
	m.take("")
	end := strings.IndexFunc(m.rest, func(c rune) bool {
		return c != '_' && c != '.' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z')
	})
	if end < 0 {
		end = len(m.rest)
	}
	word := m.rest[:end]
	m.rest = m.rest[end:]
	if v, err := strconv.ParseFloat(word, 64); err == nil {
		return datum{v, true}, nil
	}
	switch {
	case word == "":
		return datum{}, m.bad()
	case m.take("("):
		return m.call(word)
	}
	v, ok := m.values[word]
	return datum{v, ok}, nil
}

// call is a function with its arguments.
func (m *metricMath) call(name string) (datum, error) {
	var args []datum
	for {
		n, err := m.comparison()
		if err != nil {
			return n, err
		}
		if args = append(args, n); m.take(")") {
			break
		}
		if !m.take(",") {
			return n, m.bad()
		}
	}
	switch {
	case name == "FILL" && len(args) == 2:
		if args[0].ok {
			return args[0], nil
		}
		return args[1], nil
	case name == "IF" && len(args) == 3:
		switch {
		case !args[0].ok:
			return datum{}, nil
		case args[0].v != 0:
			return args[1], nil
		}
		return args[2], nil
	}
	return datum{}, apiErr("ValidationError", "%s", fmt.Sprintf("sim: the simulated account does not know %s with %d arguments", name, len(args)))
}
