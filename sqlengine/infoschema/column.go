package infoschema

import (
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// The columns below are declared as DESCRIBE shows those of MySQL 8.0.36.

func column(name string, t base.Type, nullable bool) plan.Column {
	if t.Class() == base.String {
		t.Collation = nameCollation
	}
	return plan.Column{Name: name, Type: t, Nullable: nullable}
}

// names declares nullable columns of varchar(64).
func names(list ...string) []plan.Column {
	out := make([]plan.Column, len(list))
	for i, n := range list {
		out[i] = text(n, 64)
	}
	return out
}

func text(name string, length int) plan.Column {
	return column(name, base.Type{ID: base.TypeVarchar, Length: length}, true)
}

func of(name string, id base.TypeID) plan.Column { return column(name, base.Type{ID: id}, true) }

func unsigned(name string, id base.TypeID) plan.Column {
	return column(name, base.Type{ID: id, Unsigned: true}, true)
}

func enum(name string, elems ...string) plan.Column {
	return column(name, base.Type{ID: base.TypeEnum, Elems: elems}, true)
}

func binary(name string) plan.Column { return of(name, base.TypeBinary) }

// required says that a column holds no NULL.
func required(c plan.Column) plan.Column {
	c.Nullable = false
	return c
}

// join puts columns one after the other.
func join(parts ...[]plan.Column) []plan.Column {
	var out []plan.Column
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

func cols(list ...plan.Column) []plan.Column { return list }

// str is a string value.
func str(s string) base.Value { return base.NewString(s) }

func num(n int) base.Value { return base.NewUint(uint64(n)) }

// elem is the value of an ENUM column: the number of the element.
func elem(c *plan.Column, s string) base.Value {
	for i, e := range c.Type.Elems {
		if e == s {
			return base.NewUint(uint64(i + 1))
		}
	}
	return base.NewUint(0)
}

func yesNo(b bool) string {
	if b {
		return "YES"
	}
	return "NO"
}
