package sqlengine

import (
	"fmt"
	"strings"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
	"github.com/s3sql/s3sql/storage/table"
)

// createTable is CREATE TABLE. Like all DDL it is part of its transaction.
func (r *run) createTable(n *ast.CreateTable, tx *table.Tx) (*Result, error) {
	if err := refuse(map[string]bool{"CREATE TEMPORARY TABLE": n.Temporary, "CREATE TABLE … LIKE": n.Like != nil,
		"CREATE TABLE … AS SELECT": n.Query != nil, "CHECK": len(n.Checks) > 0}); err != nil {
		return nil, err
	}
	if err := r.ownDatabase(n.Table); err != nil {
		return nil, err
	}
	cat, err := r.s.e.catalog.Load(r.ctx, tx)
	if err != nil {
		return nil, err
	}
	if cat.Table(n.Table.Name) != nil && n.IfNotExists {
		r.s.warn(base.Errorf(errno.TableExists, "Table '%s' already exists", n.Table.Name))
		return &Result{}, nil
	}
	t, err := r.describe(n)
	if err != nil {
		return nil, err
	}
	return &Result{}, r.createWithKeys(cat, t, n.ForeignKeys, tx)
}

// refuse returns error 1235 for the first feature, by name, that a statement uses and s3sql does not have.
func refuse(used map[string]bool) error {
	first := ""
	for name, yes := range used {
		if yes && (first == "" || name < first) {
			first = name
		}
	}
	if first == "" {
		return nil
	}
	return base.Errorf(errno.NotSupported, "%s is not supported; docs/compatibility.md lists what is", first)
}

func (r *run) ownDatabase(t *ast.TableName) error {
	if t.Schema != "" && !strings.EqualFold(t.Schema, r.s.e.cfg.Database) {
		return base.Errorf(errno.BadDB, "Unknown database '%s'", t.Schema)
	}
	return nil
}

// describe makes a descriptor of a CREATE TABLE.
func (r *run) describe(n *ast.CreateTable) (*catalog.Table, error) {
	t := &catalog.Table{Name: n.Table.Name, CreatedMicros: r.start.UnixMicro()}
	for _, o := range n.Options {
		if err := tableOption(t, o); err != nil {
			return nil, err
		}
	}
	for i := range n.Columns {
		if err := r.addColumn(t, &n.Columns[i]); err != nil {
			return nil, err
		}
	}
	for i := range n.Columns {
		c := &n.Columns[i]
		if c.PrimaryKey {
			if err := addIndex(t, &ast.IndexDef{Kind: "PRIMARY", Columns: []ast.IndexColumn{{Name: c.Name}}}); err != nil {
				return nil, err
			}
		}
		if c.Unique {
			if err := addIndex(t, &ast.IndexDef{Kind: "UNIQUE", Columns: []ast.IndexColumn{{Name: c.Name}}}); err != nil {
				return nil, err
			}
		}
	}
	for i := range n.Indexes {
		if err := addIndex(t, &n.Indexes[i]); err != nil {
			return nil, err
		}
	}
	if err := checkAutoIncrement(t); err != nil {
		return nil, err
	}
	if len(t.Primary) == 0 {
		catalog.AddHiddenKey(t)
	}
	return t, nil
}

// tableOption takes the options that have a meaning here; those about a server's files are accepted and have none.
func tableOption(t *catalog.Table, o ast.Option) error {
	text := ""
	if l, ok := o.Value.(*ast.Literal); ok {
		text = expr.Format(l.Value, l.Type)
	}
	switch o.Name {
	case "comment":
		t.Comment = text
	case "collate":
		if !expr.KnownCollation(text) {
			return base.Errorf(errno.UnknownCollation, "Unknown collation: '%s'", text)
		}
		t.Collation = text
	case "charset", "character set", "default charset", "default character set":
		if !knownCharset(text) {
			return base.Errorf(errno.UnknownCharset, "Unknown character set: '%s'", text)
		}
	}
	return nil
}

func knownCharset(name string) bool {
	switch strings.ToLower(name) {
	case "utf8mb4", "utf8", "utf8mb3", "binary", "ascii", "latin1":
		return true
	}
	return false
}

func (r *run) addColumn(t *catalog.Table, c *ast.ColumnDef) error {
	if err := refuse(map[string]bool{"ENCRYPTED": c.Encrypted, "GENERATED ALWAYS AS": c.Generated != nil, "CHECK": len(c.Check) > 0}); err != nil {
		return err
	}
	t.NextColumnID++
	col := catalog.Column{ID: t.NextColumnID, Name: c.Name, Type: c.Type, NotNull: c.NotNull || c.PrimaryKey, OnUpdate: c.OnUpdateNow,
		Comment: c.Comment, Invisible: c.Invisible}
	if col.Type.Class() == base.String && col.Type.Collation == "" {
		col.Type.Collation = t.Collation
	}
	if col.Type.Collation != "" && !expr.KnownCollation(col.Type.Collation) {
		return base.Errorf(errno.UnknownCollation, "Unknown collation: '%s'", col.Type.Collation)
	}
	if c.AutoIncrement {
		if t.AutoIncrement != 0 || !integerType(c.Type) {
			return wrongAuto()
		}
		t.AutoIncrement, col.NotNull = col.ID, true
	}
	if err := r.setDefault(&col, c); err != nil {
		return err
	}
	t.Columns = append(t.Columns, col)
	return nil
}

func integerType(t base.Type) bool {
	return t.ID >= base.TypeTinyInt && t.ID <= base.TypeBigInt || t.ID == base.TypeFloat || t.ID == base.TypeDouble
}

func wrongAuto() error {
	return base.Errorf(errno.WrongAutoKey, "Incorrect table definition; there can be only one auto column and it must be defined as a key")
}

// setDefault checks a DEFAULT and keeps its text: a constant as the column stores it, an expression as written.
func (r *run) setDefault(col *catalog.Column, c *ast.ColumnDef) error {
	if c.Default == nil {
		return nil
	}
	invalid := base.Errorf(errno.InvalidDefault, "Invalid default value for '%s'", col.Name)
	if c.AutoIncrement {
		return invalid
	}
	value, constant, err := r.constantDefault(c.Default)
	if err != nil {
		return invalid
	}
	if !constant {
		col.Default = &catalog.Default{SQL: c.DefaultText, Expr: true}
		return nil
	}
	if value.IsNull() {
		if col.NotNull {
			return invalid
		}
		return nil
	}
	stored, _, err := expr.Assign(value, col.Type, true, col.Name, 1)
	if err != nil {
		return invalid
	}
	text := expr.Format(stored, col.Type)
	if stored.Class() == base.Bytes || col.Type.ID == base.TypeBit {
		col.Default = &catalog.Default{SQL: fmt.Sprintf("0x%X", text)}
		return nil
	}
	col.Default = &catalog.Default{SQL: catalog.QuoteString(text)}
	return nil
}

// constantDefault evaluates a DEFAULT that is a literal, perhaps negative.
func (r *run) constantDefault(e ast.Expr) (base.Value, bool, error) {
	switch x := e.(type) {
	case *ast.Literal:
	case *ast.Unary:
		if _, lit := x.X.(*ast.Literal); !lit {
			return base.Value{}, false, r.checkExpr(e)
		}
	default:
		return base.Value{}, false, r.checkExpr(e)
	}
	bound, err := plan.Expression(r.s.planEnv(nil, nil, nil), e)
	if err != nil {
		return base.Value{}, false, err
	}
	v, err := expr.Scalar(r.s.exprContext(r.ctx, r.start, nil), bound)
	return v, true, err
}

// checkExpr checks that an expression binds without columns.
func (r *run) checkExpr(e ast.Expr) error {
	_, err := plan.Expression(r.s.planEnv(nil, nil, nil), e)
	return err
}

// addIndex adds a key to a descriptor.
func addIndex(t *catalog.Table, d *ast.IndexDef) error {
	if d.Kind == "FULLTEXT" || d.Kind == "SPATIAL" {
		return base.Errorf(errno.NotSupported, "%s indexes are not supported; docs/compatibility.md lists what is", d.Kind)
	}
	parts := make([]catalog.KeyPart, len(d.Columns))
	for i, ic := range d.Columns {
		p, err := keyPart(t, ic, d.Kind)
		if err != nil {
			return err
		}
		for _, q := range parts[:i] {
			if q.Column == p.Column {
				return base.Errorf(errno.DupFieldName, "Duplicate column name '%s'", ic.Name)
			}
		}
		parts[i] = p
	}
	if d.Kind == "PRIMARY" {
		if len(t.Primary) > 0 {
			return base.Errorf(errno.MultiplePriKey, "Multiple primary key defined")
		}
		t.Primary = parts
		return nil
	}
	name := d.Name
	if name == "" {
		name = freeIndexName(t, d.Columns[0].Name)
	}
	t.Indexes = append(t.Indexes, catalog.Index{Name: name, Unique: d.Kind == "UNIQUE", Parts: parts})
	return nil
}

func keyPart(t *catalog.Table, ic ast.IndexColumn, kind string) (catalog.KeyPart, error) {
	if ic.Expr != nil {
		return catalog.KeyPart{}, base.Errorf(errno.NotSupported, "functional key parts are not supported")
	}
	c, i := t.Column(ic.Name)
	if c == nil {
		return catalog.KeyPart{}, base.Errorf(errno.KeyColumnMissing, "Key column '%s' doesn't exist in table", ic.Name)
	}
	if c.Type.Class() == base.JSON {
		return catalog.KeyPart{}, base.Errorf(errno.JSONKey, "JSON column '%s' supports indexing only via generated columns on a specified JSON path.", c.Name)
	}
	if kind == "PRIMARY" {
		t.Columns[i].NotNull = true
	}
	if ic.Length > 0 && c.Type.Class() != base.String && c.Type.Class() != base.Bytes {
		return catalog.KeyPart{}, base.Errorf(errno.WrongSubKey, "Incorrect prefix key; the used key part isn't a string, the used length is longer than the key part, or the storage engine doesn't support unique prefix keys")
	}
	return catalog.KeyPart{Column: c.ID, Desc: ic.Desc, Prefix: ic.Length}, nil
}

// freeIndexName names an unnamed index after its first column, as MySQL does: a, a_2, a_3, …
func freeIndexName(t *catalog.Table, column string) string {
	name := column
	for n := 2; ; n++ {
		taken := strings.EqualFold(name, "PRIMARY")
		for _, ix := range t.Indexes {
			taken = taken || strings.EqualFold(ix.Name, name)
		}
		if !taken {
			return name
		}
		name = fmt.Sprintf("%s_%d", column, n)
	}
}

// checkAutoIncrement checks that the AUTO_INCREMENT column leads a key.
func checkAutoIncrement(t *catalog.Table) error {
	if t.AutoIncrement == 0 || len(t.Primary) > 0 && t.Primary[0].Column == t.AutoIncrement {
		return nil
	}
	for _, ix := range t.Indexes {
		if ix.Parts[0].Column == t.AutoIncrement {
			return nil
		}
	}
	return wrongAuto()
}

func (r *run) dropTable(n *ast.DropTable, tx *table.Tx) (*Result, error) {
	cat, err := r.s.e.catalog.Load(r.ctx, tx)
	if err != nil {
		return nil, err
	}
	var drop []*catalog.Table
	var missing []string
	for _, name := range n.Tables {
		t := cat.Table(name.Name)
		if t == nil || r.ownDatabase(name) != nil {
			missing = append(missing, r.s.e.cfg.Database+"."+name.Name)
			continue
		}
		drop = append(drop, t)
	}
	if len(missing) > 0 {
		e := base.Errorf(errno.BadTable, "Unknown table '%s'", strings.Join(missing, ","))
		if !n.IfExists {
			return nil, e
		}
		r.s.warn(e)
	}
	if err := r.droppable(cat, drop); err != nil {
		return nil, err
	}
	for _, t := range drop {
		if err := catalog.Drop(tx, t); err != nil {
			return nil, err
		}
	}
	return &Result{}, nil
}

func (r *run) truncate(n *ast.Truncate, tx *table.Tx) (*Result, error) {
	t, err := r.table(n.Table, tx)
	if err != nil {
		return nil, err
	}
	cat, err := r.s.e.catalog.Load(r.ctx, tx)
	if err != nil {
		return nil, err
	}
	if err := r.truncatable(cat, t); err != nil {
		return nil, err
	}
	tx.DependOn(catalogTable, catalog.DescriptorKey(t.ID))
	return &Result{}, catalog.Truncate(tx, t)
}

// table resolves a table name. Errors: 1146, 1049.
func (r *run) table(name *ast.TableName, tx *table.Tx) (*catalog.Table, error) {
	if err := r.ownDatabase(name); err != nil {
		return nil, err
	}
	cat, err := r.s.e.catalog.Load(r.ctx, tx)
	if err != nil {
		return nil, err
	}
	if t := cat.Table(name.Name); t != nil {
		return t, nil
	}
	return nil, plan.NoSuchTable(cat, r.s.e.cfg.Database, name.Name)
}
