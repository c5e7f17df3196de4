package plan

import (
	"strings"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
)

// keyHints is what USE, FORCE and IGNORE INDEX leave of a table's keys for finding rows (MySQL reference manual, "Index Hints").
// What is said FOR ORDER BY and GROUP BY has no effect: an index is read for its order where that costs less.
type keyHints struct {
	barred map[*catalog.Index]bool // nil is the primary key
	force  bool                    // the whole table is read only where no key helps
}

// bars reports whether a key may not be used; nil is the primary key.
func (h *keyHints) bars(ix *catalog.Index) bool { return h != nil && h.barred[ix] }

// hinted resolves the index hints of a table; nil without any that matter.
//
// Errors: 1176 no such key, 1221 USE and FORCE together.
func hinted(t *catalog.Table, alias string, list []ast.IndexHint) (*keyHints, error) {
	if len(list) == 0 {
		return nil, nil
	}
	h := &keyHints{barred: map[*catalog.Index]bool{}}
	var used map[*catalog.Index]bool
	kinds := map[string]string{}
	for _, hint := range list {
		if before := kinds[hint.For]; hint.Kind != "IGNORE" {
			if before != "" && before != hint.Kind {
				return nil, base.Errorf(errno.WrongUsage, "Incorrect usage of %s INDEX and %s INDEX", before, hint.Kind)
			}
			kinds[hint.For] = hint.Kind
		}
		finds := hint.For == "" || hint.For == "JOIN"
		if finds && hint.Kind != "IGNORE" && used == nil {
			used = map[*catalog.Index]bool{}
		}
		for _, name := range hint.Indexes {
			ix, err := keyNamed(t, alias, name)
			switch {
			case err != nil:
				return nil, err
			case !finds:
			case hint.Kind == "IGNORE":
				h.barred[ix] = true
			default:
				used[ix] = true
			}
		}
		h.force = h.force || finds && hint.Kind == "FORCE"
	}
	if used != nil {
		for _, ix := range keysOf(t) {
			if !used[ix] {
				h.barred[ix] = true
			}
		}
	}
	return h, nil
}

// keysOf returns the keys of a table: nil, which is the primary one, and the indexes.
func keysOf(t *catalog.Table) []*catalog.Index {
	out := []*catalog.Index{nil}
	for i := range t.Indexes {
		out = append(out, &t.Indexes[i])
	}
	return out
}

// keyNamed returns the key that a hint names, in full or by a beginning that no other has.
func keyNamed(t *catalog.Table, alias, name string) (*catalog.Index, error) {
	var hits []*catalog.Index
	for _, ix := range keysOf(t) {
		full := "PRIMARY"
		switch {
		case ix != nil:
			full = ix.Name
		case len(t.Primary) == 0 || catalog.HiddenKey(t):
			continue
		}
		if strings.EqualFold(full, name) {
			return ix, nil
		}
		if len(name) < len(full) && strings.EqualFold(full[:len(name)], name) {
			hits = append(hits, ix)
		}
	}
	if len(hits) != 1 || name == "" {
		return nil, base.Errorf(errno.KeyDoesNotExist, "Key '%s' doesn't exist in table '%s'", name, alias)
	}
	return hits[0], nil
}
