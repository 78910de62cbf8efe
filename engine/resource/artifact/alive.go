package artifact

import (
	"context"
	"sync"
	"time"

	"berth/engine/image"
	"berth/engine/resource"
)

// silence is how long nothing is told of a build before the last thing is told again. Services that run pipelines take a
// job that is silent for ten minutes for dead.
const silence = 30 * time.Second

// alive tells again how far a build is while its builder says nothing, until done is called.
func alive(ctx context.Context, s *resource.Scope, tell image.Reporter) (told image.Reporter, done func()) {
	var mu sync.Mutex
	spoke, again := s.Clock.Now(), func() { tell.Progress("building", 0, 0, "") }
	told.Log = func(line string) {
		mu.Lock()
		defer mu.Unlock()
		spoke = s.Clock.Now()
		tell.Log(line)
	}
	told.Progress = func(text string, current, total int64, unit string) {
		mu.Lock()
		defer mu.Unlock()
		spoke, again = s.Clock.Now(), func() { tell.Progress(text, current, total, unit) }
		again()
	}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() {
		for s.Clock.Sleep(ctx, silence/2) == nil {
			mu.Lock()
			if s.Clock.Since(spoke) >= silence {
				spoke = s.Clock.Now()
				again()
			}
			mu.Unlock()
		}
	})
	return told, func() {
		cancel()
		wg.Wait()
	}
}
