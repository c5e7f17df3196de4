package table

// DependOn makes the commit of the transaction fail with a conflict when another one has written the key since the
// snapshot, whatever the isolation: what a writer of rows says of the descriptor that gives them their meaning.
func (tx *Tx) DependOn(table uint32, key string) {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	p := pointRead{table, key}
	if tx.mu.depends[p] {
		return
	}
	if tx.mu.depends == nil {
		tx.mu.depends = map[pointRead]bool{}
	}
	tx.mu.depends[p] = true
	tx.mu.points = append(tx.mu.points, p)
}

// DependOnRange is DependOn for the keys lo ≤ key < hi ("" is unbounded), those that no row has included.
func (tx *Tx) DependOnRange(table uint32, lo, hi string) {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	tx.mu.ranges = append(tx.mu.ranges, &readRange{table: table, lo: lo, hi: hi})
}

// Changed reports whether Commit would write a record: something was put, deleted or dropped and not rolled back,
// or an explicit AUTO_INCREMENT value has to be recorded.
func (tx *Tx) Changed() bool {
	for id, o := range tx.own {
		if id >= LocalFirst {
			continue
		}
		changed := o.dropped || o.bumped || o.few || o.edit != nil || len(o.covers) > 0
		o.writes.ascend("", func(e *entry) bool {
			changed = changed || !e.void()
			return !changed
		})
		if changed {
			return true
		}
	}
	return false
}
