package sim

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// lifecycleEvery is how often a repository's images are cleaned up: AWS takes a day for it at most.
const lifecycleEvery = 24 * time.Hour

// lifecycleRule is one rule of a repository's lifecycle policy.
type lifecycleRule struct {
	Priority  int `json:"rulePriority"`
	Selection struct {
		TagStatus     string   `json:"tagStatus"`
		TagPrefixList []string `json:"tagPrefixList"`
		CountType     string   `json:"countType"`
		CountNumber   int      `json:"countNumber"`
	} `json:"selection"`
}

// selects says whether an image has the tags that the rule is about: each of the prefixes is that of one of them.
func (l lifecycleRule) selects(i *ecrImage) bool {
	switch l.Selection.TagStatus {
	case "any":
		return true
	case "untagged":
		return len(i.Tags) == 0
	}
	for _, prefix := range l.Selection.TagPrefixList {
		if !slices.ContainsFunc(i.Tags, func(t string) bool { return strings.HasPrefix(t, prefix) }) {
			return false
		}
	}
	return true
}

// expired are the images that a rule expires, of all that it selects.
func (l lifecycleRule) expired(all []*ecrImage, now time.Time) []*ecrImage {
	var chosen []*ecrImage
	for _, i := range all {
		if l.selects(i) {
			chosen = append(chosen, i)
		}
	}
	slices.SortStableFunc(chosen, func(a, b *ecrImage) int { return b.Pushed.Compare(a.Pushed) })
	if l.Selection.CountType == "imageCountMoreThan" {
		return chosen[min(len(chosen), l.Selection.CountNumber):]
	}
	return slices.DeleteFunc(chosen, func(i *ecrImage) bool {
		return now.Sub(i.Pushed) <= time.Duration(l.Selection.CountNumber)*24*time.Hour
	})
}

// ecrSweep expires images once a day. One that a rule is about by its tags is not expired by a rule of lower priority,
// whatever that first rule does with it; and whatever uses an image does not matter.
func ecrSweep(w *world) {
	for _, p := range w.r.ecr().Repositories {
		if p.Lifecycle == "" || w.st.Now.Sub(p.Cleaned) < lifecycleEvery {
			continue
		}
		p.Cleaned = w.st.Now
		var policy struct{ Rules []lifecycleRule }
		if json.Unmarshal([]byte(p.Lifecycle), &policy) != nil {
			continue
		}
		slices.SortFunc(policy.Rules, func(a, b lifecycleRule) int { return a.Priority - b.Priority })
		all, spoken := slices.Clone(p.Images), map[*ecrImage]bool{}
		for _, rule := range policy.Rules {
			for _, i := range rule.expired(all, w.st.Now) {
				if !spoken[i] {
					p.Images = remove(p.Images, i)
				}
			}
			for _, i := range all {
				spoken[i] = spoken[i] || rule.selects(i)
			}
		}
	}
}
