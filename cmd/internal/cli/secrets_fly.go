package cli

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"

	"github.com/spf13/cobra"

	"berth/engine/fail"
)

// importFly asks for the values of the secrets that the app has on Fly.io.
func (a *app) importFly(cmd *cobra.Command, flags said) error {
	if !a.Terminal {
		return usage(cmd, "--fly asks for each value, and there is no terminal to ask on")
	}
	dir, err := a.dir()
	if err != nil {
		return err
	}
	names, err := flySecrets(cmd, dir)
	if err != nil {
		return err
	}
	values := map[string]string{}
	for _, name := range names {
		v, err := a.askSecret(cmd, name, 1)
		if err != nil {
			return err
		}
		if v != "" {
			values[name] = v
		}
	}
	names = slices.DeleteFunc(names, func(n string) bool { return values[n] == "" })
	if len(names) == 0 {
		fmt.Fprintln(a.Err, "nothing was set")
		return nil
	}
	return a.setSecrets(cmd, flags, names, func(name string) (string, error) { return values[name], nil })
}

// flySecrets are the names that fly secrets list tells, by whichever of its two names the program has.
func flySecrets(cmd *cobra.Command, dir string) ([]string, error) {
	for _, program := range []string{"fly", "flyctl"} {
		path, err := exec.LookPath(program)
		if err != nil {
			continue
		}
		c := exec.CommandContext(cmd.Context(), path, "secrets", "list", "--json")
		c.Dir = dir
		out, err := c.Output()
		if err != nil {
			return nil, &fail.Error{Class: fail.Failed, Cause: "fly secrets list failed", Evidence: err.Error(), Remedy: "sign in with: fly auth login", Err: err}
		}
		var listed []struct{ Name string }
		if err := json.Unmarshal(out, &listed); err != nil {
			return nil, &fail.Error{Class: fail.Failed, Cause: "the output of fly secrets list cannot be read", Evidence: err.Error(), Err: err}
		}
		var names []string
		for _, l := range listed {
			names = append(names, l.Name)
		}
		slices.Sort(names)
		return names, nil
	}
	return nil, &fail.Error{
		Class: fail.Failed, Cause: "neither fly nor flyctl is installed here", Remedy: "name the secrets yourself: berth secrets set NAME...",
	}
}
