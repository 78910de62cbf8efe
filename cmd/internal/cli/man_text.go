package cli

import (
	"strconv"
	"strings"
)

// exitCodes are the exit codes of the contract and what they mean.
var exitCodes = []struct {
	code  int
	means string
}{
	{0, "done"},
	{1, "failed"},
	{2, "the command line or berth.toml is wrong"},
	{3, "the new version failed and ECS rolled back to the previous one"},
	{4, "refused before anything changed: permissions, quota, lock, outdated plan"},
	{exitChanges, "plan --exit-code: something would change"},
	{exitStopped, "stopped"},
}

// variables are the environment variables that berth, or what it is made of, looks at.
var variables = []word{
	{"AWS_PROFILE", "The profile to use, unless --profile names one."},
	{"AWS_REGION, AWS_DEFAULT_REGION", "The region, if neither --region nor berth.toml names one."},
	{"AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN", "Credentials. All other settings of the AWS SDKs work, too."},
	{"AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE", "Where profiles are read from."},
	{"AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_<SERVICE>", "An endpoint other than AWS, such as an emulator."},
	{"ACCESSIBLE", "Like --accessible, unless it is empty, 0 or false."},
	{"NO_COLOR", "Like --no-color, unless it is empty."},
	{"CI", "Unless it is empty or false, berth asks no question and opens no screen, as without a terminal."},
	{"TERM", "The value dumb does the same."},
	{"LC_ALL, LC_CTYPE, LANG", "The first one set says whether characters beyond ASCII can be shown: it must name UTF-8."},
	{"XDG_STATE_HOME, XDG_CACHE_HOME", "Where the files below are kept."},
	{"SOURCE_DATE_EPOCH", "The date of the man pages that berth man writes."},
}

// kept are the files that berth reads and writes.
var kept = []word{
	{"berth.toml", "The app's settings, in its folder. The wizard writes it; what it does not say is read from the source tree."},
	{"$XDG_STATE_HOME/berth/simulated/", "The simulated accounts of --simulate, one file per app folder."},
	{"$XDG_STATE_HOME/berth/runs/", "The events of the newest 50 runs, to watch a run from another terminal and to know how long steps take; readable only by you."},
	{"$XDG_CACHE_HOME/berth/prices.txt", "The prices that berth prices refresh has downloaded."},
	{"~/.aws/config, ~/.aws/credentials", "Profiles and credentials, shared with the AWS CLI. Never written."},
}

// rest is what only the page of berth itself has.
func rest(b *strings.Builder) {
	b.WriteString(".SH EXIT STATUS\n")
	for _, e := range exitCodes {
		terms(b, strconv.Itoa(e.code), e.means)
	}
	b.WriteString(".PP\n" + running("Whatever happened, run the same command again to continue: AWS itself is the state, and every "+
		"resource is looked up before it is created.") + "\n")
	b.WriteString(".SH ENVIRONMENT\n")
	for _, v := range variables {
		terms(b, v.text, v.means)
	}
	b.WriteString(".SH FILES\n")
	for _, f := range kept {
		terms(b, f.text, f.means)
	}
}

func terms(b *strings.Builder, name, means string) {
	b.WriteString(".TP\n" + bold(name) + "\n" + running(means) + "\n")
}
