package engine

import (
	"berth/engine/target"
	"berth/engine/target/ecs"
)

// targets are the ways to run an app, the default one first.
var targets = target.List{
	ecs.Target{},
}
