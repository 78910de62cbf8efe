package sim

import (
	"path"
	"reflect"
	"strings"
)

// operation is one API operation that the account knows.
type operation struct {
	service  string // the SDK client's package: ecs, elasticloadbalancingv2
	name     string
	mutating bool
	in, out  reflect.Type
	run      func(c *call, in any) (any, error)

	own  string                  // its IAM action, where that is not service:name
	more []func(in any) []string // the IAM actions that AWS checks besides
	page *paging                 // how its answer is cut into pages; nil when it is not
	tags bool                    // it makes something, which can carry tags from the start
}

// op makes an operation of a handler. Service and name come from the input's type.
func op[In, Out any](handler func(*call, *In) (*Out, error), facts ...func(*operation)) operation {
	service, name := operationOf(reflect.TypeFor[In]())
	o := operation{
		service:  service,
		name:     name,
		mutating: !readOnly(name),
		in:       reflect.TypeFor[In](),
		out:      reflect.TypeFor[Out](),
		run: func(c *call, in any) (any, error) {
			out, err := handler(c, in.(*In))
			if err != nil {
				return nil, err
			}
			return out, nil
		},
	}
	for _, fact := range facts {
		fact(&o)
	}
	return o
}

// operationOf reads service and operation off an SDK input type.
func operationOf(t reflect.Type) (service, name string) {
	return path.Base(t.PkgPath()), strings.TrimSuffix(t.Name(), "Input")
}

// readOnly says whether an operation changes nothing, by its name.
func readOnly(name string) bool {
	for _, p := range []string{"Get", "List", "Describe", "Filter", "Simulate", "BatchGet", "BatchCheck"} {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}

// tagging is the IAM action that AWS checks besides when something is made with tags.
func tagging(action string) func(*operation) {
	return func(o *operation) {
		o.tags = true
		o.more = append(o.more, func(in any) []string {
			v := reflect.ValueOf(in).Elem()
			for _, name := range []string{"Tags", "TagSpecifications", "ResourceTags"} {
				if f := v.FieldByName(name); f.IsValid() && f.Len() > 0 {
					return []string{action}
				}
			}
			return nil
		})
	}
}

// also are IAM actions that AWS checks besides the operation's own, always.
func also(actions ...string) func(*operation) {
	return func(o *operation) { o.more = append(o.more, func(any) []string { return actions }) }
}

// alsoFor are IAM actions that AWS checks besides, depending on the input.
func alsoFor[In any](actions func(*In) []string) func(*operation) {
	return func(o *operation) { o.more = append(o.more, func(in any) []string { return actions(in.(*In)) }) }
}

// action is the operation's own IAM action, where it is not named after it.
func action(name string) func(*operation) {
	return func(o *operation) { o.own = name }
}

// actions gives the IAM actions that AWS checks for a call: the operation's own first, and those for what it does
// besides (tags on create, a role that is passed on).
func (o operation) actions(in any) []string {
	out := []string{o.own}
	for _, more := range o.more {
		out = append(out, more(in)...)
	}
	return out
}
