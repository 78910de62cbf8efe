// Package apimodel checks requests against the models of its APIs that AWS publishes: which operations there are, what
// each takes, and the enums, patterns, lengths and ranges of that. It reads the models in the form that botocore ships
// them (data/SERVICE/VERSION/service-2.json.gz), and requests as they go over the wire, in each of AWS's protocols. It
// is for tests: the program itself has these rules from the SDK, which does not check most of them.
package apimodel

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Models are the models below a folder, read as they are asked for.
type Models struct {
	dir string

	mu   sync.Mutex
	read map[string]*service // by folder
}

// Open takes the folder that holds one folder a service, botocore's data. It reads nothing yet.
func Open(dir string) *Models { return &Models{dir: dir, read: map[string]*service{}} }

// service is the model of one service, as far as requests go.
type service struct {
	Metadata struct {
		ServiceID string `json:"serviceId"`
		Protocol  string
	}
	Operations map[string]operation
	Shapes     map[string]*shape
}

type operation struct {
	HTTP struct {
		Method     string
		RequestURI string `json:"requestUri"`
	}
	Input *member
}

// shape is a type, with what its values must keep to.
type shape struct {
	Type       string
	Required   []string
	Members    map[string]*member
	Member     *member // of a list
	Key, Value *member // of a map
	Payload    string  // the member that is the whole body
	Flattened  bool
	Enum       []string
	Pattern    string
	Min, Max   *float64
	Union      bool
	Document   bool

	pattern func() *regexp.Regexp
}

// member is a use of a shape, with where it stands in a request.
type member struct {
	Shape        string
	Location     string
	LocationName string `json:"locationName"`
	QueryName    string `json:"queryName"`
	Flattened    bool
}

// folders are the services whose folder is not their id in small letters.
var folders = map[string]string{
	"Elastic Load Balancing v2": "elbv2", "CloudWatch Logs": "logs", "Route 53": "route53", "Secrets Manager": "secretsmanager",
	"Application Auto Scaling": "application-autoscaling", "EventBridge": "events",
}

// of gives the model of a service by its id, such as "Elastic Load Balancing v2".
func (m *Models) of(id string) (*service, error) {
	folder, ok := folders[id]
	if !ok {
		folder = strings.ReplaceAll(strings.ToLower(id), " ", "-")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if s := m.read[folder]; s != nil {
		return s, nil
	}
	files, err := filepath.Glob(filepath.Join(m.dir, folder, "*", "service-2.json.gz"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("find the model of %s in %s: %w", id, filepath.Join(m.dir, folder), os.ErrNotExist)
	}
	s, err := load(slices.Max(files)) // the newest version
	if err != nil {
		return nil, fmt.Errorf("read the model of %s: %w", id, err)
	}
	m.read[folder] = s
	return s, nil
}

func load(file string) (*service, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	var s service
	if err := json.NewDecoder(z).Decode(&s); err != nil {
		return nil, err
	}
	for _, sh := range s.Shapes {
		sh.pattern = sync.OnceValue(sh.compile)
	}
	return &s, nil
}

// compile makes the shape's pattern one that must match the whole value, as AWS takes it. It is nil where there is
// none, and for the few that look ahead, which Go's expressions cannot.
func (s *shape) compile() *regexp.Regexp {
	if s.Pattern == "" {
		return nil
	}
	re, err := regexp.Compile(`^(?s:` + s.Pattern + `)$`)
	if err != nil {
		return nil
	}
	return re
}
