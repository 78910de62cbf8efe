package spec

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

func (c *checker) service() {
	sv := c.s.Service
	_, portSaid := c.s.Origins["service.port"]
	if sv.Port == 0 && !portSaid {
		c.missing("service.port", "it is not known which port the app listens on")
	} else {
		c.within("service.port", sv.Port, 0, 65535, "a port")
	}
	c.noHTTP()
	c.within("service.instances", sv.Instances, 0, 5000, "a number of containers that ECS runs")
	c.path("service.health_path", sv.HealthPath, `such as "/health"`)
	c.words("service.entrypoint", sv.Entrypoint)
	c.words("service.command", sv.Command)
	if words, err := Words(sv.ReleaseCommand); err != nil {
		c.add("service.release_command", err.Error(), "close the quote")
	} else if sv.ReleaseCommand != "" && len(words) == 0 {
		c.add("service.release_command", "it is empty", "remove it when there is nothing to run")
	}
	c.span("service.stop_timeout", sv.StopTimeout, 2*time.Second, 120*time.Second)
	c.span("service.start_timeout", sv.StartTimeout, time.Second, time.Hour)
	c.share("service.spot", sv.Spot)
	c.said("service.ephemeral_gb", sv.EphemeralGB, 20, 200, "a size that a task can have")
	if _, said := c.s.Origins["service.log_days"]; (sv.LogDays != 0 || said) && !slices.Contains(logDays, sv.LogDays) {
		c.add("service.log_days", fmt.Sprintf("CloudWatch cannot keep logs for %d days", sv.LogDays), "it can for "+listNumbers(logDays))
	}
}

// noHTTP reports what an app asks for that answers no requests.
func (c *checker) noHTTP() {
	if !c.s.NoHTTP() {
		return
	}
	n, a := c.s.Network, c.s.Service.Autoscale
	for _, one := range []struct {
		key   string
		asked bool
	}{
		{"service.sticky_sessions", c.s.Service.StickySessions},
		{"service.autoscale.requests_per_instance", a != nil && a.RequestsPerInstance > 0},
		{"network.websockets", n.WebSockets},
		{"network.domain", n.Domain != ""},
	} {
		if one.asked {
			c.add(one.key, "the app answers no HTTP: service.port is 0", "take one of the two out")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.s.Env)) {
		if used, err := VariablesIn(c.s.Env[name]); err == nil && slices.Contains(used, "host") {
			c.add("env."+name, "there is no ${host}: the app answers no HTTP", "remove it, or set the port under [service]")
		}
	}
}

// logDays are the retentions of CloudWatch.
// Source: CloudWatch Logs API, PutRetentionPolicy, retentionInDays (aws-sdk-go-v2 service/cloudwatchlogs v1.92).
var logDays = []int{
	1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
}

func listNumbers(all []int) string {
	texts := make([]string, len(all))
	for i, n := range all {
		texts[i] = strconv.Itoa(n)
	}
	return strings.Join(texts, ", ")
}

func (c *checker) health() {
	h := c.s.Service.Health
	c.span("service.health.interval", h.Interval, 5*time.Second, 300*time.Second)
	c.span("service.health.timeout", h.Timeout, 2*time.Second, 120*time.Second)
	if h.Timeout != 0 && h.Interval != 0 && h.Timeout >= h.Interval {
		c.add("service.health.timeout", fmt.Sprintf("%v is not less than the interval of %v", h.Timeout, h.Interval), "a check must end before the next one begins")
	}
	c.said("service.health.unhealthy", h.Unhealthy, 2, 10, "a number of checks that a load balancer counts")
	if h.Codes != "" && !healthCodes(h.Codes) {
		c.add("service.health.codes", fmt.Sprintf("%q are not HTTP status codes", h.Codes), `from 200 to 499, such as "200-399" or "200,204"`)
	}
}

// healthCodes says whether a load balancer takes the text: statuses with commas, or one range.
func healthCodes(text string) bool {
	low, high, isRange := strings.Cut(text, "-")
	if isRange {
		return status(low) && status(high) && low <= high
	}
	for one := range strings.SplitSeq(text, ",") {
		if !status(strings.TrimSpace(one)) {
			return false
		}
	}
	return true
}

func status(text string) bool {
	n, err := strconv.Atoi(text)
	return err == nil && len(text) == 3 && n >= 200 && n <= 499
}

func (c *checker) autoscale() {
	c.scaling("service.", c.s.Service.Instances, c.s.Service.Autoscale)
	if a := c.s.Service.Autoscale; a != nil {
		c.said("service.autoscale.requests_per_instance", a.RequestsPerInstance, 1, 1_000_000, "a number of requests a minute")
	}
}

// scaling checks the scaling in a table, which starts from that many instances. Nil is none.
func (c *checker) scaling(table string, instances int, a *Autoscale) {
	if a == nil {
		return
	}
	switch {
	case instances < 1:
		c.add(table+"instances", "autoscaling cannot start from 0 containers", "1 or more")
	case a.Max < instances:
		c.add(table+"autoscale.max", fmt.Sprintf("%d is less than the %d instances", a.Max, instances), fmt.Sprintf("%d or more", instances))
	default:
		c.within(table+"autoscale.max", a.Max, 1, 5000, "a number of containers that ECS runs")
	}
	if a.MemoryPercent == 0 && a.RequestsPerInstance == 0 {
		c.within(table+"autoscale.cpu_percent", a.CPUPercent, 1, 100, "a percentage")
	} else {
		c.said(table+"autoscale.cpu_percent", a.CPUPercent, 1, 100, "a percentage")
	}
	c.said(table+"autoscale.memory_percent", a.MemoryPercent, 1, 100, "a percentage")
}

// share checks a share of the containers.
func (c *checker) share(key string, v float64) {
	if v < 0 || v > 1 || math.IsNaN(v) {
		c.add(key, fmt.Sprintf("%v is not a share", v), "it goes from 0 to 1, such as 0.5 for half")
	}
}

// sizes checks CPU and memory of a table.
func (c *checker) sizes(table string, cpu float64, memory int) {
	fits := MemorySizes(cpu)
	switch {
	case cpu == 0 && memory == 0:
	case len(fits) == 0:
		var all []string
		for _, v := range CPUSizes() {
			all = append(all, vcpus(v))
		}
		want := "there are " + strings.Join(all, ", ")
		if up, _, ok := Snap(cpu, 0); ok && cpu > 0 {
			want += "; the next one up is " + vcpus(up)
		}
		c.add(table+"cpu", fmt.Sprintf("Fargate has no size of %s vCPU", vcpus(cpu)), want)
	case !slices.Contains(fits, memory):
		want := fmt.Sprintf("with %s vCPU: %s", vcpus(cpu), memoryRange(cpu))
		if up, m, ok := Snap(cpu, memory); ok {
			want += fmt.Sprintf("; the next pair up is %s vCPU with %d MiB", vcpus(up), m)
		}
		c.add(table+"memory", fmt.Sprintf("%d MiB do not go with %s vCPU on Fargate", memory, vcpus(cpu)), want)
	}
}
