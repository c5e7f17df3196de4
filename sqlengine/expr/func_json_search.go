package expr

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/collation"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/expr/convert"
)

var jsonSearchFunctions = []*function{
	{name: "JSON_CONTAINS", min: 2, max: 3, build: buildJSONContains},
	{name: "JSON_CONTAINS_PATH", min: 3, max: -1, build: buildJSONContainsPath},
	{name: "JSON_OVERLAPS", min: 2, max: 2, build: buildJSONOverlaps},
	{name: "JSON_SEARCH", min: 3, max: -1, build: buildJSONSearch},
	{name: "MEMBER OF", min: 2, max: 2, build: buildMemberOf},
}

// twoDocuments reads operands 0 and 1.
func (r *row) twoDocuments() (a, b any, err error) {
	if a, err = r.document(0); err == nil {
		b, err = r.document(1)
	}
	return a, b, err
}

// documentAndWord reads the document of operand 0, and the word 'one' or 'all' of operand 1.
func (r *row) documentAndWord() (doc any, all bool, err error) {
	if doc, err = r.document(0); err == nil {
		all, err = r.oneOrAll(1)
	}
	return doc, all, err
}

// buildJSONContains is JSON_CONTAINS(target, candidate[, path]).
func buildJSONContains(c *call) error {
	for i := range 2 {
		if err := c.jsonArg(i); err != nil {
			return err
		}
	}
	c.pathsFrom(2)
	c.typ = typeBool
	c.null = c.null || len(c.args) > 2
	c.eval = rows(true, func(r *row) error {
		target, candidate, err := r.twoDocuments()
		if err != nil {
			return err
		}
		if r.has(2) {
			path, err := r.plainPath(2)
			if err != nil {
				return err
			}
			var ok bool
			if target, ok = firstHit(target, path); !ok {
				r.setNull()
				return nil
			}
		}
		r.setBool(jsonContains(target, candidate))
		return nil
	})
	return nil
}

// jsonContains: an array contains what an element of it contains, and an array each of whose elements it contains; an object
// contains one whose members' values its members contain; a scalar what is equal.
func jsonContains(target, candidate any) bool {
	switch t := target.(type) {
	case []any:
		list, ok := candidate.([]any)
		if !ok {
			list = []any{candidate}
		}
		for _, c := range list {
			found := false
			for _, x := range t {
				if found = jsonContains(x, c); found {
					break
				}
			}
			if !found {
				return false
			}
		}
		return true
	case map[string]any:
		c, ok := candidate.(map[string]any)
		if !ok {
			return false
		}
		for k, v := range c {
			if x, ok := t[k]; !ok || !jsonContains(x, v) {
				return false
			}
		}
		return true
	}
	return equalJSON(target, candidate)
}

func equalJSON(a, b any) bool {
	switch a.(type) {
	case map[string]any, []any:
		return convert.FormatJSON(normalTree(a)) == convert.FormatJSON(normalTree(b))
	}
	return convert.CompareJSONTree(a, b) == 0
}

// normalTree prints equal numbers alike.
func normalTree(v any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = normalTree(x)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			out[k] = normalTree(x)
		}
		return out
	case json.Number:
		if coef, scale, n, ok := base.ParseDecimal(string(v)); ok && n == len(v) {
			text := string(base.AppendDecimal(nil, coef, scale))
			if scale > 0 {
				text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
			}
			return json.Number(text)
		}
	}
	return v
}

// oneOrAll reads the word of operand k.
//
// Errors: 3154.
func (r *row) oneOrAll(k int) (all bool, err error) {
	switch strings.ToLower(r.str(k)) {
	case "one":
		return false, nil
	case "all":
		return true, nil
	}
	return false, base.Errorf(errno.JSONOneOrAll, "The oneOrAll argument to %s may take these values: 'one' or 'all'.", r.c.jsonName())
}

func buildJSONContainsPath(c *call) error {
	if err := c.jsonArg(0); err != nil {
		return err
	}
	c.pathsFrom(1)
	c.typ, c.null = typeBool, true
	c.eval = rows(false, func(r *row) error {
		if r.null(0) || r.null(1) {
			r.setNull()
			return nil
		}
		doc, all, err := r.documentAndWord()
		if err != nil {
			return err
		}
		result := all
		for k := 2; k < len(r.ops); k++ {
			if r.null(k) {
				r.setNull()
				return nil
			}
			path, err := r.path(k)
			if err != nil {
				return err
			}
			if _, hit := firstHit(doc, path); hit != all {
				result = hit
				break
			}
		}
		r.setBool(result)
		return nil
	})
	return nil
}

func buildJSONOverlaps(c *call) error {
	for i := range c.in {
		if err := c.jsonArg(i); err != nil {
			return err
		}
	}
	c.typ = typeBool
	c.eval = rows(true, func(r *row) error {
		a, b, err := r.twoDocuments()
		if err != nil {
			return err
		}
		r.setBool(jsonOverlaps(a, b))
		return nil
	})
	return nil
}

// jsonOverlaps: arrays have an element in common, objects a member; scalars are equal. A value that is no array is an array
// of itself beside an array.
func jsonOverlaps(a, b any) bool {
	_, arrayA := a.([]any)
	_, arrayB := b.([]any)
	if arrayA || arrayB {
		for _, x := range asArray(a) {
			for _, y := range asArray(b) {
				if equalJSON(x, y) {
					return true
				}
			}
		}
		return false
	}
	x, ok1 := a.(map[string]any)
	y, ok2 := b.(map[string]any)
	if !ok1 || !ok2 {
		return equalJSON(a, b)
	}
	for k, v := range x {
		if w, ok := y[k]; ok && equalJSON(v, w) {
			return true
		}
	}
	return false
}

// buildMemberOf is value MEMBER OF(array).
func buildMemberOf(c *call) error {
	types := c.jsonValues()
	if t := types[1]; t.Class() != base.JSON && !isString(t) && t.ID != base.TypeNull {
		return base.Errorf(errno.InvalidTypeForJSON, "Invalid data type for JSON data in argument 2 to function member of; a JSON string or JSON type is required.")
	}
	if types[1].Class() != base.JSON {
		c.in[1] = implicit(c.in[1], typeLongText)
	}
	c.typ = typeBool
	c.eval = rows(true, func(r *row) error {
		v, err := r.tree(0, types[0])
		if err != nil {
			return err
		}
		doc, err := r.document(1)
		if err != nil {
			return err
		}
		found := false
		for _, x := range asArray(doc) {
			if found = equalJSON(x, v); found {
				break
			}
		}
		r.setBool(found)
		return nil
	})
	return nil
}

// buildJSONSearch is JSON_SEARCH(doc, 'one' or 'all', pattern[, escape[, path, …]]): the paths of strings LIKE the pattern.
func buildJSONSearch(c *call) error {
	if err := c.jsonArg(0); err != nil {
		return err
	}
	c.pathsFrom(1)
	c.typ, c.null = typeJSON, true
	c.eval = rows(false, func(r *row) error {
		for k := range r.ops {
			if k != 3 && r.null(k) {
				r.setNull()
				return nil
			}
		}
		doc, all, err := r.documentAndWord()
		if err != nil {
			return err
		}
		escape := '\\'
		if r.has(3) && !r.null(3) && r.str(3) != "" {
			if charCount(r.str(3)) > 1 {
				return base.Errorf(errno.WrongArguments, "Incorrect arguments to ESCAPE")
			}
			escape, _ = utf8.DecodeRuneInString(r.str(3))
		}
		paths := [][]jsonStep{nil}
		if len(r.ops) > 4 {
			paths = nil
		}
		for k := 4; k < len(r.ops); k++ {
			path, err := r.path(k)
			if err != nil {
				return err
			}
			paths = append(paths, path)
		}
		r.setPlaces(searchJSON(doc, compileLike(r.str(2), escape, collation.Of(""), false), paths), all)
		return nil
	})
	return nil
}

// searchJSON returns the places of the strings that match, below what the paths lead to.
func searchJSON(doc any, like *likePattern, paths [][]jsonStep) []any {
	var out []any
	seen := map[string]bool{}
	for _, path := range paths {
		below := append(path[:len(path):len(path)], jsonStep{kind: '!'})
		walkFrom(doc, "$", below, func(v any, place string) {
			if s, ok := v.(string); ok && !seen[place] && like.match(s) {
				seen[place] = true
				out = append(out, place)
			}
		})
	}
	return out
}

// setPlaces stores one place, or all of them: as an array when there are several.
func (r *row) setPlaces(places []any, all bool) {
	switch {
	case len(places) == 0:
		r.setNull()
	case len(places) == 1 || !all:
		r.setJSON(places[0])
	default:
		r.setJSON(places)
	}
}
