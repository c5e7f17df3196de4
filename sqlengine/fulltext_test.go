package sqlengine_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/s3sql/s3sql/sqlengine"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

var textSeedsFlag = flag.Uint64("textseeds", 24, "how many histories TestFullTextHistories runs, from 1")

// TestFullTextHistories changes tables at random, with transactions, flushes, compactions and changes of the index in between, and
// compares what searches find with a fresh index over the rows that are there.
func TestFullTextHistories(t *testing.T) {
	t.Parallel()
	n := *textSeedsFlag
	if testing.Short() {
		n /= 10
	}
	hits, first := 0, uint64(1)
	if *seedFlag != 0 {
		first, n = *seedFlag, *seedFlag
	}
	for seed := first; seed <= n && !t.Failed(); seed++ {
		h := &history{t: t, seed: seed, r: rand.New(rand.NewPCG(seed, 11)), rows: map[int][2]string{}}
		h.run()
		hits += h.hits
	}
	if hits < int(n-first+1)*5 {
		t.Errorf("only %d hits: the searches look for what is not there", hits)
	}
}

// history is one seed.
type history struct {
	t     *testing.T
	seed  uint64
	r     *rand.Rand
	e     *sqlengine.Engine
	s     *sqlengine.Session
	fresh *sqlengine.Session
	made  int
	rows  map[int][2]string // what the session sees
	saved []map[int][2]string
	sqls  []string
	hits  int
}

func (h *history) run() {
	cfg := sqlengine.Config{}
	if h.seed%4 != 0 {
		cfg.SmallSegments()
	}
	h.e = openConfig(h.t, cfg)
	h.s, h.fresh = h.e.NewSession(), openMem(h.t).NewSession()
	parts := ""
	if h.seed%5 == 0 {
		parts = " PARTITION BY HASH(id) PARTITIONS 3"
	}
	index := ", FULLTEXT ft (a, b)" + h.options()
	if h.seed%3 == 0 {
		index = ""
	}
	h.do("CREATE TABLE t (id INT PRIMARY KEY, a TEXT, b VARCHAR(2000)" + index + ")" + parts)
	for range 4 {
		h.change()
	}
	if index == "" {
		h.do("CREATE FULLTEXT INDEX ft ON t (a, b)" + h.options())
	}
	for range 4 + h.r.IntN(10) {
		h.step()
		if h.r.IntN(3) == 0 {
			h.check()
		}
	}
	h.check()
}

// options are those of all indexes of a history.
func (h *history) options() string { return " WITH (language = 'none', weights = 'a:2.5')" }

func (h *history) do(sql string) {
	h.sqls = append(h.sqls, sql)
	if out := h.query(h.s, sql); strings.HasPrefix(out, "ERROR") {
		h.fail("%s\n%s", sql, out)
	}
}

func (h *history) fail(format string, args ...any) {
	h.t.Helper()
	h.t.Fatalf("seed %d: %s\n%s", h.seed, fmt.Sprintf(format, args...), strings.Join(h.sqls, ";\n"))
}

func (h *history) text() string {
	if h.r.IntN(12) == 0 {
		return "NULL"
	}
	var w []string
	for range h.r.IntN(14) {
		w = append(w, h.word())
	}
	return "'" + strings.Join(w, " ") + "'"
}

func (h *history) word() string {
	return fmt.Sprintf("%c%c%c", 'a'+int(h.r.ExpFloat64()*2)%7, 'a'+h.r.IntN(2), 'a'+h.r.IntN(2))
}

func (h *history) step() {
	switch h.r.IntN(12) {
	case 0:
		if h.saved == nil {
			h.do("BEGIN")
			h.saved = []map[int][2]string{maps.Clone(h.rows)}
		} else {
			h.do(fmt.Sprintf("SAVEPOINT s%d", len(h.saved)))
			h.saved = append(h.saved, maps.Clone(h.rows))
		}
	case 1:
		if n := len(h.saved); n > 1 && h.r.IntN(2) == 0 {
			h.do(fmt.Sprintf("ROLLBACK TO s%d", n-1))
			h.rows = maps.Clone(h.saved[n-1])
		} else if n > 0 {
			h.do("ROLLBACK")
			h.rows, h.saved = h.saved[0], nil
		}
	case 2:
		if h.saved != nil {
			h.do("COMMIT")
			h.saved = nil
		}
	case 3:
		if err := h.e.Flush(context.Background()); err != nil {
			h.fail("flush: %v", err)
		}
	case 4:
		if h.saved == nil {
			h.do("OPTIMIZE TABLE t")
		}
	case 5:
		if h.saved == nil && h.r.IntN(3) == 0 {
			h.do([]string{"ALTER TABLE t DROP INDEX ft, ADD FULLTEXT INDEX ft (b, a)" + h.options(), "ALTER TABLE t FORCE",
				"ALTER TABLE t RENAME INDEX ft TO ft2, RENAME INDEX ft2 TO ft"}[h.r.IntN(2)])
		}
	default:
		h.change()
	}
}

// change inserts, updates or deletes rows.
func (h *history) change() {
	ids := slices.Sorted(maps.Keys(h.rows))
	some := func() int {
		if len(ids) == 0 {
			return 0
		}
		return ids[h.r.IntN(len(ids))]
	}
	switch k := h.r.IntN(10); {
	case k < 6 || len(ids) == 0:
		var list []string
		verb := []string{"REPLACE", "INSERT IGNORE"}[h.r.IntN(2)]
		for range 1 + h.r.IntN(25) {
			id := h.r.IntN(400)
			row := [2]string{h.text(), h.text()}
			list = append(list, fmt.Sprintf("(%d, %s, %s)", id, row[0], row[1]))
			if _, ok := h.rows[id]; !ok || verb == "REPLACE" {
				h.rows[id] = row
			}
		}
		h.do(verb + " INTO t VALUES " + strings.Join(list, ", "))
	case k < 8:
		id := some()
		row := [2]string{h.rows[id][0], h.text()}
		h.do(fmt.Sprintf("UPDATE t SET b = %s WHERE id = %d", row[1], id))
		h.rows[id] = row
	default:
		lo := some()
		h.do(fmt.Sprintf("DELETE FROM t WHERE id >= %d AND id < %d", lo, lo+8))
		for id := lo; id < lo+8; id++ {
			delete(h.rows, id)
		}
	}
}

// check compares searches with those of a fresh index.
func (h *history) check() {
	h.made++
	name := fmt.Sprintf("f%d", h.made)
	must := func(sql string) {
		if out := h.query(h.fresh, sql); strings.HasPrefix(out, "ERROR") {
			h.fail("%s\n%s", sql, out)
		}
	}
	must("CREATE TABLE " + name + " (id INT PRIMARY KEY, a TEXT, b VARCHAR(2000))")
	if len(h.rows) > 0 {
		var list []string
		for _, id := range slices.Sorted(maps.Keys(h.rows)) {
			list = append(list, fmt.Sprintf("(%d, %s, %s)", id, h.rows[id][0], h.rows[id][1]))
		}
		must("INSERT INTO " + name + " VALUES " + strings.Join(list, ", "))
	}
	must("CREATE FULLTEXT INDEX ft ON " + name + " (a, b)" + h.options())
	for range 3 {
		cols := []string{"a", "b", "a, b"}[h.r.IntN(3)]
		against := []string{
			fmt.Sprintf("'%s %s'", h.word(), h.word()),
			fmt.Sprintf("'+%s >%s -%s' IN BOOLEAN MODE", h.word(), h.word(), h.word()),
			fmt.Sprintf(`'"%s %s" %s*' IN BOOLEAN MODE`, h.word(), h.word(), h.word()[:2]),
			fmt.Sprintf(`'"%s %s"@4 %s~1' IN BOOLEAN MODE`, h.word(), h.word(), h.word()),
			fmt.Sprintf("'%s' WITH QUERY EXPANSION", h.word()),
		}[h.r.IntN(5)]
		match := fmt.Sprintf("MATCH (%s) AGAINST (%s)", cols, against)
		for _, form := range []string{"SELECT id, %[1]s FROM %[2]s WHERE %[1]s", "SELECT id, %[1]s AS s FROM %[2]s HAVING s <> 0",
			"SELECT id, %[1]s FROM %[2]s WHERE %[1]s AND id > 100", "SELECT id, %[1]s AS s FROM %[2]s WHERE id IN (3, 50, 120, 250) HAVING s > 0"} {
			h.same(fmt.Sprintf(form, match, "t"), h.scores(h.s, fmt.Sprintf(form, match, "t")), h.scores(h.fresh, fmt.Sprintf(form, match, name)))
		}
		count := "SELECT COUNT(*) FROM %s WHERE " + match
		if got, want := h.query(h.s, fmt.Sprintf(count, "t")), h.query(h.fresh, fmt.Sprintf(count, name)); got != want {
			h.fail(count+"\n%s\nwant\n%s", "t", got, want)
		}
	}
}

// scores returns the score of each row that a query finds.
func (h *history) scores(s *sqlengine.Session, sql string) map[string]float64 {
	r, err := s.Exec(context.Background(), sql, nil)
	if err != nil {
		h.fail("%s\n%v", sql, err)
	}
	out := map[string]float64{}
	for {
		b, err := r.Next(context.Background())
		if err != nil {
			h.fail("%s\n%v", sql, err)
		}
		if b == nil {
			break
		}
		for k := range b.Rows() {
			out[expr.Format(b.Cols[0].Value(b.Row(k)), r.Columns()[0].Type)] = b.Cols[1].Value(b.Row(k)).Float()
		}
	}
	if err := r.Close(); err != nil {
		h.fail("%s\n%v", sql, err)
	}
	return out
}

func (h *history) same(sql string, got, want map[string]float64) {
	h.t.Helper()
	h.hits += len(want)
	bad := len(got) != len(want)
	for id, score := range want {
		s, ok := got[id]
		bad = bad || !ok || math.Abs(s-score) > 1e-9
	}
	if bad {
		h.fail("%s\n%v\nwant\n%v", sql, got, want)
	}
}

// query returns the rows of a query, or the error of a statement.
func (h *history) query(s *sqlengine.Session, sql string) string {
	m := &meta{t: h.t, s: s}
	rows, _, err := m.exec(sql)
	if err != nil {
		return "ERROR " + err.Error()
	}
	return strings.Join(rows, "\n")
}

// TestFullTextLargeLimit asks for more of the best rows than are worth telling from all.
func TestFullTextLargeLimit(t *testing.T) {
	t.Parallel()
	s := openMem(t).NewSession()
	must(t, s, "CREATE TABLE w (id INT PRIMARY KEY, s TEXT, FULLTEXT (s))")
	must(t, s, "INSERT INTO w WITH RECURSIVE d (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM d WHERE i < 265) SELECT a.i * 266 + b.i, 'word' FROM d AS a, d AS b")
	h := &history{t: t}
	for limit, want := range map[string]int{"70000": 70000, "1000000": 266 * 266, "0": 0, "3 OFFSET 70000": 3} {
		if got := len(h.scores(s, "SELECT id, 1e0 FROM w WHERE MATCH (s) AGAINST ('word') LIMIT "+limit)); got != want {
			t.Errorf("LIMIT %s: %d rows, want %d", limit, got, want)
		}
	}
}
