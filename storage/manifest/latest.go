package manifest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/s3sql/s3sql/internal/base"
)

// Latest is manifest/latest: a hint to what an open reads before the log. UUID and the envelope's format spare it the reading of
// the identity.
type Latest struct {
	UUID string `json:"uuid"`
	Seq  uint64 `json:"seq"` // of the newest checkpoint; 0 there is none
	// Bytes is the size of that checkpoint; 0 it is not known.
	Bytes int `json:"bytes,omitempty"`
	// Packs hold the records that follow the checkpoint, in order and without a gap; two neighbours may share some.
	Packs []Pack `json:"packs,omitempty"`
}

// Pack is an object that holds the records from First to Last, one after the other (docs/format/manifest.md §4).
type Pack struct {
	First uint64 `json:"first"`
	Last  uint64 `json:"last"`
	Bytes int    `json:"bytes"`
}

// Key returns the key of the pack.
func (p Pack) Key() string { return fmt.Sprintf("%s%020d-%020d", Prefix, p.First, p.Last) }

// ParsePackKey returns the records of a pack's key; ok is false for any other key.
func ParsePackKey(key string) (p Pack, ok bool) {
	first, last, ok := strings.Cut(strings.TrimPrefix(key, Prefix), "-")
	if !ok {
		return p, false
	}
	var errs [2]error
	p.First, errs[0] = strconv.ParseUint(first, 10, 64)
	p.Last, errs[1] = strconv.ParseUint(last, 10, 64)
	return p, errs[0] == nil && errs[1] == nil && p.Key() == key
}

// End returns the last record that the checkpoint and the packs hold.
func (l Latest) End() uint64 {
	if n := len(l.Packs); n > 0 {
		return l.Packs[n-1].Last
	}
	return l.Seq
}

// WithCheckpoint returns the hint once there is a checkpoint at seq of so many bytes, and whether it differs: an older checkpoint
// changes nothing. Packs that it makes superfluous are left out.
func (l Latest) WithCheckpoint(seq uint64, bytes int) (Latest, bool) {
	if seq <= l.Seq {
		return l, false
	}
	next := Latest{UUID: l.UUID, Seq: seq, Bytes: bytes}
	for _, p := range l.Packs {
		next, _ = next.WithPack(p)
	}
	return next, true
}

// WithPack returns the hint once there is a further pack, and whether it differs: a pack of records that it has, or one that does
// not follow them, changes nothing.
func (l Latest) WithPack(p Pack) (Latest, bool) {
	if p.Last <= l.End() || p.First > l.End()+1 {
		return l, false
	}
	l.Packs = append(slices.Clip(l.Packs), p)
	return l, true
}

// EncodeLatest returns the object's bytes.
func EncodeLatest(l Latest) ([]byte, error) { return Wrap(magicLatest, l) }

// DecodeLatest reads the object's bytes.
// Errors: Corrupt (damaged, foreign or of a newer format; names the key).
func DecodeLatest(data []byte) (l Latest, err error) {
	if err = Unwrap(LatestKey, magicLatest, data, &l); err != nil {
		return l, err
	}
	if l.UUID == "" {
		return l, base.Corruptf(LatestKey, "the hint has no uuid")
	}
	end := l.Seq
	for _, p := range l.Packs {
		if p.First == 0 || p.First > end+1 || p.Last <= end {
			return l, base.Corruptf(LatestKey, "the records %d to %d of a pack do not follow record %d", p.First, p.Last, end)
		}
		end = p.Last
	}
	return l, nil
}
