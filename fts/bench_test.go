package fts

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/s3sql/s3sql/storage/invert"
)

// zipfText returns a text of about 60 words of a vocabulary in which the n-th word is as frequent as 1/n, as in natural language.
func zipfText(r *rand.Rand) string {
	var b strings.Builder
	for range 50 + r.IntN(20) {
		n := int(math.Exp(r.Float64() * math.Log(500000)))
		fmt.Fprintf(&b, "%s ", zipfWord(n))
	}
	return b.String()
}

func zipfWord(n int) string {
	const consonants, vowels = "bcdfghjklmnprstvwz", "aeiou"
	w := []byte{}
	for n += 100; n > 0; n /= len(consonants) * len(vowels) {
		w = append(w, consonants[n%len(consonants)], vowels[n/len(consonants)%len(vowels)])
	}
	return string(append(w, 'x'))
}

const benchDocs = 100_000

var benchFile = sync.OnceValue(func() *invert.File {
	a := NewAnalyzer(NewOptions())
	r := rand.New(rand.NewPCG(1, 1))
	b := invert.NewBuilder(1, true, 0)
	for range benchDocs {
		if err := b.Begin(); err != nil {
			panic(err)
		}
		for _, t := range a.Tokens(zipfText(r)) {
			b.Add(0, t.Term, t.Position)
		}
	}
	return benchOpen(b)
})

func BenchmarkBuild(b *testing.B) {
	a := NewAnalyzer(NewOptions())
	r := rand.New(rand.NewPCG(1, 1))
	texts := make([]string, 10000)
	for i := range texts {
		texts[i] = zipfText(r)
	}
	for b.Loop() {
		builder := invert.NewBuilder(1, true, 0)
		for _, text := range texts {
			if err := builder.Begin(); err != nil {
				b.Fatal(err)
			}
			for _, t := range a.Tokens(text) {
				builder.Add(0, t.Term, t.Position)
			}
		}
		f := benchOpen(builder)
		b.ReportMetric(float64(f.Docs)*float64(b.N)/b.Elapsed().Seconds(), "docs/s")
	}
}

func BenchmarkSearch(b *testing.B) {
	o := NewOptions()
	a := NewAnalyzer(o)
	file := benchFile()
	for _, c := range []struct {
		name, query string
		mode        Mode
		scores      bool
	}{
		{"common", zipfWord(2), Natural, true},
		{"rare", zipfWord(50000), Natural, true},
		{"three", zipfWord(2) + " " + zipfWord(5) + " " + zipfWord(3000), Natural, true},
		{"filter", "+" + zipfWord(2) + " +" + zipfWord(3), Boolean, false},
		{"phrase", `"` + zipfWord(2) + " " + zipfWord(3) + `"`, Boolean, true},
		{"prefix", "+" + zipfWord(2)[:2] + "*", Boolean, true},
		{"fuzzy", zipfWord(30000) + "~1", Boolean, true},
	} {
		q, err := Parse(a, &o, c.query, c.mode)
		if err != nil {
			b.Fatal(err)
		}
		req := Request{Query: q, Fields: []int{0}, Weights: []float64{1}, Scores: c.scores}
		if c.scores {
			req.Best = 10
		}
		b.Run(c.name, func(b *testing.B) {
			n := 0
			for b.Loop() {
				h, err := Search(b.Context(), []Part{{File: file}}, req)
				if err != nil {
					b.Fatal(err)
				}
				n = h.Total
			}
			b.ReportMetric(float64(n), "docs")
		})
	}
}

func benchOpen(b *invert.Builder) *invert.File {
	data, meta, err := b.Bytes(context.Background())
	if err != nil {
		panic(err)
	}
	f, err := invert.Open(context.Background(), invert.Memory(data), meta, nil)
	if err != nil {
		panic(err)
	}
	return f
}
