package table

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/storage/row"
	"github.com/s3sql/s3sql/storage/segment"
)

var (
	tInt = base.Type{ID: base.TypeBigInt}
	tStr = base.Type{ID: base.TypeVarchar, Length: 100}
	tDec = base.Type{ID: base.TypeDecimal, Precision: 20, Scale: 2}
)

func k(i int) string { return base.KeyOf(base.NewInt(int64(i))) }

// rowOf encodes column 1 (an integer), column 2 (text, NULL for a negative value) and, for values over 1000, column 3.
func rowOf(v int) string {
	b := base.AppendField(nil, 1, base.NewInt(int64(v)))
	if v < 0 {
		b = base.AppendField(b, 2, base.Value{})
	} else {
		b = base.AppendField(b, 2, base.NewString(fmt.Sprint("v", v)))
	}
	if v > 1000 {
		b = base.AppendField(b, 3, base.NewDecimal(base.Int128From(int64(v)), 1))
	}
	return string(b)
}

var testCols = []ScanCol{{ID: 3, Type: tDec, Missing: base.NewDecimal(base.Int128From(777), 2)}, {ID: 1, Type: tInt}, {ID: 2, Type: tStr}}

func wantCells(v int) string {
	dec := "777"
	if v > 1000 {
		dec = fmt.Sprint(v * 10)
	}
	str := fmt.Sprint("v", v)
	if v < 0 {
		str = "NULL"
	}
	return fmt.Sprint(dec, "|", v, "|", str)
}

func cells(b *vec.Batch, i int) string {
	dec, _ := b.Cols[0].Value(i).Decimal()
	str := "NULL"
	if v := b.Cols[2].Value(i); !v.IsNull() {
		str = v.Text()
	}
	return fmt.Sprint(dec.Lo, "|", b.Cols[1].Value(i).Int(), "|", str)
}

// withSegments makes a table's rows go to segments early, which are small.
func withSegments(o *Options) {
	o.limits.foldBytes, o.limits.flush, o.limits.levelBase, o.limits.object = 1, 200, 1000, 300
	o.limits.record, o.limits.spillMax = 400, 100
	o.Schema = func(context.Context, *Tx, uint32) (Schema, bool, error) {
		return Schema{Columns: segment.Schema{{ID: 1, Name: "n", Type: tInt}, {ID: 2, Name: "s", Type: tStr},
			{ID: 3, Name: "d", Type: tDec, Missing: base.NewDecimal(base.Int128From(777), 2)}}}, true, nil
	}
}

// randomJob rewrites some segments of a level into the next one, with all that is in the way there.
func randomJob(rng *rand.Rand) func(*segments) *job {
	return func(s *segments) *job {
		all := s.all()
		if len(all) == 0 {
			return nil
		}
		level := all[rng.IntN(len(all))].meta.Level
		in := slices.Clone(s.levels[level])
		if level > 0 {
			in = in[:1+rng.IntN(len(in))]
		}
		lo, hi := keyRange(in)
		return &job{in: append(in, within(s.level(level+1), lo, successor(hi))...), level: level + 1}
	}
}

// decoded returns the cells of an encoded row.
func decoded(t testing.TB, enc string) string {
	t.Helper()
	b := vec.Batch{N: 1}
	for _, q := range testCols {
		b.Cols = append(b.Cols, vec.New(q.Type.Class(), q.scale(), 1))
	}
	d := row.NewDecoder(fieldsOf(testCols))
	must(t, d.Decode(enc, b.Cols, 0))
	return cells(&b, 0)
}

func checkMany(t testing.TB, tx *Tx, table uint32, model map[int]int, rng *rand.Rand) {
	t.Helper()
	var keys []string
	var ids []int
	for range rng.IntN(20) {
		i := rng.IntN(220) - 10
		keys, ids = append(keys, k(i)), append(ids, i)
	}
	found := make([]Found, len(keys))
	must(t, tx.GetMany(t.Context(), table, keys, found))
	for n, i := range ids {
		v, want := model[i]
		if found[n].OK != want || want && decoded(t, found[n].Row) != wantCells(v) {
			t.Fatalf("get many, %d: %+v, want %d %v", i, found[n], v, want)
		}
	}
}

func tinyLimits() limits { return limits{chunkRows: 16, foldMin: 8, tail: 64, request: 32 << 10} }

func testOptions() Options {
	return Options{Create: true, NoMaintenance: true, Clock: quickClock{}, limits: tinyLimits()}
}

func openTest(t testing.TB, store *memStore, edit ...func(*Options)) *DB {
	t.Helper()
	opts := testOptions()
	for _, e := range edit {
		e(&opts)
	}
	db, err := Open(context.Background(), store, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close(context.Background()) })
	return db
}

func begin(t testing.TB, db *DB, opts TxOptions) *Tx {
	t.Helper()
	tx, err := db.Begin(context.Background(), opts)
	if err != nil {
		t.Fatal(err)
	}
	return tx
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func commit(t testing.TB, tx *Tx) CommitInfo {
	t.Helper()
	info, err := tx.Commit(context.Background())
	must(t, err)
	return info
}

// write commits one row in a transaction of its own.
func write(t testing.TB, db *DB, table uint32, key, val int) {
	t.Helper()
	tx := begin(t, db, TxOptions{Fresh: None})
	must(t, tx.Put(table, k(key), rowOf(val)))
	commit(t, tx)
}

// check compares everything a transaction can say about a table with the model.
func check(t testing.TB, tx *Tx, table uint32, model map[int]int, rng *rand.Rand) {
	t.Helper()
	keys := slices.Sorted(maps.Keys(model))
	if got := tx.RowCount(table); got != len(keys) {
		t.Fatalf("row count %d, want %d", got, len(keys))
	}
	for range 5 {
		i := rng.IntN(200)
		row, ok, err := tx.Get(t.Context(), table, k(i))
		must(t, err)
		v, want := model[i]
		if ok != want || ok && decoded(t, row) != wantCells(v) {
			t.Fatalf("get %d: %q %v, want %d %v", i, row, ok, v, want)
		}
	}
	checkMany(t, tx, table, model, rng)
	lo, hi := rng.IntN(220)-10, rng.IntN(220)-10
	spec := ScanSpec{Cols: testCols, Reverse: rng.IntN(2) == 0, WithKeys: true}
	if rng.IntN(3) > 0 {
		spec.Lo = k(lo)
	} else {
		lo = -1 << 30
	}
	if rng.IntN(3) > 0 {
		spec.Hi = k(hi)
	} else {
		hi = 1 << 30
	}
	var want []string
	for _, i := range keys {
		if i >= lo && i < hi {
			want = append(want, k(i)+"="+wantCells(model[i]))
		}
	}
	if spec.Reverse {
		slices.Reverse(want)
	}
	if got := scanAll(t, tx, table, spec); !slices.Equal(got, want) {
		t.Fatalf("scan [%d,%d) reverse=%v:\n got %q\nwant %q", lo, hi, spec.Reverse, got, want)
	}
	checkBounds(t, tx, table, model, spec, rng)
	var found []string
	last := rng.IntN(len(keys) + 2)
	must(t, tx.Range(t.Context(), table, spec.Lo, spec.Hi, func(key, row string) bool {
		found = append(found, key+"="+decoded(t, row))
		return len(found) <= last
	}))
	want = want[:0]
	for _, i := range keys {
		if i >= lo && i < hi && len(want) <= last {
			want = append(want, k(i)+"="+wantCells(model[i]))
		}
	}
	if !slices.Equal(found, want) {
		t.Fatalf("range [%d,%d) up to %d rows:\n got %q\nwant %q", lo, hi, last+1, found, want)
	}
	n, err := tx.Count(context.Background(), table, spec)
	want = want[:0]
	for _, i := range keys {
		if i >= lo && i < hi {
			want = append(want, k(i))
		}
	}
	if err != nil || n != len(want) {
		t.Fatalf("count %d %v, want %d", n, err, len(want))
	}
}

func scanAll(t testing.TB, tx *Tx, table uint32, spec ScanSpec) (out []string) {
	t.Helper()
	s := tx.Scan(context.Background(), table, spec)
	var b vec.Batch
	for {
		keys, ok, err := s.Next(context.Background(), &b)
		must(t, err)
		if !ok {
			return out
		}
		if b.N == 0 || b.N > vec.MaxRows || len(keys) != b.N {
			t.Fatalf("batch of %d rows, %d keys", b.N, len(keys))
		}
		for i := range b.N {
			out = append(out, keys[i]+"="+cells(&b, i))
		}
	}
}

// TestModel runs random transactions against a map: puts, deletes, scans, savepoints, rollbacks, drops, checkpoints and
// reopening, with limits so small that deltas fold and chunks split and join all the time.
func TestModel(t *testing.T) {
	t.Parallel()
	seeds := 60
	if testing.Short() {
		seeds = 10
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			runModel(t, uint64(seed))
		})
	}
}

func runModel(t *testing.T, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 1))
	store := newMemStore()
	var setup []func(*Options)
	if seed%4 > 0 { // with segments
		setup = append(setup, withSegments, func(o *Options) {
			if seed%4 == 2 { // they come late
				o.limits.foldBytes, o.limits.flush = 1000, 4000
			}
		})
	}
	db := openTest(t, store, setup...)
	model := map[int]int{}
	type held struct {
		tx    *Tx
		model map[int]int
	}
	var old []held
	for range 120 {
		tx := begin(t, db, TxOptions{Fresh: Freshness(rng.IntN(3))})
		mine := maps.Clone(model)
		mine = mutate(t, tx, mine, rng)
		check(t, tx, 7, mine, rng)
		if rng.IntN(5) == 0 {
			tx.Rollback()
		} else {
			commit(t, tx)
			model = mine
		}
		switch rng.IntN(12) {
		case 0:
			must(t, db.Checkpoint(context.Background()))
		case 1:
			old = nil // their transactions belong to the database that is closed
			must(t, db.Close(context.Background()))
			db = openTest(t, store, setup...)
		case 3, 4:
			must(t, db.Flush(context.Background(), 7))
		case 5:
			_, err := db.compact(context.Background(), 7, func(s *segments) *job { return s.pickJob(db.opts.limits) })
			must(t, err)
		case 6:
			_, err := db.compact(context.Background(), 7, randomJob(rng))
			must(t, err)
		case 2:
			old = append(old, held{begin(t, db, TxOptions{ReadOnly: true}), model})
		}
		for _, h := range old {
			check(t, h.tx, 7, h.model, rng)
		}
		v := db.state.Load().table(7)
		rows := 0
		for i, p := range v.parts {
			if rows += p.rows(); p.rows() == 0 || p.rows() > tinyLimits().chunkRows {
				t.Fatalf("a part of %d rows", p.rows())
			}
			if i > 0 && v.parts[i-1].last() >= p.first() {
				t.Fatal("parts overlap")
			}
		}
		if rows != v.base || len(v.parts) > 3+8*rows/tinyLimits().chunkRows {
			t.Fatalf("%d parts of %d rows, the version says %d", len(v.parts), rows, v.base)
		}
	}
}

func mutate(t testing.TB, tx *Tx, mine map[int]int, rng *rand.Rand) map[int]int {
	t.Helper()
	var sp *Savepoint
	var saved map[int]int
	span := 1 + rng.IntN(200)
	for range rng.IntN(30) {
		i := rng.IntN(span)
		switch op := rng.IntN(44); {
		case op < 24:
			v := rng.IntN(2000) - 200
			put := tx.Insert
			if _, ok := mine[i]; ok {
				put = tx.Update
			}
			must(t, put(7, k(i), rowOf(v)))
			mine[i] = v
		case op < 34:
			if _, ok := mine[i]; ok {
				must(t, tx.Delete(7, k(i)))
				delete(mine, i)
			}
		case op < 36:
			sp, saved = tx.Savepoint(), maps.Clone(mine)
		case op < 38 && sp != nil:
			must(t, tx.RollbackTo(sp))
			mine = maps.Clone(saved)
		case op == 38 && rng.IntN(4) == 0:
			must(t, tx.DropTable(7))
			clear(mine)
		case op == 39:
			must(t, tx.Relieve(context.Background()))
		default:
			check(t, tx, 7, mine, rng)
		}
	}
	return mine
}

// TestLongScans reads more batches than the growth of their size has steps, in every way a batch is made.
func TestLongScans(t *testing.T) {
	t.Parallel()
	const rows = 50_000
	db := openTest(t, newMemStore(), func(o *Options) { o.limits = defaultLimits() })
	tx := begin(t, db, TxOptions{})
	for i := range rows {
		must(t, tx.Put(7, k(i), rowOf(i)))
	}
	commit(t, tx)
	tx = begin(t, db, TxOptions{})
	for round := range 2 {
		for _, reverse := range []bool{false, true} {
			got := scanAll(t, tx, 7, ScanSpec{Cols: testCols, Reverse: reverse, WithKeys: true})
			if len(got) != rows {
				t.Fatalf("round %d, reverse=%v: %d rows", round, reverse, len(got))
			}
			for i, g := range got {
				if reverse {
					i = rows - 1 - i
				}
				if g != k(i)+"="+wantCells(i) {
					t.Fatalf("round %d, reverse=%v: row %d is %q", round, reverse, i, g)
				}
			}
		}
		for i := 0; i < rows; i += 13 { // from now on every batch is merged
			must(t, tx.Put(7, k(i), rowOf(i)))
		}
	}
}
