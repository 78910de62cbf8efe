package sim

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Item is one thing that exists in an account, in a form that can be compared with == between accounts: its
// key is its natural one, and its detail holds no time and no id that AWS made up.
type Item struct {
	Kind   string // as in CloudFormation: ec2.SecurityGroup, ecs.Service
	Key    string
	Detail string // canonical JSON of what was configured
	Kept   bool   // AWS has it in every account or keeps it for good: default VPCs, service-linked roles
}

// String is the item for people.
func (i Item) String() string { return i.Kind + " " + i.Key }

// inventory collects items and the ids to take out of their details.
type inventory struct {
	a     *Account
	st    *state
	now   time.Time
	items []Item
	names map[string]string // id -> what stands for it

	headers int // how many header values got a name
}

// add notes an item. Ids are what AWS named it.
func (v *inventory) add(kind, key string, kept bool, detail any, ids ...string) {
	data, err := json.Marshal(detail)
	if err != nil {
		data = []byte(err.Error()) // cannot be: plain data
	}
	v.items = append(v.items, Item{Kind: kind, Key: key, Detail: string(data), Kept: kept})
	for n, id := range ids {
		if id != "" {
			v.names[id] = fmt.Sprintf("<%s %s %d>", kind, key, n)
		}
	}
}

// Inventory lists everything that exists, sorted. It leaves out what AWS keeps of deleted things: inactive
// clusters, services and task definitions, and stopped tasks.
func (a *Account) Inventory() []Item {
	var items []Item
	_ = a.locked(func(st *state, now time.Time) (bool, error) {
		v := &inventory{a: a, st: st, now: now, names: map[string]string{}}
		for _, name := range st.regionNames() {
			r := st.Regions[name]
			for _, s := range services() {
				if s.list != nil {
					s.list(v, r)
				}
			}
		}
		for _, s := range services() {
			if s.listGlobal != nil {
				s.listGlobal(v)
			}
		}
		items = v.normal()
		return false, nil
	})
	return items
}

// normal replaces the ids and sorts.
func (v *inventory) normal() []Item {
	ids := make([]string, 0, len(v.names))
	for id := range v.names {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	var pairs []string
	for _, id := range ids {
		pairs = append(pairs, id, v.names[id])
	}
	replace := strings.NewReplacer(pairs...)
	for i := range v.items {
		v.items[i].Key = replace.Replace(v.items[i].Key)
		v.items[i].Detail = replace.Replace(v.items[i].Detail)
	}
	slices.SortFunc(v.items, func(a, b Item) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Key, b.Key), strings.Compare(a.Detail, b.Detail))
	})
	return v.items
}

// secrets takes header values for what they are: made up by whoever deployed, but alike wherever the same
// one is used.
func (v *inventory) secrets(values ...string) {
	for _, s := range values {
		if _, ok := v.names[s]; !ok && len(s) >= 16 {
			v.headers++
			v.names[s] = fmt.Sprintf("<header value %d>", v.headers)
		}
	}
}

// named is a key made of a region and the tags that tell a resource without a name from others.
func named(r *region, tags tagMap, also ...string) string {
	parts := append([]string{r.Name}, also...)
	for _, k := range tags.keys() {
		parts = append(parts, k+"="+tags[k])
	}
	return strings.Join(parts, " ")
}
