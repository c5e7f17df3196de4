package segment

import (
	"bytes"
	"errors"
	"flag"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

const (
	goldenSegment = "segment-v1.parquet"
	goldenMeta    = "meta-v1.pb"
)

func goldenTable() *table { return smallTable(rand.New(rand.NewPCG(9, 9)), 200) }

func readGolden(tb testing.TB, name string) []byte {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// TestGolden opens the segment that version 1 wrote. What is written today may compress in another way, so it is not compared.
func TestGolden(t *testing.T) {
	t.Parallel()
	tab := goldenTable()
	if *rewrite {
		src, m := tab.write(t, rand.New(rand.NewPCG(1, 1)))
		for name, b := range map[string][]byte{goldenSegment: src.data, goldenMeta: AppendMeta(nil, m)} {
			if err := os.WriteFile(filepath.Join("testdata", name), b, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	b := readGolden(t, goldenMeta)
	m, err := DecodeMeta(b)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(AppendMeta(nil, &m), b) {
		t.Error("the description is encoded differently")
	}
	src := &memory{data: readGolden(t, goldenSegment)}
	rd := open(t, src, &m, nil)
	if err := rd.Verify(t.Context()); err != nil {
		t.Fatal(err)
	}
	n := 0
	err = rd.Lookup(t.Context(), tab.keys, nil, func(i, ord int, row string) error {
		if n++; i != ord || row != tab.row(i, nil) {
			t.Errorf("row %d is % x", i, row)
		}
		return nil
	})
	if err != nil || n != len(tab.keys) {
		t.Errorf("%d rows: %v", n, err)
	}
	checkStats(t, tab, &m)
}

// resum gives m the checksum that the tail of data has.
func resum(m Meta, data []byte) *Meta {
	m.TailSum = crc32.Checksum(data[m.Bytes-m.Tail:], castagnoli)
	return &m
}

func TestNewerFormat(t *testing.T) {
	t.Parallel()
	m, err := DecodeMeta(readGolden(t, goldenMeta))
	if err != nil {
		t.Fatal(err)
	}
	data := readGolden(t, goldenSegment)
	at := bytes.LastIndex(data, []byte(versionKey)) + len(versionKey)
	at += bytes.IndexByte(data[at:], '1')
	data[at] = '2'
	_, err = Open(t.Context(), &memory{data: data}, testObject, resum(m, data), nil)
	if !errors.Is(err, ErrNewer) || !errors.Is(err, base.ErrCorrupt) || !strings.Contains(err.Error(), testObject) {
		t.Errorf("format 2: %v", err)
	}
	m.ID[0]++
	data[at] = '1'
	if _, err = Open(t.Context(), &memory{data: data}, testObject, resum(m, data), nil); !errors.Is(err, base.ErrCorrupt) || errors.Is(err, ErrNewer) {
		t.Errorf("another segment: %v", err)
	}
}

// TestClaimedSizes changes bytes of the tail, under a checksum that is right, into the start of a large number: nothing is
// allocated because a list claims to be long.
func TestClaimedSizes(t *testing.T) {
	t.Parallel()
	whole := readGolden(t, goldenSegment)
	m, err := DecodeMeta(readGolden(t, goldenMeta))
	if err != nil {
		t.Fatal(err)
	}
	tab := goldenTable()
	for at := int(m.Bytes - m.Tail); at < len(whole); at += 3 {
		for _, b := range [][]byte{{0xFC, 0xFF, 0xFF, 0xFF, 0xFF, 0x07}, {0xFF, 0xFF, 0xFF, 0xFF, 0x07}, {0xFF}} {
			data := bytes.Clone(whole)
			copy(data[at:], b)
			rd, err := Open(t.Context(), &memory{data: data}, testObject, resum(m, data), nil)
			if err == nil {
				_, err = rd.Plan(tab.fields(), true, 0, rd.Rows())
			}
			if err != nil && !errors.Is(err, base.ErrCorrupt) {
				t.Fatal(err)
			}
		}
	}
}

func FuzzDecodeMeta(f *testing.F) {
	f.Add(readGolden(f, goldenMeta))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := DecodeMeta(b)
		if err != nil {
			if !errors.Is(err, base.ErrCorrupt) {
				t.Fatal(err)
			}
			return
		}
		again := AppendMeta(nil, &m)
		if back, err := DecodeMeta(again); err != nil || !bytes.Equal(AppendMeta(nil, &back), again) {
			t.Fatalf("%v: % x", err, again)
		}
	})
}

// FuzzOpen reads a file with bytes replaced at two places, and with the checksum of the tail made right.
func FuzzOpen(f *testing.F) {
	whole := readGolden(f, goldenSegment)
	m, err := DecodeMeta(readGolden(f, goldenMeta))
	if err != nil {
		f.Fatal(err)
	}
	tail := int(m.Bytes - m.Tail)
	f.Add(tail, []byte{1, 2, 3}, tail+200, []byte{0xFF})
	f.Add(20, []byte{0xFF}, len(whole)-9, []byte{0x7F, 0xFF})
	for at := tail; at < len(whole); at += 97 {
		f.Add(at, []byte{0xFF, 0xFF, 0xFF, 0xFF, 0x0F}, at+11, []byte{0})
	}
	tab := goldenTable()
	f.Fuzz(func(t *testing.T, at1 int, b1 []byte, at2 int, b2 []byte) {
		data := bytes.Clone(whole)
		if at1 < 0 || at2 < 0 || at1 > len(data) || at2 > len(data) {
			return
		}
		copy(data[at1:], b1)
		copy(data[at2:], b2)
		m := resum(m, data)
		if _, err := everything(t, &memory{data: data}, m, tab); err != nil && !errors.Is(err, base.ErrCorrupt) {
			t.Fatal(err)
		}
	})
}

// FuzzPage reads pages whose checksum is right and whose contents are not.
func FuzzPage(f *testing.F) {
	tab := smallTable(rand.New(rand.NewPCG(9, 9)), 20)
	src, m := tab.write(f, rand.New(rand.NewPCG(1, 1)))
	r := open(f, src, m, nil)
	for c := range r.columns {
		f.Add(c, []byte{0, 0, 0, 0}, 0)
		f.Add(c, []byte{2, 0, 0, 0, 40, 1, 128, 1, 4, 20, 2, 0, 0, 0, 0}, 5)
	}
	f.Fuzz(func(t *testing.T, which int, raw []byte, encoding int) {
		c := &r.columns[uint(which)%uint(len(r.columns))]
		var e pageEncoder
		var k chunk
		if len(raw) > 1<<16 {
			return
		}
		if err := k.frame(&e, raw, pageHeader{values: 20, encoding: formatEncoding(encoding)}); err != nil {
			t.Fatal(err)
		}
		var err error
		if c.id == KeyID {
			_, err = r.decodeKeys(0, k.data.Bytes())
		} else {
			v := newVector(c, 20)
			err = r.decodePage(c, 0, k.data.Bytes(), []string{"a", "b"}, v, 0, 0, 20)
		}
		if err != nil && !errors.Is(err, base.ErrCorrupt) {
			t.Fatal(err)
		}
	})
}
