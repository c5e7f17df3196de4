package convert

import (
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

// DefaultCollation is the collation of strings that name none: binary, without padding.
const DefaultCollation = "utf8mb4_0900_bin"

// Collation orders strings. Its methods may be called from several goroutines.
type Collation struct {
	Name string
	// Pad makes trailing spaces insignificant, as in MySQL's PAD SPACE collations.
	Pad     bool
	locale  string
	options []collate.Option // nil: by bytes
	pool    *sync.Pool       // of *sorter; nil: by bytes
}

// sorter is a collator and its buffer, which serve one goroutine at a time.
type sorter struct {
	c   *collate.Collator
	buf collate.Buffer
}

var collations = makeCollations()

// makeCollations builds the table of the collations by name; another is one line here.
func makeCollations() map[string]*Collation {
	ai := []collate.Option{collate.Loose}
	ci := []collate.Option{collate.IgnoreCase}
	cs := []collate.Option{}
	m := map[string]*Collation{}
	for _, c := range []Collation{
		{Name: DefaultCollation},
		{Name: "binary"},
		{Name: "utf8mb4_bin", Pad: true},
		{Name: "utf8mb3_bin", Pad: true},
		{Name: "utf8_bin", Pad: true},
		{Name: "utf8mb4_0900_ai_ci", options: ai},
		{Name: "utf8mb4_0900_as_ci", options: ci},
		{Name: "utf8mb4_0900_as_cs", options: cs},
		{Name: "utf8mb4_general_ci", Pad: true, options: ai},
		{Name: "utf8mb3_general_ci", Pad: true, options: ai},
		{Name: "utf8_general_ci", Pad: true, options: ai},
		{Name: "latin1_swedish_ci", Pad: true, options: ai},
		{Name: "utf8mb4_unicode_ci", Pad: true, options: ai},
		{Name: "utf8mb4_unicode_520_ci", Pad: true, options: ai},
		{Name: "utf8mb4_de_pb_0900_ai_ci", locale: "de-u-co-phonebk", options: ai},
		{Name: "utf8mb4_es_0900_ai_ci", locale: "es", options: ai},
		{Name: "utf8mb4_sv_0900_ai_ci", locale: "sv", options: ai},
	} {
		if c.options != nil {
			tag, opts := language.Make(c.locale), c.options
			c.pool = &sync.Pool{New: func() any { return &sorter{c: collate.New(tag, opts...)} }}
		}
		m[c.Name] = &c
	}
	m[""] = m[DefaultCollation]
	return m
}

// LookupCollation returns the collation of a name, "" being the default; nil when there is none.
func LookupCollation(name string) *Collation {
	if c := collations[name]; c != nil {
		return c
	}
	return collations[strings.ToLower(name)]
}

// collationOf is LookupCollation with the default for names that do not exist: types are checked when they are made.
func collationOf(name string) *Collation {
	if c := LookupCollation(name); c != nil {
		return c
	}
	return collations[""]
}

// CollationOf returns the collation of a name, and the default one for a name that does not exist.
func CollationOf(name string) *Collation { return collationOf(name) }

// Binary reports whether a collation orders strings by their bytes alone.
func Binary(name string) bool {
	c := collationOf(name)
	return c.pool == nil && !c.Pad
}

// IsBinary reports whether c orders strings by their bytes alone.
func (c *Collation) IsBinary() bool { return c.pool == nil && !c.Pad }

// Compare returns -1, 0 or 1.
func (c *Collation) Compare(a, b string) int {
	if c.Pad {
		a, b = strings.TrimRight(a, " "), strings.TrimRight(b, " ")
	}
	if c.pool == nil || a == b {
		return strings.Compare(a, b)
	}
	s := c.pool.Get().(*sorter)
	defer c.pool.Put(s)
	return s.c.CompareString(a, b)
}

// AppendKey appends bytes that are equal for equal strings and order as the collation does.
func (c *Collation) AppendKey(dst []byte, s string) []byte {
	if c.Pad {
		s = strings.TrimRight(s, " ")
	}
	if c.pool == nil {
		return append(dst, s...)
	}
	w := c.pool.Get().(*sorter)
	defer c.pool.Put(w)
	w.buf.Reset()
	return append(dst, w.c.KeyFromString(&w.buf, s)...)
}

// FoldCase returns s without the differences of case and accents, for LIKE under a collation that ignores them.
func FoldCase(s string) string {
	ascii := true
	for i := range len(s) {
		ascii = ascii && s[i] < 0x80
	}
	if ascii {
		return strings.ToLower(s)
	}
	var b strings.Builder
	for _, r := range norm.NFD.String(s) {
		if !unicode.Is(unicode.Mn, r) {
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}
