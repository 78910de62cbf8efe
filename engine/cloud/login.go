package cloud

import (
	"context"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/middleware"

	"berth/engine/clock"
)

const (
	loginEvery    = 5 * time.Second
	loginDeadline = 30 * time.Minute
)

// login holds calls back while the credentials have expired, until somebody has signed in again.
type login struct {
	load    func(context.Context) (aws.Config, error) // reads the configuration anew
	clk     clock.Clock
	profile string
	cfg     aws.Config // as it was loaded

	homeOnce sync.Once
	home     bool // AWS knows the credentials in a region that every account has

	mu     sync.Mutex
	tell   func(string, *SignIn)   // where a pause is told; nil means that nobody can sign in: do not wait
	fresh  aws.CredentialsProvider // read since, nil until then
	gen    int                     // counts how often fresh was replaced
	asking chan struct{}           // closed when the one that waits is done; nil when nobody waits
}

// SignIn is what calls wait for while the credentials have expired.
type SignIn struct {
	Command string    // that signs in; empty where only fresh keys help
	Until   time.Time // when it is given up, by the clients' clock
}

// OnExpired makes calls wait when the credentials expire, until there are fresh ones. tell is called once a
// pause with what to do, and once when it is over, with nil. A nil tell ends calls with their error instead, as it is at
// first.
func (c *Clients) OnExpired(tell func(text string, wait *SignIn)) {
	c.login.mu.Lock()
	defer c.login.mu.Unlock()
	c.login.tell = tell
}

// provider gives the credentials that were read since, and the configuration's own before that.
func (l *login) provider(first aws.CredentialsProvider) aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
		l.mu.Lock()
		p := l.fresh
		l.mu.Unlock()
		if p == nil {
			p = first
		}
		return retrieve(ctx, p, l.profile)
	})
}

func (l *login) install(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("berth:login", l.call), middleware.Before)
}

// call makes the call, and again after each pause in which somebody signed in.
func (l *login) call(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
	out middleware.InitializeOutput, md middleware.Metadata, err error,
) {
	for {
		l.mu.Lock()
		gen := l.gen
		l.mu.Unlock()
		out, md, err = next.HandleInitialize(ctx, in)
		if !Expired(err) || !l.wait(ctx, gen) {
			return out, md, l.strange(ctx, err)
		}
	}
}

// wait waits until there are fresh credentials. It says false when nobody can sign in or nobody did. gen is
// the generation of credentials that the caller saw fail.
func (l *login) wait(ctx context.Context, gen int) bool {
	for {
		l.mu.Lock()
		if l.gen != gen {
			l.mu.Unlock()
			return true
		}
		if l.tell == nil {
			l.mu.Unlock()
			return false
		}
		other := l.asking
		if other == nil {
			l.asking = make(chan struct{})
		}
		tell := l.tell
		l.mu.Unlock()
		if other == nil {
			return l.ask(ctx, tell)
		}
		select {
		case <-other:
		case <-ctx.Done():
			return false
		}
	}
}

// ask says what to do and looks for fresh credentials until there are some.
func (l *login) ask(ctx context.Context, tell func(string, *SignIn)) (ok bool) {
	defer func() {
		l.mu.Lock()
		close(l.asking)
		l.asking = nil
		if !ok {
			l.tell = nil // waiting again would not help
		}
		l.mu.Unlock()
	}()
	start := l.clk.Now()
	wait := &SignIn{Command: signIn(l.profile), Until: start.Add(loginDeadline)}
	how := "sign in again with: " + wait.Command
	if wait.Command == "" {
		how = "replace the expired keys with new ones"
	}
	tell("paused: the AWS credentials have expired; "+how+"; the run then continues by itself", wait)
	for l.clk.Since(start) < loginDeadline {
		if pause(ctx, l.clk, loginEvery) != nil {
			return false
		}
		cfg, err := l.load(ctx)
		if err != nil {
			continue
		}
		if c, ok := cfg.Credentials.(*aws.CredentialsCache); ok {
			c.Invalidate() // those that it keeps have expired, whatever it thinks
		}
		if _, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}); err != nil {
			continue
		}
		l.mu.Lock()
		l.fresh = cfg.Credentials
		l.gen++
		l.mu.Unlock()
		tell("signed in again, continuing", nil)
		return true
	}
	return false
}
