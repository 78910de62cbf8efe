package resource

import (
	"fmt"

	"berth/engine/cloud"
)

// Stranger is whose a resource is that is not ours, as far as its tags tell.
type Stranger struct {
	Owner Owner // empty: its tags name no app of berth's
}

// String says it in a clause.
func (s Stranger) String() string {
	if s.Owner.App == "" {
		return "it has no berth tags"
	}
	whose := fmt.Sprintf("its tags say it belongs to %s (%s)", s.Owner.App, s.Owner.Env)
	if s.Owner.ID != "" {
		whose += fmt.Sprintf(" with the identity %q", s.Owner.ID)
	}
	return whose
}

// Stranger says whose a resource with those tags is when it is not this owner's, nil when it is. What was made before
// there were identities has none, and is its app's by the name.
func (o Owner) Stranger(tags map[string]string) *Stranger {
	other, ok := OwnerOf(tags)
	other.ID = tags[TagID]
	switch {
	case !ok:
		return &Stranger{}
	case !o.Same(other), other.ID != "" && o.ID != AnyID && o.ID != other.ID:
		return &Stranger{Owner: other}
	}
	return nil
}

// Claim is whose a resource is that has one of our names. Kinds that find theirs by a name hold one, which makes them
// Claimed.
type Claim struct{ stranger *Stranger }

// Stranger implements Claimed.
func (c *Claim) Stranger() *Stranger { return c.stranger }

// Ours says whether the resource is nobody else's.
func (c *Claim) Ours() bool { return c.stranger == nil }

// Judge takes the tags of what was found, or the error of asking for them. Where they may not be read, or the endpoint
// has no tags, the name says whose it is; what is gone since it was found is nobody's.
func (c *Claim) Judge(o Owner, tags map[string]string, err error) error {
	c.stranger = nil
	if Unseen(err) || cloud.NotFound(err) {
		return nil
	}
	if err == nil {
		c.stranger = o.Stranger(tags)
	}
	return err
}
