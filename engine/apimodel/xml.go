package apimodel

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
)

// element is an XML element with what it holds.
type element struct {
	name string
	text string
	in   []*element
}

// readXML reads a body of XML. The name of its root is not the model's business.
func (s *service) readXML(sh *shape, body []byte) (any, error) {
	d := xml.NewDecoder(bytes.NewReader(body))
	open := []*element{{}}
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("decode XML: %w", err)
		}
		top := open[len(open)-1]
		switch t := t.(type) {
		case xml.StartElement:
			e := &element{name: t.Name.Local}
			top.in = append(top.in, e)
			open = append(open, e)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			top.text += string(t)
		}
	}
	if len(open[0].in) != 1 {
		return nil, errors.New("the body has no root")
	}
	return s.ofElement(sh, open[0].in[0])
}

func (s *service) ofElement(sh *shape, e *element) (any, error) {
	switch sh.Type {
	case "structure":
		return s.structureOf(sh, e)
	case "list":
		return s.listOf(sh, e.in, cmp.Or(sh.Member.LocationName, "member"))
	}
	if len(e.in) > 0 {
		return nil, fmt.Errorf("%s holds elements, not a %s", e.name, sh.Type)
	}
	return e.text, nil
}

func (s *service) structureOf(sh *shape, e *element) (any, error) {
	out, known := map[string]any{}, map[string]bool{}
	for name, m := range sh.Members {
		of := s.Shapes[m.Shape]
		key := cmp.Or(m.LocationName, name)
		flat := of.Type == "list" && (of.Flattened || m.Flattened)
		if flat && of.Member.LocationName != "" {
			key = of.Member.LocationName
		}
		known[key] = true
		var found []*element
		for _, x := range e.in {
			if x.name == key {
				found = append(found, x)
			}
		}
		if len(found) == 0 {
			continue
		}
		v, err := any(nil), error(nil)
		if flat {
			v, err = s.listOf(of, found, key)
		} else {
			v, err = s.ofElement(of, found[0])
		}
		if err != nil {
			return nil, err
		}
		out[name] = v
	}
	for _, x := range e.in {
		if !known[x.name] {
			return nil, fmt.Errorf("%s holds %s, which the model does not know", e.name, x.name)
		}
	}
	return out, nil
}

func (s *service) listOf(sh *shape, items []*element, name string) (any, error) {
	all := []any{}
	for _, x := range items {
		if x.name != name {
			return nil, fmt.Errorf("a list of %s holds %s", name, x.name)
		}
		v, err := s.ofElement(s.Shapes[sh.Member.Shape], x)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}
