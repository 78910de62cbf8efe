package engine_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"berth/engine"
	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/sim"
	"berth/engine/spec"
)

// withDatabase is the harbor with a database.
func withDatabase(h *harbor) *harbor {
	h.spec.Database = &spec.Database{Engine: "postgres", Class: "db.t4g.micro", StorageGB: 20}
	h.spec.Service.ReleaseCommand = "/server migrate"
	return h
}

// clients are those of somebody else in the same account, in the region that the app is in.
func (h *harbor) clients() *cloud.Clients {
	h.t.Helper()
	c, err := h.account.Environment().Connect(h.t.Context(), cloud.Settings{Region: h.spec.Region})
	if err != nil {
		h.t.Fatal(err)
	}
	return c
}

// data is what stands for the data of each database in the account, as the inventory tells it.
func (h *harbor) data() []string {
	var out []string
	for _, i := range h.account.Inventory() {
		if i.Kind == "rds.DBInstance" || i.Kind == "rds.DBSnapshot" {
			out = append(out, i.String())
		}
	}
	return out
}

func TestDatabaseLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := withDatabase(newHarbor(t, sim.Options{}, 0))
		first := h.plan(engine.Request{})
		for _, id := range []string{"database-security-group", "database-subnets", "database-password", "database", "database-url"} {
			if !slices.Contains(actions(first), id+":create") {
				t.Errorf("the plan does not create %s: %v", id, actions(first))
			}
		}
		res, events := h.apply(first)
		h.must(res, events)
		if got := actions(h.plan(engine.Request{})); len(got) > 0 {
			for _, c := range h.plan(engine.Request{}).Changes {
				t.Logf("%-26s %-8s %s %v", c.ID, c.Action, c.Why, c.Diff)
			}
			t.Fatalf("unchanged app: plan does %v", got)
		}

		h.spec.Database.Class, h.spec.Database.StorageGB = "db.t4g.small", 40
		change := h.plan(engine.Request{})
		if got := actions(change); !slices.Equal(got, []string{"database:update"}) {
			t.Errorf("another class: plan does %v", got)
		}
		h.must(h.apply(change))
		if got := actions(h.plan(engine.Request{})); len(got) > 0 {
			t.Errorf("after the change: plan does %v", got)
		}

		h.must(h.apply(h.plan(engine.Request{Destroy: true})))
		if left := h.left(); len(left) > 0 {
			t.Errorf("destroy leaves %v", left)
		}
		if got := h.data(); len(got) != 1 || !strings.Contains(got[0], "-final-") {
			t.Errorf("a final snapshot should stay, there is %v", got)
		}
	})
}

// A database that an earlier deployment left as a snapshot is neither forgotten nor taken over without being asked.
func TestSnapshotOfAnEarlierDatabaseIsAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := withDatabase(newHarbor(t, sim.Options{}, 0))
		h.must(h.deploy())
		h.must(h.apply(h.plan(engine.Request{Destroy: true})))

		res, _ := h.apply(h.plan(engine.Request{}))
		if res.Outcome != event.Refused || !strings.Contains(res.Err.Remedy, "database.snapshot") {
			t.Fatalf("ended %s: %v", res.Outcome, res.Err)
		}
		out, err := h.clients().RDS.DescribeDBSnapshots(t.Context(), &rds.DescribeDBSnapshotsInput{})
		if err != nil || len(out.DBSnapshots) != 1 {
			t.Fatalf("snapshots: %v, %v", out, err)
		}
		h.spec.Database.Snapshot = aws.ToString(out.DBSnapshots[0].DBSnapshotIdentifier)
		h.must(h.deploy())
		if got := actions(h.plan(engine.Request{})); len(got) > 0 {
			t.Errorf("after the restore: plan does %v", got)
		}
	})
}

// A database that is no longer asked for stays until a destroy: it holds data.
func TestDatabaseStaysWhenNobodyAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := withDatabase(newHarbor(t, sim.Options{}, 0))
		h.must(h.deploy())
		h.spec.Database = nil
		h.must(h.deploy())
		if got := h.data(); len(got) != 1 {
			t.Errorf("the database is gone: %v", got)
		}
		h.must(h.apply(h.plan(engine.Request{Destroy: true})))
		if left := h.left(); len(left) > 0 {
			t.Errorf("destroy leaves %v", left)
		}
	})
}

// The password is in nothing that a run tells or keeps, and a database that lost it gets another one.
func TestDatabasePasswordRotates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := withDatabase(newHarbor(t, sim.Options{}, 0))
		h.must(h.deploy())
		if _, err := h.clients().SSM.DeleteParameter(t.Context(), &ssm.DeleteParameterInput{
			Name: aws.String("/berth/live-beats/production/database/password"),
		}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		p := h.plan(engine.Request{})
		want := []string{"database-password:create", "database:update", "database-url:update", "task-definition:update", "release:create", "service:update"}
		if got := actions(p); !slices.Equal(got, want) {
			t.Errorf("plan does %v, want %v", got, want)
		}
		h.must(h.apply(p))
		if got := actions(h.plan(engine.Request{})); len(got) > 0 {
			t.Errorf("after the rotation: plan does %v", got)
		}
	})
}

// A database of MySQL refuses connections without TLS, is led to by an address of its own kind, and keeps its data through an
// upgrade to a version of another family.
func TestMySQL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := withDatabase(newHarbor(t, sim.Options{}, 0))
		h.spec.Database = &spec.Database{Engine: "mysql", Class: "db.t4g.micro", StorageGB: 20, Version: "8.0"}
		h.must(h.deploy())
		was := h.holders()
		out, err := h.clients().SSM.GetParameter(t.Context(), &ssm.GetParameterInput{
			Name: aws.String("/berth/live-beats/production/database/url"), WithDecryption: aws.Bool(true),
		})
		must(t, err)
		if u := aws.ToString(out.Parameter.Value); !strings.HasPrefix(u, "mysql://berth:") || !strings.HasSuffix(u, ":3306/live_beats") {
			t.Errorf("the app gets %s", u)
		}
		strict := func() string {
			t.Helper()
			c := h.clients()
			dbs, err := c.RDS.DescribeDBInstances(t.Context(), &rds.DescribeDBInstancesInput{})
			must(t, err)
			group := dbs.DBInstances[0].DBParameterGroups[0].DBParameterGroupName
			out, err := c.RDS.DescribeDBParameters(t.Context(), &rds.DescribeDBParametersInput{DBParameterGroupName: group, Source: aws.String("user")})
			must(t, err)
			if len(out.Parameters) != 1 || aws.ToString(out.Parameters[0].ParameterName) != "require_secure_transport" || aws.ToString(out.Parameters[0].ParameterValue) != "1" {
				t.Errorf("the database has %+v", out.Parameters)
			}
			return aws.ToString(group)
		}
		first := strict()
		h.spec.Database.Version = "8.4"
		p := h.plan(engine.Request{})
		if got := actions(p); !slices.Equal(got, []string{"database-parameters:create", "database:update"}) {
			t.Errorf("upgrade: plan does %v", got)
		}
		h.must(h.apply(p))
		if second := strict(); second == first {
			t.Errorf("the database kept the settings of its old version: %s", second)
		}
		if got := actions(h.plan(engine.Request{})); len(got) > 0 {
			t.Errorf("after the upgrade: plan does %v", got)
		}
		if now := h.holders(); now != was {
			t.Errorf("was %s, is %s", was, now)
		}
		h.must(h.apply(h.plan(engine.Request{Destroy: true})))
		if left := h.left(); len(left) > 0 {
			t.Errorf("destroy leaves %v", left)
		}
	})
}

// A snapshot that is not there, or that is of another engine, stops a deployment before it makes anything.
func TestSnapshotThatCannotBecomeTheDatabase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := withDatabase(newHarbor(t, sim.Options{}, 0))
		h.must(h.deploy())
		h.must(h.apply(h.plan(engine.Request{Destroy: true})))
		out, err := h.clients().RDS.DescribeDBSnapshots(t.Context(), &rds.DescribeDBSnapshotsInput{})
		must(t, err)
		before := h.left()
		for name, d := range map[string]*spec.Database{
			"there is no snapshot shop-before":  {Engine: "postgres", Snapshot: "shop-before"},
			"is of postgres, and cannot become": {Engine: "mysql", Version: "8.4", Snapshot: aws.ToString(out.DBSnapshots[0].DBSnapshotIdentifier)},
		} {
			d.Class, d.StorageGB = "db.t4g.micro", 20
			h.spec.Database = d
			res, _ := h.deploy()
			if res.Outcome != event.Refused || !strings.Contains(res.Err.Error(), name) || !strings.Contains(res.Err.Remedy, "database.") {
				t.Errorf("%s: ended %s: %v", name, res.Outcome, res.Err)
			}
			if left := h.left(); !slices.Equal(left, before) {
				t.Errorf("%s: it made %v", name, left)
			}
		}
	})
}

// An address that leads to a database of RDS in another network is told before anything is made: no task would reach it.
func TestDatabaseInAnotherNetworkIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := withDatabase(newHarbor(t, sim.Options{NoDefaultVPC: true}, slowPoll))
		h.must(h.deploy())
		dbs, err := h.clients().RDS.DescribeDBInstances(t.Context(), &rds.DescribeDBInstancesInput{})
		must(t, err)
		d := dbs.DBInstances[0]
		h.spec.App, h.spec.Database, h.spec.Secrets.FromSSM = "other", nil, []string{"DATABASE_URL"}
		notes := func(host string) string {
			t.Helper()
			p := h.plan(engine.Request{Given: []engine.Given{give(t, "DATABASE_URL", "postgres://u:marker@"+host+":5432/shop", false)}})
			rep, err := h.engine.Preflight(t.Context(), p)
			must(t, err)
			return strings.Join(rep.Notes(), "\n")
		}
		said := notes(aws.ToString(d.Endpoint.Address))
		if !strings.Contains(said, "cannot reach it") || !strings.Contains(said, aws.ToString(d.DBSubnetGroup.VpcId)) || strings.Contains(said, "marker") {
			t.Errorf("another network: %s", said)
		}
		if said := notes("db.example.com"); strings.Contains(said, "reach") {
			t.Errorf("a database of somebody else: %s", said)
		}
		h.spec.Network.VPC = aws.ToString(d.DBSubnetGroup.VpcId)
		for _, sn := range d.DBSubnetGroup.Subnets {
			h.spec.Network.Subnets = append(h.spec.Network.Subnets, aws.ToString(sn.SubnetIdentifier))
		}
		if said := notes(aws.ToString(d.Endpoint.Address)); strings.Contains(said, "cannot reach it") {
			t.Errorf("the same network: %s", said)
		}
	})
}

// An app that asks for its database in parts gets each of them, the password as a secret, and a URL in the form that it
// wants. Nothing that is read of the plan or of the task definition has the password.
func TestDatabaseInParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := withDatabase(newHarbor(t, sim.Options{}, 0))
		h.spec.Database.URL = "jdbc:postgresql://${host}:${port}/${name}?user=${user}&password=${password}"
		h.spec.Database.Variable, h.spec.Database.PasswordVariable = "JDBC_URL", "DB_PASSWORD"
		h.spec.Env = map[string]string{
			"DB_HOST": "${database_host}", "DB_PORT": "${database_port}", "DB_NAME": "${database_name}", "DB_USER": "${database_user}",
		}
		h.must(h.deploy())
		password, url := h.secret("database/password"), h.secret("database/url")
		env := h.variables()
		if !strings.HasSuffix(env["DB_HOST"], ".rds.amazonaws.com") || env["DB_PORT"] != "5432" || env["DB_NAME"] != "live_beats" || env["DB_USER"] != "berth" {
			t.Errorf("the app gets %v", env)
		}
		if want := "jdbc:postgresql://" + env["DB_HOST"] + ":5432/live_beats?user=berth&password=" + password; url != want {
			t.Errorf("the URL is %q, want %q", url, want)
		}
		if got := h.secretNames(); !slices.Equal(got, []string{"DB_PASSWORD", "JDBC_URL"}) {
			t.Errorf("its secrets are %v", got)
		}
		if got := actions(h.plan(engine.Request{})); len(got) > 0 {
			t.Errorf("unchanged app: plan does %v", got)
		}

		_, err := h.clients().SSM.DeleteParameter(t.Context(), &ssm.DeleteParameterInput{Name: aws.String("/berth/live-beats/production/database/password")})
		must(t, err)
		time.Sleep(time.Hour)
		h.must(h.deploy())
		if now := h.secret("database/password"); now == password || !strings.HasSuffix(h.secret("database/url"), "&password="+now) {
			t.Errorf("was %s; is %s, and %s", password, now, h.secret("database/url"))
		}
		if got := actions(h.plan(engine.Request{})); len(got) > 0 {
			t.Errorf("after the rotation: plan does %v", got)
		}
	})
}

// secretNames are the variables that the newest task definition has secrets in.
func (h *harbor) secretNames() (names []string) {
	h.t.Helper()
	for _, s := range h.container().Secrets {
		names = append(names, aws.ToString(s.Name))
	}
	slices.Sort(names)
	return names
}

// A size or a version of a database that RDS does not sell is refused before anything is made.
func TestDatabaseThatIsNotSold(t *testing.T) {
	for name, d := range map[string]spec.Database{
		"class":                  {Engine: "postgres", Class: "db.x9.enormous", StorageGB: 20},
		"version that is gone":   {Engine: "postgres", Class: "db.t4g.micro", StorageGB: 20, Version: "9.6"},
		"version of other maker": {Engine: "mysql", Class: "db.t4g.micro", StorageGB: 20, Version: "17.2"},
	} {
		synctest.Test(t, func(t *testing.T) {
			h := newHarbor(t, sim.Options{}, 0)
			h.spec.Database = &d
			res, _ := h.apply(h.plan(engine.Request{}))
			if res.Outcome != event.Refused || !strings.Contains(res.Err.Cause+res.Err.Evidence, "is not offered for") || len(h.left()) > 0 {
				t.Errorf("%s: ended %s: %v; left %v", name, res.Outcome, res.Err, h.left())
			}
		})
	}
}
