package data

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"berth/engine/resource"
)

// DatabaseURL is the parameter that tells the app where its database is, with user and password, as one URL.
// query is what stands behind the question mark, such as sslmode=require; drivers differ in the word for TLS.
func DatabaseURL(o resource.Owner, d *Database, query string) *Parameter {
	u := databaseURL{d, query}
	return &Parameter{
		Owner: o, ID: "database-url", Key: "database/url", Label: "the database's address",
		After: []resource.Need{{On: d, Ready: true}}, Value: u.value, Stamp: u.stamp,
		Unneeded: d.Unneeded,
	}
}

type databaseURL struct {
	*Database
	query string
}

func (u databaseURL) url(user *url.Userinfo) string {
	return (&url.URL{
		Scheme: u.Engine, User: user, Host: fmt.Sprintf("%s:%d", u.Host, u.Port), Path: "/" + u.In, RawQuery: u.query,
	}).String()
}

// stamp is the URL without the password, and which password it is.
func (u databaseURL) stamp() (string, bool) {
	if u.Host == "" || u.Password.Version == 0 {
		return "", false
	}
	return fmt.Sprintf("%s, password version %d", u.url(url.User(u.User)), u.Password.Version), true
}

func (u databaseURL) value(ctx context.Context, s *resource.Scope) (string, error) {
	if u.Host == "" {
		return "", errors.New("the database has no address yet")
	}
	password, err := u.Password.Read(ctx, s)
	if err != nil {
		return "", err
	}
	return u.url(url.UserPassword(u.User, password)), nil
}
