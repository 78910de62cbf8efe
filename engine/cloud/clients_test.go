package cloud

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"

	"berth/engine/clock"
)

// The SDK waits between attempts on the wall clock; for an account that is twenty times as fast as AWS that is a
// twentieth of what it would wait for AWS.
func TestRetriesWaitOnTheClock(t *testing.T) {
	failed := errors.New("too many calls")
	always := retry.BackoffDelayerFunc(func(attempt int, _ error) (time.Duration, error) {
		return time.Duration(attempt) * time.Second, failed
	})
	for speed, want := range map[float64]time.Duration{1: 4 * time.Second, 20: 200 * time.Millisecond} {
		if d, err := (onClock{clock.At(time.Now(), speed), always}).BackoffDelay(4, nil); d != want || !errors.Is(err, failed) {
			t.Errorf("at speed %g: %s, %v, want %s", speed, d, err, want)
		}
	}
	if d, _ := (onClock{clock.Clock{}, always}).BackoffDelay(4, nil); d != 4*time.Second {
		t.Errorf("on the wall clock: %s", d)
	}
}
