package diagnose

import "testing"

func TestPortsInLogs(t *testing.T) {
	for line, want := range map[string]int{
		"listening on 0.0.0.0:9999":     9999,
		"Listening on :9999":            9999,
		"Server listening on port 9999": 9999,
		"Running LiveBeatsWeb.Endpoint with cowboy 2.9.0 at :::4000 (http)": 4000,
		"[info] Running MyApp.Endpoint at 0.0.0.0:4000 (http)":              4000,
		"Access it at http://localhost:4000":                                0,
		"- Local: ready on http://localhost:3000":                           3000,
		"Uvicorn running on http://0.0.0.0:8000 (Press CTRL+C to quit)":     8000,
		"Tomcat started on port(s): 8080 (http)":                            8080,
		"Tomcat started on port 8080 (http)":                                8080,
		"* Listening on http://[::]:3000":                                   3000,
		"GET /users/listening 200 in 9999 ms":                               0,
		"connected to postgres at 10.0.0.5:5432":                            0,
		"started worker 1234":                                               0,
		"listening on 0.0.0.0:99999":                                        0,
	} {
		if got := listens([]string{"starting", line}); got != want {
			t.Errorf("%q tells port %d, want %d", line, got, want)
		}
	}
	if got := listens([]string{"listening on :80", "listening on :81", "ok"}); got != 81 {
		t.Errorf("the newest line counts, got %d", got)
	}
}

func TestRemediesThatAreSettings(t *testing.T) {
	c := Context{Port: 4000, HealthPath: "/", VCPU: 0.25, MemoryMiB: 512, Platform: "X86_64"}
	unhealthy := Task{StoppedReason: "Task failed ELB health checks in (target-group x)"}
	with := func(health, text string, logs ...string) Task {
		t := unhealthy
		t.Health, t.HealthText, t.Logs = health, text, logs
		return t
	}
	for _, x := range []struct {
		name    string
		task    Task
		context func(*Context)
		setting string
		suggest any
	}{
		{"memory", Task{Reason: "OutOfMemoryError: Container killed due to memory usage"}, nil, "service.memory", 1024},
		{"memory of the next CPU size", Task{Reason: "OutOfMemoryError"}, func(c *Context) { c.MemoryMiB = 2048 }, "service.memory", 3072},
		{"all the memory there is", Task{Reason: "OutOfMemoryError"}, func(c *Context) { c.VCPU, c.MemoryMiB = 16, 122880 }, "service.memory", nil},
		{"memory not known", Task{Reason: "OutOfMemoryError"}, func(c *Context) { c.MemoryMiB = 0 }, "service.memory", nil},
		{"port told", with("Target.Timeout", "Request timed out", "listening on 0.0.0.0:9999"), nil, "service.port", 9999},
		{"port told, health unknown", with("", "", "listening on port 9999"), nil, "service.port", 9999},
		{"port not told", with("Target.Timeout", "Request timed out", "hello"), nil, "service.port", nil},
		{"port right", with("Target.FailedHealthChecks", "", "listening on 127.0.0.1:4000"), nil, "", nil},
		{"late", unhealthy, nil, "service.start_timeout", nil},
		{"404", with("Target.ResponseCodeMismatch", "Health checks failed with these codes: [404]"), nil, "service.health_path", nil},
		{"500", with("Target.ResponseCodeMismatch", "Health checks failed with these codes: [500]"), nil, "", nil},
		{"platform", Task{Reason: "exec format error"}, nil, "image.platform", "linux/arm64"},
		{"other platform", Task{Reason: "exec format error"}, func(c *Context) { c.Platform = "ARM64" }, "image.platform", "linux/amd64"},
		{"no setting", Task{StoppedReason: "CannotPullContainerError: toomanyrequests"}, nil, "", nil},
	} {
		c := c
		if x.context != nil {
			x.context(&c)
		}
		f := Explain(x.task, c)
		if f.Setting != x.setting || f.Suggest != x.suggest {
			t.Errorf("%s: %s = %v, want %s = %v (%s)", x.name, f.Setting, f.Suggest, x.setting, x.suggest, f.Cause)
		}
	}
}
