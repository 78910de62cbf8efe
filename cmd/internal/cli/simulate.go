package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/adrg/xdg"

	"berth/engine/fail"
	"berth/engine/sim"
)

// noSimFlags refuses flags of the simulated account on a real one: whoever gives them does not want to touch
// AWS.
func (a *app) noSimFlags() error {
	if a.flags.simState == "" && len(a.flags.simFaults) == 0 && a.flags.simSpeed == simSpeed {
		return nil
	}
	return &fail.Error{
		Class: fail.Usage, Cause: "--sim-state, --sim-speed and --sim-fault configure the simulated account",
		Remedy: "add --simulate",
	}
}

// inMemory keeps a simulated account nowhere.
func inMemory() (string, error) { return "", nil }

// simulation opens the simulated account that the file with that name keeps.
func (a *app) simulation(name func() (string, error)) (*sim.Account, error) {
	if a.flags.simSpeed < 1 {
		return nil, fail.Usagef("--sim-speed must be 1 or more, not %g", a.flags.simSpeed)
	}
	var faults []sim.Fault
	for _, rule := range a.flags.simFaults {
		f, err := sim.ParseFault(rule)
		if err != nil {
			return nil, &fail.Error{Class: fail.Usage, Cause: "--sim-" + err.Error(), Remedy: faultHelp(), Err: err}
		}
		faults = append(faults, f)
	}
	file, err := name()
	if err != nil {
		return nil, err
	}
	account, err := sim.Open(sim.Options{File: file, Speed: a.flags.simSpeed, Faults: faults, Region: simRegion})
	if err != nil {
		return nil, fmt.Errorf("open the simulated account: %w", err)
	}
	return account, nil
}

func faultHelp() string {
	var b strings.Builder
	b.WriteString("one of")
	for _, r := range sim.FaultHelp() {
		fmt.Fprintf(&b, "\n  %-26s %s", r.Rule, r.Text)
	}
	return b.String()
}

// simFile is the file that keeps the simulated account, in a folder that is there.
func (a *app) simFile() (string, error) {
	name, err := a.simName()
	if err != nil || a.flags.simState != "" {
		return name, err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return "", &fail.Error{
			Class: fail.Failed, Cause: "the simulated account cannot be saved", Evidence: err.Error(),
			Remedy: "name a file with --sim-state", Err: err,
		}
	}
	return name, nil
}

// simName is the name of that file: the one that was given, else one per folder of an app, beside other
// programs' state rather than in the folder, so that there is nothing to ignore in git and the next command in
// the folder finds it again.
func (a *app) simName() (string, error) {
	if a.flags.simState != "" {
		return a.flags.simState, nil
	}
	dir, err := a.dir()
	if err != nil {
		return "", err
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	sum := sha256.Sum256([]byte(dir))
	name := filepath.Base(dir) + "-" + hex.EncodeToString(sum[:6]) + ".json"
	return filepath.Join(xdg.StateHome, "berth", "simulated", name), nil
}

// simRegion is the region of a simulated account when nobody names one. A real account never gets a default:
// where an app runs is for its owner to say.
const simRegion = "eu-west-2"

// simSpeed is how much faster than AWS a simulated account is by default: the minutes of a deployment pass
// in seconds, and still can be watched.
const simSpeed = 20

func faultWords() []word {
	var out []word
	for _, r := range sim.FaultHelp() {
		out = append(out, word{r.Rule, r.Text})
	}
	return out
}
