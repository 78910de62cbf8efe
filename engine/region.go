package engine

import "context"

// Region is the region that the settings, the environment or the AWS profile name. None is a Usage failure.
func (e *Engine) Region(ctx context.Context) (string, error) {
	c, err := e.connect(ctx, "")
	if err != nil {
		return "", err
	}
	return c.Region, nil
}
