package diagnose

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"berth/engine/spec"
)

// This file has the rules whose remedy is a setting, with its value where the task tells it.

func wrongPlatform(_ Task, c Context) verdict {
	v := verdict{
		cause: "the image was built for another CPU architecture than " + c.Platform, setting: "image.platform",
		remedy: "set image.platform in berth.toml to the platform of the image (linux/amd64 or linux/arm64), or build the image for this platform",
	}
	switch spec.PlatformOf(c.Platform) {
	case spec.AMD64:
		v.suggest = spec.ARM64
	case spec.ARM64:
		v.suggest = spec.AMD64
	}
	return v
}

func outOfMemory(_ Task, c Context) verdict {
	v := verdict{
		cause:  fmt.Sprintf("the app needs more memory than the %d MiB it gets", c.MemoryMiB),
		remedy: "raise service.memory in berth.toml to the next size and deploy again", setting: "service.memory",
	}
	if _, more, ok := spec.Snap(c.VCPU, c.MemoryMiB+1); ok && c.MemoryMiB > 0 {
		v.suggest = more
		v.remedy = fmt.Sprintf("raise service.memory in berth.toml to %d MiB and deploy again", more)
	}
	return v
}

func noAnswer(t Task, c Context) verdict {
	v := verdict{
		cause:   fmt.Sprintf("nothing answers on port %d of the task", c.Port),
		remedy:  "make the app listen on 0.0.0.0 (not 127.0.0.1) and on this port, or set service.port in berth.toml to the port it listens on",
		setting: "service.port",
	}
	switch port := listens(t.Logs); port {
	case 0:
	case c.Port: // the port is right, so what is wrong is not known
		v.setting = ""
	default:
		v.suggest = port
		v.remedy = fmt.Sprintf("its log says it listens on port %d: set service.port in berth.toml to %d, or make the app listen on %d",
			port, port, c.Port)
	}
	return v
}

func lateAnswer(t Task, c Context) verdict {
	if port := listens(t.Logs); port != 0 && port != c.Port {
		return noAnswer(t, c)
	}
	return verdict{
		cause:   fmt.Sprintf("the app does not answer on port %d at %s in time", c.Port, c.HealthPath),
		remedy:  "check service.port and service.health_path in berth.toml; raise service.start_timeout if the app starts slowly",
		setting: "service.start_timeout",
	}
}

func wrongAnswer(t Task, c Context) verdict {
	v := verdict{cause: "the app answers the health check at " + c.HealthPath + " with an error" + codes(t.HealthText)}
	v.remedy, v.setting = codeRemedy(t.HealthText)
	return v
}

// listening are the ways in which servers say where they listen: a word that says so, and behind it a port,
// alone or behind an address.
var listening = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)\b(?:listen(?:s|ing|er)?|running|serving|started|available|ready|bound|accepting)\b` +
		`.*?(?:\bport(?:\(s\))?[ :=]+|https?://[^\s/:]+:|(?:\d+\.\d+\.\d+\.\d+|localhost|\[[0-9a-f:]*\]|\*|\s):{1,3})(\d{2,5})\b`)
})

// listens is the port that the newest such line of a log tells; zero when there is none.
func listens(logs []string) int {
	for i := len(logs) - 1; i >= 0; i-- {
		m := listening().FindStringSubmatch(logs[i])
		if m == nil {
			continue
		}
		if port, err := strconv.Atoi(m[1]); err == nil && port > 0 && port < 1<<16 {
			return port
		}
	}
	return 0
}

// codes is the list of HTTP codes in a health description, with a space before it.
func codes(text string) string {
	if i := strings.Index(text, "["); i >= 0 {
		if j := strings.Index(text[i:], "]"); j > 0 {
			return " " + strings.Trim(text[i:i+j+1], "[]")
		}
	}
	return ""
}

// codeRemedy is what to do about the codes, and the setting that it is about, if it is about one.
func codeRemedy(text string) (remedy, setting string) {
	const path = "service.health_path"
	switch code := strings.TrimSpace(codes(text)); {
	case strings.HasPrefix(code, "404"):
		return "set service.health_path in berth.toml to a path that answers 200", path
	case strings.HasPrefix(code, "400"):
		return "let the app accept requests whose Host header is an IP address, at least on the health path", ""
	case strings.HasPrefix(code, "401"), strings.HasPrefix(code, "403"):
		return "choose a health path that needs no sign-in (service.health_path)", path
	case strings.HasPrefix(code, "5"):
		return "the app fails at this path: check its log lines", ""
	}
	return "set service.health_path in berth.toml to a path that answers 200 to 399", path
}
