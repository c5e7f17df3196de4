package table

import (
	"math"
	"sync"
	"sync/atomic"
)

// readers counts the open transactions that are not in the window, by their snapshots, so that garbage collection leaves them
// what they may still read.
type readers struct {
	mu   sync.Mutex
	open map[uint64]int
}

// begin takes the newest state. It is loaded under the lock: a transaction that begins after oldest was asked sees at least what
// the one who asked had seen.
func (r *readers) begin(newest *atomic.Pointer[state]) *state {
	r.mu.Lock()
	defer r.mu.Unlock()
	st := newest.Load()
	if r.open == nil {
		r.open = map[uint64]int{}
	}
	r.open[st.seq]++
	return st
}

// hold counts a snapshot that is, or is to be, read otherwise.
func (r *readers) hold(seq uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.open == nil {
		r.open = map[uint64]int{}
	}
	r.open[seq]++
}

// end takes back one begin or hold.
func (r *readers) end(seq uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.open[seq]--; r.open[seq] == 0 {
		delete(r.open, seq)
	}
}

// oldest returns the oldest snapshot in use; the largest number when there is none.
func (r *readers) oldest() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	seq := uint64(math.MaxUint64)
	for s := range r.open {
		seq = min(seq, s)
	}
	return seq
}

// oldestSnapshot returns the oldest snapshot that a transaction of this process has; the largest number when there is none.
func (db *DB) oldestSnapshot() uint64 {
	seq := db.readers.oldest()
	db.mu.Lock()
	defer db.mu.Unlock()
	if w := &db.mu.window; w.head < len(w.active) {
		seq = min(seq, w.active[w.head].seq)
	}
	return seq
}
