package parse

import (
	"strings"
	"unicode/utf8"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/ast"
)

type tkind uint8

const (
	tEOF tkind = iota
	tIdent
	tQuoted
	tString
	tHex
	tNumber
	tOp
	tParam
	tNamed
	tUserVar
	tSysVar
)

type tok struct {
	kind tkind
	text string // value: unescaped
	up   string // upper case of an identifier
	pos  int
	end  int
}

func lex(sql string) ([]tok, error) {
	var out []tok
	i := 0
	for i < len(sql) {
		c := sql[i]
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
		case c == '#' || c == '-' && strings.HasPrefix(sql[i:], "--") && (i+2 == len(sql) || sql[i+2] <= ' '):
			for i < len(sql) && sql[i] != '\n' {
				i++
			}
		case strings.HasPrefix(sql[i:], "/*"):
			j := strings.Index(sql[i+2:], "*/")
			if j < 0 {
				return nil, syntaxError(sql, i, "comment is not closed")
			}
			i += j + 4
		case c == '\'' || c == '"':
			s, end, ok := lexString(sql, i)
			if !ok {
				return nil, syntaxError(sql, i, "string is not closed")
			}
			if n := len(out); n > 0 && out[n-1].kind == tString {
				out[n-1].text += s
				out[n-1].end = end
			} else {
				out = append(out, tok{kind: tString, text: s, pos: i, end: end})
			}
			i = end
		case c == '`':
			j := i + 1
			var b strings.Builder
			for {
				if j >= len(sql) {
					return nil, syntaxError(sql, i, "identifier is not closed")
				}
				if sql[j] == '`' {
					if j+1 < len(sql) && sql[j+1] == '`' {
						j++
					} else {
						break
					}
				}
				b.WriteByte(sql[j])
				j++
			}
			out = append(out, tok{kind: tQuoted, text: b.String(), pos: i, end: j + 1})
			i = j + 1
		case c >= '0' && c <= '9' || c == '.' && i+1 < len(sql) && sql[i+1] >= '0' && sql[i+1] <= '9':
			j := i
			if strings.HasPrefix(sql[i:], "0x") {
				j += 2
				for j < len(sql) && strings.IndexByte("0123456789abcdefABCDEF", sql[j]) >= 0 {
					j++
				}
				out = append(out, tok{kind: tHex, text: sql[i+2 : j], pos: i, end: j})
				i = j
				continue
			}
			for j < len(sql) && (sql[j] >= '0' && sql[j] <= '9' || sql[j] == '.') {
				j++
			}
			if j < len(sql) && (sql[j] == 'e' || sql[j] == 'E') {
				k := j + 1
				if k < len(sql) && (sql[k] == '+' || sql[k] == '-') {
					k++
				}
				if k < len(sql) && sql[k] >= '0' && sql[k] <= '9' {
					for k < len(sql) && sql[k] >= '0' && sql[k] <= '9' {
						k++
					}
					j = k
				}
			}
			out = append(out, tok{kind: tNumber, text: sql[i:j], pos: i, end: j})
			i = j
		case c == '?':
			out = append(out, tok{kind: tParam, pos: i, end: i + 1})
			i++
		case c == ':' && i+1 < len(sql) && identStart(sql[i+1]):
			j := identEnd(sql, i+1)
			out = append(out, tok{kind: tNamed, text: sql[i+1 : j], pos: i, end: j})
			i = j
		case c == '@':
			k, kind := i+1, tUserVar
			if k < len(sql) && sql[k] == '@' {
				k, kind = k+1, tSysVar
			}
			j := k
			for j < len(sql) && (identPart(sql[j]) || sql[j] == '.') {
				j++
			}
			out = append(out, tok{kind: kind, text: strings.ToLower(sql[k:j]), pos: i, end: j})
			i = j
		case identStart(c):
			j := identEnd(sql, i)
			w := sql[i:j]
			out = append(out, tok{kind: tIdent, text: w, up: strings.ToUpper(w), pos: i, end: j})
			i = j
		default:
			op := ""
			for _, o := range []string{"->>", "<=>", "->", "<=", ">=", "<>", "!=", "<<", ">>", "||", "&&", ":="} {
				if strings.HasPrefix(sql[i:], o) {
					op = o
					break
				}
			}
			if op == "" {
				if strings.IndexByte("+-*/%(),.;=<>!&|^~", c) < 0 {
					return nil, syntaxError(sql, i, "")
				}
				op = string(c)
			}
			out = append(out, tok{kind: tOp, text: op, pos: i, end: i + len(op)})
			i += len(op)
		}
	}
	return append(out, tok{kind: tEOF, pos: len(sql), end: len(sql)}), nil
}

func identStart(c byte) bool {
	return c == '_' || c == '$' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= utf8.RuneSelf
}
func identPart(c byte) bool { return identStart(c) || c >= '0' && c <= '9' }
func identEnd(s string, i int) int {
	for i < len(s) && identPart(s[i]) {
		i++
	}
	return i
}

func lexString(sql string, i int) (string, int, bool) {
	q := sql[i]
	var b strings.Builder
	for j := i + 1; j < len(sql); j++ {
		switch sql[j] {
		case q:
			if j+1 < len(sql) && sql[j+1] == q {
				b.WriteByte(q)
				j++
				continue
			}
			return b.String(), j + 1, true
		case '\\':
			j++
			if j >= len(sql) {
				return "", 0, false
			}
			switch sql[j] {
			case 'n':
				b.WriteByte('\n')
			case 't':
				b.WriteByte('\t')
			case 'r':
				b.WriteByte('\r')
			case '0':
				b.WriteByte(0)
			case 'b':
				b.WriteByte(8)
			case 'Z':
				b.WriteByte(26)
			case '%', '_':
				b.WriteByte('\\')
				b.WriteByte(sql[j])
			default:
				b.WriteByte(sql[j])
			}
		default:
			b.WriteByte(sql[j])
		}
	}
	return "", 0, false
}

func syntaxError(sql string, pos int, hint string) error {
	line, col := 1+strings.Count(sql[:pos], "\n"), pos-strings.LastIndexByte(sql[:pos], '\n')
	start := strings.LastIndexByte(sql[:pos], '\n') + 1
	end := len(sql)
	if j := strings.IndexByte(sql[pos:], '\n'); j >= 0 {
		end = pos + j
	}
	near := sql[pos:min(len(sql), pos+80)]
	msg := "You have an error in your SQL syntax near '" + near + "' at line " + itoa(line) + ", column " + itoa(col)
	if hint != "" {
		msg += ": " + hint
	}
	return base.Errorf(base.CodeParse, "%s", msg+"\n"+sql[start:end]+"\n"+strings.Repeat(" ", pos-start)+"^")
}

var _ ast.Pos
