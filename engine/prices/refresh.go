package prices

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"berth/compare/price"
)

// Source gives the files of AWS's bulk price list by their path on its host. A file that does not exist is
// fs.ErrNotExist.
type Source interface {
	Get(ctx context.Context, path string) (io.ReadCloser, error)
}

// Refused says why a download was not taken over. Nothing of it was.
type Refused struct {
	Offer  string
	Region string
	Why    string
	Err    error
}

// Error says what was refused.
func (e *Refused) Error() string {
	return fmt.Sprintf("the price list %s for %s is refused: %s", e.Offer, e.Region, e.Why)
}

// Unwrap is why.
func (e *Refused) Unwrap() error { return e.Err }

// Outcome is what a refresh found.
type Outcome struct {
	Rows    []price.Row // every price that was read, in the order of the SKUs and regions
	Changed []Change    // prices that differ from the table
	Missing []string    // "SKU in region": not in the list, or not told apart; the table's price stays
	Absent  []string    // "offer in region": AWS does not offer it there
}

// Change is a price that moved.
type Change struct {
	SKU, Region string
	Old, New    float64 // USD
}

// Progress is told after every file.
type Progress struct {
	Offer, Region string
	Prices        int
	Done, All     int
}

// maxMove is how far a price may move, as a share of the old one, before the download is taken for wrong.
const maxMove = 0.5

// parallel is how many files are read at the same time.
const parallel = 4

// Refresh reads the price list for regions and compares it with the old table. It changes nothing: the rows
// of the outcome are for Save. One refused download refuses all of it.
func Refresh(ctx context.Context, src Source, old *price.Table, regions []string, today string, tell func(Progress)) (*Outcome, error) {
	out := &Outcome{}
	var mu sync.Mutex
	all, done := len(offers())*len(regions), 0
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parallel)
	for _, offer := range offers() {
		paths := sync.OnceValues(func() (map[string]string, error) { return regionPaths(ctx, src, offer) })
		for _, region := range regions {
			g.Go(func() error {
				part, err := refreshOne(ctx, src, old, offer, region, today, paths)
				if err != nil {
					return err
				}
				mu.Lock()
				defer mu.Unlock()
				done++
				out.Rows = append(out.Rows, part.Rows...)
				out.Changed = append(out.Changed, part.Changed...)
				out.Missing = append(out.Missing, part.Missing...)
				out.Absent = append(out.Absent, part.Absent...)
				if tell != nil {
					tell(Progress{offer, region, len(part.Rows), done, all})
				}
				return nil
			})
		}
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	slices.SortFunc(out.Rows, func(a, b price.Row) int { return strings.Compare(a.SKU+" "+a.Region, b.SKU+" "+b.Region) })
	slices.SortFunc(out.Changed, func(a, b Change) int { return strings.Compare(a.SKU+" "+a.Region, b.SKU+" "+b.Region) })
	slices.Sort(out.Missing)
	slices.Sort(out.Absent)
	return out, nil
}

// regionPaths reads which regions an offer has, and where the file of each is.
func regionPaths(ctx context.Context, src Source, offer string) (map[string]string, error) {
	path := "/offers/v1.0/aws/" + offer + "/current/region_index.json"
	body, err := src.Get(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("read price list index of %s: %w", offer, err)
	}
	defer func() { _ = body.Close() }()
	var index struct {
		Regions map[string]struct {
			URL string `json:"currentVersionUrl"`
		} `json:"regions"`
	}
	if err := json.NewDecoder(io.LimitReader(body, 16<<20)).Decode(&index); err != nil {
		return nil, &Refused{Offer: offer, Region: "every region", Why: "its index is broken", Err: err}
	}
	if len(index.Regions) == 0 {
		return nil, &Refused{Offer: offer, Region: "every region", Why: "its index names no region"}
	}
	out := map[string]string{}
	for code, r := range index.Regions {
		out[code] = r.URL
	}
	return out, nil
}

// refreshOne reads one offer for one region.
func refreshOne(ctx context.Context, src Source, old *price.Table, offer, region, today string, paths func() (map[string]string, error)) (*Outcome, error) {
	index, err := paths()
	if _, folder := src.(Folder); folder && errors.Is(err, fs.ErrNotExist) {
		return &Outcome{Absent: []string{offer + " in " + region}}, nil
	}
	if err != nil {
		return nil, err
	}
	path, ok := index[region]
	if !ok {
		return &Outcome{Absent: []string{offer + " in " + region}}, nil
	}
	if !strings.HasPrefix(path, "/") || !strings.HasSuffix(path, "/index.json") {
		return nil, &Refused{Offer: offer, Region: region, Why: fmt.Sprintf("its index points to %q", path)}
	}
	path = strings.TrimSuffix(path, ".json") + ".csv" // the same rows, a fraction of the size
	body, err := src.Get(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("read price list %s for %s: %w", offer, region, err)
	}
	defer func() { _ = body.Close() }()
	found := map[string]rates{}
	h, err := ReadCSV(body, collect(offer, region, found))
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, &Refused{Offer: offer, Region: region, Why: err.Error(), Err: err}
	}
	if h.Offer != "" && h.Offer != offer {
		return nil, &Refused{Offer: offer, Region: region, Why: "the file is that of " + h.Offer}
	}
	asOf := today
	if h.Published != "" && h.Published < today {
		asOf = h.Published
	}
	return compareRates(old, offer, region, asOf, "AWS price list, https://"+Host+path, found)
}

// rates is the prices that a file has for one wanted SKU. More than one means that the rule does not tell them
// apart; then none is taken.
type rates []float64

// collect gathers the rates that are wanted. The large list of EC2 is left as soon as all of it was found.
func collect(offer, region string, found map[string]rates) func(Rate) error {
	all := 0
	for _, w := range list() {
		if w.offer == offer {
			all++
		}
	}
	return func(r Rate) error {
		for _, w := range of(offer, region, r) {
			if !sensible(w, r) {
				return fmt.Errorf("%s has the unit %q", w.key, r.Unit)
			}
			if !slices.Contains(found[w.key], r.USD) {
				found[w.key] = append(found[w.key], r.USD)
			}
		}
		if offer == "AmazonEC2" && len(found) == all {
			return errStop
		}
		return nil
	}
}

// compareRates holds what was found against the table and refuses what cannot be right.
func compareRates(old *price.Table, offer, region, asOf, source string, found map[string]rates) (*Outcome, error) {
	out := &Outcome{}
	for _, w := range list() {
		if w.offer != offer {
			continue
		}
		was, known := old.Exact(w.key, region)
		prices := found[w.key]
		if len(prices) != 1 {
			if known && w.must && len(prices) == 0 {
				return nil, &Refused{Offer: offer, Region: region, Why: w.key + " is missing: the download is partial"}
			}
			out.Missing = append(out.Missing, w.key+" in "+region)
			continue
		}
		usd := prices[0]
		sure := known && (was.Confidence == "high" || was.Confidence == "medium")
		if sure && was.USD > 0 && math.Abs(usd-was.USD) > maxMove*was.USD {
			return nil, &Refused{
				Offer: offer, Region: region,
				Why: fmt.Sprintf("%s would move from %v to %v USD, more than half of what it was", w.key, was.USD, usd),
			}
		}
		if usd == 0 && (!sure || was.USD > 0) {
			return nil, &Refused{Offer: offer, Region: region, Why: w.key + " would be free"}
		}
		unit, ok := unitOf(old, w.key)
		if !ok {
			return nil, errors.New("refresh " + w.key + ": the table does not know it")
		}
		if known && was.USD != usd {
			out.Changed = append(out.Changed, Change{w.key, region, was.USD, usd})
		}
		out.Rows = append(out.Rows, price.Row{SKU: w.key, Unit: unit, Region: region, USD: usd, Source: source, AsOf: asOf, Confidence: "high"})
	}
	return out, nil
}

func unitOf(t *price.Table, key string) (string, bool) {
	for _, k := range t.Keys() {
		if k.SKU == key {
			return k.Unit, true
		}
	}
	return "", false
}
