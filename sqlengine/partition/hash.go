package partition

import (
	"encoding/binary"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
)

// spread returns the partition of a hash.
func (f *Func) spread(h uint64) int {
	if f.def.Linear {
		return linear(h, len(f.def.Parts))
	}
	return int(h % uint64(len(f.def.Parts)))
}

// linear is LINEAR HASH: the low bits of n, one bit less for those beyond the last partition (MySQL 8.0 manual, "LINEAR HASH
// Partitioning").
func linear(n uint64, parts int) int {
	mask := uint64(1)
	for mask < uint64(parts) {
		mask <<= 1
	}
	i := n & (mask - 1)
	if i >= uint64(parts) {
		i = n & (mask>>1 - 1)
	}
	return int(i)
}

// keyHash is the hash of KEY partitioning: that of MySQL for integers, over the bytes of their columns; over the key
// encoding for other types. It is part of the stored format (docs/format/catalog.md).
//
// MySQL takes the bytes of an integer for a text in latin1, unless the table says ALGORITHM = 1.
func (f *Func) keyHash(row []base.Value) uint32 {
	h := hasher{nr1: 1, nr2: 4}
	for _, i := range f.cols {
		v, t := row[i], f.types[i]
		if v.IsNull() {
			h.nr1 ^= h.nr1<<1 | 1
			continue
		}
		if n := integerBytes(t.ID); n > 0 {
			var b [8]byte
			binary.LittleEndian.PutUint64(b[:], uint64(v.Int()))
			if f.def.Algorithm == 1 {
				h.add(b[:n])
			} else {
				h.addLatin1(b[:n])
			}
			continue
		}
		var buf [96]byte
		h.add(base.AppendKey(buf[:0], catalog.KeyValue(t, v)))
	}
	return uint32(h.nr1)
}

// hasher is MySQL's my_hash_sort_bin (strings/ctype-bin.cc) and, for latin1, my_hash_sort_simple (ctype-simple.cc).
type hasher struct{ nr1, nr2 uint64 }

func (h *hasher) add(b []byte) {
	for _, c := range b {
		h.nr1 ^= ((h.nr1&63)+h.nr2)*uint64(c) + h.nr1<<8
		h.nr2 += 3
	}
}

// addLatin1 adds a text in latin1 as latin1_swedish_ci compares it: without spaces at the end, and by the weights of letters.
func (h *hasher) addLatin1(b []byte) {
	for len(b) > 0 && b[len(b)-1] == ' ' {
		b = b[:len(b)-1]
	}
	var w [8]byte
	for i, c := range b {
		w[i] = latin1Weight(c)
	}
	h.add(w[:len(b)])
}

// latin1Letters are the weights of the bytes from 0xC0 on, those below 0xE0 and those above being alike but for four.
const latin1Letters = "AAAA\\[\\CEEEEIIIIDNOOOO]\xd7\xd8UUUYY\xde\xdf"

func latin1Weight(c byte) byte {
	switch {
	case c >= 'a' && c <= 'z':
		return c - 'a' + 'A'
	case c == 0xf7 || c == 0xff:
		return c
	case c >= 0xc0:
		return latin1Letters[c&0x1f]
	}
	return c
}

func integerBytes(id base.TypeID) int {
	switch id {
	case base.TypeTinyInt:
		return 1
	case base.TypeSmallInt:
		return 2
	case base.TypeMediumInt:
		return 3
	case base.TypeInt:
		return 4
	case base.TypeBigInt:
		return 8
	}
	return 0
}
