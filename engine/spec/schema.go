package spec

import (
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// Schema is the JSON Schema of berth.toml, for editors that complete and check it. It is ready to be marshalled.
func Schema() map[string]any {
	settings := object("")
	for _, k := range keys {
		place(settings, strings.Split(k.Name, "."), k.schema())
	}
	process := object("a program of the same image that takes no traffic")
	for _, k := range processKeys("NAME") {
		place(process, strings.Split(inTable(k, "NAME"), "."), k.schema())
	}
	of := func(doc, def string) map[string]any {
		return map[string]any{
			"type": "object", "description": doc, "additionalProperties": map[string]any{"$ref": "#/$defs/" + def},
			"propertyNames": map[string]any{"pattern": `^[a-z][a-z0-9-]*$`, "maxLength": maxName},
		}
	}
	settings["properties"].(map[string]any)[processTable] = of("programs beside the service, by name", "process")
	file := object("how an app runs on AWS")
	for name, v := range settings["properties"].(map[string]any) {
		file["properties"].(map[string]any)[name] = v
	}
	file["properties"].(map[string]any)[environmentTable] = of("what differs in an environment, by its name", "settings")
	file["$schema"], file["title"] = "https://json-schema.org/draft/2020-12/schema", FileName
	file["$defs"] = map[string]any{"settings": settings, "process": process}
	return file
}

// object is the schema of a table that has nothing but what place puts into it.
func object(doc string) map[string]any {
	o := map[string]any{"type": "object", "additionalProperties": false, "properties": map[string]any{}}
	if doc != "" {
		o["description"] = doc
	}
	return o
}

// place puts the schema of a value at a path. A table that is a value, too ([secrets]), keeps what it takes.
func place(o map[string]any, path []string, value map[string]any) {
	props := o["properties"].(map[string]any)
	if len(path) > 1 {
		if props[path[0]] == nil {
			props[path[0]] = object("")
		}
		place(props[path[0]].(map[string]any), path[1:], value)
		return
	}
	if old, ok := props[path[0]].(map[string]any); ok {
		value["properties"] = old["properties"]
	}
	props[path[0]] = value
}

func (k Key) schema() map[string]any {
	s := kindSchema(k.Kind)
	s["description"] = k.Doc
	if len(k.Choices) > 0 {
		s["enum"] = k.Choices
	}
	if k.Kind == Tables {
		item := object("")
		for _, f := range k.Fields {
			place(item, []string{f.Name}, kindSchema(f.Kind))
		}
		s["items"] = item
	}
	var example struct {
		V any `toml:"v"`
	}
	if err := toml.Unmarshal([]byte("v = "+k.Example), &example); err != nil {
		panic(err) // a mistake in the table of keys
	}
	s["examples"] = []any{example.V}
	return s
}

func kindSchema(k Kind) map[string]any {
	text := map[string]any{"type": "string"}
	switch k {
	case Whole:
		return map[string]any{"type": "integer"}
	case Number:
		return map[string]any{"type": "number"}
	case Truth:
		return map[string]any{"type": "boolean"}
	case Span:
		return map[string]any{"type": "string", "pattern": `^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$`}
	case List, Command:
		return map[string]any{"type": "array", "items": text}
	case Table:
		return map[string]any{"type": "object", "additionalProperties": text}
	case Tables:
		return map[string]any{"type": "array"}
	default:
		return text
	}
}
