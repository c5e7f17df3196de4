package sqlengine_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine"
	"github.com/s3sql/s3sql/storage/object"
)

// setClock is a clock that tests set.
type setClock struct {
	base.SystemClock
	micros atomic.Int64 // since 1970
}

func (c *setClock) Now() time.Time { return time.UnixMicro(c.micros.Load()) }

func (c *setClock) to(at time.Time) { c.micros.Store(at.UnixMicro()) }

func (c *setClock) advance(d time.Duration) { c.micros.Add(d.Microseconds()) }

func sweepEngine(t *testing.T, edit ...func(*sqlengine.Config)) (*sqlengine.Engine, *sqlengine.Session, *setClock, *object.Ledger) {
	t.Helper()
	clock, ledger := new(setClock), object.NewLedger(0)
	clock.micros.Store(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro())
	cfg := sqlengine.Config{Clock: clock, Ledger: ledger}
	for _, f := range edit {
		f(&cfg)
	}
	e := openConfig(t, cfg)
	return e, e.NewSession(), clock, ledger
}

// stored returns how many rows a table has, those that nobody sees any more included.
func stored(t *testing.T, s *sqlengine.Session, table string) string {
	t.Helper()
	return one(t, s, "SELECT TABLE_ROWS FROM information_schema.TABLES WHERE TABLE_NAME = '"+table+"'")
}

// one returns the first cell of an answer.
func one(t *testing.T, s *sqlengine.Session, sql string) string {
	t.Helper()
	_, rows, _ := strings.Cut(must(t, s, sql), "\n")
	first, _, _ := strings.Cut(rows, "\n")
	return strings.TrimSpace(first)
}

// TestSweep lets rows expire, and commits of other rows remove them, in memory and in segments.
func TestSweep(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(*sqlengine.Config){"memory": func(*sqlengine.Config) {}, "segments": (*sqlengine.Config).SmallSegments} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, s, clock, _ := sweepEngine(t, edit)
			must(t, s, "CREATE TABLE s (id INT PRIMARY KEY, k INT, at DATETIME, KEY (k), UNIQUE KEY (at, id)) WITH (ttl = 'at + INTERVAL 10 MINUTE')")
			for i := range 40 {
				must(t, s, fmt.Sprintf("INSERT INTO s VALUES (%d, %d, NOW() + INTERVAL %d MINUTE)", i, i%7, i))
			}
			must(t, s, "INSERT INTO s VALUES (1000, 1, NULL)")
			e.Swept()
			if n := stored(t, s, "s"); n != "41" {
				t.Fatalf("%s rows before any expires", n)
			}
			clock.advance(29 * time.Minute) // those up to the minute 19 are past their time
			if n := one(t, s, "SELECT COUNT(*) FROM s"); n != "21" {
				t.Errorf("%s rows are seen, not 21", n)
			}
			if n := stored(t, s, "s"); n != "41" {
				t.Errorf("reading removed rows: %s are stored", n)
			}
			must(t, s, "UPDATE s SET k = 100 WHERE id = 1000")
			e.Swept()
			if n := stored(t, s, "s"); n != "21" {
				t.Errorf("%s rows are stored after a commit, not 21", n)
			}
			clock.advance(30 * time.Second)
			must(t, s, "UPDATE s SET at = NOW() WHERE id = 1000") // too early to look again
			e.Swept()
			clock.advance(30*time.Second + 11*time.Minute)
			must(t, s, "BEGIN")
			must(t, s, "DELETE FROM s WHERE id = 39")
			must(t, s, "ROLLBACK")
			e.Swept()
			if n := stored(t, s, "s"); n != "21" {
				t.Errorf("a transaction that was rolled back removed rows: %s are stored", n)
			}
			must(t, s, "OPTIMIZE TABLE s")
			if n, seen := stored(t, s, "s"), one(t, s, "SELECT COUNT(*) FROM s"); n != "8" || seen != "8" {
				t.Errorf("%s rows are stored and %s seen after OPTIMIZE, not 8", n, seen)
			}
			if got := one(t, s, "CHECK TABLE s"); !strings.HasSuffix(got, "| status | OK") {
				t.Error(got)
			}
		})
	}
}

// TestSweepInVain counts the requests of commits to a table in which nothing expires, in memory and in segments: looking costs none.
func TestSweepInVain(t *testing.T) {
	t.Parallel()
	for name, segments := range map[string]bool{"memory": false, "segments": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, s, clock, ledger := sweepEngine(t, func(c *sqlengine.Config) {
				if segments {
					c.SmallSegments()
				}
			})
			for _, create := range []string{"CREATE TABLE s (id INT PRIMARY KEY, at DATETIME NOT NULL) WITH (ttl = 'at + INTERVAL 1 DAY')",
				"CREATE TABLE n (id INT PRIMARY KEY, at DATETIME) WITH (ttl = 'at')", "CREATE TABLE plain (id INT PRIMARY KEY, at DATETIME NOT NULL)"} {
				must(t, s, create)
			}
			for _, table := range []string{"s", "n", "plain"} {
				must(t, s, "INSERT INTO "+table+" WITH RECURSIVE i (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < 500) SELECT n, '2031-01-01' FROM i")
			}
			e.Swept()
			if segments {
				if err := e.Flush(context.Background()); err != nil {
					t.Fatal(err)
				}
			}
			commit := func(table string) int64 {
				clock.advance(time.Hour)
				before := ledger.Total().Total().Requests
				must(t, s, "INSERT INTO "+table+" VALUES (1000, '2031-01-01')")
				e.Swept()
				return ledger.Total().Total().Requests - before
			}
			plain := commit("plain")
			for _, table := range []string{"s", "n"} {
				if n := commit(table); n != plain {
					t.Errorf("%s: %d requests for a commit that looks for rows past their time, %d for another", table, n, plain)
				}
			}
		})
	}
}

// TestPreparedAcrossExpiry runs one plan before and after a row expires.
func TestPreparedAcrossExpiry(t *testing.T) {
	t.Parallel()
	_, s, clock, _ := sweepEngine(t, func(c *sqlengine.Config) { c.Maintenance = "off" })
	must(t, s, "CREATE TABLE s (id INT PRIMARY KEY, at TIMESTAMP NULL) WITH (ttl = 'at')")
	must(t, s, "INSERT INTO s VALUES (1, NOW() + INTERVAL 1 MINUTE), (2, NULL)")
	for minute, want := range []string{"2", "1"} {
		if n := one(t, s, "SELECT COUNT(*) FROM s"); n != want {
			t.Errorf("%s rows after %d minutes, not %s", n, minute, want)
		}
		clock.advance(time.Minute)
	}
	must(t, s, "INSERT INTO s VALUES (1, NULL)")
	if n := stored(t, s, "s"); n != "2" {
		t.Errorf("%s rows are stored after one has taken the place of another", n)
	}
}
