package table

import (
	"context"
	"slices"
	"sync"

	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/storage/invert"
	"github.com/s3sql/s3sql/storage/row"
)

// textMemory has the inverted files of rows in memory, which are made when they are searched. A row is an entry of a delta or of a
// transaction, or in a chunk; both are immutable, so a file is right as long as it is held, and versions and transactions share it.
type textMemory struct {
	mu      sync.Mutex
	indexes map[textMemoryKey]*textBlocks
}

type textMemoryKey struct{ table, index uint32 }

// textBlocks are the files of the entries and chunks of one table. mu guards all of it.
type textBlocks struct {
	mu     sync.Mutex
	blocks []*textBlock
	at     map[*entry]textPlace
	chunks map[part]*textBlock
}

type textPlace struct {
	block *textBlock
	doc   uint32
}

// textBlock is one file. It is immutable, but for what once makes.
type textBlock struct {
	file    *invert.File
	entries []*entry // document by document; nil: the rows of part
	part    part

	once  sync.Once
	byKey map[string][]uint32 // documents
}

// The sizes at which blocks of entries are put together: more make a search slow, dead ones take memory.
const (
	textBlocksMax = 8
	textSpareMax  = 1024 // documents beyond twice those that a search has found in use
)

func (m *textMemory) of(table, index uint32) *textBlocks {
	m.mu.Lock()
	defer m.mu.Unlock()
	k := textMemoryKey{table, index}
	if m.indexes[k] == nil {
		if m.indexes == nil {
			m.indexes = map[textMemoryKey]*textBlocks{}
		}
		m.indexes[k] = &textBlocks{at: map[*entry]textPlace{}, chunks: map[part]*textBlock{}}
	}
	return m.indexes[k]
}

// parts returns the files of the rows that a version has in memory.
func (t *textBlocks) parts(ctx context.Context, ix *TextIndex, v *version) ([]TextPart, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	out, err := t.entryParts(ctx, ix, v)
	if err != nil {
		return nil, err
	}
	return t.chunkParts(ctx, ix, v, out)
}

func (t *textBlocks) entryParts(ctx context.Context, ix *TextIndex, v *version) (out []TextPart, err error) {
	var todo []*entry
	live := map[*textBlock][]uint32{}
	n := 0
	v.delta.ascend("", func(e *entry) bool {
		if e.dead {
			return true
		}
		n++
		if p, ok := t.at[e]; ok {
			live[p.block] = append(live[p.block], p.doc)
		} else {
			todo = append(todo, e)
		}
		return true
	})
	if len(todo) > 0 {
		b, err := buildEntries(ctx, ix, todo)
		if err != nil {
			return nil, err
		}
		t.blocks = append(t.blocks, b)
		for doc, e := range todo {
			t.at[e] = textPlace{b, uint32(doc)}
			live[b] = append(live[b], uint32(doc))
		}
	}
	if len(t.blocks) > textBlocksMax || len(t.at) > 2*n+textSpareMax {
		if err := t.compact(ctx, live); err != nil {
			return nil, err
		}
	}
	for _, b := range t.blocks {
		if docs := live[b]; len(docs) > 0 {
			out = append(out, TextPart{File: b.file, Dead: allBut(b.file.Docs, docs), block: b})
		}
	}
	return out, nil
}

// allBut returns the set of documents that are not in docs; nil: there are none.
func allBut(n int, docs []uint32) []uint64 {
	if len(docs) == n {
		return nil
	}
	set := fullSet(n)
	for _, d := range docs {
		set[d/64] &^= 1 << (d % 64)
	}
	return set
}

func fullSet(n int) []uint64 {
	set := make([]uint64, (n+63)/64)
	for i := range set {
		set[i] = ^uint64(0)
	}
	if n%64 != 0 {
		set[len(set)-1] = 1<<(n%64) - 1
	}
	return set
}

// compact puts the live documents of all blocks into one, and makes live say where they are.
func (t *textBlocks) compact(ctx context.Context, live map[*textBlock][]uint32) error {
	merged := &textBlock{}
	var parts []invert.Part
	for _, b := range t.blocks {
		if len(live[b]) == 0 {
			continue
		}
		to := make([]int32, b.file.Docs)
		slices.Sort(live[b]) // they came in the order of the keys; documents of a file that was merged do not
		for _, d := range live[b] {
			merged.entries = append(merged.entries, b.entries[d])
			to[d] = int32(len(merged.entries))
		}
		parts = append(parts, invert.Part{File: b.file, Map: func(doc uint32) (uint32, bool) { return uint32(to[doc] - 1), to[doc] > 0 }})
	}
	var err error
	if merged.file, err = mergeInMemory(ctx, parts, len(merged.entries)); err != nil {
		return err
	}
	clear(t.at)
	clear(live)
	docs := make([]uint32, len(merged.entries))
	for i, e := range merged.entries {
		t.at[e], docs[i] = textPlace{merged, uint32(i)}, uint32(i)
	}
	live[merged], t.blocks = docs, []*textBlock{merged}
	return nil
}

// chunkParts appends the files of the version's chunks.
func (t *textBlocks) chunkParts(ctx context.Context, ix *TextIndex, v *version, out []TextPart) ([]TextPart, error) {
	chunks := make(map[part]*textBlock, len(v.parts))
	for _, p := range v.parts {
		b := t.chunks[p]
		if b == nil {
			var err error
			if b, err = buildChunk(ctx, ix, p); err != nil {
				return nil, err
			}
		}
		chunks[p] = b
		out = append(out, TextPart{File: b.file, Dead: hiddenIn(v, p), block: b})
	}
	t.chunks = chunks
	return out, nil
}

// hiddenIn returns the rows of a part that entries of the delta replace.
func hiddenIn(v *version, p part) (set []uint64) {
	v.delta.ascend(p.first(), func(e *entry) bool {
		if e.key > p.last() {
			return false
		}
		if i := p.seek(e.key); p.key(i) == e.key {
			if set == nil {
				set = make([]uint64, (p.rows()+63)/64)
			}
			set[i/64] |= 1 << (i % 64)
		}
		return true
	})
	return set
}

func buildEntries(ctx context.Context, ix *TextIndex, entries []*entry) (*textBlock, error) {
	b := &textBlock{entries: entries}
	err := b.build(ctx, ix, len(entries), func(i int) string { return entries[i].row })
	return b, err
}

func buildChunk(ctx context.Context, ix *TextIndex, p part) (*textBlock, error) {
	b := &textBlock{part: p}
	err := b.build(ctx, ix, p.rows(), p.row)
	return b, err
}

func (b *textBlock) build(ctx context.Context, ix *TextIndex, n int, rowAt func(int) string) error {
	builder := ix.newBuilder(0)
	defer builder.Close()
	dec := row.NewDecoder(fieldsOf(ix.Columns))
	cols := make([]*vec.Vector, len(ix.Columns))
	for i, c := range ix.Columns {
		cols[i] = vec.New(c.Type.Class(), 0, 1)
	}
	for i := range n {
		if i%64 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		for _, c := range cols {
			c.Resize(1)
		}
		if err := dec.Decode(rowAt(i), cols, 0); err != nil {
			return err
		}
		if err := ix.addTo(builder, cols, 0); err != nil {
			return err
		}
	}
	data, meta, err := builder.Bytes(ctx)
	if err == nil {
		b.file, err = invert.Open(ctx, invert.Memory(data), meta, nil)
	}
	return err
}
