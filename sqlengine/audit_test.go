package sqlengine_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/plugins/audit"
	"github.com/s3sql/s3sql/sqlengine"
	"github.com/s3sql/s3sql/storage/object"
	"github.com/s3sql/s3sql/storage/object/mem"
)

// auditRowsOf returns columns of the audit log as lines.
func auditRowsOf(t *testing.T, s *sqlengine.Session, columns string) string {
	t.Helper()
	_, rows, _ := strings.Cut(must(t, s, "SELECT "+columns+" FROM system.audit_log ORDER BY id"), "\n")
	return rows
}

// TestAudit follows rows through all statements that change them.
func TestAudit(t *testing.T) {
	t.Parallel()
	e := openMem(t)
	s := e.NewSession()
	if got := must(t, s, "SELECT COUNT(*) FROM system.audit_log"); got != "COUNT(*)\n0\n" {
		t.Error(got)
	}
	must(t, s, "CREATE TABLE p (id INT PRIMARY KEY)")
	must(t, s, "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20), n DECIMAL(5,2), s VARCHAR(20) ENCRYPTED, p INT, FOREIGN KEY (p) REFERENCES p (id) ON DELETE CASCADE)")
	must(t, s, "CREATE TABLE k (a INT, b VARCHAR(5), PRIMARY KEY (a, b)) PARTITION BY RANGE COLUMNS (a) (PARTITION low VALUES LESS THAN (10), PARTITION high VALUES LESS THAN (MAXVALUE))")
	must(t, s, "CREATE TABLE noted (id INT PRIMARY KEY)")
	must(t, s, "CREATE AUDIT a ON ALL TABLES EXCEPT noted FOR INSERT, UPDATE, DELETE WITH (max_data_size = 200)")
	ctx := audit.WithMetadata(audit.WithUser(t.Context(), "ann"), map[string]any{"ip": "10.0.0.1"})
	exec := func(ctx context.Context, sql string) {
		t.Helper()
		if out := answerContext(ctx, s, sql); strings.HasPrefix(out, "ERROR") {
			t.Fatalf("%s: %s", sql, out)
		}
	}
	exec(ctx, "INSERT INTO p VALUES (1), (2)")
	must(t, s, "SET @@s3sql_user = 'bob'")
	must(t, s, `SET @@s3sql_metadata = JSON_OBJECT('app', 'shop', 'ip', 'none')`)
	exec(t.Context(), "INSERT INTO t VALUES (1, 'x', 1.5, 'secret', 1)")
	exec(ctx, "UPDATE t SET v = 'y', s = 'other' WHERE id = 1")
	exec(t.Context(), "UPDATE t SET v = 'y' WHERE id = 1") // changes nothing
	exec(t.Context(), "UPDATE t SET id = 3 WHERE id = 1")
	exec(t.Context(), "INSERT INTO t VALUES (3, 'z', 2, NULL, 1) ON DUPLICATE KEY UPDATE n = n + 1")
	exec(t.Context(), "REPLACE INTO t VALUES (3, 'r', NULL, NULL, 1)")
	exec(t.Context(), "DELETE FROM p WHERE id = 1") // and the row of t with it
	exec(t.Context(), "INSERT INTO k VALUES (5, 'five'), (15, 'much')")
	exec(t.Context(), "UPDATE k SET a = 25 WHERE a = 5")
	exec(t.Context(), "TRUNCATE TABLE k")
	exec(t.Context(), "INSERT INTO noted VALUES (1)")
	exec(t.Context(), "CREATE TEMPORARY TABLE tmp (a INT)")
	exec(t.Context(), "INSERT INTO tmp VALUES (1)")
	want := `p | insert | 1 | ann | NULL | {"id": 1} | NULL | NULL | {"ip": "10.0.0.1"}
p | insert | 2 | ann | NULL | {"id": 2} | NULL | NULL | {"ip": "10.0.0.1"}
t | insert | 1 | bob | NULL | {"n": 1.5, "p": 1, "s": "***", "v": "x", "id": 1} | NULL | NULL | {"ip": "none", "app": "shop"}
t | update | 1 | ann | {"n": 1.5, "p": 1, "s": "***", "v": "x", "id": 1} | {"n": 1.5, "p": 1, "s": "***", "v": "y", "id": 1} | NULL | NULL | {"ip": "10.0.0.1", "app": "shop"}
t | update | 3 | bob | {"n": 1.5, "p": 1, "s": "***", "v": "y", "id": 1} | {"n": 1.5, "p": 1, "s": "***", "v": "y", "id": 3} | NULL | NULL | {"ip": "none", "app": "shop"}
t | update | 3 | bob | {"n": 1.5, "p": 1, "s": "***", "v": "y", "id": 3} | {"n": 2.5, "p": 1, "s": "***", "v": "y", "id": 3} | NULL | NULL | {"ip": "none", "app": "shop"}
t | delete | 3 | bob | {"n": 2.5, "p": 1, "s": "***", "v": "y", "id": 3} | NULL | NULL | NULL | {"ip": "none", "app": "shop"}
t | insert | 3 | bob | NULL | {"n": null, "p": 1, "s": null, "v": "r", "id": 3} | NULL | NULL | {"ip": "none", "app": "shop"}
p | delete | 1 | bob | {"id": 1} | NULL | NULL | NULL | {"ip": "none", "app": "shop"}
t | delete | 3 | bob | {"n": null, "p": 1, "s": null, "v": "r", "id": 3} | NULL | NULL | NULL | {"ip": "none", "app": "shop"}
k | insert | [5, "five"] | bob | NULL | {"a": 5, "b": "five"} | low | {"a": 5} | {"ip": "none", "app": "shop"}
k | insert | [15, "much"] | bob | NULL | {"a": 15, "b": "much"} | high | {"a": 15} | {"ip": "none", "app": "shop"}
k | update | [25, "five"] | bob | {"a": 5, "b": "five"} | {"a": 25, "b": "five"} | high | {"a": 25} | {"ip": "none", "app": "shop"}
k | truncate | NULL | bob | NULL | NULL | NULL | NULL | {"ip": "none", "app": "shop"}
`
	if got := auditRowsOf(t, s, "table_name, operation, record_id, user_id, old_data, new_data, partition_name, partition_values, metadata"); got != want {
		t.Errorf("the log is\n%s", got)
	}
	if got := must(t, s, "SELECT COUNT(DISTINCT commit_seq) = COUNT(DISTINCT id >> 20), MIN(truncated), MAX(truncated) FROM system.audit_log"); !strings.HasSuffix(got, "\n1 | 0 | 0\n") {
		t.Error(got)
	}
	if got := must(t, s, "VERIFY AUDIT a"); !strings.Contains(got, "a | 14 | 14 | ") || !strings.Contains(got, " | ok | NULL") {
		t.Error(got)
	}
	for sql, want := range map[string]string{"DELETE FROM system.audit_log": "ERROR 1288", "UPDATE system.audit_log SET user_id = 'eve'": "ERROR 1288",
		"INSERT INTO system.audit_log (id) VALUES (1)": "ERROR", "TRUNCATE TABLE system.audit_log": "ERROR 1049", "DROP TABLE system.audit_log": "ERROR",
		"VERIFY AUDIT b": "ERROR 3162", "PURGE AUDIT a BEFORE 'soon'": "ERROR 1292", "CREATE AUDIT b": "ERROR 1221", "ALTER TABLE system.audit_log ADD x INT": "ERROR"} {
		if got := answer(s, sql); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s, want %s", sql, got, want)
		}
	}
}

// TestAuditIsPartOfTheTransaction rolls back, to savepoints and as a whole, and fails statements.
func TestAuditIsPartOfTheTransaction(t *testing.T) {
	t.Parallel()
	e := openMem(t)
	s := e.NewSession()
	must(t, s, "CREATE TABLE t (id INT PRIMARY KEY, v TEXT)")
	must(t, s, "CREATE AUDIT a ON t WITH (max_data_size = 40)")
	must(t, s, "BEGIN")
	must(t, s, "INSERT INTO t VALUES (1, 'a')")
	must(t, s, "SAVEPOINT one")
	must(t, s, "INSERT INTO t VALUES (2, 'b')")
	must(t, s, "ROLLBACK TO one")
	answer(s, "INSERT INTO t VALUES (3, 'c'), (1, 'again')")
	must(t, s, "COMMIT")
	must(t, s, "BEGIN")
	must(t, s, "INSERT INTO t VALUES (4, 'd')")
	must(t, s, "ROLLBACK")
	answer(s, "INSERT INTO t VALUES (5, 'e'), (1, 'again')")
	must(t, s, "INSERT INTO t VALUES (6, REPEAT('é', 100))")
	want := "insert | 1 | 0 | {\"v\": \"a\", \"id\": 1}\ninsert | 6 | 1 | {\"_size\": 218, \"_preview\": \"{\\\"v\\\": \\\"ééééééééééééééé…\", \"_truncated\": true}\n"
	if got := auditRowsOf(t, s, "operation, record_id, truncated, new_data"); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	must(t, s, "ALTER AUDIT a SET (include_data = false)")
	must(t, s, "UPDATE t SET v = 'x' WHERE id = 1")
	must(t, s, "ALTER AUDIT a PAUSE")
	must(t, s, "DELETE FROM t")
	if got := must(t, s, "SELECT operation, old_data, new_data FROM system.audit_log WHERE operation <> 'insert'"); got != "operation | old_data | new_data\nupdate | NULL | NULL\n" {
		t.Error(got)
	}
}

// TestAuditChain writes from several processes and sessions at once, moves rows to segments, opens the database again, and verifies.
func TestAuditChain(t *testing.T) {
	t.Parallel()
	store := mem.New()
	cfg := sqlengine.Config{Create: true}
	cfg.SmallSegments()
	first, _ := reopened(t, store, cfg)
	s := first.NewSession()
	must(t, s, "CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, v TEXT)")
	must(t, s, "CREATE AUDIT a ON t")
	must(t, s, "CREATE AUDIT loose ON t FOR DELETE WITH (hash_chain = false)")
	var all sync.WaitGroup
	for w := range 3 {
		e := first
		if w > 0 {
			e, _ = reopened(t, store, cfg)
		}
		for range 2 {
			s, r := e.NewSession(), rand.New(rand.NewPCG(uint64(w), 1))
			all.Go(func() {
				for i := range 40 {
					sql := fmt.Sprintf("INSERT INTO t (v) VALUES ('%d'), ('%d')", i, w)
					switch r.IntN(4) {
					case 0:
						sql = "UPDATE t SET v = CONCAT(v, 'x') ORDER BY id LIMIT 2"
					case 1:
						sql = "DELETE FROM t ORDER BY id DESC LIMIT 1"
					}
					if out := answer(s, sql); strings.HasPrefix(out, "ERROR") && !strings.HasPrefix(out, "ERROR 1213") {
						t.Errorf("%s: %s", sql, out)
					}
				}
			})
		}
		if w == 1 {
			all.Go(func() { answer(first.NewSession(), "OPTIMIZE TABLE t") })
		}
	}
	all.Wait()
	if err := first.Flush(context.Background()); err != nil {
		t.Error(err)
	}
	again, _ := reopened(t, store, cfg)
	s = again.NewSession()
	must(t, s, "INSERT INTO t (v) VALUES ('after')")
	got := must(t, s, "VERIFY AUDIT a")
	if !strings.Contains(got, " | ok | NULL") {
		t.Error(got)
	}
	var rows, changes int
	_, values, _ := strings.Cut(got, "\n")
	if _, err := fmt.Sscanf(values, "a | %d | ", &rows); err != nil {
		t.Fatal(got, err)
	}
	counts := must(t, s, "SELECT (SELECT COUNT(*) FROM system.audit_log WHERE operation = 'insert') - (SELECT COUNT(*) FROM system.audit_log WHERE operation = 'delete' AND audit_name = 'a') - COUNT(*), COUNT(*) FROM t")
	if _, err := fmt.Sscanf(counts[strings.IndexByte(counts, '\n'):], "\n%d | %d", &changes, new(int)); err != nil || changes != 0 || rows < 100 {
		t.Errorf("%d rows of the log; it says %d rows more than there are, %v", rows, changes, err)
	}
}

// TestAuditTampering changes the log behind the database's back.
func TestAuditTampering(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ tamper, want string }{
		"nothing":        {"SELECT 1", "ok"},
		"a change":       {"UPDATE system.audit_log SET user_id = 'eve' WHERE record_id = '3'", "broken: the row was changed"},
		"a missing row":  {"DELETE FROM system.audit_log WHERE record_id = '3'", "broken: rows before it are missing"},
		"an emptied row": {"UPDATE system.audit_log SET operation = 'purged', new_data = NULL WHERE record_id = '3'", "broken: the row is empty, and no PURGE AUDIT"},
		"a new hash":     {"UPDATE system.audit_log SET hash = REPEAT('0', 64) WHERE record_id = '3'", "broken: the row was changed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := openMem(t)
			s := e.NewSession()
			must(t, s, "CREATE TABLE t (id INT PRIMARY KEY)")
			must(t, s, "CREATE AUDIT a ON t")
			for i := range 6 {
				must(t, s, fmt.Sprintf("INSERT INTO t VALUES (%d)", i))
			}
			s.Own(true)
			must(t, s, c.tamper)
			s.Own(false)
			if got := must(t, s, "VERIFY AUDIT a"); !strings.Contains(got, " | "+c.want) {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

// TestAuditPurge removes old rows of one audit of two, and lets rows expire.
func TestAuditPurge(t *testing.T) {
	t.Parallel()
	clock := new(setClock)
	clock.to(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	e := openConfig(t, sqlengine.Config{Clock: clock})
	s := e.NewSession()
	must(t, s, "CREATE TABLE t (id INT PRIMARY KEY)")
	must(t, s, "CREATE TABLE u (id INT PRIMARY KEY)")
	must(t, s, "CREATE AUDIT a ON t WITH (retention = '30d')")
	must(t, s, "CREATE AUDIT b ON u WITH (retention = '10d')")
	for day := range 6 {
		clock.to(time.Date(2026, 1, 1+day, 0, 0, 0, 0, time.UTC))
		must(t, s, fmt.Sprintf("INSERT INTO t VALUES (%d)", day))
		must(t, s, fmt.Sprintf("INSERT INTO u VALUES (%d)", day))
	}
	if got := must(t, s, "PURGE AUDIT a BEFORE '2026-01-04'"); got != "ok, 3 affected\n" {
		t.Error(got)
	}
	want := "b | insert | 0\na | purged | NULL\nb | insert | 1\na | purged | NULL\nb | insert | 2\na | insert | 3\nb | insert | 3\na | insert | 4\nb | insert | 4\na | insert | 5\nb | insert | 5\na | purge | NULL\n"
	if got := auditRowsOf(t, s, "audit_name, operation, record_id"); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	for _, name := range []string{"a", "b"} {
		if got := must(t, s, "VERIFY AUDIT "+name); !strings.Contains(got, " | ok | NULL") {
			t.Error(got)
		}
	}
	must(t, s, "PURGE AUDIT b BEFORE '2026-01-03'")
	if got := must(t, s, "SELECT COUNT(*), SUM(operation = 'purged'), MIN(record_id) FROM system.audit_log"); got != "COUNT(*) | SUM(operation = 'purged') | MIN(record_id)\n9 | 0 | 2\n" {
		t.Error(got)
	}
	// Rows leave in their order: those of b, of ten days, wait for those of a before them.
	clock.to(time.Date(2026, 1, 20, 0, 0, 0, 0, time.UTC))
	must(t, s, "INSERT INTO t VALUES (100)")
	if got := must(t, s, "SELECT COUNT(*) FROM system.audit_log"); got != "COUNT(*)\n10\n" {
		t.Errorf("%s; no row of u has gone before those of t that come before it", got)
	}
	clock.to(time.Date(2026, 2, 4, 12, 0, 0, 0, time.UTC))
	if got := auditRowsOf(t, s, "record_id"); got != "5\n5\nNULL\nNULL\n100\n" {
		t.Error(got)
	}
	if got := must(t, s, "VERIFY AUDIT a"); !strings.Contains(got, " | ok | NULL") {
		t.Error(got)
	}
}

// TestAuditedReads counts the requests of audited reads and looks for their rows.
func TestAuditedReads(t *testing.T) {
	t.Parallel()
	store, ledger := mem.New(), object.NewLedger(0)
	e, err := sqlengine.Open(t.Context(), sqlengine.Config{Store: store, Ledger: ledger, Database: "app", Create: true, User: "ann", Consistency: "bounded", MaxStaleness: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	s := e.NewSession()
	must(t, s, "CREATE TABLE t (id INT PRIMARY KEY, v TEXT)")
	must(t, s, "CREATE TABLE u (id INT PRIMARY KEY)")
	must(t, s, "INSERT INTO t VALUES (1, 'a'), (2, 'b')")
	must(t, s, "CREATE AUDIT a ON t FOR SELECT")
	before := ledger.Total()
	for i := range 50 {
		must(t, s, fmt.Sprintf("SELECT v FROM t WHERE id >= %d", i))
	}
	must(t, s, "SELECT * FROM u")
	answer(s, "SELECT missing FROM t")
	if used := ledger.Total().Sub(before); used.Requests() > 2 { // a slow machine may have begun to write
		t.Errorf("the reads made %v", used)
	}
	must(t, s, "INSERT INTO t VALUES (3, 'c')") // of no audit
	if err := e.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	again, _ := reopened(t, store, sqlengine.Config{})
	s = again.NewSession()
	got := must(t, s, "SELECT COUNT(*), MIN(operation), MAX(operation), MIN(user_id), MIN(new_data->>'$.statement'), SUM(new_data->>'$.rows') FROM system.audit_log")
	if !strings.HasSuffix(got, "\n50 | select | select | ann | SELECT v FROM t WHERE id >= ? | 5\n") {
		t.Error(got)
	}
	if got := must(t, s, "VERIFY AUDIT a"); !strings.Contains(got, " | ok | NULL") {
		t.Error(got)
	}
}

// TestAuditCostsNoRequest compares a commit with its records and one without.
func TestAuditCostsNoRequest(t *testing.T) {
	t.Parallel()
	ledger := object.NewLedger(0)
	e, err := sqlengine.Open(t.Context(), sqlengine.Config{Store: mem.New(), Ledger: ledger, Database: "app", Create: true, Maintenance: "off"})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close(context.Background())
	s := e.NewSession()
	must(t, s, "CREATE TABLE t (id INT PRIMARY KEY)")
	must(t, s, "CREATE AUDIT a ON ALL TABLES")
	for i := range 5 {
		before := ledger.Total()
		must(t, s, fmt.Sprintf("INSERT INTO t VALUES (%d)", i))
		if used := ledger.Total().Sub(before); used.String() != "1 PutObject" {
			t.Errorf("%v", used)
		}
	}
}

// TestAuditOfBulk follows rows that come by the appender and by CREATE TABLE … SELECT; those that a ttl removes leave no record.
func TestAuditOfBulk(t *testing.T) {
	t.Parallel()
	e, s, clock, _ := sweepEngine(t)
	must(t, s, "CREATE TABLE t (id INT PRIMARY KEY, at DATETIME) WITH (ttl = 'at')")
	must(t, s, "CREATE AUDIT a ON ALL TABLES")
	for _, abort := range []bool{true, false} {
		app, err := s.NewAppender(t.Context(), "t", []string{"id", "at"})
		if err != nil {
			t.Fatal(err)
		}
		at := base.NewString("2030-01-01 01:00:00")
		if err := app.Append(t.Context(), [][]base.Value{{base.NewInt(10), at}, {base.NewInt(11), at}}); err != nil {
			t.Fatal(err)
		}
		if abort {
			if err := app.Abort(t.Context()); err != nil {
				t.Fatal(err)
			}
		} else if _, err := app.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	must(t, s, "CREATE TABLE u (PRIMARY KEY (id)) SELECT id + 10 AS id FROM t WHERE id = 10")
	clock.micros.Add(2 * time.Hour.Microseconds())
	must(t, s, "INSERT INTO t VALUES (30, NULL)")
	e.Swept()
	if n := stored(t, s, "t"); n != "1" {
		t.Errorf("%s rows are left", n)
	}
	want := "t | insert | 10\nt | insert | 11\nu | insert | 20\nt | insert | 30\n"
	if got := auditRowsOf(t, s, "table_name, operation, record_id"); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestAuditedReadsOfAllSorts reads an audited table by each kind of statement that answers with rows.
func TestAuditedReadsOfAllSorts(t *testing.T) {
	t.Parallel()
	s := openMem(t).NewSession()
	must(t, s, "CREATE TABLE t (id INT PRIMARY KEY)")
	must(t, s, "INSERT INTO t VALUES (1), (2)")
	must(t, s, "CREATE AUDIT a ON t FOR SELECT, DELETE")
	must(t, s, "SHOW COST OF SELECT * FROM t")
	must(t, s, "SELECT id INTO @id FROM t WHERE id = 1")
	must(t, s, "SELECT id FROM t UNION ALL SELECT id FROM t")
	must(t, s, "DELETE FROM t WHERE id = 2")
	want := "select | 2\nselect | 1\nselect | 4\ndelete | NULL\n"
	if got := auditRowsOf(t, s, "operation, new_data->>'$.rows'"); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
