package cache

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"slices"
	"time"

	"github.com/klauspost/compress/zstd"
)

// Entry is a result.
type Entry struct {
	Statement string
	Versions  []Version // of what it was computed from, by ID
	Created   time.Time
	Expires   time.Time // zero: never
	Requests  int64     // that computing it took, and that a hit saves
	NanoUSD   int64     // what they cost, in billionths of a dollar
	Columns   int       // of a row
	Rows      []byte    // the caller's encoding
}

// Version is the state of a table: the number of the last commit that has changed it.
type Version struct {
	ID  uint32
	Seq uint64
}

// Current reports whether the entry was computed from exactly these versions, and has time left.
func (e *Entry) Current(versions []Version, now time.Time) bool {
	return (e.Expires.IsZero() || now.Before(e.Expires)) && slices.Equal(e.Versions, versions)
}

// The layout is in docs/format/result.md.
const (
	entryMagic   = "S3QR"
	entryVersion = 1
	flagZstd     = 1
	headSize     = 4 + 1 + 1 + 4 // magic, version, flags, CRC-32C of what follows
	// compressFrom is from how many bytes on compressing pays.
	compressFrom = 512
	// maxEntry bounds what a damaged length may ask for.
	maxEntry = 1 << 30
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var (
	encoder, _ = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	decoder, _ = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxEntry))
)

var errDamaged = errors.New("the cached result is damaged, or of another version of s3sql")

// Encode returns the entry as bytes.
func (e *Entry) Encode(compress bool) []byte {
	body := binary.AppendUvarint(nil, uint64(len(e.Statement)))
	body = append(body, e.Statement...)
	body = binary.AppendUvarint(body, uint64(len(e.Versions)))
	for _, v := range e.Versions {
		body = binary.AppendUvarint(binary.AppendUvarint(body, uint64(v.ID)), v.Seq)
	}
	expires := int64(0)
	if !e.Expires.IsZero() {
		expires = e.Expires.UnixMicro()
	}
	for _, n := range []int64{e.Created.UnixMicro(), expires, e.Requests, e.NanoUSD, int64(e.Columns)} {
		body = binary.AppendUvarint(body, uint64(n))
	}
	body = append(body, e.Rows...)
	flags := byte(0)
	if compress && len(body) >= compressFrom {
		flags, body = flagZstd, encoder.EncodeAll(body, nil)
	}
	out := append(make([]byte, 0, headSize+len(body)), entryMagic...)
	out = append(out, entryVersion, flags)
	out = binary.LittleEndian.AppendUint32(out, crc32.Checksum(body, castagnoli))
	return append(out, body...)
}

// Decode is the inverse of Encode.
func Decode(data []byte) (*Entry, error) {
	if len(data) < headSize || string(data[:4]) != entryMagic || data[4] != entryVersion || data[5]&^flagZstd != 0 {
		return nil, errDamaged
	}
	body := data[headSize:]
	if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(data[6:]) {
		return nil, errDamaged
	}
	if data[5] == flagZstd {
		var err error
		if body, err = decoder.DecodeAll(body, nil); err != nil {
			return nil, errDamaged
		}
	}
	r := reader{rest: body}
	e := &Entry{Statement: string(r.take(r.uvarint()))}
	for n := r.uvarint(); n > 0 && !r.bad; n-- {
		e.Versions = append(e.Versions, Version{ID: uint32(r.uvarint()), Seq: r.uvarint()})
	}
	e.Created = time.UnixMicro(int64(r.uvarint())).UTC()
	if n := r.uvarint(); n != 0 {
		e.Expires = time.UnixMicro(int64(n)).UTC()
	}
	e.Requests, e.NanoUSD, e.Columns = int64(r.uvarint()), int64(r.uvarint()), int(r.uvarint())
	e.Rows = r.rest
	if r.bad {
		return nil, errDamaged
	}
	return e, nil
}

// reader reads a body; bad is set at what is not one.
type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.bad, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) take(n uint64) []byte {
	if n > uint64(len(r.rest)) {
		r.bad, r.rest = true, nil
		return nil
	}
	out := r.rest[:n]
	r.rest = r.rest[n:]
	return out
}
