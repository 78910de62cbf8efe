package compute

import (
	"fmt"
	"math"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"berth/engine/resource"
)

// The capacity providers of Fargate.
const (
	onDemand = "FARGATE"
	spot     = "FARGATE_SPOT"
)

// capacity is where the tasks run: the first on Fargate in any case, and the share of the others that Spot is, there.
func (v *Service) capacity() []ecstypes.CapacityProviderStrategyItem {
	share := int32(math.Round(v.Spot * 100))
	fargate := ecstypes.CapacityProviderStrategyItem{CapacityProvider: aws.String(onDemand), Base: 1, Weight: 100 - share}
	if share == 0 {
		fargate.Weight = 1
		return []ecstypes.CapacityProviderStrategyItem{fargate}
	}
	return []ecstypes.CapacityProviderStrategyItem{fargate, {CapacityProvider: aws.String(spot), Weight: share}}
}

// spotShare is the share of the tasks beyond the first that a strategy puts on Spot.
func spotShare(all []ecstypes.CapacityProviderStrategyItem) float64 {
	var weight, onSpot float64
	for _, p := range all {
		weight += float64(p.Weight)
		if aws.ToString(p.CapacityProvider) == spot {
			onSpot += float64(p.Weight)
		}
	}
	if weight == 0 {
		return 0
	}
	return onSpot / weight
}

// otherCapacity is where the tasks run on another mix than is wanted. A service with a launch type runs on Fargate alone.
func (v *Service) otherCapacity() []resource.FieldChange {
	was, want := math.Round(spotShare(v.found.CapacityProviderStrategy)*100), math.Round(v.Spot*100)
	if was == want {
		return nil
	}
	return []resource.FieldChange{resource.Field("share on Fargate Spot", fmt.Sprintf("%.0f%%", was), fmt.Sprintf("%.0f%%", want))}
}
