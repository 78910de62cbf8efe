package prices

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"berth/compare/catalog"
	"berth/compare/price"
)

func TestHTTP(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/good":
			_, _ = io.WriteString(w, "hello")
		case "/cut":
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "hello")
		case "/broken":
			w.WriteHeader(http.StatusBadGateway)
		default:
			http.NotFound(w, r)
		}
	}))
	defer srv.Close()
	h := HTTP{Client: srv.Client(), Base: srv.URL}
	get := func(path string) (string, error) {
		body, err := h.Get(t.Context(), path)
		if err != nil {
			return "", err
		}
		defer func() { _ = body.Close() }()
		b, err := io.ReadAll(body)
		return string(b), err
	}
	if s, err := get("/good"); s != "hello" || err != nil {
		t.Error(s, err)
	}
	if _, err := get("/cut"); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a cut download: %v", err)
	}
	if _, err := get("/gone"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("not there: %v", err)
	}
	if _, err := get("/broken"); err == nil || !strings.Contains(err.Error(), "502") {
		t.Errorf("server error: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Refresh(ctx, h, price.Default(), []string{"eu-west-2"}, "2026-11-22", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestStreaming holds that memory does not grow with the file: a row costs the same few allocations, however
// many there are, and none of them is kept.
func TestStreaming(t *testing.T) {
	head := strings.Join(columns, ",") + "\n"
	row := "S,OnDemand,0,Hrs,1.0,USD," + strings.Repeat("x,", len(columns)-7) + "x\n"
	perRow := func(n int) float64 {
		return testing.AllocsPerRun(1, func() {
			got := 0
			in := io.MultiReader(strings.NewReader(head), &repeated{row: row, n: n})
			if _, err := ReadCSV(in, func(Rate) error { got++; return nil }); err != nil || got != n {
				t.Errorf("%d of %d rows, %v", got, n, err)
			}
		}) / float64(n)
	}
	few, many := perRow(1000), perRow(20000)
	t.Logf("%.2f allocations a row", many)
	if many > few+0.5 {
		t.Errorf("%.2f allocations a row in a short file, %.2f in a long one", few, many)
	}
}

// repeated is a reader of n equal rows.
type repeated struct {
	row  string
	n    int
	rest string
}

func (r *repeated) Read(p []byte) (int, error) {
	if r.rest == "" {
		if r.n == 0 {
			return 0, io.EOF
		}
		r.n--
		r.rest = r.row
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func FuzzReadCSV(f *testing.F) {
	for _, name := range []string{"offer-AmazonECS-eu-west-1.csv", "offer-AWSAppRunner-rows.csv", "offer-AWSLambda-freetier-2021.csv"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, offer := range offers() {
			found := map[string]rates{}
			if _, err := ReadCSV(bytes.NewReader(data), collect(offer, "eu-west-1", found)); err != nil {
				continue
			}
			for k, v := range found {
				for _, usd := range v {
					if !(usd >= 0) {
						t.Fatalf("%s costs %v", k, usd)
					}
				}
			}
			// Whatever was read, what comes of it is refused or can be kept.
			out, err := compareRates(price.Default(), offer, "eu-west-1", "2026-11-20", "fuzz", found)
			if err == nil {
				if _, err := price.Default().With("2026-11-22", out.Rows); err != nil {
					t.Fatalf("%s: %v", offer, err)
				}
			}
		}
	})
}

// Every region of the table is one that AWS has, and none is missing: the SDK carries AWS's own list.
func TestRegionsAreAWSs(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/aws/aws-sdk-go-v2").Output()
	if err != nil {
		t.Skipf("go list: %v", err)
	}
	data, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(out)), "internal", "endpoints", "awsrulesfn", "partitions.json"))
	if err != nil {
		t.Skip(err)
	}
	var file struct {
		Partitions []struct {
			ID      string                     `json:"id"`
			Regions map[string]json.RawMessage `json:"regions"`
		} `json:"partitions"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	theirs := map[string]bool{}
	for _, p := range file.Partitions {
		if p.ID == "aws" {
			for code := range p.Regions {
				theirs[code] = code != "aws-global"
			}
		}
	}
	delete(theirs, "aws-global")
	if len(theirs) < 30 {
		t.Fatalf("the SDK's list has %d regions", len(theirs))
	}
	for _, r := range catalog.Regions().Regions {
		if !theirs[r.Code] {
			t.Errorf("AWS has no region %s", r.Code)
		}
		delete(theirs, r.Code)
	}
	for code := range theirs {
		t.Errorf("the table lacks AWS's region %s", code)
	}
}
