package cache

import (
	"bytes"
	"encoding/hex"
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
)

var rewrite = flag.Bool("rewrite", false, "write the golden file anew")

func golden() *Entry {
	return &Entry{Statement: "SELECT * FROM t WHERE id = ?", Versions: []Version{{1, 3}, {20, 400}}, Created: time.UnixMicro(1_700_000_000_000_000).UTC(),
		Expires: time.UnixMicro(1_700_000_300_000_000).UTC(), Requests: 3, NanoUSD: 1200, Columns: 2, Rows: []byte("\x05rows!")}
}

func TestGolden(t *testing.T) {
	t.Parallel()
	const file = "testdata/v1.hex"
	got := golden().Encode(false)
	if *rewrite {
		if err := os.WriteFile(file, []byte(hex.EncodeToString(got)+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%x, want %x, %v", got, want, err)
	}
	e, err := Decode(want)
	if err != nil || !reflect.DeepEqual(e, golden()) {
		t.Errorf("%+v, %v", e, err)
	}
}

// TestDamage changes and cuts every byte of an entry, compressed and not.
func TestDamage(t *testing.T) {
	t.Parallel()
	e := golden()
	e.Rows = bytes.Repeat([]byte("rows and rows "), 100)
	for _, compress := range []bool{false, true} {
		good := e.Encode(compress)
		if got, err := Decode(good); err != nil || !reflect.DeepEqual(got, e) {
			t.Fatalf("%+v, %v", got, err)
		}
		for i := range good {
			bad := bytes.Clone(good)
			bad[i] ^= 0x11
			if _, err := Decode(bad); err == nil {
				t.Errorf("byte %d changed goes unnoticed", i)
			}
			if _, err := Decode(good[:i]); err == nil {
				t.Errorf("%d bytes of it are taken for all", i)
			}
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(golden().Encode(false))
	f.Add([]byte("S3QR\x01\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := Decode(data)
		if err != nil {
			return
		}
		if again, err := Decode(e.Encode(false)); err != nil || !reflect.DeepEqual(again, e) {
			t.Fatalf("%+v becomes %+v, %v", e, again, err)
		}
	})
}
