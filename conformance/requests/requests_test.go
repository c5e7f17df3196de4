package requests

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/s3sql/s3sql/conformance/testenv"
	"github.com/s3sql/s3sql/driver"
)

// place is a bucket at the end of a line.
type place struct {
	wire   *Wire
	bucket string
}

func newPlace(t *testing.T, latency time.Duration) *place {
	t.Helper()
	server := testenv.S3(t)
	return &place{wire: NewWire(t, server, latency), bucket: server.Bucket(t)}
}

// open returns a pool with an engine of its own: what another process would be.
func (p *place) open(t *testing.T, params string) *sql.DB {
	t.Helper()
	s := p.wire.Server
	dsn := s.DSN(p.bucket, "shop") + params
	db, err := sql.Open("s3sql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func exec(t *testing.T, db interface {
	Exec(string, ...any) (sql.Result, error)
}, query string, args ...any) {
	t.Helper()
	if _, err := db.Exec(query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

func count(t *testing.T, db interface {
	QueryRow(string, ...any) *sql.Row
}, query string, args ...any) (n int) {
	t.Helper()
	if err := db.QueryRow(query, args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// table makes a table of ten rows and forgets what that cost.
func (p *place) table(t *testing.T, db *sql.DB) {
	t.Helper()
	exec(t, db, "CREATE TABLE item (id INT PRIMARY KEY, name VARCHAR(40) UNIQUE, n INT)")
	for i := range 10 {
		exec(t, db, "INSERT INTO item VALUES (?, ?, 0)", i, fmt.Sprint("item ", i))
	}
	p.wire.Take()
}

func TestStatements(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		params, query string
		put, get      int
	}{
		{"", "INSERT INTO item VALUES (100, 'new', 1)", 1, 0},
		{"", "INSERT INTO item VALUES (101, 'a', 1), (102, 'b', 2), (103, 'c', 3)", 1, 0},
		{"", "UPDATE item SET n = n + 1 WHERE id = 5", 1, 0},
		{"", "UPDATE item SET n = n + 1 WHERE name = 'item 7'", 1, 0},
		{"", "UPDATE item SET n = n + 1", 1, 0},
		{"", "INSERT INTO item VALUES (5, 'x', 1) ON DUPLICATE KEY UPDATE n = n + 1", 1, 0},
		{"", "REPLACE INTO item VALUES (6, 'y', 1)", 1, 0},
		{"", "DELETE FROM item WHERE id = 3", 1, 0},
		{"", "UPDATE item SET n = n + 1 WHERE id = 999", 0, 1}, // wrote nothing: it has read, and proves that it is current
		{"", "DELETE FROM item WHERE id = 999", 0, 1},
		{"", "INSERT IGNORE INTO item VALUES (5, 'z', 1)", 0, 1},
		{"", "SELECT * FROM item WHERE id = 5", 0, 1},
		{"", "SELECT COUNT(*), SUM(n) FROM item", 0, 1},
		{"", "SELECT a.id FROM item a JOIN item b ON a.id = b.n", 0, 1},
		{"", "SET @x = 1", 0, 0},
		{"&consistency=bounded&max_staleness=1h", "SELECT * FROM item WHERE id = 5", 0, 0},
		{"&consistency=bounded&max_staleness=1h", "SELECT COUNT(*) FROM item", 0, 0},
		{"&consistency=bounded&max_staleness=1h", "UPDATE item SET n = 5 WHERE id = 1", 1, 0},
		{"&consistency=bounded&max_staleness=1h", "UPDATE item SET n = 5 WHERE id = 999", 0, 0},
	} {
		t.Run(c.query, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, 0)
			db := p.open(t, c.params)
			p.table(t, db)
			conn, err := db.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := conn.ExecContext(t.Context(), c.query); err != nil {
				t.Fatal(err)
			}
			seen := p.wire.Take()
			if len(seen) != c.put+c.get || seen.Count("PUT") != c.put || seen.Count("GET") != c.get {
				t.Errorf("%d requests, want %d PUT and %d GET: %v", len(seen), c.put, c.get, seen)
			}
			err = conn.Raw(func(dc any) error {
				if metered := dc.(*driver.Conn).LastStats().Requests; int(metered) != len(seen) {
					t.Errorf("the metering counts %d requests, the wire %d", metered, len(seen))
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
			if err := conn.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestErrorsCostOneProof: a statement that fails on what it read has proved that it read the newest state.
func TestErrorsCostOneProof(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 0)
	db := p.open(t, "")
	p.table(t, db)
	if _, err := db.Exec("INSERT INTO item VALUES (1, 'x', 0)"); err == nil {
		t.Fatal("a duplicate key was accepted")
	}
	if seen := p.wire.Take(); len(seen) != 1 || seen.Count("GET") != 1 {
		t.Errorf("a duplicate key: %v", seen)
	}
	if _, err := db.Exec("SELEC 1"); err == nil {
		t.Fatal("nonsense was accepted")
	}
	if seen := p.wire.Take(); len(seen) != 0 {
		t.Errorf("a statement that does not parse: %v", seen)
	}
}

// TestTransaction: ten thousand rows are one PUT; under strong the BEGIN asks once whether its snapshot is the newest.
func TestTransaction(t *testing.T) {
	t.Parallel()
	for params, gets := range map[string]int{"": 1, "&consistency=bounded&max_staleness=1h": 0} {
		p := newPlace(t, 0)
		db := p.open(t, params)
		p.table(t, db)
		tx, err := db.Begin()
		if err != nil {
			t.Fatal(err)
		}
		if seen := p.wire.Take(); len(seen) != gets || seen.Count("GET") != gets {
			t.Errorf("BEGIN: %v", seen)
		}
		for block := range 10 {
			rows := make([]string, 1000)
			for i := range rows {
				id := 1000 + block*1000 + i
				rows[i] = fmt.Sprintf("(%d, 'row %d', %d)", id, id, i)
			}
			exec(t, tx, "INSERT INTO item VALUES "+strings.Join(rows, ", "))
		}
		if n := count(t, tx, "SELECT COUNT(*) FROM item"); n != 10_010 {
			t.Errorf("%d rows", n)
		}
		if seen := p.wire.Take(); len(seen) != 0 {
			t.Errorf("inside the transaction: %v", seen)
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		if seen := p.wire.Take(); len(seen) != 1 || seen.Count("PUT") != 1 {
			t.Errorf("COMMIT: %v", seen)
		}
	}
}

// TestReadOnlyTransaction: after BEGIN's question nothing more is asked, whatever is read.
func TestReadOnlyTransaction(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 0)
	db := p.open(t, "")
	p.table(t, db)
	tx, err := db.BeginTx(t.Context(), &sql.TxOptions{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		count(t, tx, "SELECT COUNT(*) FROM item")
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if seen := p.wire.Take(); len(seen) != 1 || seen.Count("GET") != 1 {
		t.Errorf("%v", seen)
	}
}

// TestIdle: an open database that nobody asks sends nothing. S3SQL_TEST_LONG makes it a minute.
func TestIdle(t *testing.T) {
	t.Parallel()
	wait := 3 * time.Second
	if os.Getenv("S3SQL_TEST_LONG") != "" {
		wait = time.Minute
	}
	p := newPlace(t, 0)
	db := p.open(t, "")
	p.table(t, db)
	time.Sleep(wait)
	if seen := p.wire.Take(); len(seen) != 0 {
		t.Errorf("in %v: %v", wait, seen)
	}
}

// TestColdOpen: a process that opens a database to read a row waits for 3 rounds: the hint, the checkpoint together with the list of what
// was committed after it, and that. With at most one commit since the checkpoint that is 4 requests; each further commit is
// a request more, in the same round. The read that opens the database needs nothing else: opening proves that it is current.
func TestColdOpen(t *testing.T) {
	t.Parallel()
	const roundsMax = 3
	for _, tail := range []int{0, 1, 12} {
		t.Run(fmt.Sprint(tail, " commits after the checkpoint"), func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, 20*time.Millisecond)
			writer := p.open(t, "")
			p.table(t, writer)
			p.checkpoint(t, writer)
			for i := range tail {
				exec(t, writer, "UPDATE item SET n = ? WHERE id = 5", i)
			}
			want := count(t, writer, "SELECT n FROM item WHERE id = 5")
			if err := writer.Close(); err != nil {
				t.Fatal(err)
			}
			p.wire.Take()
			reader := p.open(t, "")
			if n := count(t, reader, "SELECT n FROM item WHERE id = 5"); n != want {
				t.Errorf("n = %d, want %d", n, want)
			}
			seen := p.wire.Take()
			t.Logf("%d requests in %d rounds", len(seen), seen.Rounds())
			if len(seen) > 3+tail || seen.Rounds() > roundsMax {
				t.Errorf("%d requests in %d rounds, at most %d in %d: %v", len(seen), seen.Rounds(), 3+tail, roundsMax, seen)
			}
		})
	}
}

// checkpoint commits until the background has written a checkpoint, and no more.
func (p *place) checkpoint(t *testing.T, db *sql.DB) {
	t.Helper()
	written := func() bool {
		for _, s := range p.wire.Take() {
			if s.Method == "PUT" && s.Key == "shop/manifest/latest" {
				return true
			}
		}
		return false
	}
	for i := range 400 {
		exec(t, db, "UPDATE item SET n = ? WHERE id = 5", i)
		if written() {
			return
		}
		if i >= 50 { // it may be under way
			if time.Sleep(200 * time.Millisecond); written() {
				return
			}
		}
	}
	t.Fatal("no checkpoint after 400 commits")
}

// TestGroupCommit: transactions that wait while a PUT is under way share the next one.
func TestGroupCommit(t *testing.T) {
	t.Parallel()
	const inserts, putsMax = 1000, 20
	p := newPlace(t, 20*time.Millisecond)
	db := p.open(t, "")
	p.table(t, db)
	conns := make([]*sql.Conn, inserts)
	for i := range conns {
		c, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		conns[i] = c
	}
	p.wire.Take()
	var wg sync.WaitGroup
	for i, c := range conns {
		wg.Go(func() {
			if _, err := c.ExecContext(context.WithoutCancel(t.Context()), "INSERT INTO item VALUES (?, ?, 0)", 1000+i, fmt.Sprint("row ", i)); err != nil {
				t.Error(err)
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	seen := p.wire.Take()
	t.Logf("%d PUT, %d GET", seen.Count("PUT"), seen.Count("GET"))
	if puts := seen.Count("PUT"); puts > putsMax || len(seen) != puts {
		t.Errorf("%d PUTs, at most %d and nothing else: %v", puts, putsMax, seen)
	}
	if n := count(t, db, "SELECT COUNT(*) FROM item"); n != inserts+10 {
		t.Errorf("%d rows", n)
	}
}

// TestSharedFreshness: strong reads that come while one asks for the newest state share its answer.
func TestSharedFreshness(t *testing.T) {
	t.Parallel()
	const readers = 50
	p := newPlace(t, 30*time.Millisecond)
	db := p.open(t, "")
	db.SetMaxIdleConns(readers)
	p.table(t, db)
	var wg sync.WaitGroup
	for range readers {
		wg.Go(func() {
			var n int
			if err := db.QueryRow("SELECT COUNT(*) FROM item").Scan(&n); err != nil || n != 10 {
				t.Errorf("%d rows, %v", n, err)
			}
		})
	}
	wg.Wait()
	seen := p.wire.Take()
	t.Logf("%d GET for %d reads", len(seen), readers)
	if len(seen) > readers/5 || seen.Count("GET") != len(seen) {
		t.Errorf("%d requests for %d reads at once: %v", len(seen), readers, seen)
	}
}

func TestRounds(t *testing.T) {
	t.Parallel()
	at := func(ms int) time.Time { return time.UnixMilli(int64(ms)) }
	tr := Trace{{Begin: at(0), End: at(10)}, {Begin: at(10), End: at(20)}, {Begin: at(11), End: at(30)}, {Begin: at(12), End: at(18)}, {Begin: at(30), End: at(31)}}
	if n := tr.Rounds(); n != 3 {
		t.Errorf("%d rounds, want 3", n)
	}
	if n := (Trace{}).Rounds(); n != 0 {
		t.Errorf("%d rounds of nothing", n)
	}
}
