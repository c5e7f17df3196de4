package metrics

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"
)

// TestQuantiles compares with the exact quantiles of sorted durations.
func TestQuantiles(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		var h Histogram
		list := make([]time.Duration, 1+r.IntN(5000))
		for i := range list {
			list[i] = time.Duration(r.ExpFloat64() * float64(time.Microsecond) * float64(uint64(1)<<r.IntN(28)))
			h.Observe(list[i])
		}
		slices.Sort(list)
		d := h.Snapshot()
		if d.Count != int64(len(list)) || d.Min != list[0] || d.Max != list[len(list)-1] {
			t.Fatalf("seed %d: %+v", seed, d)
		}
		for _, q := range []float64{0.5, 0.95, 0.99, 1} {
			want := list[min(int(q*float64(len(list))), len(list)-1)]
			got := d.Quantile(q)
			lo := list[max(int(q*float64(len(list)))-1, 0)]
			if float64(got) < float64(lo)*0.87-2000 || float64(got) > float64(want)*1.13+2000 {
				t.Errorf("seed %d: quantile %v of %d is %v, want about %v", seed, q, len(list), got, want)
			}
		}
	}
}

func TestBuckets(t *testing.T) {
	t.Parallel()
	for i := range bucketsMax - 1 {
		lo, hi := bounds(i)
		if bucketOf(lo) != i || bucketOf(hi-1) != i || hi <= lo {
			t.Fatalf("bucket %d: %v to %v are in %d and %d", i, lo, hi, bucketOf(lo), bucketOf(hi-1))
		}
	}
	if bucketOf(1000*time.Hour) != bucketsMax-1 || bucketOf(-1) != 0 {
		t.Error("extremes")
	}
}

func TestAddDistributions(t *testing.T) {
	t.Parallel()
	var a, b, both Histogram
	for i := range 1000 {
		d := time.Duration(i*i) * time.Microsecond
		[]*Histogram{&a, &b}[i%2].Observe(d)
		both.Observe(d)
	}
	got, want := a.Snapshot().Add(b.Snapshot()), both.Snapshot()
	if got.Count != want.Count || got.Sum != want.Sum || got.Min != want.Min || got.Max != want.Max || got.Quantile(0.7) != want.Quantile(0.7) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if d := want.Add(Distribution{}); d.Count != want.Count || (Distribution{}).Add(want).Min != want.Min {
		t.Error("nothing changes something")
	}
}

func TestRegistry(t *testing.T) {
	t.Parallel()
	start := time.Unix(1_700_000_000, 0)
	r := NewRegistry(start)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := range 500 {
				o := r.Operation([]string{"select", "insert"}[i%2], "t")
				r.Observe(o, r.Digest("d", "text"), Statement{At: start.Add(time.Minute), Took: time.Millisecond, RowsRead: 2, Failed: i%10 == 0})
				r.Error("invalid", "42000", "t", "m", start)
			}
		})
	}
	all.Wait()
	if n := r.Operation("select", "t").Latency.Snapshot().Count; n != 1000 {
		t.Errorf("%d selects", n)
	}
	u := r.Usage()
	if len(u) != 1 || u[0].Reads.Load() != 1000 || u[0].Inserts.Load() != 1000 || u[0].RowsRead.Load() != 4000 {
		t.Errorf("%+v", u)
	}
	rates := r.Rates(start.Add(61*time.Second), 5*time.Minute)
	if rates.Errors != 200 || rates.ErrorRate() != 0.1 || rates.Mean() != time.Millisecond || rates.Over != 61*time.Second {
		t.Errorf("%+v", rates)
	}
	if later := r.Rates(start.Add(time.Hour), 5*time.Minute); later.Statements != 0 {
		t.Errorf("an hour later: %+v", later)
	}
	if e := r.Errors(); len(e) != 1 || e[0].Count != 2000 {
		t.Errorf("%+v", e)
	}
}

func BenchmarkObserve(b *testing.B) {
	r := NewRegistry(time.Now())
	o, d := r.Operation("select", "t"), r.Digest("d", "text")
	s := Statement{At: time.Now(), Took: 20 * time.Microsecond, RowsRead: 1}
	for b.Loop() {
		r.Observe(o, d, s)
	}
}
