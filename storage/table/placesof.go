package table

import (
	"context"
	"slices"
	"strings"
)

// PlacesOf sets places[i] to where the row of keys[i] is in parts, which the transaction has made of a table, or its Part to -1 where
// there is none.
// Cost: none for rows in memory; else two GETs for each segment that may have some of the keys, for pages that are in no cache.
// Errors: Corrupt, those of the store, ctx.Err().
func (tx *Tx) PlacesOf(ctx context.Context, parts []TextPart, keys []string, places []Place) error {
	for i := range places {
		places[i].Part = -1
	}
	for at := range parts {
		p := &parts[at]
		if p.seg == nil {
			p.block.placesOf(p, at, keys, places)
			continue
		}
		if err := tx.db.files.placesOf(ctx, p, at, keys, places); err != nil {
			return err
		}
	}
	return nil
}

// placesOf finds keys among rows in memory.
func (b *textBlock) placesOf(p *TextPart, at int, keys []string, places []Place) {
	b.once.Do(func() {
		b.byKey = make(map[string][]uint32, b.file.Docs)
		for doc := range b.file.Docs {
			key := b.key(doc)
			b.byKey[key] = append(b.byKey[key], uint32(doc))
		}
	})
	for i, key := range keys {
		for _, doc := range b.byKey[key] { // of an entry that was replaced there may be several
			if !p.dead(doc) {
				places[i] = Place{at, doc}
			}
		}
	}
}

func (b *textBlock) key(doc int) string {
	if b.entries != nil {
		return b.entries[doc].key
	}
	return b.part.key(doc)
}

func (p *TextPart) dead(doc uint32) bool { return p.Dead != nil && p.Dead[doc/64]&(1<<(doc%64)) != 0 }

// placesOf finds keys in a segment.
func (fs *files) placesOf(ctx context.Context, p *TextPart, at int, keys []string, places []Place) error {
	var ask []int
	for i, key := range keys {
		if places[i].Part < 0 && p.seg.covers(key) {
			ask = append(ask, i)
		}
	}
	if len(ask) == 0 {
		return nil
	}
	slices.SortFunc(ask, func(a, b int) int { return strings.Compare(keys[a], keys[b]) })
	r, err := fs.reader(ctx, p.seg)
	if err != nil {
		return err
	}
	sorted, ords := make([]string, 0, len(ask)), make([]int, len(ask))
	for _, i := range ask {
		sorted = append(sorted, keys[i])
	}
	if err := r.Find(ctx, sorted, ords); err != nil {
		return err
	}
	for k, i := range ask {
		if ords[k] >= 0 && !p.dead(uint32(ords[k])) {
			places[i] = Place{at, uint32(ords[k])}
		}
	}
	return nil
}
