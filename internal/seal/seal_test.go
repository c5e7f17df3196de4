package seal

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
)

const database = "0b3ff06a-0a4b-4d26-8f8e-6b1a4ce6b4d1"

func testKey(t testing.TB, fill byte) *Key {
	t.Helper()
	k, err := New([]byte(strings.Repeat(string(rune(fill)), KeySize)), database)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	k := testKey(t, 'k')
	for _, plain := range []string{"", "a", strings.Repeat("long ", 10_000)} {
		one, err := k.Seal(20, 3, []byte(plain))
		if err != nil {
			t.Fatal(err)
		}
		two, err := k.Seal(20, 3, []byte(plain))
		if err != nil || one == two {
			t.Fatalf("the same bytes twice (%v)", err)
		}
		if len(one) != len(plain)+Overhead {
			t.Errorf("%d bytes for %d", len(one), len(plain))
		}
		got, err := testKey(t, 'k').Open(20, 3, one)
		if err != nil || string(got) != plain {
			t.Errorf("%.20q, %v", got, err)
		}
	}
}

// TestWhatDoesNotOpen opens values with a change in every byte, in other columns, and with other keys.
func TestWhatDoesNotOpen(t *testing.T) {
	t.Parallel()
	k := testKey(t, 'k')
	sealed, err := k.Seal(20, 3, []byte("plain"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range len(sealed) {
		bad := []byte(sealed)
		bad[i] ^= 0x20
		if _, err := k.Open(20, 3, string(bad)); !errors.Is(err, base.ErrCorrupt) {
			t.Errorf("byte %d changed: %v", i, err)
		}
		if _, err := k.Open(20, 3, sealed[:i]); !errors.Is(err, base.ErrCorrupt) {
			t.Errorf("cut to %d: %v", i, err)
		}
	}
	other, err := New([]byte(strings.Repeat("k", KeySize)), "another database")
	if err != nil {
		t.Fatal(err)
	}
	for name, open := range map[string]func() ([]byte, error){
		"another table":    func() ([]byte, error) { return k.Open(21, 3, sealed) },
		"another column":   func() ([]byte, error) { return k.Open(20, 4, sealed) },
		"another database": func() ([]byte, error) { return other.Open(20, 3, sealed) },
		"longer":           func() ([]byte, error) { return k.Open(20, 3, sealed+"x") },
		"another key":      func() ([]byte, error) { return testKey(t, 'x').Open(20, 3, sealed) },
	} {
		if got, err := open(); !errors.Is(err, base.ErrCorrupt) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	_, err = testKey(t, 'x').Open(20, 3, sealed)
	if !strings.Contains(err.Error(), k.ID()) {
		t.Errorf("%v does not tell the key", err)
	}
}

func TestKeysAreNotShown(t *testing.T) {
	t.Parallel()
	k := testKey(t, 'k')
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		if s := fmt.Sprintf(format, k); strings.Contains(s, "kkkk") || strings.Contains(s, "6b6b") || strings.Contains(s, "107, 107") {
			t.Errorf("%s shows %s", format, s)
		}
	}
	if _, err := New([]byte("short secret"), database); err == nil || strings.Contains(err.Error(), "short secret") {
		t.Error(err)
	}
	if id := (*Key)(nil).ID(); id != "" {
		t.Error(id)
	}
}

// TestGolden opens the value of docs/format/encrypted.md, and makes it again.
func TestGolden(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/v1.hex")
	if err != nil {
		t.Fatal(err)
	}
	want, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	k := testKey(t, 'k')
	plain := base.AppendField(nil, 0, base.NewString("hé"))
	got, err := k.sealWith([nonceSize]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, place{20, 3}, plain)
	if err != nil || got != string(want) {
		t.Errorf("%x, %v", got, err)
	}
	opened, err := k.Open(20, 3, string(want))
	if err != nil || string(opened) != string(plain) {
		t.Errorf("%x, %v", opened, err)
	}
}

func FuzzOpen(f *testing.F) {
	k := testKey(f, 'k')
	good, err := k.Seal(20, 3, []byte("plain"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:Overhead])
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		plain, err := k.Open(20, 3, s)
		if err != nil && !errors.Is(err, base.ErrCorrupt) {
			t.Fatal(err)
		}
		if err == nil && len(plain)+Overhead != len(s) {
			t.Fatal("a length that Seal does not make")
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	k := testKey(b, 'k')
	plain := []byte(strings.Repeat("x", 16))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := k.Seal(20, 3, plain); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	k := testKey(b, 'k')
	sealed, err := k.Seal(20, 3, []byte(strings.Repeat("x", 16)))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := k.Open(20, 3, sealed); err != nil {
			b.Fatal(err)
		}
	}
}
