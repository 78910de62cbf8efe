package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/adrg/xdg"

	"berth/engine"
	"berth/engine/cloud"
	"berth/engine/fail"
	"berth/engine/image"
	"berth/engine/sim"
)

// account is an open engine and how to let go of what stands behind it.
type account struct {
	*engine.Engine
	close func() error
}

// open makes the engine for a region: on AWS, or on the simulated account of the app's folder.
func (a *app) open(region string) (*account, error) {
	if !a.flags.simulate {
		if err := a.noSimFlags(); err != nil {
			return nil, err
		}
		return a.openOn(region, cloud.Environment{}, nil, runsFolder()), nil
	}
	sims, err := a.simulation(a.simFile)
	if err != nil {
		return nil, err
	}
	return a.openOn(region, sims.Environment(), nil, runsFolder()), nil
}

// runsFolder is where runs leave what they tell, for other terminals to watch them.
func runsFolder() string { return filepath.Join(xdg.StateHome, "berth", "runs") }

// openOn makes the engine on an environment. A nil builder means Docker; without runs nobody can watch.
func (a *app) openOn(region string, env cloud.Environment, builder image.Builder, runs string) *account {
	eng := engine.Open(engine.Options{
		Settings:    cloud.Settings{Region: region, Profile: a.flags.profile},
		Environment: env, Builder: builder, WaitForLogin: a.asks(), Runs: runs,
	})
	return &account{Engine: eng, close: func() error {
		if env.Close == nil {
			return nil
		}
		return env.Close()
	}}
}

// noSimFlags refuses flags of the simulated account on a real one: whoever gives them does not want to touch
// AWS.
func (a *app) noSimFlags() error {
	if a.flags.simState == "" && len(a.flags.simFaults) == 0 && a.flags.simSpeed == simSpeed {
		return nil
	}
	return &fail.Error{
		Class: fail.Usage, Cause: "--sim-state, --sim-speed and --sim-fault are about the simulated account",
		Remedy: "give --simulate, too",
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
			Class: fail.Failed, Cause: "the simulated account cannot be kept", Evidence: err.Error(),
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
