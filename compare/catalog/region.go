package catalog

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/pelletier/go-toml/v2"

	"berth/assets"
)

// Region is one AWS region.
type Region struct {
	Code  string  `json:"code" toml:"code"`
	Name  string  `json:"name" toml:"name"` // such as "Europe (London)"
	City  string  `json:"city" toml:"city"`
	OptIn bool    `json:"opt_in" toml:"opt_in"` // must be enabled in the account first
	Zones int     `json:"-" toml:"zones"`       // availability zones
	Lat   float64 `json:"-" toml:"lat"`
	Lon   float64 `json:"-" toml:"lon"`
}

// FlyRegion is one Fly.io region and the AWS region that stands in for it.
type FlyRegion struct {
	Code      string `toml:"code"`
	City      string `toml:"city"`
	Country   string `toml:"country"` // ISO 3166, two letters
	AWS       string `toml:"aws"`
	Lightsail string `toml:"lightsail"`  // nearest region with Lightsail
	AppRunner string `toml:"app_runner"` // nearest region with App Runner
	KM        int    `toml:"km"`         // between the Fly.io city and the AWS city
	Retired   string `toml:"retired"`    // YYYY-MM-DD, empty when it is in use
	Note      string `toml:"note"`
}

// Atlas is the table of regions. It is read-only and safe for concurrent use.
type Atlas struct {
	AWS     From        `toml:"aws"`
	OptIn   From        `toml:"opt_in"`
	Zones   From        `toml:"zones"`
	Fly     From        `toml:"fly"`
	Regions []Region    `toml:"region"`
	FlyMap  []FlyRegion `toml:"fly_region"`
}

var embeddedAtlas = sync.OnceValues(func() (*Atlas, error) { return DecodeAtlas(assets.Regions) })

// Regions returns the table of regions that is part of the binary.
func Regions() *Atlas {
	a, err := embeddedAtlas()
	if err != nil {
		panic("catalog: the regions in this binary are broken: " + err.Error())
	}
	return a
}

// DecodeAtlas reads a table of regions.
func DecodeAtlas(text string) (*Atlas, error) {
	var a Atlas
	if err := toml.Unmarshal([]byte(text), &a); err != nil {
		return nil, fmt.Errorf("decode regions: %w", err)
	}
	for i := range a.Regions {
		if a.Regions[i].Zones == 0 {
			a.Regions[i].Zones = 3
		}
	}
	return &a, nil
}

// Region returns the AWS region with this code.
func (a *Atlas) Region(code string) (Region, bool) {
	for _, r := range a.Regions {
		if r.Code == code {
			return r, true
		}
	}
	return Region{}, false
}

// FlyRegion returns the Fly.io region with this code, in use or retired.
func (a *Atlas) FlyRegion(code string) (FlyRegion, bool) {
	for _, f := range a.FlyMap {
		if f.Code == code {
			return f, true
		}
	}
	return FlyRegion{}, false
}

// Resolve turns what a user wrote, an AWS region or a Fly.io one, into an AWS region. The Fly.io region is
// returned too when it was one. What is neither is an error that names the nearest spelling.
func (a *Atlas) Resolve(code string) (Region, *FlyRegion, error) {
	code = strings.ToLower(strings.TrimSpace(code))
	if r, ok := a.Region(code); ok {
		return r, nil, nil
	}
	if f, ok := a.FlyRegion(code); ok {
		r, _ := a.Region(f.AWS)
		return r, &f, nil
	}
	if code == "" {
		return Region{}, nil, fmt.Errorf("no region is given")
	}
	if near := a.spelling(code); near != "" {
		return Region{}, nil, fmt.Errorf("%q is no region of AWS or Fly.io; did you mean %s?", code, near)
	}
	return Region{}, nil, fmt.Errorf("%q is no region of AWS or Fly.io", code)
}

// spelling returns the code that is at most two letters away, empty when there is none.
func (a *Atlas) spelling(code string) string {
	best, at := "", 3
	for _, r := range a.Regions {
		if d := distance(code, r.Code); d < at {
			best, at = r.Code, d
		}
	}
	return best
}

// distance is the Levenshtein distance of two short words.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		prev := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := prev
			if a[i] != b[j] {
				cost++
			}
			prev = row[j+1]
			row[j+1] = min(cost, prev+1, row[j]+1)
		}
	}
	return row[len(b)]
}

// Nearest returns the region nearest to code among those that the service has, and how far it is. Where the
// Fly.io map says which region is best by network and not by the map, it wins. It returns code itself when
// the service has it.
func (a *Atlas) Nearest(code string, s *Service) (Region, int, bool) {
	from, ok := a.Region(code)
	if !ok {
		return Region{}, 0, false
	}
	if slices.Contains(s.Regions.Codes, code) {
		return from, 0, true
	}
	if chosen := a.curated(code, s.ID); slices.Contains(s.Regions.Codes, chosen) {
		r, _ := a.Region(chosen)
		return r, kilometres(from, r), true
	}
	best, at := Region{}, math.MaxInt
	for _, c := range s.Regions.Codes {
		r, ok := a.Region(c)
		if !ok {
			continue
		}
		// A region that is not enabled in the account is no help as the next best.
		if d := kilometres(from, r); d < at && !r.OptIn {
			best, at = r, d
		}
	}
	return best, at, at < math.MaxInt
}

// curated looks code up in the Fly.io map, in the row whose city is nearest to it.
func (a *Atlas) curated(code, service string) string {
	best, at := "", math.MaxInt
	for _, f := range a.FlyMap {
		if f.AWS != code || f.KM >= at {
			continue
		}
		switch service {
		case "lightsail":
			best, at = f.Lightsail, f.KM
		case "app-runner":
			best, at = f.AppRunner, f.KM
		}
	}
	return best
}

// NearestFly returns the Fly.io region in use that is nearest to an AWS region, and how far it is.
func (a *Atlas) NearestFly(code string) (FlyRegion, int, bool) {
	from, ok := a.Region(code)
	if !ok {
		return FlyRegion{}, 0, false
	}
	best, at := FlyRegion{}, math.MaxInt
	for _, f := range a.FlyMap {
		r, ok := a.Region(f.AWS)
		if f.Retired != "" || !ok {
			continue
		}
		if d := kilometres(from, r) + f.KM; d < at {
			best, at = f, d
		}
	}
	return best, at, at < math.MaxInt
}

// kilometres is the great-circle distance of two regions' cities.
func kilometres(a, b Region) int {
	const earth, degree = 6371.0, math.Pi / 180
	h := hav((b.Lat-a.Lat)*degree) + math.Cos(a.Lat*degree)*math.Cos(b.Lat*degree)*hav((b.Lon-a.Lon)*degree)
	return int(2*earth*math.Asin(math.Sqrt(h)) + 0.5)
}

func hav(x float64) float64 { return math.Sin(x/2) * math.Sin(x/2) }
