package commitlog

// batchKeys is what the members of the batch under assembly write, to keep a transaction out of the batch that conflicts
// with an earlier member. It starts to collect when there is a second candidate: most batches have one member.
type batchKeys struct {
	members []*Txn // not collected yet
	tables  map[uint32]*tableKeys
}

type tableKeys struct {
	keys    map[string]struct{}
	dropped bool
	edited  bool
	covers  []KeyRange
}

// conflicts reports whether t writes, or has read, what a member writes. Members come before t in the record, so what
// they have read does not matter.
func (b *batchKeys) conflicts(t *Txn) bool {
	b.collect()
	if len(b.tables) == 0 {
		return false
	}
	for i := range t.Tables {
		w := &t.Tables[i]
		tk := b.tables[w.Table]
		if tk == nil {
			continue
		}
		if w.Drop || tk.dropped || w.Edit != "" && tk.edited {
			return true
		}
		for j := range w.Ops {
			if _, ok := tk.keys[w.Ops[j].Key]; ok || tk.covered(w.Ops[j].Key) {
				return true
			}
		}
	}
	for _, r := range t.Reads {
		if tk := b.tables[r.Table]; tk != nil && (tk.dropped || tk.hit(r)) {
			return true
		}
	}
	return false
}

// covered reports whether a member may write a key beside its operations.
func (tk *tableKeys) covered(key string) bool {
	for _, c := range tk.covers {
		if c.Contains(key) {
			return true
		}
	}
	return false
}

// hit is linear in the keys written for a range that is not a point; a batch is bounded, and such ranges come from
// SERIALIZABLE transactions only.
func (tk *tableKeys) hit(r KeyRange) bool {
	for _, c := range tk.covers {
		if (r.Hi == "" || c.Lo < r.Hi) && (c.Hi == "" || r.Lo < c.Hi) {
			return true
		}
	}
	if r.IsPoint() {
		_, ok := tk.keys[r.Lo]
		return ok
	}
	for k := range tk.keys {
		if r.Contains(k) {
			return true
		}
	}
	return false
}

// add makes t a member.
func (b *batchKeys) add(t *Txn) { b.members = append(b.members, t) }

func (b *batchKeys) collect() {
	if b.tables == nil {
		b.tables = make(map[uint32]*tableKeys)
	}
	for _, t := range b.members {
		for i := range t.Tables {
			w := &t.Tables[i]
			if len(w.Ops) == 0 && !w.Drop && w.Edit == "" {
				continue
			}
			tk := b.tables[w.Table]
			if tk == nil {
				tk = &tableKeys{keys: make(map[string]struct{}, len(w.Ops))}
				b.tables[w.Table] = tk
			}
			tk.dropped, tk.edited = tk.dropped || w.Drop, tk.edited || w.Edit != ""
			tk.covers = append(tk.covers, w.Covers...)
			for j := range w.Ops {
				tk.keys[w.Ops[j].Key] = struct{}{}
			}
		}
	}
	b.members = b.members[:0]
}
