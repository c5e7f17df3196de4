package manifest

import (
	"encoding/binary"
	"hash/crc32"
	"time"

	"github.com/klauspost/compress/zstd"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/s3sql/s3sql/internal/base"
)

// Checkpoint is a whole database as of one commit record.
type Checkpoint struct {
	UUID   string
	Seq    uint64
	Time   time.Time // when it was made, to the microsecond
	Tables []Table   // by ascending id
	// Garbage is what the table layer says about objects that no table has any more, encoded; "" nothing.
	Garbage string
}

// Table is one table of a checkpoint.
type Table struct {
	ID      uint32
	AutoInc uint64
	Rows    int
	// Each calls fn with the rows in ascending key order until it returns false. What a decoded checkpoint hands out
	// aliases the decoder's buffer, which is never written again.
	Each func(fn func(key, row string) bool)
	// Segments is what the table layer says about the table's segments, encoded; "" it has none and nothing waits for one.
	Segments string
	// Entries calls fn with the changes that wait to be written to a segment, in ascending key order, until it returns false.
	// nil: there are none. Rows does not count them.
	Entries func(fn func(Entry) bool)
}

// Entry is a row, or the tombstone of one, that waits to be written to a segment.
type Entry struct {
	Key, Row string
	Seq      uint64 // of the commit record that made it
	Dead     bool   // a tombstone
	Hides    bool   // it may replace a row of a run or of a segment
}

// The frame: magic, version, flags, length of what follows the frame, its length once decompressed, CRC-32C of all the
// frame before the checksum and of what follows it.
const (
	magicCheckpoint = "S3SQLMAN"
	frameBytes      = 8 + 2 + 2 + 8 + 8 + 4
	flagZstd        = 1
	version         = 2

	// rawBytesMax is the most a checkpoint decompresses to.
	rawBytesMax = 16 << 30
)

// Field numbers; docs/format/manifest.md.
const (
	fieldUUID  = 1
	fieldSeq   = 2
	fieldTime  = 3
	fieldTable = 4
	fieldTrash = 5

	tableID       = 1
	tableAutoInc  = 2
	tableRows     = 3
	tableRun      = 4
	tableSegments = 5
	tableEntries  = 6
)

// The bits beside the number of a record in an entry.
const (
	entryDead  = 1
	entryHides = 2
	entryShift = 2
)

// runBytes is the size at which a run of rows is closed.
const runBytes = 1 << 20

// Encode returns the object's bytes.
func Encode(c *Checkpoint) ([]byte, error) {
	raw := appendBody(nil, c)
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithWindowSize(window(len(raw))), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, err
	}
	defer func() { _ = enc.Close() }() // an encoder without a writer has nothing to fail at
	out := make([]byte, frameBytes, frameBytes+len(raw)/2)
	out = enc.EncodeAll(raw, out)
	copy(out, magicCheckpoint)
	binary.LittleEndian.PutUint16(out[8:], version)
	binary.LittleEndian.PutUint16(out[10:], flagZstd)
	binary.LittleEndian.PutUint64(out[12:], uint64(len(out)-frameBytes))
	binary.LittleEndian.PutUint64(out[20:], uint64(len(raw)))
	binary.LittleEndian.PutUint32(out[28:], frameSum(out))
	return out, nil
}

// window is the size of the encoder's window for n bytes: the encoder allocates it whole, and a small checkpoint is
// written often.
func window(n int) int {
	w := 64 << 10
	for w < n && w < 4<<20 {
		w *= 2
	}
	return w
}

func frameSum(b []byte) uint32 {
	return crc32.Update(crc32.Checksum(b[:28], castagnoli), castagnoli, b[frameBytes:])
}

func appendBody(b []byte, c *Checkpoint) []byte {
	b = protowire.AppendTag(b, fieldUUID, protowire.BytesType)
	b = protowire.AppendString(b, c.UUID)
	b = appendUint(b, fieldSeq, c.Seq)
	b = appendUint(b, fieldTime, uint64(c.Time.UnixMicro()))
	if c.Garbage != "" {
		b = protowire.AppendTag(b, fieldTrash, protowire.BytesType)
		b = protowire.AppendString(b, c.Garbage)
	}
	var run []byte
	for i := range c.Tables {
		b = protowire.AppendTag(b, fieldTable, protowire.BytesType)
		b = appendSized(b, func(b []byte) []byte {
			b, run = appendTable(b, run, &c.Tables[i])
			return b
		})
	}
	return b
}

func appendUint(b []byte, field protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), v)
}

// appendSized appends what fn appends, with its length before it.
func appendSized(b []byte, fn func([]byte) []byte) []byte {
	at := len(b)
	b = fn(b)
	var size [10]byte
	n := binary.PutUvarint(size[:], uint64(len(b)-at))
	b = append(b, size[:n]...)
	copy(b[at+n:], b[at:len(b)-n])
	copy(b[at:], size[:n])
	return b
}

// appendTable appends t, using run as its buffer.
func appendTable(b, run []byte, t *Table) (_, _ []byte) {
	b = appendUint(b, tableID, uint64(t.ID))
	b = appendUint(b, tableAutoInc, t.AutoInc)
	b = appendUint(b, tableRows, uint64(t.Rows))
	if t.Segments != "" {
		b = protowire.AppendTag(b, tableSegments, protowire.BytesType)
		b = protowire.AppendString(b, t.Segments)
	}
	run = run[:0]
	flush := func(field protowire.Number) {
		if len(run) > 0 {
			b = protowire.AppendTag(b, field, protowire.BytesType)
			b = protowire.AppendBytes(b, run)
			run = run[:0]
		}
	}
	t.Each(func(key, row string) bool {
		run = protowire.AppendString(run, key)
		run = protowire.AppendString(run, row)
		if len(run) >= runBytes {
			flush(tableRun)
		}
		return true
	})
	flush(tableRun)
	if t.Entries == nil {
		return b, run
	}
	t.Entries(func(e Entry) bool {
		run = protowire.AppendString(run, e.Key)
		run = protowire.AppendString(run, e.Row)
		run = protowire.AppendVarint(run, e.Seq<<entryShift|bit(e.Dead)*entryDead|bit(e.Hides)*entryHides)
		if len(run) >= runBytes {
			flush(tableEntries)
		}
		return true
	})
	flush(tableEntries)
	return b, run
}

func bit(set bool) uint64 {
	if set {
		return 1
	}
	return 0
}

// Decode reads the bytes of the object under key. The result aliases one buffer of its own.
// Errors: Corrupt (damaged, foreign or of a newer format; names key and offset).
func Decode(key string, data []byte) (*Checkpoint, error) {
	if len(data) < frameBytes || string(data[:8]) != magicCheckpoint {
		return nil, base.Corruptf(key, "it is not a checkpoint of s3sql (offset 0)")
	}
	rawLen := binary.LittleEndian.Uint64(data[20:])
	switch v := binary.LittleEndian.Uint16(data[8:]); {
	case binary.LittleEndian.Uint64(data[12:]) != uint64(len(data)-frameBytes):
		return nil, base.Corruptf(key, "it has %d bytes where its frame says otherwise (offset 12)", len(data))
	case binary.LittleEndian.Uint32(data[28:]) != frameSum(data):
		return nil, base.Corruptf(key, "its checksum does not match (offset 28)")
	case v > version:
		return nil, newer(key, int(v))
	case v == 0:
		return nil, base.Corruptf(key, "format 0 does not exist (offset 8)")
	case binary.LittleEndian.Uint16(data[10:]) != flagZstd:
		return nil, base.Corruptf(key, "its flags are not known (offset 10)")
	case rawLen > rawBytesMax:
		return nil, base.Corruptf(key, "it claims %d bytes of contents (offset 20)", rawLen)
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(max(rawLen, 64<<20)))
	if err != nil {
		return nil, err
	}
	defer dec.Close()
	raw, err := dec.DecodeAll(data[frameBytes:], nil)
	if err != nil {
		return nil, corrupt(key, "it cannot be decompressed", err)
	}
	if uint64(len(raw)) != rawLen {
		return nil, base.Corruptf(key, "it decompresses to %d bytes where its frame says %d (offset 20)", len(raw), rawLen)
	}
	return decodeBody(key, raw)
}
