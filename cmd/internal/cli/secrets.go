package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/joho/godotenv"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"berth/cmd/internal/report"
	"berth/engine"
	"berth/engine/fail"
	"berth/engine/spec"
)

func (a *app) secretsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "secrets", Short: "Set, list and remove the app's secrets", Args: noArgs,
		Long: "Secrets are kept encrypted in the account's Parameter Store and passed to the app as environment variables when its\n" +
			"tasks start. berth.toml names them but never holds a value, and berth never prints one.",
		Example: "  berth secrets set STRIPE_KEY\n  berth secrets list\n  berth secrets import .env",
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.secretsSet(), a.secretsList(), a.secretsUnset(), a.secretsImport())
	return cmd
}

// isSet is what secrets set and secrets import --json answer of each secret.
type isSet struct {
	Name    string `json:"name"`
	Version int64  `json:"version"`
}

func (a *app) secretsSet() *cobra.Command {
	var flags said
	var file string
	cmd := &cobra.Command{
		Use: "set NAME...", Short: "Set secrets, from a hidden prompt, stdin or a file",
		Long: "Asks for the value without showing it. Without a terminal it reads the value of one secret from all of stdin, less one\n" +
			"trailing newline. With --from-env-file it takes the values of the named secrets from a file of NAME=value lines. A name that\n" +
			"berth.toml does not have is added to from_ssm in [secrets]. The app gets a new value with the next deployment.",
		Example: "  berth secrets set STRIPE_KEY\n  printf %s \"$KEY\" | berth secrets set STRIPE_KEY\n  berth secrets set A B --from-env-file .env",
		RunE: func(cmd *cobra.Command, names []string) error {
			if len(names) == 0 {
				return usage(cmd, "name the secret to set")
			}
			return a.setSecrets(cmd, flags, names, func(name string) (string, error) {
				if file != "" {
					return fromFile(file, name)
				}
				return a.askSecret(cmd, name, len(names))
			})
		},
	}
	a.registerApp(&flags, cmd)
	cmd.Flags().StringVar(&file, "from-env-file", "", "take the values from a file of NAME=value lines")
	return cmd
}

// setSecrets sets each secret to what value says, and makes berth.toml name them. All values are there before the first
// is set.
func (a *app) setSecrets(cmd *cobra.Command, flags said, names []string, value func(name string) (string, error)) error {
	s, err := a.named(cmd.Context(), flags)
	if err != nil {
		return err
	}
	values := map[string]string{}
	for _, name := range names {
		if err := secretName(cmd, name); err != nil {
			return err
		}
		if values[name], err = value(name); err != nil {
			return err
		}
	}
	var out []isSet
	err = a.with(s.Region, func(eng *account) error {
		for _, name := range names {
			v, err := eng.SetSecret(cmd.Context(), s, name, values[name])
			if err != nil {
				return err
			}
			out = append(out, isSet{name, v})
		}
		return nil
	})
	if len(out) == 0 {
		return err
	}
	added, saveErr := a.nameSecrets(out)
	if err = errors.Join(err, saveErr); err != nil {
		return err
	}
	return a.answer(out, func(w io.Writer) {
		for _, o := range out {
			fmt.Fprintf(w, "%s is set, version %d\n", o.Name, o.Version)
		}
		if added {
			fmt.Fprintln(w, "added the new names to berth.toml: from_ssm in [secrets]")
		}
		fmt.Fprintln(w, "the app gets it with the next berth deploy")
	})
}

// secretName refuses what can be no secret of an app.
func secretName(cmd *cobra.Command, name string) error {
	if got, err := spec.SecretName(name); err != nil || got != name {
		return usage(cmd, fmt.Sprintf("%q is not a valid name of an environment variable", name))
	}
	if strings.EqualFold(name, "lock") {
		return usage(cmd, "lock is the name of the parameter that berth itself locks the app with")
	}
	return nil
}

// nameSecrets adds the secrets that berth.toml does not name to it.
func (a *app) nameSecrets(set []isSet) (added bool, err error) {
	s, err := a.load(said{})
	if err != nil {
		return false, err
	}
	all := slices.Clone(s.Secrets.FromSSM)
	for _, o := range set {
		_, elsewhere := s.Secrets.ARNs[o.Name]
		if !elsewhere && !slices.ContainsFunc(all, func(ref string) bool { n, err := spec.SecretName(ref); return err == nil && n == o.Name }) {
			all = append(all, o.Name)
		}
	}
	if len(all) == len(s.Secrets.FromSSM) {
		return false, nil
	}
	if err := s.Set("secrets.from_ssm", all, spec.Origin{Kind: spec.Answer, Text: "berth secrets"}); err != nil {
		return false, err
	}
	return s.Save()
}

// askSecret is a value that somebody types, unseen, or that stdin holds.
func (a *app) askSecret(cmd *cobra.Command, name string, of int) (string, error) {
	in, isFile := a.In.(*os.File)
	if isFile && term.IsTerminal(int(in.Fd())) {
		fmt.Fprintf(a.Err, "%s: ", name)
		b, err := term.ReadPassword(int(in.Fd()))
		fmt.Fprintln(a.Err)
		return string(b), err
	}
	if of > 1 {
		return "", usage(cmd, "stdin holds the value of one secret; use --from-env-file for several")
	}
	b, err := io.ReadAll(io.LimitReader(a.In, 1<<20))
	value := strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r")
	if err == nil && value == "" {
		return "", usage(cmd, "stdin holds no value for "+name+"; pipe it, or run this in a terminal")
	}
	return value, err
}

// readEnvFile reads a file of lines NAME=value. Errors do not quote the file.
func readEnvFile(file string) (map[string]string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, &fail.Error{Class: fail.Usage, Cause: file + " cannot be read", Evidence: err.Error(), Err: err}
	}
	values, err := godotenv.UnmarshalBytes(text)
	if err != nil { // the parser's words hold the line
		return nil, &fail.Error{Class: fail.Usage, Cause: file + " is not a file of NAME=value lines"}
	}
	return values, nil
}

func fromFile(file, name string) (string, error) {
	values, err := readEnvFile(file)
	if err != nil {
		return "", err
	}
	v, ok := values[name]
	if !ok {
		return "", &fail.Error{Class: fail.Usage, Cause: file + " holds no " + name}
	}
	return v, nil
}

func (a *app) secretsList() *cobra.Command {
	var flags said
	cmd := &cobra.Command{
		Use: "list", Short: "List the secrets with place and version, and missing ones", Args: noArgs,
		Example: "  berth secrets list\n  berth secrets list --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := a.named(cmd.Context(), flags)
			if err != nil {
				return err
			}
			return a.with(s.Region, func(eng *account) error {
				all, err := eng.Secrets(cmd.Context(), s)
				if err != nil {
					return err
				}
				if all == nil {
					all = []engine.Secret{}
				}
				return a.answer(all, func(w io.Writer) { report.Secrets(w, all, eng.Clock().Now()) })
			})
		},
	}
	a.registerApp(&flags, cmd)
	return cmd
}

func (a *app) secretsUnset() *cobra.Command {
	var flags said
	cmd := &cobra.Command{
		Use: "unset NAME...", Short: "Remove secrets",
		Long:    "Removes the values from the account and the names from berth.toml. Running tasks keep them until the next deployment.",
		Example: "  berth secrets unset STRIPE_KEY",
		RunE: func(cmd *cobra.Command, names []string) error {
			if len(names) == 0 {
				return usage(cmd, "name the secret to remove")
			}
			s, err := a.named(cmd.Context(), flags)
			if err != nil {
				return err
			}
			return a.with(s.Region, func(eng *account) error {
				for _, name := range names {
					if err := secretName(cmd, name); err != nil {
						return err
					}
					if err := eng.UnsetSecret(cmd.Context(), s, name); err != nil {
						return err
					}
					fmt.Fprintf(a.Err, "%s is removed\n", name)
				}
				return a.forgetSecrets(names)
			})
		},
	}
	a.registerApp(&flags, cmd)
	return cmd
}

// forgetSecrets takes names out of berth.toml.
func (a *app) forgetSecrets(names []string) error {
	s, err := a.load(said{})
	if err != nil {
		return err
	}
	left := slices.DeleteFunc(slices.Clone(s.Secrets.FromSSM), func(ref string) bool { return slices.Contains(names, ref) })
	if len(left) == len(s.Secrets.FromSSM) {
		return nil
	}
	if err := s.Set("secrets.from_ssm", left, spec.Origin{Kind: spec.Answer, Text: "berth secrets"}); err != nil {
		return err
	}
	_, err = s.Save()
	return err
}

func (a *app) secretsImport() *cobra.Command {
	var flags said
	var fly bool
	cmd := &cobra.Command{
		Use: "import [FILE]", Short: "Set secrets from a file of NAME=value lines, or from Fly.io",
		Long: "Sets each variable of the file as a secret. With --fly the names come from fly secrets list in the app's folder, and each\n" +
			"value is asked for, since Fly.io does not reveal values. An empty answer skips a secret.",
		Example: "  berth secrets import .env\n  berth secrets import --fly",
		RunE: func(cmd *cobra.Command, args []string) error {
			if fly {
				return a.importFly(cmd, flags)
			}
			if len(args) != 1 {
				return usage(cmd, "name the file to import, or say --fly")
			}
			values, err := readEnvFile(args[0])
			if err != nil {
				return err
			}
			var names []string
			for name, v := range values {
				if v != "" {
					names = append(names, name)
				}
			}
			if len(names) == 0 {
				return &fail.Error{Class: fail.Usage, Cause: args[0] + " holds no value"}
			}
			slices.Sort(names)
			return a.setSecrets(cmd, flags, names, func(name string) (string, error) { return values[name], nil })
		},
	}
	a.registerApp(&flags, cmd)
	cmd.Flags().BoolVar(&fly, "fly", false, "take the names from Fly.io and ask for each value")
	return cmd
}
