package metrics

import (
	"sync"
	"sync/atomic"
	"time"
)

// The window of the last hour is kept in slots of this many seconds, for rates and for alerts.
const (
	slotSeconds = 5
	slots       = 3600/slotSeconds + 1
)

// window counts statements, errors and time by slot.
type window struct {
	mu   sync.Mutex // of who takes a slot for a new time
	ring [slots]struct {
		number               atomic.Int64 // of the slot since 1970; set last, when its counts are zero
		count, failed, nanos atomic.Int64
	}
}

func (w *window) observe(s Statement) {
	n := s.At.Unix() / slotSeconds
	slot := &w.ring[n%slots]
	if slot.number.Load() < n {
		w.mu.Lock()
		if slot.number.Load() < n {
			slot.count.Store(0)
			slot.failed.Store(0)
			slot.nanos.Store(0)
			slot.number.Store(n)
		}
		w.mu.Unlock()
	}
	slot.count.Add(1)
	slot.nanos.Add(int64(s.Took))
	if s.Failed {
		slot.failed.Add(1)
	}
}

// Rates is what a span of time saw.
type Rates struct {
	Statements, Errors int64
	Took               time.Duration // of all statements together
	Over               time.Duration // the span, as far as anything was counted
}

// Watch begins to count a table by itself, for RatesOf.
func (r *Registry) Watch(table string) {
	r.watch.m.LoadOrStore(table, new(window))
	r.watch.any.Store(true)
}

// RatesOf is Rates of the statements on one table, since it is watched.
func (r *Registry) RatesOf(table string, now time.Time, span time.Duration) Rates {
	if w, ok := r.watch.m.Load(table); ok {
		return w.(*window).rates(now, span, r.since)
	}
	return Rates{}
}

// Rates returns what the last span before now saw, up to an hour, to within 5 seconds.
func (r *Registry) Rates(now time.Time, span time.Duration) Rates {
	return r.window.rates(now, span, r.since)
}

func (w *window) rates(now time.Time, span time.Duration, since time.Time) Rates {
	last := now.Unix() / slotSeconds
	first := last - min(max(int64(span/time.Second)/slotSeconds, 1), slots-1) + 1
	out := Rates{Over: min(span, max(now.Sub(since), time.Second))}
	for i := range w.ring {
		s := &w.ring[i]
		if n := s.number.Load(); n >= first && n <= last {
			out.Statements, out.Errors, out.Took = out.Statements+s.count.Load(), out.Errors+s.failed.Load(), out.Took+time.Duration(s.nanos.Load())
		}
	}
	return out
}

// ErrorRate returns the share of statements that failed.
func (r Rates) ErrorRate() float64 {
	if r.Statements == 0 {
		return 0
	}
	return float64(r.Errors) / float64(r.Statements)
}

// Mean returns what a statement took on average.
func (r Rates) Mean() time.Duration {
	if r.Statements == 0 {
		return 0
	}
	return r.Took / time.Duration(r.Statements)
}

// PerSecond returns how many statements there were in a second.
func (r Rates) PerSecond() float64 {
	if r.Over <= 0 {
		return 0
	}
	return float64(r.Statements) / r.Over.Seconds()
}
