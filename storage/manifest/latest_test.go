package manifest

import (
	"errors"
	"reflect"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
)

func testLatest() Latest {
	return Latest{UUID: testUUID, Seq: 42, Bytes: 1 << 20, Packs: []Pack{{First: 43, Last: 106, Bytes: 9000}, {First: 100, Last: 200, Bytes: 9001}}}
}

func TestLatestGrows(t *testing.T) {
	t.Parallel()
	l := testLatest()
	for _, p := range []Pack{{First: 150, Last: 200}, {First: 43, Last: 106}, {First: 202, Last: 300}} {
		if got, changed := l.WithPack(p); changed || !reflect.DeepEqual(got, l) {
			t.Errorf("pack %v changed it to %v", p, got)
		}
	}
	more, changed := l.WithPack(Pack{First: 150, Last: 250, Bytes: 5})
	if !changed || more.End() != 250 || len(more.Packs) != 3 || l.End() != 200 {
		t.Errorf("%v, and before %v", more, l)
	}
	if got, changed := l.WithCheckpoint(42, 5); changed {
		t.Errorf("the same checkpoint changed it to %v", got)
	}
	for seq, want := range map[uint64]Latest{
		43:  {UUID: testUUID, Seq: 43, Bytes: 7, Packs: l.Packs},
		106: {UUID: testUUID, Seq: 106, Bytes: 7, Packs: l.Packs[1:]},
		200: {UUID: testUUID, Seq: 200, Bytes: 7},
		900: {UUID: testUUID, Seq: 900, Bytes: 7},
	} {
		if got, changed := l.WithCheckpoint(seq, 7); !changed || !reflect.DeepEqual(got, want) {
			t.Errorf("checkpoint %d: %v", seq, got)
		}
	}
}

// TestLatestInDisorder: a hint whose packs leave records out is no hint.
func TestLatestInDisorder(t *testing.T) {
	t.Parallel()
	for _, packs := range [][]Pack{{{First: 44, Last: 50}}, {{First: 40, Last: 42}}, {{First: 43, Last: 50}, {First: 52, Last: 60}},
		{{First: 0, Last: 60}}, {{First: 43, Last: 50}, {First: 43, Last: 49}}} {
		data, err := EncodeLatest(Latest{UUID: testUUID, Seq: 42, Packs: packs})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := DecodeLatest(data); !errors.Is(err, base.ErrCorrupt) {
			t.Errorf("packs %v: %v", packs, err)
		}
	}
}

func TestPackKeys(t *testing.T) {
	t.Parallel()
	p := Pack{First: 7, Last: 1<<64 - 1}
	if got, ok := ParsePackKey(p.Key()); !ok || got != p {
		t.Errorf("%q: %v, %v", p.Key(), got, ok)
	}
	for _, key := range []string{"", LatestKey, Key(7), p.Key() + "0", p.Key()[1:], "manifest/7-9", "manifest/-", "manifest/00000000000000000007-"} {
		if got, ok := ParsePackKey(key); ok {
			t.Errorf("%q is the key of %v", key, got)
		}
	}
	if _, ok := ParseKey(p.Key()); ok {
		t.Error("the key of a pack is that of a checkpoint")
	}
}
