package advise

// keys is where berth.toml says what a requirement asks for. What stands in no line of it is built with every app.
var keys = map[string]string{
	"custom_domain":      "network.domain",
	"websockets":         "network.websockets",
	"websocket_uploads":  "network.websockets",
	"clustering":         "network.clustering",
	"sticky_sessions":    "service.sticky_sessions",
	"persistent_storage": "storage",
	"release_command":    "service.release_command",
	"shell":              "service.exec",
	"secrets":            "secrets.from_ssm",
	"arm64":              "image.platform",
	"private_network":    "network.tasks",
	"autoscaling":        "service.autoscale.max",
	"database":           "database.engine",
	"cache":              "cache.engine",
	"multi_az":           "database.multi_az",
	"uploads_to_s3":      "uploads.store",

	"longest_request_seconds": "network.idle_timeout",
}

// unbuilt is the requirements that berth.toml has no key for, and that berth builds nowhere.
var unbuilt = map[string]bool{"no_http": true, "grpc": true, "scale_to_zero": true}

// Key is the key of berth.toml by which a requirement is met, empty when it has none; built says whether every
// deployment meets it by itself.
func Key(requirement string) (key string, built bool) {
	return keys[requirement], keys[requirement] == "" && !unbuilt[requirement]
}
