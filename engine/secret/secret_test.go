package secret

import (
	"strings"
	"testing"

	"berth/engine/fail"
)

// What cannot be kept is told with what to do about it, and without the value.
func TestValuesThatCannotBeKept(t *testing.T) {
	for _, c := range []struct{ value, why string }{
		{"", "is empty"},
		{"marker\x00\x01", "is binary"},
		{"marker\xff\xfe", "is binary"},
		{"marker" + strings.Repeat("x", 5000-len("marker")), "has 5000 bytes; a parameter can hold 4096"},
		{"postgres://user:marker#1@db/shop", "must be encoded"},
		{"postgres://user:marker/1@db/shop", "must be encoded"},
		{"mysql://user:marker?1@db/shop", "must be encoded"},
		{"redis://:marker%1@cache:6379", "must be encoded"},
	} {
		_, err := Give("KEY", c.value, false)
		f := fail.From(err)
		if f == nil || f.Class != fail.Usage || !strings.Contains(f.Cause, "KEY "+c.why) && !strings.Contains(f.Cause, c.why) || f.Remedy == "" {
			t.Errorf("%q: %v", c.why, err)
			continue
		}
		if strings.Contains(f.Cause+f.Evidence+f.Remedy+err.Error(), "marker") {
			t.Errorf("%q: the value is told: %v", c.why, err)
		}
	}
}

// What looks odd and is fine is kept as it is.
func TestValuesThatAreKept(t *testing.T) {
	for _, value := range []string{
		"-----BEGIN KEY-----\nabc\ndef\n-----END KEY-----\n", "line\nline", "ümlaut", "x", strings.Repeat("x", MaxSize),
		"postgres://user:a%23b@db.example.com:5432/shop?sslmode=require", "postgres://user:p@ss@db/shop", "redis://cache:6379",
		"mongodb://a:b@one:27017,two:27017/db", "https://example.com/a@b", "Server=tcp://db;User=a@b", `{"url": "postgres://a#b@c"}`,
		"see https://example.com and mail a@b",
	} {
		g, err := Give("KEY", value, false)
		if err != nil || g.Reveal() != value {
			t.Errorf("%q: %v", value, err)
		}
	}
}
