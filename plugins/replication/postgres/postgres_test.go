package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/s3sql/s3sql/conformance/testenv"
	"github.com/s3sql/s3sql/plugins"
	"github.com/s3sql/s3sql/plugins/replication"
	_ "github.com/s3sql/s3sql/plugins/replication/postgres"
)

// server is a schema of the test server, empty, which goes when the test ends.
type server struct {
	t      testing.TB
	db     *pgxpool.Pool
	schema string
}

var count atomic.Int64

// unique returns a name that no other test of the server has.
func unique(prefix string) string {
	return fmt.Sprintf("%s_%x_%d", prefix, time.Now().UnixNano(), count.Add(1))
}

func newServer(t testing.TB) *server {
	t.Helper()
	db, err := pgxpool.New(context.WithoutCancel(t.Context()), testenv.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, db: db, schema: unique("test")}
	t.Cleanup(func() {
		if _, err := db.Exec(context.Background(), "DROP SCHEMA IF EXISTS "+pgx.Identifier{s.schema}.Sanitize()+" CASCADE"); err != nil {
			t.Error(err)
		}
		db.Close()
	})
	return s
}

// exec runs statements in the schema.
func (s *server) exec(statements ...string) {
	s.t.Helper()
	statements = append([]string{"CREATE SCHEMA IF NOT EXISTS " + s.schema, "SET LOCAL search_path = " + s.schema}, statements...)
	err := pgx.BeginFunc(s.t.Context(), s.db, func(tx pgx.Tx) error {
		_, err := tx.Exec(s.t.Context(), strings.Join(statements, ";\n"))
		return err
	})
	if err != nil {
		s.t.Fatalf("%q: %v", statements, err)
	}
}

// rows returns the rows of a query as lines, with fields as psql shows them.
func (s *server) rows(query string) string {
	s.t.Helper()
	var out []string
	err := pgx.BeginFunc(s.t.Context(), s.db, func(tx pgx.Tx) error {
		if _, err := tx.Exec(s.t.Context(), "SET LOCAL search_path = "+s.schema+"; SET LOCAL timezone = 'UTC'"); err != nil {
			return err
		}
		rows, err := tx.Query(s.t.Context(), query, pgx.QueryExecModeSimpleProtocol)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			fields := make([]string, len(rows.RawValues()))
			for i, v := range rows.RawValues() {
				if fields[i] = string(v); v == nil {
					fields[i] = "NULL"
				}
			}
			out = append(out, strings.Join(fields, "|"))
		}
		return rows.Err()
	})
	if err != nil {
		s.t.Fatalf("%s: %v", query, err)
	}
	return strings.Join(out, "\n")
}

func (s *server) want(query, want string) {
	s.t.Helper()
	if got := s.rows(query); got != want {
		s.t.Errorf("%s:\n%s\nwant:\n%s", query, got, want)
	}
}

func config(t testing.TB, address string, settings ...string) replication.Config {
	t.Helper()
	def, ok := replication.Lookup("POSTGRES")
	if !ok {
		t.Fatal("the target is not registered")
	}
	var given []plugins.Setting
	for _, s := range settings {
		name, value, _ := strings.Cut(s, "=")
		given = append(given, plugins.Setting{Name: name, Value: value})
	}
	o, err := plugins.NewOptions("replication r", def.Options, given)
	if err != nil {
		t.Fatal(err)
	}
	return replication.Config{ID: strings.Repeat("0", 32) + "/r", Replication: "r", Source: "db", SourceID: strings.Repeat("0", 32), Address: address, Options: o, Logger: slog.New(slog.DiscardHandler)}
}

func openConfig(t testing.TB, c replication.Config) replication.Positioner {
	t.Helper()
	def, _ := replication.Lookup("POSTGRES")
	target, err := def.Open(context.WithoutCancel(t.Context()), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := target.Close(); err != nil {
			t.Error(err)
		}
	})
	return target.(replication.Positioner)
}

// open returns a target on the schema.
func (s *server) open(settings ...string) replication.Positioner {
	s.t.Helper()
	return openConfig(s.t, config(s.t, testenv.Postgres(s.t), append([]string{"schema=" + s.schema}, settings...)...))
}

// prepared returns a target on the schema, with tables for the destinations.
func (s *server) prepared(settings []string, all ...*replication.Destination) replication.Positioner {
	s.t.Helper()
	target := s.open(settings...)
	if err := target.Prepare(s.t.Context(), all); err != nil {
		s.t.Fatal(err)
	}
	return target
}

// users returns a destination with the columns id and name, varchar(10).
func users() *replication.Destination { return destination("users") }

func destination(name string, more ...replication.Column) *replication.Destination {
	return &replication.Destination{Source: "src_" + name, Name: name, Key: []int{0}, Columns: append([]replication.Column{
		{Name: "id", Kind: replication.Int, Bits: 32, SQLType: "int", NotNull: true},
		{Name: "name", Kind: replication.Text, Length: 10, SQLType: "varchar(10)"}}, more...)}
}

var commitTime = time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)

// record makes a record; an id that is new makes it another one than all others.
func record(d *replication.Destination, op replication.Operation, data ...any) *replication.Record {
	n := count.Add(1)
	return &replication.Record{ID: fmt.Sprint("r-", n), Destination: d, Operation: op, Seq: uint64(n), Time: commitTime, RecordID: fmt.Sprint(data[0]), Data: data}
}

func insert(d *replication.Destination, data ...any) *replication.Record {
	return record(d, replication.Insert, data...)
}

func update(d *replication.Destination, data ...any) *replication.Record {
	return record(d, replication.Update, data...)
}

func remove(d *replication.Destination, data ...any) *replication.Record {
	return record(d, replication.Delete, data...)
}

// apply delivers records from one position to another.
func apply(t testing.TB, target replication.Positioner, from, to string, records ...*replication.Record) {
	t.Helper()
	if err := target.Apply(t.Context(), &replication.Batch{Records: records, From: from, To: to}); err != nil {
		t.Fatal(err)
	}
}

// rejected wants a batch to be refused for some records, which each reason has a part of, and to have delivered nothing.
func (s *server) rejected(target replication.Positioner, b *replication.Batch, reasons map[int]string) {
	s.t.Helper()
	err := target.Apply(s.t.Context(), b)
	var r *replication.Rejected
	if !errors.As(err, &r) {
		s.t.Fatalf("got %v, want a Rejected", err)
	}
	if len(r.Records) != len(reasons) {
		s.t.Errorf("rejected: %v", r.Records)
	}
	for i, reason := range reasons {
		if got := fmt.Sprint(r.Records[i]); !strings.Contains(got, reason) {
			s.t.Errorf("record %d is rejected for %q, want %q", i, got, reason)
		}
	}
	at, err := target.Position(s.t.Context())
	if err != nil || at != b.From {
		s.t.Errorf("the position is %q, %v; want %q", at, err, b.From)
	}
}

func TestUpsert(t *testing.T) {
	t.Parallel()
	s, d := newServer(t), users()
	target := s.prepared(nil, d)
	apply(t, target, "", "1", insert(d, int64(1), "a"), insert(d, int64(2), "b"), insert(d, int64(3), nil))
	apply(t, target, "1", "2", update(d, int64(1), "A"), remove(d, int64(2), "b"), insert(d, int64(3), "c"), update(d, int64(4), "d"))
	s.want("SELECT * FROM users ORDER BY id", "1|A\n3|c\n4|d")
}

func TestAppend(t *testing.T) {
	t.Parallel()
	s, d := newServer(t), users()
	target := s.prepared([]string{"mode=append"}, d)
	first := insert(d, int64(1), "a")
	apply(t, target, "", "1", first, update(d, int64(1), "b"), remove(d, int64(1), "b"))
	s.want("SELECT id, name, _operation, _commit_time FROM users ORDER BY _commit_seq",
		"1|a|insert|2026-01-02 03:04:05.000006+00\n1|b|update|2026-01-02 03:04:05.000006+00\n1|b|delete|2026-01-02 03:04:05.000006+00")
	s.want("SELECT _commit_seq, _record FROM users ORDER BY _commit_seq LIMIT 1", fmt.Sprintf("%d|%s", first.Seq, first.ID))
}

func TestSoftDelete(t *testing.T) {
	t.Parallel()
	s, d := newServer(t), users()
	target := s.prepared([]string{"mode=soft_delete"}, d)
	apply(t, target, "", "1", insert(d, int64(1), "a"), insert(d, int64(2), "b"))
	apply(t, target, "1", "2", update(d, int64(1), "A"), remove(d, int64(1), "A"), remove(d, int64(2), "b"))
	s.want("SELECT * FROM users ORDER BY id", "1|A|2026-01-02 03:04:05.000006+00\n2|b|2026-01-02 03:04:05.000006+00")
	apply(t, target, "2", "3", insert(d, int64(1), "again"))
	s.want("SELECT * FROM users WHERE deleted_at IS NULL", "1|again|NULL")
	if err := target.Apply(t.Context(), &replication.Batch{From: "3", To: "4", Reset: []*replication.Destination{d}, Records: []*replication.Record{insert(d, int64(5), "e")}}); err != nil {
		t.Fatal(err)
	}
	s.want("SELECT id, name, deleted_at IS NULL FROM users ORDER BY id", "1|again|f\n2|b|f\n5|e|t")
}

func TestWithoutKey(t *testing.T) {
	t.Parallel()
	s, d := newServer(t), users()
	d.Key = nil
	target := s.prepared(nil, d)
	apply(t, target, "", "1", insert(d, int64(1), "a"), insert(d, int64(1), "a"))
	s.want("SELECT * FROM users", "1|a\n1|a")
	s.rejected(target, &replication.Batch{From: "1", To: "2", Records: []*replication.Record{insert(d, int64(2), "b"), remove(d, int64(1), "a")}},
		map[int]string{1: "has no key"})
}

// TestOrderOfAKey sends many changes of few keys in one batch, and looks for the last of each.
func TestOrderOfAKey(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"upsert", "soft_delete"} {
		s, d := newServer(t), destination("t", replication.Column{Name: "k", Kind: replication.Text})
		d.Key = []int{2, 0} // of two columns, in another order than theirs
		target := s.prepared([]string{"mode=" + mode}, d)
		last := map[string]string{}
		at := ""
		for batch := range 5 {
			var records []*replication.Record
			for i := range 200 {
				id, k, name := int64(i*i%7), fmt.Sprint("k", i%3), fmt.Sprint(batch, "-", i)
				key := fmt.Sprint(k, id)
				if i%5 == 3 && last[key] != "" {
					records = append(records, remove(d, id, last[key], k))
					delete(last, key)
					continue
				}
				records = append(records, update(d, id, name, k))
				last[key] = name
			}
			to := fmt.Sprint(batch)
			apply(t, target, at, to, records...)
			at = to
		}
		live := ""
		if mode == "soft_delete" {
			live = "WHERE deleted_at IS NULL"
		}
		got := map[string]string{}
		for _, line := range strings.Split(s.rows("SELECT k || id, name FROM t "+live), "\n") {
			key, name, _ := strings.Cut(line, "|")
			got[key] = name
		}
		if fmt.Sprint(got) != fmt.Sprint(last) {
			t.Errorf("%s: got %v, want %v", mode, got, last)
		}
	}
}

// TestForeignKeys changes parents and children in one batch, and lets rows swap values that are unique.
func TestForeignKeys(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.exec("CREATE TABLE users (id int PRIMARY KEY, name text UNIQUE)", "CREATE TABLE orders (id int PRIMARY KEY, name text, owner int REFERENCES users)")
	parent, child := users(), destination("orders", replication.Column{Name: "owner", Kind: replication.Int, Bits: 32})
	target := s.prepared(nil, parent, child)
	apply(t, target, "", "1", insert(parent, int64(1), "x"), insert(child, int64(1), "o", int64(1)), insert(parent, int64(2), "y"), insert(child, int64(2), "p", int64(2)))
	apply(t, target, "1", "2", remove(child, int64(1), "o", int64(1)), remove(parent, int64(1), "x"))
	s.want("SELECT * FROM users", "2|y")
	apply(t, target, "2", "3", insert(parent, int64(1), "x"))
	apply(t, target, "3", "4", update(parent, int64(1), "z"), update(parent, int64(2), "x"), update(parent, int64(1), "y"))
	s.want("SELECT * FROM users ORDER BY id", "1|y\n2|x")
	reset := &replication.Batch{From: "4", To: "5", Reset: []*replication.Destination{parent, child}, Records: []*replication.Record{insert(parent, int64(9), "n")}}
	if err := target.Apply(t.Context(), reset); err != nil {
		t.Fatal(err)
	}
	s.want("SELECT (SELECT count(*) FROM orders), id FROM users", "0|9")
	apply(t, target, "5", "6", insert(child, int64(3), "q", int64(9)))
	err := target.Apply(t.Context(), &replication.Batch{From: "6", To: "7", Reset: []*replication.Destination{parent}})
	if !replication.IsPermanent(err) || !strings.Contains(err.Error(), "cannot be emptied") {
		t.Errorf("a parent is reset: %v", err)
	}
}

func TestLog(t *testing.T) {
	t.Parallel()
	s, d := newServer(t), destination("users", replication.Column{Name: "price", Kind: replication.Decimal, Precision: 30, Scale: 2})
	target := s.prepared([]string{"log_table=replication_log"}, d)
	first := insert(d, int64(1), "a", "12345678901234567890.10")
	apply(t, target, "", "1", first, update(d, int64(1), "<b>", nil), remove(d, int64(1), "<b>", nil))
	s.want("SELECT record_id, source, destination, operation, data FROM replication_log ORDER BY record",
		`1|src_users|users|insert|{"id": 1, "name": "a", "price": 12345678901234567890.10}`+"\n"+
			`1|src_users|users|update|{"id": 1, "name": "<b>", "price": null}`+"\n"+`1|src_users|users|delete|{"id": 1, "name": "<b>", "price": null}`)
	s.want(`SELECT record, "at" > now() - interval '1 hour' FROM replication_log LIMIT 1`, first.ID+"|t")
	s.rejected(target, &replication.Batch{From: "1", To: "2", Records: []*replication.Record{insert(d, int64(2), "b", nil), insert(d, int64(3), strings.Repeat("x", 11), nil)}},
		map[int]string{1: "too long"})
	s.want("SELECT count(*) FROM replication_log", "3")
}

func TestSnapshotByCopy(t *testing.T) {
	t.Parallel()
	s, d := newServer(t), users()
	target := s.prepared(nil, d)
	texts := []any{"a", nil, "", `\N`, "t\tn\nr\rb\\", `\.`, "ü"}
	snapshot := func(from, n int) (out []*replication.Record) {
		for i := range n {
			r := insert(d, int64(from+i), texts[i%len(texts)])
			r.Snapshot = true
			out = append(out, r)
		}
		return out
	}
	check := func(n int) {
		t.Helper()
		s.want("SELECT count(*), count(name), sum(length(name)), md5(string_agg(name, ',' ORDER BY id) FILTER (WHERE id < 7)) FROM users",
			s.rows(fmt.Sprintf(`SELECT count(*), count(v), sum(length(v)), md5(string_agg(v, ',' ORDER BY i) FILTER (WHERE i < 7)) FROM generate_series(0, %d - 1) AS i,
			LATERAL (SELECT (ARRAY['a', NULL, '', '\N', E't\tn\nr\rb\\', '\.', 'ü'])[i %% 7 + 1] AS v) AS x`, n)))
	}
	apply(t, target, "", "1", snapshot(0, 300)...)
	check(300)
	apply(t, target, "1", "2", snapshot(200, 300)...) // a third of them is there
	apply(t, target, "2", "3", snapshot(500, 100)...)
	s.want("SELECT count(*) FROM users", "600")
	reset := &replication.Batch{From: "3", To: "4", Reset: []*replication.Destination{d}, Records: snapshot(0, 70)}
	if err := target.Apply(t.Context(), reset); err != nil {
		t.Fatal(err)
	}
	check(70)
	bad := snapshot(1000, 60)
	bad[30].Data[1] = "elevenchars"
	s.rejected(target, &replication.Batch{From: "4", To: "5", Records: bad}, map[int]string{30: "too long"})
	s.want("SELECT count(*) FROM users", "70")
}
