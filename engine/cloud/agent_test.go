package cloud_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"berth/engine/agent"
	"berth/engine/cloud"
)

// Who looks at CloudTrail sees which version of berth called.
func TestCallsNameTheVersion(t *testing.T) {
	var seen string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header.Get("User-Agent")
		w.WriteHeader(http.StatusForbidden)
	}))
	defer server.Close()
	e := cloud.Environment{Config: func(context.Context, cloud.Settings) (aws.Config, error) {
		return aws.Config{Region: "eu-west-2", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}, nil
	}}
	c, err := e.Connect(t.Context(), cloud.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.STS.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}); err == nil {
		t.Fatal("the answer was an error")
	}
	if want := agent.String(); !strings.Contains(seen, want) {
		t.Errorf("the call says %q, not %q", seen, want)
	}
}
