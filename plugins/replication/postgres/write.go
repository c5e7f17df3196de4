package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/s3sql/s3sql/plugins/replication"
)

// Apply delivers a batch in one transaction, which moves the position first. Records that follow one another and do the same to the
// same table go in one statement, of the changes of a key the last; so tables with foreign keys see parents and children in the order
// of the source.
//
// Cost: three round trips, and three for each run of copyMin or more rows of a snapshot. Where a record is refused, all is rolled back,
// and 2·log2(n) statements more find each record that is bad.
//
// Errors: ErrFenced; Rejected, naming every record that is bad; Permanent where the tables are not what they were and for want of a
// privilege; what the server or the connection says. After any error nothing has been delivered.
func (t *target) Apply(ctx context.Context, b *replication.Batch) error {
	if done, err := t.settled(ctx, b.From, b.To); done || err != nil {
		return t.explain("the position cannot be read", err)
	}
	atCommit := false
	err := t.transact(ctx, func(tx pgx.Tx) error {
		w := t.writer(tx)
		w.copies = true
		if err := w.begin(ctx, b); err != nil {
			return err
		}
		err := w.write(ctx, b.Records)
		atCommit = err == nil
		return err
	})
	if ofRecord(err) && !atCommit {
		err = t.applyApart(ctx, b, false)
	}
	if ofRecord(err) { // by a constraint that is deferred
		err = t.applyApart(ctx, b, true)
	}
	if unknown := (commitFault{}); errors.As(err, &unknown) {
		err = t.settle(ctx, b.From, b.To, err)
	}
	if ofSchema(err) {
		t.tables = nil // they are looked at again
	}
	return t.explain("the batch cannot be delivered", err)
}

// writer gathers the statements of a transaction, to send them together.
type writer struct {
	*target
	tx     pgx.Tx
	batch  *pgx.Batch
	copies bool // it may use COPY
}

func (t *target) writer(tx pgx.Tx) *writer { return &writer{target: t, tx: tx, batch: &pgx.Batch{}} }

func (w *writer) queue(sql string, args ...any) *pgx.QueuedQuery { return w.batch.Queue(sql, args...) }

// flush sends what is queued and waits for it.
func (w *writer) flush(ctx context.Context) error {
	if w.batch.Len() == 0 {
		return nil
	}
	batch := w.batch
	w.batch = &pgx.Batch{}
	return w.tx.SendBatch(ctx, batch).Close()
}

// begin queues what comes before the records. Tables are emptied in the reverse of their order, children before parents.
func (w *writer) begin(ctx context.Context, b *replication.Batch) error {
	w.move(b.From, b.To)
	if len(b.Reset) == 0 {
		return nil
	}
	for _, d := range slices.Backward(b.Reset) {
		tab, err := w.table(ctx, w.tx, d)
		if err != nil {
			return err
		}
		w.queue(tab.clear)
		tab.copies = true
	}
	err := w.flush(ctx)
	if ofRecord(err) { // of none of the batch
		return replication.Permanent(fmt.Errorf("the tables cannot be emptied, because others of the database refer to them: %s", w.mask(describe(err))))
	}
	return err
}

// run is a stretch of records that one statement delivers.
type run struct {
	*table
	remove  bool
	records []*replication.Record
}

// runs splits records.
func (w *writer) runs(ctx context.Context, records []*replication.Record) ([]run, error) {
	var out []run
	for i, r := range records {
		remove := w.mode == modeUpsert && r.Operation == replication.Delete
		if len(out) > 0 {
			last := &out[len(out)-1]
			if last.dest == r.Destination && last.remove == remove {
				last.records = append(last.records, r)
				continue
			}
		}
		tab, err := w.table(ctx, w.tx, r.Destination)
		if err != nil {
			return nil, err
		}
		if remove && tab.remove == "" {
			return nil, badValue{fmt.Errorf("a row of %s cannot be deleted, as its destination %s has no key", r.Destination.Source, r.Destination.Name)}
		}
		out = append(out, run{table: tab, remove: remove, records: records[i : i+1 : i+1]})
	}
	return out, nil
}

// write delivers records, in the transaction.
func (w *writer) write(ctx context.Context, records []*replication.Record) error {
	runs, err := w.runs(ctx, records)
	if err != nil {
		return err
	}
	for _, r := range runs {
		sql, columns, rows := r.write, allOf(r.columns), r.records
		if r.remove {
			sql, columns = r.table.remove, r.dest.Key
		} else if rows, err = r.last(); err != nil {
			return err
		}
		if w.copies && r.copyable(rows) {
			done, err := w.copyRows(ctx, r.table, rows)
			if err != nil {
				return err
			}
			if done {
				continue
			}
		}
		args, err := w.arrays(r.table, columns, rows)
		if err != nil {
			return err
		}
		w.queue(sql, args...)
	}
	if err := w.writeLog(records); err != nil {
		return err
	}
	return w.flush(ctx)
}

func allOf(columns []replication.Column) []int {
	out := make([]int, len(columns))
	for i := range out {
		out[i] = i
	}
	return out
}

// last returns the last record of each key, in their order: ON CONFLICT cannot touch a row twice.
func (r *run) last() ([]*replication.Record, error) {
	if !r.keyed {
		return r.records, nil
	}
	seen := make(map[string]bool, len(r.records))
	out := make([]*replication.Record, 0, len(r.records))
	for _, rec := range slices.Backward(r.records) {
		key, err := keyOf(rec)
		if err != nil {
			return nil, err
		}
		if !seen[key] {
			seen[key] = true
			out = append(out, rec)
		}
	}
	slices.Reverse(out)
	return out, nil
}

// keyOf returns a text that is the same for the same key only.
func keyOf(r *replication.Record) (string, error) {
	var b strings.Builder
	for _, k := range r.Destination.Key {
		if k >= len(r.Data) {
			return "", badValue{errors.New("the record has no value for its key")}
		}
		s, ok, err := encode(&r.Destination.Columns[k], r.Data[k])
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "%t%d:%s", ok, len(s), s)
	}
	return b.String(), nil
}

// arrays returns the values of columns, as one text[] each.
func (w *writer) arrays(tab *table, columns []int, rows []*replication.Record) ([]any, error) {
	args, arrays := make([]any, len(columns)), make([][]*string, len(columns))
	for i := range columns {
		arrays[i] = make([]*string, len(rows))
		args[i] = arrays[i]
	}
	texts := make([]string, len(columns)*len(rows))
	for n, r := range rows {
		values, err := w.rowOf(tab, r)
		if err != nil {
			return nil, err
		}
		for i, c := range columns {
			s, ok, err := encode(&tab.columns[c], values[c])
			if err != nil {
				return nil, err
			}
			if at := &texts[n*len(columns)+i]; ok {
				*at = s
				arrays[i][n] = at
			}
		}
	}
	return args, nil
}

// rowOf returns a record's values for all columns of its table.
func (w *writer) rowOf(tab *table, r *replication.Record) ([]any, error) {
	values := w.values(r)
	if len(values) != len(tab.columns) {
		return nil, badValue{fmt.Errorf("the record has %d values for the %d columns of %s", len(r.Data), len(tab.dest.Columns), tab.dest.Name)}
	}
	return values, nil
}

// writeLog queues a row of the option log_table for each record.
func (w *writer) writeLog(records []*replication.Record) error {
	if w.log == nil || len(records) == 0 {
		return nil
	}
	const columns = 6
	arrays := make([][]string, columns)
	for _, r := range records {
		if len(r.Data) != len(r.Destination.Columns) {
			return badValue{fmt.Errorf("the record has %d values for the %d columns of %s", len(r.Data), len(r.Destination.Columns), r.Destination.Name)}
		}
		data, err := json.Marshal(r.Destination.Object(r.Data))
		if err != nil {
			return badValue{fmt.Errorf("the record cannot be logged: %w", err)}
		}
		for i, s := range [columns]string{r.ID, r.RecordID, r.Destination.Source, r.Destination.Name, string(r.Operation), string(data)} {
			arrays[i] = append(arrays[i], s)
		}
	}
	args := make([]any, columns)
	for i := range arrays {
		args[i] = arrays[i]
	}
	w.queue("INSERT INTO "+quote(w.schema, w.log.Name)+` ("at", record, record_id, source, destination, operation, data)
SELECT now(), c0, c1, c2, c3, c4, c5::jsonb FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[]) AS u(c0, c1, c2, c3, c4, c5)`, args...)
	return nil
}

// applyApart delivers a batch of which a statement has been refused: halves of it, halves of those that are refused again, and so on,
// each in a savepoint. What is refused alone is bad. When nothing is, the records were only in each other's way, as where two rows
// swap a value that is unique, and the batch is delivered. With immediate, what is checked at COMMIT is checked with each statement, when
// it is known whose fault it is; then a child that comes before its parent is bad.
func (t *target) applyApart(ctx context.Context, b *replication.Batch, immediate bool) error {
	a := apart{records: b.Records, bad: map[int]error{}}
	return t.transact(ctx, func(tx pgx.Tx) error {
		a.writer = t.writer(tx)
		if err := a.begin(ctx, b); err != nil {
			return err
		}
		if immediate {
			a.queue("SET CONSTRAINTS ALL IMMEDIATE")
		}
		if err := a.flush(ctx); err != nil {
			return err
		}
		if err := a.deliver(ctx, 0, len(b.Records)); err != nil {
			return err
		}
		if len(a.bad) > 0 {
			return &replication.Rejected{Records: a.bad}
		}
		return nil
	})
}

type apart struct {
	*writer
	records []*replication.Record
	bad     map[int]error
}

// deliver delivers the records from lo to hi, without the bad ones.
func (a *apart) deliver(ctx context.Context, lo, hi int) error {
	if lo >= hi {
		return nil
	}
	savepoint, err := a.tx.Begin(ctx)
	if err != nil {
		return err
	}
	err = a.target.writer(savepoint).write(ctx, a.records[lo:hi])
	if err == nil {
		return savepoint.Commit(ctx)
	}
	if !ofRecord(err) {
		return err
	}
	if back := savepoint.Rollback(ctx); back != nil {
		return back
	}
	if hi-lo == 1 {
		a.bad[lo] = fmt.Errorf("%s %s: %w", a.records[lo].Destination.Name, a.records[lo].RecordID, &fault{text: a.mask(describe(err)), err: err})
		return nil
	}
	mid := (lo + hi) / 2
	if err := a.deliver(ctx, lo, mid); err != nil {
		return err
	}
	return a.deliver(ctx, mid, hi)
}
