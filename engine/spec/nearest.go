package spec

import "strings"

// Nearest returns the candidate that a typing error most likely meant, or "" when none is near.
func Nearest(word string, candidates []string) string {
	best, bestDistance := "", 1+max(2, len(word)/3)
	for _, c := range candidates {
		if d := distance(strings.ToLower(word), strings.ToLower(c)); d < bestDistance {
			best, bestDistance = c, d
		}
	}
	return best
}

// nearestKey returns the key that name most likely meant: the same last word in another table, or a name
// that differs by a few letters.
func nearestKey(name string) string {
	leaf := name[strings.LastIndexByte(name, '.')+1:]
	var names, leaves []string
	list := keys
	if process, ok := processOf(name); ok {
		list = processKeys(process)
	}
	for _, k := range list {
		_, l := k.table()
		if l == leaf {
			return k.Name
		}
		names, leaves = append(names, k.Name), append(leaves, l)
	}
	if n := Nearest(name, names); n != "" {
		return n
	}
	if n := Nearest(leaf, leaves); n != "" {
		for i, l := range leaves {
			if l == n {
				return names[i]
			}
		}
	}
	return ""
}

func didYouMean(name string) string {
	if n := nearestKey(name); n != "" {
		return "; did you mean " + n + "?"
	}
	return ""
}

// distance is how many letters must be added, removed, changed or swapped with their neighbour to get from
// a to b (optimal string alignment).
func distance(a, b string) int {
	var before []int
	prev := make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := 0
			if a[i-1] != b[j-1] {
				change = 1
			}
			row[j] = min(prev[j]+1, row[j-1]+1, prev[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, prev = prev, row
	}
	return prev[len(b)]
}
