package spec

import (
	"fmt"
	"math"
	"strconv"
)

// size is one CPU size of Fargate with the memory that goes with it.
type size struct {
	units          int // 1024 are one vCPU
	min, max, step int // MiB
}

// sizes is the table of what RegisterTaskDefinition accepts for Fargate. 256 units take 512, 1024 and
// 2048 MiB, which is no constant step; pairs knows.
// Source: AWS ECS API, RegisterTaskDefinition cpu and memory (aws-sdk-go-v2 service/ecs v1.104).
var sizes = []size{
	{256, 512, 2048, 512},
	{512, 1024, 4096, 1024},
	{1024, 2048, 8192, 1024},
	{2048, 4096, 16384, 1024},
	{4096, 8192, 30720, 1024},
	{8192, 16384, 61440, 4096},
	{16384, 32768, 122880, 8192},
}

// CPUUnits is a number of vCPUs as ECS counts it: 1024 are one vCPU.
func CPUUnits(vcpu float64) int { return int(math.Round(vcpu * 1024)) }

// CPUSizes are the vCPU numbers that Fargate has, smallest first.
func CPUSizes() []float64 {
	out := make([]float64, len(sizes))
	for i, s := range sizes {
		out[i] = float64(s.units) / 1024
	}
	return out
}

// MemorySizes are the MiB that go with vcpu on Fargate, smallest first; none when there is no such CPU size.
func MemorySizes(vcpu float64) []int {
	var out []int
	for _, s := range sizes {
		if float64(s.units) != vcpu*1024 {
			continue
		}
		for m := s.min; m <= s.max; m += s.step {
			if s.units != 256 || m != 1536 {
				out = append(out, m)
			}
		}
	}
	return out
}

// Snap returns the smallest pair of vCPU and MiB that Fargate has with at least the given ones. It is not
// ok when there is none that large, or a number is not finite.
func Snap(vcpu float64, memory int) (cpu float64, mib int, ok bool) {
	for _, s := range sizes {
		c := float64(s.units) / 1024
		if math.IsNaN(vcpu) || c < vcpu {
			continue
		}
		for _, m := range MemorySizes(c) {
			if m >= memory {
				return c, m, true
			}
		}
	}
	return 0, 0, false
}

// memoryRange says in words what memory goes with vcpu.
func memoryRange(vcpu float64) string {
	for _, s := range sizes {
		switch {
		case float64(s.units) != vcpu*1024:
		case s.units == 256:
			return "512, 1024 or 2048 MiB"
		default:
			return fmt.Sprintf("%d to %d MiB in steps of %d", s.min, s.max, s.step)
		}
	}
	return "nothing"
}

// vcpus writes a number of vCPUs without needless digits.
func vcpus(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
