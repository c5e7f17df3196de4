package invert

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"testing"
)

// model is what a file should say: positions by document, by field and term.
type model struct {
	docs  int
	terms map[string]map[uint32][]uint32
	lens  [][]uint32
}

// randomDocs makes documents and adds them to a builder.
func randomDocs(t testing.TB, r *rand.Rand, b *Builder, docs, fields int) *model {
	m := &model{docs: docs, terms: map[string]map[uint32][]uint32{}, lens: make([][]uint32, fields)}
	for d := range docs {
		if err := b.Begin(); err != nil {
			t.Fatal(err)
		}
		for f := range fields {
			pos := 0
			n := r.IntN(12)
			if r.IntN(200) == 0 {
				n = 300 + r.IntN(70000)*(r.IntN(4)/3)
			}
			for range n {
				word := fmt.Sprintf("w%d", int(r.ExpFloat64()*20))
				b.Add(f, []byte(word), pos)
				k := key(f, word)
				if m.terms[k] == nil {
					m.terms[k] = map[uint32][]uint32{}
				}
				m.terms[k][uint32(d)] = append(m.terms[k][uint32(d)], uint32(pos))
				pos += 1 + r.IntN(3)
			}
			m.lens[f] = append(m.lens[f], uint32(n))
		}
	}
	return m
}

// mapped returns the model of a merge.
func (m *model) mapped(to func(uint32) (uint32, bool), into *model) {
	for k, docs := range m.terms {
		for d, pos := range docs {
			if n, ok := to(d); ok {
				if into.terms[k] == nil {
					into.terms[k] = map[uint32][]uint32{}
				}
				into.terms[k][n] = pos
			}
		}
	}
	for f := range m.lens {
		for d, n := range m.lens[f] {
			if to, ok := to(uint32(d)); ok {
				into.lens[f][to] = n
			}
		}
	}
}

func readAll(ctx context.Context, f *File) (*model, error) {
	m := &model{docs: f.Docs, terms: map[string]map[uint32][]uint32{}, lens: make([][]uint32, len(f.Fields))}
	for field := range f.Fields {
		var terms []Term
		if err := f.Scan(ctx, field, "", func(t Term) bool { terms = append(terms, t); return true }); err != nil {
			return nil, err
		}
		lists, err := f.Lists(ctx, terms, f.Positions)
		if err != nil {
			return nil, err
		}
		for i, l := range lists {
			docs := map[uint32][]uint32{}
			c := l.Cursor()
			for c.Next() {
				for i, d := range c.Docs {
					docs[d] = nil
					if f.Positions {
						if docs[d], err = c.Positions(i, nil); err != nil {
							return nil, errors.Join(ErrCorrupt, err)
						}
					}
				}
			}
			if c.Err() != nil {
				return nil, errors.Join(ErrCorrupt, c.Err())
			}
			m.terms[key(field, terms[i].Text)] = docs
		}
		l, err := f.Lengths(ctx, field)
		if err != nil {
			return nil, err
		}
		for d := range f.Docs {
			m.lens[field] = append(m.lens[field], l.At(uint32(d)))
		}
	}
	return m, nil
}

func open(t testing.TB, b []byte, m Meta) *File {
	t.Helper()
	f, err := Open(t.Context(), Memory(b), m, nil)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func check(t testing.TB, f *File, want *model) {
	t.Helper()
	got, err := readAll(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	if got.docs != want.docs || !reflect.DeepEqual(got.lens, want.lens) || !reflect.DeepEqual(got.terms, want.terms) {
		t.Fatalf("%d documents, %d terms; want %d, %d", got.docs, len(got.terms), want.docs, len(want.terms))
	}
	var keys []Key
	for k := range maps.Keys(want.terms) {
		keys = append(keys, Key{int(k[0]), k[1:]})
	}
	keys = append(keys, Key{0, ""}, Key{0, "zz"}, Key{len(f.Fields) - 1, "w"})
	terms, err := f.Find(t.Context(), keys)
	if err != nil {
		t.Fatal(err)
	}
	for i, term := range terms {
		if docs := want.terms[key(keys[i].Field, keys[i].Text)]; term.Docs != len(docs) {
			t.Fatalf("%v: %d documents, want %d", keys[i], term.Docs, len(docs))
		}
	}
}

func TestBuildAndMerge(t *testing.T) {
	t.Parallel()
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 1))
		fields := 1 + r.IntN(3)
		parts := make([]Part, 1+r.IntN(3))
		models := make([]*model, len(parts))
		total := 0
		for i := range parts {
			docs := []int{0, 1, 127, 128, 129, 500, 4200}[r.IntN(7)]
			b := NewBuilder(fields, true, []int{0, 200000}[r.IntN(2)])
			models[i] = randomDocs(t, r, b, docs, fields)
			data, meta, err := b.Bytes(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if meta.Bytes != int64(len(data)) || meta.Docs != docs {
				t.Fatalf("%+v of %d bytes and %d documents", meta, len(data), docs)
			}
			parts[i].File = open(t, data, meta)
			check(t, parts[i].File, models[i])
			total += docs
		}
		// Documents of all parts in a random order that keeps the order of each, without some of them.
		where := make([][]int, len(parts))
		n := 0
		for left := total; left > 0; {
			i := r.IntN(len(parts))
			if len(where[i]) == parts[i].File.Docs {
				continue
			}
			left--
			if r.IntN(10) == 0 {
				where[i] = append(where[i], -1)
				continue
			}
			where[i] = append(where[i], n)
			n++
		}
		want := &model{docs: n, terms: map[string]map[uint32][]uint32{}, lens: make([][]uint32, fields)}
		for f := range want.lens {
			if n > 0 {
				want.lens[f] = make([]uint32, n)
			}
		}
		for i := range parts {
			parts[i].Map = func(d uint32) (uint32, bool) { return uint32(where[i][d]), where[i][d] >= 0 }
			models[i].mapped(parts[i].Map, want)
		}
		var out bytes.Buffer
		meta, err := Merge(t.Context(), &out, parts, n)
		if err != nil {
			t.Fatal(err)
		}
		check(t, open(t, out.Bytes(), meta), want)
	}
}

func TestSkipTo(t *testing.T) {
	t.Parallel()
	b := NewBuilder(1, true, 0)
	for d := range 3000 {
		if err := b.Begin(); err != nil {
			t.Fatal(err)
		}
		if d%3 == 0 {
			b.Add(0, []byte("x"), d)
		}
	}
	data, meta, err := b.Bytes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f := open(t, data, meta)
	terms, err := f.Find(t.Context(), []Key{{0, "x"}})
	if err != nil {
		t.Fatal(err)
	}
	lists, err := f.Lists(t.Context(), terms, true)
	if err != nil {
		t.Fatal(err)
	}
	for doc := uint32(0); doc < 3100; doc += 7 {
		c := lists[0].Cursor()
		want := (doc + 2) / 3 * 3
		if ok := c.SkipTo(doc); want >= 3000 {
			continue
		} else if !ok {
			t.Fatalf("SkipTo(%d): %v", doc, c.Err())
		}
		i, found := slices.BinarySearch(c.Docs, want)
		if !found {
			t.Fatalf("SkipTo(%d): %d is not in %v", doc, want, c.Docs)
		}
		if p, err := c.Positions(i, nil); err != nil || len(p) != 1 || p[0] != want {
			t.Errorf("positions of %d: %v, %v", want, p, err)
		}
	}
}

// TestFlippedBytes changes every byte of a file: whoever reads it all notices.
func TestFlippedBytes(t *testing.T) {
	t.Parallel()
	b := NewBuilder(2, true, 0)
	randomDocs(t, rand.New(rand.NewPCG(1, 1)), b, 200, 2)
	data, meta, err := b.Bytes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for at := range data {
		bad := slices.Clone(data)
		bad[at] ^= 0x10
		f, err := Open(t.Context(), Memory(bad), meta, nil)
		if err == nil {
			_, err = readAll(t.Context(), f)
		}
		if at >= headerBytes && !errors.Is(err, ErrCorrupt) {
			t.Fatalf("byte %d of %d changed: %v", at, len(data), err)
		}
	}
	for _, n := range []int{0, 1, 15, 16, len(data) - 1} {
		if _, err := Open(t.Context(), Memory(data[:n]), meta, nil); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%d bytes of %d: %v", n, len(data), err)
		}
	}
}

func TestPack(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 1))
	for width := 0; width <= 32; width++ {
		var nums, got [BlockDocs]uint32
		for i := range nums {
			nums[i] = uint32(r.Uint64() & (1<<width - 1))
		}
		b := pack(nil, nums[:], width)
		if unpack(&got, b, width); len(b) != packedBytes(width) || got != nums {
			t.Fatalf("width %d: %d bytes", width, len(b))
		}
		got = [BlockDocs]uint32{}
		if unpack(&got, append(b, 1, 2, 3, 4, 5, 6, 7, 8), width); got != nums {
			t.Fatalf("width %d with more behind it", width)
		}
	}
}

// FuzzOpen reads files whose checksums are right and whose contents are not.
func FuzzOpen(f *testing.F) {
	for _, fields := range []int{1, 3} {
		b := NewBuilder(fields, fields > 1, 0)
		for d := range 130 {
			if err := b.Begin(); err != nil {
				f.Fatal(err)
			}
			for field := range fields {
				b.Add(field, []byte("a"), d)
				b.Add(field, []byte(fmt.Sprintf("b%d", d/10)), d+1)
			}
		}
		data, meta, err := b.Bytes(f.Context())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, uint16(meta.Tail), uint16(meta.Docs))
	}
	f.Fuzz(func(t *testing.T, data []byte, tail, docs uint16) {
		data = reseal(slices.Clone(data), int(tail))
		file, err := Open(t.Context(), Memory(data), Meta{Docs: int(docs), Bytes: int64(len(data)), Tail: int64(tail)}, nil)
		if err == nil {
			_, err = readAll(t.Context(), file)
		}
		if err != nil && !errors.Is(err, ErrCorrupt) {
			t.Fatal(err)
		}
	})
}

// TestGolden reads a file that an earlier version has written, and writes it again. Rewrite with -rewrite.
func TestGolden(t *testing.T) {
	t.Parallel()
	b := NewBuilder(2, true, 0)
	for d := range 300 {
		if err := b.Begin(); err != nil {
			t.Fatal(err)
		}
		b.Add(0, []byte("even"), 0)
		b.Add(0, []byte("even"), 2+d%3)
		if d%2 == 0 {
			b.Add(1, []byte(fmt.Sprintf("w%d", d%7)), d)
		}
	}
	data, meta, err := b.Bytes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const path = "testdata/inverted-v1.inv"
	if *rewrite {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(data, want) {
		t.Errorf("a file is written as %d bytes that differ from the golden one", len(data))
	}
	f := open(t, want, meta)
	terms, err := f.Find(t.Context(), []Key{{0, "even"}, {1, "w3"}})
	if err != nil || terms[0].Docs != 300 || terms[0].Tokens != 600 || terms[1].Docs != 21 {
		t.Errorf("%+v, %v", terms, err)
	}
}

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")
