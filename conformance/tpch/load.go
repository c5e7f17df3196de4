package tpch

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// batchRows is how many rows one INSERT carries.
const batchRows = 2000

// Load creates the tables in db and fills them.
func Load(ctx context.Context, db *sql.DB, g Generator) error {
	for _, t := range Tables {
		if _, err := db.ExecContext(ctx, "CREATE TABLE "+t.Name+" ("+t.indexed(db)+")"); err != nil {
			return fmt.Errorf("create %s: %w", t.Name, err)
		}
		if err := fill(ctx, db, t.Name, g); err != nil {
			return fmt.Errorf("fill %s: %w", t.Name, err)
		}
		if sqlite(db) {
			for _, col := range t.Indexes {
				if _, err := db.ExecContext(ctx, fmt.Sprintf("CREATE INDEX %s_%s ON %s (%s)", t.Name, col, t.Name, col)); err != nil {
					return fmt.Errorf("index %s: %w", t.Name, err)
				}
			}
		}
	}
	return nil
}

// sqlite reports whether db is SQLite, which has no indexes inside CREATE TABLE.
func sqlite(db *sql.DB) bool { return strings.Contains(fmt.Sprintf("%T", db.Driver()), "sqlite") }

func (t Table) indexed(db *sql.DB) string {
	cols := t.Columns
	if sqlite(db) {
		return cols
	}
	for _, col := range t.Indexes {
		cols += ", INDEX (" + col + ")"
	}
	return cols
}

func fill(ctx context.Context, db *sql.DB, table string, g Generator) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after a Commit it does nothing
	var b strings.Builder
	n, sent := 0, 0
	flush := func() error {
		if n == 0 {
			return nil
		}
		_, err := tx.ExecContext(ctx, b.String())
		b.Reset()
		sent += n
		n = 0
		if err != nil || sent < 50*batchRows { // a transaction is bounded in bytes
			return err
		}
		if err := tx.Commit(); err != nil {
			return err
		}
		sent = 0
		tx, err = db.BeginTx(ctx, nil)
		return err
	}
	for row := range g.Rows(table) {
		if n == 0 {
			b.WriteString("INSERT INTO " + table + " VALUES ")
		} else {
			b.WriteByte(',')
		}
		appendRow(&b, row)
		if n++; n == batchRows {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := flush(); err != nil {
		return err
	}
	return tx.Commit()
}

func appendRow(b *strings.Builder, row Row) {
	for i, v := range row {
		sep := byte(',')
		if i == 0 {
			sep = '('
		}
		b.WriteByte(sep)
		switch v := v.(type) {
		case int:
			b.WriteString(itoa(v))
		case Cents:
			b.WriteString(v.String())
		case Date:
			b.WriteString("'" + v.String() + "'")
		case string:
			b.WriteString("'" + v + "'")
		}
	}
	b.WriteByte(')')
}
