package table

// KeepFew makes the table be flushed when so many rows and tombstones of it are in memory, however small they are, so that what every
// process has to do for each of them, as indexing its text, stays bounded; 0 takes that back. It holds until it is changed, also when
// the table is emptied. Tables that are never flushed stay as they are.
// Cost: none: it is part of the commit record. Errors: ReadOnlyTx, Closed.
func (tx *Tx) KeepFew(table uint32, rows int) error {
	if tx.db.opts.Schema == nil || table >= LocalFirst {
		return nil
	}
	o, err := tx.write(table)
	if err == nil {
		o.few, o.rowsMax = true, rows
	}
	return err
}
