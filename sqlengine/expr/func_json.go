package expr

import (
	"encoding/json"
	"strconv"
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
	{name: "JSON_QUOTE", min: 1, max: 1, build: typed(typeLongText, rows(true, func(r *row) error {
		r.setStr(convert.JSONQuote(r.str(0)))
		return nil
	}), typeLongText)},
	{name: "JSON_SCALAR", min: 1, max: 1, build: buildJSONScalar},
	{name: "JSON_OBJECT", max: -1, build: buildJSONMake},
	{name: "JSON_ARRAY", max: -1, build: buildJSONMake},
	{name: "JSON_LENGTH", min: 1, max: 2, build: buildJSONLength},
	{name: "JSON_VALID", min: 1, max: 1, build: buildJSONValid},
	{name: "JSON_TYPE", min: 1, max: 1, build: buildJSONType},
}

// document parses operand k as a JSON document.
//
// Errors: 3141 not JSON.
func (r *row) document(k int) (any, error) {
	tree, err := convert.ParseJSON(r.str(k))
	if err != nil {
		return nil, base.Errorf(codeInvalidJSONArg, "Invalid JSON text in argument %d to function %s: \"%s\" at position %d.",
			k+1, strings.ToLower(r.c.fn.name), err.Reason, err.Offset)
	}
	return tree, nil
}

var (
	codeInvalidJSONArg = base.Code{Number: 3141, State: "22032", Kind: base.KindInvalid}
	codeInvalidPath    = base.Code{Number: 3143, State: "42000", Kind: base.KindInvalid}
)

// jsonStep is one leg of a path: a member, a cell, or all of them.
type jsonStep struct {
	key   string
	index int
	kind  byte // '.' member, '[' cell, '*' every member, '#' every cell, '!' any depth (**)
	last  bool // the index counts from the end
}

// parsePath reads $.a[0]."b c"[*].*[last-1]**.x.
//
// Errors: 3143.
func parsePath(s string) ([]jsonStep, error) {
	bad := func(at int) error {
		return base.Errorf(codeInvalidPath, "Invalid JSON path expression. The error is around character position %d.", at+1)
	}
	rest := strings.TrimSpace(s)
	if rest == "" || rest[0] != '$' {
		return nil, bad(0)
	}
	var out []jsonStep
	for rest = rest[1:]; rest != ""; rest = strings.TrimLeft(rest, " ") {
		at := len(s) - len(rest)
		switch {
		case strings.HasPrefix(rest, "**"):
			out, rest = append(out, jsonStep{kind: '!'}), rest[2:]
			if rest == "" {
				return nil, bad(at)
			}
		case strings.HasPrefix(rest, ".*"):
			out, rest = append(out, jsonStep{kind: '*'}), rest[2:]
		case rest[0] == '.':
			key, n := pathKey(strings.TrimLeft(rest[1:], " "))
			if n == 0 {
				return nil, bad(at)
			}
			out = append(out, jsonStep{kind: '.', key: key})
			rest = strings.TrimLeft(rest[1:], " ")[n:]
		case rest[0] == '[':
			end := strings.IndexByte(rest, ']')
			if end < 0 {
				return nil, bad(at)
			}
			step, ok := pathCell(strings.TrimSpace(rest[1:end]))
			if !ok {
				return nil, bad(at)
			}
			out, rest = append(out, step), rest[end+1:]
		default:
			return nil, bad(at)
		}
	}
	return out, nil
}

// pathKey reads a member name, bare or quoted, and returns how much of s it takes.
func pathKey(s string) (key string, n int) {
	if s != "" && s[0] == '"' {
		for i := 1; i < len(s); i++ {
			switch s[i] {
			case '\\':
				i++
			case '"':
				return convert.JSONUnquote(s[:i+1]), i + 1
			}
		}
		return "", 0
	}
	n = strings.IndexAny(s, ".[ *")
	if n < 0 {
		n = len(s)
	}
	return s[:n], n
}

func pathCell(s string) (jsonStep, bool) {
	if s == "*" {
		return jsonStep{kind: '#'}, true
	}
	step := jsonStep{kind: '['}
	if tail, ok := strings.CutPrefix(s, "last"); ok {
		step.last = true
		if tail = strings.TrimSpace(tail); tail == "" {
			return step, true
		}
		if s, ok = strings.CutPrefix(tail, "-"); !ok {
			return step, false
		}
		s = strings.TrimSpace(s)
	}
	n, err := strconv.Atoi(s)
	step.index = n
	return step, err == nil && n >= 0
}

// walkPath calls found for every value that the path reaches.
func walkPath(v any, path []jsonStep, found func(any)) {
	if len(path) == 0 {
		found(v)
		return
	}
	step, rest := path[0], path[1:]
	object, _ := v.(map[string]any)
	array, isArray := v.([]any)
	switch step.kind {
	case '.':
		if x, ok := object[step.key]; ok {
			walkPath(x, rest, found)
		}
	case '[':
		if !isArray {
			array = []any{v} // a value that is no array is an array of itself
		}
		i := step.index
		if step.last {
			i = len(array) - 1 - i
		}
		if i >= 0 && i < len(array) {
			walkPath(array[i], rest, found)
		}
	case '#':
		for _, x := range array {
			walkPath(x, rest, found)
		}
	case '*':
		for _, k := range convert.SortedKeys(object) {
			walkPath(object[k], rest, found)
		}
	case '!':
		walkPath(v, rest, found)
		for _, x := range array {
			walkPath(x, path, found)
		}
		for _, k := range convert.SortedKeys(object) {
			walkPath(object[k], path, found)
		}
	}
}

func wildcard(path []jsonStep) bool {
	for _, s := range path {
		if s.kind == '*' || s.kind == '#' || s.kind == '!' {
			return true
		}
	}
	return false
}

// buildJSONExtract is JSON_EXTRACT(doc, path, …) and doc->path: several paths or wildcards give an array.
func buildJSONExtract(c *call) error {
	c.jsonText(0)
	for i := 1; i < len(c.in); i++ {
		c.in[i] = implicit(c.in[i], typeLongText)
	}
	c.typ, c.null = typeJSON, true
	c.eval = rows(true, func(r *row) error {
		doc, err := r.document(0)
		if err != nil {
			return err
		}
		var hits []any
		many := len(r.ops) > 2
		for k := 1; k < len(r.ops); k++ {
			path, err := parsePath(r.str(k))
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
			r.setStr(convert.FormatJSON(hits))
		default:
			r.setStr(convert.FormatJSON(hits[0]))
		}
		return nil
	})
	return nil
}

// jsonText makes operand i the text of a document.
func (c *call) jsonText(i int) {
	if c.in[i].Type().Class() != base.JSON {
		c.in[i] = implicit(c.in[i], typeLongText)
	}
}

func buildJSONUnquote(c *call) error {
	c.jsonText(0)
	c.typ, c.null = typeLongText, true
	c.eval = rows(true, func(r *row) error { r.setStr(convert.JSONUnquote(r.str(0))); return nil })
	return nil
}

func buildJSONScalar(c *call) error {
	t := c.args[0].Type()
	c.typ = typeJSON
	c.eval = rows(true, func(r *row) error {
		tree, err := convert.ToJSONTree(r.value(0), t)
		if err != nil {
			return base.Errorf(convert.CodeInvalidJSON, "Invalid JSON text: %s", err)
		}
		r.setStr(convert.FormatJSON(tree))
		return nil
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
	types := make([]base.Type, len(c.args))
	for i, a := range c.args {
		types[i] = a.Type()
	}
	c.eval = rows(false, func(r *row) error {
		list := make([]any, len(r.ops))
		members := map[string]any{}
		for k := range r.ops {
			if object && k%2 == 0 {
				if r.null(k) {
					return base.Errorf(codeNullKey, "JSON documents may not contain NULL member names.")
				}
				continue
			}
			tree, err := convert.ToJSONTree(r.value(k), types[k])
			if err != nil {
				return base.Errorf(convert.CodeInvalidJSON, "Invalid JSON text: %s", err)
			}
			list[k] = tree
			if object {
				members[convert.Format(r.value(k-1), types[k-1])] = tree
			}
		}
		if object {
			r.setStr(convert.FormatJSON(members))
		} else {
			r.setStr(convert.FormatJSON(list))
		}
		return nil
	})
	return nil
}

func buildJSONLength(c *call) error {
	c.jsonText(0)
	if len(c.in) > 1 {
		c.in[1] = implicit(c.in[1], typeLongText)
	}
	c.typ, c.null = typeInt, true
	c.eval = rows(true, func(r *row) error {
		doc, err := r.document(0)
		if err != nil {
			return err
		}
		if r.has(1) {
			path, err := parsePath(r.str(1))
			if err != nil {
				return err
			}
			hit := false
			walkPath(doc, path, func(v any) {
				if !hit {
					doc, hit = v, true
				}
			})
			if !hit {
				r.setNull()
				return nil
			}
		}
		switch v := doc.(type) {
		case []any:
			r.setInt(int64(len(v)))
		case map[string]any:
			r.setInt(int64(len(v)))
		default:
			r.setInt(1)
		}
		return nil
	})
	return nil
}

func buildJSONValid(c *call) error {
	c.typ = typeBool
	if cl := c.args[0].Type().Class(); cl != base.JSON && cl != base.String {
		c.eval = rows(true, func(r *row) error { r.setBool(false); return nil })
		return nil
	}
	c.eval = rows(true, func(r *row) error {
		_, err := convert.ParseJSON(r.str(0))
		r.setBool(err == nil)
		return nil
	})
	return nil
}

func buildJSONType(c *call) error {
	c.jsonText(0)
	c.typ = base.Type{ID: base.TypeVarchar, Length: 51}
	c.eval = rows(true, func(r *row) error {
		doc, err := r.document(0)
		if err != nil {
			return err
		}
		r.setStr(jsonTypeName(doc))
		return nil
	})
	return nil
}

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
		switch {
		case strings.ContainsAny(string(v), ".eE"):
			return "DOUBLE"
		case len(v) >= 19 && v[0] != '-':
			if _, err := strconv.ParseInt(string(v), 10, 64); err != nil {
				return "UNSIGNED INTEGER"
			}
		}
		return "INTEGER"
	}
	return "NULL"
}
