package screen

import (
	"crypto/rand"
	"slices"
	"strings"

	"berth/engine"
	"berth/engine/project"
)

// Secret says that a finding is about a variable whose value nobody may read.
func Secret(f Finding) bool {
	return f.Variable != nil && (f.Variable.Kind == project.Secret || f.Variable.Kind == project.Generated)
}

// MakeUp settles a variable for which any random text will do: a text of the right form is made up, and kept in the
// account with the yes to the plan. What the account has already stays.
func (s *Session) MakeUp(v *project.Variable) error {
	form := project.Random{Length: 64, Alphabet: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"}
	if v.Random != nil {
		form = *v.Random
	}
	text, err := form.Text(rand.Reader)
	if err != nil {
		return err
	}
	return s.keep(v.Name, text, true)
}

// KeepSecret settles a variable with a value that was typed, or, where that is the path or the ARN of a secret that is
// kept already, with that. A value is kept in the account with the yes to the plan, and nowhere before.
func (s *Session) KeepSecret(v *project.Variable, typed string) error {
	if Reference(typed) {
		return s.name(typed)
	}
	return s.keep(v.Name, typed, false)
}

// Reference says that what was typed names a secret that is kept already.
func Reference(typed string) bool {
	return strings.HasPrefix(typed, "arn:aws") || strings.HasPrefix(typed, "/") && strings.Count(typed, "/") > 1 && !strings.ContainsAny(typed, "=+ ")
}

func (s *Session) keep(name, value string, fresh bool) error {
	g, err := engine.Give(name, value, fresh)
	if err != nil {
		return err
	}
	if err := s.name(name); err != nil {
		return err
	}
	s.given = append(slices.DeleteFunc(s.given, func(g engine.Given) bool { return g.Name == name }), g)
	return nil
}

// name names a secret in berth.toml as it is being answered.
func (s *Session) name(ref string) error {
	all := s.Spec().Secrets.FromSSM
	if slices.Contains(all, ref) {
		return nil
	}
	return s.Draft.Set("secrets.from_ssm", strings.Join(append(slices.Clone(all), ref), ", "))
}

// NewDatabase settles the variable by which the app finds its database with one that the deployment makes.
func (s *Session) NewDatabase(v *project.Variable) error {
	kind := "postgres"
	if d := s.Findings.Database; d != nil && d.Engine != "" {
		kind = d.Engine
	}
	if err := s.Draft.Set("database.engine", kind); err != nil {
		return err
	}
	if v.Name == "DATABASE_URL" {
		return nil
	}
	return s.Draft.Set("database.variable", v.Name)
}
