package commitlog

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/klauspost/compress/zstd"

	"github.com/s3sql/s3sql/internal/base"
)

// The frame around a record's body (docs/format/record.md §1).
const (
	frameMagic    = "S3QL"
	frameVersion  = 2
	frameHeader   = 20
	flagZstd      = 1 << 0
	compressAbove = 1 << 10

	// MaxRecordBytes is the largest body, before compression, that is written or accepted.
	MaxRecordBytes = 256 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Codec turns records into objects and back. It may be used concurrently.
type Codec struct {
	enc *zstd.Encoder
	dec *zstd.Decoder
}

// NewCodec returns a codec. It starts no goroutine and holds about 1 MB once it has compressed something.
func NewCodec() *Codec {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
		zstd.WithEncoderCRC(false), zstd.WithWindowSize(1<<20), zstd.WithLowerEncoderMem(true))
	if err != nil {
		panic("commitlog: options of the zstd encoder: " + err.Error())
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(4), zstd.WithDecoderMaxMemory(MaxRecordBytes),
		zstd.WithDecoderLowmem(true))
	if err != nil {
		panic("commitlog: options of the zstd decoder: " + err.Error())
	}
	return &Codec{enc: enc, dec: dec}
}

// frame wraps a body. The result is never written again.
func (c *Codec) frame(body []byte) []byte {
	out := make([]byte, frameHeader, frameHeader+len(body))
	flags := uint16(0)
	if len(body) > compressAbove {
		if z := c.enc.EncodeAll(body, out); len(z) < frameHeader+len(body) {
			out, flags = z, flagZstd
		}
	}
	if flags == 0 {
		out = append(out[:frameHeader], body...)
	}
	copy(out, frameMagic)
	binary.LittleEndian.PutUint16(out[4:], frameVersion)
	binary.LittleEndian.PutUint16(out[6:], flags)
	binary.LittleEndian.PutUint32(out[8:], uint32(len(body)))
	binary.LittleEndian.PutUint32(out[12:], uint32(len(out)-frameHeader))
	binary.LittleEndian.PutUint32(out[16:], frameSum(out))
	return out
}

// frameSum covers everything but itself.
func frameSum(data []byte) uint32 {
	return crc32.Update(crc32.Checksum(data[:16], castagnoli), castagnoli, data[frameHeader:])
}

// unframe checks the frame and returns the body, which does not alias data, and the format version.
func (c *Codec) unframe(key string, data []byte) (body []byte, version uint16, err error) {
	if len(data) < frameHeader {
		return nil, 0, base.Corruptf(key, "commit record is cut off at offset %d, inside its header", len(data))
	}
	if string(data[:4]) != frameMagic {
		return nil, 0, base.Corruptf(key, "not a commit record: magic %q at offset 0", data[:4])
	}
	size, stored := binary.LittleEndian.Uint32(data[8:]), binary.LittleEndian.Uint32(data[12:])
	if uint64(stored) != uint64(len(data)-frameHeader) {
		return nil, 0, base.Corruptf(key, "commit record holds %d bytes after offset %d, its header says %d",
			len(data)-frameHeader, frameHeader, stored)
	}
	if sum := binary.LittleEndian.Uint32(data[16:]); sum != frameSum(data) {
		return nil, 0, base.Corruptf(key, "commit record fails its CRC32C at offset 16: %08x stored, %08x computed", sum, frameSum(data))
	}
	version = binary.LittleEndian.Uint16(data[4:])
	flags := binary.LittleEndian.Uint16(data[6:])
	if version > frameVersion || flags&^flagZstd != 0 {
		err := base.Corruptf(key, "commit record has format version %d and flags %#x, this release reads up to version %d",
			version, flags, frameVersion)
		err.Err = ErrNewerVersion
		return nil, 0, err
	}
	if version == 0 || size > MaxRecordBytes {
		return nil, 0, base.Corruptf(key, "commit record claims version %d and %d bytes at offset 4", version, size)
	}
	body = data[frameHeader:]
	if flags&flagZstd == 0 {
		body = append([]byte(nil), body...)
	} else if body, err = c.dec.DecodeAll(body, make([]byte, 0, min(size, uint32(64*len(data))))); err != nil {
		bad := base.Corruptf(key, "commit record does not decompress from offset %d", frameHeader)
		bad.Err = err
		return nil, 0, bad
	}
	if len(body) != int(size) {
		return nil, 0, base.Corruptf(key, "commit record's body is %d bytes, its header says %d", len(body), size)
	}
	return body, version, nil
}
