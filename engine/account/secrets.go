package account

import (
	"context"

	"berth/engine/plan"
	"berth/engine/resource"
	"berth/engine/secret"
	"berth/engine/spec"
)

// Secrets are the secrets of an app: those that its berth.toml names and those that are kept, missing ones first.
func (a Account) Secrets(ctx context.Context, s *spec.Spec) ([]secret.Secret, error) {
	store, err := a.store(ctx, s)
	if err != nil {
		return nil, err
	}
	return store.Secrets(ctx, s)
}

// SetSecret keeps the value of a secret and returns its version. What runs takes it with the next deployment.
func (a Account) SetSecret(ctx context.Context, s *spec.Spec, name, value string) (version int64, err error) {
	store, err := a.owned(ctx, s)
	if err != nil {
		return 0, err
	}
	return store.Set(ctx, name, value)
}

// UnsetSecret removes a secret. That there is none is a Refused fail.Error.
func (a Account) UnsetSecret(ctx context.Context, s *spec.Spec, name string) error {
	store, err := a.owned(ctx, s)
	if err != nil {
		return err
	}
	return store.Unset(ctx, name)
}

func (a Account) store(ctx context.Context, s *spec.Spec) (secret.Store, error) {
	clients, err := a.Connect(ctx, s.Region)
	if err != nil {
		return secret.Store{}, err
	}
	return secret.Store{Clients: clients, Owner: resource.Owner{App: s.App, Env: s.EnvName, Demanded: resource.Demand(s.AccountRules.Tags)}}, nil
}

// owned is the store that may be changed: of this app and no namesake, in the account that berth.toml names, if it
// names one.
func (a Account) owned(ctx context.Context, s *spec.Spec) (secret.Store, error) {
	if err := a.Namesake(ctx, s); err != nil {
		return secret.Store{}, err
	}
	store, err := a.store(ctx, s)
	if err != nil || s.Account == "" {
		return store, err
	}
	id, err := store.Clients.WhoAmI(ctx)
	if err == nil && id.Account != s.Account {
		err = plan.WrongAccount(s.Account, id.Account)
	}
	return store, err
}
