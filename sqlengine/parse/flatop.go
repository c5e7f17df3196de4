package parse

import "strings"

// operator writes the operators behind an operand up to the one that an operand follows. more is false at the end of the
// expression.
func (f *flat) operator() (more, ok bool) {
	p := f.p
	for {
		t := p.tok()
		if t.kw == "" && t.kind == tWord {
			return f.softOperator()
		}
		if t.kind == tOp {
			return f.symbol(t)
		}
		if t.kind != tWord {
			return false, true
		}
		switch t.kw {
		case "DIV", "MOD":
			f.raw(" " + strings.ToLower(t.kw) + " ")
			p.i++
			return true, true
		case "AND":
			return f.logic(" and ")
		case "OR":
			return f.logic(" or ")
		case "XOR":
			return false, false
		case "COLLATE":
			p.i++
			if p.tok().kind == tString || p.is("BINARY") {
				return false, false
			}
			f.raw(" collate")
			f.name("a collation")
		case "IS":
			if !f.is() {
				return false, false
			}
		case "IN", "LIKE", "BETWEEN", "REGEXP", "RLIKE", "NOT":
			more, ok := f.predicate(t.kw)
			if !ok || more {
				return more, ok
			}
			if t.kw == "NOT" && p.tok() == t { // not an operator: the clause of a column definition, say
				return false, true
			}
		default:
			return false, true
		}
	}
}

// softOperator writes ESCAPE, the one operator that MySQL does not reserve and the core has.
func (f *flat) softOperator() (more, ok bool) {
	p := f.p
	switch {
	case f.liked && p.accept("ESCAPE"):
		f.liked = false
		f.raw(" escape ")
		return true, true
	case p.is("MEMBER", "OF"), p.is("SOUNDS", "LIKE"), p.is("MEMBER") && isOp(p.peek(1), "("):
		return false, false
	}
	return false, true
}

// symbol writes an operator that is no word.
func (f *flat) symbol(t *token) (more, ok bool) {
	p := f.p
	switch t.kw {
	case "+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>":
		f.raw(" " + t.kw + " ")
		p.i++
		return true, true
	case "&&":
		if f.between > 0 { // BETWEEN takes AND alone
			return false, false
		}
		return f.logic(" and ")
	case "||":
		return f.logic(" or ")
	case "=", "<=>", "<>", "!=", "<", "<=", ">", ">=":
		if f.compared || isOp(p.peek(2), "(") && (p.isWord(p.peek(1), "ANY") || p.isWord(p.peek(1), "SOME") || p.isWord(p.peek(1), "ALL")) {
			return false, false
		}
		f.compared = true
		f.raw(" " + t.kw + " ")
		p.i++
		return true, true
	case "->", "->>", ":=":
		return false, false
	}
	return false, true
}

func (f *flat) logic(op string) (more, ok bool) {
	if f.between > 0 && op == " and " {
		f.between--
	} else {
		f.compared = false
	}
	f.liked = false
	f.raw(op)
	f.p.i++
	return true, true
}

// is writes IS [NOT] NULL, TRUE or FALSE; the core has no UNKNOWN.
func (f *flat) is() bool {
	p := f.p
	if f.compared {
		return false
	}
	f.compared = true
	p.i++
	op := " is "
	if p.accept("NOT") {
		op = " is not "
	}
	what := p.expectAny("NULL", "TRUE", "FALSE", "UNKNOWN")
	f.raw(op + strings.ToLower(what))
	return what != "UNKNOWN"
}

// predicate writes [NOT] IN, LIKE, REGEXP and BETWEEN. more is false after IN, which is complete, and after a NOT that is no
// operator, which is not read.
func (f *flat) predicate(kw string) (more, ok bool) {
	p := f.p
	not := ""
	if kw == "NOT" {
		switch kw = p.peek(1).kw; kw {
		case "IN", "LIKE", "BETWEEN", "REGEXP", "RLIKE":
			not = " not"
			p.i++
		default:
			return false, true
		}
	}
	if f.compared {
		return false, false
	}
	f.compared = true
	p.i++
	switch kw {
	case "IN":
		return false, f.in(not)
	case "BETWEEN":
		f.between++
	case "LIKE":
		f.liked = true
	case "RLIKE":
		kw = "REGEXP"
	}
	f.raw(not + " " + strings.ToLower(kw) + " ")
	return true, true
}

func (f *flat) in(not string) bool {
	p := f.p
	f.raw(not + " in ")
	if p.queryAt(p.i) {
		f.raw("(select ")
		f.lift(p.paren())
		f.raw(")")
		return true
	}
	p.expectOp("(")
	return f.list("(") && f.close()
}
