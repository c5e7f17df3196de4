package infoschema

import (
	"strings"
	"unicode/utf8"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
)

// Privileges is what the one user of a database may do with a column.
const Privileges = "select,insert,update,references"

// columnKeys are the elements of COLUMN_KEY.
var columnKeys = enum("COLUMN_KEY", "", "PRI", "UNI", "MUL")

// columnsTable lists the columns of tables.
var columnsTable = definition{
	name: "COLUMNS",
	columns: join(names("TABLE_CATALOG", "TABLE_SCHEMA", "TABLE_NAME", "COLUMN_NAME"), cols(
		required(unsigned("ORDINAL_POSITION", base.TypeInt)), of("COLUMN_DEFAULT", base.TypeText), required(text("IS_NULLABLE", 3)),
		of("DATA_TYPE", base.TypeLongText), of("CHARACTER_MAXIMUM_LENGTH", base.TypeBigInt), of("CHARACTER_OCTET_LENGTH", base.TypeBigInt),
		unsigned("NUMERIC_PRECISION", base.TypeBigInt), unsigned("NUMERIC_SCALE", base.TypeBigInt),
		unsigned("DATETIME_PRECISION", base.TypeInt), text("CHARACTER_SET_NAME", 64), text("COLLATION_NAME", 64),
		required(of("COLUMN_TYPE", base.TypeMediumText)), required(columnKeys), text("EXTRA", 256), text("PRIVILEGES", 154),
		required(of("COLUMN_COMMENT", base.TypeText)), required(of("GENERATION_EXPRESSION", base.TypeLongText)),
		unsigned("SRS_ID", base.TypeInt))),
	keys: schemaAndTable,
	rows: func(r *reader) ([][]base.Value, error) {
		out, err := perTable(columnRows)(r)
		if err != nil {
			return nil, err
		}
		views, err := r.views()
		if err != nil {
			return nil, err
		}
		for _, v := range views {
			rows, err := viewColumnRows(r, v)
			if err != nil {
				return nil, err
			}
			out = append(out, rows...)
		}
		for _, t := range r.virtualTables() {
			for i := range t.Columns {
				c := &t.Columns[i]
				out = append(out, columnRow(t.Schema, t.Name, i+1, &catalog.Column{Name: c.Name, Type: c.Type, NotNull: !c.Nullable}, "", ""))
			}
		}
		return out, nil
	},
}

func columnRows(r *reader, t *catalog.Table) (out [][]base.Value) {
	n := 0
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.Hidden {
			continue
		}
		n++
		if hasCollation(c.Type) && c.Type.Collation == "" { // ENUM and SET keep none of their own
			named := *c
			named.Type.Collation = tableCollation(t)
			c = &named
		}
		out = append(out, columnRow(r.Database(), t.Name, n, c, columnKey(t, c), extra(t, c)))
	}
	return out
}

func columnRow(schema, table string, position int, c *catalog.Column, key, extra string) []base.Value {
	l := lengthsOf(c.Type)
	full := catalog.TypeSQL(c.Type)
	name, _, _ := strings.Cut(full, "(")
	name, _, _ = strings.Cut(name, " ")
	charset, collation := base.Value{}, base.Value{}
	if hasCollation(c.Type) {
		of := c.Type.Collation
		if of == "" {
			of = catalog.DefaultCollation
		}
		charset, collation = str(CharsetOf(of)), str(of)
	}
	generated := ""
	if c.Generated != nil {
		generated = c.Generated.SQL
	}
	return []base.Value{str(catalogName), str(schema), str(table), str(c.Name), num(position), defaultText(c), str(yesNo(!c.NotNull)),
		str(name), l.chars, l.octets, l.precision, l.scale, l.fraction, charset, collation, str(full), elem(&columnKeys, key), str(extra),
		str(Privileges), str(c.Comment), str(generated), {}}
}

func hasCollation(t base.Type) bool {
	return t.Class() == base.String || t.ID == base.TypeEnum || t.ID == base.TypeSet
}

// lengths are the columns of COLUMNS that say how large the values of a type are.
type lengths struct{ chars, octets, precision, scale, fraction base.Value }

// textMax is the length of the TEXT and BLOB types, in bytes.
var textMax = map[base.TypeID]int64{base.TypeTinyText: 1<<8 - 1, base.TypeText: 1<<16 - 1, base.TypeMediumText: 1<<24 - 1,
	base.TypeLongText: 1<<32 - 1, base.TypeTinyBlob: 1<<8 - 1, base.TypeBlob: 1<<16 - 1, base.TypeMediumBlob: 1<<24 - 1,
	base.TypeLongBlob: 1<<32 - 1}

// digits is NUMERIC_PRECISION of the integer types.
var digits = map[base.TypeID]int{base.TypeTinyInt: 3, base.TypeSmallInt: 5, base.TypeMediumInt: 7, base.TypeInt: 10, base.TypeBigInt: 19}

// bytesPerChar is the longest character of utf8mb4.
const bytesPerChar = 4

func lengthsOf(t base.Type) (l lengths) {
	sized := func(chars, octets int64) {
		l.chars, l.octets = base.NewInt(chars), base.NewInt(octets)
	}
	switch t.ID {
	case base.TypeTinyInt, base.TypeSmallInt, base.TypeMediumInt, base.TypeInt, base.TypeBigInt:
		l.precision, l.scale = num(digits[t.ID]), num(0)
		if t.ID == base.TypeBigInt && t.Unsigned {
			l.precision = num(20)
		}
	case base.TypeDecimal:
		l.precision, l.scale = num(int(t.Precision)), num(int(t.Scale))
	case base.TypeFloat:
		l.precision = num(12)
	case base.TypeDouble:
		l.precision = num(22)
	case base.TypeBit:
		l.precision = num(t.Length)
	case base.TypeChar, base.TypeVarchar:
		sized(int64(t.Length), int64(t.Length)*bytesPerChar)
	case base.TypeBinary, base.TypeVarbinary, base.TypeVector:
		sized(int64(t.Length), int64(t.Length))
	case base.TypeUUID:
		sized(16, 16)
	case base.TypeEnum, base.TypeSet:
		n := elemsLength(t)
		sized(n, n*bytesPerChar)
	case base.TypeTime, base.TypeDateTime, base.TypeTimestamp:
		l.fraction = num(int(t.Scale))
	default:
		if n, ok := textMax[t.ID]; ok {
			sized(n, n)
		}
	}
	return l
}

// elemsLength returns the characters of the longest value of an ENUM or SET.
func elemsLength(t base.Type) int64 {
	longest, total := 0, len(t.Elems)-1
	for _, e := range t.Elems {
		n := utf8.RuneCountInString(e)
		longest, total = max(longest, n), total+n
	}
	if t.ID == base.TypeSet {
		return int64(total)
	}
	return int64(longest)
}

// columnKey is COLUMN_KEY: PRI, UNI or MUL. A unique key without NULL counts as primary where there is no primary key
// (MySQL 8.0 manual, "SHOW COLUMNS Statement").
func columnKey(t *catalog.Table, c *catalog.Column) string {
	keys, best := keysOf(t), ""
	for i, k := range keys {
		for n, p := range k.parts {
			switch {
			case p.Column != c.ID:
			case k.primary || i == 0 && k.unique && !k.nullable(t):
				return "PRI"
			case n == 0 && k.unique && len(k.parts) == 1:
				best = "UNI"
			case n == 0 && best == "":
				best = "MUL"
			}
		}
	}
	return best
}

func extra(t *catalog.Table, c *catalog.Column) string {
	var parts []string
	if c.ID == t.AutoIncrement {
		parts = append(parts, "auto_increment")
	}
	if c.Default != nil && c.Default.Expr {
		parts = append(parts, "DEFAULT_GENERATED")
	}
	switch {
	case c.Generated == nil:
	case c.Generated.Stored:
		parts = append(parts, "STORED GENERATED")
	default:
		parts = append(parts, "VIRTUAL GENERATED")
	}
	if c.OnUpdate {
		parts = append(parts, "on update CURRENT_TIMESTAMP"+fraction(c.Type))
	}
	if c.Invisible {
		parts = append(parts, "INVISIBLE")
	}
	if c.Encrypted != "" {
		parts = append(parts, "ENCRYPTED")
	}
	return strings.Join(parts, " ")
}

func fraction(t base.Type) string {
	if t.Scale == 0 {
		return ""
	}
	return "(" + string(rune('0'+t.Scale)) + ")"
}

// defaultText is COLUMN_DEFAULT: a constant without quotes, or an expression without its parentheses.
func defaultText(c *catalog.Column) base.Value {
	if c.Default == nil {
		return base.Value{}
	}
	s := c.Default.SQL
	switch {
	case c.Default.Expr && strings.HasPrefix(s, "(") && strings.HasSuffix(s, ")"):
		s = s[1 : len(s)-1]
	case !c.Default.Expr && strings.HasPrefix(s, "'"):
		s = strings.NewReplacer("''", "'", `\\`, `\`, `\n`, "\n", `\r`, "\r", `\0`, "\x00").Replace(s[1 : len(s)-1])
	}
	return str(s)
}
