package table

// version is one immutable state of one table. The delta wins over parts and segments, which have no key in common: parts
// are the rows of a table that is small enough to be kept in memory as a whole, until the first flush.
type version struct {
	segs    *segments // nil: none
	parts   []part
	base    int // rows in parts
	delta   *tree
	rows    int    // live rows
	bytes   int    // of live keys and rows; with segments, about
	mem     int    // bytes of keys and rows in parts and delta
	autoInc uint64 // high-water mark of AUTO_INCREMENT; 0 when there is none
	seq     uint64 // of the record that made it
	born    uint64 // of the record that last emptied the table, 0 none
	arrived int64  // bytes of segments that flushes and large transactions have written since the table was born
	written int64  // bytes of all segments that were
	flushed uint64 // entries up to this record are in segments; 0: there was no flush
	// unfolded says that the delta is no longer folded into parts, so that entries keep their record's number, and
	// tombstones stay, until a flush writes them. It is set when a table grows beyond limits.foldBytes.
	unfolded bool
	// rowsMax is how many rows and tombstones may wait for a flush; 0: only their bytes count. It stays when the table is emptied.
	rowsMax int
}

// limits are the sizes that tests make small.
type limits struct {
	chunkRows int // rows a chunk holds at most
	foldMin   int // entries a delta may always hold
	foldBytes int // bytes of a table beyond which its delta waits for a flush instead of being folded; part of the format
	record    int // bytes of rows that a commit record may carry before they are written to segments
	spillMax  int // bytes of rows that a transaction holds at most before it is relieved
	flush     int // bytes in memory of a table at which it is flushed
	levelBase int // bytes of objects of level 1 at which compaction moves on to level 2; ten times as much for each further one
	object    int // bytes at which a segment that is being written is closed
	tail      int // records after which the tail is shortened
	request   int // bytes that a request of an open counts as beside those it reads
}

func defaultLimits() limits {
	return limits{chunkRows: chunkRowsMax, foldMin: 4096, foldBytes: 2 << 20, record: 8 << 20, spillMax: 64 << 20, flush: 8 << 20, levelBase: 256 << 20,
		object: 64 << 20, tail: 64, request: 32 << 10}
}

// SmallSegments makes tables move to segments, and these to the next level, after a few hundred bytes: for tests of what reads
// them, with few rows.
func (o *Options) SmallSegments() {
	o.limits = limits{chunkRows: 16, foldMin: 8, foldBytes: 1, record: 600, spillMax: 400, flush: 200, levelBase: 4000, object: 1000,
		tail: 64, request: 32 << 10}
}

var emptyTree = newTree()

func emptyVersion() *version { return &version{delta: emptyTree} }

// inMemory returns what the delta and the parts say about key: known is false when segments have to be asked.
func (v *version) inMemory(key string) (row string, ok, known bool) {
	if v.delta.len() > 0 {
		if e := v.delta.get(key); e != nil {
			return e.row, !e.dead, true
		}
	}
	if row, ok = v.getBase(key); ok || v.segs == nil {
		return row, ok, true
	}
	return "", false, !v.segs.covers(key)
}

// knows reports whether key has a row, and whether one may be in parts or segments; had is the answer where only segments would
// know.
func (v *version) knows(key string, had bool) (has, hides bool) {
	if e := v.delta.get(key); e != nil {
		return !e.dead, e.hides
	}
	has = v.beneath(key, had)
	return has, has
}

// beneath reports whether parts or segments have a row of a key; had is the answer where only segments would know.
func (v *version) beneath(key string, had bool) bool {
	if v.segs == nil {
		_, ok := v.getBase(key)
		return ok
	}
	return had && v.segs.covers(key)
}

// getBase returns the row of a key in parts.
func (v *version) getBase(key string) (row string, ok bool) {
	i := findPart(v.parts, key)
	if i == len(v.parts) {
		return "", false
	}
	p := v.parts[i]
	if j := p.seek(key); p.key(j) == key {
		return p.row(j), true
	}
	return "", false
}

// editor makes the next version of a table out of one. It is for one goroutine.
type editor struct {
	v *version
}

// edit returns an editor on a copy of v; v stays as it is.
func (v *version) edit() editor {
	next := *v
	next.delta = v.delta.clone()
	return editor{v: &next}
}

// set applies one change, and takes over ent. ent.hides says whether parts or segments have a row of the key; where the delta has an entry of it,
// that one knows. A tombstone that nothing needs leaves nothing behind.
func (e editor) set(ent *entry) {
	v := e.v
	old := v.delta.set(ent)
	switch {
	case old != nil:
		if ent.hides != old.hides { // else others may see the entry already
			ent.hides = old.hides
		}
		v.mem -= len(old.key) + len(old.row)
		if !old.dead {
			v.rows--
			v.bytes -= len(old.key) + len(old.row)
		}
	case ent.hides:
		v.bytes -= v.hiddenBytes(ent.key)
		v.rows--
	}
	v.mem += len(ent.key) + len(ent.row)
	if !ent.dead {
		v.rows++
		v.bytes += len(ent.key) + len(ent.row)
	} else if !ent.hides && !v.unfolded {
		v.delta.remove(ent.key)
		v.mem -= len(ent.key)
	}
}

// hiddenBytes returns the bytes of a key and its row that an entry hides for the first time: the average, where the row is in a
// segment.
func (v *version) hiddenBytes(key string) int {
	if row, ok := v.getBase(key); ok {
		return len(key) + len(row)
	}
	return v.bytes / max(v.rows, 1)
}

// needsFold reports whether the delta has outgrown its part of the table. The rule depends on the version alone, so
// that every process folds at the same record.
func (v *version) needsFold(l limits) bool {
	return !v.unfolded && v.delta.len() > max(l.foldMin, v.base/16)
}

// settle brings the next version of a table into the form that the sizes ask for.
func (v *version) settle(l limits) *version {
	switch {
	case v.rowsMax > 0:
	case v.segs == nil && v.delta.len() == 0 && len(v.parts) == 0:
		v.unfolded = false
	case v.segs != nil:
		v.unfolded = true
	case v.bytes > l.foldBytes && !v.unfolded:
		// All processes begin to keep changes from the same contents: whether one of them had a row in parts or in the delta, and so
		// a tombstone of it or none, depended on when it was opened.
		v = v.fold(l)
		v.unfolded = true
	}
	if v.needsFold(l) {
		return v.fold(l)
	}
	return v
}

// fold returns a version with the same rows and an empty delta. Parts that no entry falls into are kept as they are;
// the others are rewritten, split when full and joined with their neighbour when small.
func (v *version) fold(l limits) *version {
	copied := *v // what flushes go by, as flushed, is the same in all processes, which fold at different times
	next := &copied
	next.delta, next.parts, next.base, next.mem = emptyTree, nil, 0, 0
	cur := v.delta.cursor("", "", false)
	b := &chunkBuilder{rowsMax: l.chunkRows}
	for i, p := range v.parts {
		last := i == len(v.parts)-1
		touched := cur.cur != nil && (last || cur.cur.key <= p.last())
		if short := len(b.out) == 0 && len(b.ends) > 0 && len(b.ends)/2 < l.chunkRows/4; !touched && !short {
			next.parts = append(next.parts, b.finish()...)
			b = &chunkBuilder{rowsMax: l.chunkRows}
			next.parts = append(next.parts, p)
			continue
		}
		mergePart(b, p, cur, last)
	}
	if len(v.parts) == 0 {
		for ; cur.cur != nil; cur.next() {
			if !cur.cur.dead {
				b.add(cur.cur.key, cur.cur.row)
			}
		}
	}
	next.parts = append(next.parts, b.finish()...)
	for _, p := range next.parts {
		next.base += p.rows()
		next.mem += p.size()
	}
	return next
}

// mergePart adds the rows of p under the entries of cur up to p's last key (all entries when p is the last part).
func mergePart(b *chunkBuilder, p part, cur *cursor, last bool) {
	for i := 0; i < p.rows(); {
		key := p.key(i)
		if cur.cur == nil || key < cur.cur.key {
			b.add(key, p.row(i))
			i++
			continue
		}
		if key == cur.cur.key {
			i++
		}
		if !cur.cur.dead {
			b.add(cur.cur.key, cur.cur.row)
		}
		cur.next()
	}
	for ; last && cur.cur != nil; cur.next() {
		if !cur.cur.dead {
			b.add(cur.cur.key, cur.cur.row)
		}
	}
}

// each calls fn with the live rows of a version without segments in key order until it returns false.
func (v *version) each(fn func(key, row string) bool) {
	cur := v.delta.cursor("", "", false)
	entries := func(below string, all bool) bool {
		for ; cur.cur != nil && (all || cur.cur.key < below); cur.next() {
			if !cur.cur.dead && !fn(cur.cur.key, cur.cur.row) {
				return false
			}
		}
		return true
	}
	for _, p := range v.parts {
		for i := range p.rows() {
			key := p.key(i)
			if !entries(key, false) {
				return
			}
			if cur.cur != nil && cur.cur.key == key {
				continue // the entry replaces the row; it comes before the next key
			}
			if !fn(key, p.row(i)) {
				return
			}
		}
	}
	entries("", true)
}

// eachBase calls fn with the rows of the parts in key order until it returns false.
func (v *version) eachBase(fn func(key, row string) bool) {
	for _, p := range v.parts {
		for i := range p.rows() {
			if !fn(p.key(i), p.row(i)) {
				return
			}
		}
	}
}
