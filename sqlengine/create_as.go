package sqlengine

import (
	"strings"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/exec"
	"github.com/s3sql/s3sql/sqlengine/plan"
	"github.com/s3sql/s3sql/storage/table"
)

// createLike is CREATE TABLE … LIKE: the definition of another table with everything but its rows and foreign keys. CHECK constraints get
// names of their own, as names are the database's.
func (r *run) createLike(n *ast.CreateTable, tx *table.Tx) (*catalog.Table, error) {
	src, err := r.table(n.Like, tx)
	if err != nil {
		return nil, err
	}
	t := src.Clone()
	t.Name, t.CreatedMicros = n.Table.Name, r.start.UnixMicro()
	for i := range t.Columns {
		t.Columns[i].Initial = nil
	}
	t.Checks, t.ForeignKeys, t.Temporary = nil, nil, false
	if n.Temporary {
		t.TTL = ""
	}
	if t.Partitioning != nil {
		for i := range t.Partitioning.Parts {
			t.Partitioning.Parts[i].ID, t.Partitioning.Parts[i].Indexes = 0, nil
		}
	}
	if err := r.sealAnew(t); err != nil {
		return nil, err
	}
	for _, c := range src.Checks {
		c.Name = freeCheckName(t)
		t.Checks = append(t.Checks, c)
	}
	return t, nil
}

// selectColumns adds to a CREATE TABLE … SELECT the columns of the query that it does not declare itself, after those it
// declares, and returns the query's column names. A column that is taken from a table keeps its default and comment.
func (r *run) selectColumns(n *ast.CreateTable, t *catalog.Table, tx *table.Tx) ([]string, error) {
	env, err := r.env(tx)
	if err != nil {
		return nil, err
	}
	p, err := plan.Query(env, n.Query)
	if err != nil {
		return nil, err
	}
	declared := t.Columns
	t.Columns = nil
	var names []string
	fromQuery := map[string]bool{}
	for _, c := range p.Columns {
		l := strings.ToLower(c.Name)
		if fromQuery[l] {
			return nil, base.Errorf(errno.DupFieldName, "Duplicate column name '%s'", c.Name)
		}
		fromQuery[l] = true
		names = append(names, c.Name)
	}
	for _, c := range declared {
		if !fromQuery[strings.ToLower(c.Name)] {
			t.Columns = append(t.Columns, c)
		}
	}
	for _, c := range p.Columns {
		col := catalog.Column{}
		for _, d := range declared {
			if strings.EqualFold(d.Name, c.Name) {
				col = d
			}
		}
		if col.ID == 0 {
			t.NextColumnID++
			col = queryColumn(env.Catalog, c)
			if t.Collation != "" && col.Type.Collation == "" && (col.Type.Class() == base.String || len(col.Type.Elems) > 0) {
				col.Type.Collation = catalog.DefaultCollation // the table's is another
			}
			col.ID = t.NextColumnID
		}
		t.Columns = append(t.Columns, col)
	}
	return names, nil
}

// queryColumn is the column that holds what a query yields.
func queryColumn(cat *catalog.Catalog, c plan.Column) catalog.Column {
	col := catalog.Column{Name: c.Name, Type: c.Type, NotNull: !c.Nullable}
	if t := cat.Table(c.OrgTable); t != nil && c.OrgName != "" {
		if src, _ := t.Column(c.OrgName); src != nil {
			col.Default, col.Comment, col.Encrypted = src.Default, src.Comment, src.Encrypted
			if src.ID == t.AutoIncrement {
				col.Default = &catalog.Default{SQL: "'0'"}
			}
			return col
		}
	}
	col.Type = storedType(c.Type)
	if col.NotNull && catalog.Defaultable(col.Type) {
		switch col.Type.Class() {
		case base.Int, base.Uint, base.Float:
			if col.Type.ID != base.TypeEnum && col.Type.ID != base.TypeSet && col.Type.ID != base.TypeBit {
				col.Default = &catalog.Default{SQL: "'0'"}
			}
		case base.Decimal:
			zero := "'0'"
			if col.Type.Scale > 0 {
				zero = "'0." + strings.Repeat("0", int(col.Type.Scale)) + "'"
			}
			col.Default = &catalog.Default{SQL: zero}
		case base.String:
			col.Default = &catalog.Default{SQL: "''"}
		}
	}
	return col
}

// fillTable inserts the rows of CREATE TABLE … SELECT into the new table.
func (r *run) fillTable(n *ast.CreateTable, names []string, tx *table.Tx) (*Result, error) {
	env, err := r.env(tx)
	if err != nil {
		return nil, err
	}
	m, err := plan.Mutate(env, &ast.Insert{At: n.At, Table: n.Table, Columns: names, Query: n.Query, Ignore: n.QueryMode == "IGNORE",
		Replace: n.QueryMode == "REPLACE"})
	if err != nil {
		return nil, err
	}
	ec := r.execContext(tx, m.Slots)
	ec.Expr.DivByZeroError, ec.Audit = r.s.settings.strict, r.told
	out, err := exec.Insert(ec, tx, m.Stmt.(*plan.Insert))
	if err != nil {
		return nil, err
	}
	return &Result{AffectedRows: out.Affected, Info: insertInfo(out, r.s.warningCount)}, nil
}
