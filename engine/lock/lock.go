// Package lock makes sure that one run at a time changes an app. The lock is a parameter in AWS Systems
// Manager, so that it holds between machines; it says who has it and is refreshed while the run goes on, so
// that one whose holder died can be told from one in use and taken over.
package lock

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/user"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"berth/engine/cloud"
	"berth/engine/fail"
	"berth/engine/resource"
)

const (
	// Beat is how often a holder shows that it is alive.
	Beat = 20 * time.Second
	// Stale is how long a holder may be silent before it counts as dead.
	Stale = 3 * Beat
	// settle is how long after taking a lock it is read again: two who took it over at the same moment both
	// see then who was last.
	settle = time.Second
)

// Parameter is the last part of the name of every lock. No secret of an app may have it.
const Parameter = "lock"

// Name is the name of the parameter that is the lock of an app.
func Name(o resource.Owner) string { return "/" + o.Path() + "/" + Parameter }

// Holder is who has the lock. It is what the parameter holds, as JSON; it tells no secret.
type Holder struct {
	Run     string    `json:"run"`
	Verb    string    `json:"verb"`
	User    string    `json:"user"`
	Host    string    `json:"host"`
	PID     int       `json:"pid"`
	ARN     string    `json:"arn"` // of the credentials
	Started time.Time `json:"started"`
	Seen    time.Time `json:"seen"` // the last beat, by the holder's clock
	Beats   int       `json:"beats"`
}

// Me is the holder that this process is.
func Me(run, verb, arn string, now time.Time) Holder {
	h := Holder{Run: run, Verb: verb, ARN: arn, PID: os.Getpid(), Started: now, Seen: now}
	if u, err := user.Current(); err == nil {
		h.User = u.Username
	}
	if host, err := os.Hostname(); err == nil {
		h.Host = host
	}
	return h
}

// Lock is held until Release.
type Lock struct {
	clients *cloud.Clients
	name    string
	tags    []ssmtypes.Tag
	holder  Holder
	stop    context.CancelFunc
	done    chan struct{}
}

// Waiting is called while it is not clear yet whether another holder is alive.
type Waiting func(text string)

// Acquire takes the lock of an app. The tags that its organization demands are on it from the start. A lock that is in use is a Refused failure saying who has
// it; one whose holder died is taken over, which may need Stale to find out. lost is called, once and from
// another goroutine, when somebody else takes the lock away meanwhile.
func Acquire(ctx context.Context, c *cloud.Clients, o resource.Owner, me Holder, waiting Waiting, lost func()) (*Lock, error) {
	l := &Lock{clients: c, name: Name(o), holder: me, done: make(chan struct{})}
	for k, v := range o.Demanded.Tags() {
		l.tags = append(l.tags, ssmtypes.Tag{Key: &k, Value: &v})
	}
	for wrested := false; ; wrested = true {
		err := l.put(ctx, false)
		if err == nil && wrested {
			err = l.confirm(ctx)
		}
		if err == nil {
			break
		}
		if !cloud.Is(err, "ParameterAlreadyExists") {
			return nil, cloud.Explain("lock the app", err)
		}
		if h, ok, err := l.read(ctx); err == nil && ok && h.Run == me.Run {
			break // the answer of the call that took it got lost
		}
		if err := l.wrest(ctx, waiting); err != nil {
			return nil, err
		}
	}
	beat, cancel := context.WithCancel(context.WithoutCancel(ctx))
	l.stop = cancel
	go l.keep(beat, lost)
	return l, nil
}

// Sweep removes the lock of a dead run. One that is in use, or that cannot be read here, is left alone.
func Sweep(ctx context.Context, c *cloud.Clients, name string, me Holder, waiting Waiting) error {
	l := &Lock{clients: c, name: name, holder: me}
	err := l.wrest(ctx, waiting)
	if errors.Is(err, errTaken) || cloud.Unknown(err) || cloud.Denied(err) {
		return nil
	}
	return err
}

// errTaken is wrapped by the failure that another run holds the lock.
var errTaken = errors.New("locked by another run")

// put writes the parameter. Tags go with a new one alone.
func (l *Lock) put(ctx context.Context, overwrite bool) error {
	b, err := json.Marshal(l.holder)
	if err != nil {
		return fmt.Errorf("write the lock: %w", err)
	}
	in := &ssm.PutParameterInput{Name: &l.name, Value: aws.String(string(b)), Type: ssmtypes.ParameterTypeString, Overwrite: &overwrite}
	if !overwrite {
		in.Tags = l.tags
	}
	_, err = l.clients.SSM.PutParameter(ctx, in)
	return err
}

// read returns who has the lock, ok false when nobody has it.
func (l *Lock) read(ctx context.Context) (h Holder, ok bool, err error) {
	out, err := l.clients.SSM.GetParameter(ctx, &ssm.GetParameterInput{Name: &l.name})
	if cloud.NotFound(err) {
		return Holder{}, false, nil
	}
	if err != nil {
		return Holder{}, false, cloud.Explain("read the lock", err)
	}
	if err := json.Unmarshal([]byte(aws.ToString(out.Parameter.Value)), &h); err != nil {
		return Holder{}, true, nil //nolint:nilerr // an unreadable lock has no living holder
	}
	return h, true, nil
}

// wrest removes a lock whose holder is dead. It watches a holder that may be alive until it shows that it
// is, which is a Refused failure, or is silent for too long.
func (l *Lock) wrest(ctx context.Context, waiting Waiting) error {
	first, ok, err := l.read(ctx)
	if err != nil || !ok {
		return err
	}
	clk, since := l.clients.Clock, l.clients.Clock.Now()
	for !dead(first, l.holder) && clk.Since(since) < Stale {
		if waiting != nil {
			waiting(fmt.Sprintf("%s has held the lock since %s; checking whether that run is still alive",
				first.Who(), first.Started.UTC().Format("15:04:05 MST")))
		}
		if err := clk.Sleep(ctx, Beat/4); err != nil {
			return err
		}
		now, ok, err := l.read(ctx)
		if err != nil || !ok {
			return err
		}
		if now.Run != first.Run || now.Beats != first.Beats {
			return taken(now, l.holder)
		}
	}
	_, err = l.clients.SSM.DeleteParameter(ctx, &ssm.DeleteParameterInput{Name: &l.name})
	if err != nil && !cloud.NotFound(err) {
		return cloud.Explain("take the lock over", err)
	}
	return nil
}

// dead says whether the holder is certainly gone: a process of this machine that does not exist any more.
func dead(h, me Holder) bool {
	return h.Host == "" || h.Host == me.Host && h.PID != me.PID && !alive(h.PID)
}

// Who names the user and the machine, for people.
func (h Holder) Who() string {
	who := h.User
	if who == "" {
		who = h.ARN
	}
	if h.Host != "" {
		who += " on " + h.Host
	}
	return who
}

func taken(h, me Holder) error {
	remedy := "wait until it has finished, or stop it there"
	if h.Host == me.Host {
		remedy += "; it runs on this machine, so berth in its folder shows it live"
	}
	return &fail.Error{
		Class: fail.Refused, Cause: "another " + h.Verb + " of this app is in progress",
		Evidence: fmt.Sprintf("%s, run %s, since %s", h.Who(), h.Run, h.Started.UTC().Format(time.RFC3339)),
		Remedy:   remedy,
		Err:      errTaken,
	}
}

// Read returns who has the lock with that parameter name, nil when nobody has it.
func Read(ctx context.Context, c *cloud.Clients, name string) (*Holder, error) {
	l := &Lock{clients: c, name: name}
	h, ok, err := l.read(ctx)
	if err != nil || !ok {
		return nil, err
	}
	return &h, nil
}

// Alive guesses whether the holder still runs: a process of this machine that is gone does not, and one that
// was silent for longer than Stale probably does not. Now is the time by the engine's clock.
func (h Holder) Alive(now time.Time) bool {
	host, _ := os.Hostname() // a machine without a name is like any other without one
	if h.Host == host && !alive(h.PID) {
		return false
	}
	return now.Sub(h.Seen) < Stale
}

// confirm looks, after a moment, whether the lock is still ours.
func (l *Lock) confirm(ctx context.Context) error {
	if err := l.clients.Clock.Sleep(ctx, settle); err != nil {
		return err
	}
	h, ok, err := l.read(ctx)
	if err != nil {
		return err
	}
	if !ok || h.Run != l.holder.Run {
		return taken(h, l.holder)
	}
	return nil
}

// keep shows that the holder is alive until the lock is released.
func (l *Lock) keep(ctx context.Context, lost func()) {
	defer close(l.done)
	for l.clients.Clock.Sleep(ctx, Beat) == nil {
		h, ok, err := l.read(ctx)
		if err != nil {
			continue // a beat that is missed is no harm; several in a row and another run may take over
		}
		if !ok || h.Run != l.holder.Run {
			lost()
			return
		}
		l.holder.Beats++
		l.holder.Seen = l.clients.Clock.Now()
		_ = l.put(ctx, true)
	}
}

// Release gives the lock back, if it is still ours. It may not be called twice.
func (l *Lock) Release(ctx context.Context) {
	l.stop()
	<-l.done
	if h, ok, err := l.read(ctx); err != nil || !ok || h.Run != l.holder.Run {
		return
	}
	_, _ = l.clients.SSM.DeleteParameter(ctx, &ssm.DeleteParameterInput{Name: &l.name})
}
