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
	{3, "the new version failed and ECS went back to the one before"},
	{4, "refused before anything changed: permissions, quota, lock, a plan that is outdated"},
	{exitChanges, "plan --exit-code: something would change"},
	{exitStopped, "stopped"},
}

// variables are the environment variables that berth, or what it is made of, looks at.
var variables = []word{
	{"AWS_PROFILE", "The profile to use, unless --profile names one."},
	{"AWS_REGION, AWS_DEFAULT_REGION", "The region, where neither --region nor berth.toml names one."},
	{"AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN", "Credentials. All other settings of the AWS SDKs work, too."},
	{"AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE", "Where profiles are read from."},
	{"AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_<SERVICE>", "Another endpoint than AWS, such as an emulator."},
	{"ACCESSIBLE", "Like --accessible, unless it is empty, 0 or false."},
	{"NO_COLOR", "Like --no-color, unless it is empty."},
	{"CI", "Unless it is empty or false, no question is asked and no screen is opened, as without a terminal."},
	{"TERM", "With dumb the same."},
	{"LC_ALL, LC_CTYPE, LANG", "The first that is set says whether signs beyond ASCII can be shown: it must name UTF-8."},
	{"XDG_STATE_HOME, XDG_CACHE_HOME", "Where the files below are kept."},
	{"SOURCE_DATE_EPOCH", "The date of man pages that berth man writes."},
}

// kept are the files that berth reads and writes.
var kept = []word{
	{"berth.toml", "What the app shall be, in its folder. The wizard writes it; what it does not say is read from the source tree."},
	{"$XDG_STATE_HOME/berth/simulated/", "The simulated accounts of --simulate, one file per folder of an app."},
	{"$XDG_STATE_HOME/berth/runs/", "What the newest 50 runs told, for other terminals to watch and to know how long steps take; readable by nobody else."},
	{"$XDG_CACHE_HOME/berth/prices.txt", "The prices that berth prices refresh has read."},
	{"~/.aws/config, ~/.aws/credentials", "Profiles and credentials, as the AWS CLI keeps them. Only read."},
}

// rest is what only the page of berth itself has.
func rest(b *strings.Builder) {
	b.WriteString(".SH EXIT STATUS\n")
	for _, e := range exitCodes {
		terms(b, strconv.Itoa(e.code), e.means)
	}
	b.WriteString(".PP\n" + running("Whatever happened, the same command continues: AWS itself is the state, and every "+
		"resource is looked up before it is made.") + "\n")
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
