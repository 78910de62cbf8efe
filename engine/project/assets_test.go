package project

import (
	"slices"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// TestAssetsAreProposed finds the paths whose files are named after what is in them, by framework.
func TestAssetsAreProposed(t *testing.T) {
	const docker = "\n-- Dockerfile --\nFROM scratch\nEXPOSE 3000\nCMD [\"/app\"]\n"
	for name, c := range map[string]struct {
		tree string
		want []string
	}{
		"phoenix":          {"-- mix.exs --\n{:phoenix, \"~> 1.8\"}\n\"assets.deploy\": [\"tailwind shop --minify\", \"phx.digest\"]\n", []string{"/assets/*"}},
		"phoenix, no page": {"-- mix.exs --\n{:phoenix, \"~> 1.8\"}\n", nil},
		"rails":            {"-- Gemfile --\ngem \"rails\"\ngem \"propshaft\"\n", []string{"/assets/*"}},
		"rails with packs": {"-- Gemfile --\ngem \"rails\"\ngem \"sprockets-rails\"\ngem \"shakapacker\"\n", []string{"/assets/*", "/packs/*"}},
		"django": {
			"-- requirements.txt --\ndjango==5.1\nwhitenoise\n-- manage.py --\nimport django\n-- shop/settings.py --\nSTATIC_URL = \"static/\"\n" +
				"STORAGES = {\"staticfiles\": {\"BACKEND\": \"whitenoise.storage.CompressedManifestStaticFilesStorage\"}}\n", []string{"/static/*"},
		},
		"django elsewhere": {
			"-- requirements.txt --\ndjango==5.1\n-- manage.py --\nimport django\n-- shop/settings.py --\nSTATIC_URL = \"https://cdn.example.com/\"\n" +
				"STATICFILES_STORAGE = \"django.contrib.staticfiles.storage.ManifestStaticFilesStorage\"\n", nil,
		},
		"django without digests": {"-- requirements.txt --\ndjango==5.1\n-- manage.py --\nimport django\n-- shop/settings.py --\nSTATIC_URL = \"static/\"\n", nil},
		"next":                   {"-- package.json --\n{\n\"dependencies\": {\n\"next\": \"15\"\n}\n}\n", []string{"/_next/static/*"}},
		"vite":                   {"-- package.json --\n{\n\"dependencies\": {\n\"express\": \"4\"\n},\n\"devDependencies\": {\n\"vite\": \"6\"\n}\n}\n", []string{"/assets/*"}},
		"sveltekit":              {"-- package.json --\n{\n\"devDependencies\": {\n\"@sveltejs/kit\": \"2\",\n\"vite\": \"6\"\n}\n}\n", []string{"/_app/immutable/*"}},
		"express":                {"-- package.json --\n{\n\"dependencies\": {\n\"express\": \"4\"\n}\n}\n", nil},
	} {
		dir, _ := unpack(t, txtar.Parse([]byte(c.tree+docker)))
		f, err := inspectDir(t.Context(), dir)
		must(t, err)
		got, _ := f.Suggests["network.assets"].([]string)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
		if len(c.want) > 0 && f.Origins()["network.assets"].File == "" {
			t.Errorf("%s: nobody knows where that was read", name)
		}
	}
}
