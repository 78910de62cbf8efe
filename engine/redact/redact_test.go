package redact

import (
	"strings"
	"testing"
)

func TestText(t *testing.T) {
	var r Redactor
	r.Environment([]string{"PAY_API_KEY=k1234567890", "LANG=en_US.UTF-8", "SHORT_TOKEN=abc"})
	r.Replace("/home/ada", "~")
	r.Hide("hunter2hunter2")
	for _, x := range []struct{ text, want string }{
		{"key k1234567890 in /home/ada/shop", "key [redacted] in ~/shop"},
		{"LANG is en_US.UTF-8, abc", "LANG is en_US.UTF-8, abc"},
		{"postgres://shop:s3cret@db/shop", "postgres://shop:[redacted]@db/shop"},
		{"Authorization: Bearer abcdefghijkl", "Authorization: Bearer [redacted]"},
		{"AKIAIOSFODNN7EXAMPLE and hunter2hunter2", "[redacted] and [redacted]"},
		{`{"db_password": "correcthorse", "port": 80}`, `{"db_password": "[redacted]", "port": 80}`},
		{"-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nafter", "[redacted]\nafter"},
		{"arn:aws:ecs:eu-west-2:123456789012:service/shop", "arn:aws:ecs:eu-west-2:123456789012:service/shop"},
		{"https://x.s3.amazonaws.com/a?X-Amz-Signature=0123abcd&y=1", "https://x.s3.amazonaws.com/a?X-Amz-Signature=[redacted]&y=1"},
	} {
		if got := r.Text(x.text); got != x.want {
			t.Errorf("%q: %q, want %q", x.text, got, x.want)
		}
	}
}

// FuzzText hides a value in any text: it is not there any more.
func FuzzText(f *testing.F) {
	f.Add("a secret-value b", "secret-value")
	f.Add("TOKEN=xyzxyzxyz", "xyzxyzxyz")
	f.Fuzz(func(t *testing.T, text, value string) {
		if len(strings.TrimSpace(value)) < shortest || strings.Contains(Mark, value) {
			t.Skip()
		}
		var r Redactor
		r.Hide(value)
		if got := r.Text(text); strings.Contains(strings.ReplaceAll(got, Mark, "\x00"), value) {
			t.Fatalf("%q is still in %q", value, got)
		}
	})
}
