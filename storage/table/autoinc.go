package table

// autoIncMax bounds the counters, so that arithmetic on them cannot wrap.
const autoIncMax = 1<<64 - 1<<40

// The sizes of the blocks that AUTO_INCREMENT values are reserved in once another process is seen to use the counter.
const (
	blockMin = 16
	blockMax = 1000
)

// counter hands out the AUTO_INCREMENT values of one table to this process. Without other processes it reserves
// exactly what it hands out, so that reopening leaves no gap. When commits of another process advance the same counter,
// it reserves a block: the block's end is the high-water mark in the commit records, and once such a record is
// committed the block belongs to this process, but for values that a transaction has which began before. Two processes can hand
// out the same value until then; the conflict on the key settles it. DB.mu guards it.
type counter struct {
	next    uint64 // next value to hand out
	end     uint64 // last value of the reservation; below next when it is used up
	settled uint64 // the record of this process that carries the reservation first; 0 none
	block   uint64 // values to reserve beyond those asked for
	foreign bool   // another process advanced the counter since the last reservation
}

// take hands out n consecutive values, and returns the first and the mark that the transaction's record has to carry.
// mark is the counter's committed high-water mark.
func (c *counter) take(n, mark uint64) (first, carry uint64) {
	if c.next == 0 {
		c.next = mark + 1
	}
	if c.end+1 < c.next+n || c.end < c.next {
		c.next = max(c.next, mark+1)
		if c.foreign {
			c.block = min(max(c.block*2, blockMin), blockMax)
			// The other process is likely to take the very next values meanwhile: leave them to it.
			c.next += c.block
		} else {
			c.block /= 2
		}
		c.end = c.next + n - 1 + c.block
		c.foreign, c.settled = false, 0
	}
	first = c.next
	c.next += n
	return first, c.end
}

// bump makes the next value greater than v, which a statement gave explicitly.
func (c *counter) bump(v, mark uint64) (carry uint64) {
	if v >= autoIncMax {
		v = autoIncMax // the next take is refused
	}
	c.next = max(c.next, mark+1, v+1)
	return max(v, min(c.end, c.next-1))
}

// committed notes a record of this process that carries a mark.
func (c *counter) committed(seq, mark uint64) {
	if c.settled == 0 && mark >= c.end {
		c.settled = seq
	}
}

// advanced notes a transaction of another process that carries a mark, and the record that it began on. A reservation that was not
// committed by then is void, as the transaction may have taken the same values, perhaps long ago. One that began later has taken
// values behind the mark of that commit.
func (c *counter) advanced(snapshot, mark uint64) {
	c.foreign = true
	if mark >= c.next && (c.settled == 0 || snapshot < c.settled) {
		c.next, c.end, c.settled = mark+1, 0, 0
	}
}

// counterLocked returns the counter of a table, local or not, and its mark.
func (tx *Tx) counterLocked(table uint32, o *ownTable) (c *counter, mark uint64) {
	if table >= LocalFirst && !o.dropped {
		return tx.localCounter(table)
	}
	return tx.db.counterLocked(table, o)
}

// counterLocked returns the counter of a table and its committed mark, as the transaction that owns o has to use them.
func (db *DB) counterLocked(table uint32, o *ownTable) (c *counter, mark uint64) {
	if o.dropped {
		if o.private == nil {
			o.private = new(counter)
		}
		return o.private, 0
	}
	if c = db.mu.counters[table]; c == nil {
		c = new(counter)
		db.mu.counters[table] = c
	}
	return c, db.state.Load().table(table).autoInc
}
