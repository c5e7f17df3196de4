package expr

import (
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/internal/vec"
)

// buildBitAgg is BIT_AND, BIT_OR and BIT_XOR: over binary strings that are no literals byte by byte, else over numbers.
//
// Source: MySQL 8.0 Reference Manual, "Aggregate Function Descriptions".
func buildBitAgg(a *Agg) error {
	if t := a.in[0].Type(); isBinary(t) && t.ID != base.TypeUUID && t.ID != base.TypeVector {
		if _, literal := a.in[0].(*constant); !literal {
			return buildByteAgg(a)
		}
	}
	if t := a.in[0].Type(); isNumber(t) && !isNamed(t) || isTemporal(t) { // a text is read as an integer, not as a DOUBLE
		a.in[0] = numberArg(a.in[0])
	}
	if c := a.in[0].Type().Class(); c != base.Int && c != base.Uint {
		a.in[0] = implicit(a.in[0], typeInt)
	}
	a.typ = typeUint
	name := a.fn.name
	a.make = func() AggState { return &bitState{name: name} }
	a.frame = func(bool) Frame { return &bitFrame{name: name} }
	return nil
}

type bitState struct {
	name string
	acc  []int64
}

func (s *bitState) Grow(n int) {
	from := len(s.acc)
	s.acc = extend(s.acc, n)
	if s.name == "BIT_AND" {
		fill(s.acc[from:], -1)
	}
}

func (s *bitState) Bytes() int { return 8 * cap(s.acc) }

func (s *bitState) add(g uint32, v int64) {
	switch s.name {
	case "BIT_AND":
		s.acc[g] &= v
	case "BIT_OR":
		s.acc[g] |= v
	default:
		s.acc[g] ^= v
	}
}

func (s *bitState) Update(groups []uint32, args []*vec.Vector, b *vec.Batch) error {
	for k := range b.Rows() {
		if i := b.Row(k); !args[0].IsNull(i) {
			s.add(group(groups, k), args[0].I64[i])
		}
	}
	return nil
}

func (s *bitState) Merge(other AggState, mapping []uint32) error {
	for g, v := range other.(*bitState).acc {
		s.add(mapping[g], v)
	}
	return nil
}

func (s *bitState) Result(*Context) (*vec.Vector, error) {
	return &vec.Vector{Class: base.Uint, Len: len(s.acc), I64: s.acc}, nil
}

// maxBitBytes bounds the binary strings of bit aggregates.
const maxBitBytes = 511

// buildByteAgg is a bit aggregate over binary strings of equal length. Without values it is neutral, of the length of the argument.
func buildByteAgg(a *Agg) error {
	t := a.in[0].Type()
	if t.Length > maxBitBytes {
		return bitsTooLong()
	}
	a.typ = base.Type{ID: base.TypeVarbinary, Length: t.Length}
	if t.Length == 0 {
		a.typ.Length = maxBitBytes
	}
	and, or := a.fn.name == "BIT_AND", a.fn.name == "BIT_OR"
	neutral := strings.Repeat("\x00", t.Length)
	if and {
		neutral = strings.Repeat("\xff", t.Length)
	}
	a.make = func() AggState { return &byteBits{and: and, or: or, neutral: neutral} }
	return nil
}

func bitsTooLong() error {
	return base.Errorf(errno.BitwiseAggregateSize, "Aggregate bitwise functions cannot accept arguments longer than %d bytes; consider using the SUBSTRING() function", maxBitBytes)
}

// byteBits is a bit aggregate over binary strings; nil for a group without values.
type byteBits struct {
	and, or bool
	neutral string
	acc     [][]byte
	bytes   int
}

func (s *byteBits) Grow(n int) {
	for len(s.acc) < n {
		s.acc = append(s.acc, nil)
	}
}

func (s *byteBits) Bytes() int { return 24*cap(s.acc) + s.bytes }

func (s *byteBits) add(g uint32, v string) error {
	old := s.acc[g]
	switch {
	case len(v) > maxBitBytes:
		return bitsTooLong()
	case old == nil:
		s.acc[g] = append(make([]byte, 0, len(v)), v...)
		s.bytes += len(v)
		return nil
	case len(old) != len(v):
		return base.Errorf(errno.BitwiseOperandSize, "Binary operands of bitwise operators must be of equal length")
	}
	for i := range old {
		switch {
		case s.and:
			old[i] &= v[i]
		case s.or:
			old[i] |= v[i]
		default:
			old[i] ^= v[i]
		}
	}
	return nil
}

func (s *byteBits) Update(groups []uint32, args []*vec.Vector, b *vec.Batch) error {
	for k := range b.Rows() {
		if i := b.Row(k); !args[0].IsNull(i) {
			if err := s.add(group(groups, k), args[0].Str[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *byteBits) Merge(other AggState, mapping []uint32) error {
	for g, v := range other.(*byteBits).acc {
		if v == nil {
			continue
		}
		if err := s.add(mapping[g], string(v)); err != nil {
			return err
		}
	}
	return nil
}

func (s *byteBits) Result(*Context) (*vec.Vector, error) {
	out := vec.New(base.Bytes, 0, len(s.acc))
	for g, v := range s.acc {
		out.Str[g] = string(v)
		if v == nil {
			out.Str[g] = s.neutral
		}
	}
	return out, nil
}
