package cloud

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"

	"berth/engine/clock"
)

// OnlyThrottled makes a retryer that tries a call again when AWS refused it for being one too many, and
// never when it is unclear whether the call had its effect. It is for calls that make something new each
// time.
func OnlyThrottled(r aws.Retryer) aws.Retryer { return onlyThrottled{r} }

type onlyThrottled struct{ aws.Retryer }

// IsErrorRetryable implements aws.Retryer.
func (o onlyThrottled) IsErrorRetryable(err error) bool { return Throttled(err) }

// Ambiguous says whether a call that ended with err may have had its effect all the same: the answer got
// lost on the way, or the server failed in the middle.
func Ambiguous(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) {
		return false
	}
	var api smithy.APIError
	if !errors.As(err, &api) {
		return true
	}
	return api.ErrorFault() == smithy.FaultServer || serverError(err)
}

// lookAgain is how long what a lost call made may stay out of sight (eventual consistency).
const lookAgain = 10 * time.Second

// Once makes something exactly once although the call that makes it has no token to repeat it by: find looks
// for it first, and again for a while whenever the answer of the call got lost. create must use OnlyThrottled.
func Once(ctx context.Context, clk clock.Clock, find func(context.Context) (bool, error), create func(context.Context) error) error {
	found, err := find(ctx)
	if found || err != nil {
		return err
	}
	for try := 0; ; try++ {
		err := create(ctx)
		if !Ambiguous(err) || try == maxAttempts {
			return err
		}
		for start := clk.Now(); clk.Since(start) < lookAgain; {
			if err := pause(ctx, clk, jitter(2*time.Second)); err != nil {
				return err
			}
			if found, err := find(ctx); found || err != nil {
				return err
			}
		}
	}
}
