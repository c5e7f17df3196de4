package base

import (
	"cmp"
	"errors"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// compareValues is the oracle: the order of two values of one class as SQL has it, by other means than the encoding.
func compareValues(a, b Value) int {
	if a.IsNull() || b.IsNull() {
		return cmp.Compare(boolInt(!a.IsNull()), boolInt(!b.IsNull()))
	}
	switch a.Class() {
	case Float:
		return compareFloats(a.Float(), b.Float())
	case Decimal:
		return ratOf(a).Cmp(ratOf(b))
	case String, Bytes, JSON:
		return strings.Compare(a.Text(), b.Text())
	}
	return bigOf(a).Cmp(bigOf(b))
}

func boolInt(b bool) int { return int(NewBool(b).Int()) }

func compareFloats(a, b float64) int {
	if math.IsNaN(a) || math.IsNaN(b) {
		return cmp.Compare(boolInt(math.IsNaN(a)), boolInt(math.IsNaN(b)))
	}
	return cmp.Compare(a, b)
}

func bigOf(v Value) *big.Int {
	if v.Class() == Uint {
		return new(big.Int).SetUint64(v.Uint())
	}
	return big.NewInt(v.Int())
}

func ratOf(v Value) *big.Rat {
	c, s := v.Decimal()
	return new(big.Rat).SetFrac(c.Big(), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(s)), nil))
}

// randomValue favours the edges: lengths at which encodings change, signs, zeros, shared prefixes.
func randomValue(r *rand.Rand, c Class) Value {
	n := r.Uint64() >> r.IntN(64)
	if r.IntN(4) == 0 {
		n = uint64(1)<<r.IntN(64) + uint64(r.IntN(3)) - 1
	}
	if r.IntN(2) == 0 {
		n = -n
	}
	switch c {
	case Null:
		return Value{}
	case Float:
		edges := []float64{0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), math.NaN(), math.MaxFloat64,
			math.SmallestNonzeroFloat64, 1, -1, r.NormFloat64(), math.Float64frombits(r.Uint64())}
		return NewFloat(edges[r.IntN(len(edges))])
	case Decimal:
		return randomDecimal(r)
	case String, Bytes, JSON:
		alphabet := "\x00\x00\x01ab\xFE\xFFé"
		b := make([]byte, r.IntN(6))
		for i := range b {
			b[i] = alphabet[r.IntN(len(alphabet))]
		}
		return FromText(c, string(b))
	}
	return FromBits(c, n)
}

func randomDecimal(r *rand.Rand) Value {
	limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(r.IntN(39))), nil)
	b := new(big.Int).Mul(new(big.Int).SetUint64(r.Uint64()), new(big.Int).SetUint64(r.Uint64()))
	b.Mod(b, limit)
	switch r.IntN(4) {
	case 0:
		b.Neg(b)
	case 1:
		b.Sub(limit, big.NewInt(1))
	}
	c, _ := Int128FromBig(b)
	return NewDecimal(c, uint8(r.IntN(39)))
}

var allClasses = []Class{Null, Int, Uint, Float, Decimal, String, Bytes, Date, Time, DateTime, JSON}

func TestKeyOrderIsValueOrder(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 60_000 {
		c := allClasses[r.IntN(len(allClasses))]
		a, b := randomValue(r, c), randomValue(r, c)
		if r.IntN(20) == 0 {
			b = Value{}
		}
		if got, want := strings.Compare(KeyOf(a), KeyOf(b)), compareValues(a, b); got != want {
			t.Fatalf("order of keys of %v and %v is %d, of values %d\n% x\n% x", a, b, got, want, KeyOf(a), KeyOf(b))
		}
	}
}

func TestKeyOrderOfRows(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	for range 40_000 {
		var a, b []Value
		want := 0
		for range 1 + r.IntN(3) {
			c := allClasses[r.IntN(len(allClasses))]
			x, y := randomValue(r, c), randomValue(r, c)
			if r.IntN(2) == 0 {
				y = x
			}
			a, b = append(a, x), append(b, y)
			if want == 0 {
				want = compareValues(x, y)
			}
		}
		if got := strings.Compare(KeyOf(a...), KeyOf(b...)); got != want {
			t.Fatalf("order of keys of %v and %v is %d, of rows %d", a, b, got, want)
		}
	}
}

func TestKeyIntAndUintAreOneOrder(t *testing.T) {
	t.Parallel()
	vs := []Value{NewInt(math.MinInt64), NewInt(-1 << 32), NewInt(-256), NewInt(-255), NewInt(-1), NewInt(0), NewUint(1),
		NewInt(255), NewUint(256), NewInt(math.MaxInt64), NewUint(1 << 63), NewUint(math.MaxUint64)}
	if !slices.IsSortedFunc(vs, func(a, b Value) int { return strings.Compare(KeyOf(a), KeyOf(b)) }) {
		t.Error("keys of mixed Int and Uint values are out of order")
	}
	if KeyOf(NewInt(77)) != KeyOf(NewUint(77)) {
		t.Error("Int 77 and Uint 77 have different keys")
	}
	if KeyOf(NewFloat(math.Copysign(0, -1))) != KeyOf(NewFloat(0)) {
		t.Error("-0 and 0 have different keys")
	}
	if KeyOf(NewDecimal(Int128From(-150), 2)) != KeyOf(NewDecimal(Int128From(-15), 1)) {
		t.Error("-1.50 and -1.5 have different keys")
	}
}

// TestKeyGolden holds the bytes of docs/format/key.md in place.
func TestKeyGolden(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		v    Value
		want string
	}{
		{Value{}, "\x01"},
		{NewInt(0), "\x14"},
		{NewInt(42), "\x15\x2A"},
		{NewInt(-42), "\x13\xD5"},
		{NewUint(math.MaxUint64), "\x1C\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"},
		{NewFloat(1.5), "\x20\xBF\xF8\x00\x00\x00\x00\x00\x00"},
		{NewDecimal(Int128From(1234), 2), "\x21\x81\x0C\x23\x00"},
		{NewDecimal(Int128From(-5), 1), "\x21\x7F\xFE\x33\x00"},
		{NewDate(20000), "\x22\x16\x4E\x20"},
		{NewTime(-1), "\x23\x13\xFE"},
		{NewDateTime(1), "\x24\x15\x01"},
		{NewString("a\x00b"), "\x25a\x00\xFFb\x00"},
		{NewBytes(""), "\x26\x00"},
		{NewJSON("{}"), "\x27{}\x00"},
	} {
		if got := KeyOf(c.v); got != c.want {
			t.Errorf("key of %v is % x, want % x", c.v, got, c.want)
		}
	}
}

func TestDecodeKeyRoundTrip(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 6))
	for range 40_000 {
		var vs []Value
		for range r.IntN(4) {
			vs = append(vs, randomValue(r, allClasses[r.IntN(len(allClasses))]))
		}
		key := KeyOf(vs...)
		got, err := DecodeKey(key)
		if err != nil || len(got) != len(vs) {
			t.Fatalf("DecodeKey of %v: %v, %v", vs, got, err)
		}
		for i, v := range vs {
			same := got[i].Class() == v.Class() || v.Class() == Uint && got[i].Class() == Int
			if v.Class() == Int || v.Class() == Uint {
				same = same && got[i].Bits() == v.Bits()
			} else {
				same = same && compareValues(got[i], v) == 0
			}
			if !same {
				t.Fatalf("DecodeKey gave %v for %v (key % x)", got[i], v, key)
			}
		}
	}
}

func TestDecodeKeyDamaged(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"\x00", "\xFF", "\x02", "\x15", "\x0B", "\x1D", "\x0C\x00\x00\x00\x00\x00\x00\x00\x00",
		"\x13\xFF", "\x20\x01", "\x21", "\x21\x91", "\x21\x80", "\x21\x80\x65\x00", "\x21\x80\xFF", "\x21\x81", "\x22", "\x22\x01",
		"\x22\x1C\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", "\x25", "\x25a", "\x25a\x00\xFF", "\x14\x25"} {
		if vs, err := DecodeKey(key); !errors.Is(err, ErrCorrupt) {
			t.Errorf("DecodeKey(% x) = %v, %v; want a corrupt error", key, vs, err)
		}
	}
}

func TestPrefixEnd(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"": "", "a": "b", "a\xFF": "b", "\xFF\xFF": "", "a\x00": "a\x01"} {
		if got := PrefixEnd(in); got != want {
			t.Errorf("PrefixEnd(%q) = %q, want %q", in, got, want)
		}
	}
	r := rand.New(rand.NewPCG(7, 8))
	for range 5_000 {
		p, more := KeyOf(randomValue(r, Int)), KeyOf(randomValue(r, String))
		if k := p + more; k < p || k >= PrefixEnd(p) {
			t.Fatalf("% x is not within [% x, % x)", k, p, PrefixEnd(p))
		}
	}
}

func FuzzDecodeKey(f *testing.F) {
	r := rand.New(rand.NewPCG(9, 10))
	for _, c := range allClasses {
		f.Add(KeyOf(randomValue(r, c), randomValue(r, c)))
	}
	f.Fuzz(func(t *testing.T, key string) {
		vs, err := DecodeKey(key)
		if err != nil {
			return
		}
		again, err := DecodeKey(KeyOf(vs...))
		if err != nil || len(again) != len(vs) {
			t.Fatalf("values %v of key % x do not survive a round trip: %v, %v", vs, key, again, err)
		}
	})
}

func BenchmarkAppendKey(b *testing.B) {
	vs := []Value{NewInt(123456), NewString("customer-1234"), NewDecimal(Int128From(123456), 2)}
	buf := make([]byte, 0, 128)
	b.ReportAllocs()
	for b.Loop() {
		buf = buf[:0]
		for _, v := range vs {
			buf = AppendKey(buf, v)
		}
	}
}
