package commitlog

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
)

const packKey = "manifest/00000000000000000007-00000000000000000009"

// samplePack are records 7 to 9.
func samplePack() (recs []*Record) {
	samples := sampleRecords()
	for i, r := range []*Record{samples["small"], samples["zstd"], sampleEdits()} {
		r.Seq = uint64(7 + i)
		recs = append(recs, r)
	}
	return recs
}

func encodePack(t testing.TB) []byte {
	t.Helper()
	data, err := NewCodec().EncodePack(samplePack())
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestPack(t *testing.T) {
	t.Parallel()
	c, want := NewCodec(), samplePack()
	path := filepath.Join("testdata", "pack.hex")
	if *rewrite {
		if err := os.WriteFile(path, []byte(hex.EncodeToString(encodePack(t))+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, data := range map[string][]byte{"encoded": encodePack(t), "golden": readHex(t, path)} {
		got, err := c.DecodePack(packKey, data, want[0].DB, 7, 9)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for i := range want {
			if !reflect.DeepEqual(appendTxns(got[i]), appendTxns(want[i])) || got[i].Seq != want[i].Seq || got[i].WriteID != want[i].WriteID {
				t.Errorf("%s: record %d differs", name, want[i].Seq)
			}
		}
	}
}

// appendTxns is what a record does, comparable.
func appendTxns(r *Record) (b [][]byte) {
	for _, t := range r.Txns {
		b = append(b, appendTxn(nil, t))
	}
	return b
}

// TestDamagedPack proves that whatever is wrong with a pack is noticed.
func TestDamagedPack(t *testing.T) {
	t.Parallel()
	c, data, db := NewCodec(), encodePack(t), samplePack()[0].DB
	corrupt := func(name string, data []byte, db ID, first, last uint64) {
		t.Helper()
		_, err := c.DecodePack(packKey, data, db, first, last)
		var e *base.Error
		if !errors.As(err, &e) || e.Kind != base.KindCorrupt || e.Object != packKey {
			t.Errorf("%s: %v", name, err)
		}
	}
	for i := range data {
		bad := bytes.Clone(data)
		bad[i] ^= 1 << (i % 8)
		corrupt("flipped", bad, db, 7, 9)
		corrupt("cut off", data[:i], db, 7, 9)
	}
	corrupt("another database", data, ID{1}, 7, 9)
	corrupt("another first record", data, db, 6, 9)
	corrupt("fewer records than it has", data, db, 7, 8)
	corrupt("more records than it has", data, db, 7, 10)
	corrupt("bounds in the wrong order", data, db, 9, 7)
	corrupt("twice", append(bytes.Clone(data), data...), db, 7, 12)
}

func FuzzDecodePack(f *testing.F) {
	data, db := encodePack(f), samplePack()[0].DB
	f.Add(data)
	f.Add(data[:30])
	c := NewCodec()
	f.Fuzz(func(t *testing.T, data []byte) {
		recs, err := c.DecodePack(packKey, data, db, 7, 9)
		switch {
		case err != nil && base.KindOf(err) != base.KindCorrupt:
			t.Fatalf("%v is not of kind Corrupt", err)
		case err == nil && len(recs) != 3:
			t.Fatalf("%d records", len(recs))
		}
	})
}
