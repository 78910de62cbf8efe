package data

import (
	"context"
	"strings"
	"time"

	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/resource"
)

// Unattended implements Unattended.
func (d *Database) Unattended() {}

// Ready implements Waiter. A database that was restored has the password and the settings of then, which can be
// changed once it is available.
func (d *Database) Ready(ctx context.Context, s *resource.Scope) error {
	if err := d.await(ctx, s); err != nil {
		return err
	}
	if d.Diff(s).Action != event.Update {
		return nil
	}
	if err := d.modify(ctx, s); err != nil {
		return err
	}
	return d.await(ctx, s)
}

// await waits until AWS has done what it was asked for.
func (d *Database) await(ctx context.Context, s *resource.Scope) error {
	w := cloud.Wait{For: "the database to become available", Deadline: 40 * time.Minute}
	return s.Poll(ctx, w, d.Info().Usually, func(ctx context.Context) (bool, string, error) {
		set := d.set
		if err := d.Observe(ctx, s); err != nil {
			return false, "", err
		}
		if d.set == "" {
			d.set = set // tags spread more slowly than the rest
		}
		if d.found == nil {
			return false, "", nil
		}
		if broken[d.status()] || strings.HasPrefix(d.status(), "incompatible-") {
			return false, d.status(), d.failed()
		}
		return d.status() == "available" && d.Host != "" && !d.pending(), d.status(), nil
	})
}

// pending says whether the instance is about to change.
func (d *Database) pending() bool {
	p := d.found.PendingModifiedValues
	return p != nil && (p.DBInstanceClass != nil || p.MasterUserPassword != nil || p.EngineVersion != nil || p.AllocatedStorage != nil || p.MultiAZ != nil)
}

// broken are the statuses that an instance does not leave by itself.
var broken = map[string]bool{
	"failed": true, "storage-full": true, "inaccessible-encryption-credentials": true, "restore-error": true, "stopped": true,
}

// failed says what is wrong with an instance that does not become available.
func (d *Database) failed() error {
	e := &fail.Error{
		Class: fail.Failed, Cause: "the database " + d.Name() + " is " + d.status(),
		Remedy: "look at its events in the RDS console, then run the same command again",
	}
	switch d.status() {
	case "storage-full":
		e.Remedy = "give it more storage: set database.storage_gb in berth.toml, then berth deploy"
	case "stopped":
		e.Remedy = "start it: aws rds start-db-instance --db-instance-identifier " + d.Name()
	}
	return e
}
