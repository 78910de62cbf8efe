// Package sim is a simulated AWS account. It makes the product usable and testable without AWS: the engine
// talks to it through the real SDK clients, whose own validation, serialisation, signing, retries and
// paginators all run; only the HTTP request is replaced.
//
// How it hooks in: an Initialize middleware keeps the typed input, and a Deserialize middleware in front of
// all others answers with the typed output or a typed error.
//
// What it promises:
//   - State agrees across services. A task needs its roles, its image, its log group, its secrets and a way
//     to the internet; a target gets healthy only when port, path and security groups agree. A wrong wiring
//     fails here the way it fails in AWS, with the codes of the SDK's models; the message texts that people
//     match on are AWS's, the others are this package's own words.
//   - Nothing runs in the background. What AWS does on its own (a load balancer getting active, a rollout)
//     is computed from stored times whenever somebody asks, in the order of those times. So the account is
//     deterministic, can be saved, and works inside testing/synctest.
//   - Latencies are those that each service states; base latencies are exact, not random.
//   - An operation that it does not know is an error that names it.
//   - It misbehaves on request (see Fault).
//
// A service is one file: its state, operations with the IAM actions that they need, latencies, quotas and what
// Inventory lists of it. EC2, ELB and ECS have one for each kind of resource and one that names those. To add a
// service, write SERVICE.go with a function that gives its awsService, and add that function to allServices: state
// goes onto a shelf of its own. Nothing else changes. What is common has a file each: the middleware, the state, its
// file, pages, faults, the registry and the endpoint's traffic.
package sim
