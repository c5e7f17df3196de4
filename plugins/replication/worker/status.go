package worker

import (
	"context"
	"sync"
	"time"

	"github.com/s3sql/s3sql/plugins/replication"
)

// Status is how a replication is. Operations and Errors count since it was made.
type Status struct {
	State        string    `json:"state"` // starting, running, retrying, circuit_open, failed, stopped
	Connected    bool      `json:"connected"`
	Operations   int64     `json:"operations"`
	Errors       int64     `json:"errors"`
	Dead         int64     `json:"dead"`
	LastActivity time.Time `json:"last_activity,omitzero"`
	LastError    string    `json:"last_error,omitempty"`
	LastErrorAt  time.Time `json:"last_error_at,omitzero"`

	PerSecond  float64       `json:"per_second"`  // records, of the last minute
	AvgLatency time.Duration `json:"avg_latency"` // of an Apply, of late

	Idle       bool          `json:"-"`   // everything is delivered that is known
	Seq        uint64        `json:"seq"` // of the last commit that was taken
	LagCommits int64         `json:"lag_commits"`
	Lag        time.Duration `json:"lag"`

	window []sample
}

type sample struct {
	at   time.Time
	took time.Duration
	n    int
}

// rateWindow is how far back rates look.
const rateWindow = time.Minute

// batch notes a batch that has arrived.
func (s *Status) batch(at time.Time, took time.Duration, n int) {
	s.window = append(s.window, sample{at, took, n})
	if len(s.window) > 10_000 {
		s.window = append([]sample(nil), s.window[5_000:]...)
	}
}

type statusBox struct {
	mu sync.Mutex
	s  Status
}

func (b *statusBox) set(f func(*Status)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f(&b.s)
}

// get returns the status with the rates of now.
func (b *statusBox) get(now time.Time) Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	old := 0
	for old < len(b.s.window) && now.Sub(b.s.window[old].at) > rateWindow {
		old++
	}
	b.s.window = b.s.window[old:]
	var n int
	var took time.Duration
	for _, x := range b.s.window {
		n, took = n+x.n, took+x.took
	}
	b.s.PerSecond, b.s.AvgLatency = 0, 0
	if len(b.s.window) > 0 {
		span := max(now.Sub(b.s.window[0].at), time.Second)
		b.s.PerSecond, b.s.AvgLatency = float64(n)/span.Seconds(), took/time.Duration(len(b.s.window))
	}
	s := b.s
	s.window = nil
	return s
}

// save keeps what has come together, if it is time or now.
func (w *Worker) save(ctx context.Context, now bool) error {
	if !w.dirty || !now && w.Clock.Now().Sub(w.savedAt) < saveEvery && len(w.unsaved.Log) < 10*w.Options.Batch {
		return nil
	}
	if _, own := w.Target.(replication.Positioner); !own {
		w.unsaved.Position = w.position
	}
	w.unsaved.Status = w.Status()
	if err := w.Store.Save(ctx, &w.unsaved); err != nil {
		return err
	}
	w.unsaved = Saved{Retries: w.unsaved.Retries}
	w.dirty, w.savedAt = false, w.Clock.Now()
	return nil
}
