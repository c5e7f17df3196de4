package replication

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/s3sql/s3sql/conformance/testenv"
	"github.com/s3sql/s3sql/driver"
)

// TestRequests counts what replication to PostgreSQL asks of S3: by the process that writes, for 1,000 changes, and while nothing happens.
func TestRequests(t *testing.T) {
	t.Parallel()
	s := testenv.S3(t)
	db := open(t, driver.Name, s.DSN(s.Bucket(t), "app")+"&workers=on")
	db.SetMaxOpenConns(4)
	pg := open(t, "pgx", testenv.Postgres(t))
	schema := fmt.Sprintf("requests_%d", time.Now().UnixNano())
	run(t, pg, "CREATE SCHEMA "+schema)
	run(t, db, "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20))", "CREATE REPLICATION r TO POSTGRES '"+testenv.Postgres(t)+"' WITH (schema = '"+schema+
		"', batch_size = 500, poll_interval = '1h', log = false) (TABLE t)")
	arrived := func(n int) {
		t.Helper()
		for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			var got int
			err := pg.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM "+schema+".t").Scan(&got)
			if err == nil && got == n {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%d rows have arrived, %v, want %d", got, err, n)
			}
		}
	}
	insert := func(from, n int) {
		t.Helper()
		rows := make([]string, n)
		for i := range rows {
			rows[i] = fmt.Sprintf("(%d, 'row %d')", from+i, from+i)
		}
		run(t, db, "INSERT INTO t VALUES "+strings.Join(rows, ", "))
	}
	insert(0, 10)
	arrived(10)
	time.Sleep(1500 * time.Millisecond) // the state is saved
	before := spentByReplication(t, db)
	for i := range 10 {
		insert(1000+100*i, 100)
	}
	arrived(1010)
	time.Sleep(1500 * time.Millisecond)
	after := spentByReplication(t, db)
	t.Logf("1,000 changes in 10 commits of the process: %d requests of the replication", after-before)
	if after-before > 6 { // the state, at most once a second: one GET, which the commit before may have made needless, and one PUT
		t.Errorf("%d requests for 1,000 changes", after-before)
	}
	time.Sleep(3 * time.Second)
	if idle := spentByReplication(t, db) - after; idle != 0 {
		t.Errorf("%d requests while nothing happened", idle)
	}
}

// spentByReplication returns the requests on the account of replications.
func spentByReplication(t *testing.T, db *sql.DB) (n int) {
	t.Helper()
	err := db.QueryRowContext(t.Context(), "SELECT COALESCE(SUM(requests), 0) FROM system.cost_history WHERE plugin = 'replication'").Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// BenchmarkPostgres copies a table and follows it: rows a second by snapshot and by following, and how long a commit takes to arrive.
func BenchmarkPostgres(b *testing.B) {
	const rows = 20_000
	for b.Loop() {
		dsn := "file://" + b.TempDir()
		db, err := sql.Open(driver.Name, dsn)
		if err != nil {
			b.Fatal(err)
		}
		pg, err := sql.Open("pgx", testenv.Postgres(b))
		if err != nil {
			b.Fatal(err)
		}
		schema := fmt.Sprintf("bench_%d", time.Now().UnixNano())
		ctx := context.Background()
		do := func(db *sql.DB, stmt string) {
			if _, err := db.ExecContext(ctx, stmt); err != nil {
				b.Fatalf("%.100s: %v", stmt, err)
			}
		}
		do(pg, "CREATE SCHEMA "+schema)
		do(db, "CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(40), amount DECIMAL(12,2), at DATETIME)")
		fill := func() {
			for range rows / 500 {
				do(db, "INSERT INTO t (name, amount, at) VALUES "+strings.TrimSuffix(strings.Repeat("('a name of some length', 1234.56, '2026-01-02 03:04:05'), ", 500), ", "))
			}
		}
		fill()
		do(db, "CREATE REPLICATION r TO POSTGRES '"+testenv.Postgres(b)+"' WITH (schema = '"+schema+"', batch_size = 500, start = 'snapshot', log = false) (TABLE t)")
		start := time.Now()
		do(db, "RUN REPLICATION r UNTIL CAUGHT UP")
		b.ReportMetric(rows/time.Since(start).Seconds(), "snapshot-rows/s")
		fill()
		start = time.Now()
		do(db, "RUN REPLICATION r UNTIL CAUGHT UP")
		b.ReportMetric(rows/time.Since(start).Seconds(), "rows/s")
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(lagAt(b, dsn, 200, 3*time.Second).Seconds(), "worst-lag-s")
		do(pg, "DROP SCHEMA "+schema+" CASCADE")
		if err := pg.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// lagAt commits so many times a second for a while, and returns the longest lag that system.replications has shown.
func lagAt(b *testing.B, dsn string, perSecond int, d time.Duration) (worst time.Duration) {
	db, err := sql.Open(driver.Name, dsn+"?workers=on")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	end := time.Now().Add(d)
	n := 0
	for next := time.Now(); time.Now().Before(end); next = next.Add(time.Second / time.Duration(perSecond)) {
		time.Sleep(time.Until(next))
		if _, err := db.Exec("INSERT INTO t (name) VALUES ('one more')"); err != nil {
			b.Fatal(err)
		}
		if n++; n%20 == 0 {
			var lag float64
			if err := db.QueryRow("SELECT COALESCE(lag_seconds, 0) FROM system.replications").Scan(&lag); err != nil {
				b.Fatal(err)
			}
			worst = max(worst, time.Duration(lag*float64(time.Second)))
		}
	}
	b.ReportMetric(float64(n)/d.Seconds(), "commits/s")
	return worst
}
