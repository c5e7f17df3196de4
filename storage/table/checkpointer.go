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
		head    uint64          // the last record; the tail are those after hint.End()
		held    []tailRecord    // the newest of the tail, oldest first
		bytes   int             // of held
		lost    int             // bytes of the others
		lostTo  uint64          // the last of them; 0 there are none
		foreign bool            // one of the tail is another's: it may have written since
		whole   bool            // a pack could not be read: it takes a checkpoint
	}
}

// tailRecord is a record of the tail.
type tailRecord struct {
	seq   uint64
	bytes int
	rec   *commitlog.Record // nil: it cannot be written in the present format
}

// note counts a record. Of a process that writes no checkpoint, what is held stays bounded.
func (c *checkpointer) note(rec *commitlog.Record, own bool) {
	t := tailRecord{seq: rec.Seq, bytes: recordBytes(rec)}
	if !rec.Legacy {
		t.rec = rec
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mu.foreign = c.mu.foreign || !own
	if c.mu.head = rec.Seq; rec.Seq <= c.mu.hint.End() {
		return
	}
	c.mu.held = append(c.mu.held, t)
	for c.mu.bytes += t.bytes; c.mu.bytes > heldBytes; {
		gone := &c.mu.held[0]
		c.mu.bytes, c.mu.lost, c.mu.lostTo = c.mu.bytes-gone.bytes, c.mu.lost+gone.bytes, gone.seq
		*gone = tailRecord{}
		c.mu.held = c.mu.held[1:]
	}
}

// lengthLocked returns how many records the tail has.
func (c *checkpointer) lengthLocked() int {
	return int(c.mu.head - min(c.mu.head, c.mu.hint.End()))
}

// recordBytes returns about how many bytes a record takes.
func recordBytes(rec *commitlog.Record) (n int) {
	n = 64 // around what it says
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
	if len(c.mu.held) != c.lengthLocked() || c.mu.hint.Seq == 0 || c.mu.held[0].seq != c.mu.hint.End()+1 {
		return nil
	}
	recs := make([]*commitlog.Record, len(c.mu.held))
	for i, t := range c.mu.held {
		if recs[i] = t.rec; t.rec == nil {
			return nil
		}
	}
	return recs
}

// heavyLocked reports whether what an open reads beside the checkpoint, with so many requests, outweighs a part of it.
func (c *checkpointer) heavyLocked(requests int) bool {
	weight := c.mu.lost + c.mu.bytes + (len(c.mu.hint.Packs)+requests)*c.limits.request
	for _, p := range c.mu.hint.Packs {
		weight += p.Bytes
	}
	return weight >= c.mu.hint.Bytes/4
}

// dueLocked reports whether the tail is factor times as long as it may be, and whether there is something to do about it: recs are
// the records to pack; none: a checkpoint has to be written.
func (c *checkpointer) dueLocked(factor int) (due bool, recs []*commitlog.Record) {
	if c.lengthLocked() < factor*c.limits.tail {
		return false, nil
	}
	switch recs = c.packableLocked(); {
	case c.mu.whole:
		return true, nil
	case recs == nil:
		return c.heavyLocked(c.lengthLocked()), nil
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
	if c.mu.closed || c.lengthLocked() < c.limits.tail {
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
	for ; n < len(c.mu.held) && c.mu.held[n].seq <= hint.End(); n++ {
		c.mu.bytes -= c.mu.held[n].bytes
	}
	c.mu.held = append([]tailRecord(nil), c.mu.held[n:]...)
	if hint.End() >= c.mu.lostTo {
		c.mu.lost, c.mu.lostTo = 0, 0
	}
	c.mu.foreign = false
}
