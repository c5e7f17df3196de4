package base

import (
	"math/big"
	"math/rand/v2"
	"testing"
	"time"
)

func randDecimal(r *rand.Rand) (Int128, uint8) {
	digits := r.IntN(MaxDecimalDigits + 1)
	b := new(big.Int)
	for range digits {
		b.Mul(b, big.NewInt(10)).Add(b, big.NewInt(int64(r.IntN(10))))
	}
	if r.IntN(2) == 0 {
		b.Neg(b)
	}
	v, _ := Int128FromBig(b)
	return v, uint8(r.IntN(31))
}

func rat(c Int128, scale uint8) *big.Rat {
	return new(big.Rat).SetFrac(c.Big(), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil))
}

// roundRat is the oracle: r at the given scale, half away from zero.
func roundRat(r *big.Rat, scale uint8) *big.Int {
	n := new(big.Int).Mul(r.Num(), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil))
	half := new(big.Int).Rsh(r.Denom(), 0)
	n.Lsh(n, 1)
	if r.Sign() < 0 {
		n.Sub(n, half)
	} else {
		n.Add(n, half)
	}
	return n.Quo(n, new(big.Int).Lsh(r.Denom(), 1))
}

func checkRound(t *testing.T, what string, got Int128, ok bool, want *big.Int) {
	t.Helper()
	limit := Pow10(38).Big()
	if fits := new(big.Int).Abs(want).Cmp(limit) < 0; fits != ok || ok && got.Big().Cmp(want) != 0 {
		t.Fatalf("%s = %s, %v; want %s", what, got.Big(), ok, want)
	}
}

func TestDecimalAgainstRat(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 50000 {
		a, as := randDecimal(r)
		b, bs := randDecimal(r)
		scale := uint8(r.IntN(31))
		if got, want := CompareDecimal(a, as, b, bs), rat(a, as).Cmp(rat(b, bs)); got != want {
			t.Fatalf("compare %s/%d %s/%d = %d, want %d", a.Big(), as, b.Big(), bs, got, want)
		}
		if b.Sign() != 0 {
			q, ok := QuoDecimal(a, as, b, bs, scale)
			checkRound(t, "quotient", q, ok, roundRat(new(big.Rat).Quo(rat(a, as), rat(b, bs)), scale))
		}
		p, ok := MulDecimal(a, b, scale)
		checkRound(t, "product", p, ok, roundRat(rat(a, 0).Mul(rat(a, 0), rat(b, scale)), 0))
		if as >= scale {
			v, ok := Rescale(a, as, scale)
			checkRound(t, "rescale", v, ok, roundRat(rat(a, as), scale))
		}
		text := string(AppendDecimal(nil, a, as))
		if c, s, n, ok := ParseDecimal(text); c != a || s != as || n != len(text) || !ok {
			t.Fatalf("parse %q = %s/%d, read %d, %v", text, c.Big(), s, n, ok)
		}
	}
}

func TestParseDecimal(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]struct {
		out string
		n   int
		ok  bool
	}{
		"":                                       {"0", 0, true},
		"-":                                      {"0", 0, true},
		".":                                      {"0", 0, true},
		"abc":                                    {"0", 0, true},
		"12abc":                                  {"12", 2, true},
		"-.5":                                    {"-0.5", 3, true},
		"5.":                                     {"5", 2, true},
		"1e3":                                    {"1000", 3, true},
		"1e":                                     {"1", 1, true},
		"1.5e-2x":                                {"0.015", 6, true},
		"99999999999999999999999999999999999999": {"99999999999999999999999999999999999999", 38, true},
		"999999999999999999999999999999999999999": {"0", 39, false},
		"1e999": {"0", 5, false},
		"0e999": {"0", 5, true},
	} {
		c, s, n, ok := ParseDecimal(in)
		if n != want.n || ok != want.ok || ok && string(AppendDecimal(nil, c, s)) != want.out {
			t.Errorf("%q = %s, %d, %v; want %v", in, AppendDecimal(nil, c, s), n, ok, want)
		}
	}
}

func TestCivil(t *testing.T) {
	t.Parallel()
	for d := MinDate; d <= MaxDate; d += 13 {
		y, m, day := CivilFromDays(d)
		if got := DaysFromCivil(y, m, day); got != d {
			t.Fatalf("%d -> %d-%d-%d -> %d", d, y, m, day, got)
		}
		want := time.Unix(d*86400, 0).UTC()
		if y != want.Year() || m != int(want.Month()) || day != want.Day() {
			t.Fatalf("%d is %d-%d-%d, want %s", d, y, m, day, want)
		}
	}
	if got := string(AppendDateTime(nil, -1, 6)); got != "1969-12-31 23:59:59.999999" {
		t.Error(got)
	}
	if got := string(AppendTime(nil, -MaxTime, 2)); got != "-838:59:59.00" {
		t.Error(got)
	}
	if got := string(AppendDate(nil, ZeroDate)); got != "0000-00-00" {
		t.Error(got)
	}
	if MinDate != DaysFromCivil(0, 1, 1) || MaxDate != DaysFromCivil(9999, 12, 31) {
		t.Error("range of DATE")
	}
}
