package commitlog

import (
	"unsafe"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
)

// The field numbers of the body (docs/format/record.md §2), which also lists the reserved ones.
const (
	recDB      = 1
	recSeq     = 2
	recWriteID = 3
	recWriter  = 4
	recMicros  = 5
	recTxn     = 6

	txnSnapshot = 1
	txnMeta     = 2
	txnTable    = 3

	tabID      = 1
	tabAutoInc = 2
	tabOp      = 3
	tabDrop    = 4
	tabEdit    = 5

	opKind = 1
	opKey  = 2
	opRow  = 3
)

// EncodeRecord returns the object of a record.
//
// Errors: CodeRecordTooLarge.
func (c *Codec) EncodeRecord(r *Record) ([]byte, error) {
	txns := make([][]byte, len(r.Txns))
	for i, t := range r.Txns {
		txns[i] = appendTxn(nil, t)
	}
	return c.encode(r, txns, MaxRecordBytes)
}

// encode assembles a record from its header and its already encoded transactions.
func (c *Codec) encode(r *Record, txns [][]byte, limit int) ([]byte, error) {
	size := recordOverhead
	for _, t := range txns {
		size += txnOverhead + len(t)
	}
	b := make([]byte, 0, size)
	b = appendID(b, recDB, r.DB)
	b = appendUint(b, recSeq, r.Seq)
	b = appendID(b, recWriteID, r.WriteID)
	b = appendID(b, recWriter, r.Writer)
	b = appendUint(b, recMicros, uint64(r.Micros))
	for _, t := range txns {
		b = protowire.AppendBytes(protowire.AppendTag(b, recTxn, protowire.BytesType), t)
	}
	if len(b) > limit {
		return nil, tooLarge(len(b), limit)
	}
	return c.frame(b), nil
}

// recordOverhead and txnOverhead bound the bytes around the encoded transactions, maxTxns their number.
const (
	recordOverhead = 96
	txnOverhead    = 12
	maxTxns        = 1 << 16
)

func tooLarge(size, limit int) error {
	return base.Errorf(errno.RecordTooLarge, "transaction takes %d bytes, a commit record holds at most %d", size, limit)
}

func appendTxn(b []byte, t *Txn) []byte {
	b = appendUint(b, txnSnapshot, t.Snapshot)
	if t.Meta != "" {
		b = appendString(b, txnMeta, t.Meta)
	}
	for i := range t.Tables {
		w := &t.Tables[i]
		b = protowire.AppendTag(b, txnTable, protowire.BytesType)
		b = protowire.AppendVarint(b, uint64(sizeTable(w)))
		b = appendUint(b, tabID, uint64(w.Table))
		b = appendUint(b, tabAutoInc, w.AutoInc)
		b = appendUint(b, tabDrop, number(w.Drop))
		if w.Edit != "" {
			b = appendString(b, tabEdit, w.Edit)
		}
		for j := range w.Ops {
			b = appendOp(b, &w.Ops[j])
		}
	}
	return b
}

func appendOp(b []byte, o *Op) []byte {
	b = protowire.AppendTag(b, tabOp, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(sizeOp(o)))
	b = appendUint(b, opKind, o.kind())
	b = appendString(b, opKey, o.Key)
	if o.Row != "" && !o.Delete {
		b = appendString(b, opRow, o.Row)
	}
	return b
}

// The kinds of operations.
const (
	kindPut    = 0 // in format 1 also of a key that had no row
	kindDelete = 1
	kindInsert = 2 // since format 2
)

func (o *Op) kind() uint64 {
	switch {
	case o.Delete:
		return kindDelete
	case o.Fresh:
		return kindInsert
	}
	return kindPut
}

// number is a boolean as a field has it.
func number(set bool) uint64 {
	if set {
		return 1
	}
	return 0
}

func sizeTable(w *TableWrite) int {
	n := sizeUint(uint64(w.Table)) + sizeUint(w.AutoInc) + sizeUint(number(w.Drop))
	if w.Edit != "" {
		n += 1 + protowire.SizeBytes(len(w.Edit))
	}
	for i := range w.Ops {
		n += 1 + protowire.SizeBytes(sizeOp(&w.Ops[i]))
	}
	return n
}

func sizeOp(o *Op) int {
	n := sizeUint(o.kind()) + 1 + protowire.SizeBytes(len(o.Key))
	if o.Row != "" && !o.Delete {
		n += 1 + protowire.SizeBytes(len(o.Row))
	}
	return n
}

// sizeUint counts what appendUint appends; every tag here is one byte.
func sizeUint(v uint64) int {
	if v == 0 {
		return 0
	}
	return 1 + protowire.SizeVarint(v)
}

func appendUint(b []byte, n protowire.Number, v uint64) []byte {
	if v == 0 {
		return b
	}
	return protowire.AppendVarint(protowire.AppendTag(b, n, protowire.VarintType), v)
}

func appendID(b []byte, n protowire.Number, id ID) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, n, protowire.BytesType), id[:])
}

func appendString(b []byte, n protowire.Number, s string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, n, protowire.BytesType), s)
}

// DecodeRecord returns the record in data, the object at key. The record does not alias data; unknown fields are skipped.
//
// Errors: kind Corrupt, with key and offset; it wraps ErrNewerVersion when a later release wrote the record.
func (c *Codec) DecodeRecord(key string, data []byte) (*Record, error) {
	body, version, err := c.unframe(key, data)
	if err != nil {
		return nil, err
	}
	d := bodyDecoder{key: key, body: body}
	if len(body) > 0 {
		d.text = unsafe.String(&body[0], len(body)) // body is ours alone and never written again
	}
	r := &Record{Legacy: version == 1}
	d.record(r)
	if d.err != nil {
		return nil, d.err
	}
	return r, nil
}

// bodyDecoder walks the protobuf wire format of a body. The first error stays in err.
type bodyDecoder struct {
	key  string
	body []byte
	text string // body as a string
	err  error
}

func (d *bodyDecoder) fail(offset int, what string) {
	if d.err == nil {
		d.err = base.Corruptf(d.key, "commit record: %s at offset %d of its body", what, offset)
	}
}

// field is one decoded field: num holds a varint, [start, end) the payload of a bytes field.
type field struct {
	number     protowire.Number
	num        uint64
	start, end int
}

// next reads the field at pos, which is below end. A field of another wire type than this format uses is returned with
// number 0, to be skipped.
func (d *bodyDecoder) next(pos, end int) (f field, after int) {
	b := d.body[pos:end]
	number, typ, n := protowire.ConsumeTag(b)
	if n < 0 {
		d.fail(pos, "damaged tag")
		return field{}, end
	}
	switch typ {
	case protowire.VarintType:
		v, m := protowire.ConsumeVarint(b[n:])
		if m < 0 {
			d.fail(pos, "damaged number")
			return field{}, end
		}
		return field{number: number, num: v}, pos + n + m
	case protowire.BytesType:
		v, m := protowire.ConsumeBytes(b[n:])
		if m < 0 {
			d.fail(pos, "damaged length")
			return field{}, end
		}
		after = pos + n + m
		return field{number: number, start: after - len(v), end: after}, after
	default:
		m := protowire.ConsumeFieldValue(number, typ, b[n:])
		if m < 0 {
			d.fail(pos, "damaged field")
			return field{}, end
		}
		return field{}, pos + n + m
	}
}

func (d *bodyDecoder) id(f field) (id ID) {
	if copy(id[:], d.body[f.start:f.end]) != len(id) || f.end-f.start != len(id) {
		d.fail(f.start, "identifier that is not 16 bytes")
	}
	return id
}

func (d *bodyDecoder) record(r *Record) {
	seen := 0
	for pos := 0; pos < len(d.body) && d.err == nil; {
		var f field
		switch f, pos = d.next(pos, len(d.body)); f.number {
		case recDB:
			r.DB, seen = d.id(f), seen|1
		case recSeq:
			r.Seq = f.num
		case recWriteID:
			r.WriteID, seen = d.id(f), seen|2
		case recWriter:
			r.Writer, seen = d.id(f), seen|4
		case recMicros:
			r.Micros = int64(f.num)
		case recTxn:
			if len(r.Txns) == maxTxns {
				d.fail(f.start, "more transactions than a record may hold")
			}
			t := new(Txn)
			d.txn(t, f.start, f.end)
			r.Txns = append(r.Txns, t)
		}
	}
	if seen != 7 || r.Seq == 0 {
		d.fail(len(d.body), "database, sequence number, write id or writer missing")
	}
}

func (d *bodyDecoder) txn(t *Txn, pos, end int) {
	for pos < end && d.err == nil {
		var f field
		switch f, pos = d.next(pos, end); f.number {
		case txnSnapshot:
			t.Snapshot = f.num
		case txnMeta:
			t.Meta = d.text[f.start:f.end]
		case txnTable:
			t.Tables = append(t.Tables, d.table(f.start, f.end))
		}
	}
}

func (d *bodyDecoder) table(pos, end int) (w TableWrite) {
	w.Ops = make([]Op, 0, d.countOps(pos, end))
	for pos < end && d.err == nil {
		var f field
		at := pos
		switch f, pos = d.next(pos, end); f.number {
		case tabID:
			if w.Table = uint32(f.num); uint64(w.Table) != f.num {
				d.fail(at, "table id that does not fit 32 bits")
			}
		case tabAutoInc:
			w.AutoInc = f.num
		case tabDrop:
			w.Drop = f.num != 0
		case tabEdit:
			w.Edit = d.text[f.start:f.end]
		case tabOp:
			w.Ops = append(w.Ops, d.op(f.start, f.end))
		}
	}
	return w
}

// countOps walks the fields once more for their number, which is cheaper than growing the slice: an op takes 72 bytes.
func (d *bodyDecoder) countOps(pos, end int) (count int) {
	for pos < end && d.err == nil {
		var f field
		if f, pos = d.next(pos, end); f.number == tabOp {
			count++
		}
	}
	return count
}

func (d *bodyDecoder) op(pos, end int) (o Op) {
	start := pos
	for pos < end && d.err == nil {
		var f field
		at := pos
		switch f, pos = d.next(pos, end); f.number {
		case opKind:
			if o.Delete, o.Fresh = f.num == kindDelete, f.num == kindInsert; f.num > kindInsert {
				d.fail(at, "unknown kind of operation")
			}
		case opKey:
			o.Key = d.text[f.start:f.end]
		case opRow:
			o.Row = d.text[f.start:f.end]
		}
	}
	if o.Key == "" {
		d.fail(start, "operation without a key")
	}
	return o
}
