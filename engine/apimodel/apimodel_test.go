package apimodel

import (
	"compress/gzip"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/smithy-go/encoding/cbor"
)

// ship is a model with one of each that a request can get wrong, for a protocol.
const ship = `{"metadata": {"serviceId": "Ship %[1]s", "protocol": "%[1]s"},
"operations": {"Sail": {"http": {"method": "POST", "requestUri": "/"}, "input": {"shape": "In"}},
  "Moor": {"http": {"method": "PUT", "requestUri": "/quays/{Quay}/ship?moor"}, "input": {"shape": "Mooring"}}},
"shapes": {
  "In": {"type": "structure", "required": ["Name"], "members": {
    "Name": {"shape": "Name"}, "Sails": {"shape": "Sails"}, "Crew": {"shape": "Crew"}, "Flag": {"shape": "Flag"}, "Fast": {"shape": "Fast"},
    "Tags": {"shape": "Tags"}}},
  "Mooring": {"type": "structure", "required": ["Quay"], "members": {"Quay": {"shape": "Name", "location": "uri", "locationName": "Quay"},
    "Force": {"shape": "Fast", "location": "querystring", "locationName": "force"}, "Crew": {"shape": "Crew", "locationName": "crew"}}},
  "Name": {"type": "string", "min": 3, "max": 5, "pattern": "[a-z]+"},
  "Sails": {"type": "list", "member": {"shape": "Name"}, "max": 2},
  "Crew": {"type": "integer", "min": 1, "max": 9},
  "Flag": {"type": "string", "enum": ["red", "blue"]},
  "Fast": {"type": "boolean"},
  "Tags": {"type": "map", "key": {"shape": "Name"}, "value": {"shape": "Flag"}, "max": 1}
}}`

func models(t *testing.T) *Models {
	t.Helper()
	dir := t.TempDir()
	for _, protocol := range []string{"json", "query", "ec2", "rest-json", "rest-xml"} {
		at := filepath.Join(dir, "ship-"+protocol, "2020-01-01")
		if err := os.MkdirAll(at, 0o700); err != nil {
			t.Fatal(err)
		}
		f, err := os.Create(filepath.Join(at, "service-2.json.gz"))
		if err != nil {
			t.Fatal(err)
		}
		z := gzip.NewWriter(f)
		fmt.Fprintf(z, ship, protocol)
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
	}
	return Open(dir)
}

// Each rule of a model that a request can break is told, and a request that keeps to them all passes, in each protocol.
func TestCheck(t *testing.T) {
	m := models(t)
	json := http.Header{"X-Amz-Target": {"Ship.Sail"}}
	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	smithy := http.Header{"Smithy-Protocol": {"rpc-v2-cbor"}}
	for _, c := range []struct {
		protocol, operation, method, path, body string
		header                                  http.Header
		want                                    []string
	}{
		{"json", "Sail", "POST", "/", `{"Name":"gull","Sails":["jib"],"Crew":3,"Flag":"red","Fast":true,"Tags":{"abc":"blue"}}`, json, nil},
		{"json", "Sail", "POST", "/", `{"Mast":1}`, json, []string{"Sail lacks Name", "Sail has no member Mast"}},
		{"json", "Sail", "POST", "/", `{"Name":"G1","Crew":10,"Flag":"white","Fast":"yes"}`, json, []string{
			"Sail.Crew has 10, 9 are allowed", "Sail.Fast is yes, not a boolean", `Sail.Flag is "white", none of red, blue`,
			"Sail.Name has 2 characters, at least 3 are wanted", `Sail.Name is "G1", which does not match [a-z]+`,
		}},
		{"json", "Sail", "POST", "/", `{"Name":"gull","Sails":["jib","genoa","main"],"Tags":{"abc":"red","abd":"red"}}`, json, []string{
			"Sail.Sails has 3 items, 2 are allowed", "Sail.Tags has 2 entries, 1 are allowed",
		}},
		{"json", "Sink", "POST", "/", `{}`, json, []string{"Ship json has no operation Sink"}},
		{"json", "Sail", "POST", "/", string(cbor.Encode(cbor.Map{"Name": cbor.String("gull"), "Crew": cbor.Uint(10)})), smithy, []string{"Sail.Crew has 10, 9 are allowed"}},
		{"query", "Sail", "POST", "/", "Action=Sail&Name=gull&Sails.member.1=jib&Tags.entry.1.key=abc&Tags.entry.1.value=red&Fast=true&Crew=2", form, nil},
		{"query", "Sail", "POST", "/", "Action=Sail&Name=gull&Sails.member.1=x&Crew=0", form, []string{
			"Sail.Crew has 0, at least 1 are wanted", "Sail.Sails[0] has 1 characters, at least 3 are wanted",
		}},
		{"query", "Sail", "POST", "/", "Action=Sail&Name=gull&Mast=1", form, []string{"Ship query Sail: there is no parameter Mast"}},
		{"ec2", "Sail", "POST", "/", "Action=Sail&Name=gull&Sails.1=jib&Sails.2=main", form, nil},
		{"ec2", "Sail", "POST", "/", "Action=Sail&Name=gull&Sails.2=jib", form, []string{"Ship ec2 Sail: Sails: a list is numbered 2"}},
		{"rest-json", "Moor", "PUT", "/quays/north/ship?moor&force=true", `{"crew":2}`, http.Header{}, nil},
		{"rest-json", "Moor", "PUT", "/quays/n/ship?moor&force=true", `{"crew":20}`, http.Header{}, []string{
			"Moor.Crew has 20, 9 are allowed", "Moor.Quay has 1 characters, at least 3 are wanted",
		}},
		{"rest-json", "Moor", "PUT", "/quays/north/ship?moor&slow=1", ``, http.Header{}, []string{
			"Ship rest-json Moor: the query has slow=1, which the model does not know",
		}},
		{"rest-json", "Moor", "PUT", "/quay/north/ship?moor", ``, http.Header{}, []string{"Ship rest-json Moor: the path is /quay/north/ship, not /quays/{Quay}/ship"}},
		{"rest-xml", "Sail", "POST", "/", "<In><Name>gull</Name><Sails><member>jib</member></Sails><Crew>2</Crew></In>", http.Header{}, nil},
		{"rest-xml", "Sail", "POST", "/", "<In><Name>gull</Name><Mast/></In>", http.Header{}, []string{
			"Ship rest-xml Sail: In holds Mast, which the model does not know",
		}},
	} {
		r := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
		r.Header = c.header
		wrong, err := m.Check("Ship "+c.protocol, c.operation, r, []byte(c.body))
		if err != nil || !slices.Equal(wrong, c.want) {
			t.Errorf("%s %s %s %s: %v\n%q, want\n%q", c.protocol, c.operation, c.path, c.body, err, wrong, c.want)
		}
	}
	if _, err := m.Check("Nobody", "Sail", httptest.NewRequest(http.MethodPost, "/", nil), nil); err == nil {
		t.Error("a service without a model passes")
	}
}
