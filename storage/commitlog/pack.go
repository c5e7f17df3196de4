package commitlog

import (
	"encoding/binary"

	"github.com/s3sql/s3sql/internal/base"
)

// EncodePack returns the object of a pack: those of the records, one after the other.
//
// Errors: CodeRecordTooLarge.
func (c *Codec) EncodePack(recs []*Record) (data []byte, err error) {
	for _, r := range recs {
		one, err := c.EncodeRecord(r)
		if err != nil {
			return nil, err
		}
		data = append(data, one...)
	}
	return data, nil
}

// DecodePack returns the records of the pack in data, the object at key, which has to hold those of db from first to last.
//
// Errors: kind Corrupt, with the key; it wraps ErrNewerVersion when a later release wrote a record.
func (c *Codec) DecodePack(key string, data []byte, db ID, first, last uint64) (recs []*Record, err error) {
	for at := 0; at < len(data); {
		size := frameHeader
		if len(data)-at >= frameHeader {
			size += int(binary.LittleEndian.Uint32(data[at+12:]))
		}
		if size > len(data)-at {
			return nil, base.Corruptf(key, "the pack is cut off inside the record at offset %d", at)
		}
		rec, err := c.DecodeRecord(key, data[at:at+size])
		if err != nil {
			return nil, err
		}
		if want := first + uint64(len(recs)); rec.Seq != want || want > last {
			return nil, base.Corruptf(key, "record %d is at offset %d of the pack where %d belongs", rec.Seq, at, want)
		}
		if rec.DB != db {
			return nil, base.Corruptf(key, "the record at offset %d of the pack belongs to database %v, not to %v", at, rec.DB, db)
		}
		recs = append(recs, rec)
		at += size
	}
	if want := last - first + 1; uint64(len(recs)) != want {
		return nil, base.Corruptf(key, "the pack has %d records instead of %d", len(recs), want)
	}
	return recs, nil
}
