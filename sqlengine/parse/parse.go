package parse

import (
	"fmt"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
)

// Limits on one statement. They bound what a statement costs before anything is known about it.
const (
	maxBytes  = 64 << 20  // of text, as MySQL's default max_allowed_packet
	maxTokens = 4_000_000 // 16 million bytes of the smallest multi-row INSERT
	maxDepth  = 190       // of parentheses, subqueries and prefix operators; the core stops at 200
	maxChain  = 20_000    // operators of one expression, set operations and joins of one query: they nest to the left
)

// Parsed is a statement with its placeholders.
type Parsed struct {
	Stmt       ast.Statement
	NumParams  int
	ParamNames []string // one a placeholder in text order; "" for ?
}

// Statement parses one statement; a semicolon may end it.
//
// Errors: 1064 with line, column and a caret; 1065 for a statement without a word; 1235 for one that MySQL has and s3sql
// does not.
func Statement(sql string) (ast.Statement, error) {
	r, err := Parse(sql)
	if err != nil {
		return nil, err
	}
	return r.Stmt, nil
}

// Parse is Statement with the placeholders counted and named.
func Parse(sql string) (*Parsed, error) {
	p, err := newParser(sql)
	if err != nil {
		return nil, err
	}
	out := &Parsed{NumParams: len(p.names), ParamNames: p.names}
	err = p.guard(func() {
		for p.acceptOp(";") {
		}
		if p.tok().kind == tEOF {
			panic(bailout{base.Errorf(errno.EmptyQuery, "Query was empty")})
		}
		out.Stmt = p.statement()
		if _, ok := out.Stmt.(*ast.SelectInto); !ok {
			p.noInto()
		}
		for p.acceptOp(";") {
		}
		if p.tok().kind != tEOF {
			p.fail("")
		}
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Expr parses an expression alone, such as the DEFAULT of a column as the catalog keeps it.
func Expr(sql string) (ast.Expr, error) {
	p, err := newParser(sql)
	if err != nil {
		return nil, err
	}
	var e ast.Expr
	err = p.guard(func() {
		e = p.expr()
		if p.tok().kind != tEOF {
			p.fail("")
		}
	})
	if err != nil {
		return nil, err
	}
	return e, nil
}

func newParser(sql string) (*parser, error) {
	if len(sql) > maxBytes {
		return nil, base.Errorf(errno.Parse, "The statement has %d bytes; at most %d are accepted", len(sql), maxBytes)
	}
	p := &parser{sql: sql}
	if err := p.scan(); err != nil {
		return nil, err
	}
	return p, nil
}

// bailout carries a syntax error from where it is seen to guard.
type bailout struct{ err error }

// guard runs f and returns the error it bailed out with. Any other panic is a bug of this package or of the core; it
// becomes an internal error, because no text may bring a process down.
func (p *parser) guard(f func()) (err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case bailout:
			err = r.err
		default:
			err = base.Errorf(errno.Unknown, "the parser failed: %s", fmt.Sprint(r))
		}
	}()
	f()
	return nil
}
