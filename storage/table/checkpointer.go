package table

import (
	"sync"

	"github.com/s3sql/s3sql/storage/commitlog"
	"github.com/s3sql/s3sql/storage/manifest"
)

// The rule for checkpoints. What an open reads beside a checkpoint are the packs and the tail, the records after them. It is time
// to shorten the tail when it has at least limits.tail records. A pack does that, until
//
//	bytes of packs and tail + limits.request × packs ≥ bytes of the checkpoint / 4
//
// when a new checkpoint takes the place of all. So an open has to make few requests, and what is written beside the commits is at
// most one time what they write, for packs, and 4 × (their bytes + limits.request × packs), for checkpoints, however large the
// database is; limits.request is what a request costs in time beside a byte. To write is overdue, and the commit that finds it so
// waits for it, when the tail is four times as long.

// heldBytes is the most that is kept in memory of the tail for a pack. Of a tail of more, a checkpoint is written; until the rule
// allows it, each of its records counts as a pack does.
const heldBytes = 4 << 20

// checkpointer knows what an open has to read and writes one checkpoint or pack at a time.
type checkpointer struct {
	limits limits
	tasks  sync.WaitGroup
	mu     struct {
		sync.Mutex
		closed  bool
		running chan struct{}   // of the write under way: closed when it ends; nil when there is none
		hint    manifest.Latest // the newest known
		tag     string          // version tag of manifest/latest; "" when there is none
		tail    []tailRecord    // the records after hint.End(), oldest first
		bytes   int             // of tail
		first   int             // the first record of tail whose contents are held
		held    int             // bytes of tail[first:]
		foreign bool            // one of tail is another's: it may have written since
		whole   bool            // a pack could not be read: it takes a checkpoint
	}
}

// tailRecord is a record of the tail.
type tailRecord struct {
	seq   uint64
	bytes int
	rec   *commitlog.Record // nil: it is not held, or cannot be written in the present format
}

// note counts a record.
func (c *checkpointer) note(rec *commitlog.Record, own bool) {
	t := tailRecord{seq: rec.Seq, bytes: recordBytes(rec)}
	if !rec.Legacy {
		t.rec = rec
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mu.foreign = c.mu.foreign || !own
	if rec.Seq <= c.mu.hint.End() {
		return
	}
	c.mu.tail = append(c.mu.tail, t)
	c.mu.bytes += t.bytes
	for c.mu.held += t.bytes; c.mu.held > heldBytes; c.mu.first++ {
		c.mu.tail[c.mu.first].rec = nil
		c.mu.held -= c.mu.tail[c.mu.first].bytes
	}
}

// recordBytes returns about how many bytes a record takes.
func recordBytes(rec *commitlog.Record) (n int) {
	for _, t := range rec.Txns {
		for i := range t.Tables {
			n += len(t.Tables[i].Edit)
			for j := range t.Tables[i].Ops {
				n += len(t.Tables[i].Ops[j].Key) + len(t.Tables[i].Ops[j].Row) + 8
			}
		}
	}
	return n
}

// packableLocked returns the records of the tail if a pack can hold them; nil: it cannot. The tail does not follow what the hint
// names where a release without packs has replaced the hint.
func (c *checkpointer) packableLocked() []*commitlog.Record {
	if c.mu.first > 0 || c.mu.hint.Seq == 0 || c.mu.tail[0].seq != c.mu.hint.End()+1 {
		return nil
	}
	recs := make([]*commitlog.Record, len(c.mu.tail))
	for i, t := range c.mu.tail {
		if recs[i] = t.rec; t.rec == nil {
			return nil
		}
	}
	return recs
}

// heavyLocked reports whether what an open reads beside the checkpoint, with so many requests, outweighs a part of it.
func (c *checkpointer) heavyLocked(requests int) bool {
	weight := c.mu.bytes + (len(c.mu.hint.Packs)+requests)*c.limits.request
	for _, p := range c.mu.hint.Packs {
		weight += p.Bytes
	}
	return weight >= c.mu.hint.Bytes/4
}

// dueLocked reports whether the tail is factor times as long as it may be, and whether there is something to do about it: recs are
// the records to pack; none: a checkpoint has to be written.
func (c *checkpointer) dueLocked(factor int) (due bool, recs []*commitlog.Record) {
	if len(c.mu.tail) < factor*c.limits.tail {
		return false, nil
	}
	switch recs = c.packableLocked(); {
	case c.mu.whole:
		return true, nil
	case recs == nil:
		return c.heavyLocked(len(c.mu.tail)), nil
	case c.heavyLocked(1):
		return true, nil
	}
	return true, recs
}

// due is dueLocked(1).
func (c *checkpointer) due() (bool, []*commitlog.Record) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dueLocked(1)
}

// claim starts a write if one is due and none is running; running is the one that is. overdue tells the caller to do it, or to
// wait for it, before it returns.
func (c *checkpointer) claim() (due, overdue bool, running <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mu.closed || len(c.mu.tail) < c.limits.tail {
		return false, false, nil
	}
	overdue, _ = c.dueLocked(4)
	if c.mu.running != nil {
		return false, overdue, c.mu.running
	}
	if due, _ = c.dueLocked(1); !due {
		return false, false, nil
	}
	c.mu.running = make(chan struct{})
	c.tasks.Add(1)
	return true, overdue, nil
}

func (c *checkpointer) release() {
	c.mu.Lock()
	close(c.mu.running)
	c.mu.running = nil
	c.mu.Unlock()
	c.tasks.Done()
}

// latest returns the newest hint known, its version tag, and whether another process may have replaced it.
func (c *checkpointer) latest() (hint manifest.Latest, tag string, foreign bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mu.hint, c.mu.tag, c.mu.foreign
}

// settle notes the hint that is in the store. The tail keeps what came after it.
func (c *checkpointer) settle(hint manifest.Latest, tag string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mu.tag = tag
	if hint.Seq > c.mu.hint.Seq {
		c.mu.whole = false
	} else if hint.End() <= c.mu.hint.End() {
		return
	}
	c.mu.hint = hint
	n := 0
	for ; n < len(c.mu.tail) && c.mu.tail[n].seq <= hint.End(); n++ {
		c.mu.bytes -= c.mu.tail[n].bytes
		if n >= c.mu.first {
			c.mu.held -= c.mu.tail[n].bytes
		}
	}
	c.mu.tail = append([]tailRecord(nil), c.mu.tail[n:]...)
	c.mu.first = max(c.mu.first-n, 0)
	c.mu.foreign = false
}
