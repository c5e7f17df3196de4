package table

import (
	"context"
	"fmt"
	"testing"

	"github.com/s3sql/s3sql/internal/vec"
)

func benchDB(b *testing.B, rows int) *DB {
	b.Helper()
	db := openTest(b, newMemStore(), func(o *Options) { o.limits = defaultLimits() })
	for i := 0; i < rows; {
		tx := begin(b, db, TxOptions{Fresh: None})
		for range min(100_000, rows-i) {
			must(b, tx.Put(1, k(i), rowOf(i)))
			i++
		}
		commit(b, tx)
	}
	return db
}

func BenchmarkGet(b *testing.B) {
	for _, rows := range []int{1000, 1_000_000} {
		db := benchDB(b, rows)
		tx := begin(b, db, TxOptions{ReadOnly: true})
		keys := make([]string, 1024)
		for i := range keys {
			keys[i] = k(i * 7919 % rows)
		}
		b.Run(fmt.Sprint("rows=", rows), func(b *testing.B) {
			b.ReportAllocs()
			for i := range b.N {
				if _, ok := tx.Peek(1, keys[i%len(keys)]); !ok {
					b.Fatal("missing")
				}
			}
		})
	}
}

// BenchmarkCommit is a transaction of one row: snapshot, duplicate check, put, commit on a store in memory.
func BenchmarkCommit(b *testing.B) {
	for _, rows := range []int{0, 100_000} {
		db := benchDB(b, rows)
		row := rowOf(5)
		b.Run(fmt.Sprint("rows=", rows), func(b *testing.B) {
			b.ReportAllocs()
			ctx := context.Background()
			for i := range b.N {
				tx, err := db.Begin(ctx, TxOptions{Fresh: None, TrackReads: true})
				must(b, err)
				key := k(rows + i)
				tx.Peek(1, key)
				must(b, tx.Put(1, key, row))
				_, err = tx.Commit(ctx)
				must(b, err)
			}
			rows += b.N
		})
	}
}

func BenchmarkScan(b *testing.B) {
	const rows = 1_000_000
	ctx := context.Background()
	db := benchDB(b, rows)
	run := func(b *testing.B, tx *Tx, spec ScanSpec) {
		b.Helper()
		b.ReportAllocs()
		for range b.N {
			s := tx.Scan(ctx, 1, spec)
			var batch vec.Batch
			n := 0
			for {
				_, ok, err := s.Next(ctx, &batch)
				must(b, err)
				if !ok {
					break
				}
				n += batch.N
			}
			if n != tx.RowCount(1) {
				b.Fatal(n)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
	}
	clean := begin(b, db, TxOptions{ReadOnly: true})
	cols := testCols[1:]
	b.Run("first", func(b *testing.B) {
		for range b.N {
			b.StopTimer()
			for _, p := range clean.view(1).parts {
				p.(*chunk).cols.Store(nil)
			}
			b.StartTimer()
			s := clean.Scan(ctx, 1, ScanSpec{Cols: cols})
			var batch vec.Batch
			for ok := true; ok; {
				var err error
				_, ok, err = s.Next(ctx, &batch)
				must(b, err)
			}
		}
	})
	b.Run("clean", func(b *testing.B) { run(b, clean, ScanSpec{Cols: cols}) })
	b.Run("keys", func(b *testing.B) { run(b, clean, ScanSpec{Cols: cols, WithKeys: true}) })
	b.Run("reverse", func(b *testing.B) { run(b, clean, ScanSpec{Cols: cols, Reverse: true}) })
	for _, changed := range []int{10, 40_000} {
		tx := begin(b, db, TxOptions{Fresh: None})
		for i := range changed {
			must(b, tx.Put(1, k(i*(rows/changed)), rowOf(1)))
		}
		b.Run(fmt.Sprint("changed=", changed), func(b *testing.B) { run(b, tx, ScanSpec{Cols: cols}) })
		tx.Rollback()
	}
}

func BenchmarkFold(b *testing.B) {
	for _, rows := range []int{0, 1_000_000} {
		v := emptyVersion()
		if rows > 0 {
			v = benchDB(b, rows).state.Load().table(1).fold(defaultLimits())
		}
		n := max(4096, rows/16)
		ed := v.edit()
		for i := range n {
			ed.set(&entry{key: k(i * max(1, rows/n)), row: rowOf(i)})
		}
		b.Run(fmt.Sprint("rows=", rows, "/delta=", n), func(b *testing.B) {
			for range b.N {
				ed.v.fold(defaultLimits())
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/change")
		})
	}
}

func BenchmarkOpen(b *testing.B) {
	store := newMemStore()
	db := openTest(b, store, func(o *Options) { o.limits = defaultLimits() })
	tx := begin(b, db, TxOptions{})
	for i := range 100_000 {
		must(b, tx.Put(1, k(i), rowOf(i)))
	}
	commit(b, tx)
	must(b, db.Checkpoint(context.Background()))
	for i := range 64 {
		write(b, db, 1, i, i)
	}
	b.Run("rows=100000,tail=64", func(b *testing.B) {
		for range b.N {
			if err := openTest(b, store).Close(context.Background()); err != nil {
				b.Fatal(err)
			}
		}
	})
}
