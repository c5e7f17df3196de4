package table

import (
	"bytes"
	"encoding/hex"
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/storage/commitlog"
	"github.com/s3sql/s3sql/storage/segment"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

func sampleSeg(id byte, level, rows int) *seg {
	return newSeg(7, segment.Meta{ID: segmentID{id}, Level: level, Rows: rows, Bytes: 1000, RawBytes: 2000, Tail: 100, Bloom: 10, TailSum: 5,
		First: k(int(id)), Last: k(int(id) + 5), SHA256: [32]byte{id}, Columns: []segment.ColumnStats{{ID: 1, Min: base.NewInt(1), Max: base.NewInt(9)}}})
}

func sampleEdit() *edit {
	return &edit{born: 3, flushed: true, flushedFrom: 0, flushedTo: 12, bulk: true,
		add:    []*seg{sampleSeg(1, 0, 10), sampleSeg(9, 2, 100).kill(roaring.BitmapOf(3, 5, 99))},
		remove: []removal{{segmentID{4}, 17}, {segmentID{5}, 0}}, kill: []killing{{segmentID{6}, roaring.BitmapOf(0, 70000)}},
		move: []move{{segmentID{7}, 3}}, forget: []segmentID{{8}, {255}},
		covers: []commitlog.KeyRange{{Table: 7, Lo: "a", Hi: "b"}, {Table: 7, Lo: "c"}},
		texts:  []attachment{{segmentID{1}, sampleText(3)}}, few: true, rowsMax: 1000}
}

func sampleText(id byte) segment.TextFile {
	return segment.TextFile{Index: 30, ID: segmentID{id}, Bytes: 4000, Tail: 300, SHA256: [32]byte{id}}
}

func sampleVersion() *version {
	return &version{segs: newSegments([]*seg{sampleSeg(1, 0, 10).attach(sampleText(4)), sampleSeg(2, 0, 11), sampleSeg(9, 2, 100).kill(roaring.BitmapOf(3))}),
		rowsMax: 1000, born: 4, flushed: 9, rows: 120, bytes: 4000, arrived: 5000, written: 9000, unfolded: true, delta: emptyTree}
}

func sampleGarbage() []dropped {
	return []dropped{{table: 7, id: segmentID{1}, bytes: 1000, seq: 5, micros: 1_700_000_000_000_000}, {table: 9, id: segmentID{2}, bytes: 10, seq: 6, micros: 1_700_000_000_000_001,
		texts: []segmentID{{3}, {4}}}}
}

func goldenHex(t *testing.T, name, data string) {
	t.Helper()
	path := "testdata/" + name
	if *rewrite {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(hex.EncodeToString([]byte(data))+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.TrimSpace(string(want)) != hex.EncodeToString([]byte(data)) {
		t.Errorf("%s: the encoding has changed", name)
	}
}

func TestEditGolden(t *testing.T) {
	t.Parallel()
	text := encodeEdit(sampleEdit())
	goldenHex(t, "edit.v2.hex", text)
	got, err := decodeEdit("", 7, text)
	if err != nil || !reflect.DeepEqual(plainEdit(got), plainEdit(sampleEdit())) {
		t.Errorf("%v\n got %+v\nwant %+v", err, plainEdit(got), plainEdit(sampleEdit()))
	}
	text = sampleVersion().encodeState()
	goldenHex(t, "state.v2.hex", text)
	v := &version{delta: emptyTree}
	if err := v.decodeState("", 7, text); err != nil || v.encodeState() != text {
		t.Errorf("state: %v", err)
	}
	text = encodeGarbage(sampleGarbage())
	goldenHex(t, "garbage.v2.hex", text)
	if list, err := decodeGarbage("", text); err != nil || !reflect.DeepEqual(list, sampleGarbage()) {
		t.Errorf("garbage: %+v, %v", list, err)
	}
}

// plainEdit is an edit that can be compared.
func plainEdit(e *edit) any {
	type plain struct {
		edit
		segs, kills []string
	}
	p := plain{edit: *e}
	for _, g := range e.add {
		p.segs = append(p.segs, string(encodeSeg(g)))
	}
	for _, k := range e.kill {
		p.kills = append(p.kills, k.id.String()+k.rows.String())
	}
	p.add, p.kill = nil, nil
	return p
}

func TestDamagedEdits(t *testing.T) {
	t.Parallel()
	full := encodeEdit(sampleEdit())
	whole := 0
	for i := range full {
		if _, err := decodeEdit("log/x", 7, full[:i]); err == nil {
			whole++ // cut between two fields
		} else if base.KindOf(err) != base.KindCorrupt || !strings.Contains(err.Error(), "log/x") {
			t.Fatalf("cut at %d: %v", i, err)
		}
	}
	if whole > 20 {
		t.Errorf("%d cuts of %d went unnoticed", whole, len(full))
	}
	far := sampleSeg(1, 0, 10)
	far.dead = roaring.BitmapOf(10)
	for name, bad := range map[string]string{
		"short name":     string(appendBytes(nil, editForget, []byte("x"))),
		"no description": string(appendBytes(nil, editAdd, nil)),
		"row of none":    string(appendBytes(nil, editAdd, encodeSeg(far))),
		"high level":     encodeEdit(&edit{move: []move{{segmentID{}, 99}}}),
		"empty bitmap":   encodeEdit(&edit{kill: []killing{{segmentID{}, roaring.New()}}}),
	} {
		if _, err := decodeEdit("log/x", 7, bad); base.KindOf(err) != base.KindCorrupt {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzDecodeEdit(f *testing.F) {
	f.Add([]byte(encodeEdit(sampleEdit())))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := decodeEdit("x", 7, string(b))
		if err != nil {
			return
		}
		again, err := decodeEdit("x", 7, encodeEdit(e))
		if err != nil || !reflect.DeepEqual(plainEdit(e), plainEdit(again)) {
			t.Errorf("%+v becomes %+v, %v", e, again, err)
		}
	})
}

func FuzzDecodeState(f *testing.F) {
	f.Add([]byte(sampleVersion().encodeState()), []byte(encodeGarbage(sampleGarbage())))
	f.Fuzz(func(t *testing.T, state, garbage []byte) {
		v := &version{delta: emptyTree, unfolded: true}
		if err := v.decodeState("x", 7, string(state)); err == nil {
			again := &version{delta: emptyTree}
			if err := again.decodeState("x", 7, v.encodeState()); err != nil || !bytes.Equal([]byte(v.encodeState()), []byte(again.encodeState())) {
				t.Errorf("state does not survive: %v", err)
			}
		}
		if list, err := decodeGarbage("x", string(garbage)); err == nil {
			if again, err := decodeGarbage("x", encodeGarbage(list)); err != nil || len(list) > 0 && !reflect.DeepEqual(list, again) {
				t.Errorf("garbage does not survive: %v", err)
			}
		}
	})
}
