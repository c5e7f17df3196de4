package expr

import (
	"slices"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
)

var jsonModifyFunctions = []*function{
	{name: "JSON_SET", min: 3, max: -1, build: buildJSONModify(setValue(true, true))},
	{name: "JSON_INSERT", min: 3, max: -1, build: buildJSONModify(setValue(true, false))},
	{name: "JSON_REPLACE", min: 3, max: -1, build: buildJSONModify(setValue(false, true))},
	{name: "JSON_ARRAY_APPEND", min: 3, max: -1, build: buildJSONModify(appendValue)},
	{name: "JSON_ARRAY_INSERT", min: 3, max: -1, build: buildJSONModify(insertCell)},
	{name: "JSON_REMOVE", min: 2, max: -1, build: buildJSONRemove},
	{name: "JSON_MERGE_PATCH", min: 2, max: -1, build: buildJSONMerge(mergePatch)},
	{name: "JSON_MERGE_PRESERVE", min: 2, max: -1, build: buildJSONMerge(mergePreserve)},
}

// modifier returns doc with val put where path says. It may change doc.
type modifier func(doc any, path []jsonStep, val any) (any, error)

// buildJSONModify is a function of a document and pairs of path and value, applied from left to right.
func buildJSONModify(f modifier) func(*call) error {
	return func(c *call) error {
		if len(c.args)%2 == 0 {
			return base.Errorf(errno.WrongParamCount, "Incorrect parameter count in the call to native function '%s'", c.fn.name)
		}
		if err := c.jsonArg(0); err != nil {
			return err
		}
		types := c.jsonValues()
		c.null = c.args[0].Nullable()
		for i := 1; i < len(c.in); i += 2 {
			c.in[i] = implicit(c.in[i], typeLongText)
			c.null = c.null || c.args[i].Nullable()
		}
		c.typ = typeJSON
		c.eval = rows(false, func(r *row) error {
			if r.null(0) {
				r.setNull()
				return nil
			}
			doc, err := r.document(0)
			if err != nil {
				return err
			}
			for k := 1; k < len(r.ops); k += 2 {
				if r.null(k) {
					r.setNull()
					return nil
				}
				path, err := r.plainPath(k)
				if err != nil {
					return err
				}
				val, err := r.tree(k+1, types[k+1])
				if err != nil {
					return err
				}
				if doc, err = f(doc, path, val); err != nil {
					return err
				}
			}
			r.setJSON(doc)
			return nil
		})
		return nil
	}
}

// update replaces what path leads to in doc by f of it; exists is false for a last leg that leads to nothing in the parent
// that it does have. f returns the new value and whether it stays.
func update(doc any, path []jsonStep, f func(old any, exists bool) (any, bool)) any {
	if len(path) == 0 {
		v, _ := f(doc, true)
		return v
	}
	step, rest := path[0], path[1:]
	if step.kind == '.' {
		object, ok := doc.(map[string]any)
		if !ok {
			return doc
		}
		old, exists := object[step.key]
		switch {
		case exists && len(rest) > 0:
			object[step.key] = update(old, rest, f)
		case len(rest) == 0:
			if v, stays := f(old, exists); stays {
				object[step.key] = v
			} else {
				delete(object, step.key)
			}
		}
		return doc
	}
	array, ok := doc.([]any)
	if !ok { // a value that is no array is an array of itself
		if step.cell.at(1) == 0 {
			return update(doc, rest, f)
		}
		array = []any{doc}
	}
	i := step.cell.at(len(array))
	switch {
	case i >= 0 && i < len(array):
		if len(rest) > 0 {
			array[i] = update(array[i], rest, f)
		} else if v, stays := f(array[i], true); stays {
			array[i] = v
		} else {
			return slices.Delete(array, i, i+1)
		}
		return array
	case len(rest) > 0:
		return doc
	}
	v, stays := f(nil, false)
	switch {
	case !stays:
		return doc
	case i < 0:
		return slices.Insert(array, 0, v)
	}
	return append(array, v)
}

// setValue is JSON_SET (both), JSON_INSERT (what is missing) and JSON_REPLACE (what is there).
func setValue(insert, replace bool) modifier {
	return func(doc any, path []jsonStep, val any) (any, error) {
		return update(doc, path, func(old any, exists bool) (any, bool) {
			switch {
			case exists && !replace:
				return old, true
			case exists || insert:
				return val, true
			}
			return nil, false
		}), nil
	}
}

// appendValue appends to an array, or makes one of what is there and the value.
func appendValue(doc any, path []jsonStep, val any) (any, error) {
	return update(doc, path, func(old any, exists bool) (any, bool) {
		if !exists {
			return nil, false
		}
		if array, ok := old.([]any); ok {
			return append(array, val), true
		}
		return []any{old, val}, true
	}), nil
}

// insertCell moves the elements from the cell on.
func insertCell(doc any, path []jsonStep, val any) (any, error) {
	if len(path) == 0 || path[len(path)-1].kind != '[' {
		return nil, base.Errorf(errno.JSONPathArrayCell, "A path expression is not a path to a cell in an array.")
	}
	cell := path[len(path)-1].cell
	return update(doc, path[:len(path)-1], func(old any, exists bool) (any, bool) {
		array, ok := old.([]any)
		if !ok {
			return old, exists
		}
		i := cell.at(len(array))
		return slices.Insert(array, max(min(i, len(array)), 0), val), true
	}), nil
}

func buildJSONRemove(c *call) error {
	if err := c.jsonArg(0); err != nil {
		return err
	}
	c.pathsFrom(1)
	c.typ = typeJSON
	c.eval = rows(true, func(r *row) error {
		doc, err := r.document(0)
		if err != nil {
			return err
		}
		for k := 1; k < len(r.ops); k++ {
			path, err := r.plainPath(k)
			if err != nil {
				return err
			}
			if len(path) == 0 {
				return base.Errorf(errno.JSONVacuousPath, "The path expression '$' is not allowed in this context.")
			}
			if _, ok := firstHit(doc, path); ok {
				doc = remove(doc, path)
			}
		}
		r.setJSON(doc)
		return nil
	})
	return nil
}

// remove takes out what path leads to. A cell of a value that is no array is not taken out.
func remove(doc any, path []jsonStep) any {
	last := len(path) - 1
	if parent, _ := firstHit(doc, path[:last]); path[last].kind == '[' {
		if _, ok := parent.([]any); !ok {
			return doc
		}
	}
	return update(doc, path, func(any, bool) (any, bool) { return nil, false })
}

// buildJSONMerge merges documents from left to right. NULL is an unknown document.
func buildJSONMerge(merge func(a, b any) any) func(*call) error {
	return func(c *call) error {
		for i := range c.in {
			if err := c.jsonArg(i); err != nil {
				return err
			}
		}
		c.typ = typeJSON
		patch := c.fn.name == "JSON_MERGE_PATCH"
		c.eval = rows(false, func(r *row) error {
			var doc any
			null := false
			for k := range r.ops {
				if r.null(k) {
					null = true
					continue
				}
				next, err := r.document(k)
				if err != nil {
					return err
				}
				if _, object := next.(map[string]any); patch && !object {
					doc, null = next, false // replaces whatever was there
					continue
				}
				if k == 0 {
					doc = next
				} else if !null {
					doc = merge(doc, next)
				}
			}
			if null {
				r.setNull()
				return nil
			}
			r.setJSON(doc)
			return nil
		})
		return nil
	}
}

// mergePatch is the algorithm of RFC 7396.
func mergePatch(target, patch any) any {
	p, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	t, ok := target.(map[string]any)
	if !ok {
		t = map[string]any{}
	}
	for k, v := range p {
		if v == nil {
			delete(t, k)
		} else {
			t[k] = mergePatch(t[k], v)
		}
	}
	return t
}

// mergePreserve joins arrays, and members of objects; anything else becomes an array first.
func mergePreserve(a, b any) any {
	x, ok1 := a.(map[string]any)
	y, ok2 := b.(map[string]any)
	if !ok1 || !ok2 {
		return append(asArray(a), asArray(b)...)
	}
	for k, v := range y {
		if old, ok := x[k]; ok {
			v = mergePreserve(old, v)
		}
		x[k] = v
	}
	return x
}

func asArray(v any) []any {
	if array, ok := v.([]any); ok {
		return array
	}
	return []any{v}
}
