package replication

import (
	"database/sql"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/s3sql/s3sql/conformance/testenv"
	"github.com/s3sql/s3sql/driver"
)

// How long TestKilled goes on: until so many changes have arrived, and for so many seconds. The environment may say more.
func wanted(t *testing.T) (changes int, atLeast time.Duration) {
	return setting(t, "S3SQL_REPLICATION_CHANGES", 2000), time.Duration(setting(t, "S3SQL_REPLICATION_SECONDS", 10)) * time.Second
}

func setting(t *testing.T, env string, n int) int {
	if s := os.Getenv(env); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

var tables = []string{"orders", "customers"}

const rowsQuery = "SELECT * FROM %s ORDER BY id"

// TestKilled writes from two processes and replicates from two, to PostgreSQL, where nothing is ever written twice, and to another s3sql. All of
// them are killed at random, and so are the sessions at PostgreSQL: in the end the targets have the rows of the source, and an append table
// has each change once.
func TestKilled(t *testing.T) {
	t.Parallel()
	s := testenv.S3(t)
	bucket := s.Bucket(t)
	dsn, copied := s.DSN(bucket, "source"), s.DSN(bucket, "copy")
	dsn += separator(dsn) + "secret_key=" + strings.Repeat("A", 43) + "%3D" // the address of the copy has a password in it
	pg := open(t, "pgx", testenv.Postgres(t))
	schema := fmt.Sprintf("killed_%d", time.Now().UnixNano())
	run(t, pg, "CREATE SCHEMA "+schema)
	db := open(t, driver.Name, dsn)
	run(t, db, "CREATE TABLE orders (id BIGINT PRIMARY KEY AUTO_INCREMENT, customer INT, total DECIMAL(12,2), note TEXT)",
		"CREATE TABLE customers (id INT PRIMARY KEY, name VARCHAR(20), visits INT)",
		"CREATE REPLICATION pg TO POSTGRES '"+testenv.Postgres(t)+"' WITH (schema = '"+schema+"', retry_delay = '50ms', timeout = '5s', poll_interval = '200ms', log = false, batch_size = 50) (ALL TABLES)",
		"CREATE REPLICATION events TO POSTGRES '"+testenv.Postgres(t)+"' WITH (schema = '"+schema+"', mode = 'append', retry_delay = '50ms', timeout = '5s', poll_interval = '200ms', batch_size = 70) "+
			"(TABLE orders INTO order_events AS SELECT id, OPERATION() AS op, COMMIT_SEQ() AS seq, TABLE customers INTO customer_events AS SELECT id, OPERATION() AS op, COMMIT_SEQ() AS seq)",
		"CREATE REPLICATION copy TO S3SQL '"+copied+"' WITH (retry_delay = '50ms', timeout = '5s', poll_interval = '200ms', batch_size = 100) (ALL TABLES)")
	kill(t, dsn, pg, schema)
	for _, name := range []string{"pg", "events", "copy"} {
		catchUp(t, db, name)
	}
	to := open(t, driver.Name, copied)
	for _, table := range tables {
		want := contents(t, db, fmt.Sprintf(rowsQuery, table))
		if got := contents(t, pg, fmt.Sprintf(rowsQuery, schema+"."+table)); got != want {
			t.Errorf("PostgreSQL has other rows of %s: %s", table, difference(got, want))
		}
		if got := contents(t, to, fmt.Sprintf(rowsQuery, table)); got != want {
			t.Errorf("the copy has other rows of %s: %s", table, difference(got, want))
		}
	}
	once(t, db, pg, schema)
	t.Logf("%s rows of orders", contents(t, db, "SELECT COUNT(*) FROM orders"))
}

// catchUp delivers what is left, when the process that was killed has been silent for long enough.
func catchUp(t *testing.T, db *sql.DB, name string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(500 * time.Millisecond) {
		_, err := db.ExecContext(t.Context(), "RUN REPLICATION "+name+" UNTIL CAUGHT UP")
		if err == nil {
			return
		}
		if !strings.Contains(err.Error(), "run by another process") || time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// kill has children write and replicate until there are enough changes, and kills them.
func kill(t *testing.T, dsn string, pg *sql.DB, schema string) {
	var children []*process
	for i := range 4 {
		task := taskWrite
		if i%2 == 1 {
			task = taskReplicate
		}
		p := &process{t: t, env: []string{envDSN + "=" + dsn, envTask + "=" + task}, runs: 100 * i}
		p.start()
		children = append(children, p)
	}
	enough, atLeast := wanted(t)
	kills, sessions := 0, 0
	began := time.Now()
	for i := 0; ; i++ {
		pause(1500 * time.Millisecond)
		if i%4 == 3 {
			var n int
			if err := pg.QueryRowContext(t.Context(), "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND application_name LIKE 's3sql%'").Scan(&n); err != nil {
				t.Fatal(err)
			}
			sessions += n
		} else {
			p := children[i%len(children)]
			p.kill()
			p.start()
			kills++
		}
		if time.Since(began) >= atLeast && changes(t, pg, schema) >= enough {
			break
		}
	}
	var all sync.WaitGroup
	for _, p := range children {
		all.Go(p.kill)
	}
	all.Wait()
	t.Logf("%d changes in %v, %d processes and %d sessions were killed", changes(t, pg, schema), time.Since(began).Round(time.Second), kills, sessions)
}

// changes counts those that have arrived.
func changes(t *testing.T, pg *sql.DB, schema string) (n int) {
	t.Helper()
	for _, table := range []string{"order_events", "customer_events"} {
		var there bool
		if err := pg.QueryRowContext(t.Context(), "SELECT to_regclass($1) IS NOT NULL", schema+"."+table).Scan(&there); err != nil {
			t.Fatal(err)
		}
		var m int
		if there {
			if err := pg.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM "+schema+"."+table).Scan(&m); err != nil {
				t.Fatal(err)
			}
		}
		n += m
	}
	return n
}

// once holds the append table against the log of the source: it has each change, and none twice.
func once(t *testing.T, db, pg *sql.DB, schema string) {
	t.Helper()
	if got := contents(t, pg, "SELECT id, seq, COUNT(*) FROM "+schema+".order_events GROUP BY 1, 2 HAVING COUNT(*) > 1"); got != "" {
		t.Errorf("changes came twice: %.500s", got)
	}
	balance := contents(t, pg, "SELECT id FROM "+schema+".order_events GROUP BY id HAVING SUM(CASE op WHEN 'insert' THEN 1 WHEN 'delete' THEN -1 ELSE 0 END) = 1 ORDER BY id")
	if want := contents(t, db, "SELECT id FROM orders ORDER BY id"); balance != want {
		t.Errorf("the events are those of other rows: %s", difference(balance, want))
	}
}

// contents returns the rows of a query as lines.
func contents(t *testing.T, db *sql.DB, query string) string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	cols, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	cells, ptrs := make([]sql.NullString, len(cols)), make([]any, len(cols))
	for i := range cells {
		ptrs[i] = &cells[i]
	}
	for rows.Next() {
		if err := rows.Scan(ptrs...); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&out, cells)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// difference shows the first lines that differ.
func difference(got, want string) string {
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := 0; i < min(len(a), len(b)); i++ {
		if a[i] != b[i] {
			return fmt.Sprintf("%d and %d lines, line %d is %q, want %q", len(a), len(b), i, a[i], b[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(a), len(b))
}
