package table

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"
)

// absence is which keys of a table no segment has.
type absence struct {
	segs *segments // of which that is known
	keys map[string]bool
}

// NoteAbsent finds out which of keys, in any order, have no row in a segment, all at once; a Get of one of them costs no request
// then. It is for keys that are likely to be new. What it has found out for a table holds until it is called again, and as long as
// the transaction has not written the table's segments.
// Cost: none for rows in memory or in a cache; else a GET for each segment between whose keys some of the keys lie, and one or more
// for the pages of keys where they would be, at once.
// Errors: as Get.
func (tx *Tx) NoteAbsent(ctx context.Context, table uint32, keys []string) error {
	v := tx.table(table)
	if own := tx.own[table]; own != nil {
		v = own.base
	}
	var ask []string
	for _, key := range keys {
		if tx.Asks(table, key) {
			ask = append(ask, key)
		}
	}
	if len(ask) < 2 {
		return nil
	}
	slices.Sort(ask)
	absent, err := tx.db.files.absent(ctx, v.segs, slices.Compact(ask))
	if err != nil {
		return err
	}
	tx.mu.Lock()
	defer tx.mu.Unlock()
	if tx.mu.absent == nil {
		tx.mu.absent = map[uint32]absence{}
	}
	tx.mu.absent[table] = absence{v.segs, absent}
	return nil
}

// Asks reports whether a Get of the key would look into segments.
func (tx *Tx) Asks(table uint32, key string) bool {
	v := tx.table(table)
	if own := tx.own[table]; own != nil {
		if own.get(key) != nil {
			return false
		}
		v = own.base
	}
	_, _, known := v.inMemory(key)
	return !known
}

// isAbsent reports whether it is known that no segment has the key.
func (tx *Tx) isAbsent(table uint32, s *segments, key string) bool {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	a, ok := tx.mu.absent[table]
	return ok && a.segs == s && a.keys[key]
}

// absent returns those of the ascending keys that no segment has a live row of.
func (fs *files) absent(ctx context.Context, s *segments, keys []string) (map[string]bool, error) {
	ask := map[*seg][]string{}
	out := make(map[string]bool, len(keys))
	var list []*seg
	for _, key := range keys {
		out[key] = true
		list = s.candidates(list[:0], key)
		for _, g := range list {
			ask[g] = append(ask[g], key)
		}
	}
	have := make(chan []string, len(ask))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(8)
	for sg, keys := range ask {
		g.Go(func() error {
			r, err := fs.reader(ctx, sg)
			if err != nil {
				return err
			}
			rows := make([]int, len(keys))
			if err := r.Find(ctx, keys, rows); err != nil {
				return err
			}
			var found []string
			for i, row := range rows {
				if row >= 0 && (sg.dead == nil || !sg.dead.Contains(uint32(row))) {
					found = append(found, keys[i])
				}
			}
			have <- found
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	close(have)
	for found := range have {
		for _, key := range found {
			delete(out, key)
		}
	}
	return out, nil
}
