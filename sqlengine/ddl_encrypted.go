package sqlengine

import (
	"strings"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// readable returns the error for reading or writing an encrypted column; nil if the engine has its key.
func (e *Engine) readable(t *catalog.Table, c *catalog.Column) error {
	return catalog.Readable(e.key, t, c)
}

// encrypt makes a column that is being defined an encrypted one.
//
// Errors: 3185 there is no key; 1235 a column without stored values.
func (r *run) encrypt(t *catalog.Table, col *catalog.Column, c *ast.ColumnDef) error {
	switch {
	case !c.Encrypted:
		return nil
	case r.s.e.key == nil:
		return base.Errorf(errno.NoKey, "Column '%s' of table '%s' is ENCRYPTED: open the database with the DSN parameter secret_key", col.Name, t.Name)
	case c.Generated != nil && !c.Stored:
		return base.Errorf(errno.NotSupported, "ENCRYPTED column '%s' cannot be VIRTUAL: its values are not stored; leave ENCRYPTED out, or make it STORED", col.Name)
	}
	col.Encrypted = r.s.e.key.ID()
	return nil
}

// clearDefault refuses the DEFAULT of an encrypted column that is a literal: it would lie in the descriptor, unencrypted.
// CURRENT_TIMESTAMP and expressions, which make values, stay.
func clearDefault(col *catalog.Column, e ast.Expr) error {
	if u, ok := e.(*ast.Unary); ok {
		e = u.X
	}
	l, ok := e.(*ast.Literal)
	if !ok || col.Encrypted == "" || l.Value.IsNull() {
		return nil
	}
	return base.Errorf(errno.NotSupported, "ENCRYPTED column '%s' cannot have a constant DEFAULT, which would be stored unencrypted: leave it out, or give the value in each INSERT", col.Name)
}

// checkLeaks refuses what would keep values of encrypted columns, or what is computed from them, where they are not encrypted:
// a generated column that is stored or part of a key and not ENCRYPTED itself, a DEFAULT, and partitioning. Keys of the columns
// themselves are refused by the catalog.
//
// Errors: 1235.
func (r *run) checkLeaks(t *catalog.Table) error {
	if !t.HasEncrypted() {
		return nil
	}
	from := map[int]*catalog.Column{} // by position: the encrypted column whose values it has or shows
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.Encrypted != "" {
			from[i] = c
		}
	}
	for i := range t.Columns {
		if err := r.checkLeak(t, i, from); err != nil {
			return err
		}
	}
	if t.Partitioning == nil {
		return nil
	}
	for _, id := range t.Partitioning.Columns {
		if src := from[t.ColumnByID(id)]; src != nil {
			return catalog.KeptClear(src, "the partitioning")
		}
	}
	if t.Partitioning.SQL == "" {
		return nil
	}
	src, err := r.readsAny(t, t.Partitioning.SQL, from)
	if src != nil && err == nil {
		err = catalog.KeptClear(src, "the partitioning")
	}
	return err
}

// checkLeak is checkLeaks for one column. A virtual one that shows encrypted values joins from.
func (r *run) checkLeak(t *catalog.Table, i int, from map[int]*catalog.Column) error {
	c := &t.Columns[i]
	sql := ""
	switch {
	case c.Encrypted != "":
		return nil
	case c.Generated != nil: // it reads only generated columns before it
		sql = c.Generated.SQL
	case c.Default != nil && c.Default.Expr:
		sql = c.Default.SQL
	default:
		return nil
	}
	src, err := r.readsAny(t, sql, from)
	if err != nil || src == nil {
		return err
	}
	switch key := keyOf(t, c.ID); {
	case c.Generated == nil:
		return catalog.KeptClear(src, "the DEFAULT of column '"+c.Name+"'")
	case key != "":
		return catalog.KeptClear(src, "key '"+key+"'")
	case !c.Virtual():
		return catalog.KeptClear(src, "stored column '"+c.Name+"'")
	}
	from[i] = src
	return nil
}

// readsAny returns which of the columns an expression reads; nil if none.
func (r *run) readsAny(t *catalog.Table, sql string, from map[int]*catalog.Column) (*catalog.Column, error) {
	e, err := r.rowText(t, strings.TrimSpace(sql), "expression")
	if err != nil {
		return nil, err
	}
	for k := range plan.RowColumns(e) {
		if from[k] != nil {
			return from[k], nil
		}
	}
	return nil, nil
}

// sealAnew gives the encrypted columns of a table that has no rows yet the engine's key.
func (r *run) sealAnew(t *catalog.Table) error {
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.Encrypted == "" {
			continue
		}
		if r.s.e.key == nil {
			return r.s.e.readable(t, c)
		}
		c.Encrypted = r.s.e.key.ID()
	}
	return nil
}

// fillEncrypted is fill for an encrypted column: a value in the descriptor would lie in the clear, so that every row gets one.
func (a *alteration) fillEncrypted(fill *expr.Expr, c *catalog.Column, v base.Value) bool {
	if c.Encrypted == "" {
		c.Initial = &catalog.Initial{Value: v}
		return false
	}
	*fill = expr.Const(v, c.Type)
	return true
}
