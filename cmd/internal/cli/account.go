package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/adrg/xdg"

	"berth/engine"
	"berth/engine/cloud"
	"berth/engine/fail"
	"berth/engine/image"
)

// with opens the engine for f and lets go of it afterwards. A simulated account that cannot be saved is a
// failure unless f has failed already.
func (a *app) with(region string, f func(*account) error) error {
	eng, err := a.open(region)
	if err != nil {
		return err
	}
	err = f(eng)
	if closing := eng.close(); err == nil && closing != nil {
		return fmt.Errorf("save the simulated account: %w", closing)
	}
	return err
}

// watching is with for what runs of an app by its name.
func (a *app) watching(ctx context.Context, flags said, f func(*engine.Watch) error) error {
	s, err := a.named(ctx, flags)
	if err != nil {
		return err
	}
	return a.with(s.Region, func(eng *account) error {
		w, err := eng.Watch(ctx, s)
		if err != nil {
			return err
		}
		return f(w)
	})
}

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
		return a.openOn(region, a.aws(), a.machine, runsFolder()), nil
	}
	sims, err := a.simulation(a.simFile)
	if err != nil {
		return nil, err
	}
	env := sims.Environment()
	env.Plugin = plugin()
	return a.openOn(region, env, a.machine, runsFolder()), nil
}

// aws is AWS itself, with questions for what the credentials need where somebody is there.
func (a *app) aws() cloud.Environment {
	if !a.asks() {
		return cloud.Environment{}
	}
	return cloud.Environment{Config: a.terminal.Config}
}

// lend has the credentials of eng's account fetched while questions can be asked, before screens take the terminal.
func (a *app) lend(ctx context.Context, eng *account) error {
	if eng.Simulated() != "" {
		return nil
	}
	defer a.terminal.Take()
	return a.terminal.Prepare(ctx, a.settingsOf(a.flags.region))
}

// settingsOf are what AWS is connected to with.
func (a *app) settingsOf(region string) cloud.Settings {
	return cloud.Settings{Region: region, Profile: a.flags.profile, Log: a.log}
}

// askCode asks for the code of an MFA device.
func (a *app) askCode(ctx context.Context, serial string) (string, error) {
	fmt.Fprintf(a.Err, "MFA code for %s: ", serial)
	said := make(chan string, 1)
	go func() { // a read from a terminal cannot be taken back
		line, _ := bufio.NewReader(io.LimitReader(a.In, 100)).ReadString('\n')
		said <- strings.TrimSpace(line)
	}()
	select {
	case <-ctx.Done():
		fmt.Fprintln(a.Err)
		return "", ctx.Err()
	case code := <-said:
		if code == "" {
			return "", &fail.Error{Class: fail.Refused, Cause: "no MFA code was entered", Remedy: "type the digits that " + serial + " shows"}
		}
		return code, nil
	}
}

// openOn makes the engine on an environment. A nil builder means what this machine has; without runs nobody can watch.
func (a *app) openOn(region string, env cloud.Environment, builder image.Builder, runs string) *account {
	eng := engine.Open(engine.Options{
		Prices:      a.prices(),
		Identify:    true,
		Flags:       a.again,
		Settings:    a.settingsOf(region),
		Environment: env, Builder: builder, WaitForLogin: a.asks(), Runs: runs,
	})
	return &account{Engine: eng, close: func() error {
		if env.Close == nil {
			return nil
		}
		return env.Close()
	}}
}

// runsFolder is where runs leave what they tell, for other terminals to watch them.
func runsFolder() string { return filepath.Join(xdg.StateHome, "berth", "runs") }
