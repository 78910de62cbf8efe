package sim

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// schema is the version of the state file's shape. A file with another one is refused. A service that is added, or
// adds to what it keeps, leaves it as it is.
const schema = 3

// state is everything that the account keeps. It is plain data: JSON round-trips it.
type state struct {
	Schema       int
	Account      string
	Now          time.Time      // the latest time the account has shown; it never goes back
	Made         map[string]int // how often something with a natural key was made, which its id depends on
	NoDefaultVPC bool
	BuildCache   []string // steps that the stand-in for Docker has played
	Kept         shelves  // what services keep for the whole account
	Regions      map[string]*region
}

// region is what belongs to one region.
type region struct {
	Name string
	Bare bool    `json:",omitempty"` // nobody asked for anything that stands in a VPC yet
	Kept shelves // what services keep there
	// Parameters are parameters that somebody wrote into the state file. They take the place of those of their names once
	// the file is read.
	Parameters []writtenParameter `json:",omitempty"`
}

// tagMap is the tags of one resource.
type tagMap map[string]string

// keys gives the tag keys in a stable order.
func (t tagMap) keys() []string { return slices.Sorted(maps.Keys(t)) }

// merge puts more over t and returns the result, which is never nil when there are tags.
func (t tagMap) merge(more tagMap) tagMap {
	if len(more) == 0 {
		return t
	}
	out := maps.Clone(t)
	if out == nil {
		out = tagMap{}
	}
	maps.Copy(out, more)
	return out
}

// without gives the tags but those with the keys.
func (t tagMap) without(keys []string) tagMap {
	kept := tagMap{}
	for k, v := range t {
		if !slices.Contains(keys, k) {
			kept[k] = v
		}
	}
	return kept
}

// tagsFrom reads the tags of any service's own tag type.
func tagsFrom[T any](in []T, kv func(T) (key, value *string)) tagMap {
	if len(in) == 0 {
		return nil
	}
	out := tagMap{}
	for _, t := range in {
		k, v := kv(t)
		out[str(k)] = str(v)
	}
	return out
}

// tagsTo makes tags of a service's own type, sorted by key.
func tagsTo[T any](t tagMap, make func(key, value *string) T) []T {
	var out []T
	for _, k := range t.keys() {
		out = append(out, make(new(k), new(t[k])))
	}
	return out
}

// str is the string behind p, empty for nil.
func str(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

// val is the value behind p, or def for nil.
func val[T any](p *T, def T) T {
	if p == nil {
		return def
	}
	return *p
}

// find gives the first item that fits, or nil.
func find[T any](items []*T, fits func(*T) bool) *T {
	for _, it := range items {
		if fits(it) {
			return it
		}
	}
	return nil
}

// remove takes one item out of the list.
func remove[T any](items []*T, gone *T) []*T {
	return slices.DeleteFunc(slices.Clone(items), func(it *T) bool { return it == gone })
}

// fresh is a hexadecimal id of 64 digits for something new with that natural key. What is made again gets
// another id, but the same things made in another order get the same ids: so two accounts in which the same
// was made are alike.
func (st *state) fresh(parts ...string) string {
	key := stableID(parts...)[:16]
	if st.Made == nil {
		st.Made = map[string]int{}
	}
	st.Made[key]++
	return stableID(append(parts, st.Account, strconv.Itoa(st.Made[key]))...)
}

// lettersOf makes upper-case letters and digits of a hexadecimal key, as CloudFront and IAM ids have them.
func lettersOf(key string, n int) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	sum := sha256.Sum256([]byte(key))
	var b strings.Builder
	for i := range n {
		b.WriteByte(alphabet[int(sum[i])%len(alphabet)])
	}
	return b.String()
}

// uuidOf makes something in the shape of a UUID of a hexadecimal key.
func uuidOf(h string) string {
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-a" + h[17:20] + "-" + h[20:32]
}

// regionNamed gives the region's part of the state; a first look at a region brings its default VPC.
func (st *state) regionNamed(name string) *region {
	r := st.bareRegion(name)
	if r.Bare && !st.NoDefaultVPC {
		st.addDefaultVPC(r)
	}
	r.Bare = false
	return r
}

// bareRegion is regionNamed for what stands in no VPC.
func (st *state) bareRegion(name string) *region {
	if st.Regions[name] == nil {
		st.Regions[name] = &region{Name: name, Bare: true}
	}
	return st.Regions[name]
}

// regionNames gives the known regions in a stable order.
func (st *state) regionNames() []string { return slices.Sorted(maps.Keys(st.Regions)) }

// arn makes an ARN of a service's resource in the call's region.
func (c *call) arn(service, format string, args ...any) string {
	return fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, c.r.Name, c.st.Account, fmt.Sprintf(format, args...))
}
