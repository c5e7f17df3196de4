package sqlengine_test

import (
	"context"
	"crypto/sha1"
	"fmt"
	"strings"
	"testing"

	"github.com/s3sql/s3sql/sqlengine"
	"github.com/s3sql/s3sql/storage/object"
	"github.com/s3sql/s3sql/storage/object/mem"
)

// segmentedStore makes a database in which table r has 60,000 rows in segments: even ids, and indexes that are not in their order.
func segmentedStore(t *testing.T) *mem.Store {
	t.Helper()
	store := mem.New()
	e, err := sqlengine.Open(context.Background(), sqlengine.Config{Store: store, Database: "app", Create: true, Maintenance: "off"})
	if err != nil {
		t.Fatal(err)
	}
	s := e.NewSession()
	must(t, s, "CREATE TABLE r (id INT PRIMARY KEY, u CHAR(40) UNIQUE, k INT, v VARCHAR(60), KEY k (k), KEY both_ (k, u))")
	must(t, s, `INSERT INTO r WITH RECURSIVE d (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM d WHERE i < 99), n (i) AS (SELECT a.i * 100 + b.i FROM d AS a, d AS b)
		SELECT 2 * (n.i + 10000 * x.i), SHA1(n.i + 10000 * x.i), n.i % 500, SHA1(-n.i) FROM n, d AS x WHERE x.i < 6`)
	if err := e.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	must(t, s, "OPTIMIZE TABLE r")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	return store
}

// copied returns a store with the same objects.
func copied(t *testing.T, store *mem.Store) *mem.Store {
	t.Helper()
	out := mem.New()
	for info, err := range store.List(t.Context(), "", "") {
		if err != nil {
			t.Fatal(err)
		}
		o, err := store.Get(t.Context(), info.Key)
		if err == nil {
			_, err = out.Put(t.Context(), info.Key, o.Data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// TestSegmentRequests counts what statements ask of a store, by a process that has nothing of the segments in its caches. The
// limits are in docs/ARCHITECTURE.md's terms: a GET for freshness, one or two for the footer of each segment, and one for the pages of
// each column, in one round, where columns are not near.
func TestSegmentRequests(t *testing.T) {
	t.Parallel()
	store := segmentedStore(t)
	odd := func(n int) string {
		var rows []string
		for i := range n {
			id := 2*i*997%120000 + 1
			rows = append(rows, fmt.Sprintf("(%d, '%x', %d, 'new')", id, sha1.Sum([]byte(fmt.Sprint(-id))), i))
		}
		return strings.Join(rows, ", ")
	}
	for _, x := range []struct {
		sql    string
		answer string // part of it; "" no rows
		most   int64  // requests
	}{
		{"SELECT v FROM r WHERE id = 20002", "v", 6},
		{"SELECT COUNT(v) FROM r WHERE id BETWEEN 10000 AND 12000", "1001", 4},
		{"SELECT v FROM r WHERE u = SHA1(14)", "v", 6},
		{"SELECT COUNT(u) FROM r WHERE k = 7", "120", 6}, // by both_, which has all columns
		{"SELECT COUNT(v) FROM r WHERE k = 7", "120", 7},
		{"SELECT COUNT(v) FROM r WHERE k BETWEEN 7 AND 9", "360", 7},
		{"SELECT k, u FROM r ORDER BY k DESC, u DESC LIMIT 3", "499", 6},
		{"SELECT v FROM r ORDER BY k, u LIMIT 3", "v", 12},
		{"INSERT INTO r VALUES " + odd(2), "", 1 + 2*4},
		{"INSERT INTO r VALUES " + odd(300), "", 1 + 2*4},
		{"INSERT IGNORE INTO r VALUES (2, 'a', 1, 'old'), (3, 'b', 1, 'new'), (5, SHA1(14), 1, 'old')", "", 1 + 2*6},
		{"UPDATE r SET v = 'x' WHERE id BETWEEN 100 AND 300", "", 6},
		{"UPDATE r SET u = SHA1(CONCAT(u, 'x')) WHERE id BETWEEN 100 AND 300", "", 7},
		{"UPDATE r SET id = id + 1 WHERE id BETWEEN 100 AND 300", "", 8},
	} {
		ledger := object.NewLedger(0)
		e, err := sqlengine.Open(context.Background(), sqlengine.Config{Store: copied(t, store), Database: "app", Maintenance: "off", Ledger: ledger})
		if err != nil {
			t.Fatal(err)
		}
		s := e.NewSession()
		must(t, s, "SELECT 1 FROM r LIMIT 0")
		before := ledger.Total().Total().Requests
		got := must(t, s, x.sql)
		n := ledger.Total().Total().Requests - before
		if n > x.most || !strings.Contains(got, x.answer) {
			t.Errorf("%.60s: %d requests, want at most %d\n%.200s", x.sql, n, x.most, got)
		}
		t.Logf("%.60s: %d requests", x.sql, n)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := e.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}
}
