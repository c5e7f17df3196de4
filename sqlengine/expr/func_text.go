package expr

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"hash/crc32"
	"math"
	"strconv"
	"strings"

	"github.com/s3sql/s3sql/internal/base"
)

var typeHash = base.Type{ID: base.TypeVarchar, Length: 128}

var textFunctions = []*function{
	{name: "HEX", min: 1, max: 1, build: buildHex},
	{name: "UNHEX", min: 1, max: 1, build: nullable(typed(base.Type{ID: base.TypeLongBlob}, rows(true, func(r *row) error {
		s := r.str(0)
		if len(s)%2 == 1 {
			s = "0" + s
		}
		raw, err := hex.DecodeString(s)
		if err != nil {
			r.setNull()
			return nil
		}
		r.setStr(string(raw))
		return nil
	}), typeLongText))},
	{name: "BIN", min: 1, max: 1, build: nullable(converted(10, 2))},
	{name: "OCT", min: 1, max: 1, build: nullable(converted(10, 8))},
	{name: "CONV", min: 3, max: 3, build: nullable(typed(base.Type{ID: base.TypeVarchar, Length: 65}, rows(true, conv), typeLongText, typeInt, typeInt))},
	{name: "CHAR", min: 1, max: -1, build: buildChar},
	{name: "MD5", min: 1, max: 1, build: hashed(func(s string) string { h := md5.Sum([]byte(s)); return hex.EncodeToString(h[:]) })},
	{name: "SHA1", min: 1, max: 1, build: hashed(func(s string) string { h := sha1.Sum([]byte(s)); return hex.EncodeToString(h[:]) })},
	{name: "SHA2", min: 2, max: 2, build: buildSHA2},
	{name: "CRC32", min: 1, max: 1, build: func(c *call) error {
		err := textNumber(func(s string) int { return int(crc32.ChecksumIEEE([]byte(s))) })(c)
		c.typ = typeUint
		return err
	}},
	{name: "TO_BASE64", min: 1, max: 1, build: hashed(toBase64)},
	{name: "FROM_BASE64", min: 1, max: 1, build: nullable(typed(base.Type{ID: base.TypeLongBlob}, rows(true, func(r *row) error {
		raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(r.str(0)), ""))
		if err != nil {
			r.setNull()
			return nil
		}
		r.setStr(string(raw))
		return nil
	}), typeLongText))},
	{name: "QUOTE", min: 1, max: 1, build: buildQuote},
}

// toBase64 breaks the text after every 76 characters, as RFC 2045 has it.
func toBase64(s string) string {
	text := base64.StdEncoding.EncodeToString([]byte(s))
	const width = 76
	if len(text) <= width {
		return text
	}
	var b strings.Builder
	for ; len(text) > width; text = text[width:] {
		b.WriteString(text[:width] + "\n")
	}
	return b.String() + text
}

func hashed(f func(string) string) func(*call) error {
	return func(c *call) error {
		c.text(0)
		c.typ = typeHash
		if c.fn.name == "TO_BASE64" {
			c.typ = typeLongText
		}
		c.eval = rows(true, func(r *row) error { r.setStr(f(r.str(0))); return nil })
		return nil
	}
}

// buildHex prints the bytes of a string, or a number in base 16.
func buildHex(c *call) error {
	c.typ = typeLongText
	if t := c.args[0].Type(); isNumber(t) && !isNamed(t) {
		if t.Class() != base.Uint {
			c.in[0] = implicit(c.in[0], typeInt)
		}
		c.eval = rows(true, func(r *row) error {
			r.setStr(strings.ToUpper(strconv.FormatUint(uint64(r.int(0)), 16)))
			return nil
		})
		return nil
	}
	if c.args[0].Type().ID != base.TypeUUID {
		c.text(0)
	}
	c.eval = rows(true, func(r *row) error { r.setStr(strings.ToUpper(hex.EncodeToString([]byte(r.str(0))))); return nil })
	return nil
}

// converted is CONV with fixed bases: BIN and OCT.
func converted(from, to int64) func(*call) error {
	return func(c *call) error {
		if c.in[0].Type().ID == base.TypeBit {
			c.in[0] = &cast{x: c.in[0], typ: typeUint}
		}
		c.in = []Expr{implicit(c.in[0], typeLongText), Const(base.NewInt(from), typeInt), Const(base.NewInt(to), typeInt)}
		c.typ, c.eval = base.Type{ID: base.TypeVarchar, Length: 64}, rows(true, conv)
		return nil
	}
}

// conv changes the base of a number from 2 to 36; a negative target base reads the number as signed.
func conv(r *row) error {
	from, to := r.int(1), r.int(2)
	abs := func(v int64) int64 { return max(v, -v) }
	if abs(from) < 2 || abs(from) > 36 || abs(to) < 2 || abs(to) > 36 || r.str(0) == "" {
		r.setNull()
		return nil
	}
	s := strings.ToLower(strings.TrimSpace(r.str(0)))
	neg := strings.HasPrefix(s, "-")
	s = strings.TrimLeft(s, "+-")
	var v uint64
	overflow := false
	for i := range len(s) {
		d := strings.IndexByte("0123456789abcdefghijklmnopqrstuvwxyz", s[i])
		if d < 0 || int64(d) >= abs(from) {
			break
		}
		if v > (math.MaxUint64-uint64(d))/uint64(abs(from)) {
			overflow = true
			break
		}
		v = v*uint64(abs(from)) + uint64(d)
	}
	switch {
	case overflow:
		v = math.MaxUint64
	case neg:
		v = -v
	}
	text := strconv.FormatUint(v, int(abs(to)))
	if to < 0 {
		text = strconv.FormatInt(int64(v), int(-to))
	}
	r.setStr(strings.ToUpper(text))
	return nil
}

// buildChar is CHAR(n, …): the bytes of the numbers; NULLs are left out.
func buildChar(c *call) error {
	for i := range c.in {
		c.in[i] = implicit(c.in[i], typeInt)
	}
	c.typ, c.null = base.Type{ID: base.TypeLongBlob}, false
	c.eval = rows(false, func(r *row) error {
		var out []byte
		for k := range r.ops {
			if r.null(k) {
				continue
			}
			v := uint32(r.int(k))
			for shift := 24; shift >= 0; shift -= 8 {
				if v>>shift != 0 || shift == 0 {
					out = append(out, byte(v>>shift))
				}
			}
		}
		r.setStr(string(out))
		return nil
	})
	return nil
}

func buildSHA2(c *call) error {
	c.text(0)
	c.in[1] = implicit(c.in[1], typeInt)
	c.typ, c.null = typeHash, true
	c.eval = rows(true, func(r *row) error {
		data := []byte(r.str(0))
		var sum []byte
		switch r.int(1) {
		case 224:
			h := sha256.Sum224(data)
			sum = h[:]
		case 0, 256:
			h := sha256.Sum256(data)
			sum = h[:]
		case 384:
			h := sha512.Sum384(data)
			sum = h[:]
		case 512:
			h := sha512.Sum512(data)
			sum = h[:]
		default:
			r.setNull()
			return nil
		}
		r.setStr(hex.EncodeToString(sum))
		return nil
	})
	return nil
}

func buildQuote(c *call) error {
	c.text(0)
	c.typ, c.null = typeLongText, false
	if isBinary(c.in[0].Type()) {
		c.typ = base.Type{ID: base.TypeLongBlob}
	}
	escape := strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\x00", `\0`, "\x1a", `\Z`)
	c.eval = rows(false, func(r *row) error {
		if r.null(0) {
			r.setStr("NULL")
		} else {
			r.setStr("'" + escape.Replace(r.str(0)) + "'")
		}
		return nil
	})
	return nil
}
