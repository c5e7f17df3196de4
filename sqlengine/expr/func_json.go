package expr

import (
	"encoding/json"
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/expr/convert"
)

var jsonFunctions = []*function{
	{name: "JSON_EXTRACT", min: 2, max: -1, build: buildJSONExtract},
	{name: "->>", min: 2, max: 2, build: func(c *call) error {
		x, err := Call("JSON_EXTRACT", c.args...)
		if err != nil {
			return err
		}
		c.in = []Expr{x}
		return buildJSONUnquote(c)
	}},
	{name: "JSON_UNQUOTE", min: 1, max: 1, build: buildJSONUnquote},
	{name: "JSON_QUOTE", min: 1, max: 1, build: buildJSONQuote},
	{name: "JSON_SCALAR", min: 1, max: 1, build: buildJSONScalar},
	{name: "JSON_OBJECT", max: -1, build: buildJSONMake},
	{name: "JSON_ARRAY", max: -1, build: buildJSONMake},
	{name: "JSON_LENGTH", min: 1, max: 2, build: aboutValue(typeInt, func(r *row, v any) { r.setInt(jsonLength(v)) })},
	{name: "JSON_KEYS", min: 1, max: 2, build: aboutValue(typeJSON, func(r *row, v any) {
		object, ok := v.(map[string]any)
		if !ok {
			r.setNull()
			return
		}
		keys := []any{}
		for _, k := range convert.SortedKeys(object) {
			keys = append(keys, k)
		}
		r.setStr(convert.FormatJSON(keys))
	})},
	{name: "JSON_DEPTH", min: 1, max: 1, build: aboutValue(typeInt, func(r *row, v any) { r.setInt(jsonDepth(v)) })},
	{name: "JSON_TYPE", min: 1, max: 1, build: aboutValue(base.Type{ID: base.TypeVarchar, Length: 51}, func(r *row, v any) { r.setStr(jsonTypeName(v)) })},
	{name: "JSON_PRETTY", min: 1, max: 1, build: aboutValue(typeLongText, func(r *row, v any) { r.setStr(prettyJSON(v)) })},
	{name: "JSON_STORAGE_SIZE", min: 1, max: 1, build: aboutValue(typeInt, func(r *row, v any) { r.setInt(1 + storageSize(v)) })},
	{name: "JSON_STORAGE_FREE", min: 1, max: 1, build: aboutValue(typeInt, func(r *row, _ any) { r.setInt(0) })},
	{name: "JSON_VALID", min: 1, max: 1, build: buildJSONValid},
}

// jsonArg makes operand i the text of a document.
//
// Errors: 3146 for what is neither a string nor JSON, 3144 for binary strings.
func (c *call) jsonArg(i int) error {
	t := c.in[i].Type()
	switch {
	case t.Class() == base.JSON:
		return nil
	case t.ID == base.TypeNull, isString(t):
		c.in[i] = implicit(c.in[i], typeLongText)
		return nil
	case isBinary(t):
		return base.Errorf(errno.InvalidJSONCharset, "Cannot create a JSON value from a string with CHARACTER SET 'binary'.")
	}
	return base.Errorf(errno.InvalidTypeForJSON, "Invalid data type for JSON data in argument %d to function %s; a JSON string or JSON type is required.",
		i+1, c.jsonName())
}

// jsonName is the name that messages have.
func (c *call) jsonName() string {
	switch name := strings.ToLower(c.fn.name); name {
	case "->>":
		return "json_unquote"
	case "json_merge":
		return "json_merge_preserve"
	default:
		return name
	}
}

// document parses operand k as a JSON document.
//
// Errors: 3141 not JSON, 3157 nested too deep.
func (r *row) document(k int) (any, error) {
	parse := convert.ParseJSON
	if r.ops[k].v.Class == base.JSON {
		parse = convert.ParseStoredJSON
	}
	tree, err := parse(r.str(k))
	if err != nil {
		return nil, err.InArgument(k+1, r.c.jsonName())
	}
	return tree, nil
}

// path parses operand k as a path.
//
// Errors: 3143.
func (r *row) path(k int) ([]jsonStep, error) {
	s := r.str(k)
	if p, ok := r.paths[s]; ok {
		return p, nil
	}
	p, err := parsePath(s)
	if err != nil {
		return nil, err
	}
	if r.paths == nil || len(r.paths) > 64 {
		r.paths = map[string][]jsonStep{}
	}
	r.paths[s] = p
	return p, nil
}

// plainPath is path for functions whose paths lead to one value.
//
// Errors: 3143, 3149.
func (r *row) plainPath(k int) ([]jsonStep, error) {
	p, err := r.path(k)
	if err == nil && wildcard(p) {
		err = base.Errorf(errno.JSONPathWildcard, "In this situation, path expressions may not contain the * and ** tokens or an array range.")
	}
	return p, err
}

// pathsFrom makes texts of the operands from i on.
func (c *call) pathsFrom(i int) {
	for ; i < len(c.in); i++ {
		c.in[i] = implicit(c.in[i], typeLongText)
	}
}

// setJSON stores a document.
func (r *row) setJSON(v any) { r.setStr(convert.FormatJSON(v)) }

// buildJSONExtract is JSON_EXTRACT(doc, path, …) and doc->path: several paths or wildcards give an array.
func buildJSONExtract(c *call) error {
	if err := c.jsonArg(0); err != nil {
		return err
	}
	c.pathsFrom(1)
	c.typ, c.null = typeJSON, true
	c.eval = rows(true, func(r *row) error {
		doc, err := r.document(0)
		if err != nil {
			return err
		}
		var hits []any
		many := len(r.ops) > 2
		for k := 1; k < len(r.ops); k++ {
			path, err := r.path(k)
			if err != nil {
				return err
			}
			many = many || wildcard(path)
			walkPath(doc, path, func(v any) { hits = append(hits, v) })
		}
		switch {
		case len(hits) == 0:
			r.setNull()
		case many:
			r.setJSON(hits)
		default:
			r.setJSON(hits[0])
		}
		return nil
	})
	return nil
}

// stringArg is error 3064 for an operand that is neither text nor, if json is allowed, JSON.
func (c *call) stringArg(json bool) error {
	t := c.in[0].Type()
	if isString(t) || t.ID == base.TypeNull || json && t.Class() == base.JSON {
		return nil
	}
	return base.Errorf(errno.IncorrectType, "Incorrect type for argument 1 in function %s.", c.jsonName())
}

func buildJSONUnquote(c *call) error {
	if err := c.stringArg(true); err != nil {
		return err
	}
	if c.in[0].Type().Class() != base.JSON {
		c.in[0] = implicit(c.in[0], typeLongText)
	}
	c.typ, c.null = typeLongText, c.in[0].Nullable()
	c.eval = rows(true, func(r *row) error {
		s := r.str(0)
		if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
			r.setStr(s)
			return nil
		}
		v, err := r.document(0)
		if err != nil {
			return err
		}
		text, _ := v.(string)
		r.setStr(text)
		return nil
	})
	return nil
}

func buildJSONQuote(c *call) error {
	if err := c.stringArg(false); err != nil {
		return err
	}
	c.in[0] = implicit(c.in[0], typeLongText)
	c.typ = typeLongText
	c.eval = rows(true, func(r *row) error { r.setStr(convert.JSONQuote(r.str(0))); return nil })
	return nil
}

// jsonValues remembers the declared types of the operands, which say what they are in a document.
func (c *call) jsonValues() []base.Type {
	types := make([]base.Type, len(c.args))
	for i, a := range c.args {
		types[i] = a.Type()
	}
	return types
}

// tree is operand k as a part of a document: NULL is null, text a string.
func (r *row) tree(k int, t base.Type) (any, error) {
	if r.null(k) {
		return nil, nil
	}
	v, err := convert.ToJSONTree(r.value(k), t)
	if err != nil {
		return nil, err.InArgument(k+1, r.c.jsonName())
	}
	return v, nil
}

func buildJSONScalar(c *call) error {
	types := c.jsonValues()
	c.typ = typeJSON
	c.eval = rows(true, func(r *row) error {
		v, err := r.tree(0, types[0])
		if err == nil {
			r.setJSON(v)
		}
		return err
	})
	return nil
}

// buildJSONMake is JSON_ARRAY and JSON_OBJECT.
func buildJSONMake(c *call) error {
	object := c.fn.name == "JSON_OBJECT"
	if object && len(c.args)%2 == 1 {
		return base.Errorf(errno.WrongParamCount, "Incorrect parameter count in the call to native function '%s'", c.fn.name)
	}
	c.typ, c.null = typeJSON, false
	types := c.jsonValues()
	c.eval = rows(false, func(r *row) error {
		list := make([]any, len(r.ops))
		members := map[string]any{}
		for k := range r.ops {
			if object && k%2 == 0 {
				if r.null(k) {
					return base.Errorf(errno.JSONNullKey, "JSON documents may not contain NULL member names.")
				}
				continue
			}
			tree, err := r.tree(k, types[k])
			if err != nil {
				return err
			}
			list[k] = tree
			if object {
				members[convert.Format(r.value(k-1), types[k-1])] = tree
			}
		}
		if object {
			r.setJSON(members)
		} else {
			r.setJSON(list)
		}
		return nil
	})
	return nil
}

// aboutValue is a function of a document, or of what a path in it leads to; NULL when it leads nowhere.
func aboutValue(result base.Type, f func(r *row, v any)) func(*call) error {
	return func(c *call) error {
		if err := c.jsonArg(0); err != nil {
			return err
		}
		c.pathsFrom(1)
		c.typ = result
		c.null = c.null || len(c.args) > 1 || c.fn.name == "JSON_KEYS"
		c.eval = rows(true, func(r *row) error {
			v, err := r.document(0)
			if err != nil {
				return err
			}
			if r.has(1) {
				path, err := r.plainPath(1)
				if err != nil {
					return err
				}
				var ok bool
				if v, ok = firstHit(v, path); !ok {
					r.setNull()
					return nil
				}
			}
			f(r, v)
			return nil
		})
		return nil
	}
}

func jsonLength(v any) int64 {
	switch v := v.(type) {
	case []any:
		return int64(len(v))
	case map[string]any:
		return int64(len(v))
	}
	return 1
}

// jsonDepth is 1 for scalars and for what is empty.
func jsonDepth(v any) int64 {
	deepest := int64(0)
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			deepest = max(deepest, jsonDepth(x))
		}
	case map[string]any:
		for _, x := range v {
			deepest = max(deepest, jsonDepth(x))
		}
	}
	return deepest + 1
}

func buildJSONValid(c *call) error {
	c.typ = typeBool
	if cl := c.args[0].Type().Class(); cl != base.JSON && cl != base.String && cl != base.Null {
		c.eval = rows(true, func(r *row) error { r.setBool(false); return nil })
		return nil
	}
	if c.args[0].Type().ID == base.TypeNull {
		c.in[0] = implicit(c.in[0], typeLongText)
	}
	c.eval = rows(true, func(r *row) error {
		_, err := convert.ParseJSON(r.str(0))
		r.setBool(err == nil)
		return nil
	})
	return nil
}

// jsonTypeName is MySQL's word for the kind of a value. A number with a point is a DOUBLE if it is written as one is.
func jsonTypeName(v any) string {
	switch v := v.(type) {
	case bool:
		return "BOOLEAN"
	case string:
		return "STRING"
	case []any:
		return "ARRAY"
	case map[string]any:
		return "OBJECT"
	case json.Number:
		return numberTypeName(string(v))
	}
	return "NULL"
}

func numberTypeName(s string) string {
	if coef, scale, _, ok := base.ParseDecimal(s); ok && scale == 0 && !strings.ContainsAny(s, ".eE") {
		if _, fits := coef.Int64(); fits {
			return "INTEGER"
		}
		if coef.Hi == 0 {
			return "UNSIGNED INTEGER"
		}
		return "DECIMAL"
	}
	if f, _ := convert.ParseFloat(s); convert.FloatJSON(f) == s {
		return "DOUBLE"
	}
	return "DECIMAL"
}
