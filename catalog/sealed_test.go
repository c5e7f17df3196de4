package catalog

import (
	"errors"
	"strings"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/internal/seal"
)

// sealedTable is codecTable with columns c and b encrypted, and a key that opens them.
func sealedTable(t testing.TB) (*Table, *seal.Key) {
	t.Helper()
	key, err := seal.New([]byte(strings.Repeat("k", seal.KeySize)), "database")
	if err != nil {
		t.Fatal(err)
	}
	tab := codecTable()
	tab.Columns[0].Encrypted, tab.Columns[2].Encrypted = key.ID(), key.ID()
	return tab, key
}

func TestSealedRow(t *testing.T) {
	t.Parallel()
	tab, key := sealedTable(t)
	for _, row := range [][]base.Value{
		{base.NewString("plain text"), base.NewInt(1), dec(1250, 2), base.NewBytes("open")},
		{{}, base.NewInt(-1), {}, {}},
		{base.NewString(""), base.NewInt(1), dec(0, 2), base.NewBytes("")},
	} {
		enc, err := EncodeRow(tab, row, key, "")
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(enc, "plain") {
			t.Errorf("%q", enc)
		}
		got, err := DecodeRow(tab, enc, key)
		if err != nil || !SameRow(tab, got, row) {
			t.Errorf("%v, %v", got, err)
		}
	}
}

// TestUnreadableRow keeps what a row has in columns that a key does not open, and refuses other values for them.
func TestUnreadableRow(t *testing.T) {
	t.Parallel()
	tab, key := sealedTable(t)
	old, err := EncodeRow(tab, []base.Value{base.NewString("kept"), base.NewInt(1), {}, base.NewBytes("x")}, key, "")
	if err != nil {
		t.Fatal(err)
	}
	image, err := DecodeRow(tab, old, nil)
	if err != nil || !image[0].IsNull() {
		t.Fatal(image, err)
	}
	image[3] = base.NewBytes("y")
	enc, err := EncodeRow(tab, image, nil, old)
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeRow(tab, enc, key)
	if err != nil || got[0].Text() != "kept" || !got[2].IsNull() || got[3].Text() != "y" {
		t.Error(got, err)
	}
	image[0] = base.NewString("new")
	if _, err := EncodeRow(tab, image, nil, old); err == nil || err.(*base.Error).Number != errno.NoKey.Number {
		t.Error(err)
	}
	if _, err := EncodeRow(tab, []base.Value{base.NewInt(1), base.NewInt(1), {}, {}}, key, ""); err == nil {
		t.Error("a value of another class is sealed")
	}
}

// TestSealedGarbage opens what was sealed rightly and is no value of the column.
func TestSealedGarbage(t *testing.T) {
	t.Parallel()
	tab, key := sealedTable(t)
	two := base.AppendField(base.AppendField(nil, 0, base.NewString("a")), 1, base.NewString("b"))
	for _, plain := range []string{"", "\x05", "\x05\x05a", string(base.AppendField(nil, 0, base.NewInt(1))), string(base.AppendField(nil, 1, base.NewString("a"))), string(two), "\x00"} {
		s, err := key.Seal(tab.ID, tab.Columns[0].ID, []byte(plain))
		if err != nil {
			t.Fatal(err)
		}
		if v, err := OpenValue(key, tab, &tab.Columns[0], s); !errors.Is(err, base.ErrCorrupt) || !strings.Contains(err.Error(), "column c of table t") {
			t.Errorf("%q: %v, %v", plain, v, err)
		}
	}
	if _, err := DecodeRow(tab, string(base.AppendField(nil, 3, base.NewString("clear"))), key); !errors.Is(err, base.ErrCorrupt) {
		t.Errorf("a value in the clear: %v", err)
	}
}

// FuzzSealedValue decodes what a sealed value may hold, were it sealed rightly.
func FuzzSealedValue(f *testing.F) {
	tab, key := sealedTable(f)
	f.Add(string(base.AppendField(nil, 0, base.NewString("a"))), 0)
	f.Add(string(base.AppendField(nil, 0, dec(5, 1))), 2)
	f.Fuzz(func(t *testing.T, plain string, at int) {
		c := &tab.Columns[[]int{0, 2}[at&1]]
		s, err := key.Seal(tab.ID, c.ID, []byte(plain))
		if err != nil {
			t.Fatal(err)
		}
		v, err := OpenValue(key, tab, c, s)
		if err != nil && !errors.Is(err, base.ErrCorrupt) || err == nil && v.Class() != c.Type.Class() {
			t.Fatal(v, err)
		}
	})
}
