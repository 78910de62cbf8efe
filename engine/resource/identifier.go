package resource

import "github.com/aws/aws-sdk-go-v2/aws"

// Identified is a Resource that AWS gives an ARN or an id.
type Identified interface {
	// Identifier is the ARN or id, empty until there is one.
	Identifier() string
}

// Identifier implements Identified.
func (v *VPC) Identifier() string { return v.ID }

// Identifier implements Identified.
func (n *Subnet) Identifier() string { return n.ID }

// Identifier implements Identified.
func (g *InternetGateway) Identifier() string { return g.ID }

// Identifier implements Identified.
func (r *RouteTable) Identifier() string { return r.ID }

// Identifier implements Identified.
func (g *SecurityGroup) Identifier() string { return g.ID }

// Identifier implements Identified.
func (r *Role) Identifier() string { return r.ARN }

// Identifier implements Identified.
func (r *Repository) Identifier() string { return r.URI }

// Identifier implements Identified.
func (i *Image) Identifier() string { return i.Ref }

// Identifier implements Identified.
func (l *LogGroup) Identifier() string { return l.Name() }

// Identifier implements Identified.
func (c *Cluster) Identifier() string { return c.ARN }

// Identifier implements Identified.
func (t *TaskDefinition) Identifier() string { return t.ARN }

// Identifier implements Identified.
func (l *LoadBalancer) Identifier() string { return l.ARN }

// Identifier implements Identified.
func (t *TargetGroup) Identifier() string {
	if g := t.known(); g != nil && t.Port == 0 {
		return aws.ToString(g.TargetGroupArn)
	}
	return t.ARN
}

// Identifier implements Identified.
func (l *Listener) Identifier() string { return l.ARN }

// Identifier implements Identified.
func (r *ListenerRule) Identifier() string { return r.ARN }

// Identifier implements Identified.
func (d *Distribution) Identifier() string { return d.ID }

// Identifier implements Identified.
func (v *Service) Identifier() string { return v.ARN }

// Identifier implements Identified.
func (e *Endpoint) Identifier() string { return e.URL }

// Identifier implements Identified.
func (n *Namespace) Identifier() string { return n.ID }

// Identifier implements Identified.
func (d *Discovery) Identifier() string { return d.ARN }
