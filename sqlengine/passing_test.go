package sqlengine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/s3sql/s3sql/storage/object/mem"
)

// TestChangeBeyondMemory changes and deletes more than memory_limit, and counts.
func TestChangeBeyondMemory(t *testing.T) {
	t.Parallel()
	const rows = 6000
	s, _ := spillEngine(t, mem.New(), 4<<20)
	defer s.Close()
	must(t, s, "CREATE TABLE w (id INT PRIMARY KEY, k INT, n INT DEFAULT 0, v VARCHAR(2000), KEY k (k))")
	must(t, s, fmt.Sprintf(`INSERT INTO w WITH RECURSIVE s (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM s WHERE i < 99)
		SELECT a.i * 100 + b.i, b.i, 0, REPEAT('v', 2000) FROM s AS a, s AS b WHERE a.i * 100 + b.i < %d`, rows))
	for i, x := range []struct{ sql, want string }{
		{"UPDATE w SET n = n + 1", "6000 6000 12000000"},
		{"UPDATE w SET n = n + 1, v = CONCAT(v, 'x') WHERE id >= 1000", "error"}, // too long for the column: nothing happens
		{"UPDATE w SET n = n + 1, v = CONCAT('x', SUBSTRING(v, 2)) WHERE k < 90", "6000 11400 12000000"},
		{"UPDATE w SET k = k + 1000", "6000 11400 12000000"},
		{"DELETE FROM w WHERE k >= 1050", "3000 6000 6000000"},
		{"DELETE FROM w WHERE v LIKE 'x%' ORDER BY id LIMIT 2900", "100 200 200000"},
		{"DELETE FROM w", "0 NULL NULL"},
	} {
		if out := answer(s, x.sql); strings.Contains(out, "ERROR") != (x.want == "error") {
			t.Fatalf("%s: %s", x.sql, out)
		}
		if x.want == "error" {
			continue
		}
		got := strings.ReplaceAll(one(t, s, "SELECT COUNT(*), SUM(n), SUM(LENGTH(v)) FROM w"), " | ", " ")
		if got != x.want {
			t.Errorf("%s: %s, want %s", x.sql, got, x.want)
		}
		if i == 3 {
			if got := one(t, s, "SELECT COUNT(*) FROM w WHERE k BETWEEN 1000 AND 1099"); got != "6000" {
				t.Errorf("%s rows by index", got)
			}
		}
		if out := answer(s, "CHECK TABLE w"); !strings.Contains(out, "OK") {
			t.Errorf("%s: %s", x.sql, out)
		}
	}
}
