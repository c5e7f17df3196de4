package sqlengine

import (
	"fmt"
	"sort"
	"strings"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
	"github.com/s3sql/s3sql/storage/table"
)

// listing is the rows of a SHOW, before LIKE and WHERE.
type listing struct {
	cols []plan.Column
	rows [][]base.Value
	like int // column that LIKE looks at
}

func columns(names ...string) []plan.Column {
	out := make([]plan.Column, len(names))
	for i, n := range names {
		out[i] = varcharColumn(n)
	}
	return out
}

func texts(values ...string) []base.Value {
	out := make([]base.Value, len(values))
	for i, v := range values {
		out[i] = base.NewString(v)
	}
	return out
}

// show runs SHOW and DESCRIBE.
func (r *run) show(n *ast.Show) (*Result, error) {
	tx, done, err := r.readTx()
	if err != nil {
		return nil, err
	}
	l, err := r.listing(n, tx)
	if derr := done(err); err == nil {
		err = derr
	}
	if err != nil {
		return nil, err
	}
	return r.filter(n, l)
}

func (r *run) listing(n *ast.Show, tx *table.Tx) (*listing, error) {
	switch n.Kind {
	case "TABLES":
		return r.showTables(n, tx)
	case "COLUMNS":
		return r.showColumns(n, tx)
	case "CREATE TABLE":
		t, err := r.table(n.Table, tx)
		if err != nil {
			return nil, err
		}
		auto := uint64(0)
		if t.AutoIncrement != 0 {
			auto = tx.AutoInc(t.ID) + 1
		}
		return &listing{cols: columns("Table", "Create Table"), rows: [][]base.Value{texts(t.Name, catalog.CreateSQL(t, auto))}}, nil
	case "INDEX":
		return r.showIndex(n, tx)
	case "DATABASES":
		return &listing{cols: columns("Database"), rows: [][]base.Value{texts(r.s.e.cfg.Database), texts("system")}}, nil
	case "VARIABLES":
		return &listing{cols: columns("Variable_name", "Value"), rows: r.s.allVariables()}, nil
	case "WARNINGS", "ERRORS":
		return r.showWarnings(n.Kind), nil
	case "STATUS":
		return r.showStatus(), nil
	case "ENGINES":
		return &listing{cols: columns("Engine", "Support", "Comment", "Transactions", "XA", "Savepoints"),
			rows: [][]base.Value{texts("S3SQL", "DEFAULT", "Tables on an object store", "YES", "NO", "YES")}}, nil
	}
	return nil, base.Errorf(errno.NotSupported, "SHOW %s is not supported; docs/compatibility.md lists what is", n.Kind)
}

func (r *run) showTables(n *ast.Show, tx *table.Tx) (*listing, error) {
	name := "Tables_in_" + r.s.e.cfg.Database
	var rows [][]base.Value
	switch {
	case n.From == "" || strings.EqualFold(n.From, r.s.e.cfg.Database):
		cat, err := r.s.e.catalog.Load(r.ctx, tx)
		if err != nil {
			return nil, err
		}
		for _, t := range cat.Tables() {
			rows = append(rows, texts(t.Name, "BASE TABLE"))
		}
	case strings.EqualFold(n.From, "system"):
		name = "Tables_in_system"
		for _, t := range r.s.systemTables() {
			rows = append(rows, texts(t.Name, "SYSTEM VIEW"))
		}
	default:
		return nil, base.Errorf(errno.BadDB, "Unknown database '%s'", n.From)
	}
	sort.Slice(rows, func(i, j int) bool { return rows[i][0].Text() < rows[j][0].Text() })
	if n.Full {
		return &listing{cols: columns(name, "Table_type"), rows: rows}, nil
	}
	for i := range rows {
		rows[i] = rows[i][:1]
	}
	return &listing{cols: columns(name), rows: rows}, nil
}

func (r *run) showColumns(n *ast.Show, tx *table.Tx) (*listing, error) {
	if v := r.s.virtual(n.Table.Schema, n.Table.Name); v != nil {
		return describeVirtual(v), nil
	}
	t, err := r.table(n.Table, tx)
	if err != nil {
		return nil, err
	}
	l := &listing{cols: columns("Field", "Type", "Null", "Key", "Default", "Extra")}
	if n.Full {
		l.cols = columns("Field", "Type", "Collation", "Null", "Key", "Default", "Extra", "Privileges", "Comment")
	}
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.Hidden {
			continue
		}
		row := texts(c.Name, catalog.TypeSQL(c.Type), yesNo(!c.NotNull), columnKey(t, c), "", extra(t, c))
		row[4] = shownDefault(c)
		if n.Full {
			row = []base.Value{row[0], row[1], shownCollation(c), row[2], row[3], row[4], row[5],
				base.NewString("select,insert,update,references"), base.NewString(c.Comment)}
		}
		l.rows = append(l.rows, row)
	}
	return l, nil
}

func describeVirtual(v *plan.VirtualTable) *listing {
	l := &listing{cols: columns("Field", "Type", "Null", "Key", "Default", "Extra")}
	for _, c := range v.Columns {
		l.rows = append(l.rows, append(texts(c.Name, catalog.TypeSQL(c.Type), yesNo(c.Nullable), ""), base.Value{}, base.NewString("")))
	}
	return l
}

func yesNo(b bool) string {
	if b {
		return "YES"
	}
	return "NO"
}

// columnKey is the Key column of SHOW COLUMNS: PRI, UNI or MUL (MySQL manual, "SHOW COLUMNS Statement").
func columnKey(t *catalog.Table, c *catalog.Column) string {
	for _, p := range t.Primary {
		if p.Column == c.ID {
			return "PRI"
		}
	}
	key := ""
	for _, ix := range t.Indexes {
		if ix.Parts[0].Column != c.ID {
			continue
		}
		if ix.Unique && len(ix.Parts) == 1 {
			return "UNI"
		}
		key = "MUL"
	}
	return key
}

func extra(t *catalog.Table, c *catalog.Column) string {
	var parts []string
	if c.ID == t.AutoIncrement {
		parts = append(parts, "auto_increment")
	}
	if c.Default != nil && c.Default.Expr {
		parts = append(parts, "DEFAULT_GENERATED")
	}
	if c.OnUpdate {
		parts = append(parts, "on update CURRENT_TIMESTAMP")
	}
	if c.Invisible {
		parts = append(parts, "INVISIBLE")
	}
	return strings.Join(parts, " ")
}

// shownDefault is a default as SHOW COLUMNS prints it: without quotes.
func shownDefault(c *catalog.Column) base.Value {
	if c.Default == nil {
		return base.Value{}
	}
	text := c.Default.SQL
	if !c.Default.Expr && strings.HasPrefix(text, "'") {
		text = strings.NewReplacer("''", "'", `\\`, `\`, `\n`, "\n", `\r`, "\r", `\0`, "\x00").Replace(text[1 : len(text)-1])
	}
	return base.NewString(text)
}

func shownCollation(c *catalog.Column) base.Value {
	if c.Type.Class() != base.String {
		return base.Value{}
	}
	if c.Type.Collation == "" {
		return base.NewString(catalog.DefaultCollation)
	}
	return base.NewString(c.Type.Collation)
}

func (r *run) showIndex(n *ast.Show, tx *table.Tx) (*listing, error) {
	t, err := r.table(n.Table, tx)
	if err != nil {
		return nil, err
	}
	l := &listing{cols: columns("Table", "Non_unique", "Key_name", "Seq_in_index", "Column_name", "Collation", "Cardinality",
		"Sub_part", "Packed", "Null", "Index_type", "Comment", "Index_comment", "Visible", "Expression"), like: 2}
	rows := fmt.Sprint(tx.RowCount(t.ID))
	add := func(name string, unique bool, parts []catalog.KeyPart) {
		for i, p := range parts {
			c := &t.Columns[t.ColumnByID(p.Column)]
			row := texts(t.Name, onOff(!unique), name, fmt.Sprint(i+1), c.Name, "A", rows, "", "", "", "BTREE", "", "", "YES", "")
			row[7], row[8], row[14] = base.Value{}, base.Value{}, base.Value{}
			if p.Desc {
				row[5] = base.NewString("D")
			}
			if p.Prefix > 0 {
				row[7] = base.NewString(fmt.Sprint(p.Prefix))
			}
			if !c.NotNull {
				row[9] = base.NewString("YES")
			}
			l.rows = append(l.rows, row)
		}
	}
	if !catalog.HiddenKey(t) {
		add("PRIMARY", true, t.Primary)
	}
	for _, ix := range t.Indexes {
		add(ix.Name, ix.Unique, ix.Parts)
	}
	return l, nil
}

func (r *run) showWarnings(kind string) *listing {
	l := &listing{cols: columns("Level", "Code", "Message"), like: 2}
	for _, w := range r.s.warnings {
		if kind == "WARNINGS" {
			l.rows = append(l.rows, texts("Warning", fmt.Sprint(w.Number), w.Msg))
		}
	}
	return l
}

func (r *run) showStatus() *listing {
	t := r.s.e.cfg.Ledger.Total().Total()
	return &listing{cols: columns("Variable_name", "Value"), rows: [][]base.Value{
		texts("S3sql_bytes_in", fmt.Sprint(t.Received)),
		texts("S3sql_bytes_out", fmt.Sprint(t.Sent)),
		texts("S3sql_requests", fmt.Sprint(t.Requests)),
		texts("Uptime", fmt.Sprint(int64(r.s.e.now().Sub(r.s.e.started).Seconds()))),
	}}
}

// filter applies LIKE, WHERE and LIMIT to a listing by running it as a query.
func (r *run) filter(n *ast.Show, l *listing) (*Result, error) {
	if n.Like == nil && n.Where == nil && n.Limit == nil {
		return rowsResult(l.cols, l.rows), nil
	}
	sel := &ast.Select{Items: []ast.SelectItem{{Expr: &ast.Star{}}}, From: []ast.TableExpr{&ast.TableName{Name: "listing"}},
		Where: n.Where, Limit: n.Limit}
	if n.Like != nil {
		sel.Where = &ast.Like{X: &ast.ColumnRef{Name: l.cols[l.like].Name},
			Pattern: &ast.Literal{Value: base.NewString(*n.Like), Type: base.Type{ID: base.TypeVarchar}}}
	}
	env := r.s.planEnv(nil, nil, r.types)
	env.Virtual = func(string, string) *plan.VirtualTable {
		return &plan.VirtualTable{Name: "listing", Columns: l.cols, Source: l}
	}
	p, err := plan.Query(env, sel)
	if err != nil {
		return nil, err
	}
	op, err := r.open(p, nil)
	if err != nil {
		return nil, err
	}
	return &Result{columns: l.cols, op: op}, nil
}

// Rows makes a listing a virtual table.
func (l *listing) Rows(*expr.Context) ([][]base.Value, error) { return l.rows, nil }

var _ plan.RowSource = (*listing)(nil)
