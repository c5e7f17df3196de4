package sqlgen

import "strings"

// Tree is SQL that knows its structure, so that Shrink can find a smaller statement that shows the same.
type Tree struct {
	kind  string // trees of one kind may stand for each other; "" for none
	least string // the smallest text of the kind; "" where there is none
	sep   string // between the parts of a list
	min   int    // parts that a list keeps; -1 where the tree is no list
	opt   bool   // may be left out
	parts []part
}

type part struct {
	text string
	tree *Tree // nil: text
}

// Text returns a tree that stays as it is.
func Text(s string) *Tree { return &Tree{min: -1, parts: []part{{text: s}}} }

// node returns a tree of strings and trees.
func node(kind, least string, parts ...any) *Tree {
	t := &Tree{kind: kind, least: least, min: -1}
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			t.parts = append(t.parts, part{text: p})
		case *Tree:
			t.parts = append(t.parts, part{tree: p})
		}
	}
	return t
}

// seq returns a tree of parts that has no kind.
func seq(parts ...any) *Tree { return node("", "", parts...) }

// maybe returns a tree that may be left out.
func maybe(parts ...any) *Tree {
	t := seq(parts...)
	t.opt = true
	return t
}

// list returns items with a separator between them, of which min have to stay.
func list(sep string, min int, items ...*Tree) *Tree {
	t := &Tree{sep: sep, min: min}
	for _, i := range items {
		t.parts = append(t.parts, part{tree: i})
	}
	return t
}

// String returns the SQL.
func (t *Tree) String() string {
	var b strings.Builder
	t.write(&b)
	return b.String()
}

func (t *Tree) write(b *strings.Builder) {
	for i, p := range t.parts {
		if i > 0 {
			b.WriteString(t.sep)
		}
		if p.tree == nil {
			b.WriteString(p.text)
			continue
		}
		p.tree.write(b)
	}
}
