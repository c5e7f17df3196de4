package sqlengine

import (
	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// partitionValues evaluates the values in the definition of one partition.
type partitionValues struct {
	r    *run
	t    *catalog.Table
	part string
}

// width is how many values a row has.
func (v *partitionValues) width() int { return max(len(v.t.Partitioning.Columns), 1) }

// less makes the bound of VALUES LESS THAN. Errors 1064, 1566, 1653, 1657.
func (v *partitionValues) less(d *ast.PartitionDef) ([]catalog.Bound, error) {
	columns := v.t.Partitioning.ByColumns()
	switch {
	case columns && len(d.Less) != v.width():
		return nil, errColumnList(len(d.Less) < v.width())
	case !columns && len(d.Less) > 1:
		return nil, base.Errorf(errno.PartitionTooManyValues, "Cannot have more than one value for this type of RANGE partitioning")
	}
	out := make([]catalog.Bound, len(d.Less))
	for i, x := range d.Less {
		if x.Max {
			out[i] = catalog.Bound{Max: true}
			continue
		}
		b, err := v.value(x.Expr, i)
		if err != nil {
			return nil, err
		}
		if b.Value.IsNull() {
			return nil, base.Errorf(errno.PartitionNullLess, "Not allowed to use NULL value in VALUES LESS THAN")
		}
		out[i] = b
	}
	return out, nil
}

// errColumnList is error 1653; MySQL sees too few values while it parses.
func errColumnList(few bool) error {
	code := errno.PartitionColumnList
	if few {
		code = errno.Parse
	}
	return base.Errorf(code, "Inconsistency in usage of column lists for partitioning")
}

// in makes a row of VALUES IN. Errors 1064, 1653.
func (v *partitionValues) in(row []ast.PartitionValue) ([]catalog.Bound, error) {
	if len(row) != v.width() {
		if v.width() == 1 {
			return nil, base.Errorf(errno.Parse, "Row expressions in VALUES IN only allowed for multi-field column partitioning")
		}
		return nil, errColumnList(len(row) == 1)
	}
	out := make([]catalog.Bound, len(row))
	for i, x := range row {
		if x.Max {
			return nil, base.Errorf(errno.Parse, "Cannot use MAXVALUE as value in VALUES IN")
		}
		b, err := v.value(x.Expr, i)
		if err != nil {
			return nil, err
		}
		out[i] = b
	}
	return out, nil
}

// value evaluates one value, that of column i of COLUMNS or of the expression. Errors 1563, 1654, 1697.
func (v *partitionValues) value(e ast.Expr, i int) (catalog.Bound, error) {
	x, err := plan.Expression(v.r.s.planEnv(nil, nil, nil), e)
	if err != nil {
		return catalog.Bound{}, err
	}
	if !plan.Fixed(x) {
		return catalog.Bound{}, base.Errorf(errno.PartitionNotConstant, "Expression in RANGE/LIST VALUES must be constant")
	}
	val, err := expr.Scalar(v.r.exprContext(nil), x)
	if err != nil {
		return catalog.Bound{}, err
	}
	if v.t.Partitioning.ByColumns() {
		c := &v.t.Columns[v.t.ColumnByID(v.t.Partitioning.Columns[i])]
		return columnBound(val, c)
	}
	return v.integer(val)
}

// integer makes the bound of a partitioning expression.
func (v *partitionValues) integer(val base.Value) (catalog.Bound, error) {
	b := catalog.Bound{Value: catalog.Initial{Value: val}, SQL: "NULL"}
	switch val.Class() {
	case base.Null:
		return b, nil
	case base.Int, base.Uint:
	default:
		return b, base.Errorf(errno.PartitionNotInt, "VALUES value for partition '%s' must have type INT", v.part)
	}
	f, err := v.r.partFunc(v.t)
	if err != nil {
		return b, err
	}
	b.SQL = expr.Format(val, base.Type{ID: base.TypeBigInt, Unsigned: val.Class() == base.Uint})
	if f.Expr().Type().Unsigned && val.Class() == base.Int && val.Int() < 0 {
		return b, base.Errorf(errno.PartitionConstDomain, "Partition constant is out of partition function domain")
	}
	return b, nil
}

// columnBound makes the bound of a column of COLUMNS.
func columnBound(val base.Value, c *catalog.Column) (catalog.Bound, error) {
	wrong := base.Errorf(errno.PartitionValueType, "Partition column values of incorrect type")
	if val.IsNull() {
		return catalog.Bound{SQL: "NULL"}, nil
	}
	fits := false
	switch class := val.Class(); c.Type.Class() {
	case base.Int, base.Uint:
		fits = class == base.Int || class == base.Uint
	case base.String, base.Bytes:
		fits = class == base.String || class == base.Bytes
	case base.Date, base.DateTime:
		fits = class == base.String || class == base.Date || class == base.DateTime
	}
	if !fits {
		return catalog.Bound{}, wrong
	}
	stored, _, err := expr.Assign(val, c.Type, true, c.Name, 1)
	if err != nil {
		return catalog.Bound{}, wrong
	}
	text := expr.Format(stored, c.Type)
	if class := stored.Class(); class != base.Int && class != base.Uint {
		text = catalog.QuoteString(text)
	}
	return catalog.Bound{Value: catalog.Initial{Value: stored}, SQL: text}, nil
}
