package sqlengine

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// rowText parses and binds an expression that a descriptor holds, over rows of t.
func (r *run) rowText(t *catalog.Table, sql, clause string) (expr.Expr, error) {
	x, err := r.s.e.parseExpr(sql)
	if err != nil {
		return nil, err
	}
	return plan.RowExpr(r.s.planEnv(nil, nil, nil), t, x, clause)
}

// checkExpressions checks the expressions of a descriptor whose columns are complete: defaults, generated columns, the ttl and CHECK
// constraints may only name what they can rely on.
func (r *run) checkExpressions(t *catalog.Table) error {
	for i := range t.Columns {
		c := &t.Columns[i]
		var err error
		switch {
		case c.Generated != nil:
			err = r.checkGenerated(t, i)
		case c.Default != nil && c.Default.Expr:
			err = r.checkDefault(t, i)
		}
		if err != nil {
			return err
		}
	}
	for i := range t.Checks {
		if err := r.checkCheck(t, &t.Checks[i]); err != nil {
			return err
		}
	}
	return r.checkTTL(t)
}

func (r *run) checkGenerated(t *catalog.Table, i int) error {
	c := &t.Columns[i]
	e, err := r.rowText(t, c.Generated.SQL, "generated column function")
	switch {
	case err == nil:
	case errors.Is(err, plan.ErrSubquery):
		if c.Hidden {
			return base.Errorf(errno.FunctionalFunction, "Expression of functional index '%s' contains a disallowed function.", keyOf(t, c.ID))
		}
		return base.Errorf(errno.GeneratedFunction, "Expression of generated column '%s' contains a disallowed function.", c.Name)
	default:
		return err
	}
	if name, yes := expr.OutsideRow(e); yes {
		switch {
		case c.Hidden:
			return base.Errorf(errno.FunctionalFunction, "Expression of functional index '%s' contains a disallowed function.", keyOf(t, c.ID))
		case name[0] == '@':
			return base.Errorf(errno.GeneratedVariable, "Expression of generated column '%s' cannot refer user or system variables.", c.Name)
		}
		return base.Errorf(errno.GeneratedNamedFunction, "Expression of generated column '%s' contains a disallowed function: %s.", c.Name, name)
	}
	for k := range plan.RowColumns(e) {
		switch d := &t.Columns[k]; {
		case d.ID == t.AutoIncrement && c.Hidden:
			return base.Errorf(errno.FunctionalRefAuto, "Functional index '%s' cannot refer to an auto-increment column.", keyOf(t, c.ID))
		case d.ID == t.AutoIncrement:
			return base.Errorf(errno.GeneratedRefAuto, "Generated column '%s' cannot refer to auto-increment column.", c.Name)
		case d.Generated != nil && k >= i:
			return base.Errorf(errno.GeneratedNonPrior, "Generated column can refer only to generated columns defined prior to it.")
		}
	}
	return nil
}

// keyOf returns the name of the index that a hidden column belongs to.
func keyOf(t *catalog.Table, column uint32) string {
	for _, ix := range t.Indexes {
		if slices.ContainsFunc(ix.Parts, func(p catalog.KeyPart) bool { return p.Column == column }) {
			return ix.Name
		}
	}
	return ""
}

func (r *run) checkDefault(t *catalog.Table, i int) error {
	c := &t.Columns[i]
	e, err := r.rowText(t, c.Default.SQL, "default value expression")
	if errors.Is(err, plan.ErrSubquery) {
		return base.Errorf(errno.DefaultFunction, "Default value expression of column '%s' contains a disallowed function.", c.Name)
	}
	if err != nil {
		return err
	}
	if name, yes := expr.OutsideRow(e); yes && name[0] == '@' {
		return base.Errorf(errno.DefaultVariable, "Default value expression of column '%s' cannot refer user or system variables.", c.Name)
	}
	for k := range plan.RowColumns(e) {
		switch d := &t.Columns[k]; {
		case d.ID == t.AutoIncrement:
			return base.Errorf(errno.DefaultRefAuto, "Default value expression of column '%s' cannot refer to an auto-increment column.", c.Name)
		case k >= i && (d.Generated != nil || d.Default != nil && d.Default.Expr):
			return base.Errorf(errno.DefaultNonPrior, "Default value expression of column '%s' cannot refer to a column defined after it if that column is a generated column or has an expression as default value.", c.Name)
		}
	}
	return nil
}

func (r *run) checkCheck(t *catalog.Table, c *catalog.Check) error {
	e, err := r.rowText(t, c.SQL, "check constraint")
	if errors.Is(err, plan.ErrSubquery) {
		return base.Errorf(errno.CheckFunction, "An expression of a check constraint '%s' contains disallowed function.", c.Name)
	}
	if err != nil {
		var be *base.Error
		if errors.As(err, &be) && be.Number == errno.BadField.Number {
			return base.Errorf(errno.CheckUnknownColumn, "Check constraint '%s' refers to non-existing column '%s'.", c.Name, quoted(be.Msg))
		}
		return err
	}
	if name, yes := expr.OutsideRow(e); yes {
		if name[0] == '@' {
			return base.Errorf(errno.CheckVariable, "An expression of a check constraint '%s' cannot refer to a user or system variable.", c.Name)
		}
		return base.Errorf(errno.CheckNamedFunction, "An expression of a check constraint '%s' contains disallowed function: %s.", c.Name, name)
	}
	for k := range plan.RowColumns(e) {
		if t.Columns[k].ID == t.AutoIncrement {
			return base.Errorf(errno.CheckRefAuto, "Check constraint '%s' cannot refer to an auto-increment column.", c.Name)
		}
	}
	return nil
}

// quoted returns what stands between the first two quotes of a message.
func quoted(msg string) string {
	_, rest, _ := strings.Cut(msg, "'")
	name, _, _ := strings.Cut(rest, "'")
	return name
}

// addChecks adds CHECK constraints in the order they were written, and names those without a name. column is the column
// that the constraint was written beside; "" none.
func (r *run) addCheck(t *catalog.Table, d *ast.CheckDef, column string) error {
	c := catalog.Check{Name: d.Name, SQL: strings.TrimSpace(d.Text), NotEnforced: d.NotEnforced}
	if c.Name == "" {
		c.Name = freeCheckName(t)
	}
	for _, o := range t.Checks {
		if strings.EqualFold(o.Name, c.Name) {
			return base.Errorf(errno.CheckDuplicate, "Duplicate check constraint name '%s'.", c.Name)
		}
	}
	if column != "" {
		if e, err := r.rowText(t, c.SQL, "check constraint"); err == nil {
			for k := range plan.RowColumns(e) {
				if !strings.EqualFold(t.Columns[k].Name, column) {
					return base.Errorf(errno.CheckRefsOther, "Column check constraint '%s' references other column.", c.Name)
				}
			}
		}
	}
	t.Checks = append(t.Checks, c)
	return nil
}

// freeCheckName is the table's name, _chk_ and one more than the highest number in use.
func freeCheckName(t *catalog.Table) string {
	n := 0
	for _, c := range t.Checks {
		if k, ok := checkNumber(t.Name, c.Name); ok {
			n = max(n, k)
		}
	}
	return fmt.Sprintf("%s_chk_%d", t.Name, n+1)
}

// checkNumber returns the number of a constraint that was named after its table.
func checkNumber(table, name string) (int, bool) {
	rest, ok := strings.CutPrefix(strings.ToLower(name), strings.ToLower(table)+"_chk_")
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(rest)
	return n, err == nil
}

// renameTable gives t another name; constraints that were named after the table follow.
func renameTable(t *catalog.Table, name string) {
	for i := range t.Checks {
		if n, ok := checkNumber(t.Name, t.Checks[i].Name); ok {
			t.Checks[i].Name = fmt.Sprintf("%s_chk_%d", name, n)
		}
	}
	from := t.Name
	t.Name = name
	catalog.RenameForeignKeys(t, from)
}

// freeChecks checks that no other table has a constraint of the same name: they share the database's names.
func freeChecks(cat *catalog.Catalog, t *catalog.Table) error {
	if len(t.Checks) == 0 {
		return nil
	}
	taken := map[string]bool{}
	for _, o := range cat.Tables() {
		if o.ID == t.ID {
			continue
		}
		for _, c := range o.Checks {
			taken[strings.ToLower(c.Name)] = true
		}
	}
	for _, c := range t.Checks {
		if taken[strings.ToLower(c.Name)] {
			return base.Errorf(errno.CheckDuplicate, "Duplicate check constraint name '%s'.", c.Name)
		}
	}
	return nil
}

// checksOf returns all CHECK clauses of a CREATE TABLE in the order they were written, with the column each stands beside.
func checksOf(n *ast.CreateTable) (defs []*ast.CheckDef, columns []string) {
	type entry struct {
		def    *ast.CheckDef
		column string
	}
	var all []entry
	for i := range n.Columns {
		for j := range n.Columns[i].Check {
			all = append(all, entry{&n.Columns[i].Check[j], n.Columns[i].Name})
		}
	}
	for i := range n.Checks {
		all = append(all, entry{&n.Checks[i], ""})
	}
	slices.SortStableFunc(all, func(a, b entry) int { return int(a.def.At) - int(b.def.At) })
	for _, e := range all {
		defs, columns = append(defs, e.def), append(columns, e.column)
	}
	return defs, columns
}

// generatedOf checks what a generated column may not have and returns how it is computed.
func generatedOf(c *ast.ColumnDef) (*catalog.Generated, error) {
	wrong := ""
	switch {
	case c.AutoIncrement:
		wrong = "AUTO_INCREMENT"
	case c.Default != nil, c.OnUpdateNow:
		return nil, base.Errorf(errno.WrongUsage, "Incorrect usage of DEFAULT and generated column")
	case c.PrimaryKey && !c.Stored:
		wrong = "Defining a virtual generated column as primary key"
	}
	if wrong != "" {
		return nil, base.Errorf(errno.GeneratedUnsupported, "'%s' is not supported for generated columns.", wrong)
	}
	return &catalog.Generated{SQL: strings.TrimSpace(c.GeneratedText), Stored: c.Stored}, nil
}

// functionalPart adds the hidden column that a functional key part indexes.
func (r *run) functionalPart(t *catalog.Table, ic ast.IndexColumn, kind string) (*catalog.Column, error) {
	if kind == "PRIMARY" {
		return nil, base.Errorf(errno.FunctionalPrimary, "The primary key cannot be a functional index")
	}
	if _, plain := ic.Expr.(*ast.ColumnRef); plain {
		return nil, base.Errorf(errno.FunctionalField, "Functional index on a column is not supported. Consider using a regular index instead.")
	}
	e, err := plan.RowExpr(r.s.planEnv(nil, nil, nil), t, ic.Expr, "functional index")
	if err != nil {
		return nil, err
	}
	typ := storedType(e.Type())
	if !catalog.Defaultable(typ) {
		return nil, base.Errorf(errno.FunctionalLob, "Cannot create a functional index on an expression that returns a BLOB or TEXT. Please consider using CAST.")
	}
	t.NextColumnID++
	t.Columns = append(t.Columns, catalog.Column{ID: t.NextColumnID, Name: fmt.Sprintf("(key part %d)", t.NextColumnID), Type: typ, Hidden: true,
		Generated: &catalog.Generated{SQL: strings.TrimSpace(ic.Text)}})
	return &t.Columns[len(t.Columns)-1], nil
}

// storedType is the type of a column that holds the values of an expression, as CREATE TABLE … AS SELECT makes it.
func storedType(t base.Type) base.Type {
	t.Bool = false
	switch {
	case t.ID == base.TypeNull:
		return base.Type{ID: base.TypeBinary}
	case t.ID == base.TypeChar || t.ID == base.TypeVarchar:
		if t.ID = base.TypeVarchar; t.Length > 16383 {
			t.ID, t.Length = base.TypeLongText, 0
		}
	case t.ID == base.TypeBinary || t.ID == base.TypeVarbinary:
		if t.ID = base.TypeVarbinary; t.Length > 65535 {
			t.ID, t.Length = base.TypeLongBlob, 0
		}
	}
	return t
}
