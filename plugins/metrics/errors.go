package metrics

import (
	"time"
)

type errorKey struct{ kind, state, table string }

// ErrorCount is how often statements failed in one way. Registry.mu guards its counts.
type ErrorCount struct {
	Kind  string // invalid, conflict, unavailable, …
	State string // SQLSTATE
	Table string
	Count int64
	Last  string // the message of the last one
	At    time.Time
}

// Error counts an error.
func (r *Registry) Error(kind, state, table, message string, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := errorKey{kind, state, table}
	if r.mu.errors[key] == nil && len(r.mu.errors) >= maxErrors {
		key.table = Other
	}
	e := r.mu.errors[key]
	if e == nil {
		e = &ErrorCount{Kind: kind, State: state, Table: key.table}
		r.mu.errors[key] = e
	}
	e.Count, e.Last, e.At = e.Count+1, message, at
}

// Errors returns the counts of all errors, in no order.
func (r *Registry) Errors() []ErrorCount {
	r.mu.RLock()
	defer r.mu.RUnlock()
	out := make([]ErrorCount, 0, len(r.mu.errors))
	for _, e := range r.mu.errors {
		out = append(out, *e)
	}
	return out
}

// Slow is a statement that took long.
type Slow struct {
	N        int64 // its number, from 1; Registry.Slow gives it
	At       time.Time
	Took     time.Duration
	Text     string // with ? in the place of constants
	Table    string
	Rows     int64
	Requests int64
	USD      float64
	Plan     string
}

// slowMax is how many slow statements a Registry remembers.
const slowMax = 1000

// Slow remembers a statement that took long.
func (r *Registry) Slow(s Slow) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mu.slowCount++
	s.N = r.mu.slowCount
	if len(r.mu.slow) < slowMax {
		r.mu.slow = append(r.mu.slow, s)
		return
	}
	r.mu.slow[(s.N-1)%slowMax] = s
}

// SlowStatements returns the last statements that took long, the oldest first.
func (r *Registry) SlowStatements() []Slow {
	r.mu.RLock()
	defer r.mu.RUnlock()
	oldest := r.mu.slowCount % slowMax
	return append(append([]Slow(nil), r.mu.slow[oldest:]...), r.mu.slow[:oldest]...)
}
