package fts

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/s3sql/s3sql/storage/invert"
)

func terms(a *Analyzer, text string) (out []string) {
	for _, t := range a.Tokens(text) {
		out = append(out, string(t.Term))
	}
	return out
}

func TestAnalyzers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ options, text, want string }{
		{"", "The Quick-Brown fox's 3 foxes, ES6+", "quick brown fox foxes es6"},
		{"stemming=true", "running runs ran databases", "run run ran databas"},
		{"case_sensitive=true", "The MySQL", "The MySQL"},
		{"stop_words=none", "to be or not", "not"},
		{"stop_words=none min_word_length=1", "to be a or not", "to be a or not"},
		{"stop_words=quick,fox", "the quick fox jumps", "the jumps"},
		{"", "Café Ångström straße Øre Łódź", "cafe angstrom strasse ore lodz"},
		{"accent_sensitive=true", "Café", "café"},
		{"language=fr stemming=true", "L'hôtel des châteaux, qu'elle aimait", "hotel chateau aim"},
		{"language=de stemming=true", "die Häuser des Kindes", "haus kind"},
		{"language=pt stemming=true", "os homens e as mulheres", "homem mulher"},
		{"language=ru stemming=true", "новые книги и книгу", "нов книг книг"},
		{"language=ar stemming=true", "الكتاب والكتب", "كتاب كتب"},
		{"language=hi stemming=true", "किताबें और लड़का", "किताब लडक"},
		{"language=cjk", "数据库 管理", "数据 据库 管理"},
		{"language=cjk", "ＭｙＳＱＬデータ", "mysql デー ータ"},
		{"language=tr", "İstanbul güzel", "istanbul guzel"},
		{"language=en-GB", "colour", "colour"},
		{"language=zh_CN", "数据", "数据"},
		{"language=none", "the of it", "the"},
		{"", "bad \xff\xfe utf8 bytes", "bad utf8 bytes"},
		{"", strings.Repeat("x", 300) + " short", "short"},
		{"", "", ""},
	} {
		o := NewOptions()
		for opt := range strings.FieldsSeq(c.options) {
			name, value, _ := strings.Cut(opt, "=")
			if err := o.Set(name, value, nil); err != nil {
				t.Fatal(err)
			}
		}
		if got := strings.Join(terms(NewAnalyzer(o), c.text), " "); got != c.want {
			t.Errorf("%s: %q has %q, want %q", c.options, c.text, got, c.want)
		}
	}
}

// TestEveryLanguage makes an analyzer of each language, with stems.
func TestEveryLanguage(t *testing.T) {
	t.Parallel()
	for _, l := range languageNames() {
		o := NewOptions()
		o.Language, o.Stemming = l, true
		for _, term := range terms(NewAnalyzer(o), "computer الكتاب किताबें книги 数据库 İstanbul L'hôtel l'acqua") {
			if !utf8.ValidString(term) || term == "" || len(term) > invert.MaxTerm {
				t.Errorf("%s has the term %q", l, term)
			}
		}
	}
}

func TestMarks(t *testing.T) {
	t.Parallel()
	o := NewOptions()
	o.Stemming = true
	a := NewAnalyzer(o)
	for _, c := range []struct{ query, text, want string }{
		{"machine learning", "Introduction to Machine Learning", "Introduction to [Machine Learning]"},
		{"learned", "learning, to learn; learner", "[learning], to [learn]; learner"},
		{"nothing", "some text", "some text"},
		{`"red fox"`, "a red fox, red and fox", "a [red fox], red and fox"},
		{`"red fox"@3`, "red and fox", "[red] and [fox]"},
		{"data*", "database, Data, date", "[database], [Data], date"},
		{"foxx~1", "a fox, a box", "a [fox], a box"},
		{"+red -fox", "red fox", "[red] fox"},
		{"café", "der CAFE", "der [CAFE]"},
		{"x", "", ""},
	} {
		q, err := Parse(a, &o, c.query, Boolean)
		if err != nil {
			t.Fatal(err)
		}
		if c.query == "machine learning" || c.query == "learned" {
			q, err = Parse(a, &o, c.query, Natural)
			if err != nil {
				t.Fatal(err)
			}
		}
		if got := NewMatcher(a, q).Highlight(c.text, "[", "]"); got != c.want {
			t.Errorf("%s: %s, want %s", c.query, got, c.want)
		}
	}
	q, err := Parse(a, &o, "needle", Natural)
	if err != nil {
		t.Fatal(err)
	}
	m := NewMatcher(a, q)
	long := strings.Repeat("hay ", 50) + "the needle here " + strings.Repeat("hay ", 50)
	if got := m.Snippet(long, 8, "<", ">"); got != "…the <needle> here hay hay hay hay hay…" {
		t.Error(got)
	}
	if got := m.Snippet("a needle", 8, "<", ">"); got != "a <needle>" {
		t.Error(got)
	}
	if got := m.Snippet(strings.Repeat("数", 100), 8, "<", ">"); got != strings.Repeat("数", 8)+"…" {
		t.Error(got)
	}
}

func TestTypos(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		d    int
	}{{"word", "word", 0}, {"word", "wrod", 1}, {"word", "wor", 1}, {"word", "words", 1}, {"word", "ward", 1}, {"word", "wards", 2},
		{"word", "wrods", 2}, {"word", "xyz", 3}, {"", "", 0}, {"größe", "grösse", 2}} {
		if d := newTypos(c.a, 2).distance(c.b); d != c.d {
			t.Errorf("%s and %s: %d, want %d", c.a, c.b, d, c.d)
		}
	}
}

// FuzzParse reads queries in all modes, and searches with those that are queries.
func FuzzParse(f *testing.F) {
	for _, q := range []string{"+a -b", `"a b"@3`, "(a (b) >c <d ~e)", "a* b~2", "+", `"`, "((", "*", "a\xff", "数据", "+(-a)", `""`, `"a"@`, "~~a", "a@3"} {
		f.Add(q)
	}
	o := NewOptions()
	o.MinWordLength = 1
	a := NewAnalyzer(o)
	part := corpus{{"a b c"}, {"数据库 d e"}, {"b c d"}}.build(f, a, 1)
	f.Fuzz(func(t *testing.T, text string) {
		for _, mode := range []Mode{Natural, Boolean} {
			q, err := Parse(a, &o, text, mode)
			if err != nil {
				continue
			}
			h, err := Search(t.Context(), []Part{part}, Request{Query: q, Fields: []int{0}, Weights: []float64{1}, Scores: true})
			if err != nil {
				t.Fatal(err)
			}
			m := NewMatcher(a, q)
			for _, hit := range h.List {
				texts := []string{[]string{"a b c", "数据库 d e", "b c d"}[hit.Doc]}
				if words := m.Words(texts); len(words) == 0 || slices.Contains(words, "") && !strings.Contains(text, `"`) {
					t.Fatalf("%q finds %q, and matches %q there", text, texts, words)
				}
			}
			m.Highlight(text, "<", ">")
			m.Snippet(text, 3, "<", ">")
		}
	})
}
