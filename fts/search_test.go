package fts

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/s3sql/s3sql/storage/invert"
)

// corpus is a set of documents, each a list of columns.
type corpus [][]string

// build returns one part of a corpus.
func (c corpus) build(t testing.TB, a *Analyzer, fields int, dead ...int) Part {
	t.Helper()
	b := invert.NewBuilder(fields, true, 0)
	for _, doc := range c {
		if err := b.Begin(); err != nil {
			t.Fatal(err)
		}
		for f, text := range doc {
			for _, tok := range a.Tokens(text) {
				b.Add(f, tok.Term, tok.Position)
			}
		}
	}
	data, meta, err := b.Bytes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	file, err := invert.Open(t.Context(), invert.Memory(data), meta, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := Part{File: file}
	if len(dead) > 0 {
		p.Dead = make([]uint64, (len(c)+63)/64)
		for _, d := range dead {
			p.Dead[d/64] |= 1 << (d % 64)
		}
	}
	return p
}

func words(r *rand.Rand, n int) string {
	var w []string
	for range n {
		w = append(w, fmt.Sprintf("%c%c%c", 'a'+int(r.ExpFloat64()*2)%6, 'a'+r.IntN(2), 'a'+r.IntN(2)))
	}
	return strings.Join(w, " ")
}

func word3(r *rand.Rand) string { return words(r, 1) }

// randomQuery returns a query in boolean mode.
func randomQuery(r *rand.Rand, deep int) string {
	var parts []string
	for range 1 + r.IntN(3) {
		op := []string{"", "", "+", "-", ">", "<", "~", "+>"}[r.IntN(8)]
		switch k := r.IntN(10); {
		case k < 5:
			parts = append(parts, op+word3(r))
		case k == 5:
			parts = append(parts, op+word3(r)[:1+r.IntN(2)]+"*")
		case k == 6:
			parts = append(parts, op+word3(r)+"~1")
		case k == 7:
			parts = append(parts, op+`"`+words(r, 2)+`"`)
		case k == 8:
			parts = append(parts, fmt.Sprintf(`%s"%s"@%d`, op, words(r, 2+r.IntN(2)), 1+r.IntN(5)))
		case deep > 0:
			parts = append(parts, op+"("+randomQuery(r, deep-1)+")")
		}
	}
	return strings.Join(parts, " ")
}

// TestPartsDoNotMatter searches the same documents as one part, and as several with documents among them that are gone.
func TestPartsDoNotMatter(t *testing.T) {
	t.Parallel()
	seeds := uint64(100)
	if testing.Short() {
		seeds = 30
	}
	o := NewOptions()
	o.Language = "none"
	a := NewAnalyzer(o)
	hits := 0
	for seed := range seeds {
		r := rand.New(rand.NewPCG(seed, 7))
		fields := 1 + r.IntN(3)
		var all corpus
		var parts []Part
		var names [][]int
		live := 0
		for range 1 + r.IntN(4) {
			var c corpus
			var dead, nums []int
			for d := range []int{0, 3, 100, 300, 4500}[min(r.IntN(5), 3+int(seed%20)/19)] {
				var doc []string
				for range fields {
					doc = append(doc, words(r, r.IntN(12)))
				}
				c = append(c, doc)
				if r.IntN(3) == 0 {
					dead = append(dead, d)
					nums = append(nums, -1)
					continue
				}
				all = append(all, doc)
				nums = append(nums, live)
				live++
			}
			parts = append(parts, c.build(t, a, fields, dead...))
			names = append(names, nums)
		}
		whole := []Part{all.build(t, a, fields)}
		req := Request{Weights: []float64{1, 2.5, 0.5}[:fields], Scores: true}
		for f := range fields {
			if f == 0 || r.IntN(2) == 0 {
				req.Fields = append(req.Fields, f)
			}
		}
		for range 10 {
			text := randomQuery(r, 2)
			var err error
			if req.Query, err = Parse(a, &o, text, Boolean); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			want, err := Search(t.Context(), whole, req)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Search(t.Context(), parts, req)
			if err != nil {
				t.Fatal(err)
			}
			list := make([]Hit, len(got.List))
			for i, h := range got.List {
				list[i] = Hit{Doc: uint32(names[h.Part][h.Doc]), Score: h.Score}
			}
			slices.SortFunc(list, func(a, b Hit) int { return int(a.Doc) - int(b.Doc) })
			if got.Total != want.Total || got.Max != want.Max || !slices.Equal(list, want.List) {
				t.Fatalf("seed %d, %s: %d hits, one part %d\n%v\n%v", seed, text, got.Total, want.Total, list, want.List)
			}
			hits += len(list)
			for _, h := range want.List {
				m := NewMatcher(a, req.Query)
				var texts []string
				for _, f := range req.Fields {
					texts = append(texts, all[h.Doc][f])
				}
				if len(m.Words(texts)) == 0 {
					t.Fatalf("seed %d, %s: no word is found in %q", seed, text, texts)
				}
			}
			req.Best = 1 + r.IntN(5)
			top, err := Search(t.Context(), whole, req)
			if err != nil {
				t.Fatal(err)
			}
			req.Best = 0
			slices.SortFunc(want.List, compareHits)
			if !slices.Equal(top.List, want.List[:len(top.List)]) || top.Total != want.Total {
				t.Fatalf("seed %d, %s: best %v of %v", seed, text, top.List, want.List)
			}
		}
	}
	if hits < int(seeds)*20 {
		t.Errorf("only %d hits: the queries look for what is not there", hits)
	}
}

// TestScore computes BM25 by hand.
func TestScore(t *testing.T) {
	t.Parallel()
	o := NewOptions()
	a := NewAnalyzer(o)
	c := corpus{{"red fox"}, {"red red wine today"}, {"blue sky"}}
	q, err := Parse(a, &o, "red", Natural)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Search(t.Context(), []Part{c.build(t, a, 1)}, Request{Query: q, Fields: []int{0}, Weights: []float64{1}, Scores: true})
	if err != nil {
		t.Fatal(err)
	}
	idf := math.Log(1 + (3-2+0.5)/(2+0.5))
	want := []float64{}
	for _, d := range []struct{ n, length float64 }{{1, 2}, {2, 4}} {
		tf := d.n / (1 - 0.75 + 0.75*d.length/(8.0/3))
		want = append(want, idf*tf*2.2/(1.2+tf))
	}
	for i, h := range got.List {
		if len(got.List) != 2 || math.Abs(h.Score-want[i]) > 1e-12 {
			t.Errorf("%v, want %v", got.List, want)
		}
	}
}

func TestCorruptPart(t *testing.T) {
	t.Parallel()
	o := NewOptions()
	a := NewAnalyzer(o)
	good := corpus{{"red fox"}, {"red wine"}}.build(t, a, 1)
	b := invert.NewBuilder(1, true, 0)
	for range 40000 {
		if err := b.Begin(); err != nil {
			t.Fatal(err)
		}
		b.Add(0, []byte("red"), 0)
	}
	data, meta, err := b.Bytes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	data[100] ^= 1
	bad, err := invert.Open(t.Context(), invert.Memory(data), meta, nil)
	if err != nil {
		t.Fatal(err)
	}
	q, err := Parse(a, &o, "red", Natural)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Search(t.Context(), []Part{good, {File: bad}}, Request{Query: q, Fields: []int{0}, Weights: []float64{1}})
	var part *PartError
	if !errors.Is(err, invert.ErrCorrupt) || !errors.As(err, &part) || part.Part != 1 {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Search(ctx, []Part{good}, Request{Query: q, Fields: []int{0}, Weights: []float64{1}}); !errors.Is(err, context.Canceled) {
		t.Errorf("after its context has ended: %v", err)
	}
}
