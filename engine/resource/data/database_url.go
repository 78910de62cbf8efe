package data

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"berth/engine/resource"
)

// DatabaseURL is the parameter that tells the app where its database is, with user and password, as one text. form
// makes it of the parts user, password, host, port and name.
func DatabaseURL(o resource.Owner, d *Database, form func(parts map[string]string) string) *Parameter {
	u := databaseURL{d, form}
	return &Parameter{
		Owner: o, ID: "database-url", Key: "database/url", Label: "the database's address",
		After: []resource.Need{{On: d, Ready: true}}, Value: u.value, Stamp: u.stamp,
		Unneeded: d.Unneeded,
	}
}

type databaseURL struct {
	*Database
	form func(parts map[string]string) string
}

// url needs no escaping: names of RDS and passwords of ours are letters, digits and underscores.
func (u databaseURL) url(password string) string {
	return u.form(map[string]string{"user": u.User, "password": password, "host": u.Host, "port": strconv.Itoa(u.Port), "name": u.In})
}

// stamp is the URL without the password, and which password it is.
func (u databaseURL) stamp() (string, bool) {
	if u.Host == "" || u.Password.Which() == "" {
		return "", false
	}
	return fmt.Sprintf("%s, password %s", u.url("***"), u.Password.Which()), true
}

func (u databaseURL) value(ctx context.Context, s *resource.Scope) (string, error) {
	if u.Host == "" {
		return "", errors.New("the database has no address yet")
	}
	password, err := u.Password.Read(ctx, s)
	if err != nil {
		return "", err
	}
	return u.url(password), nil
}
