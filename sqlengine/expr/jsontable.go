package expr

import (
	"encoding/json"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/expr/convert"
)

// maxNestedPaths is MySQL's limit on the NESTED PATH clauses of a JSON_TABLE.
const maxNestedPaths = 16

// JSONColumn is one entry of the COLUMNS list of JSON_TABLE; with Nested it is a NESTED PATH.
type JSONColumn struct {
	Name       string
	Ordinality bool
	Exists     bool
	Type       base.Type
	Path       string
	OnEmpty    JSONFallback
	OnError    JSONFallback
	Nested     []JSONColumn
}

// JSONFallback says what a column is where its path finds nothing, or nothing that fits: NULL, an error, or a default, which is
// the text of a JSON value.
type JSONFallback struct {
	Error, Default bool
	Value          string
}

// JSONTable makes the rows of JSON_TABLE.
type JSONTable struct {
	alias string
	doc   base.Type // of the document
	root  jsonLevel
	cols  []JSONColumn
}

// jsonLevel is one path that makes rows, with its columns and the levels nested in it.
type jsonLevel struct {
	path   []jsonStep
	cols   []jsonLeaf
	nested []jsonLevel
}

type jsonLeaf struct {
	JSONColumn
	at               int // of the row
	path             []jsonStep
	onEmpty, onError any // the trees of the defaults
}

// NewJSONTable checks the call JSON_TABLE(document, path COLUMNS (cols)) AS alias.
//
// Errors: 3143 invalid path, 1067 invalid default, 3670 too many nested paths.
func NewJSONTable(alias string, doc base.Type, path string, cols []JSONColumn) (*JSONTable, error) {
	t := &JSONTable{alias: alias, doc: doc}
	nested := 0
	err := t.level(&t.root, path, cols, &nested)
	return t, err
}

// Columns returns the columns of the rows.
func (t *JSONTable) Columns() []JSONColumn { return t.cols }

func (t *JSONTable) level(l *jsonLevel, path string, cols []JSONColumn, nested *int) (err error) {
	if l.path, err = parsePath(path); err != nil {
		return err
	}
	for _, c := range cols {
		if c.Nested != nil {
			if *nested++; *nested > maxNestedPaths {
				return base.Errorf(errno.JSONTableNested, "More than supported %d NESTED PATHs were found in JSON_TABLE '%s'",
					maxNestedPaths, t.alias)
			}
			l.nested = append(l.nested, jsonLevel{})
			if err = t.level(&l.nested[len(l.nested)-1], c.Path, c.Nested, nested); err != nil {
				return err
			}
			continue
		}
		leaf := jsonLeaf{JSONColumn: c, at: len(t.cols)}
		switch {
		case c.Ordinality:
			leaf.Type = base.Type{ID: base.TypeInt, Unsigned: true}
		default:
			if leaf.path, err = parsePath(c.Path); err != nil {
				return err
			}
		}
		if leaf.onEmpty, err = jsonDefault(c.Name, c.OnEmpty); err != nil {
			return err
		}
		if leaf.onError, err = jsonDefault(c.Name, c.OnError); err != nil {
			return err
		}
		l.cols, t.cols = append(l.cols, leaf), append(t.cols, leaf.JSONColumn)
	}
	return nil
}

func jsonDefault(column string, f JSONFallback) (any, error) {
	if !f.Default {
		return nil, nil
	}
	tree, err := convert.ParseJSON(f.Value)
	if err != nil {
		return nil, base.Errorf(errno.InvalidDefault, "Invalid default value for '%s'", column)
	}
	return tree, nil
}

// Rows yields the rows for a document; none for NULL.
//
// Errors: 3141 not JSON; 3665, 3666 and 3669 of columns with ERROR ON …; those of yield.
func (t *JSONTable) Rows(ctx *Context, args []base.Value, yield func([]base.Value) error) error {
	if args[0].IsNull() {
		return nil
	}
	parse := convert.ParseJSON
	if t.doc.Class() == base.JSON {
		parse = convert.ParseStoredJSON
	}
	tree, jerr := parse(convert.Format(args[0], t.doc))
	if jerr != nil {
		return jerr.InArgument(1, "json_table")
	}
	r := jsonRows{t: t, ctx: ctx, row: make([]base.Value, len(t.cols)), yield: yield}
	_, err := r.level(&t.root, tree)
	return err
}

type jsonRows struct {
	t     *JSONTable
	ctx   *Context
	row   []base.Value
	yield func([]base.Value) error
}

// level yields the rows that one path makes of a value, and returns how many values it reached.
func (r *jsonRows) level(l *jsonLevel, v any) (n int, err error) {
	walkPath(v, l.path, func(x any) {
		if err != nil {
			return
		}
		if err = r.ctx.Ctx.Err(); err != nil {
			return
		}
		n++
		err = r.value(l, x, n)
	})
	return n, err
}

// value yields the rows of one value that a path reached: one for each row of the nested levels, which do not combine, or one.
func (r *jsonRows) value(l *jsonLevel, x any, ordinal int) error {
	for i := range l.cols {
		v, err := r.column(&l.cols[i], x, ordinal)
		if err != nil {
			return err
		}
		r.row[l.cols[i].at] = v
	}
	rows := 0
	for i := range l.nested {
		for j := range l.nested {
			r.clear(&l.nested[j])
		}
		n, err := r.level(&l.nested[i], x)
		if err != nil {
			return err
		}
		rows += n
	}
	if rows > 0 {
		return nil
	}
	for j := range l.nested {
		r.clear(&l.nested[j])
	}
	return r.yield(r.row)
}

func (r *jsonRows) clear(l *jsonLevel) {
	for i := range l.cols {
		r.row[l.cols[i].at] = base.Value{}
	}
	for i := range l.nested {
		r.clear(&l.nested[i])
	}
}

func (r *jsonRows) column(c *jsonLeaf, x any, ordinal int) (base.Value, error) {
	if c.Ordinality {
		return base.NewUint(uint64(ordinal)), nil
	}
	var hits []any
	walkPath(x, c.path, func(v any) { hits = append(hits, v) })
	if c.Exists {
		return r.exists(c, len(hits) > 0)
	}
	if len(hits) == 0 {
		switch {
		case c.OnEmpty.Error:
			return base.Value{}, base.Errorf(errno.JSONTableMissing, "Missing value for JSON_TABLE column '%s'", c.Name)
		case c.OnEmpty.Default:
			return r.store(c, c.onEmpty)
		}
		return base.Value{}, nil
	}
	var v any = hits
	if len(hits) == 1 && !wildcard(c.path) {
		v = hits[0]
	}
	out, err := r.store(c, v)
	switch {
	case err == nil || c.OnError.Error:
		return out, err
	case c.OnError.Default:
		return r.store(c, c.onError)
	}
	return base.Value{}, nil
}

func (r *jsonRows) exists(c *jsonLeaf, found bool) (base.Value, error) {
	if c.Type.Class() == base.JSON {
		return base.NewJSON(convert.FormatJSON(json.Number(map[bool]string{false: "0", true: "1"}[found]))), nil
	}
	v, _, err := convert.Assign(base.NewBool(found), c.Type, true, c.Name, 1)
	if err != nil {
		return base.Value{}, jsonOutOfRange(c)
	}
	return v, nil
}

func jsonOutOfRange(c *jsonLeaf) error {
	return base.Errorf(errno.JSONTableRange, "Value is out of range for JSON_TABLE's column '%s'", c.Name)
}

// store converts a part of a document to the type of a column.
func (r *jsonRows) store(c *jsonLeaf, v any) (base.Value, error) {
	if c.Type.Class() == base.JSON {
		return base.NewJSON(convert.FormatJSON(v)), nil
	}
	in, ok := jsonScalar(v, c.Type)
	if !ok {
		return base.Value{}, base.Errorf(errno.JSONTableWrong, "Can't store an array or an object in the scalar JSON_TABLE column '%s'", c.Name)
	}
	out, warning, err := convert.Assign(in, c.Type, true, c.Name, 1)
	if err != nil || warning != nil && warning.Number == errno.OutOfRange.Number {
		return base.Value{}, jsonOutOfRange(c)
	}
	return out, nil
}

// jsonScalar returns the SQL value of a scalar; ok is false for an array or an object.
func jsonScalar(v any, t base.Type) (_ base.Value, ok bool) {
	number := t.Class() != base.String && t.Class() != base.Bytes
	switch v := v.(type) {
	case nil:
		return base.Value{}, true
	case bool:
		if number {
			return base.NewBool(v), true
		}
	case string:
		return base.NewString(v), true
	case json.Number:
		if !number {
			break
		}
		text := convert.FormatJSON(v)
		if coef, scale, _, ok := base.ParseDecimal(text); ok {
			return base.NewDecimal(coef, scale), true
		}
		f, _ := convert.ParseFloat(text)
		return base.NewFloat(f), true
	default:
		return base.Value{}, false
	}
	return base.NewString(convert.FormatJSON(v)), true
}
