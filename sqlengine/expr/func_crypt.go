package expr

import (
	"bytes"
	"compress/zlib"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/pbkdf2"
	"crypto/sha512"
	"encoding/binary"
	"io"
	"strconv"
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/expr/convert"
)

var cryptFunctions = []*function{
	{name: "AES_ENCRYPT", min: 2, max: 6, session: true, build: buildAES},
	{name: "AES_DECRYPT", min: 2, max: 6, session: true, build: buildAES},
	{name: "RANDOM_BYTES", min: 1, max: 1, volatile: true, build: nullable(typed(base.Type{ID: base.TypeVarbinary, Length: 1024}, rows(true, func(r *row) error {
		n := r.int(0)
		if n < 1 || n > 1024 {
			return base.Errorf(errno.DataOutOfRange, "length value is out of range in 'random_bytes'")
		}
		p := make([]byte, n)
		r.ctx.random(p)
		r.setStr(string(p))
		return nil
	}), typeInt))},
	{name: "COMPRESS", min: 1, max: 1, build: onBytes(base.Type{ID: base.TypeLongBlob}, compress)},
	{name: "UNCOMPRESS", min: 1, max: 1, build: nullable(onBytes(base.Type{ID: base.TypeLongBlob}, uncompress))},
	{name: "UNCOMPRESSED_LENGTH", min: 1, max: 1, build: nullable(onBytes(typeInt, func(r *row) error {
		s := r.str(0)
		switch {
		case s == "":
			r.setInt(0)
		case len(s) <= 4:
			r.ctx.warn(errno.ZlibData, "ZLIB: Input data corrupted")
			r.setInt(0)
		default:
			r.setInt(int64(binary.LittleEndian.Uint32([]byte(s)) & maxCompressed))
		}
		return nil
	}))},
}

// onBytes is a function of the bytes of its first operand.
func onBytes(result base.Type, f func(*row) error) func(*call) error {
	return func(c *call) error {
		c.text(0)
		c.typ, c.eval = result, rows(true, f)
		return nil
	}
}

// maxCompressed masks the length in front of compressed data: its two highest bits are reserved.
const maxCompressed = 0x3fffffff

// compress puts the length, 4 bytes lowest first, in front of the zlib stream. Text that would end in a space, which a CHAR
// column drops, gets a point after it.
func compress(r *row) error {
	s := r.str(0)
	if s == "" {
		r.setStr("")
		return nil
	}
	var out bytes.Buffer
	out.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(s))&maxCompressed))
	w := zlib.NewWriter(&out)
	if _, err := io.WriteString(w, s); err != nil {
		return base.Errorf(errno.Unknown, "compress: %v", err)
	}
	if err := w.Close(); err != nil {
		return base.Errorf(errno.Unknown, "compress: %v", err)
	}
	if raw := out.Bytes(); raw[len(raw)-1] == ' ' {
		out.WriteByte('.')
	}
	r.setStr(out.String())
	return nil
}

func uncompress(r *row) error {
	s := r.str(0)
	if s == "" {
		r.setStr("")
		return nil
	}
	corrupt := func() error {
		r.ctx.warn(errno.ZlibData, "ZLIB: Input data corrupted")
		r.setNull()
		return nil
	}
	if len(s) <= 4 {
		return corrupt()
	}
	n := int64(binary.LittleEndian.Uint32([]byte(s)) & maxCompressed)
	if n > maxTextBytes {
		r.ctx.warn(errno.TooBigForUncompress, "Uncompressed data size too large; the maximum size is %d (probably, length of uncompressed data was corrupted)", maxTextBytes)
		r.setNull()
		return nil
	}
	z, err := zlib.NewReader(strings.NewReader(s[4:]))
	if err != nil {
		return corrupt()
	}
	out, err := io.ReadAll(io.LimitReader(z, n+1))
	if err != nil || int64(len(out)) > n {
		return corrupt()
	}
	r.setStr(string(out))
	return nil
}

// aesMode is a value of @@block_encryption_mode.
type aesMode struct {
	keyBytes int
	chain    string // "ecb", "cbc", …
}

func aesModeOf(ctx *Context) (aesMode, error) {
	text := "aes-128-ecb"
	if ctx.Var != nil {
		if v, ok := ctx.Var("block_encryption_mode", true); ok && v.Class() == base.String {
			text = v.Text()
		}
	}
	return parseAESMode(text)
}

// parseAESMode reads aes-128-ecb and its like.
//
// Errors: 1231.
func parseAESMode(text string) (aesMode, error) {
	bad := base.Errorf(errno.WrongValueForVar, "Variable 'block_encryption_mode' can't be set to the value of '%s'", text)
	parts := strings.Split(strings.ToLower(text), "-")
	if len(parts) != 3 || parts[0] != "aes" {
		return aesMode{}, bad
	}
	bits, err := strconv.Atoi(parts[1])
	if err != nil || bits != 128 && bits != 192 && bits != 256 {
		return aesMode{}, bad
	}
	switch parts[2] {
	case "ecb", "cbc", "cfb1", "cfb8", "cfb128", "ofb":
		return aesMode{bits / 8, parts[2]}, nil
	}
	return aesMode{}, bad
}

// buildAES is AES_ENCRYPT and AES_DECRYPT(text, key[, vector[, derivation, salt[, iterations or info]]]).
func buildAES(c *call) error {
	for i := range c.in {
		c.text(i)
	}
	c.typ, c.null = base.Type{ID: base.TypeLongBlob}, true
	decrypt := c.fn.name == "AES_DECRYPT"
	c.eval = rows(false, func(r *row) error {
		if r.null(0) || r.null(1) {
			r.setNull()
			return nil
		}
		mode, err := aesModeOf(r.ctx)
		if err != nil {
			return err
		}
		key, err := r.aesKey(mode.keyBytes)
		if err != nil {
			return err
		}
		iv, err := r.aesVector(mode)
		if err != nil {
			return err
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return base.Errorf(errno.Unknown, "aes: %v", err)
		}
		out, ok := mode.apply(block, iv, []byte(r.str(0)), decrypt)
		if !ok {
			r.setNull()
			return nil
		}
		r.setStr(string(out))
		return nil
	})
	return nil
}

func (r *row) aesVector(mode aesMode) ([]byte, error) {
	name := strings.ToLower(r.c.fn.name)
	if mode.chain == "ecb" {
		if r.has(2) && !r.null(2) {
			r.ctx.warn(errno.WarnOptionIgnored, "<IV> option ignored")
		}
		return nil, nil
	}
	if !r.has(2) {
		return nil, base.Errorf(errno.WrongParamCount, "Incorrect parameter count in the call to native function '%s'", name)
	}
	if r.null(2) || len(r.str(2)) < aes.BlockSize {
		return nil, base.Errorf(errno.AESInvalidIV, "The initialization vector supplied to %s is too short. Must be at least %d bytes long", name, aes.BlockSize)
	}
	return []byte(r.str(2)[:aes.BlockSize]), nil
}

// aesKey is the key folded to n bytes, or derived where the call names a derivation.
func (r *row) aesKey(n int) ([]byte, error) {
	secret := r.str(1)
	if !r.has(3) {
		key := make([]byte, n)
		for i := range len(secret) {
			key[i%n] ^= secret[i]
		}
		return key, nil
	}
	arg := func(k int, otherwise string) string {
		if !r.has(k) || r.null(k) {
			return otherwise
		}
		return r.str(k)
	}
	var key []byte
	var err error
	switch arg(3, "") {
	case "hkdf":
		key, err = hkdf.Key(sha512.New, []byte(secret), []byte(arg(4, "")), arg(5, ""), n)
	case "pbkdf2_hmac":
		rounds, whole := convert.ParseFloat(arg(5, "1000"))
		if !whole || rounds < 1000 || rounds > 65535 {
			return nil, base.Errorf(errno.AESInvalidIterations, "KDF iterations number must be between 1000 and 65535.")
		}
		key, err = pbkdf2.Key(sha512.New, secret, []byte(arg(4, "")), int(rounds), n)
	default:
		return nil, base.Errorf(errno.AESInvalidKDF, "KDF method name is not valid. Please use hkdf or pbkdf2_hmac method name")
	}
	if err != nil {
		return nil, base.Errorf(errno.WrongArguments, "Incorrect arguments to %s: %v", strings.ToLower(r.c.fn.name), err)
	}
	return key, nil
}

// apply encrypts or decrypts; ok is false for what does not decrypt.
func (m aesMode) apply(b cipher.Block, iv, data []byte, decrypt bool) (out []byte, ok bool) {
	switch m.chain {
	case "ecb", "cbc":
		return m.blocks(b, iv, data, decrypt)
	case "cfb1":
		return feedbackBits(b, iv, data, decrypt), true
	case "cfb8":
		return feedback(b, iv, data, 1, decrypt), true
	case "cfb128":
		return feedback(b, iv, data, aes.BlockSize, decrypt), true
	}
	out = make([]byte, len(data)) // OFB: the stream does not depend on the data
	for i := range data {
		if i%aes.BlockSize == 0 {
			b.Encrypt(iv, iv)
		}
		out[i] = data[i] ^ iv[i%aes.BlockSize]
	}
	return out, true
}

// blocks is ECB and CBC, whose last block is filled up as PKCS #7 has it.
func (m aesMode) blocks(b cipher.Block, iv, data []byte, decrypt bool) ([]byte, bool) {
	const size = aes.BlockSize
	if decrypt && (len(data) == 0 || len(data)%size != 0) {
		return nil, false
	}
	if !decrypt {
		fill := size - len(data)%size
		data = append(data, bytes.Repeat([]byte{byte(fill)}, fill)...)
	}
	out := make([]byte, len(data))
	switch {
	case m.chain == "cbc" && decrypt:
		cipher.NewCBCDecrypter(b, iv).CryptBlocks(out, data)
	case m.chain == "cbc":
		cipher.NewCBCEncrypter(b, iv).CryptBlocks(out, data)
	default:
		for i := 0; i < len(data); i += size {
			if decrypt {
				b.Decrypt(out[i:], data[i:])
			} else {
				b.Encrypt(out[i:], data[i:])
			}
		}
	}
	if !decrypt {
		return out, true
	}
	fill := int(out[len(out)-1])
	if fill < 1 || fill > size || !bytes.HasSuffix(out, bytes.Repeat([]byte{byte(fill)}, fill)) {
		return nil, false
	}
	return out[:len(out)-fill], true
}

// feedback is CFB with segments of whole bytes.
func feedback(b cipher.Block, iv, data []byte, segment int, decrypt bool) []byte {
	out := make([]byte, len(data))
	register := append([]byte(nil), iv...)
	pad := make([]byte, aes.BlockSize)
	for from := 0; from < len(data); from += segment {
		b.Encrypt(pad, register)
		to := min(from+segment, len(data))
		for i := from; i < to; i++ {
			out[i] = data[i] ^ pad[i-from]
		}
		cipherText := out[from:to]
		if decrypt {
			cipherText = data[from:to]
		}
		register = append(register, cipherText...)
		register = register[len(register)-aes.BlockSize:]
	}
	return out
}

// feedbackBits is CFB with segments of one bit.
func feedbackBits(b cipher.Block, iv, data []byte, decrypt bool) []byte {
	out := make([]byte, len(data))
	register := append([]byte(nil), iv...)
	pad := make([]byte, aes.BlockSize)
	for i := range 8 * len(data) {
		shift := 7 - i%8
		b.Encrypt(pad, register)
		in := data[i/8] >> shift & 1
		bit := in ^ pad[0]>>7
		out[i/8] |= bit << shift
		if decrypt {
			bit = in
		}
		for k := range register {
			next := bit
			if k+1 < len(register) {
				next = register[k+1] >> 7
			}
			register[k] = register[k]<<1 | next
		}
	}
	return out
}
