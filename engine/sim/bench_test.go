package sim

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"berth/engine/cloud"
)

// BenchmarkCall is the real time that one API call costs, the SDK's part included, in a small account.
func BenchmarkCall(b *testing.B) {
	a, err := Open(Options{Speed: 1e6, Start: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		b.Fatal(err)
	}
	env := a.Environment()
	cfg, err := env.Config(b.Context(), cloud.Settings{Region: london})
	if err != nil {
		b.Fatal(err)
	}
	c := ecs.NewFromConfig(cfg)
	if _, err := c.CreateCluster(b.Context(), &ecs.CreateClusterInput{}); code(err) != "InvalidParameterException" {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := c.DescribeClusters(b.Context(), &ecs.DescribeClustersInput{Clusters: []string{"x"}}); err != nil {
			b.Fatal(err)
		}
	}
}
