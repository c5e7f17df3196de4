package expr

import (
	"encoding/binary"

	"github.com/s3sql/s3sql/internal/base"
)

var infoFunctions = []*function{
	{name: "DATABASE", session: true, build: sessionText(func(c *Context) string { return c.Database })},
	{name: "VERSION", session: true, build: sessionText(func(c *Context) string { return c.Version })},
	{name: "USER", session: true, build: sessionText(func(c *Context) string { return c.User })},
	{name: "CURRENT_USER", session: true, build: sessionText(func(c *Context) string { return c.User })},
	{name: "CONNECTION_ID", session: true, build: sessionNumber(true, func(c *Context) int64 { return int64(c.ConnectionID) })},
	{name: "LAST_INSERT_ID", max: 1, session: true, build: buildLastInsertID},
	{name: "FOUND_ROWS", session: true, build: sessionNumber(true, func(c *Context) int64 { return int64(c.FoundRows) })},
	{name: "ROW_COUNT", session: true, build: sessionNumber(false, func(c *Context) int64 { return c.RowCount })},
	{name: "RAND", max: 1, volatile: true, build: buildRand},
}

func sessionText(f func(*Context) string) func(*call) error {
	return nullable(always(base.Type{ID: base.TypeVarchar, Length: 255}, rows(false, func(r *row) error {
		if s := f(r.ctx); s != "" {
			r.setStr(s)
		} else {
			r.setNull()
		}
		return nil
	})))
}

func sessionNumber(unsigned bool, f func(*Context) int64) func(*call) error {
	t := typeInt
	t.Unsigned = unsigned
	return always(t, rows(false, func(r *row) error { r.setInt(f(r.ctx)); return nil }))
}

// buildLastInsertID is LAST_INSERT_ID(): the id of the statements before this one. With an argument it is the argument,
// which the session takes over.
func buildLastInsertID(c *call) error {
	c.typ = typeUint
	if len(c.args) == 1 {
		c.in[0] = implicit(c.in[0], typeUint)
		c.eval = rows(true, func(r *row) error {
			r.setInt(r.int(0))
			if r.ctx.SetLastInsertID != nil {
				r.ctx.SetLastInsertID(uint64(r.int(0)))
			}
			return nil
		})
		return nil
	}
	c.eval = rows(false, func(r *row) error { r.setInt(int64(r.ctx.LastInsertID)); return nil })
	return nil
}

func (c *Context) random(p []byte) {
	if c.Rand == nil {
		base.SystemRand{}.Read(p)
		return
	}
	c.Rand.Read(p)
}

// buildRand is RAND(), and RAND(seed): a sequence that starts with each execution for a constant seed, else with each row.
func buildRand(c *call) error {
	c.typ, c.null = typeDouble, false
	if len(c.in) == 1 {
		c.in[0] = implicit(c.in[0], typeInt)
		c.eval = rows(false, func(r *row) error {
			var seq *randomSequence
			if r.ops[0].mask == 0 {
				seq = r.ctx.sequences[r.c]
			}
			if seq == nil {
				seed := int64(0) // NULL is 0
				if !r.null(0) {
					seed = r.int(0)
				}
				seq = newSequence(uint32(seed))
				if r.ctx.sequences == nil {
					r.ctx.sequences = map[*call]*randomSequence{}
				}
				r.ctx.sequences[r.c] = seq
			}
			r.out.F64[r.i] = seq.next()
			return nil
		})
		return nil
	}
	c.eval = rows(false, func(r *row) error {
		var b [8]byte
		r.ctx.random(b[:])
		r.out.F64[r.i] = float64(binary.LittleEndian.Uint64(b[:])>>11) / (1 << 53)
		return nil
	})
	return nil
}

// randMax is the modulus of MySQL's generator.
const randMax = 0x3FFFFFFF

// randomSequence is MySQL's generator.
type randomSequence struct{ a, b uint64 }

func newSequence(seed uint32) *randomSequence {
	return &randomSequence{uint64(seed*0x10001+55555555) % randMax, uint64(seed*0x10000001) % randMax}
}

func (s *randomSequence) next() float64 {
	s.a = (s.a*3 + s.b) % randMax
	s.b = (s.a + s.b + 33) % randMax
	return float64(s.a) / randMax
}
