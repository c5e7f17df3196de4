package sqlengine

import (
	"context"
	"errors"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/plugins/cache"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/storage/object"
	"github.com/s3sql/s3sql/storage/table"
)

// PlanBench returns what runs the parse and the plan of a query, and nothing else.
func (s *Session) PlanBench(ctx context.Context, sql string, args []Arg) (func() error, error) {
	tx, err := s.e.db.Begin(ctx, table.TxOptions{ReadOnly: true, Fresh: table.None})
	if err != nil {
		return nil, err
	}
	return func() error {
		r := run{s: s, ctx: ctx, sql: sql, args: args, meter: new(object.Meter)}
		st, err := s.e.parsed(sql)
		if err != nil {
			return err
		}
		if err := r.bindArgs(st); err != nil {
			return err
		}
		_, err = r.planQuery(st, st.stmt.(ast.Query), tx)
		return err
	}, nil
}

// Checkpoint writes a checkpoint.
func (e *Engine) Checkpoint(ctx context.Context) error { return e.db.Checkpoint(ctx) }

// beginWith starts a transaction and returns the descriptor of a table in it.
func (e *Engine) beginWith(ctx context.Context, name string) (*table.Tx, *catalog.Table, error) {
	tx, err := e.db.Begin(ctx, table.TxOptions{Fresh: table.Strong})
	if err != nil {
		return nil, nil, err
	}
	cat, err := e.catalog.Load(ctx, tx)
	if err != nil {
		return nil, nil, err
	}
	return tx, cat.Table(name), nil
}

// Tamper changes the stored values of the encrypted columns in the first row of a table.
func (e *Engine) Tamper(ctx context.Context, name string, damage func([]byte) []byte) error {
	tx, t, err := e.beginWith(ctx, name)
	if err != nil {
		return err
	}
	ioErr := tx.Range(ctx, t.ID, "", "", func(key, row string) bool {
		var out []byte
		for r := base.NewRowReader(row); ; {
			id, v, ok := r.Next()
			if !ok {
				break
			}
			if t.Columns[t.ColumnByID(id)].Encrypted != "" {
				v = base.NewBytes(string(damage([]byte(v.Text()))))
			}
			out = base.AppendField(out, id, v)
		}
		err = tx.Put(t.ID, key, string(out))
		return false
	})
	if ioErr != nil {
		return ioErr
	}
	if err != nil {
		return err
	}
	_, err = tx.Commit(ctx)
	return err
}

// SmallSegments makes an engine move rows to segments all the time.
func (c *Config) SmallSegments() { c.tables = (*table.Options).SmallSegments }

// Flush writes all rows of tables and indexes to segments.
func (e *Engine) Flush(ctx context.Context) error {
	tx, err := e.db.Begin(ctx, table.TxOptions{ReadOnly: true, Fresh: table.None})
	if err != nil {
		return err
	}
	defer tx.Rollback()
	cat, err := e.catalog.Load(ctx, tx)
	if err != nil {
		return err
	}
	for _, t := range cat.Tables() {
		for _, part := range t.PartTables() {
			ids := []uint32{part.ID}
			for i := range part.Indexes {
				ids = append(ids, part.Indexes[i].ID)
			}
			for _, id := range ids {
				if err := e.db.Flush(ctx, id); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// Swept waits until the rows past their time that the engine is removing are gone.
func (e *Engine) Swept() { e.sweeper.tasks.Wait() }

// Disturb changes rows of a table, or entries of its index where one is named, behind the back of the engine: each key and its row,
// in order, until change is content.
func (e *Engine) Disturb(ctx context.Context, name, index string, change func(tx *table.Tx, id uint32, key, row string) (done bool, err error)) error {
	tx, t, err := e.beginWith(ctx, name)
	if err != nil {
		return err
	}
	id := t.ID
	for i := range t.Indexes {
		if t.Indexes[i].Name == index {
			id = t.Indexes[i].ID
		}
	}
	ioErr := tx.Range(ctx, id, "", "", func(key, row string) bool {
		done := false
		done, err = change(tx, id, key, row)
		return !done && err == nil
	})
	if err = errors.Join(ioErr, err); err != nil {
		return err
	}
	_, err = tx.Commit(ctx)
	return err
}

// Own lets the session change stored tables of the schema system, as somebody would who tampers with them.
func (s *Session) Own(on bool) { s.owner = on }

// FlushMetrics writes the figures of METRICS now.
func (e *Engine) FlushMetrics() { e.flusher.flush(context.Background()) }

// DecodeRows is what a cached result's rows are read with.
func DecodeRows(rows []byte, width int) ([][]base.Value, error) {
	return decodeRows(&cache.Entry{Columns: width, Rows: rows}, width)
}

// EncodeRow is the inverse for one row.
func EncodeRow(row []base.Value) []byte { return appendRow(nil, row) }

// Drain reads a result to its end, and closes it.
func Drain(r *Result) (int64, error) { return drain(r) }
