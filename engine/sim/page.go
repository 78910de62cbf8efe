package sim

import (
	"encoding/base64"
	"encoding/json"
	"reflect"
	"strings"
)

// paging is how an operation's answer is cut into pages. The handler gives everything.
type paging struct {
	list  string // the field of the output that is cut; behind a dot when it is in a field of that
	usual int    // items of a page, unless the caller wants fewer or more
	most  int    // items of a page at most
}

// pages says that an operation's answer comes in pages of a list, which is a field of the output.
func pages(list string, usual, most int) func(*operation) {
	return func(o *operation) { o.page = &paging{list: list, usual: usual, most: most} }
}

// The names under which inputs and outputs have a page's token and size.
var (
	tokensIn  = []string{"NextToken", "Marker", "Position", "NextMarker"}
	tokensOut = []string{"NextToken", "NextMarker", "Marker", "Position"}
	sizesIn   = []string{"MaxResults", "MaxItems", "PageSize", "Limit", "MaxRecords"}
)

// token is where the next page begins: at an item, behind one or, should both be gone, at a number.
type token struct {
	At, Behind string
	N          int
}

// cut leaves one page of the output's list. forced is a size that pages have at most, whatever was asked for; zero
// for none. It is an error when the caller's token is none.
func (p *paging) cut(in, out any, forced int) error {
	frame, name := reflect.ValueOf(out).Elem(), p.list
	if outer, inner, nested := strings.Cut(p.list, "."); nested {
		frame, name = frame.FieldByName(outer).Elem(), inner
	}
	list := frame.FieldByName(name)
	first := 0
	if given := field(reflect.ValueOf(in).Elem(), tokensIn); given != nil && given.Kind() == reflect.Pointer && !given.IsNil() && given.Elem().String() != "" {
		at, ok := readToken(given.Elem().String())
		if !ok {
			return apiErr("InvalidParameterValue", "The token is not valid")
		}
		first = at.place(list)
	}
	n := p.usual
	if size := field(reflect.ValueOf(in).Elem(), sizesIn); size != nil && count(*size) > 0 {
		n = min(count(*size), p.most)
	}
	if forced > 0 {
		n = min(n, forced)
	}
	last := min(first+n, list.Len())
	more := last < list.Len()
	if more {
		at := token{At: identity(list.Index(last)), Behind: identity(list.Index(last - 1)), N: last}
		next := field(frame, tokensOut)
		if next == nil { // the list alone is in a field of its own
			next = field(reflect.ValueOf(out).Elem(), tokensOut)
		}
		if next != nil {
			next.Set(reflect.ValueOf(new(at.text())))
		}
	}
	if f := frame.FieldByName("IsTruncated"); f.IsValid() {
		if f.Kind() == reflect.Bool {
			f.SetBool(more)
		} else {
			f.Set(reflect.ValueOf(new(more)))
		}
	}
	list.Set(list.Slice(first, last))
	if f := frame.FieldByName("Quantity"); f.IsValid() {
		f.Set(reflect.ValueOf(new(int32(last - first))))
	}
	return nil
}

// field gives the first field that there is of those names, or nil.
func field(v reflect.Value, names []string) *reflect.Value {
	for _, n := range names {
		if f := v.FieldByName(n); f.IsValid() {
			return &f
		}
	}
	return nil
}

// count reads an integer, or a pointer to one; zero for none.
func count(v reflect.Value) int {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return 0
		}
		v = v.Elem()
	}
	if v.CanInt() {
		return int(v.Int())
	}
	return 0
}

func (t token) text() string {
	data, _ := json.Marshal(t) // two plain fields
	return base64.RawURLEncoding.EncodeToString(data)
}

func readToken(s string) (t token, ok bool) {
	data, err := base64.RawURLEncoding.DecodeString(s)
	return t, err == nil && json.Unmarshal(data, &t) == nil && t.N > 0
}

// place is where the page begins in a list that may have changed since.
func (t token) place(list reflect.Value) int {
	for i := range list.Len() {
		switch identity(list.Index(i)) {
		case t.At:
			return i
		case t.Behind:
			return i + 1
		}
	}
	return min(t.N, list.Len())
}

// identity is what tells an item from the others of its list: all that it holds.
func identity(v reflect.Value) string {
	data, _ := json.Marshal(v.Interface()) // plain data
	return stableID(string(data))[:16]
}
