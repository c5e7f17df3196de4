package table

import "sync"

// restFirst is how many commits pass until a table whose flush or compaction has failed is tried again. It doubles with every
// further failure, up to restMax.
const (
	restFirst = 16
	restMax   = 4096
)

// rests are the tables whose maintenance has failed. What made it fail, as a damaged segment, is likely to last: trying at every
// commit would read and write the same objects again and again.
type rests struct {
	mu sync.Mutex
	of map[uint32]rest
}

type rest struct {
	segs  *segments // that the table had
	until uint64    // the record from which on it is tried again
	wait  uint64    // records from one try to the next
}

// due reports whether a table may be tried in a state: it has not failed, its segments are others since, or its rest has ended.
func (r *rests) due(table uint32, st *state) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	last, ok := r.of[table]
	return !ok || st.seq >= last.until || st.table(table).segs != last.segs
}

// failed lets a table rest.
func (r *rests) failed(table uint32, st *state) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.of == nil {
		r.of = map[uint32]rest{}
	}
	wait := min(max(2*r.of[table].wait, restFirst), restMax)
	r.of[table] = rest{st.table(table).segs, st.seq + wait, wait}
}

// succeeded forgets the failures of a table.
func (r *rests) succeeded(table uint32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.of, table)
}
