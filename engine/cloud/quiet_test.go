package cloud

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
)

// Whatever the metadata service answers, the SDK writes nothing to the terminal.
func TestTheSDKIsSilent(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	defer srv.Close()
	t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", srv.URL)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "false")
	t.Setenv("AWS_CONFIG_FILE", os.DevNull)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr := os.Stderr
	os.Stderr = w
	cfg, err := loadConfig(t.Context(), Settings{Region: "eu-west-2"})
	if err == nil && cfg.Credentials != nil {
		_, _ = cfg.Credentials.Retrieve(t.Context()) // there are none
	}
	os.Stderr = stderr
	_ = w.Close()
	said, _ := io.ReadAll(r)
	if err != nil || len(said) > 0 {
		t.Errorf("%v, and on the terminal: %s", err, said)
	}
}
