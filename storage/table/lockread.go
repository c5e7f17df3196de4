package table

import (
	"context"

	"github.com/s3sql/s3sql/internal/vec"
)

// Locked reads a transaction as the transaction itself does, and notes what it reads, whatever the isolation: Commit then
// fails with a conflict when another transaction has changed any of it since the snapshot.
type Locked struct{ tx *Tx }

// Locked returns the reader of statements that lock what they read. A transaction that writes nothing has nothing to
// validate: it saw one state.
// Cost: none.
func (tx *Tx) Locked() Locked { return Locked{tx} }

// Get is Tx.Get.
func (l Locked) Get(ctx context.Context, table uint32, key string) (row string, ok bool, err error) {
	if !l.tx.opts.TrackReads {
		l.tx.mu.Lock()
		l.tx.mu.points = append(l.tx.mu.points, pointRead{table, key})
		l.tx.mu.Unlock()
	}
	return l.tx.Get(ctx, table, key)
}

// GetMany is Tx.GetMany.
func (l Locked) GetMany(ctx context.Context, table uint32, keys []string, found []Found) error {
	if !l.tx.opts.TrackReads {
		l.tx.trackPoints(table, keys)
	}
	return l.tx.GetMany(ctx, table, keys, found)
}

// Texts is Tx.Texts.
func (l Locked) Texts(ctx context.Context, table uint32, ix *TextIndex) ([]TextPart, error) {
	if !l.tx.opts.TrackReads {
		l.tx.trackTable(table)
	}
	return l.tx.Texts(ctx, table, ix)
}

// RemakeText is Tx.RemakeText.
func (l Locked) RemakeText(ctx context.Context, p *TextPart, ix *TextIndex, met error) (bool, error) {
	return l.tx.RemakeText(ctx, p, ix, met)
}

// RowsAt is Tx.RowsAt.
func (l Locked) RowsAt(ctx context.Context, parts []TextPart, places []Place, cols []ScanCol, withKeys bool, b *vec.Batch) ([]string, error) {
	return l.tx.RowsAt(ctx, parts, places, cols, withKeys, b)
}

// PlacesOf is Tx.PlacesOf.
func (l Locked) PlacesOf(ctx context.Context, parts []TextPart, keys []string, places []Place) error {
	return l.tx.PlacesOf(ctx, parts, keys, places)
}

// Scan is Tx.Scan.
func (l Locked) Scan(ctx context.Context, table uint32, spec ScanSpec) *Scanner {
	s := l.tx.Scan(ctx, table, spec)
	if s.read == nil {
		s.track(&readRange{table: table, empty: true})
		l.tx.mu.Lock()
		l.tx.mu.ranges = append(l.tx.mu.ranges, s.read)
		l.tx.mu.Unlock()
	}
	return s
}
