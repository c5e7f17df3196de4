package table

import (
	"context"
	"sync"
	"testing"

	"github.com/s3sql/s3sql/internal/vec"
)

// TestAhead decodes columns in several goroutines beside a scan, which sees what it would see alone.
func TestAhead(t *testing.T) {
	t.Parallel()
	const rows = 3000
	v := folded(rows)
	s := newScanner(v, ScanSpec{Cols: testCols})
	a := s.Ahead()
	if a == nil || len(a.parts) != len(v.parts)-1 {
		t.Fatalf("%d parts of %d are left to be decoded", len(a.parts), len(v.parts))
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			a.Run(context.Background())
		}()
	}
	var b vec.Batch
	n := 0
	for {
		_, ok, err := s.Next(context.Background(), &b)
		must(t, err)
		if !ok {
			break
		}
		for i := range b.N {
			if got := cells(&b, i); got != wantCells(n) {
				t.Fatalf("row %d is %s, want %s", n, got, wantCells(n))
			}
			n++
		}
	}
	wg.Wait()
	if n != rows {
		t.Errorf("%d rows", n)
	}
	for _, p := range v.parts {
		if c := p.(*chunk); len(*c.cols.Load()) != len(testCols) {
			t.Errorf("a part has %d columns decoded", len(*c.cols.Load()))
		}
	}
	if newScanner(v, ScanSpec{Cols: testCols}).Ahead() != nil {
		t.Error("there is something left to be decoded")
	}
}

// TestAheadBounds decodes no part outside the range of the scan, and none once it is cancelled.
func TestAheadBounds(t *testing.T) {
	t.Parallel()
	v := folded(3000)
	s := newScanner(v, ScanSpec{Cols: testCols, Lo: k(1000), Hi: k(1100)})
	a := s.Ahead()
	if a == nil || len(a.parts) < 4 || len(a.parts) > 8 || a.parts[len(a.parts)-1].first() >= k(1100) {
		t.Fatalf("parts to be decoded: %v", a)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	a.Run(ctx)
	for _, p := range v.parts {
		if p.ready(testCols) {
			t.Error("a part was decoded")
		}
	}
	if newScanner(v, ScanSpec{Cols: testCols, Reverse: true}).Ahead() != nil {
		t.Error("a scan backwards looks ahead")
	}
}
