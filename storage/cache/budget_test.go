package cache

import (
	"runtime"
	"sync"
	"testing"
)

func pageSize(int, string) int64 { return 1000 - pageOverhead }

func filled(budget *Budget, n int) *Pages[int, string] {
	p := NewPages(budget, pageSize)
	for i := range n {
		p.Put(i, "")
	}
	return p
}

func TestReserve(t *testing.T) {
	t.Parallel()
	b := NewBudget(100)
	for _, c := range []struct {
		n    int64
		ok   bool
		used int64
	}{{60, true, 60}, {41, false, 60}, {-1, false, 60}, {40, true, 100}, {0, true, 100}, {1, false, 100}, {1<<63 - 1, false, 100}} {
		if ok := b.Reserve(c.n); ok != c.ok || b.Used() != c.used {
			t.Errorf("Reserve(%d) = %t, used %d; want %t, %d", c.n, ok, b.Used(), c.ok, c.used)
		}
	}
	b.Release(100)
	if b.Used() != 0 || b.Limit() != 100 || NewBudget(-5).Reserve(1) {
		t.Error("not empty, or of another limit")
	}
	defer func() {
		if recover() == nil {
			t.Error("more was released than reserved")
		}
	}()
	b.Release(1)
}

// TestPagesMakeWay: what pages take and what is reserved stays within the limit at every moment.
func TestPagesMakeWay(t *testing.T) {
	t.Parallel()
	const limit = 1 << 20
	b := NewBudget(limit)
	p := filled(b, 5000)
	if used := b.Used(); used > limit/2 || used < limit/2-2000 {
		t.Fatalf("pages take %d of %d, want about half", used, limit)
	}
	for reserved := int64(0); reserved < limit; {
		n := min(10_000, limit-reserved)
		if !b.Reserve(n) {
			t.Fatalf("%d of %d were reserved, %d more are refused", reserved, limit, n)
		}
		if reserved += n; b.Used() > limit || p.used() > limit-reserved {
			t.Fatalf("%d reserved and %d by pages, of %d", reserved, p.used(), limit)
		}
	}
	if p.used() != 0 {
		t.Errorf("%d bytes of pages where everything is reserved", p.used())
	}
	p.Put(1, "") // there is no room
	if _, ok := p.Get(1); ok || p.used() != 0 {
		t.Error("a page was kept without room")
	}
	b.Release(limit)
	for i := range 5000 {
		p.Put(i, "")
	}
	if p.used() < limit/2-2000 {
		t.Errorf("pages have grown back to %d only", p.used())
	}
}

func TestSeveralPagesShare(t *testing.T) {
	t.Parallel()
	const limit = 1 << 20
	b := NewBudget(limit)
	p, q := filled(b, 2000), filled(b, 2000)
	if p.used() > limit/4 || q.used() > limit/4 || b.Used() < limit/2-4000 {
		t.Errorf("pages take %d and %d", p.used(), q.used())
	}
	p.Close()
	p.Close()
	p.Put(1, "")
	for i := range 2000 {
		q.Put(i, "")
	}
	if p.used() != 0 || q.used() < limit/2-2000 {
		t.Errorf("a closed cache takes %d, the other one %d", p.used(), q.used())
	}
}

// TestScanKeepsWhatIsUsed: one pass over much more than fits leaves what is used again and again.
func TestScanKeepsWhatIsUsed(t *testing.T) {
	t.Parallel()
	b := NewBudget(2_000_000) // 1,000 pages
	p := NewPages(b, pageSize)
	for cold := range 1000 { // fills the cache, from where on the frequency of use is counted
		p.Put(-cold-1, "")
	}
	for range 20 {
		for hot := range 300 {
			if _, ok := p.Get(hot); !ok {
				p.Put(hot, "")
			}
		}
	}
	for i := range 20_000 {
		p.Put(1000+i, "")
	}
	kept := 0
	for hot := range 300 {
		if _, ok := p.Get(hot); ok {
			kept++
		}
	}
	if kept < 270 {
		t.Errorf("%d of 300 hot pages are left after the scan", kept)
	}
}

func TestBudgetConcurrently(t *testing.T) {
	t.Parallel()
	const limit = 1 << 20
	b := NewBudget(limit)
	p := NewPages(b, pageSize)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 2000 {
				k := (i*7 + g) % 3000
				if _, ok := p.Get(k); !ok {
					p.Put(k, "")
				}
				if n := int64(i%50) * 2000; b.Reserve(n) {
					b.Release(n)
				}
			}
		})
	}
	wg.Wait()
	if used := b.Used(); used != p.used() || used > limit/2 {
		t.Errorf("%d used, %d by pages", used, p.used())
	}
}

// TestPagesStartNoGoroutine cannot run beside others.
func TestPagesStartNoGoroutine(t *testing.T) {
	before := runtime.NumGoroutine()
	p := filled(NewBudget(1<<20), 10_000)
	for i := range 10_000 {
		p.Get(i)
	}
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d goroutines, %d before", after, before)
	}
}

func BenchmarkPagesGet(b *testing.B) {
	p := filled(NewBudget(1<<24), 1000)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		p.Get(i % 1000)
	}
}

func BenchmarkReserve(b *testing.B) {
	budget := NewBudget(1 << 30)
	filled(budget, 1000)
	b.ReportAllocs()
	for b.Loop() {
		budget.Reserve(1000)
		budget.Release(1000)
	}
}
