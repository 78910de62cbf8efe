package spec

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Variables are the names that ${…} may have in the values of [env]:
//
//	host         the public host name of the endpoint, without https://
//	region       the AWS region
//	cluster      the name of the ECS cluster
//	service_arn  the ARN of the ECS service
//	namespace    the DNS name under which the app's containers find each other
//
// and, beside a [database], database_host, database_port, database_name and database_user.
var Variables = []string{
	"host", "region", "cluster", "service_arn", "namespace",
	"database_host", "database_port", "database_name", "database_user",
}

// DatabaseParts are the names that ${…} may have in database.url.
var DatabaseParts = []string{"user", "password", "host", "port", "name"}

// Interpolate replaces each ${name} in text by vars[name]. $${ stands for a plain ${; a $ before anything
// else is a plain $. A name that vars does not have and a ${ without its } are errors.
func Interpolate(text string, vars map[string]string) (string, error) {
	var b strings.Builder
	err := scan(text, func(literal string) { b.WriteString(literal) }, func(name string) error {
		v, ok := vars[name]
		if !ok {
			known := make([]string, 0, len(vars))
			for k := range vars {
				known = append(known, k)
			}
			slices.Sort(known)
			return unknownVariable(name, known)
		}
		b.WriteString(v)
		return nil
	})
	if err != nil {
		return "", err
	}
	return b.String(), nil
}

// VariablesIn returns the names of the variables in a value of [env], each once, in order of appearance.
func VariablesIn(text string) ([]string, error) { return namesIn(text, Variables) }

// UsesDatabase says whether a value of [env] has a part of the database's address in it.
func UsesDatabase(text string) bool {
	used, _ := VariablesIn(text) // Validate tells what is wrong with it
	return slices.ContainsFunc(used, func(name string) bool { return strings.HasPrefix(name, "database_") })
}

// namesIn returns the names of the variables in text, each once, in order of appearance; one that is not known is an error.
func namesIn(text string, known []string) ([]string, error) {
	var names []string
	err := scan(text, func(string) {}, func(name string) error {
		if !slices.Contains(known, name) {
			return unknownVariable(name, known)
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
		return nil
	})
	return names, err
}

func unknownVariable(name string, known []string) error {
	if name == "database_password" {
		return errors.New("a password stands in no setting; name a variable that the app gets it in, as password_variable under [database]")
	}
	if n := Nearest(name, known); n != "" {
		return fmt.Errorf("there is no variable ${%s}; did you mean ${%s}?", name, n)
	}
	return fmt.Errorf("there is no variable ${%s}; there are ${%s}; write $${ for a plain ${",
		name, strings.Join(known, "} ${"))
}

// scan calls literal and variable for the parts of text, in order.
func scan(text string, literal func(string), variable func(string) error) error {
	for {
		i := strings.Index(text, "${")
		if i < 0 {
			literal(text)
			return nil
		}
		if i > 0 && text[i-1] == '$' {
			literal(text[:i-1] + "${")
			text = text[i+2:]
			continue
		}
		name, rest, ok := strings.Cut(text[i+2:], "}")
		if !ok {
			return fmt.Errorf("${ without its }; write $${ for a plain ${")
		}
		literal(text[:i])
		if err := variable(name); err != nil {
			return err
		}
		text = rest
	}
}
