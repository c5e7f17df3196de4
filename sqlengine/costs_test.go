package sqlengine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/s3sql/s3sql/sqlengine"
	"github.com/s3sql/s3sql/storage/object"
	"github.com/s3sql/s3sql/storage/object/mem"
)

// TestCostsAddUp runs statements of all sorts and compares the figures by command, by statement and by minute with one another.
func TestCostsAddUp(t *testing.T) {
	t.Parallel()
	e, ledger := reopened(t, segmentedStore(t), sqlengine.Config{})
	s := e.NewSession()
	opened := ledger.Total().Requests()
	for i, sql := range []string{"INSERT INTO r VALUES (1, 'a', 1, 'v')", "INSERT INTO r VALUES (3, 'b', 1, 'v')", "SELECT COUNT(v) FROM r WHERE k = 7",
		"BEGIN", "UPDATE r SET v = 'w' WHERE id = 10", "SELECT * FROM r WHERE id = 1", "COMMIT", "CREATE TABLE n (id INT PRIMARY KEY)",
		"SELECT * FROM missing", "SELECT 1", "SELECT * FROM r WHERE id = 24680"} {
		if out := answer(s, sql); strings.HasPrefix(out, "ERROR") != (i == 8) {
			t.Fatalf("%s: %s", sql, out)
		}
	}
	total := ledger.Total().Requests()
	want := fmt.Sprintf("%d\n", total)
	for _, sql := range []string{"SELECT SUM(requests) FROM system.costs", "SELECT requests FROM system.cost_totals", "SELECT SUM(requests) FROM system.cost_history"} {
		if got := must(t, s, sql); !strings.HasSuffix(got, "\n"+want) {
			t.Errorf("%s: %s, want %s", sql, got, want)
		}
	}
	if got := must(t, s, "SELECT SUM(requests) FROM system.statement_costs"); !strings.HasSuffix(got, fmt.Sprintf("\n%d\n", total-opened)) {
		t.Errorf("the statements sum up to %s, want %d", got, total-opened)
	}
	if got := must(t, s, "SELECT calls, requests > 0 FROM system.statement_costs WHERE sample LIKE 'INSERT INTO r%'"); got != "calls | requests > 0\n2 | 1\n" {
		t.Error(got)
	}
	if got := must(t, s, "SELECT DISTINCT table_name FROM system.cost_history WHERE table_name IS NOT NULL ORDER BY 1"); got != "table_name\nmissing\nn\nr\n" {
		t.Error(got)
	}
	if n := ledger.Total().Requests(); n != total {
		t.Errorf("looking at the figures asked the store %d times", n-total)
	}
	must(t, s, "RESET COSTS")
	if got := must(t, s, "SELECT (SELECT requests FROM system.cost_totals), (SELECT COUNT(*) FROM system.costs), (SELECT SUM(requests) FROM system.statement_costs)"); !strings.HasSuffix(got, "\n0 | 0 | 0\n") {
		t.Errorf("after RESET COSTS: %s", got)
	}
}

// TestCostOf compares what SHOW COST OF answers with the ledger.
func TestCostOf(t *testing.T) {
	t.Parallel()
	e, ledger := reopened(t, segmentedStore(t), sqlengine.Config{})
	s := e.NewSession()
	for _, c := range []struct {
		sql  string
		rows int
	}{{"SELECT v FROM r WHERE id < 40", 20}, {"INSERT INTO r VALUES (5, 'c', 1, 'v')", 1}, {"SELECT 1", 1}} {
		sql, rows := c.sql, c.rows
		before := ledger.Total()
		got := must(t, s, "SHOW COST OF "+sql)
		used := ledger.Total().Sub(before)
		var n, put, get, head, del, list, in, out, counted int
		var usd, took float64
		_, values, _ := strings.Cut(got, "\n")
		if _, err := fmt.Sscanf(strings.ReplaceAll(values, " | ", " "), "%d %d %d %d %d %d %d %d %f %f %d", &n, &put, &get, &head, &del, &list, &in, &out, &usd, &took, &counted); err != nil {
			t.Fatal(got, err)
		}
		if sum := used.Total(); int64(n) != sum.Requests || int64(in) != sum.Received || int64(out) != sum.Sent || put+get+head+del+list != n || counted != rows {
			t.Errorf("%s: %s, want %v, %d rows", sql, got, used, rows)
		}
	}
	if got := must(t, s, "SELECT COUNT(*) FROM r WHERE id = 5"); got != "COUNT(*)\n1\n" {
		t.Errorf("the INSERT has not happened: %s", got)
	}
	if got := answer(s, "SHOW COST OF SELECT * FROM missing"); !strings.HasPrefix(got, "ERROR 1146") {
		t.Error(got)
	}
	est := must(t, s, "ESTIMATE COST FOR 30 DAYS")
	if lines := strings.Split(strings.TrimSpace(est), "\n"); len(lines) != 9 || !strings.HasPrefix(lines[8], "total | ") || strings.HasPrefix(lines[8], "total | 0 ") {
		t.Error(est)
	}
}

// TestBudgets runs into budgets: nothing is sent, nothing is written, and the way out stays open.
func TestBudgets(t *testing.T) {
	t.Parallel()
	e, ledger := reopened(t, segmentedStore(t), sqlengine.Config{})
	s := e.NewSession()
	// Two GETs and no more.
	must(t, s, "CREATE BUDGET two WITH (limit_usd = 0.0000008, scope = 'statement', action = 'reject', period = 'total')")
	before := ledger.Total()
	got := answer(s, "SELECT SUM(LENGTH(v)) FROM r")
	used := ledger.Total().Sub(before)
	if !strings.Contains(got, "ERROR 3024 (HY000): budget 'two'") || used.Requests() != 2 {
		t.Errorf("%s after %v", got, used)
	}
	before = ledger.Total()
	got = answer(s, "INSERT INTO r VALUES (7, 'd', 1, 'v')")
	if used = ledger.Total().Sub(before); !strings.HasPrefix(got, "ERROR 3024") || used.Requests(object.PutObject) != 0 {
		t.Errorf("%s after %v", got, used)
	}
	must(t, s, "ALTER BUDGET two PAUSE")
	if got := must(t, s, "SELECT COUNT(*) FROM r WHERE id = 7"); got != "COUNT(*)\n0\n" {
		t.Error(got)
	}
	must(t, s, "DROP BUDGET two")

	// What the session, and the database, have spent counts.
	must(t, s, "CREATE BUDGET all_ WITH (limit_usd = 0, action = 'reject')")
	before = ledger.Total()
	for _, sql := range []string{"SELECT * FROM r WHERE id = 2", "INSERT INTO r VALUES (7, 'd', 1, 'v')", "CREATE TABLE x (a INT)"} {
		if got := answer(s, sql); !strings.HasPrefix(got, "ERROR 3024") {
			t.Errorf("%s: %s", sql, got)
		}
	}
	if used = ledger.Total().Sub(before); used.Requests() != 0 {
		t.Errorf("%v were sent", used)
	}
	must(t, s, "CREATE OR REPLACE BUDGET all_ WITH (limit_usd = 0.0001, action = 'warn', scope = 'session')")
	other := e.NewSession()
	for i := range 30 {
		must(t, s, fmt.Sprintf("UPDATE r SET v = '%d' WHERE id = 2", i))
	}
	if got := must(t, s, "UPDATE r SET v = 'z' WHERE id = 2"); got != "ok, 1 affected\n" {
		t.Error(got)
	}
	if got := must(t, s, "SHOW WARNINGS"); !strings.Contains(got, "Warning | 3024 | budget 'all_' of 0.0001 USD is exceeded") {
		t.Error(got)
	}
	must(t, other, "UPDATE r SET v = 'y' WHERE id = 2")
	if got := must(t, other, "SHOW WARNINGS"); strings.Contains(got, "3024") {
		t.Errorf("another session: %s", got)
	}
	if got := must(t, s, "SELECT COUNT(*) FROM system.events WHERE type = 'budget_exceeded'"); got != "COUNT(*)\n1\n" {
		t.Error(got)
	}
}

// TestBudgetsOfTransactions runs into budgets at COMMIT, of SQL and of the API: nothing is written, and the transaction has ended.
func TestBudgetsOfTransactions(t *testing.T) {
	t.Parallel()
	e, ledger := reopened(t, mem.New(), sqlengine.Config{Create: true})
	must(t, e.NewSession(), "CREATE TABLE r (id INT PRIMARY KEY, k VARCHAR(9), n INT, v TEXT)")
	s, ctx := e.NewSession(), t.Context()
	must(t, s, "BEGIN")
	must(t, s, "INSERT INTO r VALUES (7, 'd', 1, 'v')")
	must(t, e.NewSession(), "CREATE BUDGET none WITH (limit_usd = 0.000001, scope = 'statement', action = 'reject')") // two GETs, and no PUT
	before := ledger.Total()
	if got := answer(s, "COMMIT"); !strings.HasPrefix(got, "ERROR 3024 (HY000): budget 'none' of 0.000001 USD for a statement would be exceeded") || s.InTx() {
		t.Error(got, s.InTx())
	}
	if err := s.Begin(ctx, sqlengine.TxOptions{}); err != nil {
		t.Fatal(err)
	}
	must(t, s, "INSERT INTO r VALUES (7, 'd', 1, 'v')")
	if err := s.Commit(ctx); err == nil || !strings.Contains(err.Error(), "budget 'none'") || s.InTx() {
		t.Error(err, s.InTx())
	}
	if used := ledger.Total().Sub(before); used.Requests(object.PutObject) != 0 {
		t.Errorf("%v were sent", used)
	}
	must(t, s, "ALTER BUDGET none SET (limit_usd = 0)")
	for _, sql := range []string{"BEGIN", "START TRANSACTION READ ONLY"} {
		if got := answer(s, sql); !strings.HasPrefix(got, "ERROR 3024") || s.InTx() {
			t.Error(sql, got)
		}
	}
	if err := s.Begin(ctx, sqlengine.TxOptions{}); err == nil || s.InTx() {
		t.Error(err)
	}
	must(t, s, "SET autocommit = 0") // each of these begins a transaction
	must(t, s, "ALTER BUDGET none SET (limit_usd = 0.000003)")
	must(t, s, "SAVEPOINT x")
	if got := answer(s, "DROP BUDGET missing"); !strings.HasPrefix(got, "ERROR 3162") {
		t.Error(got)
	}
	must(t, s, "COMMIT") // of a change of a budget, which no budget stops
	must(t, s, "DROP BUDGET none")
	must(t, s, "COMMIT")
	if got := must(t, s, "SELECT COUNT(*) FROM r WHERE id = 7"); got != "COUNT(*)\n0\n" {
		t.Error(got)
	}
}

// TestBudgetOfASession counts each request of a session once, those of BeginTx and Commit too.
func TestBudgetOfASession(t *testing.T) {
	t.Parallel()
	e, ledger := reopened(t, mem.New(), sqlengine.Config{Create: true})
	must(t, e.NewSession(), "CREATE TABLE r (id INT PRIMARY KEY, k VARCHAR(9), n INT, v TEXT)")
	must(t, e.NewSession(), "CREATE BUDGET two WITH (limit_usd = 0.00001, scope = 'session')") // two PUTs
	s, ctx := e.NewSession(), t.Context()
	for i, want := range []string{"", "", "Warning | 3024"} {
		before := ledger.Total()
		must(t, s, fmt.Sprintf("INSERT INTO r VALUES (%d, 'd', 1, 'v')", 2*i+1))
		if used := ledger.Total().Sub(before); used.String() != "1 PutObject" {
			t.Fatal(used)
		}
		if got := asked(t, s, "SHOW WARNINGS"); (got == "") != (want == "") || !strings.HasPrefix(got, want) {
			t.Errorf("after %d INSERTs: %q, want %q", i+1, got, want)
		}
	}
	s = e.NewSession()
	for i := range 2 {
		if err := s.Begin(ctx, sqlengine.TxOptions{}); err != nil {
			t.Fatal(err)
		}
		must(t, s, fmt.Sprintf("INSERT INTO r VALUES (%d, 'd', 1, 'v')", 2*i+101))
		if err := s.Commit(ctx); err != nil {
			t.Fatal(err)
		}
	}
	must(t, s, "SELECT * FROM r WHERE id = 101")
	if got := asked(t, s, "SHOW WARNINGS"); !strings.HasPrefix(got, "Warning | 3024") {
		t.Errorf("two transactions: %q", got)
	}
}

// TestPrices changes prices and profiles.
func TestPrices(t *testing.T) {
	t.Parallel()
	e := openMem(t)
	s := e.NewSession()
	must(t, s, "CREATE TABLE t (id INT PRIMARY KEY)")
	must(t, s, "UPDATE system.prices SET price_per_1000_usd = 1000 * 2 WHERE profile = 'aws-s3-standard' AND operation = 'put'")
	if got := must(t, s, "SELECT cost_usd >= 2 * requests AND price_per_1000 = 2000 FROM system.costs WHERE command = 'PutObject'"); !strings.HasSuffix(got, "\n1\n") {
		t.Error(got)
	}
	other := e.NewSession()
	must(t, s, "SET cost_profile = 'cloudflare-r2'")
	const price = "SELECT DISTINCT price_per_1000 FROM system.costs WHERE operation = 'put'"
	if got := must(t, s, price); got != "price_per_1000\n0.0045000000\n" {
		t.Error(got)
	}
	if got := must(t, other, price); got != "price_per_1000\n2000.0000000000\n" {
		t.Error(got)
	}
	for sql, want := range map[string]string{
		"SET cost_profile = 'free'": "ERROR 1231",
		"UPDATE system.prices SET price_per_1000_usd = -1 WHERE operation = 'put'":     "ERROR 1690",
		"UPDATE system.prices SET operation = 'x'":                                     "ERROR 1235",
		"UPDATE system.prices SET nothing = 1":                                         "ERROR 1054",
		"UPDATE system.prices SET price_per_gb_usd = 1 WHERE operation = 'put'":        "ERROR 1235",
		"DELETE FROM system.prices":                                                    "ERROR 1235",
		"UPDATE system.costs SET requests = 0":                                         "ERROR",
		"UPDATE system.prices SET price_per_1000_usd = 'much' WHERE operation = 'put'": "ERROR 1366",
	} {
		if got := answer(s, sql); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s, want %s", sql, got, want)
		}
	}
}

// TestSecretsAreNotShown looks for a secret everywhere but in the memory of the process.
func TestSecretsAreNotShown(t *testing.T) {
	t.Parallel()
	e := openMem(t)
	s := e.NewSession()
	const secret = "hunter2-hunter2"
	must(t, s, "CREATE SECRET token AS '"+secret+"'")
	answer(s, "CREATE SECRET token AS '"+secret+"' AND MORE")
	answer(s, "CREATE SECRET token AS '"+secret+"'")
	answer(s, "CREATE BUDGET b WITH (limit_usd = '"+secret+"')")
	for _, sql := range []string{"SHOW CREATE SECRET token", "SHOW SECRETS", "SELECT * FROM system.secrets", "SELECT * FROM system.statement_costs",
		"SELECT * FROM system.events", "SHOW PROCESSLIST", "SELECT * FROM system.commits"} {
		if got := answer(s, sql); strings.Contains(got, secret) || strings.HasPrefix(got, "ERROR") {
			t.Errorf("%s shows it: %s", sql, got)
		}
	}
}
