package requests

import (
	"bufio"
	"context"
	"database/sql"
	"os"
	"strings"
	"testing"

	"github.com/s3sql/s3sql/driver"
)

// operations counts what was seen on the wire by the classes of system.costs.
func operations(tr Trace) map[string]int {
	n := map[string]int{}
	for _, s := range tr {
		switch {
		case s.Key == "LIST":
			n["list"]++
		case s.Method == "POST": // DeleteObjects, and the parts of an upload: there is none here
			n["delete"]++
		default:
			n[strings.ToLower(s.Method)]++
		}
	}
	return n
}

// costs returns the requests so far by operation, as the database counts them; it makes none.
func costs(t *testing.T, conn *sql.Conn) map[string]int {
	t.Helper()
	rows, err := conn.QueryContext(t.Context(), "SELECT operation, SUM(requests) FROM system.costs GROUP BY operation")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	n := map[string]int{}
	for rows.Next() {
		var op string
		var count int
		if err := rows.Scan(&op, &count); err != nil {
			t.Fatal(err)
		}
		n[op] = count
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return n
}

// tour returns the statements of the tour, and some about the objects that cost.
func tour(t *testing.T) (out []string) {
	t.Helper()
	f, err := os.Open("../../examples/demo/tour.sql")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var text strings.Builder
	for in := bufio.NewScanner(f); in.Scan(); {
		line, _, _ := strings.Cut(in.Text(), "--")
		text.WriteString(line + "\n")
		if strings.HasSuffix(strings.TrimSpace(line), ";") {
			out = append(out, strings.TrimSpace(text.String()))
			text.Reset()
		}
	}
	return append(out, "CREATE CACHE c WITH (driver = 'memory,s3')", "SELECT COUNT(*) FROM orders WHERE amount > 10", "SELECT COUNT(*) FROM orders WHERE amount > 10",
		"FLUSH CACHE c", "CREATE AUDIT a ON ALL TABLES", "UPDATE orders SET amount = amount + 1", "VERIFY AUDIT a", "CREATE METRICS m WITH (flush_interval = '1h')",
		"CREATE BUDGET b WITH (limit_usd = 1)", "SELECT * FROM orders WHERE id = 1", "SELECT missing FROM orders", "CREATE FULLTEXT INDEX words ON customers (name)",
		"SELECT name FROM customers WHERE MATCH (name) AGAINST ('ada')", "ESTIMATE COST FOR 30 DAYS", "SHOW REPORT", "OPTIMIZE TABLE orders", "SELECT SUM(amount) FROM orders",
		"DROP CACHE c", "VACUUM", "CHECK TABLE orders")
}

// TestCostsOfTheTour counts every statement of the tour three times: on the wire, in system.costs, and in what the statement itself has cost.
func TestCostsOfTheTour(t *testing.T) {
	p := newPlace(t, 0)
	db := p.open(t, "&maintenance=off")
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.PingContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	seen := operations(p.wire.Take())
	before := costs(t, conn)
	if !equal(seen, before) {
		t.Errorf("opening: the wire has seen %v, the database counts %v", seen, before)
	}
	statements := tour(t)
	if len(statements) < 30 {
		t.Fatalf("the tour has only %d statements", len(statements))
	}
	sum := 0
	for _, sql := range statements {
		n := p.run(t, conn, sql)
		seen := operations(p.wire.Take())
		now := costs(t, conn)
		diff := map[string]int{}
		total := 0
		for op, count := range now {
			if d := count - before[op]; d > 0 {
				diff[op], total = d, total+d
			}
		}
		before = now
		sum += total
		if !equal(seen, diff) || total != n {
			t.Errorf("%s:\n the wire has seen %v, system.costs counts %v, the statement %d", sql, seen, diff, n)
		}
	}
	t.Logf("%d statements, %d requests", len(statements), sum)
	if sum < len(statements) {
		t.Errorf("%d requests of %d statements: the wire is not in between", sum, len(statements))
	}
	if extra := p.wire.Take(); len(extra) > 0 {
		t.Errorf("looking at the figures made requests: %v", extra)
	}
}

// run runs a statement to its end and returns how many requests it says that it made.
func (p *place) run(t *testing.T, conn *sql.Conn, query string) int {
	t.Helper()
	rows, err := conn.QueryContext(context.Background(), query)
	if err == nil {
		for more := true; more; more = rows.NextResultSet() {
			for rows.Next() {
				continue
			}
		}
		err = rows.Err()
		if cerr := rows.Close(); err == nil {
			err = cerr
		}
	}
	if err != nil && !strings.Contains(query, "missing") {
		t.Fatalf("%s: %v", query, err)
	}
	requests := 0
	err = conn.Raw(func(c any) error {
		requests = int(c.(*driver.Conn).LastStats().Requests)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return requests
}

func equal(a, b map[string]int) bool {
	for _, op := range []string{"get", "put", "head", "delete", "list"} {
		if a[op] != b[op] {
			return false
		}
	}
	return true
}
