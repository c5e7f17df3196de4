package sqlgen

// Shrink makes the trees of a script smaller for as long as keep says that it still shows what it is about, asking at most
// budget times. It changes the trees, and returns those that are left.
func Shrink(script []*Tree, budget int, keep func([]*Tree) bool) []*Tree {
	ask := func() bool {
		budget--
		return budget >= 0 && keep(script)
	}
	for progress := true; progress && budget > 0; {
		progress = false
		for i := len(script) - 2; i >= 0 && budget > 0; i-- { // the last one is what failed
			t := script[i]
			without := append(append([]*Tree{}, script[:i]...), script[i+1:]...)
			if budget--; keep(without) {
				script, progress = without, true
				continue
			}
			progress = t.shrink(ask) || progress
		}
		progress = script[len(script)-1].shrink(ask) || progress
	}
	return script
}

// shrink tries the tree's own ways to become smaller, then those of its parts.
func (t *Tree) shrink(ask func() bool) (progress bool) {
	was := *t
	try := func(smaller Tree) bool {
		*t = smaller
		if ask() {
			progress, was = true, smaller
			return true
		}
		*t = was
		return false
	}
	if t.opt && len(t.parts) > 0 && try(Tree{min: -1}) {
		return true
	}
	if t.least != "" && t.String() != t.least && try(Tree{kind: t.kind, min: -1, parts: []part{{text: t.least}}}) {
		return true
	}
	if t.kind != "" {
		for _, d := range t.below(t.kind) {
			if d.String() != t.String() && try(*d) {
				break
			}
		}
	}
	for n := (len(t.parts) + 1) / 2; t.min >= 0 && n > 0; n /= 2 { // halves, quarters … single parts of a list
		for i := 0; i+n <= len(t.parts); {
			fewer := *t
			fewer.parts = append(append([]part{}, t.parts[:i]...), t.parts[i+n:]...)
			if len(fewer.parts) < t.min || !try(fewer) {
				i += n
			}
		}
	}
	for _, p := range t.parts {
		if p.tree != nil {
			progress = p.tree.shrink(ask) || progress
		}
	}
	return progress
}

// below returns the trees of a kind inside t, the nearest first.
func (t *Tree) below(kind string) (found []*Tree) {
	level := []*Tree{t}
	for len(level) > 0 && len(found) < 12 {
		var next []*Tree
		for _, u := range level {
			for _, p := range u.parts {
				if p.tree == nil {
					continue
				}
				if p.tree.kind == kind {
					found = append(found, p.tree)
				}
				next = append(next, p.tree)
			}
		}
		level = next
	}
	return found
}
