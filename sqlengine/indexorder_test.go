package sqlengine_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestIndexOrder compares queries that take rows in the order of an index with the same queries sorted.
func TestIndexOrder(t *testing.T) {
	t.Parallel()
	for _, segments := range []bool{false, true} {
		t.Run(fmt.Sprint("segments ", segments), func(t *testing.T) {
			t.Parallel()
			e := openMem(t)
			if segments {
				e = openSegments(t)
			}
			s := e.NewSession()
			defer s.Close()
			must(t, s, "CREATE TABLE o (id INT PRIMARY KEY, k INT, u INT, s VARCHAR(20), d DECIMAL(8,2), v INT, KEY ku (k, u), KEY s (s, u), KEY d (d, u), KEY k (k))")
			r := rand.New(rand.NewPCG(11, 12))
			insert := func(from, to int) {
				var rows []string
				for i := from; i < to; i++ {
					k, s := fmt.Sprint(r.IntN(40)), fmt.Sprintf("'%c%d'", "aAbBäz"[r.IntN(4)], r.IntN(30))
					if r.IntN(10) == 0 {
						k = "NULL"
					}
					if r.IntN(10) == 0 {
						s = "NULL"
					}
					rows = append(rows, fmt.Sprintf("(%d, %s, %d, %s, %d.5, %d)", i, k, i*7919%3001, s, r.IntN(50)-20, r.IntN(100)))
				}
				must(t, s, "INSERT INTO o VALUES "+strings.Join(rows, ", "))
			}
			insert(0, 2500)
			must(t, s, "BEGIN")
			insert(2500, 2600)
			must(t, s, "DELETE FROM o WHERE id % 17 = 3")
			must(t, s, "UPDATE o SET u = u + 5000, k = k + 1 WHERE id % 23 = 1")
			used := 0
			for _, q := range []string{
				"SELECT * FROM o %s ORDER BY k, u LIMIT 10",
				"SELECT * FROM o %s ORDER BY k DESC, u DESC LIMIT 7 OFFSET 5",
				"SELECT k, u FROM o %s ORDER BY k, u LIMIT 300",
				"SELECT id, k FROM o %s WHERE k = 7 ORDER BY u LIMIT 5",
				"SELECT id, k FROM o %s WHERE k = 7 ORDER BY u DESC",
				"SELECT id, k FROM o %s WHERE k IS NULL ORDER BY u LIMIT 5",
				"SELECT id FROM o %s WHERE k > 30 ORDER BY k DESC, u DESC LIMIT 12",
				"SELECT id FROM o %s WHERE k BETWEEN 3 AND 5 ORDER BY k, u LIMIT 200",
				"SELECT id FROM o %s WHERE k BETWEEN 3 AND 5 AND v < 30 ORDER BY k DESC, u DESC",
				"SELECT id, s FROM o %s ORDER BY s, u LIMIT 40",
				"SELECT id, s FROM o %s WHERE s = 'A3' ORDER BY u LIMIT 40",
				"SELECT id, s FROM o %s WHERE s > 'b' ORDER BY s DESC, u DESC LIMIT 30",
				"SELECT d, u FROM o %s ORDER BY d, u LIMIT 25",
				"SELECT d, u FROM o %s WHERE v < 50 ORDER BY d DESC, u DESC LIMIT 25",
				"SELECT k + 1 FROM o %s WHERE k = '8' ORDER BY u LIMIT 3",
				"SELECT k FROM o %s WHERE v = 5 ORDER BY k, u LIMIT 3",
				"SELECT COUNT(u) FROM o %s WHERE k = 9",
			} {
				with, without := fmt.Sprintf(q, ""), fmt.Sprintf(q, "IGNORE INDEX (ku, s, d, k)")
				if got, want := must(t, s, with), must(t, s, without); got != want {
					t.Errorf("%s\n%s\nsorted:\n%s", with, got, want)
				}
				if plan := must(t, s, "EXPLAIN "+with); !strings.Contains(plan, "Top ") && !strings.Contains(plan, "Sort") {
					used++
				}
			}
			if used < 12 {
				t.Errorf("%d queries only use an index", used)
			}
			must(t, s, "DELETE FROM o WHERE k > 10 ORDER BY k DESC, u DESC LIMIT 100")
			must(t, s, "UPDATE o SET v = -1 ORDER BY k, u LIMIT 50")
			if got := one(t, s, "SELECT COUNT(*) FROM (SELECT v FROM o IGNORE INDEX (ku) ORDER BY k, u LIMIT 50) AS x WHERE v = -1"); got != "50" {
				t.Errorf("%s of the first 50 rows were updated", got)
			}
			must(t, s, "COMMIT")
			if out := answer(s, "CHECK TABLE o"); !strings.Contains(out, "OK") {
				t.Error(out)
			}
		})
	}
}
