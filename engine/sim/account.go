package sim

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"berth/engine/clock"
	"berth/engine/cloud"
)

// Options is how an account is opened. The zero Options is an empty account in memory at the speed of the
// wall clock.
type Options struct {
	Speed        float64   // how much faster than AWS; 0 and 1 are the wall clock (virtual in testing/synctest)
	File         string    // where the state is kept between processes; empty keeps it in memory
	Start        time.Time // what the clock shows first; zero is now. A state file's own time wins if later
	Region       string    // the region when neither the settings nor the environment name one
	Account      string    // twelve digits; empty is 123456789012. A state file's own account wins
	NoDefaultVPC bool      // a new account without default VPCs
	Faults       []Fault   // how it misbehaves
	Seed         uint64    // another seed makes other random faults
	PageSize     int       // how many items a page of any list has at most; zero is as many as with AWS
}

// defaultAccount is the id that AWS uses in its own examples.
const defaultAccount = "123456789012"

// callsKept bounds the record of calls.
const callsKept = 100_000

// Account is one simulated AWS account. It is safe for concurrent use.
type Account struct {
	opts   Options
	clk    clock.Clock
	faults []Fault
	errors map[string]keptError // what the edges of CloudFront keep, by domain and path
	seed   uint64
	opened time.Time // account time at Open

	mu      sync.Mutex
	st      *state
	skew    time.Duration // how far the state file's time was ahead of the clock when it was reloaded
	store   *store        // nil in memory
	n       int           // calls so far
	nth     map[string]int
	calls   []Call
	used    map[string]bool   // IAM actions
	spent   map[int]bool      // faults that happen once and did
	struck  map[int]time.Time // when faults struck first
	armed   []Fault           // what the first changing call brings about
	unheard int               // calls that numbered faults do not count
	renewed bool
	past    []snapshot // for the eventual fault
	uploads map[string]*upload
	objects map[string][]byte // what is in the objects of S3, by region, bucket and key; in memory only
}

// Open opens an account. With a File it loads what is there; a file that cannot be read as an account is an
// error that says so and leaves the file alone.
func Open(o Options) (*Account, error) {
	st := &state{Schema: schema, Account: o.Account, NoDefaultVPC: o.NoDefaultVPC, Regions: map[string]*region{}}
	if st.Account == "" {
		st.Account = defaultAccount
	}
	var file *store
	if o.File != "" {
		file = &store{path: o.File}
		unlock, err := file.lock()
		if err != nil {
			return nil, err
		}
		defer unlock()
		if _, err := file.load(&st); err != nil {
			return nil, err
		}
	}
	return open(o, st, file), nil
}

// Fork opens a copy of the account in memory: the account as it is now, for another process, of which this
// one will see nothing. A File in the options is not used.
func (a *Account) Fork(o Options) *Account {
	a.mu.Lock()
	defer a.mu.Unlock()
	return open(o, clone(a.st), nil)
}

func open(o Options, st *state, file *store) *Account {
	a := &Account{
		opts: o, faults: o.Faults, seed: o.Seed, st: st, store: file, clk: startClock(o, st.Now),
		nth: map[string]int{}, used: map[string]bool{}, spent: map[int]bool{}, struck: map[int]time.Time{}, uploads: map[string]*upload{}, objects: map[string][]byte{},
	}
	a.opened = a.now()
	return a
}

// startClock makes a clock that shows Start (or now), but never less than what the account has shown.
func startClock(o Options, shown time.Time) clock.Clock {
	start := o.Start
	if start.IsZero() {
		start = time.Now()
	}
	late := shown.After(start)
	if late {
		start = shown
	}
	if o.Speed <= 1 && o.Start.IsZero() && !late {
		return clock.Clock{}
	}
	return clock.At(start, max(o.Speed, 1))
}

// now is the account's time. Callers hold mu, or the account is not shared yet.
func (a *Account) now() time.Time {
	t := a.clk.Now().Add(a.skew).Round(0).UTC()
	if t.Before(a.st.Now) {
		return a.st.Now
	}
	return t
}

// locked runs fn on the state, brought up to the present, and saves it when fn says that it changed.
func (a *Account) locked(fn func(st *state, now time.Time) (changed bool, err error)) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.store != nil {
		unlock, err := a.store.lock()
		if err != nil {
			return err
		}
		defer unlock()
		fresh, err := a.store.load(&a.st)
		if err != nil {
			return err
		}
		if behind := a.st.Now.Sub(a.clk.Now().Add(a.skew)); fresh && behind > 0 {
			a.skew += behind
		}
	}
	now := a.now()
	a.advance(a.st, now)
	changed, err := fn(a.st, now)
	if changed && a.store != nil {
		if serr := a.store.save(a.st); serr != nil {
			return errors.Join(err, serr)
		}
	}
	return err
}

// Close saves the account when it has a file.
func (a *Account) Close() error {
	return a.locked(func(*state, time.Time) (bool, error) { return true, nil })
}

// Clock is the account's clock.
func (a *Account) Clock() clock.Clock { return a.clk }

// Environment is the account as the engine takes it.
func (a *Account) Environment() cloud.Environment {
	return cloud.Environment{
		Config:    a.config,
		Transport: &transport{a: a, outside: http.DefaultTransport},
		Resolver:  a.Resolver(),
		Clock:     a.clk,
		Simulated: a.sentence(),
		Close:     a.Close,
	}
}

func (a *Account) sentence() string {
	s := "This is a simulated AWS account: nothing is created in AWS and nothing costs money"
	if a.opts.File != "" {
		s += fmt.Sprintf("; it is kept in %s", a.opts.File)
	}
	return s + "."
}

// config makes the configuration for the SDK clients.
func (a *Account) config(_ context.Context, s cloud.Settings) (aws.Config, error) {
	region := s.Region
	for _, r := range []string{os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION"), a.opts.Region} {
		if region == "" {
			region = r
		}
	}
	return aws.Config{
		Region:      region,
		Credentials: credentials.NewStaticCredentialsProvider("AKIASIMULATED0000000", "simulated", ""),
		HTTPClient:  noHTTP{},
		APIOptions:  a.apiOptions(),
	}, nil
}

// noHTTP stands where the SDK's HTTP client would. Reaching it means that the middleware did not answer.
type noHTTP struct{}

// Do implements the SDK's HTTP client: it fails each request, since none may leave the simulated account.
func (noHTTP) Do(r *http.Request) (*http.Response, error) {
	return nil, fmt.Errorf("sim: a request got past the simulated account: %s %s", r.Method, r.URL)
}

// RenewCredentials is what a login does to credentials that an expire fault made expire.
func (a *Account) RenewCredentials() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.renewed = true
}

// SetFaults replaces the account's faults from now on. How the app of a revision behaves was settled when
// its rollout began, and stays.
func (a *Account) SetFaults(faults ...Fault) {
	// What happened until now happened under the old ones. A state file that cannot be read or written is
	// what the next call will say.
	_ = a.locked(func(*state, time.Time) (bool, error) { return true, nil })
	a.mu.Lock()
	defer a.mu.Unlock()
	a.set(faults)
}

// ArmFaults sets faults from the next changing call on: their times and numbers of calls count from there, however
// long somebody looked around before.
func (a *Account) ArmFaults(faults ...Fault) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.armed = slices.Clone(faults)
}

func (a *Account) set(faults []Fault) {
	a.faults, a.armed = slices.Clone(faults), nil
	a.spent, a.struck = map[int]bool{}, map[int]time.Time{}
}

// Call is one attempt at an API call.
type Call struct {
	N         int    // counted from 1
	Service   string // as in an IAM action: ecs, elasticloadbalancing, logs
	Operation string
	Start     time.Time
	End       time.Time
	Mutating  bool
	Code      string // error code, empty for success
	Effect    bool   // the operation ran and succeeded, even if its answer got lost
}

// Action is the call's IAM action.
func (c Call) Action() string { return c.Service + ":" + c.Operation }

// Calls gives the attempts so far, in the order in which they took effect. The SDK's retries count.
func (a *Account) Calls() []Call {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.calls)
}

// ActionsUsed gives the IAM actions that AWS would have checked for the calls so far, sorted, without
// those of calls that it refused.
func (a *Account) ActionsUsed() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []string
	for act := range a.used {
		out = append(out, act)
	}
	slices.Sort(out)
	return out
}

// principal is the caller's ARN.
func (st *state) principal() string { return "arn:aws:iam::" + st.Account + ":user/simulated" }
