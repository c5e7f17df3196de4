package expr

import (
	"encoding/json"
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/expr/convert"
)

var jsonValueFunctions = []*function{
	{name: "JSON_VALUE", min: 2, max: 2, build: buildJSONValue},
}

// JSONValueFallback is what JSON_VALUE gives ON EMPTY or ON ERROR: NULL (the zero value), an error, or a constant.
type JSONValueFallback struct {
	Error   bool
	Default Expr // nil: none
}

// JSONValue is JSON_VALUE(doc, path RETURNING t … ON EMPTY … ON ERROR).
//
// Errors: 3143 and 3146 at once; 3966 nothing there, 3967 several values and 3156 not of the type where the clauses say ERROR.
func JSONValue(doc, path Expr, t base.Type, onEmpty, onError JSONValueFallback) (Expr, error) {
	args := []Expr{doc, path, Const(base.Value{}, t)} // the third carries the type
	kinds := ""
	for _, f := range []JSONValueFallback{onEmpty, onError} {
		switch {
		case f.Error:
			kinds += "e"
		case f.Default != nil:
			kinds += "d"
		default:
			kinds += "n"
		}
		if f.Default == nil {
			f.Default = Const(base.Value{}, t)
		}
		args = append(args, f.Default)
	}
	return newCall(registry["JSON_VALUE"], args, kinds)
}

// defaultReturning is the type of JSON_VALUE without RETURNING.
var defaultReturning = base.Type{ID: base.TypeVarchar, Length: 512}

func buildJSONValue(c *call) error {
	c.typ, c.null = defaultReturning, true
	if c.extra == "" {
		c.extra = "nn"
	} else {
		c.typ = c.args[2].Type()
	}
	if err := c.jsonArg(0); err != nil {
		return err
	}
	k, ok := Fold(c.in[1]).(*constant)
	if !ok || !isString(k.typ) {
		return base.Errorf(errno.InvalidJSONPath, "Invalid JSON path expression. The path of JSON_VALUE has to be a constant string.")
	}
	path, err := parsePath(k.value.Text())
	if err != nil {
		return err
	}
	for i := 3; i < len(c.in); i++ {
		if !c.in[i].Nullable() {
			if c.in[i], err = Cast(c.in[i], c.typ); err != nil {
				return err
			}
		}
	}
	c.eval = rows(false, func(r *row) error {
		if r.null(0) {
			r.setNull()
			return nil
		}
		return jsonValue(r, path)
	})
	return nil
}

func jsonValue(r *row, path []jsonStep) error {
	doc, err := r.document(0)
	if err != nil {
		return r.fallback(1, err)
	}
	var hits []any
	walkPath(doc, path, func(v any) { hits = append(hits, v) })
	switch {
	case len(hits) == 0:
		return r.fallback(0, base.Errorf(errno.MissingJSONValue, "No value was found by 'json_value' on the specified path."))
	case len(hits) > 1:
		return r.fallback(1, base.Errorf(errno.MultipleJSONValues, "More than one value was found by 'json_value' on the specified path."))
	case hits[0] == nil:
		r.setNull()
		return nil
	}
	v, ok := returning(hits[0], r.c.typ)
	if !ok {
		return r.fallback(1, base.Errorf(errno.InvalidJSONForCast, "Invalid JSON value for CAST to %s from column json_value at row 1", castName(r.c.typ)))
	}
	r.out.Set(r.i, v)
	return nil
}

// fallback is what clause 0, ON EMPTY, or 1, ON ERROR, says.
func (r *row) fallback(clause int, err error) error {
	switch r.c.extra[clause] {
	case 'e':
		return err
	case 'd':
		r.out.Set(r.i, r.value(3+clause))
	default:
		r.setNull()
	}
	return nil
}

func castName(t base.Type) string {
	switch t.Class() {
	case base.Int:
		return "SIGNED"
	case base.Uint:
		return "UNSIGNED"
	case base.Float:
		return "DOUBLE"
	case base.String:
		return "CHAR"
	}
	return strings.ToUpper(t.Class().String())
}

// returning converts a JSON value to t; ok is false when it does not convert as a whole.
func returning(v any, t base.Type) (out base.Value, ok bool) {
	if t.Class() == base.JSON {
		return base.NewJSON(convert.FormatJSON(v)), true
	}
	var from base.Value
	switch v := v.(type) {
	case string:
		from = base.NewString(v)
	case bool:
		if isString(t) || isBinary(t) {
			from = base.NewString(convert.FormatJSON(v))
		} else {
			from = base.NewBool(v)
		}
	case json.Number:
		from = base.NewString(string(v))
		if f, _ := convert.ParseFloat(string(v)); t.Class() == base.Int || t.Class() == base.Uint {
			if coef, scale, _, fits := base.ParseDecimal(string(v)); fits {
				from = base.NewDecimal(coef, scale)
			} else {
				from = base.NewFloat(f)
			}
		}
	default:
		if !isString(t) && !isBinary(t) {
			return out, false
		}
		from = base.NewString(convert.FormatJSON(v))
	}
	out, warning, err := convert.Assign(from, columnType(t), true, "json_value", 1)
	return out, err == nil && (warning == nil || warning.Number == errno.Truncated.Number)
}

// columnType is the type a column has that holds values of a CAST's type.
func columnType(t base.Type) base.Type {
	switch {
	case t.ID == base.TypeDecimal && t.Precision == 0:
		t.Precision = 10
	case t.Class() == base.String && t.Length == 0:
		t.ID = base.TypeLongText
	case isBinary(t) && t.Length == 0:
		t.ID = base.TypeLongBlob
	}
	return t
}
