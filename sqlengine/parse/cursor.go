package parse

import (
	"strconv"
	"strings"

	"github.com/s3sql/s3sql/sqlengine/ast"
)

// parser reads the tokens of one statement from left to right.
type parser struct {
	sql      string
	toks     []token // the last one is tEOF
	i        int
	depth    int
	names    []string           // of the placeholders
	intoVars []*ast.Variable    // of SELECT … INTO
	intoTok  int                // where it stands
	done     map[int]parsedPart // queries, by their first token: an expression may be read twice (emit.go)
}

type parsedPart struct {
	query ast.Query
	end   int
}

func (p *parser) tok() *token { return &p.toks[p.i] }

// peek returns the token n places ahead.
func (p *parser) peek(n int) *token { return &p.toks[min(p.i+n, len(p.toks)-1)] }

func (p *parser) at() ast.Pos { return ast.Pos(p.toks[p.i].pos) }

func (p *parser) text(t *token) string { return p.sql[t.pos:t.end] }

// since returns the text from token start to the last one read.
func (p *parser) since(start int) string {
	if p.i <= start {
		return ""
	}
	return p.sql[p.toks[start].pos:p.toks[p.i-1].end]
}

// isWord reports whether t is the word w, which is in upper case. A quoted name is not a word.
func (p *parser) isWord(t *token, w string) bool {
	if t.kind != tWord {
		return false
	}
	return t.kw == w || t.kw == "" && int(t.end-t.pos) == len(w) && strings.EqualFold(p.text(t), w)
}

// is reports whether the words come next.
func (p *parser) is(words ...string) bool {
	for n, w := range words {
		if !p.isWord(p.peek(n), w) {
			return false
		}
	}
	return true
}

func (p *parser) accept(words ...string) bool {
	if !p.is(words...) {
		return false
	}
	p.i += len(words)
	return true
}

// acceptAny reads one of the words and returns it, "" if none is next.
func (p *parser) acceptAny(words ...string) string {
	for _, w := range words {
		if p.accept(w) {
			return w
		}
	}
	return ""
}

func (p *parser) expect(words ...string) {
	for _, w := range words {
		if !p.accept(w) {
			p.fail("expected " + w)
		}
	}
}

// expectAny reads one of the words and returns it.
func (p *parser) expectAny(words ...string) string {
	w := p.acceptAny(words...)
	if w == "" {
		p.fail("expected " + oneOf(words))
	}
	return w
}

func oneOf(words []string) string {
	if len(words) == 1 {
		return words[0]
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

func isOp(t *token, op string) bool { return t.kind == tOp && t.kw == op }

func (p *parser) isOp(op string) bool { return isOp(p.tok(), op) }

func (p *parser) acceptOp(op string) bool {
	if p.isOp(op) {
		p.i++
		return true
	}
	return false
}

func (p *parser) expectOp(op string) {
	if !p.acceptOp(op) {
		p.fail("expected '" + op + "'")
	}
}

// enter counts one level of nesting; the caller defers p.leave.
func (p *parser) enter() {
	if p.depth++; p.depth > maxDepth {
		p.fail("nested more than " + strconv.Itoa(maxDepth) + " levels deep")
	}
}

func (p *parser) leave() { p.depth-- }

// chain fails at the operator that makes a chain too long.
func (p *parser) chain(n int) {
	if n > maxChain {
		p.fail("more than " + strconv.Itoa(maxChain) + " operators in a row")
	}
}

// isName reports whether t can be an identifier.
func isName(t *token) bool {
	return t.kind == tQuoted || (t.kind == tWord || t.kind == tIntro) && t.kw == ""
}

// name reads an identifier; what says what of, for the error.
func (p *parser) name(what string) string {
	if !isName(p.tok()) {
		p.fail("expected " + what)
	}
	p.i++
	return p.nameText(&p.toks[p.i-1])
}

// anyName reads an identifier where reserved words are allowed too: after a dot.
func (p *parser) anyName(what string) string {
	if t := p.tok(); t.kind != tWord && t.kind != tQuoted && t.kind != tIntro {
		p.fail("expected " + what)
	}
	p.i++
	return p.nameText(&p.toks[p.i-1])
}

// nameText returns the identifier that a token spells.
func (p *parser) nameText(t *token) string {
	s := p.text(t)
	if t.kind == tQuoted {
		s = strings.ReplaceAll(s[1:len(s)-1], "``", "`")
	}
	return s
}

// nameList reads a list of identifiers in parentheses.
func (p *parser) nameList(what string) []string {
	p.expectOp("(")
	list := []string{p.name(what)}
	for p.acceptOp(",") {
		list = append(list, p.name(what))
	}
	p.expectOp(")")
	return list
}

// int reads an unsigned integer of at most limit.
func (p *parser) int(limit int) int {
	t := p.tok()
	n, err := strconv.Atoi(p.text(t))
	if t.kind != tNumber || err != nil || n > limit {
		p.fail("expected an integer up to " + strconv.Itoa(limit))
	}
	p.i++
	return n
}

// str reads a string literal.
func (p *parser) str(what string) string {
	if p.tok().kind != tString {
		p.fail("expected " + what)
	}
	return p.stringValue()
}
