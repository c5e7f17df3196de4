package collation

import (
	"bytes"
	"hash/maphash"
	"strings"
	"sync"
	"sync/atomic"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

// uca weighs text by the Unicode Collation Algorithm, tailored to a language.
//
// Source: Unicode Technical Standard #10; the tables of golang.org/x/text/collate.
type uca struct {
	tag       language.Tag
	options   []collate.Option
	foldCase  bool
	foldMarks bool
	pool      sync.Pool // of *sorter
	ascii     func() *[utf8.RuneSelf][]byte
	cache     [cacheSize]atomic.Pointer[cachedKey]
}

// sorter is a collator and its buffer, which serve one goroutine at a time.
type sorter struct {
	c   *collate.Collator
	buf collate.Buffer
}

// cachedKey is the sort key of a text.
type cachedKey struct {
	text string
	key  []byte
}

const (
	cacheSize     = 1024
	cachedTextMax = 64 // bytes; longer texts are rarely met again
)

var seed = maphash.MakeSeed()

func newUCA(tag string, options []collate.Option) *uca {
	u := &uca{tag: language.Make(tag), options: options}
	u.foldMarks = len(options) > 0 && &options[0] == &looseOptions[0]
	u.foldCase = len(options) > 0
	u.pool.New = func() any { return &sorter{c: collate.New(u.tag, u.options...)} }
	u.ascii = sync.OnceValue(u.asciiKeys)
	return u
}

// asciiKeys returns the sort key of each ASCII character, if the key of ASCII text is its characters' keys in a row: so
// where one level alone counts and the language joins no two letters, as Czech does with "ch". Else nil.
func (u *uca) asciiKeys() *[utf8.RuneSelf][]byte {
	if !u.foldMarks {
		return nil
	}
	t := new([utf8.RuneSelf][]byte)
	for c := range t {
		t[c] = u.collatorKey(nil, string(rune(c)))
	}
	if u.tag == language.Und {
		return t
	}
	var pair []byte
	for a := range t {
		for b := range t {
			pair = append(append(pair[:0], t[a]...), t[b]...)
			if !bytes.Equal(pair, u.collatorKey(nil, string([]byte{byte(a), byte(b)}))) {
				return nil
			}
		}
	}
	return t
}

func (u *uca) collatorKey(dst []byte, s string) []byte {
	w := u.pool.Get().(*sorter)
	defer u.pool.Put(w)
	w.buf.Reset()
	return append(dst, w.c.KeyFromString(&w.buf, s)...)
}

func (u *uca) compare(a, b string) int {
	if isASCII(a) && isASCII(b) {
		if t := u.ascii(); t != nil {
			return compareASCII(t, a, b)
		}
	}
	w := u.pool.Get().(*sorter)
	defer u.pool.Put(w)
	return w.c.CompareString(a, b)
}

// compareASCII compares the keys of two texts without making them.
func compareASCII(t *[utf8.RuneSelf][]byte, a, b string) int {
	i, j := 0, 0
	for {
		for i < len(a) && len(t[a[i]]) == 0 { // characters without weight
			i++
		}
		for j < len(b) && len(t[b[j]]) == 0 {
			j++
		}
		switch {
		case i == len(a) && j == len(b):
			return 0
		case i == len(a):
			return -1
		case j == len(b):
			return 1
		}
		if c := bytes.Compare(t[a[i]], t[b[j]]); c != 0 {
			return c
		}
		i++
		j++
	}
}

func (u *uca) appendKey(dst []byte, s string) []byte {
	if isASCII(s) {
		if t := u.ascii(); t != nil {
			for i := range len(s) {
				dst = append(dst, t[s[i]]...)
			}
			return dst
		}
	}
	if len(s) > cachedTextMax {
		return u.collatorKey(dst, s)
	}
	slot := &u.cache[maphash.String(seed, s)%cacheSize]
	if k := slot.Load(); k != nil && k.text == s {
		return append(dst, k.key...)
	}
	key := u.collatorKey(nil, s)
	slot.Store(&cachedKey{text: strings.Clone(s), key: key})
	return append(dst, key...)
}

func (u *uca) fold(s string) string {
	if !u.foldCase {
		return s
	}
	if !u.foldMarks || isASCII(s) {
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
