package table

import (
	"testing"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
)

// folded returns a version of n rows without a delta.
func folded(n int) *version {
	ed := emptyVersion().edit()
	for i := range n {
		ed.set(&entry{key: k(i), row: rowOf(i)})
	}
	return ed.v.fold(tinyLimits())
}

func TestFoldKeepsPartsFull(t *testing.T) {
	t.Parallel()
	if parts := folded(17).parts; len(parts) != 2 || parts[1].rows() < 8 {
		t.Errorf("17 rows end in a part of %d", parts[len(parts)-1].rows())
	}
	v := folded(1600)
	ed := v.edit()
	for i := range 1600 {
		if i%16 != 3 {
			ed.set(&entry{key: k(i), dead: true, hides: true})
		}
	}
	if small := ed.v.fold(tinyLimits()); small.rows != 100 || small.base != 100 || len(small.parts) > 25 {
		t.Errorf("%d rows are left in %d parts", small.rows, len(small.parts))
	}
}

func TestFoldJoinsASmallPart(t *testing.T) {
	t.Parallel()
	v := folded(1600)
	ed := v.edit()
	for i := 801; i < 815; i++ {
		ed.set(&entry{key: k(i), dead: true, hides: true})
	}
	for i, p := range ed.v.fold(tinyLimits()).parts {
		if p.rows() < 4 {
			t.Errorf("part %d has %d rows", i, p.rows())
		}
	}
}

func TestFoldKeepsUntouchedParts(t *testing.T) {
	t.Parallel()
	v := folded(1600)
	ed := v.edit()
	ed.set(&entry{key: k(800), row: rowOf(1), hides: true})
	ed.set(&entry{key: k(5000), row: rowOf(1)})
	next := ed.v.fold(tinyLimits())
	kept := map[part]bool{}
	for _, p := range v.parts {
		kept[p] = true
	}
	rewritten := 0
	for _, p := range next.parts {
		if !kept[p] {
			rewritten++
		}
	}
	if rewritten > 4 || next.rows != 1601 {
		t.Errorf("two changes rewrote %d of %d parts", rewritten, len(next.parts))
	}
}

func TestTombstoneOfNothing(t *testing.T) {
	t.Parallel()
	ed := folded(10).edit()
	for i := range 5 {
		ed.set(&entry{key: k(100 + i), row: rowOf(1)})
		ed.set(&entry{key: k(100 + i), dead: true})
	}
	ed.set(&entry{key: k(500), dead: true})
	if ed.v.rows != 10 || ed.v.delta.len() != 0 {
		t.Errorf("%d rows, %d entries", ed.v.rows, ed.v.delta.len())
	}
	ed.set(&entry{key: k(3), dead: true, hides: true})
	ed.set(&entry{key: k(3), dead: true, hides: true})
	if ed.v.rows != 9 || ed.v.delta.len() != 1 {
		t.Errorf("%d rows, %d entries", ed.v.rows, ed.v.delta.len())
	}
}

func TestScanOfUnfitValues(t *testing.T) {
	t.Parallel()
	row := func(v base.Value) string { return string(base.AppendField(nil, 1, v)) }
	dec := func(c int64, scale uint8) base.Value { return base.NewDecimal(base.Int128From(c), scale) }
	huge := base.NewDecimal(base.Int128{Hi: 1 << 62}, 0)
	for _, tc := range []struct {
		name string
		typ  base.Type
		v    base.Value
		ok   bool
	}{
		{"text in an integer column", tInt, base.NewString("x"), false},
		{"a smaller scale", tDec, dec(15, 1), true},
		{"a larger scale", tDec, dec(1500, 3), false},
		{"a coefficient that cannot be widened", tDec, huge, false},
		{"a NULL", tDec, base.Value{}, true},
	} {
		for _, fold := range []bool{false, true} {
			ed := emptyVersion().edit()
			ed.set(&entry{key: "k", row: row(tc.v)})
			v := ed.v
			if fold {
				v = v.fold(tinyLimits())
			}
			var b vec.Batch
			_, ok, err := newScanner(v, ScanSpec{Cols: []ScanCol{{ID: 1, Type: tc.typ}}}).Next(t.Context(), &b)
			if (err == nil) != tc.ok || ok != tc.ok {
				t.Errorf("%s, folded %v: %v %v", tc.name, fold, ok, err)
			}
			if tc.name == "a smaller scale" && b.Cols[0].Dec[0] != base.Int128From(150) {
				t.Errorf("1.5 became %v hundredths", b.Cols[0].Dec[0])
			}
		}
	}
	ed := emptyVersion().edit()
	ed.set(&entry{key: "k", row: "\x11"}) // a field that is cut off
	var b vec.Batch
	if _, _, err := newScanner(ed.v, ScanSpec{Cols: testCols}).Next(t.Context(), &b); base.KindOf(err) != base.KindCorrupt {
		t.Errorf("a damaged row: %v", err)
	}
}
