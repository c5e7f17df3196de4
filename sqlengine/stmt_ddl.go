package sqlengine

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/collation"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
	"github.com/s3sql/s3sql/storage/table"
)

// createTable is CREATE TABLE. Like all DDL it is part of its transaction.
func (r *run) createTable(n *ast.CreateTable, tx *table.Tx) (*Result, error) {
	if err := r.ownDatabase(n.Table); err != nil {
		return nil, err
	}
	cat, err := r.catalog(tx)
	if err != nil {
		return nil, err
	}
	taken := cat.Taken(n.Table.Name)
	if old := cat.Table(n.Table.Name); n.Temporary {
		taken = old != nil && old.Temporary
	} else if old != nil && old.Temporary { // what it hides counts
		stored, err := r.s.e.catalog.Load(r.ctx, tx)
		if err != nil {
			return nil, err
		}
		taken = stored.Taken(n.Table.Name)
	}
	if taken {
		err := base.Errorf(errno.TableExists, "Table '%s' already exists", n.Table.Name)
		if !n.IfNotExists {
			return nil, err
		}
		r.s.warn(err)
		return &Result{}, nil
	}
	var t *catalog.Table
	var names []string
	if n.Like != nil {
		t, err = r.createLike(n, tx)
	} else {
		t, names, err = r.describe(n, tx)
	}
	switch {
	case err != nil:
	case n.Temporary && t.Partitioning != nil:
		err = base.Errorf(errno.PartitionTemporary, "Cannot create temporary table with partitions")
	case n.Temporary && len(n.ForeignKeys) > 0:
		err = base.Errorf(errno.NotSupported, "FOREIGN KEY of a temporary table is not supported")
	case n.Temporary:
		err = r.createTemporary(t, tx)
	default:
		if err = freeChecks(cat, t); err == nil {
			err = r.createWithKeys(cat, t, n.ForeignKeys, tx)
		}
	}
	if err == nil {
		err = r.startCounter(n, t, tx)
	}
	switch {
	case err != nil:
		return nil, err
	case n.Query != nil:
		return r.fillTable(n, names, tx)
	}
	return &Result{}, nil
}

// startCounter is the table option AUTO_INCREMENT = n.
func (r *run) startCounter(n *ast.CreateTable, t *catalog.Table, tx *table.Tx) error {
	for i := range n.Options {
		if n.Options[i].Name != "auto_increment" {
			continue
		}
		first, err := optionNumber(&n.Options[i])
		if err != nil || first < 2 || t.AutoIncrement == 0 {
			return err
		}
		return tx.BumpAutoInc(t.ID, first-1)
	}
	return nil
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

// describe makes a descriptor of a CREATE TABLE, and returns the names of the columns that its query fills.
func (r *run) describe(n *ast.CreateTable, tx *table.Tx) (*catalog.Table, []string, error) {
	t := &catalog.Table{Name: n.Table.Name, CreatedMicros: r.start.UnixMicro()}
	for _, o := range n.Options {
		if err := tableOption(t, o); err != nil {
			return nil, nil, err
		}
	}
	for i := range n.Columns {
		if err := r.addColumn(t, &n.Columns[i]); err != nil {
			return nil, nil, err
		}
	}
	var names []string
	if n.Query != nil {
		var err error
		if names, err = r.selectColumns(n, t, tx); err != nil {
			return nil, nil, err
		}
	}
	for i := range n.Columns {
		if err := r.columnKeys(t, &n.Columns[i]); err != nil {
			return nil, nil, err
		}
	}
	for i := range n.Indexes {
		if err := r.addIndex(t, &n.Indexes[i]); err != nil {
			return nil, nil, err
		}
	}
	if err := nullablePrimary(t, n.Columns); err != nil {
		return nil, nil, err
	}
	defs, beside := checksOf(n)
	for i, d := range defs {
		if err := r.addCheck(t, d, beside[i]); err != nil {
			return nil, nil, err
		}
	}
	if len(t.Primary) == 0 {
		catalog.AddHiddenKey(t)
	}
	if err := checkAutoIncrement(t); err != nil {
		return nil, nil, err
	}
	if err := r.checkExpressions(t); err != nil || n.Partition == nil {
		return t, names, err
	}
	return t, names, r.partitionTable(t, n.Partition)
}

// columnKeys adds the keys that a column's own attributes declare.
func (r *run) columnKeys(t *catalog.Table, c *ast.ColumnDef) error {
	if c.PrimaryKey {
		if err := r.addIndex(t, &ast.IndexDef{Kind: "PRIMARY", Columns: []ast.IndexColumn{{Name: c.Name}}}); err != nil {
			return err
		}
	}
	if c.Unique {
		return r.addIndex(t, &ast.IndexDef{Kind: "UNIQUE", Columns: []ast.IndexColumn{{Name: c.Name}}})
	}
	return nil
}

// tableOption takes an option of a table. Those about a server's files have no meaning here and are kept for SHOW.
func tableOption(t *catalog.Table, o ast.Option) error {
	text := ""
	if l, ok := o.Value.(*ast.Literal); ok {
		text = expr.Format(l.Value, l.Type)
	}
	switch o.Name {
	case "comment":
		t.Comment = text
	case "collate":
		return setCollation(t, text)
	case "charset":
		if !knownCharset(text) && !strings.EqualFold(text, "default") {
			return base.Errorf(errno.UnknownCharset, "Unknown character set: '%s'", text)
		}
	case "row_format", "key_block_size", "compression", "stats_persistent", "stats_auto_recalc", "stats_sample_pages", "avg_row_length",
		"max_rows", "min_rows", "pack_keys", "checksum", "delay_key_write":
		keepOption(t, o.Name, text)
	}
	return nil
}

// keepOption keeps an option for SHOW CREATE TABLE. DEFAULT and 0 take it away.
func keepOption(t *catalog.Table, name, text string) {
	name = strings.ToUpper(name)
	t.Options = slices.DeleteFunc(t.Options, func(o catalog.Option) bool { return o.Name == name })
	switch {
	case strings.EqualFold(text, "default"), text == "0" && !strings.HasPrefix(name, "STATS"):
		return
	case name == "COMPRESSION":
		text = catalog.QuoteString(text)
	default:
		text = strings.ToUpper(text)
	}
	t.Options = append(t.Options, catalog.Option{Name: name, SQL: text})
}

// setCollation sets the default collation of a table; "" is the database's.
func setCollation(t *catalog.Table, name string) error {
	if name != "" && !expr.KnownCollation(name) {
		return base.Errorf(errno.UnknownCollation, "Unknown collation: '%s'", name)
	}
	t.Collation = name
	return nil
}

// optionNumber returns the value of an option that is a number.
func optionNumber(o *ast.Option) (uint64, error) {
	if l, ok := o.Value.(*ast.Literal); ok {
		if n, err := strconv.ParseUint(expr.Format(l.Value, l.Type), 10, 64); err == nil {
			return n, nil
		}
	}
	return 0, base.Errorf(errno.Parse, "You have an error in your SQL syntax: %s wants a number", strings.ToUpper(o.Name))
}

func knownCharset(name string) bool {
	switch strings.ToLower(name) {
	case "utf8mb4", "utf8", "utf8mb3", "binary", "ascii", "latin1":
		return true
	}
	return false
}

func (r *run) addColumn(t *catalog.Table, c *ast.ColumnDef) error {
	t.NextColumnID++
	col, err := r.columnOf(t, c, t.NextColumnID)
	t.Columns = append(t.Columns, col)
	return err
}

// columnOf makes the descriptor of a column of t.
func (r *run) columnOf(t *catalog.Table, c *ast.ColumnDef, id uint32) (catalog.Column, error) {
	col := catalog.Column{ID: id, Name: c.Name, Type: c.Type, NotNull: c.NotNull || c.PrimaryKey, OnUpdate: c.OnUpdateNow,
		Comment: c.Comment, Invisible: c.Invisible}
	if err := refuse(map[string]bool{"ENCRYPTED": c.Encrypted}); err != nil {
		return col, err
	}
	if (col.Type.Class() == base.String || len(col.Type.Elems) > 0) && col.Type.Collation == "" {
		col.Type.Collation = t.Collation
	}
	if err := checkType(&col); err != nil {
		return col, err
	}
	if c.OnUpdateNow && (!stamped(c.Type) || c.OnUpdateScale != int(c.Type.Scale)) {
		return col, base.Errorf(errno.InvalidOnUpdate, "Invalid ON UPDATE clause for '%s' column", c.Name)
	}
	if c.AutoIncrement {
		if !integerType(c.Type) {
			return col, base.Errorf(errno.WrongFieldSpec, "Incorrect column specifier for column '%s'", c.Name)
		}
		if t.AutoIncrement != 0 {
			return col, wrongAuto()
		}
		t.AutoIncrement, col.NotNull = col.ID, true
	}
	if c.Generated != nil {
		var err error
		col.Generated, err = generatedOf(c)
		return col, err
	}
	return col, r.setDefault(&col, c)
}

// checkType checks what the parser cannot know of a column's type.
func checkType(col *catalog.Column) error {
	if col.Type.Collation != "" && !expr.KnownCollation(col.Type.Collation) {
		return base.Errorf(errno.UnknownCollation, "Unknown collation: '%s'", col.Type.Collation)
	}
	if limit := catalog.MaxLength(col.Type); col.Type.ID == base.TypeVarchar && col.Type.Length > limit {
		return base.Errorf(errno.BadFieldLength, "Column length too big for column '%s' (max = %d); use BLOB or TEXT instead", col.Name, limit)
	}
	kind := "ENUM"
	if col.Type.ID == base.TypeSet {
		kind = "SET"
	}
	names := collation.Lookup(col.Type.Collation)
	seen := map[string]bool{}
	for _, e := range col.Type.Elems {
		key := e
		if names != nil {
			key = string(names.AppendKey(nil, e))
		}
		if seen[key] {
			return base.Errorf(errno.DuplicatedValueInType, "Column '%s' has duplicated value '%s' in %s", col.Name, e, kind)
		}
		seen[key] = true
	}
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
	if n, now := nowDefault(c); now && (!stamped(col.Type) || n != int(col.Type.Scale)) {
		return invalid
	}
	value, constant, err := r.constantDefault(c.Default)
	if err != nil {
		return invalid
	}
	if !constant || strings.HasPrefix(c.DefaultText, "(") { // a literal in parentheses is an expression
		col.Default = &catalog.Default{SQL: c.DefaultText, Expr: true}
		return nil
	}
	if value.IsNull() {
		if col.NotNull {
			return invalid
		}
		return nil
	}
	if !catalog.Defaultable(col.Type) {
		return base.Errorf(errno.BlobCantHaveDefault, "BLOB, TEXT, GEOMETRY or JSON column '%s' can't have a default value", col.Name)
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

// nowDefault reports whether a DEFAULT is CURRENT_TIMESTAMP, and with how many digits of a second.
func nowDefault(c *ast.ColumnDef) (digits int, ok bool) {
	call, is := c.Default.(*ast.Call)
	if !is || !strings.HasPrefix(c.DefaultText, "CURRENT_TIMESTAMP") {
		return 0, false
	}
	if len(call.Args) > 0 {
		digits = int(call.Args[0].(*ast.Literal).Value.Int())
	}
	return digits, true
}

// stamped reports whether a column of the type can be CURRENT_TIMESTAMP by itself.
func stamped(t base.Type) bool { return t.ID == base.TypeDateTime || t.ID == base.TypeTimestamp }

// constantDefault evaluates a DEFAULT that is a literal, perhaps negative.
func (r *run) constantDefault(e ast.Expr) (base.Value, bool, error) {
	switch x := e.(type) {
	case *ast.Literal:
	case *ast.Unary:
		if _, lit := x.X.(*ast.Literal); !lit {
			return base.Value{}, false, nil
		}
	default:
		return base.Value{}, false, nil
	}
	bound, err := plan.Expression(r.s.planEnv(nil, nil, nil), e)
	if err != nil {
		return base.Value{}, false, err
	}
	v, err := expr.Scalar(r.s.exprContext(r.ctx, r.start, nil), bound)
	return v, true, err
}

func (r *run) dropTable(n *ast.DropTable, tx *table.Tx) (*Result, error) {
	cat, err := r.catalog(tx)
	if err != nil {
		return nil, err
	}
	var drop []*catalog.Table
	var missing []string
	for _, name := range n.Tables {
		t := cat.Table(name.Name)
		if t == nil || r.ownDatabase(name) != nil || n.Temporary && !t.Temporary {
			if err := catalog.CheckName(name.Name); err != nil {
				return nil, err
			}
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
		remove := catalog.Drop
		if t.Temporary {
			remove = func(tx *table.Tx, t *catalog.Table) error { return r.dropTemporary(t, tx) }
		}
		if err := remove(tx, t); err != nil {
			return nil, err
		}
	}
	return &Result{}, nil
}

// renameTables is RENAME TABLE: one after the other, so that three of them swap two tables.
func (r *run) renameTables(n *ast.RenameTables, tx *table.Tx) (*Result, error) {
	for i := range n.From {
		if err := r.ownDatabase(n.To[i]); err != nil {
			return nil, err
		}
		cat, err := r.catalog(tx)
		if err != nil {
			return nil, err
		}
		if v := cat.View(n.From[i].Name); v != nil && r.ownDatabase(n.From[i]) == nil {
			if err := catalog.RenameView(tx, v, n.To[i].Name); err != nil {
				return nil, err
			}
			continue
		}
		old, err := r.table(n.From[i], tx)
		if err != nil {
			return nil, err
		}
		if old.Temporary {
			return nil, base.Errorf(errno.NotSupported, "RENAME TABLE of a temporary table is not supported")
		}
		if taken := cat.Table(n.To[i].Name); taken != nil && taken.ID != old.ID {
			return nil, base.Errorf(errno.TableExists, "Table '%s' already exists", n.To[i].Name)
		}
		t := old.Clone()
		renameTable(t, n.To[i].Name)
		stored, err := r.s.e.catalog.Load(r.ctx, tx)
		if err != nil {
			return nil, err
		}
		if err := r.followRename(stored, old, t); err != nil {
			return nil, err
		}
		if err := r.storeAltered(tx, old, t, false); err != nil {
			return nil, err
		}
	}
	return &Result{}, nil
}

func (r *run) truncate(n *ast.Truncate, tx *table.Tx) (*Result, error) {
	if v, err := r.view(n.Table, tx); err != nil {
		return nil, err
	} else if v != nil { // MySQL does not see it
		return nil, base.Errorf(errno.NoSuchTable, "Table '%s.%s' doesn't exist", r.s.e.cfg.Database, n.Table.Name)
	}
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
	cat, err := r.catalog(tx)
	if err != nil {
		return nil, err
	}
	if t := cat.Table(name.Name); t != nil {
		return t, nil
	}
	if v := cat.View(name.Name); v != nil {
		return nil, r.wrongObject(v.Name, "BASE TABLE")
	}
	return nil, plan.NoSuchTable(cat, r.s.e.cfg.Database, name.Name)
}
