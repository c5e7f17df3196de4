package parse

import (
	"strings"
	"unicode/utf8"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
)

type kind uint8

const (
	tEOF    kind = iota
	tWord        // unquoted; kw is set when MySQL reserves the word
	tQuoted      // `name`
	tString      // '…', "…", N'…'
	tNumber
	tHex   // x'…', 0x…
	tBit   // b'…', 0b…
	tIntro // _charset before a literal
	tParam // ?
	tNamed // :name
	tUser  // @name
	tSys   // @@name
	tOp    // kw is the operator
)

// token is one token; its text is sql[pos:end].
type token struct {
	kw       string
	pos, end int32
	match    int32 // of "(": its ")"; of a placeholder: its number
	kind     kind
}

// version gates /*!NNNNN … */: the contents are part of the statement when NNNNN is not later.
const version = 80036

// lexer cuts a text into tokens, one at a time and without allocating.
type lexer struct {
	sql  string
	i    int
	gate bool // inside /*! … */
	// opened is where the last gate that counts began, closed where the last one ended.
	opened, closed int
	prev           kind
	end            int // of the previous token
	dot            int // where the last "." ended if a name stood before it; a digit there starts a name
	hint           string
}

// next returns the next token; ok is false when the text at lx.i cannot be one, for the reason lx.hint.
func (lx *lexer) next() (t token, ok bool) {
	if !lx.skip() {
		return token{}, false
	}
	t.pos = int32(lx.i)
	if lx.i >= len(lx.sql) {
		t.end, lx.prev = t.pos, tEOF
		return t, true
	}
	ok = lx.scan(&t)
	t.end, lx.prev, lx.end = int32(lx.i), t.kind, lx.i
	return t, ok
}

func (lx *lexer) at(i int) byte {
	if i < len(lx.sql) {
		return lx.sql[i]
	}
	return 0
}

// afterName reports whether a name ends where the lexer is.
func (lx *lexer) afterName() bool {
	return lx.end == lx.i && (lx.prev == tWord || lx.prev == tQuoted)
}

func (lx *lexer) afterDot() bool { return lx.i > 0 && lx.dot == lx.i }

func (lx *lexer) scan(t *token) bool {
	c, d := lx.sql[lx.i], lx.at(lx.i+1)
	switch {
	case (c|0x20 == 'x' || c|0x20 == 'b' || c|0x20 == 'n') && d == '\'':
		return lx.prefixed(t, c|0x20)
	case c >= '0' && c <= '9' && !lx.afterDot(), c == '.' && d >= '0' && d <= '9' && !lx.afterName():
		lx.number(t)
		return true
	case wordByte(c):
		return lx.word(t)
	}
	switch c {
	case '\'', '"':
		t.kind = tString
		return lx.quoted(c, true, "string is not closed")
	case '`':
		t.kind = tQuoted
		return lx.quoted(c, false, "name is not closed")
	case '@':
		return lx.variable(t)
	case '?':
		t.kind = tParam
		lx.i++
		return true
	case ':':
		if wordByte(d) && (d < '0' || d > '9') {
			t.kind = tNamed
			lx.i++
			lx.runWord()
			return true
		}
	}
	t.kind, t.kw = tOp, operator(c, d, lx.at(lx.i+2))
	lx.i += len(t.kw)
	if c == '.' && (lx.prev == tWord || lx.prev == tQuoted) {
		lx.dot = lx.i
	}
	return t.kw != ""
}

// operator returns the longest operator that starts with c, d, e.
//
//lint:long a flat table
func operator(c, d, e byte) string {
	switch c {
	case '<':
		switch {
		case d == '=' && e == '>':
			return "<=>"
		case d == '=':
			return "<="
		case d == '>':
			return "<>"
		case d == '<':
			return "<<"
		}
		return "<"
	case '>':
		switch d {
		case '=':
			return ">="
		case '>':
			return ">>"
		}
		return ">"
	case '!':
		if d == '=' {
			return "!="
		}
		return "!"
	case '-':
		if d == '>' && e == '>' {
			return "->>"
		}
		if d == '>' {
			return "->"
		}
		return "-"
	case '|':
		if d == '|' {
			return "||"
		}
		return "|"
	case '&':
		if d == '&' {
			return "&&"
		}
		return "&"
	case ':':
		if d == '=' {
			return ":="
		}
		return ""
	}
	if i := strings.IndexByte("=+*/%^~(),;.{}[]", c); i >= 0 {
		return "=+*/%^~(),;.{}[]"[i : i+1]
	}
	return ""
}

func wordByte(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '_' || c == '$' || c >= 0x80
}

func (lx *lexer) runWord() {
	for lx.i < len(lx.sql) && wordByte(lx.sql[lx.i]) {
		lx.i++
	}
}

func (lx *lexer) word(t *token) bool {
	start, dotted := lx.i, lx.afterDot()
	lx.runWord()
	t.kind = tWord
	w := lx.sql[start:lx.i]
	if !dotted {
		t.kw = keyword(w)
	}
	if w[0] == '_' && introducer(w) && lx.literalFollows() {
		t.kind = tIntro
	}
	if !utf8.ValidString(w) {
		lx.i, lx.hint = start, "name is not valid UTF-8"
		return false
	}
	return true
}

// literalFollows reports whether a string, hex or bit literal comes next.
func (lx *lexer) literalFollows() bool {
	save := *lx
	defer func() { *lx = save }()
	if !lx.skip() {
		return false
	}
	c, d := lx.at(lx.i), lx.at(lx.i+1)
	return c == '\'' || c == '"' || (c|0x20 == 'x' || c|0x20 == 'b') && d == '\'' || c == '0' && (d == 'x' || d == 'b')
}

// introducer reports whether w is _charset.
func introducer(w string) bool {
	switch strings.ToLower(w) {
	case "_utf8mb4", "_utf8mb3", "_utf8", "_binary", "_latin1", "_ascii":
		return true
	}
	return false
}

// quoted scans to the closing quote; a doubled quote stands for itself, and a backslash takes the next byte with it.
func (lx *lexer) quoted(q byte, escapes bool, hint string) bool {
	start := lx.i
	for lx.i++; lx.i < len(lx.sql); lx.i++ {
		switch c := lx.sql[lx.i]; {
		case c == '\\' && escapes:
			lx.i++
		case c == q && lx.at(lx.i+1) == q:
			lx.i++
		case c == q:
			lx.i++
			if q == '`' && (lx.i == start+2 || !utf8.ValidString(lx.sql[start:lx.i])) {
				lx.i, lx.hint = start, "not a valid name"
				return false
			}
			return true
		}
	}
	lx.i, lx.hint = start, hint
	return false
}

// prefixed scans x'…', b'…' and N'…'.
func (lx *lexer) prefixed(t *token, prefix byte) bool {
	start := lx.i
	lx.i++
	if prefix == 'n' {
		t.kind = tString
		return lx.quoted('\'', true, "string is not closed")
	}
	for lx.i++; lx.i < len(lx.sql) && lx.sql[lx.i] != '\''; lx.i++ {
		if c := lx.sql[lx.i]; prefix == 'b' && c != '0' && c != '1' || hexDigit(c) < 0 {
			break
		}
	}
	if lx.at(lx.i) != '\'' || prefix == 'x' && (lx.i-start)%2 != 0 {
		lx.i, lx.hint = start, "not a valid "+map[byte]string{'x': "hex", 'b': "bit"}[prefix]+" literal"
		return false
	}
	lx.i++
	t.kind = tHex
	if prefix == 'b' {
		t.kind = tBit
	}
	return true
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}

// number scans 1, 1.5, .5, 1e3, 0x1F and 0b01; a name may start with digits too.
func (lx *lexer) number(t *token) {
	start := lx.i
	t.kind = tNumber
	if c, d := lx.at(start), lx.at(start+1); c == '0' && (d == 'x' || d == 'b') {
		i := start + 2
		for i < len(lx.sql) && (d == 'x' && hexDigit(lx.sql[i]) >= 0 || lx.sql[i]|1 == '1') {
			i++
		}
		if i > start+2 && !wordByte(lx.at(i)) {
			t.kind, lx.i = tHex, i
			if d == 'b' {
				t.kind = tBit
			}
			return
		}
	}
	lx.digits()
	if lx.at(lx.i) != '.' && lx.exponent() == 0 && wordByte(lx.at(lx.i)) {
		lx.runWord()
		t.kind = tWord
		return
	}
	if lx.at(lx.i) == '.' {
		lx.i++
		lx.digits()
	}
	lx.i += lx.exponent()
}

func (lx *lexer) digits() {
	for lx.i < len(lx.sql) && lx.sql[lx.i] >= '0' && lx.sql[lx.i] <= '9' {
		lx.i++
	}
}

// exponent returns the length of an exponent at lx.i, 0 for none.
func (lx *lexer) exponent() int {
	i := lx.i
	if lx.at(i)|0x20 != 'e' {
		return 0
	}
	if i++; lx.at(i) == '+' || lx.at(i) == '-' {
		i++
	}
	start := i
	for lx.at(i) >= '0' && lx.at(i) <= '9' {
		i++
	}
	if i == start {
		return 0
	}
	return i - lx.i
}

// variable scans @name, @'name', @@name and @@scope.name.
func (lx *lexer) variable(t *token) bool {
	start := lx.i
	t.kind = tUser
	if lx.i++; lx.at(lx.i) == '@' {
		t.kind = tSys
		lx.i++
	}
	switch c := lx.at(lx.i); c {
	case '`', '\'', '"':
		return lx.quoted(c, c != '`', "name is not closed")
	}
	name := lx.i
	for lx.i < len(lx.sql) && (wordByte(lx.sql[lx.i]) || lx.sql[lx.i] == '.') {
		lx.i++
	}
	if lx.i == name || !utf8.ValidString(lx.sql[name:lx.i]) {
		lx.i, lx.hint = start, "expected the name of a variable"
		return false
	}
	return true
}

// skip passes white space and comments, and the marks of a version gate whose contents count.
func (lx *lexer) skip() bool {
	for lx.i < len(lx.sql) {
		switch c := lx.sql[lx.i]; {
		case c == ' ' || c >= '\t' && c <= '\r':
			lx.i++
		case c == '#', c == '-' && lx.at(lx.i+1) == '-' && lx.at(lx.i+2) <= ' ':
			n := strings.IndexByte(lx.sql[lx.i:], '\n')
			if n < 0 {
				n = len(lx.sql) - lx.i
			}
			lx.i += n
		case c == '*' && lx.gate && lx.at(lx.i+1) == '/':
			lx.gate = false
			lx.i += 2
			lx.closed = lx.i
		case c == '/' && lx.at(lx.i+1) == '*':
			if !lx.comment() {
				return false
			}
		default:
			return true
		}
	}
	if lx.gate {
		lx.hint = "comment is not closed"
		return false
	}
	return true
}

// comment passes a comment, or enters a version gate that is open.
func (lx *lexer) comment() bool {
	if lx.at(lx.i+2) == '!' && !lx.gate {
		i, v := lx.i+3, 0
		for i < lx.i+9 && lx.at(i) >= '0' && lx.at(i) <= '9' {
			v = v*10 + int(lx.at(i)-'0')
			i++
		}
		if n := i - lx.i - 3; n < 5 { // not a version: digits belong to the contents
			i, v = lx.i+3, 0
		}
		if v <= version {
			lx.i, lx.gate, lx.opened = i, true, lx.i
			return true
		}
		return lx.closedGate()
	}
	n := strings.Index(lx.sql[lx.i+2:], "*/")
	if n < 0 {
		lx.hint = "comment is not closed"
		return false
	}
	lx.i += n + 4
	return true
}

// closedGate passes a version gate that does not count, with the comments in it.
func (lx *lexer) closedGate() bool {
	for i, depth := lx.i, 0; i+1 < len(lx.sql); i++ {
		switch lx.sql[i : i+2] {
		case "/*":
			depth++
			i++
		case "*/":
			depth--
			i++
		}
		if depth == 0 {
			lx.i = i + 1
			return true
		}
	}
	lx.hint = "comment is not closed"
	return false
}

// scan fills p with the tokens of its text, the pairs of parentheses and the placeholders.
func (p *parser) scan() error {
	lx := lexer{sql: p.sql}
	p.toks = make([]token, 0, len(p.sql)/5+4)
	var open []int32
	for {
		t, ok := lx.next()
		if !ok {
			return syntaxError(p.sql, lx.i, lx.hint)
		}
		n := int32(len(p.toks))
		switch {
		case t.kind == tParam || t.kind == tNamed:
			t.match = int32(len(p.names))
			p.names = append(p.names, strings.TrimPrefix(p.sql[t.pos:t.end], ":"))
			if t.kind == tParam {
				p.names[t.match] = ""
			}
		case t.kind == tOp && t.kw == "(":
			open = append(open, n)
			t.match = -1
		case t.kind == tOp && t.kw == ")" && len(open) > 0:
			p.toks[open[len(open)-1]].match = n
			open = open[:len(open)-1]
		}
		p.toks = append(p.toks, t)
		if t.kind == tEOF {
			return nil
		}
		if n > maxTokens {
			return base.Errorf(errno.Parse, "The statement has more than %d words", maxTokens)
		}
	}
}
