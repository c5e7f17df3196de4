package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/s3sql/s3sql/conformance/testenv"
	"github.com/s3sql/s3sql/plugins/replication"
)

func TestPosition(t *testing.T) {
	t.Parallel()
	s, d := newServer(t), users()
	one, two := s.prepared(nil, d), s.prepared(nil, d)
	other := config(t, testenv.Postgres(t), "schema="+s.schema)
	other.ID = strings.Repeat("f", 32) + "/r"
	third := openConfig(t, other)
	ctx := t.Context()
	if at, err := one.Position(ctx); at != "" || err != nil {
		t.Fatalf("%q, %v", at, err)
	}
	apply(t, one, "", "1", insert(d, int64(1), "a"))
	err := two.Apply(ctx, &replication.Batch{From: "", To: "1", Records: []*replication.Record{insert(d, int64(2), "b")}})
	if !errors.Is(err, replication.ErrFenced) {
		t.Errorf("a second process at the same position: %v", err)
	}
	s.want("SELECT * FROM users", "1|a")
	if err := two.SetPosition(ctx, "1", "5"); err != nil {
		t.Error(err)
	}
	if err := one.SetPosition(ctx, "1", "2"); !errors.Is(err, replication.ErrFenced) {
		t.Errorf("the first process after the second has moved on: %v", err)
	}
	bad := &replication.Batch{From: "1", To: "2", Records: []*replication.Record{insert(d, int64(2), "a NUL \x00")}}
	if err := one.Apply(ctx, bad); !errors.Is(err, replication.ErrFenced) {
		t.Errorf("a bad record of a process that is fenced: %v", err)
	}
	if at, err := third.Position(ctx); at != "" || err != nil {
		t.Errorf("the position of another database: %q, %v", at, err)
	}
	if err := third.SetPosition(ctx, "", "x"); err != nil {
		t.Error(err)
	}
	s.want("SELECT name, position FROM s3sql_positions ORDER BY name", strings.Repeat("0", 32)+"/r|5\n"+strings.Repeat("f", 32)+"/r|x")
}

// TestFirstPosition sets a position before anything is prepared.
func TestFirstPosition(t *testing.T) {
	t.Parallel()
	s, d := newServer(t), users()
	target := s.open()
	if at, err := target.Position(t.Context()); at != "" || err != nil {
		t.Fatalf("%q, %v", at, err)
	}
	if err := target.SetPosition(t.Context(), "", "7"); err != nil {
		t.Fatal(err)
	}
	if err := target.Prepare(t.Context(), []*replication.Destination{d}); err != nil {
		t.Fatal(err)
	}
	apply(t, target, "7", "8", insert(d, int64(1), "a"))
	if err := target.SetPosition(t.Context(), "8", ""); err != nil {
		t.Fatal(err)
	}
	apply(t, target, "", "1", insert(d, int64(1), "b"))
}

// TestTwoAtOnce lets two processes deliver batches from the same positions at the same time: each position is moved on from once.
func TestTwoAtOnce(t *testing.T) {
	t.Parallel()
	s, d := newServer(t), users()
	targets := []replication.Positioner{s.prepared(nil, d), s.prepared(nil, d)}
	for round := range 20 {
		results := make(chan error, len(targets))
		for n, target := range targets {
			b := &replication.Batch{From: fmt.Sprint(round), To: fmt.Sprint(round + 1), Records: []*replication.Record{insert(d, int64(round*2+n), "x")}}
			if round == 0 {
				b.From = ""
			}
			go func() { results <- target.Apply(t.Context(), b) }()
		}
		one, two := <-results, <-results
		if (one == nil) == (two == nil) || !errors.Is(errors.Join(one, two), replication.ErrFenced) {
			t.Fatalf("round %d: %v, %v", round, one, two)
		}
	}
	s.want("SELECT count(*) FROM users", "20")
}

func TestRejected(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.exec("CREATE TABLE users (id int PRIMARY KEY, name varchar(10) UNIQUE, j jsonb)")
	d := destination("users", replication.Column{Name: "j", Kind: replication.JSON})
	target := s.prepared(nil, d)
	apply(t, target, "", "1", insert(d, int64(1000), "taken", nil))
	var records []*replication.Record
	for i := range 100 {
		records = append(records, insert(d, int64(i), fmt.Sprint("n", i), `{}`))
	}
	records[3].Data[1] = "elevenchars"
	records[50].Data[1] = "taken"
	records[99].Data[1] = "a\x00b"
	reasons := map[int]string{3: "too long", 50: "(name)=(taken) already exists", 99: "NUL"}
	s.rejected(target, &replication.Batch{From: "1", To: "2", Records: records}, reasons)
	s.want("SELECT id FROM users", "1000")
	records[7].Data[1], reasons[7] = "\xff", "UTF-8"
	records[8].Data[2], reasons[8] = `{"a":"\\\u0000"}`, `\u0000`
	records[9].Data[2], reasons[9] = `{"a":`, "json"
	records[10].Data[2], reasons[10] = `"\ud800"`, "Unicode"
	records[11].Data[0], reasons[11] = int64(1<<40), "out of range"
	records[12].Data[0], reasons[12] = nil, "null value"
	records[13].Data, reasons[13] = records[13].Data[:2], "has 2 values for the 3 columns"
	records[14].Data[1], reasons[14] = struct{}{}, "no type of PostgreSQL"
	s.rejected(target, &replication.Batch{From: "1", To: "2", Records: records}, reasons)
	s.want("SELECT id FROM users", "1000")
	good := records[:0:0]
	for i, r := range records {
		if reasons[i] == "" {
			good = append(good, r)
		}
	}
	apply(t, target, "1", "2", good...)
	s.want("SELECT count(*) FROM users", fmt.Sprint(len(good)+1))
}

// TestRejectedByDeferred has a constraint that is checked at COMMIT, and a trigger that refuses.
func TestRejectedByDeferred(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.exec("CREATE TABLE parents (id int PRIMARY KEY)", "INSERT INTO parents VALUES (1)",
		"CREATE TABLE users (id int PRIMARY KEY, name text, parent int REFERENCES parents DEFERRABLE INITIALLY DEFERRED)",
		"CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF new.name = 'bad' THEN RAISE 'nobody is bad'; END IF; RETURN new; END $$",
		"CREATE TRIGGER no BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION no()")
	d := destination("users", replication.Column{Name: "parent", Kind: replication.Int, Bits: 32})
	target := s.prepared(nil, d)
	s.rejected(target, &replication.Batch{To: "1", Records: []*replication.Record{insert(d, int64(1), "a", int64(1)), insert(d, int64(2), "b", int64(2))}},
		map[int]string{1: "is not present in table"})
	p := &replication.Destination{Source: "parents", Name: "parents", Key: []int{0}, Columns: d.Columns[:1]}
	if err := target.Prepare(t.Context(), []*replication.Destination{d, p}); err != nil {
		t.Fatal(err)
	}
	early := []*replication.Record{insert(d, int64(1), "a", int64(3)), insert(p, int64(3)), insert(p, int64(1<<40))} // a child before its parent
	s.rejected(target, &replication.Batch{To: "1", Records: early}, map[int]string{2: "out of range"})
	apply(t, target, "", "0", early[:2]...)
	apply(t, target, "0", "", remove(d, int64(1), "a", int64(3)))
	s.rejected(target, &replication.Batch{To: "1", Records: []*replication.Record{insert(d, int64(1), "a", int64(1)), insert(d, int64(2), "bad", int64(1))}},
		map[int]string{1: "nobody is bad"})
}

func TestPermanent(t *testing.T) {
	t.Parallel()
	s, d := newServer(t), users()
	target := s.prepared(nil, d)
	permanent := func(err error, part string) {
		t.Helper()
		if !replication.IsPermanent(err) || !strings.Contains(err.Error(), part) {
			t.Errorf("got %v, want a permanent error with %q", err, part)
		}
	}
	deliver := func() error {
		return target.Apply(t.Context(), &replication.Batch{To: "1", Records: []*replication.Record{insert(d, int64(1), "a")}})
	}
	s.exec("ALTER TABLE users RENAME TO gone")
	permanent(deliver(), "users")
	permanent(deliver(), "there is no table")
	s.exec("ALTER TABLE gone RENAME TO users", "ALTER TABLE users DROP CONSTRAINT users_pkey")
	permanent(deliver(), "no unique index on (id)")
	s.exec("ALTER TABLE users ADD PRIMARY KEY (id)")
	if err := deliver(); err != nil {
		t.Errorf("the table is as it was: %v", err)
	}
	permanent(openConfig(t, config(t, strings.Replace(testenv.Postgres(t), "/postgres?", "/nowhere?", 1))).Prepare(t.Context(), nil), "create the database")
	permanent(openConfig(t, config(t, testenv.Postgres(t)+"&default_transaction_read_only=on", "schema="+s.schema)).Check(t.Context(), nil)[0].Err, "takes no changes")
}

// TestLostConnection ends the session of a target: it makes another.
func TestLostConnection(t *testing.T) {
	t.Parallel()
	s, d := newServer(t), users()
	c := config(t, testenv.Postgres(t), "schema="+s.schema)
	c.Replication = s.schema
	target := openConfig(t, c)
	if err := target.Prepare(t.Context(), []*replication.Destination{d}); err != nil {
		t.Fatal(err)
	}
	s.want("SELECT count(pg_terminate_backend(pid)) > 0 FROM pg_stat_activity WHERE application_name = 's3sql "+s.schema+"'", "t")
	var err error
	for range 3 {
		err = target.Apply(t.Context(), &replication.Batch{To: "1", Records: []*replication.Record{insert(d, int64(1), "a")}})
		if err == nil {
			break
		}
		if replication.IsPermanent(err) || errors.As(err, new(*replication.Rejected)) {
			t.Fatalf("the session has ended: %v", err)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := target.Apply(ctx, &replication.Batch{From: "1", To: "2", Records: []*replication.Record{insert(d, int64(2), "b")}}); !errors.Is(err, context.Canceled) {
		t.Errorf("ctx has ended: %v", err)
	}
	s.want("SELECT * FROM users", "1|a")
}

// TestMissingServer opens a target whose server is not there yet.
func TestMissingServer(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for _, dsn := range []string{"postgres://u:s3cretword@" + address + "/db", "host=127.0.0.1 port=" + strings.Split(address, ":")[1] + " user=u password=s3cretword dbname=s3cretword"} {
		target := openConfig(t, config(t, dsn, "pool_min=2", "connect_timeout=2s"))
		start := time.Now()
		for what, err := range map[string]error{"Prepare": target.Prepare(t.Context(), nil), "Check": target.Check(t.Context(), nil)[0].Err,
			"SetPosition": target.SetPosition(t.Context(), "", "1"), "Apply": target.Apply(t.Context(), &replication.Batch{})} {
			if err == nil || replication.IsPermanent(err) || strings.Contains(err.Error(), "s3cretword") || !strings.Contains(err.Error(), "refused") {
				t.Errorf("%s: %v", what, err)
			}
		}
		if d := time.Since(start); d > 10*time.Second {
			t.Errorf("it took %v", d)
		}
	}
}

// TestPassword connects as a role that has to give one.
func TestPassword(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	role := unique("role")
	s.exec("DO $$ BEGIN CREATE ROLE "+testenv.PostgresPasswordRole+"; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$",
		"CREATE ROLE "+role+" LOGIN PASSWORD 'p@ss/w:rd' IN ROLE "+testenv.PostgresPasswordRole)
	t.Cleanup(func() {
		if _, err := s.db.Exec(context.Background(), "DROP OWNED BY "+role+"; DROP ROLE "+role); err != nil {
			t.Error(err)
		}
	})
	u, err := url.Parse(testenv.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	connect := func(password string) replication.Positioner {
		u.User = url.UserPassword(role, password)
		return openConfig(t, config(t, u.String(), "schema="+s.schema))
	}
	err = connect("wr0ngword").Prepare(t.Context(), nil)
	if !replication.IsPermanent(err) || strings.Contains(err.Error(), "wr0ngword") || !strings.Contains(err.Error(), "check user and password") {
		t.Errorf("a wrong password: %v", err)
	}
	target, d := connect("p@ss/w:rd"), users()
	checks := target.Check(t.Context(), []*replication.Destination{d})
	if checks[0].Err != nil || checks[1].Err == nil || !strings.Contains(checks[1].Err.Error(), "GRANT USAGE ON SCHEMA") {
		t.Errorf("a role without privileges: %+v", checks)
	}
	err = target.Prepare(t.Context(), []*replication.Destination{d})
	if !replication.IsPermanent(err) || !strings.Contains(err.Error(), "GRANT") {
		t.Errorf("a role without privileges: %v", err)
	}
	s.prepared(nil, d)
	s.exec("GRANT USAGE, CREATE ON SCHEMA " + s.schema + " TO " + role)
	checks = target.Check(t.Context(), []*replication.Destination{d})
	if checks[2].Err == nil || !strings.Contains(checks[2].Err.Error(), "GRANT SELECT, INSERT, UPDATE, DELETE ON") {
		t.Errorf("a role without privileges on the table: %+v", checks)
	}
	s.exec("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA " + s.schema + " TO " + role)
	for _, c := range target.Check(t.Context(), []*replication.Destination{d}) {
		if c.Err != nil {
			t.Errorf("%s: %v", c.What, c.Err)
		}
	}
	if err := target.Prepare(t.Context(), []*replication.Destination{d}); err != nil {
		t.Error(err)
	}
	apply(t, target, "", "1", insert(d, int64(1), "a"))
}
