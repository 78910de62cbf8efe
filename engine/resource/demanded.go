package resource

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Demanded are the tags that an organization demands of everything that is made in its accounts, as one text, so that an
// Owner can be compared.
type Demanded string

// Demand makes Demanded of tags.
func Demand(tags map[string]string) Demanded {
	var list [][2]string
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, [2]string{k, tags[k]})
	}
	if len(list) == 0 {
		return ""
	}
	b, err := json.Marshal(list)
	if err != nil {
		panic("marshal tags: " + err.Error()) // texts alone: cannot happen
	}
	return Demanded(b)
}

// Tags are the tags by their keys, for what carries no others of ours.
func (d Demanded) Tags() map[string]string {
	tags := map[string]string{}
	for _, t := range d.list() {
		tags[t[0]] = t[1]
	}
	return tags
}

// list are the tags, by name.
func (d Demanded) list() (tags [][2]string) {
	if d == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(d), &tags); err != nil {
		panic(fmt.Sprintf("tags that Demand did not make: %v", err))
	}
	return tags
}
