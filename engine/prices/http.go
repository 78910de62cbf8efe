package prices

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"

	"berth/engine/agent"
)

// Host is where AWS publishes its price list.
const Host = "pricing.us-east-1.amazonaws.com"

// HTTP is the price list over the network. A body that ends before its announced length is an error of its
// Read. The zero value asks Host.
type HTTP struct {
	Client *http.Client // nil means http.DefaultClient
	Base   string       // such as https://host, empty means Host
}

// Get fetches one file.
func (h HTTP) Get(ctx context.Context, path string) (io.ReadCloser, error) {
	base := h.Base
	if base == "" {
		base = "https://" + Host
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+path, nil)
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", path, err)
	}
	req.Header.Set("User-Agent", agent.String())
	client := h.Client
	if client == nil {
		client = http.DefaultClient
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", path, err)
	}
	if res.StatusCode != http.StatusOK {
		_ = res.Body.Close()
		if res.StatusCode == http.StatusNotFound || res.StatusCode == http.StatusForbidden {
			return nil, fmt.Errorf("get %s: %s: %w", path, res.Status, fs.ErrNotExist)
		}
		return nil, fmt.Errorf("get %s: %s", path, res.Status)
	}
	return res.Body, nil
}
