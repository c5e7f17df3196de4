package manifest

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/s3sql/s3sql/internal/base"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

const testUUID = "00112233445566778899aabbccddeeff"

func rowsOf(n int) func(fn func(key, row string) bool) {
	return func(fn func(key, row string) bool) {
		for i := range n {
			if !fn(fmt.Sprintf("key%06d", i), strings.Repeat("r", i%7)) {
				return
			}
		}
	}
}

func testCheckpoint() *Checkpoint {
	return &Checkpoint{UUID: testUUID, Seq: 42, Time: time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC), Tables: []Table{
		{ID: 1, AutoInc: 900, Rows: 3, Each: rowsOf(3)},
		{ID: 2, AutoInc: 7, Rows: 0, Each: rowsOf(0)},
		{ID: 1 << 30, Rows: 100, Each: rowsOf(100)},
	}}
}

// testSegments is a checkpoint with what version 2 brought.
func testSegments() *Checkpoint {
	c := testCheckpoint()
	c.Garbage = "what was dropped"
	c.Tables[1].Segments = "where the rows are"
	c.Tables[1].Entries = func(fn func(Entry) bool) {
		for _, e := range []Entry{{Key: "a", Row: "r", Seq: 41, Hides: true}, {Key: "b", Seq: 40, Dead: true, Hides: true}, {Key: "c", Row: "s", Seq: 1 << 40}} {
			if !fn(e) {
				return
			}
		}
	}
	return c
}

// plain is a checkpoint that can be compared.
func plain(c *Checkpoint) (out []string) {
	out = append(out, c.UUID, fmt.Sprint(c.Seq), c.Time.String(), c.Garbage)
	for _, t := range c.Tables {
		out = append(out, fmt.Sprint("table ", t.ID, " ", t.AutoInc, " ", t.Rows, " ", t.Segments))
		if t.Entries != nil {
			t.Entries(func(e Entry) bool {
				out = append(out, fmt.Sprint(e))
				return true
			})
		}
		t.Each(func(key, row string) bool {
			out = append(out, key+"="+row)
			return true
		})
	}
	return out
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	big := testCheckpoint()
	big.Tables[2] = Table{ID: 9, Rows: 300_000, Each: rowsOf(300_000)} // several runs
	for _, c := range []*Checkpoint{testCheckpoint(), testSegments(), {UUID: "u", Seq: 1, Time: time.UnixMicro(0).UTC()}, big} {
		data, err := Encode(c)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Decode(Key(c.Seq), data)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(plain(got), plain(c)) {
			t.Errorf("checkpoint of %d tables changed on its way", len(c.Tables))
		}
	}
}

func golden(t *testing.T, name string, data []byte) []byte {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *rewrite {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return want
}

// TestGolden reads what each version has written, byte for byte; the checkpoint's compressed bytes may change with the
// compressor, what they decompress to may not.
func TestGolden(t *testing.T) {
	t.Parallel()
	c := testCheckpoint()
	old, err := os.ReadFile(filepath.Join("testdata", "checkpoint.v1"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := Decode(Key(42), old)
	if err != nil || !reflect.DeepEqual(plain(got), plain(c)) {
		t.Errorf("golden checkpoint of version 1: %v", err)
	}
	if raw := appendBody(nil, c); !bytes.Equal(raw, golden(t, "checkpoint-body.v1", raw)) {
		t.Error("the body is encoded differently from version 1, which version 2 only adds to")
	}
	c = testSegments()
	data, err := Encode(c)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Decode(Key(42), golden(t, "checkpoint.v2", data)); err != nil || !reflect.DeepEqual(plain(got), plain(c)) {
		t.Errorf("golden checkpoint of version 2: %v", err)
	}
	if raw := appendBody(nil, c); !bytes.Equal(raw, golden(t, "checkpoint-body.v2", raw)) {
		t.Error("the body is encoded differently from version 2")
	}
	id := Identity{UUID: testUUID, Created: c.Time, Certified: "passed: create-race, replace-race, read-after-write"}
	data, err = EncodeIdentity(id)
	if err != nil || !bytes.Equal(data, golden(t, "s3sql.json.v1", data)) {
		t.Errorf("identity differs from version 1: %v", err)
	}
	if got, err := DecodeIdentity(data); err != nil || got != id {
		t.Errorf("identity %+v, %v", got, err)
	}
	for name, latest := range map[string]Latest{"latest.v1": {UUID: testUUID, Seq: 42}, "latest-packs.v1": testLatest()} {
		data, err = EncodeLatest(latest)
		if err != nil || !bytes.Equal(data, golden(t, name, data)) {
			t.Errorf("%s: the hint differs from version 1: %v", name, err)
		}
		if got, err := DecodeLatest(data); err != nil || !reflect.DeepEqual(got, latest) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// TestEveryFlippedBit proves that the checksums cover every byte.
func TestEveryFlippedBit(t *testing.T) {
	t.Parallel()
	data, err := Encode(testSegments())
	if err != nil {
		t.Fatal(err)
	}
	for i := range data {
		bad := bytes.Clone(data)
		bad[i] ^= 1 << (i % 8)
		_, err := Decode(Key(42), bad)
		var e *base.Error
		if !errors.As(err, &e) || e.Kind != base.KindCorrupt || e.Object != Key(42) {
			t.Fatalf("byte %d flipped: %v", i, err)
		}
		if _, err := Decode(Key(42), data[:i]); !errors.Is(err, base.ErrCorrupt) {
			t.Fatalf("cut off at %d: %v", i, err)
		}
	}
	if _, err := Decode(Key(41), data); !errors.Is(err, base.ErrCorrupt) {
		t.Errorf("a checkpoint under another's key: %v", err)
	}
	body, err := EncodeIdentity(Identity{UUID: testUUID})
	if err != nil {
		t.Fatal(err)
	}
	for i := bytes.Index(body, []byte(`"uuid"`)); i < bytes.Index(body, []byte(`,"crc32c"`)); i++ {
		bad := bytes.Clone(body)
		bad[i] ^= 2
		if _, err := DecodeIdentity(bad); !errors.Is(err, base.ErrCorrupt) {
			t.Fatalf("identity with byte %d flipped: %v", i, err)
		}
	}
}

func TestDamagedBodies(t *testing.T) {
	t.Parallel()
	c := testCheckpoint()
	wrongOrder := *c
	wrongOrder.Tables = []Table{c.Tables[1], c.Tables[0]}
	wrongRows := *c
	wrongRows.Tables = []Table{{ID: 1, Rows: 4, Each: rowsOf(3)}}
	unsorted := *c
	unsorted.Tables = []Table{{ID: 1, Rows: 2, Each: func(fn func(k, r string) bool) { fn("b", ""); fn("a", "") }}}
	noKey := *c
	noKey.Tables = []Table{{ID: 1, Rows: 1, Each: func(fn func(k, r string) bool) { fn("", "x") }}}
	entries := testSegments()
	entries.Tables[1].Entries = func(fn func(Entry) bool) { fn(Entry{Key: "b"}); fn(Entry{Key: "a"}) }
	for name, bad := range map[string]*Checkpoint{"entries out of order": entries, "tables out of order": &wrongOrder, "row count": &wrongRows,
		"keys out of order": &unsorted, "empty key": &noKey, "no uuid": {Seq: 42}, "no sequence number": {UUID: "u"}} {
		if _, err := decodeBody("k", appendBody(nil, bad)); !errors.Is(err, base.ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	if k := Key(7); k != "manifest/00000000000000000007" {
		t.Errorf("key %q", k)
	}
	for key, ok := range map[string]bool{Key(0): true, Key(1<<64 - 1): true, LatestKey: false, "manifest/7": false,
		"manifest/0000000000000000000x": false, "manifest/99999999999999999999": false, "": false} {
		if _, got := ParseKey(key); got != ok {
			t.Errorf("%q: %v", key, got)
		}
	}
}

func FuzzDecodeBody(f *testing.F) {
	f.Add(appendBody(nil, testCheckpoint()))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := decodeBody("k", raw)
		if err != nil {
			if !errors.Is(err, base.ErrCorrupt) {
				t.Fatalf("%v is not of kind Corrupt", err)
			}
			return
		}
		again, err := decodeBody("k", appendBody(nil, c))
		if err != nil || !reflect.DeepEqual(plain(again), plain(c)) {
			t.Fatalf("what was decoded does not encode: %v", err)
		}
	})
}

func FuzzDecode(f *testing.F) {
	data, err := Encode(testCheckpoint())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(magicCheckpoint))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := Decode("k", data); err != nil && !errors.Is(err, base.ErrCorrupt) {
			t.Fatalf("%v is not of kind Corrupt", err)
		}
	})
}

func FuzzEnvelope(f *testing.F) {
	for _, v := range []any{Identity{UUID: testUUID}, Latest{UUID: testUUID, Seq: 3}, testLatest()} {
		for _, magic := range []string{magicIdentity, magicLatest} {
			data, err := Wrap(magic, v)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := DecodeIdentity(data); err != nil && !errors.Is(err, base.ErrCorrupt) {
			t.Fatal(err)
		}
		if _, err := DecodeLatest(data); err != nil && !errors.Is(err, base.ErrCorrupt) {
			t.Fatal(err)
		}
	})
}
