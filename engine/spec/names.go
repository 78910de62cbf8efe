package spec

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"
	"sync/atomic"
	"unicode/utf8"
)

// maxName is how long an app or environment name may be. Load balancer names end at 32 characters; the names
// of resources are cut and get a hash, so that one of both may be as long as that.
const maxName = 32

var (
	regionShape     = pattern(`^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}$`)
	variableName    = pattern(`^[A-Za-z_][A-Za-z0-9_]*$`)
	parameterName   = pattern(`^[A-Za-z0-9_.\-]+$`)
	parameterARN    = pattern(`^arn:aws[a-z-]*:ssm:[a-z0-9-]+:[0-9]{12}:parameter/[A-Za-z0-9_.\-/]+$`)
	parameterPath   = pattern(`^(/[A-Za-z0-9_.\-]+)+$`)
	domainLabel     = pattern(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	secretARN       = pattern(`^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@!-]+(#[^\s#:]+)?$`)
	policyARN       = pattern(`^arn:aws[a-z-]*:iam::(aws|[0-9]{12}):policy/[A-Za-z0-9/_+=,.@-]+$`)
	iamAction       = pattern(`^(\*|[a-z0-9-]+:[A-Za-z0-9*?]+)$`)
	rolePath        = pattern(`^/([!-.0-~]+/)*$`)
	accountNumber   = pattern(`^[0-9]{12}$`)
	identity        = pattern(`^[a-z][a-z0-9]{5,11}$`)
	schedule        = pattern(`^(rate\([1-9][0-9]* (minutes?|hours?|days?)\)|cron\(\S+( \S+){5}\))$`)
	timeZone        = pattern(`^[A-Z][A-Za-z0-9_+-]*(/[A-Z][A-Za-z0-9_+-]*)*$`)
	snapshotID      = pattern(`^[A-Za-z][A-Za-z0-9:-]{0,254}$`)
	databaseVersion = pattern(`^[0-9]+(\.[0-9]+){0,2}$`)
	cacheNode       = pattern(`^cache\.[a-z0-9]+\.[a-z0-9-]+$`)
	databaseClass   = pattern(`^db\.[a-z0-9]+\.[a-z0-9-]+$`)
)

// pattern compiles an expression when it is first needed: most runs of the program need few of them.
func pattern(expr string) func() *regexp.Regexp {
	var compiled atomic.Pointer[regexp.Regexp]
	return func() *regexp.Regexp {
		if compiled.Load() == nil {
			compiled.Store(regexp.MustCompile(expr)) // two that ask at once compile the same
		}
		return compiled.Load()
	}
}

// variable says whether a container can be given an environment variable of that name. Neither Docker nor ECS asks for
// more than that it can stand before a =: images want names such as discovery.type.
func variable(name string) bool {
	return name != "" && utf8.ValidString(name) && !strings.ContainsAny(name, "=\x00")
}

// awsID is the shape of an id that EC2 gave to a thing of that kind.
func awsID(kind string) *regexp.Regexp {
	return regexp.MustCompile(`^` + kind + `-([0-9a-f]{8}|[0-9a-f]{17})$`)
}

// CheckName says why AWS would refuse an app or environment name: the name becomes part of the names of a
// load balancer, an image repository, roles and more, and must be good for the pickiest of them.
func CheckName(name string) error {
	switch {
	case name == "":
		return errors.New("it is empty")
	case len(name) > maxName:
		return fmt.Errorf("it has %d characters, and load balancer names end at %d", len(name), maxName)
	case len(name) < 2:
		return errors.New("image repositories have names of two or more characters")
	case name != strings.ToLower(name):
		return errors.New("names of image repositories are lower case")
	case name[0] < 'a' || name[0] > 'z':
		return errors.New("it must start with a letter")
	case strings.HasSuffix(name, "-"):
		return errors.New("it must not end with -")
	case strings.Contains(name, "--"):
		return errors.New("it must not have two - in a row")
	case name == "internal" || strings.HasPrefix(name, "internal-"):
		return errors.New("load balancers must not start with internal-")
	case name == "sg" || strings.HasPrefix(name, "sg-"):
		return errors.New("security groups must not start with sg-")
	}
	for _, r := range name {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' {
			return fmt.Errorf("%q is not allowed, only letters, digits and -", r)
		}
	}
	return nil
}

func checkDomain(domain string) error {
	labels := strings.Split(domain, ".")
	switch {
	case strings.Contains(domain, "://") || strings.Contains(domain, "/"):
		return errors.New("is more than a host name")
	case domain != strings.ToLower(domain):
		return errors.New("has upper case letters, and browsers send host names in lower case")
	case len(labels) < 2 || len(domain) > 253:
		return errors.New("is not a domain")
	case strings.Trim(labels[len(labels)-1], "0123456789") == "":
		return errors.New("is an address, not a domain")
	}
	for _, l := range labels {
		if !domainLabel().MatchString(l) {
			return errors.New("is not a domain")
		}
	}
	return nil
}

// checkMount says why a folder of the container cannot be kept on a file system of its own.
func checkMount(p string) error {
	switch {
	case !strings.HasPrefix(p, "/"):
		return errors.New("is not an absolute path in the container")
	case path.Clean(p) != p:
		return fmt.Errorf("is not the shortest way to write %q", path.Clean(p))
	case p == "/" || p == "/proc" || p == "/sys" || p == "/dev" || p == "/etc":
		return errors.New("belongs to the system of the container")
	case strings.ContainsAny(p, ":\x00"):
		return errors.New("has a character that cannot be mounted")
	}
	return nil
}
