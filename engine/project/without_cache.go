package project

import (
	"path"
	"slices"
	"strings"
)

var (
	asksForCache = lazy(`(?:!!|\bBoolean\(|\bif\s*\(?\s*|\bif\s+|&&\s*|\benabled:\s*|\w+\s*=\s*)(?:process\.env\.\w*REDIS\w*\s*(?:\)|\?[^?]|&&|;|,|$)|process\.env\[["']\w*REDIS\w*["']\]\s*(?:\)|\?[^?]|&&)|os\.(?:environ\.get|getenv)\(["']\w*REDIS\w*["']\)\s*:|ENV\[["']\w*REDIS\w*["']\]\s*(?:$|\?[^?])|ENV(?:\.key|\.has_key)?\?\(["']\w*REDIS)`)
	justKept     = lazy(`\w\s*=\s*process\.env\.\w+\s*(?:;|,|$)|\bif\s*\(?\s*!`)
)

var (
	laravelStore = lazy(`["']default["']\s*=>\s*env\(\s*["']CACHE_\w+["']\s*,\s*["'](?:file|database|array|apc|null)["']`)
	laravelRedis = lazy(`=>\s*env\(\s*["'](?:CACHE|QUEUE|SESSION|BROADCAST)_\w+["']\s*,\s*["'](?:redis|memcached)["']|^\s*(?:-\s*)?(?:ENV\s+)?(?:CACHE|QUEUE|SESSION|BROADCAST)_\w+\s*[=:]\s*["']?(?:redis|memcached)\b|queue:work\s+redis|\bRedis::|"laravel/horizon"`)
)

// laravelWithoutCache says whether an app on Laravel, which brings a driver for Redis along, chooses another store for all
// that could be there.
func (l *look) laravelWithoutCache() bool {
	other := false
	if l.Stack != "laravel" {
		return false
	}
	for _, name := range l.files {
		text, ok := l.t.code(name)
		if ok && laravelRedis().MatchString(text) {
			return false
		}
		other = other || ok && path.Base(name) == "cache.php" && laravelStore().MatchString(text)
	}
	return other
}

// mayLackCache says whether the code asks if there is an address of Redis and goes on when there is none.
func (l *look) mayLackCache() bool {
	return slices.ContainsFunc(l.files, func(name string) bool {
		raw, ok := l.t.text(name)
		if s, known := syntaxOf(name); !ok || !known || s.line == nil || !strings.Contains(raw, "REDIS") {
			return false
		}
		text, _ := l.t.code(name)
		return slices.ContainsFunc(asksForCache().FindAllString(text, 20), func(m string) bool { return !justKept().MatchString(m) })
	})
}
