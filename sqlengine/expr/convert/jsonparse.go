package convert

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
)

// JSONError says why and where a text is not JSON, with the reasons and places that MySQL's parser gives.
type JSONError struct {
	Reason  string
	Offset  int64
	TooDeep bool
}

// Error returns the reason and the offset.
func (e *JSONError) Error() string {
	return e.Reason + " at position " + strconv.FormatInt(e.Offset, 10)
}

// InArgument is the error for argument arg, from 1, of a function.
//
// Errors: 3141, 3157.
func (e *JSONError) InArgument(arg int, function string) error {
	if e.TooDeep {
		return base.Errorf(errno.JSONTooDeep, "The JSON document exceeds the maximum depth.")
	}
	return base.Errorf(errno.InvalidJSONInParam, "Invalid JSON text in argument %d to function %s: \"%s\" at position %d.",
		arg, function, e.Reason, e.Offset)
}

// maxJSONDepth is MySQL's limit on nesting.
const maxJSONDepth = 100

// ParseJSON reads a document: nil, bool, json.Number, string, []any or map[string]any. Numbers come in their normal form:
// integers of 64 bits as they are, others as doubles. Of members of one name the last counts.
func ParseJSON(text string) (any, *JSONError) { return parseJSON(text, false) }

// ParseStoredJSON is ParseJSON for the text of a JSON value, whose numbers are in normal form: what does not look like a
// double is a DECIMAL and stays one.
func ParseStoredJSON(text string) (any, *JSONError) { return parseJSON(text, true) }

func parseJSON(text string, stored bool) (any, *JSONError) {
	p := jsonParser{s: text, stored: stored}
	p.spaces()
	if p.i == len(text) {
		return nil, p.fail("The document is empty.", p.i)
	}
	v := p.value(1)
	if p.err == nil {
		if p.spaces(); p.i < len(text) {
			p.fail("The document root must not be followed by other values.", p.i)
		}
	}
	return v, p.err
}

type jsonParser struct {
	s      string
	i      int
	stored bool
	err    *JSONError
}

func (p *jsonParser) fail(reason string, at int) *JSONError {
	if p.err == nil {
		p.err = &JSONError{Reason: reason, Offset: int64(at)}
	}
	return p.err
}

func (p *jsonParser) spaces() {
	for p.i < len(p.s) && (p.s[p.i] == ' ' || p.s[p.i] == '\n' || p.s[p.i] == '\r' || p.s[p.i] == '\t') {
		p.i++
	}
}

// peek is the next byte, 0 at the end.
func (p *jsonParser) peek() byte {
	if p.i < len(p.s) {
		return p.s[p.i]
	}
	return 0
}

func (p *jsonParser) value(depth int) any {
	if depth > maxJSONDepth {
		p.err = &JSONError{Reason: "The JSON document exceeds the maximum depth.", Offset: int64(p.i), TooDeep: true}
		return nil
	}
	switch c := p.peek(); {
	case c == '{':
		return p.object(depth)
	case c == '[':
		return p.array(depth)
	case c == '"':
		return p.str()
	case c == 'n':
		p.word("null")
		return nil
	case c == 't':
		p.word("true")
		return true
	case c == 'f':
		p.word("false")
		return false
	case c == '-' || c >= '0' && c <= '9':
		return p.number()
	}
	p.fail("Invalid value.", p.i)
	return nil
}

func (p *jsonParser) word(w string) {
	for i := range len(w) {
		if p.peek() != w[i] {
			p.fail("Invalid value.", p.i)
			return
		}
		p.i++
	}
}

func (p *jsonParser) object(depth int) any {
	out := map[string]any{}
	p.i++
	if p.spaces(); p.peek() == '}' {
		p.i++
		return out
	}
	for p.err == nil {
		if p.peek() != '"' {
			p.fail("Missing a name for object member.", p.i)
			break
		}
		key := p.str()
		if p.spaces(); p.peek() != ':' {
			p.fail("Missing a colon after a name of object member.", p.i)
			break
		}
		p.i++
		p.spaces()
		out[key] = p.value(depth + 1)
		p.spaces()
		switch p.peek() {
		case ',':
			p.i++
			p.spaces()
		case '}':
			p.i++
			return out
		default:
			p.fail("Missing a comma or } after an object member.", p.i)
		}
	}
	return out
}

func (p *jsonParser) array(depth int) any {
	out := []any{}
	p.i++
	if p.spaces(); p.peek() == ']' {
		p.i++
		return out
	}
	for p.err == nil {
		out = append(out, p.value(depth+1))
		p.spaces()
		switch p.peek() {
		case ',':
			p.i++
			p.spaces()
		case ']':
			p.i++
			return out
		default:
			p.fail("Missing a comma or ] after an array element.", p.i)
		}
	}
	return out
}

func (p *jsonParser) str() string {
	p.i++
	start := p.i
	for p.i < len(p.s) && p.s[p.i] != '"' && p.s[p.i] != '\\' && p.s[p.i] >= 0x20 {
		p.i++
	}
	if p.peek() == '"' && p.i < len(p.s) {
		p.i++
		return p.s[start : p.i-1]
	}
	buf := []byte(p.s[start:p.i])
	for p.err == nil {
		if p.i >= len(p.s) {
			p.fail("Missing a closing quotation mark in string.", p.i)
			break
		}
		switch c := p.s[p.i]; {
		case c == '"':
			p.i++
			return string(buf)
		case c == '\\':
			buf = p.escape(buf)
		case c < 0x20:
			p.fail("Invalid encoding in string.", p.i)
		default:
			buf = append(buf, c)
			p.i++
		}
	}
	return string(buf)
}

func (p *jsonParser) escape(buf []byte) []byte {
	at := p.i
	p.i += 2
	if p.i > len(p.s) {
		p.fail("Invalid escape character in string.", at)
		return buf
	}
	c := p.s[p.i-1]
	if k := strings.IndexByte(`"\/bfnrt`, c); k >= 0 {
		return append(buf, "\"\\/\b\f\n\r\t"[k])
	}
	if c != 'u' {
		p.fail("Invalid escape character in string.", at)
		return buf
	}
	r := p.hex4(at)
	if utf16.IsSurrogate(r) {
		if !strings.HasPrefix(p.s[p.i:], `\u`) {
			p.fail("The surrogate pair in string is invalid.", at)
			return buf
		}
		p.i += 2
		if r = utf16.DecodeRune(r, p.hex4(at)); r == utf8.RuneError {
			p.fail("The surrogate pair in string is invalid.", at)
		}
	}
	return utf8.AppendRune(buf, r)
}

func (p *jsonParser) hex4(at int) rune {
	if p.i+4 > len(p.s) {
		p.fail("Incorrect hex digit after \\u escape in string.", at)
		return 0
	}
	v, err := strconv.ParseUint(p.s[p.i:p.i+4], 16, 16)
	if err != nil {
		p.fail("Incorrect hex digit after \\u escape in string.", at)
		return 0
	}
	p.i += 4
	return rune(v)
}

func (p *jsonParser) digits() int {
	n := digits(p.s[p.i:])
	p.i += n
	return n
}

func (p *jsonParser) number() any {
	start := p.i
	if p.peek() == '-' {
		p.i++
	}
	if p.peek() == '0' {
		p.i++
	} else if p.digits() == 0 {
		p.fail("Invalid value.", p.i)
		return nil
	}
	if p.peek() == '.' {
		if p.i++; p.digits() == 0 {
			p.fail("Missing fraction part in number.", p.i)
			return nil
		}
	}
	if p.peek()|0x20 == 'e' {
		p.i++
		if c := p.peek(); c == '+' || c == '-' {
			p.i++
		}
		if p.digits() == 0 {
			p.fail("Missing exponent in number.", p.i)
			return nil
		}
	}
	text := p.s[start:p.i]
	if p.stored {
		return json.Number(text)
	}
	text, ok := normalNumber(text)
	if !ok {
		p.fail("Number too big to be stored in double.", start)
	}
	return json.Number(text)
}

// normalNumber prints integers of 64 bits as they are and others as doubles, which always show a point or an exponent.
func normalNumber(s string) (string, bool) {
	if !strings.ContainsAny(s, ".eE") {
		if _, err := strconv.ParseInt(s, 10, 64); err == nil && s != "-0" {
			return s, true
		}
		if _, err := strconv.ParseUint(s, 10, 64); err == nil {
			return s, true
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && math.IsInf(f, 0) {
		return s, false
	}
	return FloatJSON(f), true
}
