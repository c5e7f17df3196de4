package manifest

import (
	"math"
	"time"
	"unsafe"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/s3sql/s3sql/internal/base"
)

// bodyReader walks protobuf wire-format messages inside one buffer and remembers the first damage.
type bodyReader struct {
	key string
	raw []byte
	err error
}

func (d *bodyReader) fail(at int, what string) {
	if d.err == nil {
		d.err = base.Corruptf(d.key, "its contents are damaged at offset %d: %s", at, what)
	}
}

// fields calls fn for each field of the message raw[pos:end]: with the value of a varint, or with the bounds of bytes.
// Fields of other wire types are damage: this version writes none.
func (d *bodyReader) fields(pos, end int, fn func(num protowire.Number, v uint64, from, to int)) {
	for pos < end && d.err == nil {
		num, typ, n := protowire.ConsumeTag(d.raw[pos:end])
		if n < 0 {
			d.fail(pos, "no field tag")
			return
		}
		start := pos
		pos += n
		switch typ {
		case protowire.VarintType:
			v, n := protowire.ConsumeVarint(d.raw[pos:end])
			if n < 0 {
				d.fail(start, "a number is cut off")
				return
			}
			pos += n
			fn(num, v, 0, 0)
		case protowire.BytesType:
			b, n := protowire.ConsumeBytes(d.raw[pos:end])
			if n < 0 {
				d.fail(start, "a field is cut off")
				return
			}
			pos += n
			fn(num, 0, pos-len(b), pos)
		default:
			d.fail(start, "a field of an unknown kind")
		}
	}
}

func decodeBody(key string, raw []byte) (*Checkpoint, error) {
	d := &bodyReader{key: key, raw: raw}
	c := new(Checkpoint)
	d.fields(0, len(raw), func(num protowire.Number, v uint64, from, to int) {
		switch num {
		case fieldUUID:
			c.UUID = string(raw[from:to])
		case fieldSeq:
			c.Seq = v
		case fieldTime:
			c.Time = time.UnixMicro(int64(v)).UTC()
		case fieldTable:
			t := d.table(from, to)
			if n := len(c.Tables); n > 0 && c.Tables[n-1].ID >= t.ID {
				d.fail(from, "tables are out of order")
			}
			c.Tables = append(c.Tables, t)
		case fieldTrash:
			c.Garbage = string(raw[from:to])
		}
	})
	if d.err == nil && (c.UUID == "" || c.Seq == 0) {
		d.fail(0, "uuid or sequence number is missing")
	}
	if want, ok := ParseKey(key); d.err == nil && ok && want != c.Seq {
		d.fail(0, "it is the checkpoint of another sequence number")
	}
	if d.err != nil {
		return nil, d.err
	}
	return c, nil
}

// span is a part of the buffer.
type span struct{ from, to int }

func (d *bodyReader) table(from, to int) Table {
	var t Table
	var runs, entries []span
	var rows uint64
	d.fields(from, to, func(num protowire.Number, v uint64, from, to int) {
		switch num {
		case tableID:
			if v > math.MaxUint32 {
				d.fail(from, "a table id is too large")
			}
			t.ID = uint32(v)
		case tableAutoInc:
			t.AutoInc = v
		case tableRows:
			rows = v
		case tableRun:
			runs = append(runs, span{from, to})
		case tableSegments:
			t.Segments = string(d.raw[from:to])
		case tableEntries:
			entries = append(entries, span{from, to})
		}
	})
	if d.checkEntries(entries); len(entries) > 0 && d.err == nil {
		t.Entries = entriesOf(d.raw, entries)
	}
	if got := d.checkRuns(runs); d.err == nil && uint64(got) != rows {
		d.fail(from, "the number of rows is wrong")
	}
	t.Rows = int(rows)
	raw := d.raw
	t.Each = func(fn func(key, row string) bool) {
		for _, s := range runs {
			for pos := s.from; pos < s.to; {
				key, n := consume(raw, pos, s.to)
				row, m := consume(raw, pos+n, s.to)
				pos += n + m
				if !fn(key, row) {
					return
				}
			}
		}
	}
	return t
}

// checkRuns walks the rows once, so that Each cannot fail, and counts them.
func (d *bodyReader) checkRuns(runs []span) (rows int) {
	last := ""
	for _, s := range runs {
		for pos := s.from; pos < s.to && d.err == nil; rows++ {
			key, n := consume(d.raw, pos, s.to)
			row, m := "", -1
			if n > 0 {
				row, m = consume(d.raw, pos+n, s.to)
			}
			switch {
			case m <= 0:
				d.fail(pos, "a row is cut off")
				return rows
			case key == "" || key <= last && rows > 0:
				d.fail(pos, "keys are out of order")
			case len(key)+len(row) >= math.MaxUint32:
				d.fail(pos, "a row is too large")
			}
			last = key
			pos += n + m
		}
	}
	return rows
}

// checkEntries walks the entries once, so that Entries cannot fail.
func (d *bodyReader) checkEntries(runs []span) {
	last := ""
	for _, s := range runs {
		for pos := s.from; pos < s.to && d.err == nil; {
			e, n := consumeEntry(d.raw, pos, s.to)
			switch {
			case n <= 0:
				d.fail(pos, "an entry is cut off")
			case e.Key == "" || e.Key <= last && last != "":
				d.fail(pos, "keys are out of order")
			}
			last = e.Key
			pos += n
		}
	}
}

func entriesOf(raw []byte, runs []span) func(func(Entry) bool) {
	return func(fn func(Entry) bool) {
		for _, s := range runs {
			for pos := s.from; pos < s.to; {
				e, n := consumeEntry(raw, pos, s.to)
				if pos += n; !fn(e) {
					return
				}
			}
		}
	}
}

// consumeEntry returns the entry at pos, aliasing raw, and the bytes it takes; n < 0 when it does not fit.
func consumeEntry(raw []byte, pos, end int) (e Entry, n int) {
	for _, s := range []*string{&e.Key, &e.Row} {
		var m int
		if *s, m = consume(raw, pos+n, end); m < 0 {
			return e, -1
		}
		n += m
	}
	bits, m := protowire.ConsumeVarint(raw[pos+n : end])
	if m < 0 {
		return e, -1
	}
	e.Seq, e.Dead, e.Hides = bits>>entryShift, bits&entryDead != 0, bits&entryHides != 0
	return e, n + m
}

// consume returns the sized string at pos, aliasing raw, and the bytes it takes; n < 0 when it does not fit.
func consume(raw []byte, pos, end int) (s string, n int) {
	b, n := protowire.ConsumeBytes(raw[pos:end])
	if n < 0 || len(b) == 0 {
		return "", n
	}
	return unsafe.String(&b[0], len(b)), n // raw is never written after decoding
}
