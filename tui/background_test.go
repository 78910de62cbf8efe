package tui

import (
	"io"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// typed sends pieces to an asker, each in a write of its own, and returns what it passes on and what it was
// answered.
func typed(t rapid.TB, size int, pieces ...string) (keys string, answers []bool) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	a := &asker{File: r, waits: true, answered: func(light bool) { answers = append(answers, light) }}
	buf := make([]byte, size)
	for _, p := range pieces {
		if _, err := io.WriteString(w, p); err != nil {
			t.Fatal(err)
		}
		for left := len(p); left > 0; {
			left -= min(left, size-len(a.held))
			n, err := a.Read(buf)
			if err != nil {
				t.Fatal(err)
			}
			keys += string(buf[:n])
		}
	}
	_ = w.Close()
	n, _ := a.Read(buf)
	return keys + string(buf[:n]), answers
}

const white, black = "\x1b]11;rgb:ffff/ffff/ffff\x1b\\", "\x1b]11;rgb:1c1c/1e1e/2a2a\a"

func TestTheAnswerIsTakenOutOfTheKeys(t *testing.T) {
	for _, c := range []struct {
		name, in, keys string
		answers        []bool
	}{
		{"light", white, "", []bool{true}},
		{"dark, ended by a bell", black, "", []bool{false}},
		{"two digits", "\x1b]11;rgb:fa/fa/fa\a", "", []bool{true}},
		{"with transparency", "\x1b]11;rgba:0000/0000/0000/ffff\a", "", []bool{false}},
		{"among keys", "ab" + white + "\x1b[Acd", "ab\x1b[Acd", []bool{true}},
		{"no colour", "a\x1b]11;?\ab", "ab", nil},
		{"escape alone", "\x1b", "\x1b", nil},
		{"alt and a bracket", "\x1b]x", "\x1b]x", nil},
		{"another answer", "\x1b]10;rgb:0/0/0\a", "\x1b]10;rgb:0/0/0\a", nil},
		{"without an end", "\x1b]11;" + strings.Repeat("x", 2*longest), "\x1b]11;" + strings.Repeat("x", 2*longest), nil},
	} {
		keys, answers := typed(t, 256, c.in)
		if keys != c.keys || len(answers) != len(c.answers) || len(answers) == 1 && answers[0] != c.answers[0] {
			t.Errorf("%s: keys %q answers %v, want %q and %v", c.name, keys, answers, c.keys, c.answers)
		}
	}
}

// However the bytes are cut up and however small the reader's room is, no key is lost, doubled or out of order.
func TestNoKeyIsLostToTheAnswer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.SampledFrom([]string{"a", "ü", "\r", "\x1b[B", "\x1b", "\x1b]", "界", " "})
		before := strings.Join(rapid.SliceOfN(key, 0, 20).Draw(t, "before"), "")
		after := strings.Join(rapid.SliceOfN(key, 0, 20).Draw(t, "after"), "")
		all := before + white + after
		var pieces []string
		for all != "" {
			n := rapid.IntRange(1, len(all)).Draw(t, "n")
			if strings.HasSuffix(all[:n], "\x1b") && strings.HasPrefix(all[n:], "]11;") {
				n++ // a terminal writes at least this much at once
			}
			pieces, all = append(pieces, all[:n]), all[n:]
		}
		keys, answers := typed(t, rapid.IntRange(longest+1, 300).Draw(t, "room"), pieces...)
		if keys != before+after || len(answers) != 1 || !answers[0] {
			t.Fatalf("keys %q answers %v, want %q", keys, answers, before+after)
		}
	})
}

func TestTheVariableOfSomeTerminals(t *testing.T) {
	for v, want := range map[string]bool{
		"": false, "15;0": false, "0;15": true, "0;7": true, "0;default;15": true, "12;8": false, "15;default": false, "0;200": false,
	} {
		if got := bright(v); got != want {
			t.Errorf("COLORFGBG=%q: light %v", v, got)
		}
	}
}

// What breaks while an answer is looked at must not leave a terminal behind that nobody reads.
func TestAPanicInTheAnswerIsCaught(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	var broke any
	a := &asker{File: r, waits: true, answered: func(bool) { panic("boom") }, broke: func(r any) { broke = r }}
	if _, err := io.WriteString(w, white+"q"); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 256)
	if n, err := a.Read(buf); n != 0 || err != nil || broke != "boom" {
		t.Errorf("read %d, %v, told %v", n, err, broke)
	}
	if _, err := io.WriteString(w, "x"); err != nil {
		t.Fatal(err)
	}
	if n, err := a.Read(buf); string(buf[:n]) != "x" || err != nil {
		t.Errorf("then %q, %v", buf[:n], err)
	}
}

func TestInputThatEndsIsTold(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	ends := 0
	a := &asker{File: r, waits: true, ended: func() { ends++ }}
	if _, err := io.WriteString(w, "ab\x1b]11;rg"); err != nil {
		t.Fatal(err)
	}
	_ = w.Close()
	all, err := io.ReadAll(a)
	if string(all) != "ab\x1b]11;rg" || err != nil || ends != 1 {
		t.Errorf("read %q, %v, told %d times", all, err, ends)
	}
}
