package expr

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
)

var netFunctions = []*function{
	{name: "INET_ATON", min: 1, max: 1, build: nullable(typed(typeUint, rows(true, func(r *row) error {
		v, ok := inetAton(r.str(0))
		if !ok {
			return r.wrongValue("string", r.str(0))
		}
		r.setInt(int64(v))
		return nil
	}), typeLongText))},
	{name: "INET_NTOA", min: 1, max: 1, build: nullable(typed(base.Type{ID: base.TypeVarchar, Length: 31}, rows(true, func(r *row) error {
		v := r.int(0)
		if v < 0 || v > 0xffffffff {
			return r.wrongValue("integer", strconv.FormatInt(v, 10))
		}
		r.setStr(netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)}).String())
		return nil
	}), typeInt))},
	{name: "INET6_ATON", min: 1, max: 1, build: nullable(typed(base.Type{ID: base.TypeVarbinary, Length: 16}, rows(true, func(r *row) error {
		a, ok := parseAddr(r.str(0))
		if !ok {
			return r.wrongValue("string", r.str(0))
		}
		r.setStr(string(a.AsSlice()))
		return nil
	}), typeLongText))},
	{name: "INET6_NTOA", min: 1, max: 1, build: buildInet6Ntoa},
	{name: "IS_IPV4", min: 1, max: 1, build: addressTest(func(s string) bool { a, ok := parseAddr(s); return ok && a.Is4() })},
	{name: "IS_IPV6", min: 1, max: 1, build: addressTest(func(s string) bool { a, ok := parseAddr(s); return ok && a.Is6() })},
	{name: "IS_IPV4_COMPAT", min: 1, max: 1, build: addressTest(func(s string) bool {
		return len(s) == 16 && s[:12] == strings.Repeat("\x00", 12) && s[12:] > "\x00\x00\x00\x01"
	})},
	{name: "IS_IPV4_MAPPED", min: 1, max: 1, build: addressTest(func(s string) bool {
		return len(s) == 16 && s[:12] == strings.Repeat("\x00", 10)+"\xff\xff"
	})},
}

// wrongValue makes the row NULL with warning 1411.
func (r *row) wrongValue(kind, value string) error {
	r.ctx.warn(errno.WrongValueForFunction, "Incorrect %s value: '%s' for function %s", kind, prefixChars(value, 128), strings.ToLower(r.c.fn.name))
	r.setNull()
	return nil
}

// wrongValueError is wrongValue as an error.
func (r *row) wrongValueError(kind, value string) error {
	return base.Errorf(errno.WrongValueForFunction, "Incorrect %s value: '%s' for function %s", kind, prefixChars(value, 128), strings.ToLower(r.c.fn.name))
}

// inetAton reads a dotted address; of fewer than four parts the last fills the address: 127.1 is 127.0.0.1.
func inetAton(s string) (uint32, bool) {
	parts := strings.Split(s, ".")
	if len(parts) > 4 {
		return 0, false
	}
	var v uint32
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 10, 8)
		if err != nil || p[0] == '+' {
			return 0, false
		}
		if i == len(parts)-1 {
			v <<= 8 * (4 - uint(len(parts)))
		}
		v = v<<8 | uint32(n)
	}
	return v, true
}

// parseAddr reads an IPv4 or IPv6 address without a zone.
func parseAddr(s string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(s)
	return a, err == nil && a.Zone() == ""
}

func buildInet6Ntoa(c *call) error {
	t := c.args[0].Type()
	c.typ, c.null = base.Type{ID: base.TypeVarchar, Length: 39}, true
	if !isBinary(t) && t.Class() != base.String {
		c.in[0] = implicit(c.in[0], typeLongText)
	}
	c.eval = rows(true, func(r *row) error {
		raw := r.str(0)
		a, ok := netip.AddrFromSlice([]byte(raw))
		switch {
		case !ok || !isBinary(t):
			return r.wrongValue("string", raw)
		case len(raw) == 16 && raw[:12] == strings.Repeat("\x00", 12) && raw[12:14] != "\x00\x00":
			r.setStr("::" + netip.AddrFrom4([4]byte([]byte(raw[12:]))).String())
		default:
			r.setStr(a.String())
		}
		return nil
	})
	return nil
}

// addressTest is 1 or 0, and NULL for NULL.
func addressTest(f func(string) bool) func(*call) error {
	return func(c *call) error {
		c.text(0)
		c.typ = typeBool
		c.eval = rows(true, func(r *row) error { r.setBool(f(r.str(0))); return nil })
		return nil
	}
}
