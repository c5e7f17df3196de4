package expr

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/expr/convert"
)

// jsonStep is one leg of a path.
type jsonStep struct {
	// kind: '.' a member, '[' a cell, 'r' a range of cells, '*' every member, '#' every cell, '!' any depth (**).
	kind     byte
	key      string
	cell, to jsonCell // to is the end of a range
}

// jsonCell is the place of an element.
type jsonCell struct {
	index int
	last  bool // counts back from the end
}

// at is the element's index in an array of n; it may be out of bounds.
func (c jsonCell) at(n int) int {
	if c.last {
		return n - 1 - c.index
	}
	return c.index
}

// pathParser reads $.a[0]."b c"[*].*[last-1][1 to 3]**.x.
type pathParser struct {
	s string
	i int
}

// parsePath reads a path.
//
// Errors: 3143.
func parsePath(s string) ([]jsonStep, error) {
	p := pathParser{s: s}
	var out []jsonStep
	if p.spaces(); !p.accept('$') {
		return nil, p.bad()
	}
	for p.spaces(); p.i < len(s); p.spaces() {
		step, ok := p.step()
		if !ok {
			return nil, p.bad()
		}
		out = append(out, step)
	}
	if len(out) > 100 || len(out) > 0 && out[len(out)-1].kind == '!' {
		return nil, p.bad()
	}
	return out, nil
}

func (p *pathParser) bad() error {
	return base.Errorf(errno.InvalidJSONPath, "Invalid JSON path expression. The error is around character position %d.",
		max(charCount(p.s[:min(p.i, len(p.s))]), 1))
}

func (p *pathParser) spaces() {
	for p.i < len(p.s) && (p.s[p.i] == ' ' || p.s[p.i] >= '\t' && p.s[p.i] <= '\r') {
		p.i++
	}
}

func (p *pathParser) accept(c byte) bool {
	if p.i < len(p.s) && p.s[p.i] == c {
		p.i++
		return true
	}
	return false
}

func (p *pathParser) word(w string) bool {
	if strings.HasPrefix(p.s[p.i:], w) {
		p.i += len(w)
		return true
	}
	return false
}

func (p *pathParser) step() (jsonStep, bool) {
	switch {
	case p.word("**"):
		return jsonStep{kind: '!'}, p.i < len(p.s) && p.s[p.i] != '*'
	case p.accept('.'):
		if p.spaces(); p.accept('*') {
			return jsonStep{kind: '*'}, true
		}
		return p.member()
	case p.accept('['):
		step, ok := p.cells()
		p.spaces()
		return step, ok && p.accept(']')
	}
	p.i++
	return jsonStep{}, false
}

// member reads a name: an identifier of ECMAScript, or a JSON string.
func (p *pathParser) member() (jsonStep, bool) {
	start := p.i
	if p.accept('"') {
		for p.i < len(p.s) && p.s[p.i] != '"' {
			if p.s[p.i] == '\\' {
				p.i++
			}
			p.i++
		}
		if !p.accept('"') {
			return jsonStep{}, false
		}
		key, err := convert.ParseJSON(p.s[start:p.i])
		if err != nil {
			return jsonStep{}, false
		}
		return jsonStep{kind: '.', key: key.(string)}, true
	}
	for p.i < len(p.s) {
		r, n := utf8.DecodeRuneInString(p.s[p.i:])
		if !unicode.IsLetter(r) && r != '_' && r != '$' && (p.i == start || !unicode.IsDigit(r) && !unicode.Is(unicode.Mn, r)) {
			break
		}
		p.i += n
	}
	return jsonStep{kind: '.', key: p.s[start:p.i]}, p.i > start
}

// cells reads what stands in brackets: *, a cell, or cell to cell.
func (p *pathParser) cells() (jsonStep, bool) {
	if p.spaces(); p.accept('*') {
		return jsonStep{kind: '#'}, true
	}
	from, ok := p.cell()
	if !ok {
		return jsonStep{}, false
	}
	before := p.i
	if p.spaces(); p.i == before || !p.word("to") {
		return jsonStep{kind: '[', cell: from}, true
	}
	if before = p.i; before < len(p.s) {
		p.spaces()
	}
	to, ok := p.cell()
	if !ok || p.i == before || from.last == to.last && (from.index > to.index) != from.last && from.index != to.index {
		return jsonStep{}, false
	}
	return jsonStep{kind: 'r', cell: from, to: to}, true
}

func (p *pathParser) cell() (jsonCell, bool) {
	c := jsonCell{}
	if p.word("last") {
		c.last = true
		if p.spaces(); !p.accept('-') {
			return c, true
		}
		p.spaces()
	}
	start := p.i
	for p.i < len(p.s) && p.s[p.i] >= '0' && p.s[p.i] <= '9' {
		p.i++
	}
	n, err := strconv.ParseUint(p.s[start:p.i], 10, 32)
	c.index = int(n)
	return c, err == nil
}

func wildcard(path []jsonStep) bool {
	for _, s := range path {
		if s.kind != '.' && s.kind != '[' {
			return true
		}
	}
	return false
}

// anyDepth reports a path with **, which can reach a value in two ways.
func anyDepth(path []jsonStep) bool {
	for _, s := range path {
		if s.kind == '!' {
			return true
		}
	}
	return false
}

// walkPath calls found for every value that the path reaches, once each, in the document's order.
func walkPath(v any, path []jsonStep, found func(any)) {
	if !anyDepth(path) {
		walkFrom(v, "", path, func(x any, _ string) { found(x) })
		return
	}
	seen := map[string]bool{}
	walkFrom(v, "$", path, func(x any, place string) {
		if !seen[place] {
			seen[place] = true
			found(x)
		}
	})
}

// walkFrom is walkPath with the place of each value as a path, unless place is "".
func walkFrom(v any, place string, path []jsonStep, found func(v any, place string)) {
	if len(path) == 0 {
		found(v, place)
		return
	}
	step, rest := path[0], path[1:]
	object, _ := v.(map[string]any)
	array, isArray := v.([]any)
	switch step.kind {
	case '.':
		if x, ok := object[step.key]; ok {
			walkFrom(x, memberPlace(place, step.key), rest, found)
		}
	case '[', 'r':
		if step.kind == '[' {
			step.to = step.cell
		}
		if !isArray { // a value that is no array is an array of itself
			if step.cell.at(1) <= 0 && step.to.at(1) >= 0 {
				walkFrom(v, place, rest, found)
			}
			return
		}
		for i := max(step.cell.at(len(array)), 0); i <= min(step.to.at(len(array)), len(array)-1); i++ {
			if step.kind == '[' && step.cell.at(len(array)) < 0 {
				break
			}
			walkFrom(array[i], cellPlace(place, i), rest, found)
		}
	case '#':
		for i, x := range array {
			walkFrom(x, cellPlace(place, i), rest, found)
		}
	case '*':
		for _, k := range convert.SortedKeys(object) {
			walkFrom(object[k], memberPlace(place, k), rest, found)
		}
	case '!':
		walkFrom(v, place, rest, found)
		for i, x := range array {
			walkFrom(x, cellPlace(place, i), path, found)
		}
		for _, k := range convert.SortedKeys(object) {
			walkFrom(object[k], memberPlace(place, k), path, found)
		}
	}
}

// memberPlace is the path of a member: quoted unless it is an identifier.
func memberPlace(place, key string) string {
	if place == "" {
		return ""
	}
	p := pathParser{s: key}
	if step, ok := p.member(); ok && p.i == len(key) && step.key == key {
		return place + "." + key
	}
	return place + "." + convert.JSONQuote(key)
}

func cellPlace(place string, i int) string {
	if place == "" {
		return ""
	}
	return place + "[" + strconv.Itoa(i) + "]"
}

// firstHit returns the value that a path without wildcards reaches.
func firstHit(v any, path []jsonStep) (hit any, ok bool) {
	walkPath(v, path, func(x any) {
		if !ok {
			hit, ok = x, true
		}
	})
	return hit, ok
}
