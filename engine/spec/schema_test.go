package spec

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The schema has every key, by its path, and is JSON.
func TestSchemaHasEveryKey(t *testing.T) {
	text, err := json.Marshal(Schema())
	must(t, err)
	var schema map[string]any
	must(t, json.Unmarshal(text, &schema))
	for _, k := range Keys() {
		at := schema
		for part := range strings.SplitSeq(k.Name, ".") {
			props, _ := at["properties"].(map[string]any)
			next, ok := props[part].(map[string]any)
			if !ok && part == "NAME" {
				next, ok = schema["$defs"].(map[string]any)["process"].(map[string]any)
			}
			if !ok {
				t.Fatalf("the schema has no %s", k.Name)
			}
			at = next
		}
		if at["description"] != k.Doc {
			t.Errorf("%s is described as %q, not %q", k.Name, at["description"], k.Doc)
		}
	}
}

// A commented file says what the spec says and no more, and explains every key.
func TestCommented(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSpec(t)
		all := func(string) bool { return true }
		text := s.Commented(all)
		got, err := Parse(text, "")
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		if !sameValues(s, got) {
			t.Fatalf("it says something else:\n%s", text)
		}
		for _, k := range s.Keys() {
			if k.Name != "storage" && k.Name != "id" && !strings.Contains(string(text), "# "+k.Doc+"\n") {
				t.Fatalf("%s is not explained in\n%s", k.Name, text)
			}
		}
	})
}

// With every # taken away from a line that is not in force, the file is still one.
func TestCommentedLinesAreGood(t *testing.T) {
	s := good(t)
	all := func(string) bool { return true }
	var lines []string
	for line := range strings.Lines(string(s.Commented(all))) {
		if code, ok := strings.CutPrefix(line, "# "); ok && (strings.Contains(code, " = ") && !strings.Contains(code, ": ") || strings.HasPrefix(code, "[")) {
			line = code
		}
		lines = append(lines, line)
	}
	text := strings.Join(lines, "")
	got, err := Parse([]byte(text), "staging")
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	if v, _ := got.Get("processes.worker.schedule"); v != "cron(0 3 * * ? *)" || got.Database == nil || len(got.Storage) != 1 {
		t.Errorf("not everything is in force in\n%s", text)
	}
}
