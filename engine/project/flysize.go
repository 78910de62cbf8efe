package project

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"berth/engine/spec"
)

// flySize suggests the Fargate size that is nearest to the machine on Fly.io. A shared CPU counts as a
// quarter of a vCPU, the smallest that Fargate has.
func (l *look) flySize() {
	fly := l.fly
	vms := fly.tables("vm")
	at := slices.IndexFunc(vms, func(v any) bool {
		groups := texts(dig(v, "processes"))
		return len(groups) == 0 || slices.Contains(groups, fly.group())
	})
	if at < 0 {
		return
	}
	cpu, mib, memory, ok := fly.machine(at)
	if !ok {
		return
	}
	line := fly.lineOfOne("vm", at, "memory", "memory_mb", "size", "cpus")
	text := fmt.Sprintf("[[vm]] with %d MB", memory)
	l.add(Info, "fly-vm", fly.name, line, text, fmt.Sprintf("the closest size on Fargate is %v vCPU with %d MiB", cpu, mib))
	l.suggest("service.cpu", cpu, fly.name, fly.lineOfOne("vm", at, "cpus", "size", "memory", "memory_mb"), text)
	l.suggest("service.memory", mib, fly.name, line, text)
}

// machine is the Fargate size that is nearest to a table [[vm]], and the MB that it says, not ok when it says no size.
func (f *flyToml) machine(nth int) (cpu float64, mib, memory int, ok bool) {
	vm, cpus := f.tables("vm")[nth], 0.0
	if m := sharedCPU().FindStringSubmatch(fmt.Sprint(dig(vm, "size"))); m != nil {
		n, _ := strconv.ParseFloat(m[2], 64)
		cpus = vcpus(m[1] != "performance", n)
		memory = map[bool]int{true: 256, false: 2048}[m[1] != "performance"] * int(n)
	}
	if n := whole(dig(vm, "cpus")); n > 0 {
		kind, _ := dig(vm, "cpu_kind").(string)
		cpus = vcpus(kind != "performance", float64(n))
	}
	if m := megabytes(dig(vm, "memory")); m > 0 {
		memory = m
	} else if m := whole(dig(vm, "memory_mb")); m > 0 {
		memory = m
	}
	if cpus == 0 && memory == 0 {
		return 0, 0, 0, false
	}
	cpu, mib, ok = spec.Snap(cpus, memory)
	return cpu, mib, memory, ok
}

// lineOfOne is the line of the first of some keys that a table has, that of its header when it has none of them.
func (f *flyToml) lineOfOne(table string, nth int, keys ...string) int {
	header := f.lineIn(table, nth, "")
	for _, key := range keys {
		if n := f.lineIn(table, nth, key); n != header {
			return n
		}
	}
	return header
}

var sharedCPU = lazy(`^(shared-cpu|performance)-(\d+)x$`)

func vcpus(shared bool, n float64) float64 {
	if shared {
		return n / 4
	}
	return n
}

var memorySize = lazy(`(?i)^\s*(\d+)\s*(mb|mib|m|gb|gib|g)?\s*$`)

// megabytes reads 512, "512mb", "1gb".
func megabytes(v any) int {
	m := memorySize().FindStringSubmatch(fmt.Sprint(v))
	if m == nil {
		return 0
	}
	n, err := strconv.Atoi(m[1])
	if err != nil || n > math.MaxInt32 {
		return 0
	}
	if strings.HasPrefix(strings.ToLower(m[2]), "g") {
		n *= 1024
	}
	return n
}

// span reads seconds or a duration.
func span(v any) time.Duration {
	switch v := v.(type) {
	case int64:
		return time.Duration(v) * time.Second
	case string:
		d, _ := time.ParseDuration(v)
		return d
	}
	return 0
}
