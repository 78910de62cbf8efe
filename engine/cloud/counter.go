package cloud

import (
	"context"
	"sync/atomic"

	"github.com/aws/smithy-go/middleware"
)

// Counter counts the API calls of a set of clients, each retry by the SDK counting once more.
type Counter struct{ n atomic.Int64 }

// Count is how many calls were made so far.
func (c *Counter) Count() int { return int(c.n.Load()) }

func (c *Counter) install(stack *middleware.Stack) error {
	return stack.Finalize.Add(middleware.FinalizeMiddlewareFunc("berth:count",
		func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
			middleware.FinalizeOutput, middleware.Metadata, error,
		) {
			c.n.Add(1)
			return next.HandleFinalize(ctx, in)
		}), middleware.After)
}
