package bigquery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/s3sql/s3sql/plugins"
	"github.com/s3sql/s3sql/plugins/replication"
)

var commitTime = time.Date(2026, 1, 2, 3, 4, 5, 600_000_000, time.UTC)

// open makes a target on a double, with options as "name=value".
func open(t *testing.T, d *double, settings ...string) *target {
	t.Helper()
	def, ok := replication.Lookup("BIGQUERY")
	if !ok {
		t.Fatal("BIGQUERY is not registered")
	}
	opened, err := def.Open(t.Context(), configOf(t, d, settings...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = opened.Close() })
	tgt := opened.(*target)
	tgt.clock = fixed{}
	return tgt
}

func configOf(t *testing.T, d *double, settings ...string) replication.Config {
	t.Helper()
	given := []plugins.Setting{{Name: "endpoint", Value: d.URL}}
	for _, s := range settings {
		name, value, _ := strings.Cut(s, "=")
		given = append(given, plugins.Setting{Name: name, Value: value})
	}
	o, err := plugins.NewOptions("replication r", options, given)
	if err != nil {
		t.Fatal(err)
	}
	return replication.Config{Replication: "r", Source: "shop", Address: "p.d", Options: o}
}

// fixed is a clock that stands still.
type fixed struct{}

func (fixed) Now() time.Time                            { return commitTime.Add(time.Minute) }
func (fixed) Sleep(time.Duration, <-chan struct{}) bool { return true }

func users() *replication.Destination {
	return &replication.Destination{Source: "users", Name: "users", Key: []int{0}, Columns: []replication.Column{
		{Name: "id", Kind: replication.Int, SQLType: "bigint", Bits: 64, NotNull: true},
		{Name: "name", Kind: replication.Text, SQLType: "varchar(40)", Length: 40},
	}}
}

// record is the n-th change.
func record(d *replication.Destination, n int, op replication.Operation, data ...any) *replication.Record {
	return &replication.Record{ID: fmt.Sprintf("abc-%d", n), Destination: d, Operation: op, Seq: uint64(n), Time: commitTime, RecordID: fmt.Sprint(data[0]), Data: data}
}

func apply(t *testing.T, tgt *target, records ...*replication.Record) {
	t.Helper()
	if err := tgt.Apply(t.Context(), &replication.Batch{Records: records}); err != nil {
		t.Fatal(err)
	}
}

func prepare(t *testing.T, tgt *target, all ...*replication.Destination) {
	t.Helper()
	if err := tgt.Prepare(t.Context(), all); err != nil {
		t.Fatal(err)
	}
}

func equal(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n%s\nwant\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// rejections returns the records that an error rejects.
func rejections(t *testing.T, err error) (at []int) {
	t.Helper()
	var r *replication.Rejected
	if !errors.As(err, &r) {
		t.Fatalf("not rejected: %v", err)
	}
	for i := range r.Records {
		at = append(at, i)
	}
	slices.Sort(at)
	return at
}

func TestAppend(t *testing.T) {
	t.Parallel()
	b := newDouble(t)
	b.location = ""
	tgt, d := open(t, b), users()
	prepare(t, tgt, d)
	if got := b.columns("users"); got != "id INTEGER, name STRING, _operation STRING, _commit_seq INTEGER, _commit_time TIMESTAMP, _change_id STRING" {
		t.Error(got)
	}
	if c := b.tables["users"].Clustering; c == nil || strings.Join(c.Fields, ",") != "id" {
		t.Errorf("clustering %v", c)
	}
	batch := []*replication.Record{record(d, 1, replication.Insert, int64(7), "a"), record(d, 2, replication.Update, int64(7), nil), record(d, 3, replication.Delete, int64(7), nil)}
	apply(t, tgt, batch...)
	apply(t, tgt, batch...) // again: BigQuery knows their ids
	equal(t, "rows", b.rows("users"),
		`{"_change_id":"abc-1","_commit_seq":"1","_commit_time":"2026-01-02T03:04:05.6Z","_operation":"insert","id":"7","name":"a"}`,
		`{"_change_id":"abc-2","_commit_seq":"2","_commit_time":"2026-01-02T03:04:05.6Z","_operation":"update","id":"7"}`,
		`{"_change_id":"abc-3","_commit_seq":"3","_commit_time":"2026-01-02T03:04:05.6Z","_operation":"delete","id":"7"}`)
	if n := b.count("tabledata.insertAll"); n != 2 || b.count("jobs.insert") != 0 {
		t.Errorf("%d requests", n)
	}
	if err := tgt.Apply(t.Context(), &replication.Batch{Reset: []*replication.Destination{d}}); err != nil || len(b.rows("users")) != 3 {
		t.Errorf("what was appended is gone: %v", err)
	}
}

func TestImmutable(t *testing.T) {
	t.Parallel()
	b := newDouble(t)
	tgt, d := open(t, b, "mode=immutable"), users()
	prepare(t, tgt, d)
	apply(t, tgt, record(d, 1, replication.Insert, int64(7), "a"), record(d, 2, replication.Delete, int64(7), "a"))
	equal(t, "rows", b.rows("users"),
		`{"_change_id":"abc-1","_commit_time":"2026-01-02T03:04:05.6Z","_is_deleted":false,"_operation":"insert","_replicated_at":"2026-01-02T03:05:05.6Z","_version":"1","id":"7","name":"a"}`,
		`{"_change_id":"abc-2","_commit_time":"2026-01-02T03:04:05.6Z","_is_deleted":true,"_operation":"delete","_replicated_at":"2026-01-02T03:05:05.6Z","_version":"2","id":"7","name":"a"}`)
}

func TestMutable(t *testing.T) {
	t.Parallel()
	b := newDouble(t)
	b.location = "EU" // which is found out
	tgt, d := open(t, b, "mode=mutable"), users()
	prepare(t, tgt, d)
	if got := b.columns("users"); got != "id INTEGER, name STRING" {
		t.Error(got)
	}
	batch := []*replication.Record{record(d, 1, replication.Insert, int64(7), "a"), record(d, 2, replication.Insert, int64(8), "b"),
		record(d, 3, replication.Update, int64(7), "c"), record(d, 4, replication.Insert, int64(9), "x"), record(d, 5, replication.Delete, int64(9), "x")}
	apply(t, tgt, batch...)
	apply(t, tgt, batch...)
	equal(t, "rows", b.rows("users"), `{"id":"7","name":"c"}`, `{"id":"8","name":"b"}`)
	if got, want := b.merges[0].Parameters[0].Value.Value, `[[null,"8","b"],[null,"7","c"],["1","9",null]]`; got != want {
		t.Errorf("changes %s, want %s", got, want)
	}
	apply(t, tgt, record(d, 6, replication.Delete, int64(8), "b"))
	equal(t, "rows", b.rows("users"), `{"id":"7","name":"c"}`)
	if len(b.merges) != 3 || b.count("tabledata.insertAll") != 0 {
		t.Errorf("%d merges", len(b.merges))
	}
	err := tgt.Apply(t.Context(), &replication.Batch{Reset: []*replication.Destination{d}, Records: []*replication.Record{record(d, 7, replication.Insert, int64(1), "z")}})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "rows after a reset", b.rows("users"), `{"id":"1","name":"z"}`)
}

func TestMutableWithoutKey(t *testing.T) {
	t.Parallel()
	b := newDouble(t)
	tgt, d := open(t, b, "mode=mutable"), users()
	d.Key = nil
	prepare(t, tgt, d)
	apply(t, tgt, record(d, 1, replication.Insert, int64(7), "a"))
	equal(t, "rows", b.rows("users"), `{"id":"7","name":"a"}`)
	if b.count("tabledata.insertAll") != 1 || b.tables["users"].Clustering != nil {
		t.Error("not streamed")
	}
}

func TestResetLeavesSharedTables(t *testing.T) {
	t.Parallel()
	b := newDouble(t)
	tgt, one, two := open(t, b, "mode=mutable"), users(), users()
	two.Source = "customers"
	prepare(t, tgt, one, two)
	apply(t, tgt, record(one, 1, replication.Insert, int64(7), "a"))
	if err := tgt.Apply(t.Context(), &replication.Batch{Reset: []*replication.Destination{one}}); err != nil || len(b.rows("users")) != 1 {
		t.Errorf("rows of another source are gone: %v", err)
	}
	if err := tgt.Apply(t.Context(), &replication.Batch{Reset: []*replication.Destination{one, two}}); err != nil || len(b.rows("users")) != 0 {
		t.Errorf("not reset: %v", err)
	}
	if n := b.count("jobs.insert"); n != 2 {
		t.Errorf("%d jobs", n)
	}
}

func TestLog(t *testing.T) {
	t.Parallel()
	b := newDouble(t)
	tgt, d := open(t, b, "mode=mutable", "log_table=audit"), users()
	prepare(t, tgt, d)
	apply(t, tgt, record(d, 1, replication.Insert, int64(7), "a"), record(d, 2, replication.Delete, int64(7), "a"))
	const both = `"commit_time":"2026-01-02T03:04:05.6Z","data":"{\"id\":7,\"name\":\"a\"}","destination":"users","operation":`
	equal(t, "log", b.rows("audit"),
		`{"at":"2026-01-02T03:05:05.6Z","change_id":"abc-1","commit_seq":"1",`+both+`"insert","record_id":"7","replication":"r","source":"shop","table_name":"users"}`,
		`{"at":"2026-01-02T03:05:05.6Z","change_id":"abc-2","commit_seq":"2",`+both+`"delete","record_id":"7","replication":"r","source":"shop","table_name":"users"}`)
}

func TestManyRows(t *testing.T) {
	t.Parallel()
	b := newDouble(t)
	tgt, d := open(t, b), users()
	merging, m := open(t, b, "mode=mutable"), users()
	m.Name = "merged"
	prepare(t, tgt, d)
	prepare(t, merging, m)
	var streams, merges []*replication.Record
	for i := range 1201 {
		streams = append(streams, record(d, i, replication.Insert, int64(i), "x"))
	}
	for i := range 5 { // of 4 MB each
		streams = append(streams, record(d, 2000+i, replication.Insert, int64(2000+i), strings.Repeat("<", 4<<20/6)))
		merges = append(merges, record(m, i, replication.Insert, int64(i), strings.Repeat("\n", 4<<20/3)))
	}
	streams = append(streams, record(d, 3000, replication.Insert, int64(3000), strings.Repeat("x", 9<<20)))
	merges = append(merges, record(m, 3000, replication.Insert, int64(3000), strings.Repeat("x", 8<<20)))
	if got := rejections(t, tgt.Apply(t.Context(), &replication.Batch{Records: streams})); !slices.Equal(got, []int{1206}) {
		t.Errorf("rejected %v", got)
	}
	if got := rejections(t, merging.Apply(t.Context(), &replication.Batch{Records: merges})); !slices.Equal(got, []int{5}) {
		t.Errorf("rejected %v", got)
	}
	if n, m := len(b.rows("users")), len(b.rows("merged")); n != 1206 || m != 5 {
		t.Errorf("%d and %d rows", n, m)
	}
	if n, m := b.count("tabledata.insertAll"), len(b.merges); n != 5 || m != 5 {
		t.Errorf("%d requests, %d merges", n, m)
	}
}

func TestRecordsOutOfOrder(t *testing.T) {
	t.Parallel()
	b := newDouble(t)
	for _, mode := range []string{modeAppend, modeMutable} {
		tgt, d := open(t, b, "mode="+mode), users()
		d.Name = mode
		err := tgt.Apply(t.Context(), &replication.Batch{Records: []*replication.Record{ // not prepared: Apply does it
			record(d, 1, replication.Insert, int64(1)), record(d, 2, replication.Insert, int64(2), struct{}{}), record(d, 3, replication.Insert, int64(3), "c")}})
		if got := rejections(t, err); !slices.Equal(got, []int{0, 1}) || len(b.rows(mode)) != 1 {
			t.Errorf("%s: rejected %v: %v", mode, got, err)
		}
	}
	tgt, d := open(t, b, "mode=mutable"), users()
	err := tgt.Apply(t.Context(), &replication.Batch{Records: []*replication.Record{record(d, 1, replication.Insert, nil, "a")}})
	if rejections(t, err); !strings.Contains(err.Error(), "column id is of the key, and NULL") {
		t.Error(err)
	}
}

func TestEndOfContext(t *testing.T) {
	t.Parallel()
	b := newDouble(t)
	tgt, d := open(t, b, "mode=mutable"), users()
	prepare(t, tgt, d)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := tgt.Apply(ctx, &replication.Batch{Records: []*replication.Record{record(d, 1, replication.Insert, int64(1), "a")}}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), 20*time.Second) // BigQuery hears of it
	defer cancel()
	if err := tgt.Apply(ctx, &replication.Batch{Records: []*replication.Record{record(d, 1, replication.Insert, int64(1), "a")}}); err != nil {
		t.Error(err)
	}
}
