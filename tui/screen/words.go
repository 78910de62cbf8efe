package screen

import (
	"regexp"
	"strings"
	"sync"
)

// Word is a term of AWS or of its trade, and what it means.
type Word struct{ Term, Means string }

// words are the terms that the screens use, each with the ways in which it is written.
var words = []struct {
	Word
	written func() *regexp.Regexp
}{
	{Word{"ECS on Fargate", "Amazon's service that runs containers without any servers to manage"}, written(`ECS|Fargate`)},
	{Word{"task", "one running copy of the app: its container with its own CPU and memory"}, written(`[Tt]asks?\b`)},
	{Word{"task definition", "what a task is made of: image, size, variables, secrets; every change creates a new revision"}, written(`[Tt]ask definition`)},
	{Word{"cluster", "the name that ECS groups the services of an app under; it costs nothing"}, written(`Cluster\b`)},
	{Word{"service", "keeps the desired number of tasks running and rolls out new versions"}, written(`Service\b`)},
	{Word{"load balancer", "takes requests from the internet and spreads them over the healthy tasks"}, written(`[Ll]oad balancer`)},
	{Word{"target group", "the tasks that the load balancer sends requests to, with their health check"}, written(`[Tt]arget group`)},
	{Word{"listener", "the port on which the load balancer accepts requests"}, written(`[Ll]istener`)},
	{Word{"distribution", "CloudFront's front door: an https:// address with a certificate, close to the users"}, written(`[Dd]istribution|CloudFront`)},
	{Word{"VPC", "a private network in AWS, in which the tasks run"}, written(`VPC`)},
	{Word{"subnet", "a part of that network, in one availability zone of the region"}, written(`[Ss]ubnets?\b`)},
	{Word{"route table", "says where the traffic of a subnet goes"}, written(`[Rr]oute table`)},
	{Word{"security group", "a firewall around a resource: who may connect to it, and on which port"}, written(`[Ss]ecurity groups?`)},
	{Word{"role", "what a resource may do in AWS, instead of keys that could be stolen"}, written(`[Rr]oles?\b`)},
	{Word{"repository", "where the images of the app are kept in AWS (ECR)"}, written(`[Rr]epository`)},
	{Word{"log group", "where the app's log is kept (CloudWatch Logs)"}, written(`[Ll]og group`)},
	{Word{"vCPU", "a share of a processor; 0.25 is a quarter of one"}, written(`vCPU`)},
	{Word{"LCU", "the unit in which a load balancer is billed, by connections and traffic"}, written(`LCUs?\b`)},
	{Word{"revision", "a numbered version of the app as it was deployed; you can roll back to it"}, written(`[Rr]evision`)},
	{Word{"region", "where in the world the app runs; prices differ between them"}, written(`[Rr]egions?\b`)},
	{Word{"WebSockets", "connections that stay open in both directions, as for chats and live pages"}, written(`WebSockets?`)},
	{Word{"sticky sessions", "each visitor stays with the same task, by a cookie"}, written(`[Ss]ticky sessions`)},
	{Word{"clustering", "the tasks of the app talk to each other"}, written(`[Cc]lustering`)},
	{Word{"NAT", "lets tasks without a public address reach the internet; billed by the hour"}, written(`\bNAT\b`)},
	{Word{"EFS", "a folder in AWS that all tasks share and that stays"}, written(`\bEFS\b`)},
	{Word{"RDS", "databases that AWS operates for you"}, written(`\bRDS\b`)},
}

// written is compiled when the help page is first opened.
func written(as string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(as) })
}

// Words are the terms that a text uses, each once.
func Words(text string) (used []Word) {
	text = strings.Join(strings.Fields(text), " ")
	for _, w := range words {
		if w.written().MatchString(text) {
			used = append(used, w.Word)
		}
	}
	return used
}
