package exec

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// maxField bounds one field of a file, as max_allowed_packet would.
const maxField = 64 << 20

// lineReader cuts a file into lines and fields as LOAD DATA does. It holds one field at a time.
//
// Source: MySQL 8.0 reference manual, "LOAD DATA Statement", "Field and Line Handling".
type lineReader struct {
	in     *bufio.Reader
	f      plan.LoadFormat
	latin1 bool
	buf    []byte
	ended  bool // the line has no more fields
	eof    bool
	null   bool // the field has \N
	quoted bool // the field stood in quotes
	breaks int  // line breaks read, whatever the lines of the statement end with
}

// newLineReader returns a reader before the first line. Lines that end as fields do are told apart by their number of fields.
func newLineReader(in io.Reader, f plan.LoadFormat, latin1 bool) *lineReader {
	if f.LineEnd == f.FieldEnd && f.FieldEnd != "" {
		f.LineEnd = ""
	}
	return &lineReader{in: bufio.NewReaderSize(in, 64<<10), f: f, latin1: latin1}
}

// next reads a byte; io.EOF at the end of the file, where it stays.
func (r *lineReader) next() (byte, error) {
	c, err := r.in.ReadByte()
	switch {
	case errors.Is(err, io.EOF):
		r.eof, r.ended = true, true
	case c == '\n':
		r.breaks++
	}
	return c, err
}

// ends reports whether c, which has been read, begins term, and reads the rest of it then.
func (r *lineReader) ends(c byte, term string) bool {
	return term != "" && c == term[0] && (len(term) == 1 || r.follows(term[1:]))
}

// skipLine reads what is left of a line. cut says that there was something; io.EOF that no line follows. Lines that only
// the number of their fields ends have nothing left.
func (r *lineReader) skipLine(ctx context.Context) (cut bool, err error) {
	switch {
	case r.eof:
		return false, io.EOF
	case r.ended, r.f.LineEnd == "":
		r.ended = false
		return false, nil
	}
	for n := 1; ; n++ {
		c, err := r.next()
		if err != nil {
			return cut, err
		}
		if r.ends(c, r.f.LineEnd) {
			return cut, nil
		}
		cut = true
		if err := every64k(ctx, n); err != nil {
			return cut, err
		}
	}
}

// begin goes behind the next LINES STARTING BY; io.EOF when there is none.
func (r *lineReader) begin(ctx context.Context) error {
	if r.f.LineStart == "" {
		return nil
	}
	for n := 1; ; n++ {
		c, err := r.next()
		if err != nil || r.ends(c, r.f.LineStart) {
			return err
		}
		if err := every64k(ctx, n); err != nil {
			return err
		}
	}
}

// every64k looks at ctx from time to time.
func every64k(ctx context.Context, n int) error {
	if n&0xffff == 0 {
		return ctx.Err()
	}
	return nil
}

// field reads a field and what ends it. ok is false when the line has no more.
func (r *lineReader) field() (v base.Value, ok bool, err error) {
	if r.ended {
		return v, false, nil
	}
	c, err := r.next()
	if errors.Is(err, io.EOF) {
		return v, false, nil
	}
	r.buf, r.null, r.quoted = r.buf[:0], false, false
	if err == nil {
		if r.f.Enclosed != "" && c == r.f.Enclosed[0] {
			err = r.enclosed(c)
		} else {
			err = r.plain(c)
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return v, false, err
	}
	if r.f.HasNull {
		if !r.quoted && string(r.buf) == r.f.Null {
			return base.Value{}, true, nil
		}
		return r.text(), true, nil
	}
	if r.null && len(r.buf) == 1 || !r.quoted && r.f.Enclosed != "" && string(r.buf) == "NULL" {
		return base.Value{}, true, nil
	}
	return r.text(), true, nil
}

// plain reads a field without quotes that begins with c.
func (r *lineReader) plain(c byte) (err error) {
	for ; err == nil; c, err = r.next() {
		escaped, err := r.escape(c)
		switch {
		case err != nil:
			return err
		case escaped:
			continue
		case r.ends(c, r.f.LineEnd):
			r.ended = true
			return nil
		case r.ends(c, r.f.FieldEnd):
			return nil
		}
		if err := r.add(c); err != nil {
			return err
		}
	}
	return err
}

// enclosed reads a field whose quote has been read. A quote that nothing ends is data, and goes up to the end of the file.
func (r *lineReader) enclosed(quote byte) error {
	r.buf = append(r.buf, quote)
	for {
		c, err := r.next()
		if err != nil {
			return err
		}
		escaped, err := r.escape(c)
		switch {
		case err != nil:
			return err
		case escaped:
			continue
		case c == quote:
			if done, err := r.closing(quote); done || err != nil {
				return err
			}
		}
		if err := r.add(c); err != nil {
			return err
		}
	}
}

// closing looks at what follows a quote: another is read, and both are one; what ends a field or a line ends this field.
func (r *lineReader) closing(quote byte) (done bool, err error) {
	b, err := r.in.Peek(1)
	switch {
	case errors.Is(err, io.EOF):
		r.eof, r.ended = true, true
	case err != nil:
		return false, err
	case b[0] == quote:
		_, err := r.next()
		return false, err
	case r.follows(r.f.LineEnd):
		r.ended = true
	case !r.follows(r.f.FieldEnd):
		return false, nil
	}
	r.quoted = true
	r.buf = r.buf[1:] // the quote before it
	return true, nil
}

// follows reads term if it comes next.
func (r *lineReader) follows(term string) bool {
	if term == "" {
		return false
	}
	b, err := r.in.Peek(len(term))
	if err != nil || string(b) != term {
		return false
	}
	r.breaks += bytes.Count(b, []byte{'\n'})
	_, err = r.in.Discard(len(term))
	return err == nil
}

// escape reads what follows c if c is the escape character, and adds what both mean. An escape character that is the quote
// too escapes nothing but itself, and one at the end of the file is data.
func (r *lineReader) escape(c byte) (bool, error) {
	if r.f.Escaped == "" || c != r.f.Escaped[0] {
		return false, nil
	}
	b, err := r.in.Peek(1)
	switch {
	case errors.Is(err, io.EOF):
		return false, nil
	case err != nil:
		return false, err
	case r.f.Escaped == r.f.Enclosed && b[0] != c:
		return false, nil
	}
	if c, err = r.next(); err != nil {
		return false, err
	}
	r.null = r.null || c == 'N'
	return true, r.add(unescape(c))
}

// unescape returns what an escape character in front of c makes of it.
func unescape(c byte) byte {
	switch c {
	case '0':
		return 0
	case 'b':
		return '\b'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case 'Z':
		return 26
	}
	return c
}

func (r *lineReader) add(c byte) error {
	if len(r.buf) >= maxField {
		return base.Errorf(errno.CapacityExceeded, "a field of the file is longer than %d bytes; is it terminated as the statement says?", maxField)
	}
	r.buf = append(r.buf, c)
	return nil
}

// text is the field as a value.
func (r *lineReader) text() base.Value {
	if !r.latin1 {
		return base.NewString(string(r.buf))
	}
	var b strings.Builder
	for _, c := range r.buf {
		if c >= 0x80 && c < 0xa0 {
			b.WriteRune(latin1Specials[c-0x80])
		} else {
			b.WriteRune(rune(c))
		}
	}
	return base.NewString(b.String())
}

// latin1Specials are the characters 0x80 to 0x9f of MySQL's latin1, which is Windows' code page 1252; the five that it
// leaves open are control characters.
var latin1Specials = [32]rune{
	0x20ac, 0x81, 0x201a, 0x192, 0x201e, 0x2026, 0x2020, 0x2021, 0x2c6, 0x2030, 0x160, 0x2039, 0x152, 0x8d, 0x17d, 0x8f,
	0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x2dc, 0x2122, 0x161, 0x203a, 0x153, 0x9d, 0x17e, 0x178,
}
