package project

import (
	"encoding/json"
	"path"
	"strings"
)

// setInAppSettings says whether the settings that ship with a program on .NET have a value for a name such as
// Jwt__Key. The address of a database on the same machine is none.
func (l *look) setInAppSettings(name string) bool {
	if l.speaks != "dotnet" || !strings.Contains(name, "__") {
		return false
	}
	for _, file := range l.files {
		if base := path.Base(file); base != "appsettings.json" && base != "appsettings.Production.json" {
			continue
		}
		text, _ := l.t.text(file)
		var doc map[string]any
		if json.Unmarshal([]byte(strings.TrimPrefix(text, "\ufeff")), &doc) != nil {
			continue
		}
		var value any = doc
		for part := range strings.SplitSeq(name, "__") {
			m, _ := value.(map[string]any)
			value = nil
			for key, v := range m {
				if strings.EqualFold(key, part) {
					value = v
				}
			}
		}
		switch v := value.(type) {
		case nil:
		case string:
			if v != "" && !stub().MatchString(v) && !strings.HasPrefix(v, "<") && (!strings.HasPrefix(name, "ConnectionStrings__") || !thisMachine().MatchString(v)) {
				return true
			}
		default:
			return true
		}
	}
	return false
}

// thisMachine matches addresses of what runs on the same machine.
var thisMachine = lazy(`(?i)localhost|127\.0\.0\.1|\(localdb\)|(?:Server|Data Source)=\.`)
