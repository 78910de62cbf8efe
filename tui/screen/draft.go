package screen

import (
	"context"

	"berth/engine"
	"berth/engine/interview"
	"berth/engine/spec"
)

// Draft is the app as it is being answered.
type Draft = interview.Draft

// YourAnswer is the origin of what was answered on the screens.
var YourAnswer = interview.YourAnswer

// sources is what the interview of a session goes by.
func (o Options) sources() interview.Sources {
	return interview.Sources{
		Dir: o.Dir, Env: o.Env, Override: o.Override, Builds: engine.Builds, Problems: engine.Problems,
		Inspect: o.Engine.Inspect,
		Region:  func(context.Context) (region, from string, err error) { return o.Region, o.RegionFrom, nil },
	}
}

// said is whether there is a berth.toml in the folder of the app.
func (o Options) said() bool { return spec.Exists(o.Dir) }
