package table

// LocalFirst is the first id of local tables. The log never holds a write of one.
const LocalFirst uint32 = 1 << 31

// Local is the tables of one owner: they live in memory as long as it, and only its transactions see them. Their writes are
// part of a transaction as those of other tables are, but commit without a record. It is for one transaction at a time.
type Local struct {
	tables   map[uint32]*version
	counters map[uint32]*counter
}

// table returns what the transaction starts from: the state of its snapshot, or of its local tables.
func (tx *Tx) table(id uint32) *version {
	if id < LocalFirst {
		return tx.st.table(id)
	}
	if l := tx.opts.Local; l != nil && l.tables[id] != nil {
		return l.tables[id]
	}
	return noTable
}

// WroteLocal reports whether the transaction has written a local table: Commit keeps that, without a record.
func (tx *Tx) WroteLocal() bool {
	for id, o := range tx.own {
		if id >= LocalFirst && (o.dropped || o.writes.len() > 0 || o.autoInc > 0) {
			return true
		}
	}
	return false
}

// keepLocal makes the writes of local tables what later transactions start from.
func (tx *Tx) keepLocal() {
	l := tx.opts.Local
	if l == nil {
		return
	}
	for id, o := range tx.own {
		if id < LocalFirst {
			continue
		}
		v := *o.view()
		v.autoInc = max(v.autoInc, o.autoInc)
		next := &v
		if limits := tx.db.opts.limits; next.needsFold(limits) {
			next = next.fold(limits)
		}
		if l.tables == nil {
			l.tables = map[uint32]*version{}
		}
		if l.tables[id] = next; o.dropped {
			delete(l.counters, id)
		}
	}
}

// localCounter returns the AUTO_INCREMENT counter of a local table and its mark.
func (tx *Tx) localCounter(id uint32) (c *counter, mark uint64) {
	l := tx.opts.Local
	if l == nil {
		return new(counter), 0
	}
	if c = l.counters[id]; c == nil {
		if l.counters == nil {
			l.counters = map[uint32]*counter{}
		}
		c = new(counter)
		l.counters[id] = c
	}
	return c, tx.table(id).autoInc
}

// UseLocal gives a transaction that began without local tables those of its owner.
func (tx *Tx) UseLocal(l *Local) { tx.opts.Local = l }
