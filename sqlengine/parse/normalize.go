package parse

// Normalize returns the text of a statement with its constants and placeholders as ?, its reserved words in upper case, one space
// between tokens where one is needed, and no comments: equal for statements that differ in values alone. A list of more than
// one constant in parentheses is (…), and so are further rows. Text that is not SQL is returned as it is.
//
// Cost: one pass of the lexer and one allocation.
func Normalize(sql string) string {
	lx := lexer{sql: sql}
	n := normalizer{buf: make([]byte, 0, len(sql)+16)}
	for {
		t, ok := lx.next()
		if !ok {
			return sql
		}
		if t.kind == tEOF {
			break
		}
		n.token(&t, sql[t.pos:t.end])
	}
	return string(n.trimmed())
}

type normalizer struct {
	buf  []byte
	last byte // of the previous token: 'w' a word, 'v' a value, or an operator's last byte
	open int  // where the parenthesis of a list of values alone starts, plus one; 0 none
	vals int  // in that list
}

func (n *normalizer) token(t *token, text string) {
	switch t.kind {
	case tString, tNumber, tHex, tBit, tParam, tNamed:
		if n.last == 'v' && t.kind == tString { // adjacent strings are one
			return
		}
		n.space('v')
		n.buf = append(n.buf, '?')
		n.vals++
		n.last = 'v'
	case tIntro:
	case tOp:
		n.operator(t.kw)
	default:
		n.space('w')
		if t.kw != "" {
			text = t.kw
		}
		n.buf = append(n.buf, text...)
		n.last, n.open = 'w', 0
	}
}

// space separates words and values, and a name from an operator that is not punctuation.
func (n *normalizer) space(next byte) {
	if len(n.buf) == 0 || n.last == '(' || n.last == '.' || next == '.' || next == ',' || next == ')' || next == ';' {
		return
	}
	if next == '(' && n.last == 'w' {
		return
	}
	n.buf = append(n.buf, ' ')
}

func (n *normalizer) operator(op string) {
	switch op {
	case "(":
		n.space('(')
		n.buf = append(n.buf, '(')
		n.open, n.vals, n.last = len(n.buf), 0, '('
		return
	case ")":
		if n.open > 0 && n.vals > 1 {
			n.buf = append(n.buf[:n.open], "…)"...)
		} else {
			n.buf = append(n.buf, ')')
		}
		n.closed()
		n.open, n.last = 0, ')'
		return
	case ",":
		n.buf = append(n.buf, ',')
		n.last = ','
		return
	}
	n.space(op[len(op)-1])
	n.buf = append(n.buf, op...)
	n.last = op[len(op)-1]
	if op != "-" && op != "+" {
		n.open = 0
	}
}

// closed drops a row of values that follows one: VALUES (…), (…) is VALUES (…).
func (n *normalizer) closed() {
	for _, row := range [...]string{", (…)", ", (?)"} {
		rest := len(n.buf) - len(row)
		if again := len(row) - len(", "); rest > again && string(n.buf[rest:]) == row && string(n.buf[rest-again:rest]) == row[2:] {
			n.buf = n.buf[:rest]
			return
		}
	}
}

func (n *normalizer) trimmed() []byte {
	for len(n.buf) > 0 && (n.buf[len(n.buf)-1] == ';' || n.buf[len(n.buf)-1] == ' ') {
		n.buf = n.buf[:len(n.buf)-1]
	}
	return n.buf
}
