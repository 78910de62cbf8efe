package sim

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/coder/websocket"
)

func TestFirstDeployment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Options{})
		start := time.Now()
		r.deploy()
		d, _ := r.verdict(10 * time.Minute)
		if d.Status != ecstypes.ServiceDeploymentStatusSuccessful {
			t.Fatalf("status %s (%s)\n%s", d.Status, aws.ToString(d.StatusReason), r.story())
		}
		took := time.Since(start)
		t.Logf("service stable after %s\n%s", took, r.story())
		if took < 100*time.Second || took > 200*time.Second {
			t.Errorf("a first deployment took %s; the load balancer alone takes %s", took, catalog().latencies[latLBActive])
		}
		s := r.service()
		if s.RunningCount != 2 || len(s.Deployments) != 1 {
			t.Errorf("running %d of 2, %d deployments", s.RunningCount, len(s.Deployments))
		}
		web := &http.Client{Transport: r.env.Transport}
		if _, err := web.Get("https://" + r.domain + "/"); err == nil || !strings.Contains(err.Error(), "no such host") {
			t.Errorf("the distribution answered before it was deployed: %v", err)
		}
		r.sleep(catalog().latencies[latCFCreate])
		res := must(web.Get("https://" + r.domain + "/"))(r)
		body, _ := io.ReadAll(res.Body)
		if res.StatusCode != 200 || !strings.Contains(string(body), "served by task") {
			t.Errorf("GET / = %d %q", res.StatusCode, body)
		}
		streams := must(r.logs.DescribeLogStreams(r.ctx, &cloudwatchlogs.DescribeLogStreamsInput{LogGroupName: aws.String("/app")}))(r)
		if len(streams.LogStreams) != 2 {
			t.Errorf("%d log streams, want 2", len(streams.LogStreams))
		}
		lines := must(r.logs.FilterLogEvents(r.ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("/app")}))(r)
		var text []string
		for _, e := range lines.Events {
			text = append(text, *e.Message)
		}
		if !strings.Contains(strings.Join(text, "\n"), "listening on 0.0.0.0:4000") {
			t.Errorf("log: %q", text)
		}
	})
}

func TestWebSocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Options{})
		r.deploy()
		r.sleep(5 * time.Minute)
		conn, _, err := websocket.Dial(r.ctx, "wss://"+r.domain+"/live", &websocket.DialOptions{HTTPClient: &http.Client{Transport: r.env.Transport}})
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{"hello", strings.Repeat("x", 70000)} {
			if err := conn.Write(r.ctx, websocket.MessageText, []byte(text)); err != nil {
				t.Fatal(err)
			}
			conn.SetReadLimit(1 << 20)
			_, got, err := conn.Read(r.ctx)
			if err != nil || string(got) != text {
				t.Fatalf("echo of %d bytes: %d bytes, %v", len(text), len(got), err)
			}
		}
		if err := conn.Close(websocket.StatusNormalClosure, ""); err != nil {
			t.Error(err)
		}
	})
}
