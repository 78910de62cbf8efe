package sim

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/google/go-cmp/cmp"
)

// What one process began goes on in the next, without a Close in between: a killed process loses nothing.
func TestStateFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state.json")
	var digest, domain string
	var shown time.Time
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Options{File: file})
		r.deploy()
		digest, domain, shown = r.digest, r.domain, time.Now()
	})
	synctest.Test(t, func(t *testing.T) { // a bubble's clock starts anew: the account's must not go back
		r := newRig(t, Options{File: file})
		if now := r.env.Clock.Now(); now.Before(shown.Add(-time.Second)) {
			t.Errorf("the clock went back to %s from %s", now, shown)
		}
		d, _ := r.verdict(10 * time.Minute)
		if d.Status != ecstypes.ServiceDeploymentStatusSuccessful {
			t.Errorf("ended %s\n%s", d.Status, r.story())
		}
		img := must(r.ecr.DescribeImages(r.ctx, &ecr.DescribeImagesInput{RepositoryName: aws.String("app")}))(r)
		if len(img.ImageDetails) != 1 || !strings.HasSuffix(digest, *img.ImageDetails[0].ImageDigest) {
			t.Errorf("images %+v", img.ImageDetails)
		}
		if got := r.a.st.cloudFront().Distributions[0].Domain; got != domain {
			t.Errorf("domain %s, want %s", got, domain)
		}
		if err := r.a.Close(); err != nil {
			t.Error(err)
		}
	})
}

// Two processes on one file see what the other did.
func TestTwoProcesses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "state.json")
		one, two := newRig(t, Options{File: file}), newRig(t, Options{File: file})
		create := func(r *rig, name string) error {
			_, err := r.ecr.CreateRepository(r.ctx, &ecr.CreateRepositoryInput{RepositoryName: &name})
			return err
		}
		must(0, create(one, "first"))(one)
		if err := create(two, "first"); code(err) != "RepositoryAlreadyExistsException" {
			t.Errorf("the other process does not see it: %v", err)
		}
		must(0, create(two, "second"))(two)
		must(0, create(one, "third"))(one)
		if n := len(must(two.ecr.DescribeRepositories(two.ctx, &ecr.DescribeRepositoriesInput{}))(two).Repositories); n != 3 {
			t.Errorf("%d repositories, want 3", n)
		}
	})
}

func TestBadStateFiles(t *testing.T) {
	for text, want := range map[string]string{
		"{":                           "is not the state of a simulated account",
		"hello":                       "is not the state of a simulated account",
		`{"Schema": 99}`:              "another version",
		`{"resources": []}`:           "another version",
		`{"Schema": 3, "Regions": 3}`: "is damaged",
	} {
		file := filepath.Join(t.TempDir(), "state.json")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Open(Options{File: file})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), file) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
		if got, _ := os.ReadFile(file); string(got) != text {
			t.Errorf("%q: the file was changed", text)
		}
	}
}

// All that the account keeps survives the way through JSON.
func TestStateRoundTrip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "state.json")
		r := newRig(t, Options{File: file})
		r.deploy()
		r.verdict(10 * time.Minute)
		if err := r.a.Close(); err != nil {
			t.Fatal(err)
		}
		var loaded *state
		if _, err := (&store{path: file}).load(&loaded); err != nil {
			t.Fatal(err)
		}
		before, after := inventoryOf(t, r.a), inventoryOf(t, &Account{st: loaded, clk: r.a.clk})
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("inventory before and after:\n%s", diff)
		}
		if diff := cmp.Diff(clone(r.a.st).Regions[london].ecs().Services, loaded.Regions[london].ecs().Services, cmp.AllowUnexported(service{}, rollout{}, revision{}, serviceEvent{}, fate{}),
			cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".noSmithyDocumentSerde" }, cmp.Ignore())); diff != "" {
			t.Errorf("services before and after:\n%s", diff)
		}
	})
}

func inventoryOf(t *testing.T, a *Account) []Item {
	t.Helper()
	items := a.Inventory()
	if len(items) < 15 {
		t.Fatalf("only %d items", len(items))
	}
	return items
}

// Two accounts in which the same was made are alike, however often one was looked at.
func TestInventoriesCompare(t *testing.T) {
	var first []Item
	for i := range 2 {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, Options{})
			if i == 1 {
				r.sleep(time.Hour)
				must(r.ecr.DescribeRepositories(r.ctx, &ecr.DescribeRepositoriesInput{}))(r)
			}
			r.deploy()
			r.verdict(10 * time.Minute)
			r.sleep(5 * time.Minute)
			if i == 0 {
				first = r.a.Inventory()
				return
			}
			got := r.a.Inventory()
			mine, theirs := digestOf(got), digestOf(first)
			for j := range got { // the image has random layers in each test
				got[j].Detail = strings.ReplaceAll(got[j].Detail, mine, theirs)
			}
			if diff := cmp.Diff(first, got); diff != "" {
				t.Error(diff)
			}
			must(r.ecr.CreateRepository(r.ctx, &ecr.CreateRepositoryInput{RepositoryName: aws.String("more")}))(r)
			if cmp.Equal(first, r.a.Inventory()) {
				t.Error("one more repository makes no difference")
			}
		})
	}
}

func digestOf(items []Item) string {
	for _, it := range items {
		if i := strings.Index(it.Detail, "sha256:"); it.Kind == "ecr.Repository" && i >= 0 {
			return it.Detail[i : i+71]
		}
	}
	return "none"
}

// A fork goes its own way.
func TestFork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Options{})
		r.deploy()
		f := rigOn(t, r.a.Fork(Options{}))
		f.tgARN, f.lbARN = r.tgARN, r.lbARN
		d, _ := f.verdict(10 * time.Minute)
		if d.Status != ecstypes.ServiceDeploymentStatusSuccessful {
			t.Errorf("in the fork the rollout ended %s", d.Status)
		}
		must(f.ecr.DeleteRepository(f.ctx, &ecr.DeleteRepositoryInput{RepositoryName: aws.String("app"), Force: true}))(f)
		must(r.ecr.DescribeRepositories(r.ctx, &ecr.DescribeRepositoriesInput{RepositoryNames: []string{"app"}}))(r)
	})
}

// A parameter that somebody writes into the file is there, as if it had been put, and the file keeps no plain value of it.
func TestParameterWrittenIntoTheFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "state.json")
		for version, value := range []string{"one", "two"} {
			text := fmt.Sprintf(`{"Schema": 3, "Regions": {"eu-west-2": {"Name": "eu-west-2", "Parameters": [{"Name": "/shop/KEY", "Value": %q, "Version": %d}]}}}`, value, version+1)
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			r := newRig(t, Options{File: file})
			out := must(r.ssm.GetParameter(r.ctx, &ssm.GetParameterInput{Name: aws.String("/shop/KEY"), WithDecryption: aws.Bool(true)}))(r)
			if *out.Parameter.Value != value || out.Parameter.Version != int64(version+1) || out.Parameter.Type != "SecureString" {
				t.Errorf("got %+v", out.Parameter)
			}
			must(r.ssm.PutParameter(r.ctx, &ssm.PutParameterInput{Name: aws.String("/other"), Value: aws.String("x"), Type: "String"}))(r)
			if kept, err := os.ReadFile(file); err != nil || strings.Contains(string(kept), `"Value":"`+value) {
				t.Errorf("the file has the plain value: %v", err)
			}
		}
	})
}
