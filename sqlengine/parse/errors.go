package parse

import (
	"strings"
	"unicode/utf8"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
)

const (
	nearRunes = 80 // of the text that a message quotes
	lineRunes = 120
)

// syntaxError is MySQL's error 1064: what the text says at offset pos, where that is, what was expected if that is known, and
// the line with a caret below the place.
func syntaxError(sql string, pos int, hint string) error {
	pos = min(pos, len(sql))
	line := 1 + strings.Count(sql[:pos], "\n")
	start := strings.LastIndexByte(sql[:pos], '\n') + 1
	stop := len(sql)
	if n := strings.IndexByte(sql[pos:], '\n'); n >= 0 {
		stop = pos + n
	}
	column := utf8.RuneCountInString(sql[start:pos]) + 1
	if hint != "" {
		hint = ": " + hint
	}
	return base.Errorf(errno.Parse, "You have an error in your SQL syntax near '%s' at line %d, column %d%s\n%s",
		near(sql[pos:]), line, column, hint, caret(sql[start:pos], strings.TrimRight(sql[pos:stop], "\r")))
}

// near returns the start of s, made valid UTF-8.
func near(s string) string {
	s = strings.ToValidUTF8(s[:min(len(s), 4*nearRunes)], "\uFFFD")
	for i := range s {
		if utf8.RuneCountInString(s[:i]) == nearRunes {
			return s[:i]
		}
	}
	return s
}

// caret returns the line before+after with a caret under the start of after. A long line is cut to what is around it.
func caret(before, after string) string {
	b, a := []rune(strings.ToValidUTF8(before, "\uFFFD")), []rune(strings.ToValidUTF8(after, "\uFFFD"))
	if len(b) > lineRunes/2 {
		b = append([]rune("…"), b[len(b)-lineRunes/2:]...)
	}
	if len(a) > lineRunes/2 {
		a = append(a[:lineRunes/2:lineRunes/2], '…')
	}
	pad := make([]rune, len(b))
	for i, r := range b {
		pad[i] = ' '
		if r == '\t' {
			pad[i] = '\t'
		}
	}
	return string(b) + string(a) + "\n" + string(pad) + "^"
}

// fail stops the parser at the current token.
func (p *parser) fail(hint string) { p.failAt(p.i, hint) }

func (p *parser) failAt(i int, hint string) {
	panic(bailout{syntaxError(p.sql, int(p.toks[min(i, len(p.toks)-1)].pos), hint)})
}

func (p *parser) failCode(c base.Code, format string, args ...any) {
	panic(bailout{base.Errorf(c, format, args...)})
}

// unsupported stops the parser at a statement or clause that MySQL has and s3sql does not.
func (p *parser) unsupported(what string) {
	p.failCode(errno.NotSupported, "%s is not supported yet", what)
}
