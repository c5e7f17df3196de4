package expr

import (
	"sync/atomic"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/expr/convert"
)

var uuidFunctions = []*function{
	{name: "UUID", volatile: true, build: always(base.Type{ID: base.TypeVarchar, Length: 36}, rows(false, func(r *row) error {
		r.setStr(newUUID(r.ctx))
		return nil
	}))},
	{name: "UUID_SHORT", volatile: true, build: always(typeUint, rows(false, func(r *row) error { r.setInt(r.ctx.shortUUID()); return nil }))},
	{name: "IS_UUID", min: 1, max: 1, build: buildIsUUID},
	{name: "UUID_TO_BIN", min: 1, max: 2, build: buildUUIDToBin},
	{name: "BIN_TO_UUID", min: 1, max: 2, build: buildBinToUUID},
}

// newUUID returns a random identifier (RFC 9562, version 4).
func newUUID(ctx *Context) string {
	var raw [16]byte
	ctx.random(raw[:])
	raw[6] = raw[6]&0x0f | 0x40
	raw[8] = raw[8]&0x3f | 0x80
	return Format(base.NewBytes(string(raw[:])), base.Type{ID: base.TypeUUID})
}

// shortUUIDs counts the calls of UUID_SHORT in this process.
var shortUUIDs atomic.Uint32

// shortUUID follows MySQL's layout, server (8 bits), seconds (32), counter (24), with the connection as server.
func (c *Context) shortUUID() int64 {
	return int64(c.ConnectionID&255<<56 | uint64(uint32(c.Now.Unix()))<<24 | uint64(shortUUIDs.Add(1)&0xffffff))
}

// uuidText reads the forms that IS_UUID accepts: with dashes, with dashes in braces, or 32 digits.
func uuidText(s string) (raw string, ok bool) {
	if len(s) == 38 && s[0] == '{' && s[37] == '}' {
		s = s[1:37]
	}
	if len(s) == 36 && (s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-') {
		return "", false
	}
	return convert.ParseUUID(s)
}

func buildIsUUID(c *call) error {
	if t := c.args[0].Type(); t.ID == base.TypeUUID {
		c.in[0] = implicit(c.in[0], base.Type{ID: base.TypeVarchar, Length: 36})
	} else {
		c.text(0)
	}
	c.typ = typeBool
	c.eval = rows(true, func(r *row) error {
		_, ok := uuidText(r.str(0))
		r.setBool(ok)
		return nil
	})
	return nil
}

// swapUUID exchanges the time-low and time-high groups, so that identifiers of version 1 sort by time.
func swapUUID(s string) string { return s[6:8] + s[4:6] + s[:4] + s[8:] }

// unswapUUID undoes swapUUID.
func unswapUUID(s string) string { return s[4:8] + s[2:4] + s[:2] + s[8:] }

func (c *call) swapFlag() {
	if len(c.in) == 2 {
		c.in[1] = implicit(c.in[1], typeInt)
	}
}

// swaps reports whether the second operand asks for the groups of time to be exchanged; NULL does not.
func (r *row) swaps() bool { return r.has(1) && !r.null(1) && r.int(1) != 0 }

func buildUUIDToBin(c *call) error {
	c.in[0] = implicit(c.in[0], typeLongText)
	c.swapFlag()
	c.typ, c.null = base.Type{ID: base.TypeVarbinary, Length: 16}, c.args[0].Nullable()
	c.eval = rows(false, func(r *row) error {
		if r.null(0) {
			r.setNull()
			return nil
		}
		raw, ok := uuidText(r.str(0))
		if !ok {
			return r.wrongValueError("string", r.str(0))
		}
		if r.swaps() {
			raw = swapUUID(raw)
		}
		r.setStr(raw)
		return nil
	})
	return nil
}

func buildBinToUUID(c *call) error {
	if t := c.args[0].Type(); !isBinary(t) {
		c.in[0] = implicit(c.in[0], typeLongText)
	}
	c.swapFlag()
	c.typ, c.null = base.Type{ID: base.TypeVarchar, Length: 36}, c.args[0].Nullable()
	c.eval = rows(false, func(r *row) error {
		if r.null(0) {
			r.setNull()
			return nil
		}
		raw := r.str(0)
		if len(raw) != 16 {
			return r.wrongValueError("string", raw)
		}
		if r.swaps() {
			raw = unswapUUID(raw)
		}
		r.setStr(Format(base.NewBytes(raw), base.Type{ID: base.TypeUUID}))
		return nil
	})
	return nil
}
