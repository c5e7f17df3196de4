package expr

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
)

var vectorFunctions = []*function{
	{name: "STRING_TO_VECTOR", min: 1, max: 1, build: typed(typeVector, rows(true, stringToVector), typeLongText)},
	{name: "VECTOR_TO_STRING", min: 1, max: 1, build: buildVector(1, typeLongText, func(r *row) error {
		v, err := r.vector(0)
		if err == nil {
			r.setStr(vectorText(v))
		}
		return err
	})},
	{name: "VECTOR_DIM", min: 1, max: 1, build: buildVector(1, typeInt, func(r *row) error {
		v, err := r.vector(0)
		r.setInt(int64(len(v)))
		return err
	})},
	{name: "DISTANCE", min: 2, max: 3, build: buildVector(2, typeDouble, distance)},
}

var typeVector = base.Type{ID: base.TypeVector, Length: maxDimensions}

// maxDimensions is MySQL's limit on a vector.
const maxDimensions = 16383

// buildVector is a function of n vectors, which may be any binary strings, and of words.
func buildVector(n int, result base.Type, f func(*row) error) func(*call) error {
	return func(c *call) error {
		for i := range c.in {
			switch t := c.in[i].Type(); {
			case i >= n || t.ID == base.TypeNull:
				c.in[i] = implicit(c.in[i], typeLongText)
			case !isBinary(t):
				return c.badVector(0)
			}
		}
		c.typ = result
		c.eval = rows(true, f)
		return nil
	}
}

func (c *call) badVector(int) error {
	return base.Errorf(errno.ToVectorConversion, "Data cannot be converted to a valid vector: '%s'", strings.ToLower(c.fn.name))
}

// vector reads operand k: numbers of 32 bits, lowest byte first.
func (r *row) vector(k int) ([]float32, error) {
	raw := r.str(k)
	if len(raw)%4 != 0 || raw == "" || len(raw) > 4*maxDimensions {
		return nil, r.c.badVector(k)
	}
	v := make([]float32, len(raw)/4)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32([]byte(raw[4*i : 4*i+4])))
		if f := float64(v[i]); f-f != 0 {
			return nil, r.c.badVector(k)
		}
	}
	return v, nil
}

// stringToVector reads [1, 2.5, -3e1].
func stringToVector(r *row) error {
	s := strings.TrimSpace(r.str(0))
	bad := func() error {
		return base.Errorf(errno.ToVectorConversion, "Data cannot be converted to a valid vector: '%s'", prefixChars(r.str(0), 128))
	}
	if len(s) < 3 || s[0] != '[' || s[len(s)-1] != ']' {
		return bad()
	}
	var raw []byte
	for part := range strings.SplitSeq(s[1:len(s)-1], ",") {
		part = strings.TrimSpace(part)
		f, err := strconv.ParseFloat(part, 32)
		if err != nil || strings.ContainsAny(part, "xXnN_") || len(raw) >= 4*maxDimensions {
			return bad()
		}
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(float32(f)))
	}
	r.setStr(string(raw))
	return nil
}

func vectorText(v []float32) string {
	out := make([]byte, 0, 16*len(v))
	for i, f := range v {
		out = append(out, "[,"[min(i, 1)])
		out = strconv.AppendFloat(out, float64(f), 'e', 5, 32)
	}
	return string(append(out, ']'))
}

// distance is DISTANCE(a, b[, 'COSINE' | 'EUCLIDEAN' | 'DOT']).
func distance(r *row) error {
	a, err := r.vector(0)
	if err != nil {
		return err
	}
	b, err := r.vector(1)
	if err != nil {
		return err
	}
	if len(a) != len(b) {
		return base.Errorf(errno.WrongArguments, "Incorrect arguments to %s: the vectors have %d and %d dimensions", strings.ToLower(r.c.fn.name), len(a), len(b))
	}
	how := "COSINE"
	if r.has(2) {
		how = strings.ToUpper(r.str(2))
	}
	var dot, aa, bb, square float64
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		dot += x * y
		aa += x * x
		bb += y * y
		square += (x - y) * (x - y)
	}
	switch how {
	case "EUCLIDEAN":
		return r.setFloat(math.Sqrt(square))
	case "DOT":
		return r.setFloat(dot)
	case "COSINE":
		if aa == 0 || bb == 0 {
			r.setNull()
			return nil
		}
		return r.setFloat(1 - dot/math.Sqrt(aa*bb))
	}
	return base.Errorf(errno.WrongArguments, "Incorrect arguments to %s: the distance is COSINE, EUCLIDEAN or DOT", strings.ToLower(r.c.fn.name))
}
