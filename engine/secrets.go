package engine

import (
	"context"
	"crypto/rand"

	"berth/engine/plan"
	"berth/engine/project"
	"berth/engine/resource"
	"berth/engine/secret"
	"berth/engine/spec"
)

// Secret is a secret of an app, without its value.
type Secret = secret.Secret

// SecretMissing is the state of a Secret that berth.toml names and nobody set.
const SecretMissing = secret.Missing

// Secrets are the secrets of an app: those that its berth.toml names and those that are kept, missing ones first.
func (e *Engine) Secrets(ctx context.Context, s *spec.Spec) ([]Secret, error) {
	store, err := e.store(ctx, s)
	if err != nil {
		return nil, err
	}
	return store.Secrets(ctx, s)
}

// SetSecret keeps the value of a secret in the account and returns its version. What runs takes it with the next
// deployment.
func (e *Engine) SetSecret(ctx context.Context, s *spec.Spec, name, value string) (version int64, err error) {
	if err := e.Namesake(ctx, s); err != nil {
		return 0, err
	}
	store, err := e.guarded(ctx, s)
	if err != nil {
		return 0, err
	}
	return store.Set(ctx, name, value)
}

// UnsetSecret removes a secret from the account. That there is none is a Refused fail.Error.
func (e *Engine) UnsetSecret(ctx context.Context, s *spec.Spec, name string) error {
	if err := e.Namesake(ctx, s); err != nil {
		return err
	}
	store, err := e.guarded(ctx, s)
	if err != nil {
		return err
	}
	return store.Unset(ctx, name)
}

func (e *Engine) store(ctx context.Context, s *spec.Spec) (secret.Store, error) {
	clients, err := e.connect(ctx, s.Region)
	if err != nil {
		return secret.Store{}, err
	}
	return secret.Store{Clients: clients, Owner: Owner{App: s.App, Env: s.EnvName, Demanded: resource.Demand(s.AccountRules.Tags)}}, nil
}

// Variable is an environment variable that an app does not start without.
type Variable = project.Variable

// Unread says whether the value of a variable is one that nobody may read.
func Unread(v *Variable) bool {
	return v != nil && (v.Kind == project.Secret || v.Kind == project.Generated)
}

// MakeUp makes up the value of a variable for which any random text of its form will do.
func MakeUp(v *Variable) (Given, error) {
	form := project.Random{Length: 64, Alphabet: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"}
	if v.Random != nil {
		form = *v.Random
	}
	text, err := form.Text(rand.Reader)
	if err != nil {
		return Given{}, err
	}
	return Give(v.Name, text, true)
}

// guarded is the store that is changed: of the account that berth.toml names, if it names one.
func (e *Engine) guarded(ctx context.Context, s *spec.Spec) (secret.Store, error) {
	store, err := e.store(ctx, s)
	if err != nil || s.Account == "" {
		return store, err
	}
	id, err := store.Clients.WhoAmI(ctx)
	if err == nil && id.Account != s.Account {
		err = plan.WrongAccount(s.Account, id.Account)
	}
	return store, err
}
