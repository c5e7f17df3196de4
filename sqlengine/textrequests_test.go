package sqlengine_test

import (
	"context"
	"strings"
	"testing"

	"github.com/s3sql/s3sql/sqlengine"
	"github.com/s3sql/s3sql/storage/object"
	"github.com/s3sql/s3sql/storage/object/mem"
)

// TestFullTextRequests counts what searches and writes of a table with a full-text index ask of a store, by a process that has
// nothing of the segments in its caches, and once more by one that has: a GET for freshness, the tail of the file, pages of its
// dictionary, lists, and for the rows a footer and pages.
func TestFullTextRequests(t *testing.T) {
	t.Parallel()
	store := mem.New()
	ctx := context.Background()
	e, err := sqlengine.Open(ctx, sqlengine.Config{Store: store, Database: "app", Create: true, Maintenance: "off"})
	if err != nil {
		t.Fatal(err)
	}
	s := e.NewSession()
	must(t, s, "CREATE TABLE r (id INT PRIMARY KEY, kind INT, body TEXT, FULLTEXT (body) WITH (language = 'none'))")
	must(t, s, `INSERT INTO r WITH RECURSIVE d (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM d WHERE i < 99), n (i) AS (SELECT a.i * 100 + b.i FROM d AS a, d AS b)
		SELECT i, i % 10, CONCAT('common word', i % 7, ' rare', i, ' ', SHA1(i), ' ', SHA1(-i), IF(i % 50 = 0, ' two words', ' words two')) FROM n`)
	if err := e.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	must(t, s, "OPTIMIZE TABLE r")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(ctx); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		sql        string
		answer     string
		most, warm int64 // requests
	}{
		{"SELECT COUNT(*) FROM r WHERE MATCH(body) AGAINST ('common')", "10000", 4, 1},
		{"SELECT id FROM r WHERE MATCH(body) AGAINST ('rare777')", "777", 8, 1},
		{"SELECT id, MATCH_SCORE() FROM r WHERE MATCH(body) AGAINST ('common rare778 word3') LIMIT 10", "778", 8, 1},
		{"SELECT id FROM r WHERE MATCH(body) AGAINST ('\"two words\"' IN BOOLEAN MODE) ORDER BY id LIMIT 1", "0", 8, 1},
		{"SELECT COUNT(*) FROM r WHERE MATCH(body) AGAINST ('rare99*' IN BOOLEAN MODE)", "111", 4, 1},
		{"SELECT word FROM FT_SUGGEST('r', 'comm')", "common", 3, 1},
		{"INSERT INTO r VALUES (20000, 1, 'one more')", "", 3, 1}, // a look for the key, and one PUT
		{"DELETE FROM r WHERE MATCH(body) AGAINST ('rare5')", "", 10, 1},
	} {
		ledger := object.NewLedger(0)
		e, err := sqlengine.Open(ctx, sqlengine.Config{Store: copied(t, store), Database: "app", Maintenance: "off", Ledger: ledger})
		if err != nil {
			t.Fatal(err)
		}
		s := e.NewSession()
		must(t, s, "SELECT 1 FROM r LIMIT 0")
		count := func() (int64, string) {
			before := ledger.Total().Total().Requests
			got := must(t, s, x.sql)
			return ledger.Total().Total().Requests - before, got
		}
		n, got := count()
		if n > x.most || !strings.Contains(got, x.answer) {
			t.Errorf("%.70s: %d requests, want at most %d\n%.200s", x.sql, n, x.most, got)
		}
		t.Logf("%.70s: %d requests", x.sql, n)
		if !strings.HasPrefix(x.sql, "INSERT") && !strings.HasPrefix(x.sql, "DELETE") {
			if n, _ := count(); n > x.warm {
				t.Errorf("%.70s: %d requests the second time, want at most %d", x.sql, n, x.warm)
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := e.Close(ctx); err != nil {
			t.Error(err)
		}
	}
}
