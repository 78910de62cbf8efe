package cloud

import (
	"bufio"
	"cmp"
	"context"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
)

// Profile is a named profile of AWS's shared files.
type Profile struct {
	Name   string
	Region string // empty when it names none
	SignIn string // the command that signs in for it, empty when that is not how it gets its credentials
}

// Profiles lists the profiles of the shared configuration and credentials files, by name. A file that is not
// there or cannot be read has none.
func Profiles() []Profile {
	var out []Profile
	for name, keys := range sharedFiles() {
		p := Profile{Name: name, Region: keys["region"]}
		if sso(keys) {
			p.SignIn = withProfile("aws sso login", name)
		}
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b Profile) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// Quiet says whether credentials can be had without a program that may ask something: from the environment, or
// from a profile (empty: the one that is chosen) that has keys, a sign-in or a role of its own. Credentials that a
// machine's own role gives are not looked for, because asking where there are none takes long.
func Quiet(profile string) bool {
	if profile == "" {
		for _, name := range []string{
			"AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE",
			"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
		} {
			if os.Getenv(name) != "" {
				return true
			}
		}
		profile = cmp.Or(os.Getenv("AWS_PROFILE"), os.Getenv("AWS_DEFAULT_PROFILE"), "default")
	}
	return quiet(sharedFiles(), profile, 8)
}

// Lacking says why there are no credentials of a profile (empty: the one that is chosen), nil when there are, or when only
// somebody who is asked can tell. It asks no AWS service but the one that signs people in.
func Lacking(ctx context.Context, s Settings) error {
	if asksSomething(s.Profile) {
		return nil
	}
	const patience = 5 * time.Second
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return fetch(ctx, s, func(ctx context.Context, s Settings) (aws.Config, error) { return loadConfig(ctx, s) })
}

// quiet follows the profiles that lend their credentials, at most so many.
func quiet(all map[string]map[string]string, profile string, most int) bool {
	p := all[profile]
	switch {
	case p == nil || most == 0 || p["credential_process"] != "" || p["mfa_serial"] != "":
		return false
	case p["aws_access_key_id"] != "" || sso(p) || p["web_identity_token_file"] != "":
		return true
	case p["source_profile"] != "" && p["source_profile"] != profile:
		return quiet(all, p["source_profile"], most-1)
	}
	return false
}

// sharedFiles reads the profiles of both files with their keys.
func sharedFiles() map[string]map[string]string {
	all := map[string]map[string]string{}
	read(cmp.Or(os.Getenv("AWS_CONFIG_FILE"), config.DefaultSharedConfigFilename()), func(section string) string {
		if name, ok := strings.CutPrefix(section, "profile "); ok {
			return strings.TrimSpace(name)
		}
		if section == "default" {
			return section
		}
		return "" // sso-session, services and the like
	}, all)
	read(cmp.Or(os.Getenv("AWS_SHARED_CREDENTIALS_FILE"), config.DefaultSharedCredentialsFilename()),
		func(section string) string { return section }, all)
	return all
}

// read adds the sections of a file that have a profile's name, with their keys. Nested keys are left out.
func read(file string, profile func(section string) string, all map[string]map[string]string) {
	f, err := os.Open(file)
	if err != nil {
		return
	}
	defer func() { _ = f.Close() }() // it was only read
	var keys map[string]string
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := lines.Text()
		text := strings.TrimSpace(line)
		if text == "" || text[0] == '#' || text[0] == ';' {
			continue
		}
		if text[0] == '[' {
			section, _, _ := strings.Cut(text[1:], "]")
			keys = nil
			if name := profile(strings.TrimSpace(section)); name != "" {
				if all[name] == nil {
					all[name] = map[string]string{}
				}
				keys = all[name]
			}
			continue
		}
		if key, value, ok := strings.Cut(text, "="); ok && keys != nil && line[0] != ' ' && line[0] != '\t' {
			keys[strings.ToLower(strings.TrimSpace(key))] = strings.TrimSpace(value)
		}
	}
}
