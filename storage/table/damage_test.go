package table

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/storage/segment"
)

// damagedRows is the number of rows of table 7 in the tests of damage: the even keys of each half are in an older segment of
// level 0 than the odd ones.
const damagedRows = 120

func builtSegments(t *testing.T) *memStore {
	t.Helper()
	store := newMemStore()
	db := openTest(t, store, withSegments)
	for n := range 4 {
		tx := begin(t, db, TxOptions{})
		for i := n % 2; i < damagedRows; i += 2 {
			if i < damagedRows/2 != (n < 2) {
				continue
			}
			must(t, tx.Insert(7, k(i), rowOf(i)))
			must(t, tx.Insert(8, k(i), rowOf(i)))
		}
		commit(t, tx)
		for _, table := range []uint32{7, 8} {
			must(t, db.Flush(t.Context(), table))
		}
	}
	return store
}

// harm is a way in which an object may be wrong: it returns its bytes, nil when it is gone.
type harm struct {
	name string
	do   func(data, other []byte, g *seg) []byte
}

func flipped(at func(g *seg) int64) func(data, other []byte, g *seg) []byte {
	return func(data, _ []byte, g *seg) []byte {
		out := append([]byte(nil), data...)
		out[at(g)] ^= 4
		return out
	}
}

var harms = []harm{
	{"flip in a data page", flipped(func(*seg) int64 { return 30 })},
	{"flip in the last data page", flipped(func(g *seg) int64 { return g.meta.Bytes - g.meta.Tail - g.meta.Bloom - 3 })},
	{"flip in the bloom filter", flipped(func(g *seg) int64 { return g.meta.Bytes - g.meta.Tail - g.meta.Bloom + 20 })},
	{"flip in the page index", flipped(func(g *seg) int64 { return g.meta.Bytes - g.meta.Tail + 5 })},
	{"flip in the footer", flipped(func(g *seg) int64 { return g.meta.Bytes - 20 })},
	{"flip in the footer's length", flipped(func(g *seg) int64 { return g.meta.Bytes - 8 })},
	{"cut off in a data page", func(data, _ []byte, _ *seg) []byte { return data[:40] }},
	{"cut off in the bloom filter", func(data, _ []byte, g *seg) []byte { return data[:g.meta.Bytes-g.meta.Tail-1] }},
	{"cut off in the page index", func(data, _ []byte, g *seg) []byte { return data[:g.meta.Bytes-g.meta.Tail+9] }},
	{"cut off in the footer", func(data, _ []byte, _ *seg) []byte { return data[:len(data)-1] }},
	{"empty", func([]byte, []byte, *seg) []byte { return []byte{} }},
	{"longer", func(data, _ []byte, _ *seg) []byte { return append(append([]byte(nil), data...), 0) }},
	{"missing", func([]byte, []byte, *seg) []byte { return nil }},
	{"foreign", func(_, other []byte, _ *seg) []byte { return other }},
}

// isDamage checks an error that a damaged object causes.
func isDamage(t *testing.T, err error, object string) {
	t.Helper()
	var e *base.Error
	if !errors.As(err, &e) || e.Kind != base.KindCorrupt || e.Object != object || !strings.Contains(err.Error(), "offset") {
		t.Errorf("the error is %v; it should name %s and an offset", err, object)
	}
}

// scanned reads a range of keys and returns the rows and what stopped it.
func scanned(tx *Tx, lo, hi string) (rows map[string]string, err error) {
	rows = map[string]string{}
	s := tx.Scan(context.Background(), 7, ScanSpec{Cols: testCols, WithKeys: true, Lo: lo, Hi: hi})
	var b vec.Batch
	for {
		keys, ok, err := s.Next(context.Background(), &b)
		if err != nil || !ok {
			return rows, err
		}
		for i, key := range keys {
			rows[key] = cells(&b, i)
		}
	}
}

// TestDamagedSegments: whatever needs the damaged part of a segment fails with an error that names it; all else goes on; nothing is
// lost.
func TestDamagedSegments(t *testing.T) {
	t.Parallel()
	built := builtSegments(t)
	all := openTest(t, built, withSegments).state.Load().table(7).segs.all()
	if len(all) < 4 {
		t.Fatalf("only %d segments", len(all))
	}
	for _, h := range harms {
		for _, at := range []int{0, len(all) - 1} {
			t.Run(fmt.Sprint(h.name, at), func(t *testing.T) {
				t.Parallel()
				g := all[at]
				store := built.snapshot()
				whole := store.get(g.key())
				store.set(g.key(), h.do(whole, store.get(all[1].key()), g))
				db := openTest(t, store, withSegments, func(o *Options) { o.limits.record = 1 << 20 }) // else the commit reads them
				noticed := readDamaged(t, db, g)
				if noticed == 0 {
					t.Error("no read notices the damage")
				}
				maintainDamaged(t, db, store, g, whole)
			})
		}
	}
}

// readDamaged reads the table in every way, and returns how many reads failed.
func readDamaged(t *testing.T, db *DB, g *seg) (noticed int) {
	t.Helper()
	ctx := t.Context()
	tx := begin(t, db, TxOptions{ReadOnly: true})
	for i := range damagedRows {
		row, ok, err := tx.Get(ctx, 7, k(i))
		found := make([]Found, 2)
		err2 := tx.GetMany(ctx, 7, []string{k(i), "nothing"}, found)
		var third string
		err3 := tx.Range(ctx, 7, k(i), successor(k(i)), func(_, row string) bool { third = row; return true })
		for n, got := range []struct {
			row string
			ok  bool
			err error
		}{{row, ok, err}, {found[0].Row, found[0].OK, err2}, {third, third != "", err3}} {
			switch {
			case got.err != nil && !g.covers(k(i)):
				t.Errorf("read %d of key %d, which is in another segment: %v", n, i, got.err)
			case got.err != nil:
				noticed++
				isDamage(t, got.err, g.key())
			case !got.ok || decoded(t, got.row) != wantCells(i):
				t.Errorf("read %d of key %d gives %v %q", n, i, got.ok, got.row)
			}
		}
	}
	rows, err := scanned(tx, "", "")
	if err != nil {
		noticed++
		isDamage(t, err, g.key())
	} else if len(rows) != damagedRows {
		t.Errorf("a scan gives %d rows", len(rows))
	}
	for i := range damagedRows {
		if got, ok := rows[k(i)]; ok && got != wantCells(i) {
			t.Errorf("a scan gives %s for key %d", got, i)
		}
	}
	for _, r := range [][2]string{{"", g.meta.First}, {successor(g.meta.Last), ""}} {
		if _, err := scanned(tx, r[0], r[1]); err != nil {
			t.Errorf("the scan of other segments: %v", err)
		}
	}
	if n := len(scanAll(t, tx, 8, ScanSpec{Cols: testCols, WithKeys: true})); n != damagedRows {
		t.Errorf("%d rows of the other table", n)
	}
	return noticed
}

// maintainDamaged writes to the table, lets it be flushed and compacted, and mends it.
func maintainDamaged(t *testing.T, db *DB, store *memStore, g *seg, whole []byte) {
	t.Helper()
	ctx := t.Context()
	put := func(insert, from, to int) {
		tx := begin(t, db, TxOptions{Fresh: None})
		must(t, tx.Insert(7, k(insert), rowOf(insert)))
		for i := from; i < to; i++ {
			must(t, tx.Update(7, k(i), rowOf(i)))
		}
		commit(t, tx)
	}
	put(1000, 0, 0)
	must(t, db.Flush(ctx, 7)) // no older row is concerned
	before := len(store.objs)
	put(2000, 0, damagedRows)
	tryDamaged(t, g, db.Flush(ctx, 7))
	_, err := db.compact(ctx, 7, func(s *segments) *job { return &job{in: s.all(), level: 1} })
	tryDamaged(t, g, err)
	for key := range store.snapshot().objs {
		if strings.HasPrefix(key, "data/7/") && !inState(db, key) {
			t.Errorf("%s was left behind of what failed", key)
		}
	}
	if len(store.objs) < before {
		t.Error("objects are gone")
	}
	store.set(g.key(), whole)
	again := openTest(t, store, withSegments)
	must(t, again.Flush(ctx, 7))
	for more := true; more; {
		var err error
		more, err = again.compact(ctx, 7, func(s *segments) *job { return s.pickJob(again.opts.limits) })
		must(t, err)
	}
	checkReplayed(t, again, store)
}

// tryDamaged checks what maintenance says that has met the damage, unless it got by without the part that is damaged.
func tryDamaged(t *testing.T, g *seg, err error) {
	t.Helper()
	if err != nil {
		isDamage(t, err, g.key())
	}
}

func inState(db *DB, key string) bool {
	st := db.state.Load()
	for _, g := range st.table(7).segs.all() {
		if g.key() == key {
			return true
		}
	}
	for _, d := range st.garbage {
		if segment.ObjectKey(d.table, d.id) == key {
			return true
		}
	}
	return false
}

// TestMaintenanceRests: a flush and a compaction that meet a damaged segment are not tried again at every commit, and are once it is
// mended.
func TestMaintenanceRests(t *testing.T) {
	t.Parallel()
	store := builtSegments(t)
	var log failures
	db := openTest(t, store, withSegments, maintained, func(o *Options) { o.Logger = slog.New(&log) })
	g := db.state.Load().table(7).segs.all()[0]
	whole := store.get(g.key())
	store.set(g.key(), nil)
	update := func(n int) {
		tx := begin(t, db, TxOptions{Fresh: None})
		must(t, tx.Update(7, k(n%damagedRows), rowOf(n)))
		commit(t, tx)
	}
	const commits = 600
	for n := range commits {
		update(n)
	}
	db.work.tasks.Wait()
	if n := log.count(); n < 2 || n > 8 { // after 16, 32, 64, … commits
		t.Errorf("%d failures in %d commits", n, commits)
	}
	store.set(g.key(), whole)
	before := db.state.Load().table(7).flushed
	for n := range 2 * commits {
		update(n)
	}
	db.work.tasks.Wait()
	if v := db.state.Load().table(7); v.flushed == before || v.mem > 20*db.opts.limits.flush {
		t.Errorf("after it was mended %d bytes wait for a flush", v.mem)
	}
	checkReplayed(t, db, store)
}

// failures counts warnings.
type failures struct {
	mu sync.Mutex
	n  int
}

func (f *failures) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.n
}

func (f *failures) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelWarn }

func (f *failures) Handle(context.Context, slog.Record) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n++
	return nil
}

func (f *failures) WithAttrs([]slog.Attr) slog.Handler { return f }
func (f *failures) WithGroup(string) slog.Handler      { return f }
