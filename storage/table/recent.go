package table

import (
	"sync"

	"github.com/s3sql/s3sql/storage/commitlog"
)

// The last commits that a process keeps for its feeds.
const (
	recentCount = 1024
	recentBytes = 16 << 20 // of keys, rows and edits
)

// recent are the last commits of the database with the states after them, kept while there are feeds.
type recent struct {
	mu    sync.Mutex
	feeds int
	ring  []recentCommit // ascending, without a gap
	bytes int
}

type recentCommit struct {
	rec   *commitlog.Record
	after *state
	bytes int
}

func (r *recent) open() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.feeds++
}

func (r *recent) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.feeds--; r.feeds == 0 {
		r.ring, r.bytes = nil, 0
	}
}

// add keeps a commit, which follows the last one.
func (r *recent) add(rec *commitlog.Record, after *state) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.feeds == 0 {
		return
	}
	c := recentCommit{rec, after, recordBytes(rec)}
	r.ring, r.bytes = append(r.ring, c), r.bytes+c.bytes
	for len(r.ring) > recentCount || r.bytes > recentBytes && len(r.ring) > 1 {
		r.bytes -= r.ring[0].bytes
		r.ring[0] = recentCommit{} // the array stays for a while
		r.ring = r.ring[1:]
	}
}

// at returns the commit of a number.
func (r *recent) at(seq uint64) (c recentCommit, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.ring) == 0 || seq < r.ring[0].rec.Seq || seq-r.ring[0].rec.Seq >= uint64(len(r.ring)) {
		return c, false
	}
	return r.ring[seq-r.ring[0].rec.Seq], true
}
