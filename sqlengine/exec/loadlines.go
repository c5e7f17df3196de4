package exec

import (
	"bufio"
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
}

func newLineReader(in io.Reader, f plan.LoadFormat, latin1 bool) *lineReader {
	return &lineReader{in: bufio.NewReaderSize(in, 64<<10), f: f, latin1: latin1}
}

// starts reads s if it comes next.
func (r *lineReader) starts(s string) bool {
	if s == "" {
		return false
	}
	b, err := r.in.Peek(len(s))
	if err != nil || string(b) != s {
		return false
	}
	_, err = r.in.Discard(len(s))
	return err == nil
}

// skipLine reads up to the end of the line; io.EOF at the end of the file.
func (r *lineReader) skipLine(ctx context.Context) error {
	for n := 0; !r.starts(r.f.LineEnd); n++ {
		if _, err := r.in.ReadByte(); err != nil {
			return err
		}
		if n&0xffff == 0xffff && ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// begin goes to the first field of the next line; io.EOF when there is none. Lines without LINES STARTING BY do not count.
func (r *lineReader) begin(ctx context.Context) error {
	for n := 0; ; n++ {
		if _, err := r.in.Peek(1); err != nil {
			return err
		}
		if r.f.LineStart == "" || r.starts(r.f.LineStart) {
			return nil
		}
		if _, err := r.in.ReadByte(); err != nil {
			return err
		}
		if n&0xffff == 0xffff && ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// field reads a field and what ends it. last says that the line has no more.
func (r *lineReader) field() (v base.Value, last bool, err error) {
	r.buf = r.buf[:0]
	if r.f.Enclosed != "" && r.starts(r.f.Enclosed) {
		return r.enclosed()
	}
	null, escapes := false, 0
	for {
		switch {
		case r.starts(r.f.FieldEnd):
			return r.value(null && escapes == 1), false, nil
		case r.starts(r.f.LineEnd):
			return r.value(null && escapes == 1), true, nil
		}
		c, err := r.in.ReadByte()
		if errors.Is(err, io.EOF) {
			return r.value(null && escapes == 1), true, nil
		}
		if err != nil {
			return v, false, err
		}
		if r.f.Escaped != "" && c == r.f.Escaped[0] {
			escapes++
			null = r.escape() == 'N' && len(r.buf) == 1
			continue
		}
		null = false
		if err := r.add(c); err != nil {
			return v, false, err
		}
	}
}

// value is a field without quotes. null: it is \N.
func (r *lineReader) value(null bool) base.Value {
	if null || r.f.Enclosed != "" && string(r.buf) == "NULL" {
		return base.Value{}
	}
	return r.text()
}

// enclosed reads a field whose quote has been read.
func (r *lineReader) enclosed() (v base.Value, last bool, err error) {
	quote := r.f.Enclosed[0]
	for {
		c, err := r.in.ReadByte()
		if errors.Is(err, io.EOF) {
			return r.text(), true, nil
		}
		if err != nil {
			return v, false, err
		}
		switch {
		case r.f.Escaped != "" && c == r.f.Escaped[0] && c != quote:
			r.escape()
			continue
		case c != quote:
		case r.starts(r.f.Enclosed): // doubled
		case r.starts(r.f.FieldEnd):
			return r.text(), false, nil
		case r.starts(r.f.LineEnd):
			return r.text(), true, nil
		default:
			if _, err := r.in.Peek(1); err != nil {
				return r.text(), true, nil
			}
		}
		if err := r.add(c); err != nil {
			return v, false, err
		}
	}
}

// escape reads the character behind an escape and adds what both mean. It returns the character; 0 at the end of the file.
func (r *lineReader) escape() byte {
	c, err := r.in.ReadByte()
	if err != nil {
		r.buf = append(r.buf, r.f.Escaped[0])
		return 0
	}
	out := c
	switch c {
	case '0':
		out = 0
	case 'b':
		out = '\b'
	case 'n':
		out = '\n'
	case 'r':
		out = '\r'
	case 't':
		out = '\t'
	case 'Z':
		out = 26
	}
	r.buf = append(r.buf, out)
	return c
}

func (r *lineReader) add(c byte) error {
	if len(r.buf) >= maxField {
		return base.Errorf(errno.CapacityExceeded, "a field of the file is longer than %d bytes; is it terminated as the statement says?", maxField)
	}
	r.buf = append(r.buf, c)
	return nil
}

func (r *lineReader) text() base.Value {
	if !r.latin1 {
		return base.NewString(string(r.buf))
	}
	var b strings.Builder
	for _, c := range r.buf {
		b.WriteRune(rune(c))
	}
	return base.NewString(b.String())
}
