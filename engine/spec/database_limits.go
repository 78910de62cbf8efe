package spec

import (
	"strconv"
	"strings"
)

// ManyConnections is how many connections are many for the database: about four of five that it takes. Zero where nobody
// knows its class.
func (d *Database) ManyConnections() int {
	gb := classMemory(d.Class)
	each := 9531392.0 // bytes of memory for a connection that the engine reckons with (engine/AWS.md, Alarms)
	if d.Engine == "mysql" {
		each = 12582880
	}
	// What the system takes for itself is not told; small classes lose a quarter to it.
	return int(min(0.6*gb*(1<<30)/each, 4000))
}

// classMemory is the memory of a class in GB: within a family it doubles with the size.
func classMemory(class string) float64 {
	parts := strings.Split(class, ".")
	if len(parts) != 3 || parts[0] != "db" || parts[1] == "" {
		return 0
	}
	gb := map[string]float64{"micro": 1, "small": 2, "medium": 4, "large": 8, "xlarge": 16}[parts[2]]
	if times, ok := strings.CutSuffix(parts[2], "xlarge"); ok && times != "" {
		n, err := strconv.Atoi(times)
		if err != nil {
			return 0
		}
		gb = 16 * float64(n)
	}
	switch parts[1][0] {
	case 't', 'm':
		return gb
	case 'r':
		return 2 * gb
	}
	return 0
}
