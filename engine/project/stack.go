package project

import (
	"path"
	"slices"
)

// findLanguage tells the language of the program that ships: by what is started, the image it is started in, the images that
// build it, and the manifests of the project, in this order.
func (l *look) findLanguage() { //nolint:gocognit // a list of cases, one after the other
	if l.docker != nil {
		for _, s := range slices.Backward(l.start) {
			if lang := languageOf(s.text); lang != "" && l.plausible(lang) {
				l.speaks = lang
				return
			}
		}
		for i, b := range l.docker.Bases {
			if lang := l.ranIn(l.docker.OwnRuns); i == 1 && lang != "" {
				l.speaks = lang
				return
			}
			for _, known := range bases() {
				if known.Language == "" || !known.re().MatchString(b.Text) || i > 0 && known.Language == "static" {
					continue
				}
				if known.Language == "node" && i > 0 && l.manifestOther("node") {
					continue // it builds what browsers get
				}
				l.speaks = known.Language
				return
			}
		}
	}
	for _, last := range []bool{false, true} { // a package.json may be there for what browsers get only
		for _, lang := range spoken() {
			if last != (lang.ID == "node" || lang.ID == "static") {
				continue
			}
			for _, s := range lang.Stacks {
				if l.fits(lang, s, true) != "" {
					l.speaks = lang.ID
					return
				}
			}
		}
	}
}

// ranIn is the language of the last program of the tree's languages that RUN starts, "" for none.
func (l *look) ranIn(runs []Line) string {
	for _, r := range slices.Backward(runs) {
		if lang := languageOf(r.Text); lang != "" && l.plausible(lang) {
			return lang
		}
	}
	return ""
}

// plausible says whether a language that a command hints at is one that the tree, or the image, knows.
func (l *look) plausible(lang string) bool {
	for _, x := range spoken() {
		if x.ID != lang {
			continue
		}
		if slices.ContainsFunc(x.Stacks, func(s *stack) bool { return l.fits(x, s, false) != "" }) {
			return true
		}
		for _, name := range l.t.files {
			if x.source(name) {
				return true
			}
		}
	}
	for _, b := range bases() {
		if b.Language == lang && slices.ContainsFunc(l.docker.Bases, func(line Line) bool { return b.re().MatchString(line.Text) }) {
			return true
		}
	}
	return false
}

// manifestOther says whether the tree's top has a manifest of another language.
func (l *look) manifestOther(lang string) bool {
	for _, x := range spoken() {
		if x.ID != lang && x.ID != "any" && x.ID != "static" && slices.ContainsFunc(x.Stacks, func(s *stack) bool { return l.fits(x, s, true) != "" }) {
			return true
		}
	}
	return false
}

// languageOf is the language that a command is of, "" when it does not tell.
func languageOf(command string) string {
	for _, c := range commandLanguages {
		if c.re().MatchString(command) {
			return c.language
		}
	}
	return ""
}

var commandLanguages = []struct {
	language string
	re       pattern
}{
	{"python", lazy(`(?:^|/)(?:python[\d.]*|gunicorn|uvicorn|hypercorn|daphne|granian|waitress-serve|flask|fastapi|streamlit|gradio|celery|django-admin|uwsgi|chainlit|litestar|robyn|sanic|mitmproxy|jupyter)\b|manage\.py|\.py\b|wsgi|asgi`)},
	{"ruby", lazy(`(?:^|/)(?:ruby|rails|puma|rackup|unicorn|thin|falcon|bundle|rake|thrust|passenger|sidekiq)\b|\.rb\b|config\.ru`)},
	{"node", lazy(`(?:^|/)(?:node|npm|npx|yarn|pnpm|bun|deno|next|nuxt|tsx|ts-node|pm2|pm2-runtime|nodemon|strapi|remix-serve|react-router-serve|astro|vite|nest)\b(?:\s|$)|\.[cm]?js\b`)},
	{"php", lazy(`(?:^|/)(?:php|php-fpm[\d.]*|apache2-foreground|frankenphp|artisan|rr|symfony)\b`)},
	{"java", lazy(`(?:^|/)(?:java|catalina\.sh|kotlin|scala)\b|\.jar\b|\.war\b`)},
	{"dotnet", lazy(`(?:^|/)dotnet\b|\.dll\b`)},
	{"elixir", lazy(`(?:^|/)(?:mix|elixir|iex)\b|phx\.server`)},
}

// findStack is the kind of program.
func (l *look) findStack() {
	for _, root := range []bool{true, false} {
		for _, lang := range spoken() {
			if l.speaks != "" && lang.ID != l.speaks {
				continue
			}
			for _, s := range lang.Stacks {
				if file := l.fits(lang, s, root); file != "" {
					l.Stack, l.manifest = s.ID, file
					l.candidate(rankUsual, s.Port, file, 0, "usual for "+s.ID)
					return
				}
			}
		}
	}
	l.Stack = l.speaks
}

// fits is the file by which the tree has a stack, at its top or in any part, "" when it has not.
func (l *look) fits(lang *language, s *stack, top bool) string {
	if len(s.Deps) > 0 && l.uses(lang.ID, s.Deps) == nil {
		return ""
	}
	for _, name := range l.files {
		at := name
		if !top {
			at = path.Base(name)
		}
		if !slices.ContainsFunc(s.globs, func(g glob) bool { return g.match(at) }) {
			continue
		}
		if s.re == nil {
			return name
		}
		if text, ok := l.t.text(name); ok && s.re().MatchString(text) {
			return name
		}
	}
	return ""
}

// bases are all that is known of base images.
func bases() []*base {
	for _, l := range spoken() {
		if l.ID == "any" {
			return l.Bases
		}
	}
	return nil
}
