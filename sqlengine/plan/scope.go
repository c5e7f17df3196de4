package plan

import (
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// scopeCol is a column that a name can mean.
type scopeCol struct {
	Column
	schema string
	id     colID
	def    expr.Expr // of a view that has been laid open: what the column selects, where that is no column; nil: id is the column
	shut   error     // of an encrypted column without its key: the error for naming it; nil: it can be read
	merged bool      // the right side of USING and NATURAL: only a qualified name reaches it, * skips it
}

// scope is what names mean at one place of a query.
type scope struct {
	cols  []scopeCol
	outer *frame // what encloses the query this scope belongs to; nil at the top

	matches []*ast.Match         // of the query, for what is said of them by functions
	facts   map[string]expr.Expr // functions without arguments, in upper case, that tell of the change that a row is
}

// frame is the border between a subquery and the query around it. Columns of the outer scope that the subquery names
// cross it as parameters.
type frame struct {
	scope *scope      // of the query around
	b     *binder     // of the place in it where the subquery stands; nil at the border of a lateral table
	args  []expr.Expr // over the columns of scope; a column from further out is a parameter there, too
	slots []int
	// through lets columns from further out pass as the parameters they are there: the border is not that of a subquery.
	through bool
	free    bool // something inside reads a parameter of a border further out that is not among args
}

// find returns the column a reference means in this scope alone; nil if there is none.
func (s *scope) find(ref *ast.ColumnRef) (*scopeCol, error) {
	var hit *scopeCol
	for i := range s.cols {
		c := &s.cols[i]
		if !strings.EqualFold(c.Name, ref.Name) || c.Hidden && c.OrgName != "" && strings.HasPrefix(c.Name, "(") {
			continue
		}
		if ref.Table == "" && c.merged {
			continue
		}
		if ref.Table != "" && !strings.EqualFold(c.Table, ref.Table) {
			continue
		}
		if ref.Schema != "" && !strings.EqualFold(c.schema, ref.Schema) {
			continue
		}
		if hit != nil {
			return nil, base.Errorf(errno.NonUniqColumn, "Column '%s' in %s is ambiguous", refName(ref), "field list")
		}
		hit = c
	}
	return hit, nil
}

func refName(ref *ast.ColumnRef) string {
	switch {
	case ref.Schema != "":
		return ref.Schema + "." + ref.Table + "." + ref.Name
	case ref.Table != "":
		return ref.Table + "." + ref.Name
	}
	return ref.Name
}

// fullName returns a column as messages name it, with its schema and table where it has them.
func (s *scope) fullName(e expr.Expr) string {
	id, _ := expr.AsColumn(e)
	for i := range s.cols {
		if c := &s.cols[i]; c.id == id && c.Table != "" {
			return refName(&ast.ColumnRef{Schema: c.schema, Table: c.Table, Name: c.Name})
		}
	}
	return e.String()
}

// position returns where the column that an unqualified name means stands; one past the end if none does.
func (s *scope) position(name string) int {
	for i := range s.cols {
		if c := &s.cols[i]; !c.merged && !c.Hidden && strings.EqualFold(c.Name, name) {
			return i
		}
	}
	return len(s.cols)
}

// join returns the scope of two relations side by side.
func (s *scope) join(r *scope) *scope {
	cols := append(append(make([]scopeCol, 0, len(s.cols)+len(r.cols)), s.cols...), r.cols...)
	return &scope{cols: cols, outer: s.outer}
}

// nullable marks every column of the scope as nullable: the inner side of an outer join.
func (s *scope) nullable() {
	for i := range s.cols {
		s.cols[i].Nullable = true
	}
}

// lookup resolves a name outside the subquery; nil if nothing there has it.
func (f *frame) lookup(p *planner, ref *ast.ColumnRef) (expr.Expr, error) {
	if f == nil {
		return nil, nil
	}
	c, err := f.scope.find(ref)
	if err != nil {
		return nil, err
	}
	if c != nil && c.shut != nil {
		return nil, c.shut
	}
	if c != nil {
		return f.param(p, c.ref()), nil
	}
	arg, err := f.b.outward(ref)
	if err != nil {
		return nil, err
	}
	if arg == nil {
		arg, err = f.scope.outer.lookup(p, ref)
		if arg == nil || err != nil || f.through {
			f.free = f.free || arg != nil
			return arg, err
		}
	}
	return f.param(p, arg), nil
}

// param makes an expression over the columns of the query around a parameter of the subquery.
func (f *frame) param(p *planner, arg expr.Expr) expr.Expr {
	for i := range f.args {
		if expr.Equal(f.args[i], arg) {
			return expr.Outer(f.slots[i], arg)
		}
	}
	f.args, f.slots = append(f.args, arg), append(f.slots, p.nextSlot)
	p.nextSlot++
	return expr.Outer(p.nextSlot-1, arg)
}
