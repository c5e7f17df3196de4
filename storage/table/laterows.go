package table

import (
	"context"
	"time"

	"github.com/s3sql/s3sql/storage/commitlog"
)

// late is what a transaction adds to a table when it is known which commit record it goes into.
type late struct {
	table uint32
	bytes int
	rows  func(at LatePlace) []LateRow
}

// LatePlace is where a transaction's late rows come.
type LatePlace struct {
	Seq  uint64    // of the commit record
	Time time.Time // of the commit
	N    int       // late rows in the record before these
	Last string    // the row before these, in whatever record; "" none
}

// LateRow is a row that nobody else writes: its key is made of the place.
type LateRow struct{ Key, Row string }

// AddLate makes the commit add rows to a table whose keys ascend with the commits: audit logs. rows is called for each commit record that is
// tried, must be quick and make the same of the same place; bytes bounds what the rows take, encoded. The last call counts.
// KeepLast has to have been called for the table.
func (tx *Tx) AddLate(table uint32, bytes int, rows func(at LatePlace) []LateRow) {
	tx.late = &late{table, bytes, rows}
}

// lateWrite makes the late rows for a record.
func (tx *Tx) lateWrite(rec *commitlog.Record) commitlog.TableWrite {
	db := tx.db
	db.mu.Lock()
	defer db.mu.Unlock()
	l := db.mu.lasts[tx.late.table]
	if l.trying != rec.WriteID {
		l.trying, l.n, l.pending = rec.WriteID, 0, l.row
	}
	w := commitlog.TableWrite{Table: tx.late.table}
	for _, r := range tx.late.rows(LatePlace{Seq: rec.Seq, Time: rec.Time(), N: l.n, Last: l.pending}) {
		w.Ops = append(w.Ops, commitlog.Op{Fresh: true, Key: r.Key, Row: r.Row})
		l.n, l.pending = l.n+1, r.Row
	}
	return w
}

// lastRow is the row with the greatest key of a table, as of the newest record.
type lastRow struct {
	row string

	// of the record being assembled
	trying  commitlog.ID
	n       int
	pending string
}

// KeepLast makes the process know the row with the greatest key of a table from now on, which AddLate needs.
// Cost: none when it does already; else what reading one row costs.
// Errors: those of reading it.
func (db *DB) KeepLast(ctx context.Context, table uint32) error {
	db.mu.Lock()
	_, known := db.mu.lasts[table]
	db.mu.Unlock()
	if known {
		return nil
	}
	for { // a record that comes while the row is read makes it worthless
		tx := db.begin(TxOptions{ReadOnly: true})
		row, err := tx.lastOf(ctx, table)
		seq := tx.st.table(table).seq
		tx.Rollback()
		if err != nil {
			return err
		}
		db.mu.Lock()
		same := db.state.Load().table(table).seq == seq
		if _, known = db.mu.lasts[table]; same && !known {
			if db.mu.lasts == nil {
				db.mu.lasts = map[uint32]*lastRow{}
			}
			db.mu.lasts[table] = &lastRow{row: row}
		}
		db.mu.Unlock()
		if same || known {
			return nil
		}
	}
}

// lastOf returns the row with the greatest key of a table.
func (tx *Tx) lastOf(ctx context.Context, table uint32) (last string, err error) {
	r := tx.OpenRange(table, "", "", true)
	for more := true; more && err == nil && last == ""; {
		more, err = r.Read(ctx, 1, func(_, row string) {
			if last == "" {
				last = row
			}
		})
	}
	return last, err
}

// noteLastLocked moves the last rows on.
func (db *DB) noteLastLocked(rec *commitlog.Record) {
	if len(db.mu.lasts) == 0 {
		return
	}
	for _, t := range rec.Txns {
		for i := range t.Tables {
			w := &t.Tables[i]
			l := db.mu.lasts[w.Table]
			if l == nil {
				continue
			}
			if w.Drop {
				l.row = ""
			}
			for j := len(w.Ops) - 1; j >= 0; j-- {
				if !w.Ops[j].Delete { // rows come at the end, and go at the beginning
					l.row = w.Ops[j].Row
					break
				}
			}
		}
	}
}
