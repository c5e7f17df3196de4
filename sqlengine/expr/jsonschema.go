package expr

import (
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/expr/convert"
)

var jsonSchemaFunctions = []*function{
	{name: "JSON_SCHEMA_VALID", min: 2, max: 2, build: buildSchema(typeBool, func(r *row, failed *schemaFailure) { r.setBool(failed == nil) })},
	{name: "JSON_SCHEMA_VALIDATION_REPORT", min: 2, max: 2, build: buildSchema(typeJSON, func(r *row, failed *schemaFailure) {
		if failed == nil {
			r.setJSON(map[string]any{"valid": true})
			return
		}
		r.setJSON(map[string]any{
			"valid":           false,
			"reason":          "The JSON document location '" + failed.document + "' failed requirement '" + failed.keyword + "' at JSON Schema location '" + failed.schema + "'",
			"schema-location": failed.schema, "document-location": failed.document, "schema-failed-keyword": failed.keyword,
		})
	})},
}

// buildSchema is a function of a schema and a document.
func buildSchema(result base.Type, f func(*row, *schemaFailure)) func(*call) error {
	return func(c *call) error {
		for i := range c.in {
			if err := c.jsonArg(i); err != nil {
				return err
			}
		}
		c.typ = result
		c.eval = rows(true, func(r *row) error {
			root, err := r.document(0)
			if err != nil {
				return err
			}
			if _, ok := root.(map[string]any); !ok {
				return base.Errorf(errno.InvalidJSONType, "Invalid JSON type in argument 1 to function %s; an object is required.", r.c.jsonName())
			}
			doc, err := r.document(1)
			if err != nil {
				return err
			}
			v := validator{root: root}
			failed := v.check(root, "#", doc, "#")
			if v.err != nil {
				return v.err
			}
			f(r, failed)
			return nil
		})
		return nil
	}
}

// schemaFailure says which requirement a document does not meet.
type schemaFailure struct{ keyword, schema, document string }

// validator checks documents against a JSON schema, draft 4. Keywords whose own value is not of the right kind are passed over.
type validator struct {
	root  any
	depth int
	err   error
}

// maxSchemaDepth bounds references that lead to themselves.
const maxSchemaDepth = 200

// check returns the first requirement of schema that doc does not meet; nil: none.
func (v *validator) check(schema any, at string, doc any, where string) *schemaFailure {
	s, ok := schema.(map[string]any)
	if !ok || v.err != nil {
		return nil
	}
	if v.depth++; v.depth > maxSchemaDepth {
		v.err = base.Errorf(errno.NotSupported, "a JSON schema whose references lead to themselves more than %d times is not supported", maxSchemaDepth)
		return nil
	}
	defer func() { v.depth-- }()
	if ref, ok := s["$ref"].(string); ok {
		target, ok := v.resolve(ref)
		if !ok {
			return nil
		}
		return v.check(target, ref, doc, where)
	}
	if keyword := v.own(s, doc); keyword != "" {
		return &schemaFailure{keyword, at, where}
	}
	if f := v.combined(s, at, doc, where); f != nil {
		return f
	}
	switch d := doc.(type) {
	case map[string]any:
		return v.object(s, at, d, where)
	case []any:
		return v.array(s, at, d, where)
	}
	return nil
}

// resolve follows a reference within the schema.
func (v *validator) resolve(ref string) (any, bool) {
	path, ok := strings.CutPrefix(ref, "#")
	if !ok {
		v.err = base.Errorf(errno.NotSupported, "This version of MySQL doesn't yet support 'references to other schemas in a JSON schema: %s'", ref)
		return nil, false
	}
	at := v.root
	for part := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		if part == "" {
			continue
		}
		part = strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
		switch x := at.(type) {
		case map[string]any:
			at, ok = x[part]
		case []any:
			i, err := strconv.Atoi(part)
			if ok = err == nil && i >= 0 && i < len(x); ok {
				at = x[i]
			}
		default:
			ok = false
		}
		if !ok {
			return nil, false
		}
	}
	return at, true
}

// own checks the requirements that concern the value alone, and returns the keyword that fails.
//
//lint:long one keyword after the other
func (v *validator) own(s map[string]any, doc any) string {
	if t, ok := s["type"]; ok && !slices.ContainsFunc(asArray(t), func(name any) bool { return isSchemaType(name, doc) }) {
		return "type"
	}
	if list, ok := s["enum"].([]any); ok && !slices.ContainsFunc(list, func(x any) bool { return equalJSON(x, doc) }) {
		return "enum"
	}
	switch d := doc.(type) {
	case json.Number:
		return numberFails(s, d)
	case string:
		n := float64(charCount(d))
		if limit, ok := schemaNumber(s["minLength"]); ok && n < limit {
			return "minLength"
		}
		if limit, ok := schemaNumber(s["maxLength"]); ok && n > limit {
			return "maxLength"
		}
		if pattern, ok := s["pattern"].(string); ok {
			if re := v.pattern(pattern); re != nil && !re.MatchString(d) {
				return "pattern"
			}
		}
	case []any:
		n := float64(len(d))
		if limit, ok := schemaNumber(s["minItems"]); ok && n < limit {
			return "minItems"
		}
		if limit, ok := schemaNumber(s["maxItems"]); ok && n > limit {
			return "maxItems"
		}
		if unique, _ := s["uniqueItems"].(bool); unique && repeats(d) {
			return "uniqueItems"
		}
	case map[string]any:
		n := float64(len(d))
		if limit, ok := schemaNumber(s["minProperties"]); ok && n < limit {
			return "minProperties"
		}
		if limit, ok := schemaNumber(s["maxProperties"]); ok && n > limit {
			return "maxProperties"
		}
		return missing(s, d)
	}
	return ""
}

// missing checks required and dependencies on names.
func missing(s, d map[string]any) string {
	has := func(name any) bool {
		k, ok := name.(string)
		_, there := d[k]
		return !ok || there
	}
	if list, ok := s["required"].([]any); ok {
		for _, name := range list {
			if !has(name) {
				return "required"
			}
		}
	}
	dependencies, _ := s["dependencies"].(map[string]any)
	for k, needs := range dependencies {
		if list, ok := needs.([]any); ok && has(k) {
			for _, name := range list {
				if !has(name) {
					return "dependencies"
				}
			}
		}
	}
	return ""
}

func schemaNumber(v any) (float64, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	f, _ := convert.ParseFloat(string(n))
	return f, true
}

func numberFails(s map[string]any, d json.Number) string {
	x, _ := convert.ParseFloat(string(d))
	exclusiveMin, _ := s["exclusiveMinimum"].(bool)
	exclusiveMax, _ := s["exclusiveMaximum"].(bool)
	if limit, ok := schemaNumber(s["minimum"]); ok && (x < limit || exclusiveMin && x == limit) {
		if exclusiveMin {
			return "exclusiveMinimum"
		}
		return "minimum"
	}
	if limit, ok := schemaNumber(s["maximum"]); ok && (x > limit || exclusiveMax && x == limit) {
		if exclusiveMax {
			return "exclusiveMaximum"
		}
		return "maximum"
	}
	if unit, ok := schemaNumber(s["multipleOf"]); ok && unit > 0 {
		if q := x / unit; math.Abs(q-math.Round(q)) > 1e-9 {
			return "multipleOf"
		}
	}
	return ""
}

func isSchemaType(name, doc any) bool {
	switch name {
	case "object":
		_, ok := doc.(map[string]any)
		return ok
	case "array":
		_, ok := doc.([]any)
		return ok
	case "string":
		_, ok := doc.(string)
		return ok
	case "boolean":
		_, ok := doc.(bool)
		return ok
	case "null":
		return doc == nil
	case "number", "integer":
		n, ok := doc.(json.Number)
		return ok && (name == "number" || !strings.ContainsAny(string(n), ".eE"))
	}
	return false
}

func repeats(list []any) bool {
	for i := range list {
		for j := range i {
			if equalJSON(list[i], list[j]) {
				return true
			}
		}
	}
	return false
}

// pattern compiles a regular expression; one that RE2 does not have is an error.
func (v *validator) pattern(p string) *regexp.Regexp {
	re, err := regexp.Compile(p)
	if err != nil && v.err == nil {
		v.err = regexpError(err)
	}
	return re
}

// combined checks allOf, anyOf, oneOf and not.
func (v *validator) combined(s map[string]any, at string, doc any, where string) *schemaFailure {
	for _, keyword := range []string{"allOf", "anyOf", "oneOf"} {
		list, ok := s[keyword].([]any)
		if !ok || len(list) == 0 {
			continue
		}
		passed := 0
		for i, sub := range list {
			if v.check(sub, at+"/"+keyword+"/"+strconv.Itoa(i), doc, where) == nil {
				passed++
			}
		}
		if keyword == "allOf" && passed < len(list) || keyword == "anyOf" && passed == 0 || keyword == "oneOf" && passed != 1 {
			return &schemaFailure{keyword, at, where}
		}
	}
	if sub, ok := s["not"].(map[string]any); ok && v.check(sub, at+"/not", doc, where) == nil {
		return &schemaFailure{"not", at, where}
	}
	return nil
}

// object checks the members by properties, patternProperties, additionalProperties and dependencies on schemas.
func (v *validator) object(s map[string]any, at string, d map[string]any, where string) *schemaFailure {
	properties, _ := s["properties"].(map[string]any)
	patterns, _ := s["patternProperties"].(map[string]any)
	dependencies, _ := s["dependencies"].(map[string]any)
	for _, k := range convert.SortedKeys(d) {
		inner := where + "/" + k
		sub, known := properties[k]
		if f := v.check(sub, at+"/properties/"+k, d[k], inner); f != nil {
			return f
		}
		for _, p := range convert.SortedKeys(patterns) {
			if re := v.pattern(p); re != nil && re.MatchString(k) {
				known = true
				if f := v.check(patterns[p], at+"/patternProperties/"+p, d[k], inner); f != nil {
					return f
				}
			}
		}
		if f := v.check(dependencies[k], at+"/dependencies/"+k, d, where); f != nil {
			return f
		}
		if known {
			continue
		}
		if allowed, ok := s["additionalProperties"].(bool); ok && !allowed {
			return &schemaFailure{"additionalProperties", at, where}
		}
		if f := v.check(s["additionalProperties"], at+"/additionalProperties", d[k], inner); f != nil {
			return f
		}
	}
	return nil
}

// array checks the elements by items and additionalItems.
func (v *validator) array(s map[string]any, at string, d []any, where string) *schemaFailure {
	places, byPlace := s["items"].([]any)
	for i, x := range d {
		sub, subAt := s["items"], at+"/items"
		switch {
		case byPlace && i < len(places):
			sub, subAt = places[i], subAt+"/"+strconv.Itoa(i)
		case byPlace:
			if allowed, ok := s["additionalItems"].(bool); ok && !allowed {
				return &schemaFailure{"additionalItems", at, where}
			}
			sub, subAt = s["additionalItems"], at+"/additionalItems"
		}
		if f := v.check(sub, subAt, x, where+"/"+strconv.Itoa(i)); f != nil {
			return f
		}
	}
	return nil
}
