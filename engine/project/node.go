package project

import (
	"strings"
)

var (
	schemaOpens   = lazy(`\b(?:z\.(?:object|strictObject|looseObject)|v\.(?:object|strictObject|looseObject)|[Jj]oi\s*\.object(?:<[^>(]*>)?\(\s*\)\s*\.keys|[Jj]oi\s*\.object(?:<[^>(]*>)?|arkenv|yup\.object|Type\.Object|t\.Object|(?:S|Schema)\.Struct|cleanEnv\(\s*(?:process|Bun)\.env\s*,|createEnv|Env\.create\([^{]*|defineEnv)\s*\(?\s*(\{)`)
	schemaKey     = lazy(`^\s*["']?(` + nameShape + `)["']?\s*$`)
	schemaDefault = lazy(`\w*[oO]ptional\w*\b|\.optional\(|\.default\(|\.nullish\(|\.catch\(|\.prefault\(|\bdefault\s*:|\.(?:optional|nullish|exactOptional|undefinedable|fallback)\(|\bOptional\(|\.withDefault|\bundefined\b|optionalWith|isOptional\(|\.notRequired\(|^\s*["'][\w.]+\s*=\s*\S`)
	schemaParts   = lazy(`^\s*(?:server|shared|client)\s*$`)
)

var readsEnv = literals{"process.env", "Bun.env", "Deno.env", "import.meta.env", "createEnv(", "cleanEnv(", "Env.create(", "ConfigModule", "arkenv("}

var schemaCalls = literals{"bject(", "bject<", "cleanEnv(", "createEnv(", "Env.create(", "defineEnv(", "Struct(", ".keys(", "arkenv("}

// envSchemas are the entries without default of the schemas that an app checks its environment with: zod, valibot,
// Joi, envalid, t3-env, AdonisJS and the like.
func envSchemas(name, text string) []read {
	if !readsEnv.in(text) || !schemaCalls.in(text) {
		return nil
	}
	text = code(name, text)
	var out []read
	for _, m := range schemaOpens().FindAllStringSubmatchIndex(text, 50) {
		if otherSchema(text, m[0]) {
			continue
		}
		joi := strings.HasPrefix(strings.ToLower(text[m[0]:]), "joi")
		out = append(out, schemaReads(name, text, m[2], joi)...)
	}
	return out
}

var (
	schemaName = lazy(`(?:const|let|var)\s+(\w+)\s*(?::\s*[\w.<>]+)?=\s*$`)
	envParsed  = lazy(`\b(\w+)\s*\.\s*(?:safeParse|parse|validate|assert)(?:Async|Sync)?\(\s*(?:process|Bun|Deno|import\.meta)\.env`)
)

// otherSchema says whether a schema with a name of its own is not the one that the environment is checked with.
func otherSchema(text string, at int) bool {
	line := text[strings.LastIndexByte(text[:at], '\n')+1 : at]
	name := schemaName().FindStringSubmatch(line)
	all := envParsed().FindAllStringSubmatch(text, 20)
	if name == nil || len(all) == 0 || strings.Count(text, name[1]) > 1 {
		return false
	}
	return true
}

func schemaReads(name, text string, open int, joi bool) []read {
	var out []read
	for _, e := range entries(text, open) {
		value := text[e.value:e.end]
		if schemaParts().MatchString(e.key) && strings.HasPrefix(strings.TrimSpace(value), "{") {
			out = append(out, schemaReads(name, text, e.value+strings.IndexByte(value, '{'), joi)...)
			continue
		}
		key := schemaKey().FindStringSubmatch(e.key)
		if key == nil || schemaDefault().MatchString(value) || joi && !strings.Contains(value, ".required(") {
			continue
		}
		at := e.at + strings.Index(e.key, key[1])
		r := read{name: key[1], file: name, at: at}
		r.line, _ = lineOf(text, at)
		r.text = strings.TrimSpace(text[at:e.end])
		out = append(out, r)
	}
	return out
}

// property is one "key: value" of an object literal.
type property struct {
	key            string
	at, value, end int // offsets of the key, the value and its end
}

// entries are the properties of the object literal that opens at open.
func entries(text string, open int) []property {
	var out []property
	depth, start, colon := 0, open+1, -1
	for i := open; i < len(text); i++ {
		switch c := text[i]; c {
		case '"', '\'', '`':
			i = slashSyntax.quoted(text, i) - 1
		case '{', '(', '[':
			depth++
		case '}', ')', ']', ',':
			if c != ',' {
				depth--
			}
			if (c == ',' && depth == 1 || depth == 0) && colon > 0 {
				out = append(out, property{text[start:colon], start, colon + 1, i})
			}
			if depth == 0 {
				return out
			}
			if c == ',' && depth == 1 {
				start, colon = i+1, -1
			}
		case ':':
			if depth == 1 && colon < 0 {
				colon = i
			}
		}
	}
	return out
}
