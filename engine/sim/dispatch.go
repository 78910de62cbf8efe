package sim

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
)

// call is one API call while it is being answered. It runs with the account locked.
type call struct {
	a   *Account
	st  *state
	r   *region
	now time.Time
}

type inputKey struct{}

// apiOptions is the two middlewares that put the account behind every client of a configuration.
func (a *Account) apiOptions() []func(*middleware.Stack) error {
	keep := middleware.InitializeMiddlewareFunc("sim.input", func(
		ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
	) (middleware.InitializeOutput, middleware.Metadata, error) {
		return next.HandleInitialize(middleware.WithStackValue(ctx, inputKey{}, in.Parameters), in)
	})
	answer := middleware.DeserializeMiddlewareFunc("sim.answer", func(
		ctx context.Context, _ middleware.DeserializeInput, _ middleware.DeserializeHandler,
	) (out middleware.DeserializeOutput, md middleware.Metadata, err error) {
		result, id, err := a.answer(ctx, awsmiddleware.GetRegion(ctx), middleware.GetStackValue(ctx, inputKey{}))
		awsmiddleware.SetRequestIDMetadata(&md, id)
		if err != nil {
			return out, md, wrap(err, id)
		}
		setMetadata(result, md)
		out.Result = result
		return out, md, nil
	})
	return []func(*middleware.Stack) error{func(s *middleware.Stack) error {
		if err := s.Initialize.Add(keep, middleware.After); err != nil {
			return fmt.Errorf("add input middleware: %w", err)
		}
		return s.Deserialize.Add(answer, middleware.Before)
	}}
}

// setMetadata fills the ResultMetadata field that every output has.
func setMetadata(out any, md middleware.Metadata) {
	if f := reflect.ValueOf(out).Elem().FieldByName("ResultMetadata"); f.IsValid() && f.CanSet() {
		f.Set(reflect.ValueOf(md))
	}
}

// answer is one attempt at an API call: half of its latency, the effect, the other half.
func (a *Account) answer(ctx context.Context, regionName string, in any) (out any, requestID string, err error) {
	service, name := operationOf(reflect.TypeOf(in).Elem())
	o, ok := catalog().operations[service+"."+name]
	if !ok {
		return nil, "", fmt.Errorf("sim: the simulated account does not know %s:%s", serviceNamed(service).actionPrefix(), name)
	}
	l := latRead
	if o.mutating {
		l = latWrite
	}
	a.mu.Lock()
	rec := Call{Service: serviceNamed(service).actionPrefix(), Operation: name, Mutating: o.mutating}
	half := a.delay(l, fmt.Sprintf("%s#%d", rec.Action(), a.nth[rec.Action()])) / 2
	a.mu.Unlock()
	if err := a.clk.Sleep(ctx, half); err != nil {
		return nil, "", &smithy.CanceledError{Err: err}
	}
	out, requestID, err = a.perform(o, regionName, rec, in, half)
	if errors.Is(err, errSilent) {
		return nil, requestID, noAnswer(ctx)
	}
	if serr := a.clk.Sleep(ctx, half); serr != nil {
		return nil, requestID, &smithy.CanceledError{Err: serr}
	}
	return out, requestID, err
}

// perform runs an operation with the account locked, records it, and lets the faults have their way.
func (a *Account) perform(o operation, regionName string, rec Call, in any, half time.Duration) (out any, id string, err error) {
	err = a.locked(func(st *state, now time.Time) (bool, error) {
		rec.Start, rec.End = now.Add(-half), now.Add(half)
		a.n++
		rec.N = a.n
		a.nth[rec.Action()]++
		id = stableID(st.Account, "request", fmt.Sprint(a.n))[:32]
		actions := o.actions(in)
		if err := a.before(&rec, o.service, actions, st); err != nil {
			a.record(rec, err)
			return false, err
		}
		if a.untagged(o, in) {
			err := deniedError(o.service, actions[0], st.principal())
			a.record(rec, err)
			return false, err
		}
		for _, act := range actions {
			a.used[act] = true
		}
		c := &call{a: a, st: st, now: now}
		if !o.mutating {
			c.st = a.view(st, serviceNamed(o.service), rec, now)
		}
		if c.r = c.st.bareRegion(regionName); !serviceNamed(o.service).placeless {
			c.r = c.st.regionNamed(regionName)
		}
		if o.mutating && len(a.past) == 0 {
			a.remember(st, time.Time{})
		}
		var err error
		out, err = o.run(c, in)
		if err == nil && o.page != nil {
			err = o.page.cut(in, out, a.opts.PageSize)
		}
		rec.Effect = err == nil
		if o.mutating && serviceNamed(o.service).wires {
			a.rewire(st, now)
		}
		if o.mutating {
			a.remember(st, now)
		}
		if err == nil {
			err = a.after(&rec)
		}
		a.record(rec, err)
		return o.mutating, err
	})
	if err != nil {
		return nil, id, err
	}
	return out, id, nil
}

// rewire is what follows from a change that may open or close a way to tasks.
func (a *Account) rewire(st *state, now time.Time) {
	for _, s := range services() {
		if s.rewire == nil {
			continue
		}
		for _, name := range st.regionNames() {
			s.rewire(&world{a: a, st: st, r: st.Regions[name]}, now)
		}
	}
}

// record keeps a call.
func (a *Account) record(rec Call, err error) {
	var api smithy.APIError
	switch {
	case errors.As(err, &api):
		rec.Code = api.ErrorCode()
	case errors.Is(err, ErrCut):
		rec.Code = "ConnectionCut"
	case err != nil:
		rec.Code = "ConnectionLost"
	}
	if len(a.calls) >= callsKept {
		a.calls = append(a.calls[:0:0], a.calls[callsKept/2:]...)
	}
	a.calls = append(a.calls, rec)
}

// needs checks and records an IAM action beyond the operation's own.
func (c *call) needs(service, action string) error {
	if c.a.denied([]string{action}) != "" {
		return deniedError(service, action, c.st.principal())
	}
	c.a.used[action] = true
	return nil
}
