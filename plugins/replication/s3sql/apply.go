package s3sql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/s3sql/s3sql/plugins/replication"
)

// rowsAtOnce is how many rows one statement has.
const rowsAtOnce = 500

// Apply implements replication.Target.
// Cost: what a transaction costs in the target: one GET and one PUT.
func (t *target) Apply(ctx context.Context, b *replication.Batch) error {
	err := t.inTx(ctx, b.From, b.To, func(tx *sql.Tx) error {
		for _, d := range b.Reset {
			if _, err := tx.ExecContext(ctx, "DELETE FROM "+quote(d.Name)); err != nil {
				return err
			}
		}
		for _, r := range runs(b.Records) {
			if err := r.write(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	})
	if !ofRow(err) || len(b.Records) == 0 {
		return settled(err)
	}
	return t.blame(ctx, b, err)
}

// inTx runs fn in a transaction that moves the position.
func (t *target) inTx(ctx context.Context, from, to string, fn func(*sql.Tx) error) error {
	conn, err := t.session(ctx)
	if err != nil {
		return err
	}
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	err = t.move(ctx, tx, from, to)
	if err == nil {
		err = fn(tx)
	}
	if err == nil {
		return tx.Commit()
	}
	if errors.Is(err, errThere) {
		err = nil
	}
	return errors.Join(err, tx.Rollback())
}

// errThere says that the batch was delivered before: the answer to its COMMIT was lost.
var errThere = errors.New("the position is there already")

// move moves the position.
//
// Errors: ErrFenced, errThere.
func (t *target) move(ctx context.Context, tx *sql.Tx, from, to string) error {
	var at string
	err := tx.QueryRowContext(ctx, "SELECT position FROM "+positions+" WHERE name = ? FOR UPDATE", t.name).Scan(&at)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	switch at {
	case from:
	case to:
		return errThere
	default:
		return replication.ErrFenced
	}
	_, err = tx.ExecContext(ctx, "REPLACE INTO "+positions+" VALUES (?, ?, NOW(6))", t.name, to)
	return err
}

// Position implements replication.Positioner.
func (t *target) Position(ctx context.Context) (at string, err error) {
	conn, err := t.session(ctx)
	if err != nil {
		return "", err
	}
	var there int
	err = conn.QueryRowContext(ctx, "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?", positions).Scan(&there)
	if err != nil || there == 0 {
		return "", err
	}
	err = conn.QueryRowContext(ctx, "SELECT position FROM "+positions+" WHERE name = ?", t.name).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return at, err
}

// SetPosition implements replication.Positioner.
func (t *target) SetPosition(ctx context.Context, from, to string) error {
	return t.inTx(ctx, from, to, func(*sql.Tx) error { return nil })
}

// blame finds the records that the target does not take, one by one, and delivers nothing.
func (t *target) blame(ctx context.Context, b *replication.Batch, why error) error {
	bad := &replication.Rejected{Records: map[int]error{}}
	errUndo := errors.New("undo")
	err := t.inTx(ctx, b.From, b.To, func(tx *sql.Tx) error {
		for _, d := range b.Reset {
			if _, err := tx.ExecContext(ctx, "DELETE FROM "+quote(d.Name)); err != nil {
				return err
			}
		}
		for i := range b.Records {
			err := runs(b.Records[i : i+1])[0].write(ctx, tx) // a statement that fails changes nothing
			if err != nil && !ofRow(err) {
				return err
			}
			if err != nil {
				bad.Records[i] = err
			}
		}
		return errUndo
	})
	switch {
	case !errors.Is(err, errUndo):
		return err
	case len(bad.Records) == 0: // it is no single record's fault
		return why
	}
	return bad
}

// run is a part of a batch that one kind of statement writes: records of one destination, at most one of each row.
type run struct {
	dest    *replication.Destination
	deletes bool
	records []*replication.Record
}

// runs parts records into runs. Of several in a row that change the same row, the last one holds.
func runs(records []*replication.Record) (out []*run) {
	var at map[string]int // by key, of the last run
	for _, r := range records {
		deletes := r.Operation == replication.Delete
		last := len(out) - 1
		if last < 0 || out[last].dest != r.Destination || out[last].deletes != deletes || len(out[last].records) == rowsAtOnce {
			out, at, last = append(out, &run{dest: r.Destination, deletes: deletes}), map[string]int{}, last+1
		}
		x := out[last]
		if r.Destination.Key != nil {
			if i, ok := at[r.RecordID]; ok {
				x.records[i] = r
				continue
			}
			at[r.RecordID] = len(x.records)
		}
		x.records = append(x.records, r)
	}
	return out
}

func (r *run) write(ctx context.Context, tx *sql.Tx) error {
	var b strings.Builder
	var args []any
	row := func(values []any, columns []int) {
		if len(args) > 0 {
			b.WriteString(", ")
		}
		b.WriteString("(" + strings.TrimSuffix(strings.Repeat("?, ", len(values)), ", ") + ")")
		for i, v := range values {
			args = append(args, argument(&r.dest.Columns[columns[i]], v))
		}
	}
	if r.deletes {
		b.WriteString("DELETE FROM " + quote(r.dest.Name) + " WHERE (" + keyList(r.dest) + ") IN (")
		for _, x := range r.records {
			row(x.Key(), r.dest.Key)
		}
		b.WriteString(")")
	} else {
		all, names := make([]int, len(r.dest.Columns)), make([]string, len(r.dest.Columns))
		for i := range all {
			all[i], names[i] = i, quote(r.dest.Columns[i].Name)
		}
		b.WriteString("INSERT INTO " + quote(r.dest.Name) + " (" + strings.Join(names, ", ") + ") VALUES ")
		for _, x := range r.records {
			row(x.Data, all)
		}
		b.WriteString(r.overwrite(names))
	}
	_, err := tx.ExecContext(ctx, b.String(), args...)
	return err
}

// overwrite is what is done about a row that is there: it becomes the new one, whatever it was.
func (r *run) overwrite(names []string) string {
	if r.dest.Key == nil {
		return ""
	}
	set := make([]string, len(names))
	for i, n := range names {
		set[i] = n + " = VALUES(" + n + ")"
	}
	return " ON DUPLICATE KEY UPDATE " + strings.Join(set, ", ")
}

// literal writes a value that argument returned.
func literal(v any) string {
	switch x := v.(type) {
	case string:
		return "'" + strings.NewReplacer("'", "''", "\\", "\\\\").Replace(x) + "'"
	case []byte:
		return fmt.Sprintf("X'%x'", x)
	}
	return fmt.Sprint(v)
}

// argument is a value as the driver takes it.
func argument(c *replication.Column, v any) any {
	switch x := v.(type) {
	case time.Duration:
		return replication.FormatTime(x)
	case time.Time:
		if c.Kind == replication.Date {
			return x.Format(time.DateOnly)
		}
		return x.UTC().Format("2006-01-02 15:04:05.999999")
	}
	return v
}
