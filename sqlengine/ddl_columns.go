package sqlengine

import (
	"fmt"
	"strings"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/collation"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

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
	if err := r.encrypt(t, &col, c); err != nil {
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
	if err := clearDefault(col, c.Default); err != nil {
		return err
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
