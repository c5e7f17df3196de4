package parse

import (
	"strconv"
	"strings"

	"github.com/s3sql/s3sql/internal/errno"
	"github.com/xwb1989/sqlparser"
)

// core parses what e has written. The text consists of stand-ins and key words alone, so the core's tokenizer, which misreads
// literals and comments, has none to read. ParseStrictDDL is Parse without its logging.
func (e *emitter) core() sqlparser.Statement {
	stmt, err := sqlparser.ParseStrictDDL(string(e.buf))
	if err != nil {
		e.p.failAt(e.place(err.Error()), "")
	}
	return stmt
}

// place returns the token that an error of the core is about. Its messages say "… at position N near '…'", N being one past
// the character behind the token.
func (e *emitter) place(msg string) int {
	_, rest, _ := strings.Cut(msg, "at position ")
	digits, near, _ := strings.Cut(rest, " ")
	pos, err := strconv.Atoi(digits)
	if err != nil || near == "" {
		return e.p.i
	}
	tok := e.p.i
	for _, s := range e.spots {
		if s.at+1 >= pos-1 {
			break
		}
		tok = s.tok
	}
	return tok
}

// broken reports a tree that this package did not expect of the core.
func (e *emitter) broken(what string) {
	e.p.failCode(errno.Unknown, "the parser cannot read %s here", what)
}
