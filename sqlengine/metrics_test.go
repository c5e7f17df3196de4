package sqlengine_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/s3sql/s3sql/sqlengine"
	"github.com/s3sql/s3sql/sqlengine/event"
	"github.com/s3sql/s3sql/storage/object"
	"github.com/s3sql/s3sql/storage/object/mem"
)

// asked returns the rows that a statement answers.
func asked(t *testing.T, s *sqlengine.Session, sql string) string {
	t.Helper()
	out := answer(s, sql)
	if strings.HasPrefix(out, "ERROR ") || strings.Contains(out, "\nERROR ") {
		t.Errorf("%s: %s", sql, out)
	}
	_, rows, _ := strings.Cut(out, "\n")
	return rows
}

// TestMetrics runs statements and compares the figures with what was run.
func TestMetrics(t *testing.T) {
	t.Parallel()
	clock := new(setClock)
	clock.to(time.Date(2026, 5, 1, 13, 30, 0, 0, time.UTC))
	hub := event.NewHub(clock)
	sub := hub.Subscribe(100)
	e := openConfig(t, sqlengine.Config{Clock: clock, Events: hub})
	s := e.NewSession()
	must(t, s, "CREATE TABLE Orders (id INT PRIMARY KEY, amount INT)")
	for i := range 10 {
		must(t, s, fmt.Sprintf("INSERT INTO orders VALUES (%d, 5)", i))
	}
	must(t, s, "INSERT INTO orders VALUES (20, 1), (21, 1)")
	must(t, s, "UPDATE Orders SET amount = 6 WHERE id < 3")
	must(t, s, "DELETE FROM orders WHERE id = 9")
	clock.advance(time.Hour)
	for range 5 {
		must(t, s, "SELECT * FROM orders WHERE amount = 5")
	}
	for range 2 {
		answer(s, "INSERT INTO orders VALUES (1, 1)")
		answer(s, "SELECT missing FROM orders")
	}
	answer(s, "SELEC 1")
	for sql, want := range map[string]string{
		"SELECT operation, table_name, count, errors FROM system.operation_timing WHERE table_name = 'Orders' ORDER BY 1": "ddl | Orders | 1 | 0\ndelete | Orders | 1 | 0\ninsert | Orders | 13 | 2\nselect | Orders | 7 | 2\nupdate | Orders | 1 | 0\n",
		"SELECT * FROM system.table_usage":                                                                             "Orders | 13 | 1 | 1 | 7 | 30 | 16 | 22\n",
		"SELECT hour, inserts, updates, deletes, reads FROM system.usage_hourly":                                       "2026-05-01 13:00:00.000000 | 11 | 1 | 1 | 0\n2026-05-01 14:00:00.000000 | 2 | 0 | 0 | 7\n",
		"SELECT type, sqlstate, table_name, count, last_message FROM system.errors ORDER BY 2":                         "invalid | 23000 | Orders | 2 | Duplicate entry '1' for key 'Orders.PRIMARY'\ninvalid | 42000 | NULL | 1 | (hidden)\ninvalid | 42S22 | Orders | 2 | Unknown column 'missing' in 'field list'\n",
		"SELECT period, statements > 0, errors, error_rate > 0.2 FROM system.error_rate WHERE period = '5m'":           "5m | 1 | 5 | 1\n",
		"SELECT value FROM system.metrics WHERE name = 's3sql_statements_total' AND labels->>'$.operation' = 'insert'": "13\n",
		"SHOW METRICS LIKE '%hour%'":   "usage | peak hour (UTC) | 13:00\n",
		"SHOW METRICS LIKE 'hit rate'": "cache | hit rate | 0.0000\n",
	} {
		got := asked(t, s, sql)
		if got != want {
			t.Errorf("%s:\n%s, want\n%s", sql, got, want)
		}
	}
	for range 20 {
		answer(s, "SELECT missing FROM orders")
	}
	if got := asked(t, s, "SHOW REPORT"); !strings.Contains(got, "high | errors | ") {
		t.Error(got)
	}
	failed := 0
	for len(sub.C()) > 0 {
		if r := <-sub.C(); r.Event.Type() == "error" {
			failed++
		}
	}
	if failed != 25 {
		t.Errorf("%d events of errors", failed)
	}
}

// TestMetricsOfAllProcesses keeps figures in the database: two processes see those of each other, and a third one those of both when they have ended.
func TestMetricsOfAllProcesses(t *testing.T) {
	t.Parallel()
	store := mem.New()
	open := func() (*sqlengine.Engine, *sqlengine.Session, *object.Ledger) {
		ledger := object.NewLedger(0)
		e, err := sqlengine.Open(t.Context(), sqlengine.Config{Store: store, Ledger: ledger, Database: "app", Create: true})
		if err != nil {
			t.Fatal(err)
		}
		return e, e.NewSession(), ledger
	}
	a, s, _ := open()
	must(t, s, "CREATE TABLE t (id INT PRIMARY KEY)")
	must(t, s, "CREATE METRICS m WITH (flush_interval = '1h', slow_query_threshold = 0, retention = '1d')")
	for i := range 4 {
		must(t, s, fmt.Sprintf("INSERT INTO t VALUES (%d)", i))
	}
	answer(s, "INSERT INTO t VALUES (1)")
	b, s2, ledger := open()
	must(t, s2, "SELECT * FROM t")
	before := ledger.Total()
	b.FlushMetrics()
	if used := ledger.Total().Sub(before); used.Requests() > 2 || used.Requests(object.PutObject) != 1 {
		t.Errorf("a flush makes %v", used)
	}
	b.FlushMetrics()
	after := ledger.Total()
	b.FlushMetrics()
	if used := ledger.Total().Sub(after); used.Requests() > 2 { // the cost of the flush before is news
		t.Errorf("a flush of little news makes %v", used)
	}
	must(t, s2, "SELECT * FROM t")
	if err := b.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	check := func(s *sqlengine.Session) {
		t.Helper()
		for sql, want := range map[string]string{
			"SELECT operation, count, errors FROM system.operation_timing WHERE table_name = 't' AND operation <> 'ddl' ORDER BY 1":              "insert | 5 | 1\nselect | 2 | 0\n",
			"SELECT inserts, reads, rows_read FROM system.table_usage WHERE table_name = 't'":                                                    "5 | 2 | 8\n",
			"SELECT type, count FROM system.errors WHERE table_name = 't'":                                                                       "invalid | 1\n",
			"SELECT COUNT(*) FROM system.slow_queries WHERE statement = 'SELECT * FROM t'":                                                       "2\n",
			"SELECT SUM(requests) > 5, COUNT(DISTINCT plugin) FROM system.cost_history WHERE operation = 'put'":                                  "1 | 1\n",
			"SELECT p50_ms > 0, p95_ms >= p50_ms, max_ms >= p99_ms FROM system.operation_timing WHERE operation = 'insert' AND table_name = 't'": "1 | 1 | 1\n",
		} {
			got := asked(t, s, sql)
			if got != want {
				t.Errorf("%s:\n%s, want\n%s", sql, got, want)
			}
		}
	}
	check(s)
	if err := a.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	c, s3, _ := open()
	check(s3)
	if got := answer(s3, "DELETE FROM system.metric_samples"); !strings.HasPrefix(got, "ERROR 1288") {
		t.Error(got)
	}
	if err := c.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// denying is a store that refuses writes while it is on.
type denying struct {
	object.Store
	on atomic.Bool
}

func (d *denying) PutIfAbsent(ctx context.Context, key string, data []byte) (string, error) {
	if d.on.Load() {
		return "", object.ErrDenied
	}
	return d.Store.PutIfAbsent(ctx, key, data)
}

// TestFlushThatFails writes the figures after a flush that could not: each statement counts once, and no slow statement is missing.
func TestFlushThatFails(t *testing.T) {
	t.Parallel()
	store := &denying{Store: mem.New()}
	a, _ := reopened(t, store, sqlengine.Config{Create: true})
	s := a.NewSession()
	must(t, s, "CREATE TABLE t (id INT PRIMARY KEY)")
	must(t, s, "CREATE METRICS m WITH (flush_interval = '1h', slow_query_threshold = 0)")
	must(t, s, "INSERT INTO t VALUES (1)")
	for range 3 {
		store.on.Store(true)
		a.FlushMetrics()
		store.on.Store(false)
		must(t, s, "SELECT * FROM t")
		a.FlushMetrics()
	}
	b, _ := reopened(t, store, sqlengine.Config{})
	s = b.NewSession()
	for sql, want := range map[string]string{
		"SELECT operation, count FROM system.operation_timing WHERE table_name = 't' AND operation <> 'ddl' ORDER BY 1":                               "insert | 1\nselect | 3\n",
		"SELECT statement, COUNT(*) FROM system.slow_queries WHERE statement IN ('INSERT INTO t VALUES(?)', 'SELECT * FROM t') GROUP BY 1 ORDER BY 1": "INSERT INTO t VALUES(?) | 1\nSELECT * FROM t | 3\n",
	} {
		if got := asked(t, s, sql); got != want {
			t.Errorf("%s:\n%s, want\n%s", sql, got, want)
		}
	}
}

// TestMetricsSettings turns parts of it off.
func TestMetricsSettings(t *testing.T) {
	t.Parallel()
	e := openMem(t)
	s := e.NewSession()
	must(t, s, "CREATE TABLE t (id INT PRIMARY KEY)")
	must(t, s, "CREATE METRICS m WITH (sample_rate = 0, collect_errors = false, slow_query_threshold = '1h')")
	for range 10 {
		must(t, s, "SELECT * FROM t")
	}
	answer(s, "SELECT x FROM t")
	if got := asked(t, s, "SELECT (SELECT COUNT(*) FROM system.operation_timing WHERE table_name = 't' AND operation = 'select'), (SELECT COUNT(*) FROM system.errors), (SELECT calls FROM system.statement_costs WHERE sample = 'SELECT * FROM t')"); got != "0 | 0 | 10\n" {
		t.Error(got)
	}
	if got := must(t, s, "SELECT COUNT(*) FROM system.slow_queries"); got != "COUNT(*)\n0\n" {
		t.Error(got)
	}
	must(t, s, "ALTER METRICS m SET (slow_query_threshold = 0, sample_rate = 1)")
	must(t, s, "SELECT id FROM t WHERE id > 3")
	if got := must(t, s, "SELECT statement, row_count, plan LIKE '%t%' FROM system.slow_queries WHERE statement LIKE 'SELECT id%'"); !strings.HasSuffix(got, "\nSELECT id FROM t WHERE id > ? | 0 | 1\n") {
		t.Error(got)
	}
	for sql, want := range map[string]string{"CREATE METRICS n": "ERROR 1221", "ALTER METRICS m SET (sample_rate = 2)": "ERROR 1210", "CREATE METRICS m2 ON t": "ERROR 1221",
		"CREATE ALERT a": "ERROR 1221", "CREATE ALERT a ON METRIC eror_rate > 1": "ERROR 1210", "CREATE ALERT a ON METRIC error_rate = 1": "ERROR 1064",
		"CREATE ALERT a ON METRIC memory_usage > 1 WITH (table = 't')": "ERROR 1210"} {
		if got := answer(s, sql); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s, want %s", sql, got, want)
		}
	}
}

// TestAlerts makes an alert begin and cease to fire.
func TestAlerts(t *testing.T) {
	t.Parallel()
	clock := new(setClock)
	clock.to(time.Date(2026, 5, 1, 13, 0, 0, 0, time.UTC))
	hub := event.NewHub(clock)
	sub := hub.Subscribe(1000)
	e := openConfig(t, sqlengine.Config{Clock: clock, Events: hub})
	s := e.NewSession()
	must(t, s, "CREATE TABLE t (id INT PRIMARY KEY)")
	must(t, s, "CREATE TABLE u (id INT PRIMARY KEY)")
	must(t, s, "CREATE ALERT failing ON METRIC error_rate > 0.3 WITH (window = '1m', table = 't')")
	must(t, s, "CREATE ALERT busy ON METRIC statements >= 1e6")
	alerts := func() string {
		return asked(t, s, "SELECT name, metric, threshold, firing, since FROM system.alerts ORDER BY 1")
	}
	if got := alerts(); got != "busy | statements | 1000000 | 0 | NULL\nfailing | error_rate | 0.3 | 0 | NULL\n" {
		t.Error(got)
	}
	for range 20 {
		clock.advance(500 * time.Millisecond)
		answer(s, "SELECT x FROM u") // of another table
		must(t, s, "SELECT * FROM t")
	}
	if got := alerts(); strings.Contains(got, " | 1 | ") {
		t.Error(got)
	}
	for range 30 {
		clock.advance(500 * time.Millisecond)
		answer(s, "SELECT x FROM t")
	}
	if got := alerts(); !strings.Contains(got, "failing | error_rate | 0.3 | 1 | 2026-05-01 13:00:") {
		t.Error(got)
	}
	clock.advance(2 * time.Minute)
	for range 3 {
		clock.advance(time.Second)
		must(t, s, "SELECT * FROM t")
	}
	var told []bool
	for len(sub.C()) > 0 {
		if a, ok := (<-sub.C()).Event.(event.Alert); ok && a.Name == "failing" && a.TableName == "t" {
			told = append(told, a.Firing)
		}
	}
	if len(told) != 2 || !told[0] || told[1] {
		t.Errorf("told %v", told)
	}
}

// TestIdleMetrics waits beside an idle database with METRICS: nothing is asked of the store.
func TestIdleMetrics(t *testing.T) {
	t.Parallel()
	ledger := object.NewLedger(0)
	e, err := sqlengine.Open(t.Context(), sqlengine.Config{Store: mem.New(), Ledger: ledger, Database: "app", Create: true})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close(context.Background())
	s := e.NewSession()
	must(t, s, "CREATE METRICS m WITH (flush_interval = '100ms')")
	must(t, s, "CREATE TABLE t (id INT PRIMARY KEY)")
	deadline := time.Now().Add(10 * time.Second)
	for one(t, s, "SELECT COUNT(*) FROM system.metric_samples") == "0" && time.Now().Before(deadline) {
		time.Sleep(20 * time.Millisecond)
	}
	e.FlushMetrics()
	time.Sleep(300 * time.Millisecond) // what waits is written
	before := ledger.Total()
	time.Sleep(500 * time.Millisecond)
	if used := ledger.Total().Sub(before); used.Requests() != 0 {
		t.Errorf("idle, it makes %v", used)
	}
}

// TestBudgetOfAllProcesses counts what another process has spent against a budget of the database, once it is kept.
func TestBudgetOfAllProcesses(t *testing.T) {
	t.Parallel()
	store := mem.New()
	a, _ := reopened(t, store, sqlengine.Config{Create: true})
	s := a.NewSession()
	must(t, s, "CREATE TABLE t (id INT PRIMARY KEY)")
	must(t, s, "CREATE METRICS m WITH (flush_interval = '1h')")
	for i := range 60 {
		must(t, s, fmt.Sprintf("INSERT INTO t VALUES (%d)", i))
	}
	a.FlushMetrics()
	b, ledger := reopened(t, store, sqlengine.Config{})
	o := b.NewSession()
	must(t, o, "CREATE BUDGET tight WITH (limit_usd = 0.0003, period = 'day', action = 'reject')") // sixty PUTs
	before := ledger.Total()
	if got := answer(o, "INSERT INTO t VALUES (100)"); !strings.HasPrefix(got, "ERROR 3024") {
		t.Error(got)
	}
	if used := ledger.Total().Sub(before); used.Requests(object.PutObject) != 0 {
		t.Errorf("%v were sent", used)
	}
	must(t, o, "ALTER BUDGET tight SET (limit_usd = 1)")
	must(t, o, "INSERT INTO t VALUES (100)")
}
