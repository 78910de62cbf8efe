package screen

import (
	"slices"
	"strings"

	"berth/engine"
)

// Secret says that a finding is about a variable whose value nobody may read.
func Secret(f Finding) bool {
	return f.Variable.Secret()
}

// MakeUp settles a variable for which any random text will do: a text of the right form is made up, and kept in the
// account with the yes to the plan. What the account has already stays.
func (s *Session) MakeUp(v *engine.Variable) error {
	value, err := v.Invent()
	if err != nil {
		return err
	}
	g, err := engine.Give(v.Name, value, true)
	if err != nil {
		return err
	}
	return s.keep(g)
}

// KeepSecret settles a variable with a value that was typed, or, where that is the path or the ARN of a secret that is
// kept already, with that. A value is kept in the account with the yes to the plan, and nowhere before.
func (s *Session) KeepSecret(v *engine.Variable, typed string) error {
	if Reference(typed) {
		return s.name(typed)
	}
	g, err := engine.Give(v.Name, typed, false)
	if err != nil {
		return err
	}
	return s.keep(g)
}

// Reference says that what was typed names a secret that is kept already.
func Reference(typed string) bool {
	return strings.HasPrefix(typed, "arn:aws") || strings.HasPrefix(typed, "/") && strings.Count(typed, "/") > 1 && !strings.ContainsAny(typed, "=+ ")
}

// keep has a value kept with the yes to the plan.
func (s *Session) keep(given engine.Given) error {
	if err := s.name(given.Name); err != nil {
		return err
	}
	s.given = append(slices.DeleteFunc(s.given, func(g engine.Given) bool { return g.Name == given.Name }), given)
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

// Makes is what berth can make so that the variable leads to it: "database", "cache", or nothing.
func Makes(v *engine.Variable) string {
	switch {
	case v == nil:
		return ""
	case v.Database || v.Part != "":
		return "database"
	case v.Cache:
		return "cache"
	}
	return ""
}

// Make settles a variable with what the deployment makes for it.
func (s *Session) Make(v *engine.Variable) error {
	table, kind, usual := "database", "postgres", "DATABASE_URL"
	if v.Cache {
		table, kind, usual = "cache", "valkey", "REDIS_URL"
	} else if d := s.Findings.Database; d != nil && d.Engine != "" {
		kind = d.Engine
	}
	if err := s.Draft.Set(table+".engine", kind); err != nil {
		return err
	}
	if v.Name == usual || v.Part != "" {
		return nil
	}
	return s.Draft.Set(table+".variable", v.Name)
}
