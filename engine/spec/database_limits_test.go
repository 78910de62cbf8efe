package spec

import "testing"

func TestManyConnections(t *testing.T) {
	for _, tt := range []struct {
		engine, class string
		want          int
	}{
		{"postgres", "db.t4g.micro", 67},
		{"mysql", "db.t4g.micro", 51},
		{"postgres", "db.m7g.large", 540},
		{"postgres", "db.r7g.large", 1081},
		{"postgres", "db.m7g.2xlarge", 2162},
		{"postgres", "db.r7g.16xlarge", 4000},
		{"postgres", "db.x2g.large", 0},
		{"postgres", "huge", 0},
		{"postgres", "db.t4g.nano", 0},
	} {
		if got := (&Database{Engine: tt.engine, Class: tt.class}).ManyConnections(); got != tt.want {
			t.Errorf("%s on %s: %d, want %d", tt.engine, tt.class, got, tt.want)
		}
	}
}
