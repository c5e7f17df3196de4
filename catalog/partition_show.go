package catalog

import (
	"fmt"
	"strings"
)

// PartitionSQL writes the clause that divides t, in the layout of MySQL's SHOW CREATE TABLE and with the line break before
// it; "" for a table without partitions. reserved reports whether a name has to be quoted because it is a reserved word.
func PartitionSQL(t *Table, reserved func(name string) bool) string {
	p := t.Partitioning
	if p == nil {
		return ""
	}
	name := func(s string) string {
		if plainIdentifier(s) && !reserved(s) {
			return s
		}
		return QuoteName(s)
	}
	version := "50100"
	if p.ByColumns() && p.Method != PartitionKey {
		version = "50500"
	}
	s := "\n/*!" + version + " PARTITION BY " + p.methodSQL(t, name)
	if p.Method == PartitionHash || p.Method == PartitionKey {
		if !p.Listed {
			return s + fmt.Sprintf("\nPARTITIONS %d */", len(p.Parts))
		}
	}
	for i := range p.Parts {
		s += map[bool]string{true: "\n(", false: ",\n "}[i == 0] + p.partSQL(&p.Parts[i], name)
	}
	return s + ") */"
}

func (p *Partitioning) methodSQL(t *Table, name func(string) string) string {
	s := p.Method
	if p.Linear {
		s = "LINEAR " + s
	}
	if !p.ByColumns() {
		return s + " (" + p.SQL + ")"
	}
	switch {
	case p.Method != PartitionKey:
		s += "  COLUMNS"
	case p.Algorithm == 1:
		s += " /*!50611 ALGORITHM = 1 */ "
	default:
		s += " "
	}
	if p.Implicit {
		return s + "()"
	}
	return s + "(" + strings.Join(p.columnNames(t, name), ",") + ")"
}

func (p *Partitioning) columnNames(t *Table, name func(string) string) []string {
	names := make([]string, len(p.Columns))
	for i, id := range p.Columns {
		names[i] = name(t.Columns[t.ColumnByID(id)].Name)
	}
	return names
}

func (p *Partitioning) partSQL(q *Partition, name func(string) string) string {
	s := "PARTITION " + name(q.Name)
	switch p.Method {
	case PartitionRange:
		s += " VALUES LESS THAN "
		if d := q.Description(p); d == "MAXVALUE" && !p.ByColumns() {
			s += d
		} else {
			s += "(" + d + ")"
		}
	case PartitionList:
		s += " VALUES IN (" + q.Description(p) + ")"
	}
	if q.MaxRows > 0 {
		s += fmt.Sprintf(" MAX_ROWS = %d", q.MaxRows)
	}
	if q.MinRows > 0 {
		s += fmt.Sprintf(" MIN_ROWS = %d", q.MinRows)
	}
	if q.Comment != "" {
		s += " COMMENT = " + QuoteString(q.Comment)
	}
	return s + " ENGINE = InnoDB"
}

// Description writes the values of a RANGE or LIST partition, as information_schema shows them; "" for others.
func (q *Partition) Description(p *Partitioning) string {
	if p.Method == PartitionRange {
		return boundsSQL(q.Less)
	}
	rows := make([]string, len(q.In))
	for i, row := range q.In {
		if rows[i] = boundsSQL(row); len(row) > 1 {
			rows[i] = "(" + rows[i] + ")"
		}
	}
	return strings.Join(rows, ",")
}

func boundsSQL(row []Bound) string {
	out := make([]string, len(row))
	for i := range row {
		if out[i] = row[i].SQL; row[i].Max {
			out[i] = "MAXVALUE"
		}
	}
	return strings.Join(out, ",")
}

// Expression writes what p divides rows by, as information_schema shows it: the expression, or the names of the columns.
func (p *Partitioning) Expression(t *Table) string {
	switch {
	case !p.ByColumns():
		return p.SQL
	case p.Implicit:
		return ""
	}
	return strings.Join(p.columnNames(t, QuoteName), ",")
}

// MethodName is the method as information_schema names it: RANGE COLUMNS, LINEAR KEY.
func (p *Partitioning) MethodName() string {
	switch {
	case p.Linear:
		return "LINEAR " + p.Method
	case p.ByColumns() && p.Method != PartitionKey:
		return p.Method + " COLUMNS"
	}
	return p.Method
}

// plainIdentifier reports whether a name can stand without quotes, reserved words aside.
func plainIdentifier(s string) bool {
	digits := true
	for _, c := range []byte(s) {
		switch {
		case c >= '0' && c <= '9':
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_', c == '$':
			digits = false
		default:
			return false
		}
	}
	return s != "" && !digits
}
