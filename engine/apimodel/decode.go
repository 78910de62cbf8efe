package apimodel

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/smithy-go/encoding/cbor"
)

// decode reads a request into the members of its input, whatever protocol it speaks.
func (s *service) decode(op operation, in *shape, r *http.Request, body []byte) (any, error) {
	switch {
	case r.Header.Get("Smithy-Protocol") == "rpc-v2-cbor":
		v, err := cbor.Decode(body)
		if err != nil {
			return nil, fmt.Errorf("decode CBOR: %w", err)
		}
		return plain(v)
	case r.Header.Get("X-Amz-Target") != "":
		return s.readJSON(in, body)
	case strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded"):
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, fmt.Errorf("decode form: %w", err)
		}
		form.Del("Action")
		form.Del("Version")
		return (&query{s: s, ec2: s.Metadata.Protocol == "ec2"}).structure(in, branches(form))
	}
	return s.rest(op, in, r, body)
}

// rest reads a request that has its members in path, query, headers and body.
func (s *service) rest(op operation, in *shape, r *http.Request, body []byte) (any, error) {
	if r.Method != op.HTTP.Method {
		return nil, fmt.Errorf("the method is %s, not %s", r.Method, op.HTTP.Method)
	}
	wantPath, wantQuery, _ := strings.Cut(op.HTTP.RequestURI, "?")
	path := r.URL.EscapedPath()
	if bucket, _, ok := strings.Cut(r.URL.Host, ".s3."); ok && strings.HasPrefix(wantPath, "/{Bucket}") {
		path = "/" + bucket + path // which the host names
	}
	labels, err := pathLabels(wantPath, path)
	if err != nil {
		return nil, err
	}
	given := r.URL.Query()
	fixed, _ := url.ParseQuery(wantQuery)
	for k := range fixed {
		if !given.Has(k) {
			return nil, fmt.Errorf("the query lacks %s", k)
		}
		given.Del(k)
	}
	given.Del("x-id") // names the operation
	values, inBody := map[string]any{}, &shape{Type: in.Type, Members: map[string]*member{}}
	for name, m := range in.Members {
		switch m.Location {
		case "uri":
			values[name] = labels[m.LocationName]
		case "querystring":
			if all, ok := given[m.LocationName]; ok {
				values[name] = s.several(m, all)
				given.Del(m.LocationName)
			}
		case "header":
			if all := r.Header.Values(m.LocationName); len(all) > 0 {
				values[name] = s.several(m, all)
			}
		case "headers":
		default:
			inBody.Members[name] = m
		}
	}
	if len(given) > 0 {
		return nil, fmt.Errorf("the query has %s, which the model does not know", given.Encode())
	}
	return values, s.body(op, in, inBody, body, values)
}

// several is what a member of a query or header holds: a list of values, or the one.
func (s *service) several(m *member, all []string) any {
	if s.Shapes[m.Shape].Type != "list" {
		return all[0]
	}
	var list []any
	for _, v := range all {
		list = append(list, v)
	}
	return list
}

// body reads the members that stand in the body into values.
func (s *service) body(op operation, in, inBody *shape, body []byte, values map[string]any) error {
	sh := inBody
	if in.Payload != "" {
		sh = s.Shapes[in.Members[in.Payload].Shape]
		if sh.Type != "structure" {
			if len(body) > 0 {
				values[in.Payload] = string(body)
			}
			return nil
		}
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	var v any
	var err error
	if strings.Contains(s.Metadata.Protocol, "xml") {
		v, err = s.readXML(sh, body)
	} else {
		v, err = s.readJSON(sh, body)
	}
	if err != nil {
		return err
	}
	if in.Payload != "" {
		values[in.Payload] = v
		return nil
	}
	fields, ok := v.(map[string]any)
	if !ok {
		return fmt.Errorf("the body of %s is no structure", op.HTTP.RequestURI)
	}
	for k, x := range fields {
		values[k] = x
	}
	return nil
}

// pathLabels reads the labels of a path such as /hostedzone/{Id}/rrset.
func pathLabels(want, got string) (map[string]string, error) {
	wants, gots := strings.Split(strings.Trim(want, "/"), "/"), strings.Split(strings.Trim(got, "/"), "/")
	labels := map[string]string{}
	for i, w := range wants {
		label, ok := strings.CutPrefix(w, "{")
		label = strings.TrimSuffix(label, "}")
		greedy := strings.HasSuffix(label, "+")
		if i >= len(gots) || !ok && w != gots[i] {
			return nil, fmt.Errorf("the path is %s, not %s", got, want)
		}
		if !ok {
			continue
		}
		text := gots[i]
		if greedy {
			text, gots = strings.Join(gots[i:], "/"), gots[:i+1]
		}
		plain, err := url.PathUnescape(text)
		if err != nil {
			return nil, fmt.Errorf("decode path: %w", err)
		}
		labels[strings.TrimSuffix(label, "+")] = plain
	}
	if len(gots) != len(wants) {
		return nil, fmt.Errorf("the path is %s, not %s", got, want)
	}
	return labels, nil
}

// readJSON reads a body of JSON, whose members may go by other names there.
func (s *service) readJSON(sh *shape, body []byte) (any, error) {
	if len(body) == 0 {
		return map[string]any{}, nil
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("decode JSON: %w", err)
	}
	return s.renamed(sh, v), nil
}

// renamed gives members the names that they have in the model.
func (s *service) renamed(sh *shape, v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			if sh.Type == "map" {
				out[k] = s.renamed(s.Shapes[sh.Value.Shape], x)
				continue
			}
			out[k] = x
		}
		if sh.Type != "structure" {
			return out
		}
		for name, m := range sh.Members {
			wire := name
			if m.LocationName != "" {
				wire = m.LocationName
			}
			if x, ok := v[wire]; ok {
				delete(out, wire)
				out[name] = s.renamed(s.Shapes[m.Shape], x)
			}
		}
		return out
	case []any:
		if sh.Type != "list" {
			return v
		}
		for i := range v {
			v[i] = s.renamed(s.Shapes[sh.Member.Shape], v[i])
		}
		return v
	}
	return v
}

// plain makes of CBOR what JSON would give.
func plain(v cbor.Value) (any, error) {
	switch v := v.(type) {
	case cbor.Map:
		out := map[string]any{}
		for k, x := range v {
			p, err := plain(x)
			if err != nil {
				return nil, err
			}
			out[k] = p
		}
		return out, nil
	case cbor.List:
		out := []any{}
		for _, x := range v {
			p, err := plain(x)
			if err != nil {
				return nil, err
			}
			out = append(out, p)
		}
		return out, nil
	case cbor.String:
		return string(v), nil
	case cbor.Bool:
		return bool(v), nil
	case *cbor.Tag: // a time
		return plain(v.Value)
	case cbor.Uint, cbor.NegInt:
		return json.Number(fmt.Sprint(v)), nil
	case cbor.Float64:
		return json.Number(fmt.Sprint(float64(v))), nil
	case cbor.Float32:
		return json.Number(fmt.Sprint(float32(v))), nil
	}
	return nil, fmt.Errorf("CBOR of type %T", v)
}
