package table

// version is one immutable state of one table. The delta wins over the parts.
type version struct {
	parts   []part
	base    int // rows in parts
	delta   *tree
	rows    int    // live rows
	bytes   int    // of live keys and rows, about
	autoInc uint64 // high-water mark of AUTO_INCREMENT; 0 when there is none
	seq     uint64 // of the record that made it
}

// limits are the sizes that tests make small.
type limits struct {
	chunkRows int // rows a chunk holds at most
	foldMin   int // entries a delta may always hold
}

func defaultLimits() limits { return limits{chunkRows: chunkRowsMax, foldMin: 4096} }

var emptyTree = newTree()

func emptyVersion() *version { return &version{delta: emptyTree} }

// get returns the live row of key.
func (v *version) get(key string) (row string, ok bool) {
	if v.delta.len() > 0 {
		if e := v.delta.get(key); e != nil {
			return e.row, !e.dead
		}
	}
	return v.getBase(key)
}

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

// set applies one change. The tombstone of a row that no part holds leaves nothing behind.
func (e editor) set(ent *entry) {
	v := e.v
	baseRow, inBase := "", false
	old := v.delta.set(ent)
	if old == nil || ent.dead {
		baseRow, inBase = v.getBase(ent.key)
	}
	switch {
	case old != nil && !old.dead:
		v.rows--
		v.bytes -= len(old.key) + len(old.row)
	case old == nil && inBase:
		v.rows--
		v.bytes -= len(ent.key) + len(baseRow)
	}
	if !ent.dead {
		v.rows++
		v.bytes += len(ent.key) + len(ent.row)
	} else if !inBase {
		v.delta.remove(ent.key)
	}
}

// needsFold reports whether the delta has outgrown its part of the table. The rule depends on the version alone, so
// that every process folds at the same record.
func (v *version) needsFold(l limits) bool { return v.delta.len() > max(l.foldMin, v.base/16) }

// fold returns a version with the same rows and an empty delta. Parts that no entry falls into are kept as they are;
// the others are rewritten, split when full and joined with their neighbour when small.
func (v *version) fold(l limits) *version {
	next := &version{delta: emptyTree, rows: v.rows, bytes: v.bytes, autoInc: v.autoInc, seq: v.seq}
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

// each calls fn with the live rows in key order until it returns false.
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
