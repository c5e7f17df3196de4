package expr

import (
	"errors"
	"regexp"
	"regexp/syntax"
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/internal/vec"
)

var regexpFunctions = []*function{
	{name: "REGEXP", min: 2, max: 2, build: buildRegexp(2, func(r *row, re *regexp.Regexp) error {
		r.setBool(re.MatchString(r.str(0)))
		return nil
	})},
	{name: "REGEXP_LIKE", min: 2, max: 3, build: buildRegexp(2, func(r *row, re *regexp.Regexp) error {
		r.setBool(re.MatchString(r.str(0)))
		return nil
	})},
	{name: "REGEXP_INSTR", min: 2, max: 6, build: buildRegexp(5, regexpInstr)},
	{name: "REGEXP_SUBSTR", min: 2, max: 5, build: buildRegexp(4, regexpSubstr)},
	{name: "REGEXP_REPLACE", min: 3, max: 6, build: buildRegexp(5, regexpReplace)},
}

// buildRegexp is a function of a text, a pattern of RE2's syntax and, as operand flags, the options. REGEXP_REPLACE has its
// replacement as operand 2.
func buildRegexp(flags int, f func(*row, *regexp.Regexp) error) func(*call) error {
	return func(c *call) error {
		replaces := c.fn.name == "REGEXP_REPLACE"
		for i := range c.in {
			if isText := i < 2 || i == flags || replaces && i == 2; !isText {
				c.in[i] = implicit(c.in[i], typeInt)
				continue
			}
			if t := c.in[i].Type(); isBinary(t) && t.ID != base.TypeUUID {
				return base.Errorf(errno.CharacterSetMismatch, "Character set 'binary' cannot be used in conjunction with '%s' in call to %s.",
					collationName(c.in[(i+1)%2].Type()), c.regexpName())
			}
			c.text(i)
		}
		coll, err := c.textCollation()
		if err != nil {
			return err
		}
		switch c.fn.name {
		case "REGEXP", "REGEXP_LIKE":
			c.typ = typeBool
		case "REGEXP_INSTR":
			c.typ = typeInt
		default:
			c.typ, c.null = base.Type{ID: base.TypeLongText, Collation: collationOf(c.in[0].Type())}, true
		}
		m := &matcher{flags: flags, fold: strings.HasSuffix(coll.Name, "_ci")}
		if k, ok := c.in[1].(*constant); ok && len(c.in) <= flags && !k.value.IsNull() {
			if err := m.compile(c, k.value.Text(), ""); err != nil {
				return err
			}
		}
		c.eval = m.kernel(f)
		return nil
	}
}

func (c *call) regexpName() string {
	if c.fn.name == "REGEXP" {
		return "regexp_like"
	}
	return strings.ToLower(c.fn.name)
}

// matcher keeps the expression of a constant pattern. It is written once, before evaluation.
type matcher struct {
	flags   int
	fold    bool // the collation ignores case
	pattern string
	re      *regexp.Regexp
}

func (m *matcher) compile(c *call, pattern, flags string) error {
	re, err := compileRegexp(c, pattern, flags, m.fold)
	m.pattern, m.re = pattern, re
	return err
}

// kernel compiles a pattern when it differs from the row before.
func (m *matcher) kernel(f func(*row, *regexp.Regexp) error) kernel {
	return func(ctx *Context, b *vec.Batch, c *call) (*vec.Vector, error) {
		last := *m
		lastFlags := ""
		return rows(true, func(r *row) error {
			pattern, flags := r.str(1), ""
			if r.has(m.flags) {
				flags = r.str(m.flags)
			}
			if last.re == nil || pattern != last.pattern || flags != lastFlags {
				if err := last.compile(r.c, pattern, flags); err != nil {
					return err
				}
				lastFlags = flags
			}
			return f(r, last.re)
		})(ctx, b, c)
	}
}

// compileRegexp applies MySQL's flags: c and i for case, m for lines, n for a point that matches line ends, u for line ends that
// are \n alone, which they always are.
func compileRegexp(c *call, pattern, flags string, fold bool) (*regexp.Regexp, error) {
	if pattern == "" {
		return nil, base.Errorf(errno.RegexpIllegalArgument, "Illegal argument to a regular expression.")
	}
	opts := ""
	for _, f := range flags {
		switch f {
		case 'c', 'i':
			fold = f == 'i'
		case 'm':
			opts += "m"
		case 'n':
			opts += "s"
		case 'u':
		default:
			return nil, base.Errorf(errno.WrongArguments, "Incorrect arguments to %s", c.regexpName())
		}
	}
	if fold {
		opts += "i"
	}
	if opts != "" {
		opts = "(?" + opts + ")"
	}
	re, err := regexp.Compile(opts + pattern)
	if err != nil {
		return nil, regexpError(err)
	}
	return re, nil
}

// regexpError is the error that MySQL has for what is wrong with a pattern.
func regexpError(err error) error {
	var syntaxErr *syntax.Error
	if !errors.As(err, &syntaxErr) {
		return base.Errorf(errno.RegexpIllegalArgument, "Illegal argument to a regular expression: %v", err)
	}
	switch syntaxErr.Code {
	case syntax.ErrMissingParen, syntax.ErrUnexpectedParen:
		return base.Errorf(errno.RegexpMismatchedParen, "Mismatched parenthesis in regular expression.")
	case syntax.ErrMissingBracket:
		return base.Errorf(errno.RegexpMissingBracket, "The regular expression contains an unclosed bracket expression.")
	case syntax.ErrInvalidCharRange:
		return base.Errorf(errno.RegexpInvalidRange, "The regular expression contains an [x-y] character range where x comes after y.")
	case syntax.ErrTrailingBackslash, syntax.ErrInvalidEscape:
		return base.Errorf(errno.RegexpBadEscape, "Unrecognized escape sequence in regular expression.")
	case syntax.ErrInvalidRepeatSize, syntax.ErrLarge, syntax.ErrNestingDepth:
		return base.Errorf(errno.RegexpPatternTooBig, "The regular expression is too large: %s", syntaxErr.Expr)
	}
	return base.Errorf(errno.RegexpRuleSyntax, "Syntax error in regular expression: %s: `%s`", syntaxErr.Code, syntaxErr.Expr)
}

// match returns the occurrence-th match from character pos on, as byte offsets of s; nil: there is none. pos is operand 2 or, of
// REGEXP_REPLACE, 3.
//
// Errors: 3686 for a position outside of the text.
func (r *row) match(re *regexp.Regexp) ([]int, error) {
	s := r.str(0)
	start, err := r.regexpStart(2)
	if err != nil {
		return nil, err
	}
	n := int64(1)
	if r.has(3) {
		n = max(r.int(3), 1)
	}
	list := re.FindAllStringIndex(s[start:], int(min(n, int64(len(s))+1)))
	if int64(len(list)) < n {
		return nil, nil
	}
	loc := list[n-1]
	return []int{loc[0] + start, loc[1] + start}, nil
}

// regexpStart is the byte where the character begins that operand k counts from 1.
func (r *row) regexpStart(k int) (int, error) {
	if !r.has(k) {
		return 0, nil
	}
	s, pos := r.str(0), r.int(k)
	if pos < 1 || pos > int64(charCount(s))+1 || pos > 1 && pos > int64(charCount(s)) && s != "" && r.c.fn.name == "REGEXP_REPLACE" {
		return 0, base.Errorf(errno.RegexpIndexOutOfBounds, "Index out of bounds in regular expression search.")
	}
	return charOffset(s, int(pos-1)), nil
}

// regexpInstr is REGEXP_INSTR(s, pattern[, pos[, occurrence[, end[, flags]]]]).
func regexpInstr(r *row, re *regexp.Regexp) error {
	end := r.has(4) && r.int(4) != 0
	if r.has(4) && r.int(4) != 0 && r.int(4) != 1 {
		return base.Errorf(errno.WrongArguments, "Incorrect arguments to regexp_instr: return_option must be 1 or 0.")
	}
	loc, err := r.match(re)
	if err != nil || loc == nil {
		r.setInt(0)
		return err
	}
	at := loc[0]
	if end {
		at = loc[1]
	}
	r.setInt(int64(charCount(r.str(0)[:at])) + 1)
	return nil
}

// regexpSubstr is REGEXP_SUBSTR(s, pattern[, pos[, occurrence[, flags]]]).
func regexpSubstr(r *row, re *regexp.Regexp) error {
	loc, err := r.match(re)
	if err != nil || loc == nil {
		r.setNull()
		return err
	}
	r.setStr(r.str(0)[loc[0]:loc[1]])
	return nil
}

// regexpReplace is REGEXP_REPLACE(s, pattern, new[, pos[, occurrence[, flags]]]); occurrence 0 is all.
func regexpReplace(r *row, re *regexp.Regexp) error {
	s, template := r.str(0), r.str(2)
	start, err := r.regexpStart(3)
	if err != nil {
		return err
	}
	only := int64(0)
	if r.has(4) {
		only = max(r.int(4), 0)
	}
	out := append(make([]byte, 0, len(s)), s[:start]...)
	s = s[start:]
	at, n := 0, int64(0)
	for _, m := range re.FindAllStringSubmatchIndex(s, -1) {
		if n++; only > 0 && n != only {
			continue
		}
		out = append(out, s[at:m[0]]...)
		if out, err = expand(out, template, s, m); err != nil {
			return err
		}
		if at = m[1]; len(out) > maxTextBytes {
			return r.tooLarge("regexp_replace")
		}
	}
	r.setStr(string(append(out, s[at:]...)))
	return nil
}

// expand appends a replacement: $1 is what group 1 matched, a backslash takes the next character as it is.
func expand(out []byte, template, s string, m []int) ([]byte, error) {
	for i := 0; i < len(template); i++ {
		switch c := template[i]; {
		case c == '\\' && i+1 < len(template):
			i++
			out = append(out, template[i])
		case c == '$' && i+1 < len(template) && template[i+1] >= '0' && template[i+1] <= '9':
			g := 0
			for i+1 < len(template) && template[i+1] >= '0' && template[i+1] <= '9' {
				next := g*10 + int(template[i+1]-'0')
				if g > 0 && 2*next >= len(m) {
					break
				}
				g = next
				i++
			}
			if 2*g >= len(m) {
				return nil, base.Errorf(errno.RegexpIndexOutOfBounds, "Index out of bounds in regular expression search.")
			}
			if m[2*g] >= 0 {
				out = append(out, s[m[2*g]:m[2*g+1]]...)
			}
		case c == '$':
			return nil, base.Errorf(errno.RegexpBadGroupName, "A capture group has an invalid name.")
		default:
			out = append(out, c)
		}
	}
	return out, nil
}
