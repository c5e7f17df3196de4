package ast

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/s3sql/s3sql/internal/base"
)

// Dump writes a tree on one line, for tests and for comparing trees: types with the fields that are not zero, names and
// constants as SQL spells them, without positions. A nil node is "nil".
func Dump(node any) string {
	var b strings.Builder
	dump(&b, reflect.ValueOf(node))
	return b.String()
}

func dump(b *strings.Builder, v reflect.Value) {
	if !v.IsValid() {
		b.WriteString("nil")
		return
	}
	if v.CanInterface() && dumpLeaf(b, v.Interface()) {
		return
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		dump(b, v.Elem())
	case reflect.Struct:
		dumpStruct(b, v)
	case reflect.Slice:
		b.WriteByte('[')
		for i := range v.Len() {
			if i > 0 {
				b.WriteByte(' ')
			}
			dump(b, v.Index(i))
		}
		b.WriteByte(']')
	case reflect.String:
		b.WriteString(strconv.Quote(v.String()))
	default:
		fmt.Fprint(b, v.Interface())
	}
}

// dumpLeaf writes the nodes that have a short form.
func dumpLeaf(b *strings.Builder, node any) bool {
	switch n := node.(type) {
	case *Literal:
		if n != nil {
			b.WriteString(literalText(n))
			return true
		}
	case *ColumnRef:
		if n != nil {
			for _, s := range []string{n.Schema, n.Table} {
				if s != "" {
					b.WriteString("`" + s + "`.")
				}
			}
			b.WriteString("`" + n.Name + "`")
			return true
		}
	case *Param:
		b.WriteString("?" + strconv.Itoa(n.Index) + n.Name)
		return true
	case *Binary:
		b.WriteString("(" + n.Op + " ")
		dump(b, reflect.ValueOf(n.L))
		b.WriteByte(' ')
		dump(b, reflect.ValueOf(n.R))
		b.WriteByte(')')
		return true
	case *Unary:
		b.WriteString("(" + n.Op + " ")
		dump(b, reflect.ValueOf(n.X))
		b.WriteByte(')')
		return true
	case base.Type:
		b.WriteString(typeText(n))
		return true
	}
	return false
}

func dumpStruct(b *strings.Builder, v reflect.Value) {
	t := v.Type()
	b.WriteString(t.Name() + "{")
	first := true
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Type == reflect.TypeFor[Pos]() || v.Field(i).IsZero() {
			continue
		}
		if !first {
			b.WriteByte(' ')
		}
		first = false
		b.WriteString(f.Name)
		if f.Type.Kind() == reflect.Bool {
			continue
		}
		b.WriteByte(':')
		dump(b, v.Field(i))
	}
	b.WriteByte('}')
}

// literalText writes a constant with its class where the text alone does not show it.
func literalText(l *Literal) string {
	switch v := l.Value; v.Class() {
	case base.Null:
		return "NULL"
	case base.Int:
		if l.Type.Bool {
			return strings.ToUpper(strconv.FormatBool(v.Int() != 0))
		}
		return strconv.FormatInt(v.Int(), 10)
	case base.Uint:
		return strconv.FormatUint(v.Uint(), 10) + "u"
	case base.Float:
		return strconv.FormatFloat(v.Float(), 'e', -1, 64)
	case base.Decimal:
		coef, scale := v.Decimal()
		return fmt.Sprintf("%s(%d,%d)", base.AppendDecimal(nil, coef, scale), l.Type.Precision, l.Type.Scale)
	case base.String:
		q := strconv.Quote(v.Text())
		return "'" + strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`) + "'"
	case base.Bytes:
		return fmt.Sprintf("x'%X'", v.Text())
	case base.Date:
		return "DATE'" + string(base.AppendDate(nil, v.Int())) + "'"
	case base.Time:
		return "TIME'" + string(base.AppendTime(nil, v.Int(), l.Type.Scale)) + "'"
	case base.DateTime:
		return "TIMESTAMP'" + string(base.AppendDateTime(nil, v.Int(), l.Type.Scale)) + "'"
	default:
		return "?" + v.Class().String()
	}
}

func typeText(t base.Type) string {
	s := fmt.Sprintf("type%d", t.ID)
	if int(t.ID) < len(typeNames) {
		s = typeNames[t.ID]
	}
	switch {
	case t.Length > 0:
		s += fmt.Sprintf("(%d)", t.Length)
	case t.Precision > 0:
		s += fmt.Sprintf("(%d,%d)", t.Precision, t.Scale)
	case t.Scale > 0:
		s += fmt.Sprintf("(%d)", t.Scale)
	case t.Elems != nil:
		s += fmt.Sprintf("%q", t.Elems)
	}
	if t.Unsigned {
		s += " unsigned"
	}
	if t.Bool {
		s += " bool"
	}
	if t.Collation != "" {
		s += " " + t.Collation
	}
	return s
}

var typeNames = [...]string{"null", "tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "float", "double", "char", "varchar",
	"tinytext", "text", "mediumtext", "longtext", "binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob", "date", "time",
	"datetime", "timestamp", "year", "json", "enum", "set", "bit", "uuid", "vector"}
