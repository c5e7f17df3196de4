package postgres

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/s3sql/s3sql/plugins/replication"
)

// copyMin is from how many rows on a run of a snapshot goes by COPY.
const copyMin = 50

// copyable reports whether rows may go by COPY: those of a snapshot, of which most are new, into a table that has not refused it.
func (r *run) copyable(rows []*replication.Record) bool {
	return r.copies && len(rows) >= copyMin && !slices.ContainsFunc(rows, func(r *replication.Record) bool { return !r.Snapshot })
}

// copyRows sends rows by COPY. It reports false, and does so no more for this table until it is reset, where the server refuses: a
// row is there already, or COPY goes into no such table.
func (w *writer) copyRows(ctx context.Context, tab *table, rows []*replication.Record) (done bool, err error) {
	var text bytes.Buffer
	for _, r := range rows {
		values, err := w.rowOf(tab, r)
		if err != nil {
			return false, err
		}
		for i := range values {
			s, ok, err := encode(&tab.columns[i], values[i])
			if err != nil {
				return false, err
			}
			if i > 0 {
				text.WriteByte('\t')
			}
			copyText(&text, s, ok)
		}
		text.WriteByte('\n')
	}
	if err := w.flush(ctx); err != nil {
		return false, err
	}
	savepoint, err := w.tx.Begin(ctx)
	if err != nil {
		return false, err
	}
	_, err = savepoint.Conn().PgConn().CopyFrom(ctx, &text, tab.copy)
	if err == nil {
		return true, savepoint.Commit(ctx)
	}
	if said := (*pgconn.PgError)(nil); !errors.As(err, &said) {
		return false, err
	}
	tab.copies = false
	return false, savepoint.Rollback(ctx)
}

// copyText writes a value as COPY reads it in its text format.
func copyText(b *bytes.Buffer, s string, ok bool) {
	if !ok {
		b.WriteString(`\N`)
		return
	}
	for i := range len(s) {
		switch c := s[i]; c {
		case '\\':
			b.WriteString(`\\`)
		case '\n':
			b.WriteString(`\n`)
		case '\r':
			b.WriteString(`\r`)
		case '\t':
			b.WriteString(`\t`)
		default:
			b.WriteByte(c)
		}
	}
}
