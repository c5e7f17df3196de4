package table

import (
	"bytes"
	"math"

	"github.com/RoaringBitmap/roaring/v2"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/storage/commitlog"
	"github.com/s3sql/s3sql/storage/segment"
)

// Field numbers; docs/format/edit.md.
const (
	editBorn        = 1
	editFlushedFrom = 2
	editFlushedTo   = 3 // its presence says that the edit is a flush
	editBulk        = 4
	editAdd         = 5
	editRemove      = 6
	editKill        = 7
	editMove        = 8
	editForget      = 9

	editCover   = 10
	editText    = 11
	editRowsMax = 12 // its presence says that it changes

	attachID   = 1
	attachFile = 2

	coverLo = 1
	coverHi = 2

	segMeta = 1 // docs/format/segment.md
	segDead = 2 // roaring bitmap

	changeID    = 1
	changeDead  = 2 // of a removal: how many rows were gone
	changeRows  = 3 // of a killing
	changeLevel = 4 // of a move

	stateBorn     = 1
	stateFlushed  = 2
	stateRows     = 3
	stateBytes    = 4
	stateSeg      = 5
	stateUnfolded = 6
	stateArrived  = 7
	stateWritten  = 8
	stateRowsMax  = 9

	trashTable  = 1
	trashID     = 2
	trashBytes  = 3
	trashSeq    = 4
	trashMicros = 5
	trashText   = 6
	trashItem   = 1
)

func appendUint(b []byte, f protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, f, protowire.VarintType), v)
}

func appendBytes(b []byte, f protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, f, protowire.BytesType), v)
}

func encodeEdit(e *edit) string {
	b := appendUint(nil, editBorn, e.born)
	if e.flushed {
		b = appendUint(b, editFlushedFrom, e.flushedFrom)
		b = appendUint(b, editFlushedTo, e.flushedTo)
	}
	if e.bulk {
		b = appendUint(b, editBulk, 1)
	}
	for _, g := range e.add {
		b = appendBytes(b, editAdd, encodeSeg(g))
	}
	for _, r := range e.remove {
		b = appendBytes(b, editRemove, appendUint(appendBytes(nil, changeID, r.id[:]), changeDead, uint64(r.dead)))
	}
	for _, k := range e.kill {
		b = appendBytes(b, editKill, appendBytes(appendBytes(nil, changeID, k.id[:]), changeRows, encodeBitmap(k.rows)))
	}
	for _, m := range e.move {
		b = appendBytes(b, editMove, appendUint(appendBytes(nil, changeID, m.id[:]), changeLevel, uint64(m.level)))
	}
	for _, c := range e.covers {
		b = appendBytes(b, editCover, appendBytes(appendBytes(nil, coverLo, []byte(c.Lo)), coverHi, []byte(c.Hi)))
	}
	for _, id := range e.forget {
		b = appendBytes(b, editForget, id[:])
	}
	for i := range e.texts {
		a := &e.texts[i]
		b = appendBytes(b, editText, appendBytes(appendBytes(nil, attachID, a.id[:]), attachFile, segment.AppendTextFile(nil, &a.file)))
	}
	if e.few {
		b = appendUint(b, editRowsMax, uint64(e.rowsMax))
	}
	return string(b)
}

func encodeSeg(g *seg) []byte {
	b := appendBytes(nil, segMeta, segment.AppendMeta(nil, g.meta))
	if g.dead != nil {
		b = appendBytes(b, segDead, encodeBitmap(g.dead))
	}
	return b
}

// encodeBitmap returns the portable serialisation (https://github.com/RoaringBitmap/RoaringFormatSpec).
func encodeBitmap(m *roaring.Bitmap) []byte {
	c := m.Clone()
	c.RunOptimize()
	b, err := c.ToBytes()
	if err != nil {
		panic("table: a bitmap in memory cannot be serialised: " + err.Error())
	}
	return b
}

// messageReader walks protobuf wire-format messages. The first damage stays in err.
type messageReader struct {
	object string
	what   string
	err    error
}

func (d *messageReader) fail(why string) {
	if d.err == nil {
		d.err = base.Corruptf(d.object, "%s: %s", d.what, why)
	}
}

// fields calls fn with each field of a message: the number of a varint, or the bytes.
func (d *messageReader) fields(b []byte, fn func(f protowire.Number, v uint64, data []byte)) {
	for at := 0; at < len(b) && d.err == nil; {
		f, typ, n := protowire.ConsumeTag(b[at:])
		if n < 0 {
			d.fail("damaged tag")
			return
		}
		at += n
		var v uint64
		var data []byte
		switch typ {
		case protowire.VarintType:
			v, n = protowire.ConsumeVarint(b[at:])
		case protowire.BytesType:
			data, n = protowire.ConsumeBytes(b[at:])
		default:
			n = protowire.ConsumeFieldValue(f, typ, b[at:])
			f = 0
		}
		if n < 0 {
			d.fail("a field is cut off")
			return
		}
		at += n
		if f != 0 {
			fn(f, v, data)
		}
	}
}

func (d *messageReader) id(b []byte) (id segmentID) {
	if len(b) != len(id) {
		d.fail("the name of a segment is not 16 bytes")
	}
	copy(id[:], b)
	return id
}

func (d *messageReader) count(v uint64) int {
	if v > math.MaxInt64 {
		d.fail("a number is too large")
	}
	return int(v)
}

func (d *messageReader) bitmap(b []byte, rows int) *roaring.Bitmap {
	m := roaring.New()
	if n, err := m.ReadFrom(bytes.NewReader(b)); err != nil || int(n) != len(b) || m.IsEmpty() || m.Validate() != nil {
		d.fail("a bitmap of rows is damaged")
		return roaring.New()
	}
	if rows >= 0 && int64(m.Maximum()) >= int64(rows) {
		d.fail("a bitmap names rows that the segment does not have")
	}
	return m
}

func (d *messageReader) seg(table uint32, b []byte) *seg {
	g := &seg{table: table}
	var dead []byte
	d.fields(b, func(f protowire.Number, _ uint64, data []byte) {
		switch f {
		case segMeta:
			m, err := segment.DecodeMeta(data)
			if err != nil {
				d.fail(err.Error())
				return
			}
			g.meta = &m
		case segDead:
			dead = data
		}
	})
	if g.meta == nil {
		d.fail("a segment is not described")
		g.meta = new(segment.Meta)
		return g
	}
	if g.meta.Level > maxLevel {
		d.fail("a segment is on a level that does not exist")
	}
	if dead != nil {
		g.dead = d.bitmap(dead, g.meta.Rows)
		g.deads = int(g.dead.GetCardinality())
	}
	return g
}

// maxLevel bounds the levels of a table.
const maxLevel = 15

// decodeEdit reads the edit of a table in the record at object.
func decodeEdit(object string, table uint32, text string) (*edit, error) {
	d := &messageReader{object: object, what: "edit of the segments of a table"}
	e := new(edit)
	d.fields([]byte(text), func(f protowire.Number, v uint64, data []byte) {
		switch f {
		case editBorn:
			e.born = v
		case editFlushedFrom:
			e.flushedFrom = v
		case editFlushedTo:
			e.flushedTo, e.flushed = v, true
		case editBulk:
			e.bulk = v != 0
		case editAdd:
			e.add = append(e.add, d.seg(table, data))
		case editRemove, editKill, editMove:
			d.change(e, f, data)
		case editForget:
			e.forget = append(e.forget, d.id(data))
		case editCover:
			c := commitlog.KeyRange{Table: table}
			d.fields(data, func(f protowire.Number, _ uint64, b []byte) {
				switch f {
				case coverLo:
					c.Lo = string(b)
				case coverHi:
					c.Hi = string(b)
				}
			})
			e.covers = append(e.covers, c)
		case editText:
			e.texts = append(e.texts, d.attachment(data))
		case editRowsMax:
			e.few, e.rowsMax = true, d.count(v)
		}
	})
	if !e.flushed {
		e.flushedFrom = 0
	}
	return e, d.err
}

func (d *messageReader) attachment(b []byte) (a attachment) {
	d.fields(b, func(f protowire.Number, _ uint64, data []byte) {
		switch f {
		case attachID:
			a.id = d.id(data)
		case attachFile:
			file, err := segment.DecodeTextFile(data)
			if err != nil {
				d.fail(err.Error())
			}
			a.file = file
		}
	})
	return a
}

func (d *messageReader) change(e *edit, kind protowire.Number, b []byte) {
	var id segmentID
	var n uint64
	var rows []byte
	d.fields(b, func(f protowire.Number, v uint64, data []byte) {
		switch f {
		case changeID:
			id = d.id(data)
		case changeDead, changeLevel:
			n = v
		case changeRows:
			rows = data
		}
	})
	switch kind {
	case editRemove:
		e.remove = append(e.remove, removal{id, d.count(n)})
	case editKill:
		e.kill = append(e.kill, killing{id, d.bitmap(rows, -1)})
	case editMove:
		if n > maxLevel {
			d.fail("a segment moves to a level that does not exist")
		}
		e.move = append(e.move, move{id, d.count(n)})
	}
}

// encodeState describes what a checkpoint has to say of a version beside its rows and entries; "" when it is as a version
// without segments is.
func (v *version) encodeState() string {
	if v.segs == nil && !v.unfolded && v.born == 0 && v.rowsMax == 0 && v.flushed == 0 {
		return ""
	}
	b := appendUint(nil, stateBorn, v.born)
	b = appendUint(b, stateFlushed, v.flushed)
	b = appendUint(b, stateRows, uint64(v.rows))
	b = appendUint(b, stateBytes, uint64(max(v.bytes, 0)))
	if v.unfolded {
		b = appendUint(b, stateUnfolded, 1)
	}
	if v.rowsMax > 0 {
		b = appendUint(b, stateRowsMax, uint64(v.rowsMax))
	}
	if v.written > 0 {
		b = appendUint(b, stateArrived, uint64(v.arrived))
		b = appendUint(b, stateWritten, uint64(v.written))
	}
	for _, g := range v.segs.all() {
		b = appendBytes(b, stateSeg, encodeSeg(g))
	}
	return string(b)
}

// decodeState fills in what encodeState has described.
func (v *version) decodeState(object string, table uint32, text string) error {
	d := &messageReader{object: object, what: "state of the segments of a table"}
	var list []*seg
	d.fields([]byte(text), func(f protowire.Number, n uint64, data []byte) {
		switch f {
		case stateBorn:
			v.born = n
		case stateFlushed:
			v.flushed = n
		case stateRows:
			v.rows = d.count(n)
		case stateBytes:
			v.bytes = d.count(n)
		case stateUnfolded:
			v.unfolded = n != 0
		case stateArrived:
			v.arrived = int64(d.count(n))
		case stateWritten:
			v.written = int64(d.count(n))
		case stateRowsMax:
			v.rowsMax = d.count(n)
		case stateSeg:
			list = append(list, d.seg(table, data))
		}
	})
	v.segs = newSegments(list)
	return d.err
}

func encodeGarbage(list []dropped) string {
	var b []byte
	for i := range list {
		g := &list[i]
		m := appendUint(nil, trashTable, uint64(g.table))
		m = appendBytes(m, trashID, g.id[:])
		m = appendUint(m, trashBytes, uint64(g.bytes))
		m = appendUint(m, trashSeq, g.seq)
		m = appendUint(m, trashMicros, uint64(g.micros))
		for _, id := range g.texts {
			m = appendBytes(m, trashText, id[:])
		}
		b = appendBytes(b, trashItem, m)
	}
	return string(b)
}

func decodeGarbage(object, text string) (list []dropped, err error) {
	d := &messageReader{object: object, what: "list of dropped segments"}
	d.fields([]byte(text), func(_ protowire.Number, _ uint64, data []byte) {
		var g dropped
		d.fields(data, func(f protowire.Number, v uint64, data []byte) {
			switch f {
			case trashTable:
				g.table = uint32(v)
			case trashID:
				g.id = d.id(data)
			case trashBytes:
				g.bytes = int64(d.count(v))
			case trashSeq:
				g.seq = v
			case trashMicros:
				g.micros = int64(d.count(v))
			case trashText:
				g.texts = append(g.texts, d.id(data))
			}
		})
		list = append(list, g)
	})
	return list, d.err
}
