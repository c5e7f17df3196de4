package catalog

import (
	"fmt"
	"slices"
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/collation"
)

// QuoteName writes an identifier in backticks, as SHOW CREATE does.
func QuoteName(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// QuoteString writes a string literal.
func QuoteString(s string) string {
	r := strings.NewReplacer("'", "''", "\\", "\\\\", "\n", "\\n", "\r", "\\r", "\x00", "\\0")
	return "'" + r.Replace(s) + "'"
}

// TypeSQL writes a type as SHOW CREATE TABLE and information_schema.COLUMNS.COLUMN_TYPE of MySQL 8.0 do.
func TypeSQL(t base.Type) string {
	name := typeName(t)
	if t.Unsigned && t.ID != base.TypeBit {
		name += " unsigned"
	}
	return name
}

func typeName(t base.Type) string {
	switch t.ID {
	case base.TypeTinyInt:
		if t.Bool {
			return "tinyint(1)"
		}
		return "tinyint"
	case base.TypeDecimal:
		return fmt.Sprintf("decimal(%d,%d)", t.Precision, t.Scale)
	case base.TypeChar, base.TypeVarchar, base.TypeBinary, base.TypeVarbinary, base.TypeBit, base.TypeVector:
		return fmt.Sprintf("%s(%d)", plainName(t.ID), t.Length)
	case base.TypeTime, base.TypeDateTime, base.TypeTimestamp:
		if t.Scale > 0 {
			return fmt.Sprintf("%s(%d)", plainName(t.ID), t.Scale)
		}
	case base.TypeEnum, base.TypeSet:
		quoted := make([]string, len(t.Elems))
		for i, e := range t.Elems {
			quoted[i] = QuoteString(e)
		}
		return plainName(t.ID) + "(" + strings.Join(quoted, ",") + ")"
	}
	return plainName(t.ID)
}

func plainName(id base.TypeID) string {
	names := [...]string{"null", "tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "float", "double", "char",
		"varchar", "tinytext", "text", "mediumtext", "longtext", "binary", "varbinary", "tinyblob", "blob", "mediumblob",
		"longblob", "date", "time", "datetime", "timestamp", "year", "json", "enum", "set", "bit", "uuid", "vector"}
	if int(id) >= len(names) {
		return "unknown"
	}
	return names[id]
}

// CreateSQL writes the statement that makes t, in the layout of MySQL's SHOW CREATE TABLE. autoInc is the next
// AUTO_INCREMENT value, shown when above 1.
func CreateSQL(t *Table, autoInc uint64) string {
	var lines []string
	for i := range t.Columns {
		if !t.Columns[i].Hidden {
			lines = append(lines, "  "+columnSQL(t, &t.Columns[i]))
		}
	}
	if !HiddenKey(t) {
		lines = append(lines, "  PRIMARY KEY ("+partsSQL(t, t.Primary)+")")
	}
	for _, ix := range SortedIndexes(t) {
		kind := "KEY"
		if ix.Unique {
			kind = "UNIQUE KEY"
		}
		lines = append(lines, "  "+kind+" "+QuoteName(ix.Name)+" ("+partsSQL(t, ix.Parts)+")"+indexOptions(ix))
	}
	for i := range t.Texts {
		lines = append(lines, "  "+textSQL(t, &t.Texts[i]))
	}
	for i := range t.ForeignKeys {
		lines = append(lines, "  "+ForeignKeySQL(t, &t.ForeignKeys[i]))
	}
	for _, c := range t.Checks {
		line := "  CONSTRAINT " + QuoteName(c.Name) + " CHECK (" + c.SQL + ")"
		if c.NotEnforced {
			line += " /*!80016 NOT ENFORCED */"
		}
		lines = append(lines, line)
	}
	create := "CREATE TABLE "
	if t.Temporary {
		create = "CREATE TEMPORARY TABLE "
	}
	s := create + QuoteName(t.Name) + " (\n" + strings.Join(lines, ",\n") + "\n) ENGINE=InnoDB"
	if autoInc > 1 {
		s += fmt.Sprintf(" AUTO_INCREMENT=%d", autoInc)
	}
	s += " DEFAULT CHARSET=" + collation.Of(t.Collation).Charset + " COLLATE=" + tableCollation(t)
	for _, o := range t.Options {
		s += " " + o.Name + "=" + o.SQL
	}
	if t.Comment != "" {
		s += " COMMENT=" + QuoteString(t.Comment)
	}
	if t.TTL != "" {
		s += " WITH (ttl = " + QuoteString(t.TTL) + ")"
	}
	return s
}

func indexOptions(ix *Index) string {
	s := ""
	if ix.Using != "" {
		s += " USING " + ix.Using
	}
	if ix.Comment != "" {
		s += " COMMENT " + QuoteString(ix.Comment)
	}
	if ix.Invisible {
		s += " /*!80000 INVISIBLE */"
	}
	return s
}

// HiddenKey reports whether t was declared without a primary key.
func HiddenKey(t *Table) bool {
	i := t.ColumnByID(t.Primary[0].Column)
	return i >= 0 && t.Columns[i].Hidden && t.Columns[i].Generated == nil
}

// DefaultCollation is the collation of tables and columns that name none: binary, fast and exact.
const DefaultCollation = collation.Default

func tableCollation(t *Table) string {
	if t.Collation != "" {
		return t.Collation
	}
	return DefaultCollation
}

func columnSQL(t *Table, c *Column) string {
	s := QuoteName(c.Name) + " " + TypeSQL(c.Type)
	if c.Type.Collation != "" && c.Type.Collation != tableCollation(t) {
		s += " COLLATE " + c.Type.Collation
	}
	if c.Generated != nil {
		s += " GENERATED ALWAYS AS (" + c.Generated.SQL + ")"
		if c.Generated.Stored {
			s += " STORED"
		} else {
			s += " VIRTUAL"
		}
	}
	if c.NotNull {
		s += " NOT NULL"
	} else if c.Type.ID == base.TypeTimestamp {
		s += " NULL"
	}
	switch {
	case c.ID == t.AutoIncrement:
		s += " AUTO_INCREMENT"
	case c.Default != nil:
		s += " DEFAULT " + c.Default.SQL
	case c.Generated != nil:
	case !c.NotNull && !c.NoDefault && (Defaultable(c.Type) || c.Type.ID == base.TypeJSON):
		s += " DEFAULT NULL"
	}
	if c.OnUpdate {
		s += " ON UPDATE CURRENT_TIMESTAMP"
		if c.Type.Scale > 0 {
			s += fmt.Sprintf("(%d)", c.Type.Scale)
		}
	}
	if c.Invisible {
		s += " /*!80023 INVISIBLE */"
	}
	if c.Encrypted != "" {
		s += " ENCRYPTED" // not in a comment: whoever cannot encrypt is not to take the table
	}
	if c.Comment != "" {
		s += " COMMENT " + QuoteString(c.Comment)
	}
	return s
}

// Defaultable reports whether a column of the type can have a constant default: not TEXT, BLOB and
// JSON.
func Defaultable(t base.Type) bool {
	switch t.ID {
	case base.TypeTinyText, base.TypeText, base.TypeMediumText, base.TypeLongText, base.TypeTinyBlob, base.TypeBlob,
		base.TypeMediumBlob, base.TypeLongBlob, base.TypeJSON:
		return false
	}
	return true
}

func partsSQL(t *Table, parts []KeyPart) string {
	out := make([]string, len(parts))
	for i, p := range parts {
		c := &t.Columns[t.ColumnByID(p.Column)]
		if out[i] = QuoteName(c.Name); c.Hidden && c.Generated != nil {
			out[i] = "(" + c.Generated.SQL + ")"
		}
		if p.Prefix > 0 {
			out[i] += fmt.Sprintf("(%d)", p.Prefix)
		}
		if p.Desc {
			out[i] += " DESC"
		}
	}
	return strings.Join(out, ",")
}

// SortedIndexes returns the indexes of t in the order in which MySQL keeps and shows them: unique keys without NULL, other
// unique keys, the rest; keys with a prefix part last among the unique ones, else as declared (MySQL 8.0, sort_keys).
func SortedIndexes(t *Table) []*Index {
	out := make([]*Index, len(t.Indexes))
	rank := make(map[*Index]int, len(t.Indexes))
	for i := range t.Indexes {
		ix := &t.Indexes[i]
		out[i] = ix
		if !ix.Unique {
			rank[ix] = 4
			continue
		}
		for _, p := range ix.Parts {
			if !t.Columns[t.ColumnByID(p.Column)].NotNull {
				rank[ix] |= 2
			}
			if p.Prefix > 0 {
				rank[ix] |= 1
			}
		}
	}
	slices.SortStableFunc(out, func(a, b *Index) int { return rank[a] - rank[b] })
	return out
}
