package sim

import (
	"maps"
	"slices"
	"sync"
	"time"

	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// awsService is one AWS service as the account simulates it: all that the rest of the account knows of it. A large
// service is made of several, one for each of its resources; they take name and protocol from the first.
type awsService struct {
	name       string // the SDK client's package: ecs, elasticloadbalancingv2
	prefix     string // of its IAM actions, where it is not the name
	protocol   protocol
	eventual   bool // reads may miss what was just written
	placeless  bool // nothing of it stands in a VPC
	wires      bool // its changes may open or close a way to tasks
	state      []keeper
	operations []operation
	latencies  map[lat]time.Duration
	quotas     []quotaCode
	roles      map[string]string // the service-linked roles that it needs, by principal

	// What exists, for Inventory: in a region, and in the account as a whole.
	list       func(v *inventory, r *region)
	listGlobal func(v *inventory)

	// tags gives access to the tags of a resource by its id or ARN, nil when it is none of these.
	tags func(r *region, id string) *tagMap

	// holds says whether something of it keeps a VPC from being deleted.
	holds func(w *world, vpc string) bool

	// interfaces are the network interfaces that its resources hold in a region.
	interfaces func(w *world, now time.Time) []netInterface

	// What a task needs of it to start. secret is for a value that containers get as an environment variable: mine says
	// that the reference is one to this service. volume is for a volume: slow says that it takes long to find out.
	secret func(w *world, s start, from string) (problem string, mine bool)
	volume func(w *world, s start, v ecstypes.Volume) (problem string, slow bool)

	// What AWS does on its own in a region: when something is due next (zero: never) and what; what is forgotten
	// after that; and what follows from a change that wires.
	due    func(w *world) (at time.Time, step func(at time.Time))
	sweep  func(w *world)
	rewire func(w *world, now time.Time)

	parts []awsService
}

// protocol is how a service's client speaks, which decides what its errors look like.
type protocol int

const (
	speaksJSON  protocol = iota // codes end in Exception
	speaksQuery                 // codes carry no Exception; so do those of REST with XML
	speaksEC2                   // EC2 has codes of its own
)

// allServices is every service that the account knows. A new one is a line here, and a file. Inventories and
// interfaces are listed in this order.
func allServices() []awsService {
	return []awsService{
		stsService(),
		ec2Service(),
		elbService(),
		ecsService(),
		ecrService(),
		logsService(),
		ssmService(),
		cloudMapService(),
		scalingService(),
		rdsService(),
		iamService(),
		cloudFrontService(),
		cloudWatchService(),
		quotasService(),
		efsService(),
		secretsService(),
		kmsService(),
		acmService(),
		route53Service(),
		schedulerService(),
		cacheService(),
		s3Service(),
		wafService(),
		codeBuildService(),
		snsService(),
		eventsService(),
		budgetsService(),
	}
}

// catalogue is what follows from the services. It is the same for all accounts and made once, when it is first
// needed: the program starts without.
type catalogue struct {
	once       sync.Once
	services   []awsService // parts among them
	named      map[string]awsService
	operations map[string]operation // by service and name
	latencies  map[lat]time.Duration
	roles      map[string]string // names of service-linked roles, by principal
}

var known catalogue

func catalog() *catalogue {
	known.once.Do(func() {
		known.services = flatten(allServices()...)
		known.named, known.operations, known.roles = map[string]awsService{}, map[string]operation{}, map[string]string{}
		known.latencies = baseLatencies()
		for _, s := range slices.Backward(known.services) {
			known.named[s.name] = s // of a service and its parts, the service itself
			maps.Copy(known.latencies, s.latencies)
			maps.Copy(known.roles, s.roles)
			for _, o := range s.operations {
				if o.own == "" {
					o.own = s.actionPrefix() + ":" + o.name
				}
				known.operations[o.service+"."+o.name] = o
			}
		}
	})
	return &known
}

func services() []awsService { return catalog().services }

// tagsIn gives access to the tags of a resource of a service, or of one of its parts, nil when it is not there.
func (r *region) tagsIn(service, ref string) *tagMap {
	for _, s := range services() {
		if s.name != service || s.tags == nil {
			continue
		}
		if t := s.tags(r, ref); t != nil {
			return t
		}
	}
	return nil
}

// flatten puts parts behind what they are parts of.
func flatten(all ...awsService) []awsService {
	var out []awsService
	for _, s := range all {
		out = append(out, s)
		for _, p := range s.parts {
			p.name, p.prefix, p.protocol, p.eventual, p.wires = s.name, s.prefix, s.protocol, s.eventual, s.wires
			out = append(out, flatten(p)...)
		}
	}
	return out
}

// serviceNamed finds a service by the name of its client's package; an unknown one speaks JSON.
func serviceNamed(name string) awsService {
	if s, ok := catalog().named[name]; ok {
		return s
	}
	return awsService{name: name}
}

// actionPrefix is the service's name in IAM actions.
func (s awsService) actionPrefix() string {
	if s.prefix != "" {
		return s.prefix
	}
	return s.name
}
