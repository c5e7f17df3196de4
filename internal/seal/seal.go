package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"sync"

	"github.com/s3sql/s3sql/internal/base"
)

// The layout of a sealed value: version, key id, nonce, ciphertext and tag (docs/format/encrypted.md).
const (
	version   = 1
	idSize    = 8
	nonceSize = 12
	tagSize   = 16
	headSize  = 1 + idSize
	// Overhead is how many bytes a sealed value is longer than what it holds.
	Overhead = headSize + nonceSize + tagSize
)

// KeySize is the size of a secret key in bytes.
const KeySize = 32

// Key seals and opens the values of one database. It is safe for concurrent use; a nil Key opens nothing.
type Key struct {
	secret   []byte
	database string
	id       [idSize]byte
	ciphers  sync.Map // of place: cipher.AEAD
}

// place is a column.
type place struct{ table, column uint32 }

// New returns the key of the database with the given identity.
//
// Errors: Invalid (secret is not KeySize bytes long; the error does not repeat it).
func New(secret []byte, database string) (*Key, error) {
	if len(secret) != KeySize {
		return nil, base.Errorf(base.Code{Number: 1105, State: "08001", Kind: base.KindInvalid}, "a secret key has %d bytes, not %d", KeySize, len(secret))
	}
	k := &Key{secret: append([]byte(nil), secret...), database: database}
	id, err := hkdf.Key(sha256.New, k.secret, nil, "s3sql encrypted 1 key id", idSize)
	copy(k.id[:], id)
	return k, err
}

// ID returns what tells the key from others, and nothing else of it: 16 hexadecimal digits. That of nil is "".
func (k *Key) ID() string {
	if k == nil {
		return ""
	}
	return hex.EncodeToString(k.id[:])
}

// String is ID, so that no format shows the secret.
func (k *Key) String() string { return "seal.Key(" + k.ID() + ")" }

// GoString is String.
func (k *Key) GoString() string { return k.String() }

// cipher returns the cipher of a column, whose key is derived from the secret key.
func (k *Key) cipher(at place) (cipher.AEAD, error) {
	if c, ok := k.ciphers.Load(at); ok {
		return c.(cipher.AEAD), nil
	}
	info := append([]byte("s3sql encrypted 1 column "), k.database...)
	info = binary.BigEndian.AppendUint32(append(info, 0), at.table)
	info = binary.BigEndian.AppendUint32(info, at.column)
	data, err := hkdf.Key(sha256.New, k.secret, nil, string(info), KeySize)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(data)
	if err != nil {
		return nil, err
	}
	c, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	got, _ := k.ciphers.LoadOrStore(at, c)
	return got.(cipher.AEAD), nil
}

// bound is the additional data of a value: what it may not be moved out of.
func bound(at place) [9]byte {
	b := [9]byte{version}
	binary.BigEndian.PutUint32(b[1:], at.table)
	binary.BigEndian.PutUint32(b[5:], at.column)
	return b
}

// Seal returns plain, a value of a column, sealed. Two results for the same value differ.
//
// Errors: those of the ciphers, which do not happen with a key of the right size.
func (k *Key) Seal(table, column uint32, plain []byte) (string, error) {
	var nonce [nonceSize]byte
	base.SystemRand{}.Read(nonce[:]) // never a seeded source: a nonce that repeats gives the values away
	return k.sealWith(nonce, place{table, column}, plain)
}

func (k *Key) sealWith(nonce [nonceSize]byte, at place, plain []byte) (string, error) {
	c, err := k.cipher(at)
	if err != nil {
		return "", err
	}
	out := make([]byte, 0, Overhead+len(plain))
	out = append(append(append(out, version), k.id[:]...), nonce[:]...)
	data := bound(at)
	return string(c.Seal(out, nonce[:], plain, data[:])), nil
}

// Open returns what was sealed for the column.
//
// Errors: Corrupt (too short, of a newer version, sealed with another key, or changed since).
func (k *Key) Open(table, column uint32, sealed string) ([]byte, error) {
	switch {
	case len(sealed) < Overhead:
		return nil, base.Corruptf("", "an encrypted value has %d bytes, fewer than %d", len(sealed), Overhead)
	case sealed[0] != version:
		return nil, base.Corruptf("", "an encrypted value has version %d; this version of s3sql knows %d: upgrade s3sql", sealed[0], version)
	case sealed[1:headSize] != string(k.id[:]):
		return nil, base.Corruptf("", "an encrypted value was sealed with the key %x, not with %x", sealed[1:headSize], k.id)
	}
	at := place{table, column}
	c, err := k.cipher(at)
	if err != nil {
		return nil, err
	}
	data := bound(at)
	body := []byte(sealed[headSize:])
	plain, err := c.Open(body[nonceSize:nonceSize], body[:nonceSize], body[nonceSize:], data[:])
	if err != nil {
		return nil, base.Corruptf("", "an encrypted value is damaged, or of another column: it does not decrypt")
	}
	return plain, nil
}
