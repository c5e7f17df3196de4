package commitlog

import (
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/s3sql/s3sql/internal/base"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

// sampleRecords are the records of the golden files. Never change one that has been released: add another.
func sampleRecords() map[string]*Record {
	header := Record{DB: ID{0xDB}, Seq: 7, WriteID: ID{1, 2}, Writer: ID{3, 4}, Micros: 1_700_000_000_000_001}
	empty, small, large := header, header, header
	row := string(base.AppendField(base.AppendField(nil, 1, base.NewInt(42)), 2, base.NewString("Ada")))
	small.Txns = []*Txn{
		{Snapshot: 6, Meta: "root@localhost", Tables: []TableWrite{
			{Table: 1, AutoInc: 42, Ops: []Op{{Key: base.KeyOf(base.NewInt(42)), Row: row}, {Key: base.KeyOf(base.NewInt(7)), Delete: true}}},
			{Table: 2, Drop: true, Ops: []Op{}}}},
		{Snapshot: 5, Tables: []TableWrite{{Table: math.MaxUint32, AutoInc: math.MaxUint64, Ops: []Op{{Key: "\x00"}}}}},
	}
	big := &Txn{Tables: []TableWrite{{Table: 3}}}
	for i := range 200 {
		big.Tables[0].Ops = append(big.Tables[0].Ops, Op{Key: base.KeyOf(base.NewInt(int64(i))), Row: row})
	}
	large.Txns = []*Txn{big}
	return map[string]*Record{"empty": &empty, "small": &small, "zstd": &large}
}

// sampleEdits is the golden record of what format 2 brought.
func sampleEdits() *Record {
	row := string(base.AppendField(nil, 1, base.NewInt(42)))
	return &Record{DB: ID{0xDB}, Seq: 7, WriteID: ID{1, 2}, Writer: ID{3, 4}, Micros: 1_700_000_000_000_001, Txns: []*Txn{
		{Snapshot: 6, Tables: []TableWrite{{Table: 9, Edit: "what changes", Ops: []Op{
			{Key: base.KeyOf(base.NewInt(1)), Row: row, Fresh: true}, {Key: base.KeyOf(base.NewInt(2)), Row: row}}}}}}}
}

func readHex(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data, err := hex.DecodeString(strings.Join(strings.Fields(string(text)), ""))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestGoldenFormat1 reads what an earlier release wrote.
func TestGoldenFormat1(t *testing.T) {
	t.Parallel()
	c := NewCodec()
	for name, rec := range sampleRecords() {
		golden := readHex(t, filepath.Join("testdata", "v1-"+name+".hex"))
		rec.Legacy = true
		if got, err := c.DecodeRecord(Key(7), golden); err != nil || !reflect.DeepEqual(got, rec) {
			t.Errorf("%s: decodes to %+v, %v; want %+v", name, got, err, rec)
		}
	}
}

func TestGolden(t *testing.T) {
	t.Parallel()
	c := NewCodec()
	samples := sampleRecords()
	samples["edits"] = sampleEdits()
	for name, rec := range samples {
		path := filepath.Join("testdata", "v2-"+name+".hex")
		data, err := c.EncodeRecord(rec)
		if err != nil {
			t.Fatal(err)
		}
		if *rewrite {
			if err := os.WriteFile(path, []byte(hexLines(data)), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		golden := readHex(t, path)
		if name != "zstd" && string(golden) != string(data) { // the compressor may change, the format may not
			t.Errorf("%s: encoding has changed:\n%s", name, hexLines(data))
		}
		for _, d := range [][]byte{golden, data} {
			if got, err := c.DecodeRecord(Key(7), d); err != nil || !reflect.DeepEqual(got, rec) {
				t.Errorf("%s: decodes to %+v, %v; want %+v", name, got, err, rec)
			}
		}
		detectsDamage(t, c, name, golden)
	}
}

// detectsDamage flips every bit, cuts at every byte and appends.
func detectsDamage(t *testing.T, c *Codec, name string, good []byte) {
	t.Helper()
	for i := range good {
		for bit := range 8 {
			bad := append([]byte(nil), good...)
			bad[i] ^= 1 << bit
			if _, err := c.DecodeRecord(Key(7), bad); !errors.Is(err, base.ErrCorrupt) || errors.Is(err, ErrNewerVersion) {
				t.Fatalf("%s: bit %d of byte %d flipped: %v", name, bit, i, err)
			}
		}
		if _, err := c.DecodeRecord(Key(7), good[:i]); !errors.Is(err, base.ErrCorrupt) {
			t.Fatalf("%s: cut at %d: %v", name, i, err)
		}
	}
	if _, err := c.DecodeRecord(Key(7), append(good[:len(good):len(good)], 0)); !errors.Is(err, base.ErrCorrupt) {
		t.Fatalf("%s: a byte appended: %v", name, err)
	}
}

func hexLines(b []byte) string {
	var sb strings.Builder
	for len(b) > 0 {
		n := min(len(b), 32)
		fmt.Fprintf(&sb, "%x\n", b[:n])
		b = b[n:]
	}
	return sb.String()
}

// TestFormatConstants freezes the numbers that are in buckets.
func TestFormatConstants(t *testing.T) {
	t.Parallel()
	got := fmt.Sprint(frameMagic, frameVersion, frameHeader, flagZstd, recDB, recSeq, recWriteID, recWriter, recMicros, recTxn,
		txnSnapshot, txnMeta, txnTable, tabID, tabAutoInc, tabOp, tabDrop, tabEdit, opKind, opKey, opRow, kindPut, kindDelete, kindInsert)
	if want := "S3QL" + fmt.Sprint(2, 20, 1, 1, 2, 3, 4, 5, 6, 1, 2, 3, 1, 2, 3, 4, 5, 1, 2, 3, 0, 1, 2); got != want {
		t.Errorf("constants of the record format are %s, want %s", got, want)
	}
}

// reseal recomputes length and checksum after a test has changed a frame.
func reseal(data []byte) []byte {
	sum := frameSum(data)
	data[16], data[17], data[18], data[19] = byte(sum), byte(sum>>8), byte(sum>>16), byte(sum>>24)
	return data
}

func TestNewerVersion(t *testing.T) {
	t.Parallel()
	c := NewCodec()
	for _, change := range []func([]byte){func(b []byte) { b[4] = 3 }, func(b []byte) { b[5] = 1 }, func(b []byte) { b[6] |= 2 }} {
		data, _ := c.EncodeRecord(sampleRecords()["small"])
		change(data)
		_, err := c.DecodeRecord(Key(7), reseal(data))
		if !errors.Is(err, ErrNewerVersion) || !errors.Is(err, base.ErrCorrupt) || !strings.Contains(err.Error(), Key(7)) {
			t.Errorf("record of a newer version: %v", err)
		}
	}
	data, _ := c.EncodeRecord(sampleRecords()["small"])
	data[4] = 0
	if _, err := c.DecodeRecord(Key(7), reseal(data)); !errors.Is(err, base.ErrCorrupt) || errors.Is(err, ErrNewerVersion) {
		t.Errorf("record of version 0: %v", err)
	}
}

func TestUnknownFieldsAreSkipped(t *testing.T) {
	t.Parallel()
	c := NewCodec()
	rec := sampleRecords()["small"]
	extra := func(b []byte) []byte {
		b = protowire.AppendVarint(protowire.AppendTag(b, 90, protowire.VarintType), 5)
		b = protowire.AppendString(protowire.AppendTag(b, 91, protowire.BytesType), "later")
		b = protowire.AppendFixed64(protowire.AppendTag(b, 92, protowire.Fixed64Type), 5)
		return protowire.AppendFixed32(protowire.AppendTag(b, 93, protowire.Fixed32Type), 5)
	}
	var txns [][]byte
	for _, txn := range rec.Txns {
		txns = append(txns, extra(appendTxn(extra(nil), txn)))
	}
	data, err := c.encode(rec, txns, MaxRecordBytes)
	if err != nil {
		t.Fatal(err)
	}
	body, _, err := c.unframe("", data)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := c.DecodeRecord(Key(7), c.frame(extra(body))); err != nil || !reflect.DeepEqual(got, rec) {
		t.Errorf("decodes to %+v, %v", got, err)
	}
}

func TestDamagedBody(t *testing.T) {
	t.Parallel()
	c := NewCodec()
	body, _, _ := c.unframe("", c.frame(nil))
	sample, _ := c.encode(sampleRecords()["empty"], nil, MaxRecordBytes)
	head, _, _ := c.unframe("", sample)
	bytesField := func(n protowire.Number, b []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(nil, n, protowire.BytesType), b)
	}
	inTable := func(b []byte) []byte { return bytesField(recTxn, bytesField(txnTable, b)) }
	for name, tail := range map[string][]byte{
		"damaged tag": {0xFF}, "tag 0": {0x00, 0x00}, "open number": {0x10, 0x80}, "open length": {0x32, 0x05, 0x00}, "cut fixed64": {0x39},
		"short id": bytesField(recDB, []byte("short")), "id as number": {0x08, 0x01},
		"open txn": bytesField(recTxn, []byte{0x80}), "wide table id": inTable(protowire.AppendVarint([]byte{0x08}, 1<<32)),
		"op without key": inTable(bytesField(tabOp, nil)), "op of unknown kind": inTable(bytesField(tabOp, []byte{0x08, 0x03, 0x12, 0x01, 'k'})),
	} {
		data := c.frame(append(head[:len(head):len(head)], tail...))
		if _, err := c.DecodeRecord("log/x", data); !errors.Is(err, base.ErrCorrupt) || !strings.Contains(err.Error(), "offset") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := c.DecodeRecord("log/x", c.frame(body)); !errors.Is(err, base.ErrCorrupt) {
		t.Errorf("empty body: %v", err)
	}
}

func TestFrameBounds(t *testing.T) {
	t.Parallel()
	c := NewCodec()
	bomb := c.frame(make([]byte, 1<<20)) // says less than it holds
	bomb[8], bomb[9], bomb[10], bomb[11] = 0, 0, 1, 0
	if _, err := c.DecodeRecord("log/x", reseal(bomb)); !errors.Is(err, base.ErrCorrupt) {
		t.Errorf("body larger than its header says: %v", err)
	}
	bomb[11] = 0xFF
	if _, err := c.DecodeRecord("log/x", reseal(bomb)); !errors.Is(err, base.ErrCorrupt) {
		t.Errorf("claim of 4 GB: %v", err)
	}
	if _, err := c.encode(sampleRecords()["zstd"], [][]byte{make([]byte, 1000)}, 1000); base.KindOf(err) != base.KindInvalid {
		t.Errorf("record above the limit: %v", err)
	}
}

func TestSizesAreExact(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 1))
	for range 2000 {
		w := TableWrite{Table: r.Uint32() >> r.IntN(32), AutoInc: r.Uint64() >> r.IntN(64), Drop: r.IntN(2) == 0}
		for range r.IntN(5) {
			w.Ops = append(w.Ops, Op{Delete: r.IntN(2) == 0, Key: strings.Repeat("k", 1+r.IntN(200)), Row: strings.Repeat("r", r.IntN(200))})
		}
		txn := appendTxn(nil, &Txn{Tables: []TableWrite{w}})
		if _, _, n := protowire.ConsumeTag(txn); n != 1 {
			t.Fatal("tag of the table")
		}
		if got, n := protowire.ConsumeBytes(txn[1:]); n != len(txn)-1 || len(got) != sizeTable(&w) {
			t.Fatalf("table of %d bytes was announced as %d", len(txn), sizeTable(&w))
		}
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	for _, seq := range []uint64{0, 1, 1 << 40, math.MaxUint64} {
		if got, ok := ParseKey(Key(seq)); !ok || got != seq {
			t.Errorf("ParseKey(%q) = %d, %v", Key(seq), got, ok)
		}
	}
	for _, bad := range []string{"", "log/", "log/1", "log/0000000000000000000x", "log/+0000000000000000001", "log/99999999999999999999",
		"lag/00000000000000000001", Key(1) + "0"} {
		if seq, ok := ParseKey(bad); ok {
			t.Errorf("ParseKey(%q) = %d", bad, seq)
		}
	}
	for _, c := range []struct {
		r                KeyRange
		point, has, miss bool
	}{{PointRange(1, "b"), true, true, false}, {KeyRange{}, false, true, true}, {KeyRange{Lo: "b", Hi: "c"}, false, true, false},
		{KeyRange{Lo: "a"}, false, true, true}} {
		if c.r.IsPoint() != c.point || c.r.Contains("b") != c.has || c.r.Contains("c") != c.miss {
			t.Errorf("%+v: point %v, holds b %v, holds c %v", c.r, c.r.IsPoint(), c.r.Contains("b"), c.r.Contains("c"))
		}
	}
}

func FuzzDecodeRecord(f *testing.F) {
	c := NewCodec()
	for _, rec := range sampleRecords() {
		data, err := c.EncodeRecord(rec)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, false)
		body, _, _ := c.unframe("", data)
		f.Add(body, true)
	}
	f.Fuzz(func(t *testing.T, data []byte, bodyOnly bool) {
		if bodyOnly { // past the checksum
			data = c.frame(data)
		}
		rec, err := c.DecodeRecord("log/x", data)
		if err != nil {
			if !errors.Is(err, base.ErrCorrupt) {
				t.Fatalf("error of another kind: %v", err)
			}
			return
		}
		again, err := c.EncodeRecord(rec)
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.DecodeRecord("log/x", again)
		if err != nil {
			t.Fatalf("a decoded record does not survive a round trip: %v", err)
		}
		third, _ := c.EncodeRecord(got)
		if string(again) != string(third) {
			t.Fatal("encoding of a decoded record is not stable")
		}
	})
}

func benchRecord(rows int) *Record {
	rec := sampleRecords()["empty"]
	txn := &Txn{Tables: []TableWrite{{Table: 3}}}
	for i := range rows {
		row := base.AppendField(nil, 1, base.NewInt(int64(i)))
		row = base.AppendField(row, 2, base.NewString(fmt.Sprintf("customer %d", i%97)))
		row = base.AppendField(row, 3, base.NewDateTime(1_700_000_000_000_000+int64(i)*1_000_003))
		row = base.AppendField(row, 4, base.NewFloat(float64(i)*1.25))
		txn.Tables[0].Ops = append(txn.Tables[0].Ops, Op{Key: base.KeyOf(base.NewInt(int64(i))), Row: string(row)})
	}
	rec.Txns = []*Txn{txn}
	return rec
}

func BenchmarkDecodeRecord1000Rows(b *testing.B) {
	c := NewCodec()
	data, err := c.EncodeRecord(benchRecord(1000))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ReportMetric(float64(len(data))/1000, "B/row")
	for b.Loop() {
		if _, err := c.DecodeRecord("log/x", data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncodeRecord1000Rows(b *testing.B) {
	c, rec := NewCodec(), benchRecord(1000)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.EncodeRecord(rec); err != nil {
			b.Fatal(err)
		}
	}
}
