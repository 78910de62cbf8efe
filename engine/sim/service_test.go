package sim

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// Every operation whose answer AWS cuts into pages says so, and names a list that is there.
func TestPagedOperations(t *testing.T) {
	own := map[string]bool{
		"cloudwatchlogs.GetLogEvents":  true, // its tokens never end
		"ecs.DescribeGatewayResources": true, // a gateway has one load balancer here
	}
	for name, o := range catalog().operations {
		if own[name] {
			continue
		}
		in, out := reflect.New(o.in).Elem(), reflect.New(o.out).Elem()
		token := field(in, tokensIn)
		switch {
		case token != nil && o.page == nil:
			t.Errorf("%s takes a token, but does not say what comes in pages", name)
		case o.page == nil:
		case token == nil:
			t.Errorf("%s comes in pages, but takes no token", name)
		default:
			list, inner, nested := strings.Cut(o.page.list, ".")
			f := out.FieldByName(list)
			if nested && f.IsValid() {
				f = reflect.New(f.Type().Elem()).Elem().FieldByName(inner)
			}
			if !f.IsValid() || f.Kind() != reflect.Slice {
				t.Errorf("%s has no list %s", name, o.page.list)
			}
		}
	}
}

// With a page size, every list comes in small pages, and following the tokens gives everything once.
func TestPageSize(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Options{PageSize: 1})
		for _, n := range []string{"aa", "bb", "cc"} {
			must(r.ecr.CreateRepository(r.ctx, &ecr.CreateRepositoryInput{RepositoryName: aws.String(n)}))(r)
		}
		var names []string
		repos := ecr.NewDescribeRepositoriesPaginator(r.ecr, &ecr.DescribeRepositoriesInput{})
		for repos.HasMorePages() {
			page := must(repos.NextPage(r.ctx))(r)
			if len(page.Repositories) != 1 {
				t.Errorf("a page of %d", len(page.Repositories))
			}
			for _, p := range page.Repositories {
				names = append(names, *p.RepositoryName)
				// What goes away while one reads takes nothing else along.
				must(r.ecr.DeleteRepository(r.ctx, &ecr.DeleteRepositoryInput{RepositoryName: p.RepositoryName}))(r)
			}
		}
		if got := strings.Join(names, ""); got != "aabbcc" {
			t.Errorf("read %s", got)
		}
		subnets := 0
		for p := ec2.NewDescribeSubnetsPaginator(r.ec2, &ec2.DescribeSubnetsInput{}); p.HasMorePages(); {
			subnets += len(must(p.NextPage(r.ctx))(r).Subnets)
		}
		if subnets != 3 {
			t.Errorf("%d subnets, want 3", subnets)
		}
		if _, err := r.iam.ListRoles(r.ctx, &iam.ListRolesInput{Marker: aws.String("?")}); code(err) == "" {
			t.Error("a token that is none is taken")
		}
	})
}

// A state file with a part that this version does not know is refused, not cut.
func TestUnknownPart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state.json")
	if err := os.WriteFile(file, []byte(`{"Schema": 3, "Kept": {"quantum": {}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Options{File: file}); err == nil || !strings.Contains(err.Error(), `"quantum"`) {
		t.Errorf("error %v", err)
	}
}

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
