package collation

import (
	"slices"
	"strings"

	"golang.org/x/text/collate"
)

// Default is the collation of text that names none: by bytes, without padding.
const Default = "utf8mb4_0900_bin"

// Version says which tables the sort keys come from. Keys of one version are never compared with keys of another: a
// descriptor keeps the version that its keys were made by (docs/format/key.md).
const Version = "cldr" + collate.CLDRVersion

// Levels of difference that a collation can be made to ignore.
var (
	looseOptions = []collate.Option{collate.Loose}
	caseOptions  = []collate.Option{collate.IgnoreCase}
	exactOptions = []collate.Option{}
)

// collations is the table by name, in lower case.
var collations = makeTable()

// Source of the ids: MySQL 8.0, information_schema.COLLATIONS.
func makeTable() map[string]*Collation {
	m := map[string]*Collation{}
	add := func(id int, charset, name string, weigh weigher, pad bool) *Collation {
		c := &Collation{Name: name, Charset: charset, ID: id, PadSpace: pad, weigh: weigh, SortLen: 1}
		if _, byUCA := weigh.(*uca); byUCA {
			c.SortLen = 0
			if pad {
				c.SortLen = 8
			}
		}
		m[name] = c
		return c
	}
	add(309, "utf8mb4", Default, nil, false).Primary = true // MySQL's is utf8mb4_0900_ai_ci
	add(63, "binary", "binary", nil, false).Primary = true
	add(255, "utf8mb4", "utf8mb4_0900_ai_ci", newUCA("", looseOptions), false)
	add(305, "utf8mb4", "utf8mb4_0900_as_ci", newUCA("", caseOptions), false)
	add(278, "utf8mb4", "utf8mb4_0900_as_cs", newUCA("", exactOptions), false)
	add(45, "utf8mb4", "utf8mb4_general_ci", generalCI{}, true)
	add(46, "utf8mb4", "utf8mb4_bin", nil, true)
	add(224, "utf8mb4", "utf8mb4_unicode_ci", newUCA("", looseOptions), true)
	add(246, "utf8mb4", "utf8mb4_unicode_520_ci", newUCA("", looseOptions), true)
	add(33, "utf8mb3", "utf8mb3_general_ci", generalCI{}, true).Primary = true
	add(83, "utf8mb3", "utf8mb3_bin", nil, true)
	add(192, "utf8mb3", "utf8mb3_unicode_ci", newUCA("", looseOptions), true)
	add(8, "latin1", "latin1_swedish_ci", generalCI{}, true).Primary = true
	add(48, "latin1", "latin1_general_ci", generalCI{}, true)
	add(47, "latin1", "latin1_bin", nil, true)
	add(11, "ascii", "ascii_general_ci", generalCI{}, true).Primary = true
	add(65, "ascii", "ascii_bin", nil, true)
	for _, l := range locales {
		if l.ai != 0 {
			add(l.ai, "utf8mb4", "utf8mb4_"+l.name+"_0900_ai_ci", newUCA(l.tag, looseOptions), false)
		}
		add(l.cs, "utf8mb4", "utf8mb4_"+l.name+"_0900_as_cs", newUCA(l.tag, exactOptions), false)
	}
	for _, alias := range []string{"general_ci", "bin", "unicode_ci"} { // utf8 is utf8mb3
		m["utf8_"+alias] = m["utf8mb3_"+alias]
	}
	m[""] = m[Default]
	return m
}

// locales are the languages of MySQL's tailored collations that x/text has tables of; ids of the ai_ci (0: none) and the
// as_cs collation.
var locales = []struct {
	name, tag string
	ai, cs    int
}{
	{"de_pb", "de-u-co-phonebk", 256, 279}, {"is", "is", 257, 280}, {"lv", "lv", 258, 281}, {"ro", "ro", 259, 282},
	{"sl", "sl", 260, 283}, {"pl", "pl", 261, 284}, {"et", "et", 262, 285}, {"es", "es", 263, 286}, {"sv", "sv", 264, 287},
	{"tr", "tr", 265, 288}, {"cs", "cs", 266, 289}, {"da", "da", 267, 290}, {"lt", "lt", 268, 291}, {"sk", "sk", 269, 292},
	{"eo", "eo", 273, 296}, {"hu", "hu", 274, 297}, {"hr", "hr", 275, 298}, {"vi", "vi", 277, 300}, {"ja", "ja", 0, 303},
	{"ru", "ru", 306, 307}, {"zh", "zh", 0, 308}, {"nb", "nb", 310, 311}, {"nn", "nn", 312, 313},
	{"sr_latn", "sr-Latn", 314, 315}, {"bs", "bs", 316, 317}, {"bg", "bg", 318, 319},
}

// All returns every collation once, by id.
func All() []*Collation {
	var out []*Collation
	for name, c := range collations {
		if name == c.Name {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b *Collation) int { return a.ID - b.ID })
	return out
}

// Lookup returns the collation of a name in any case, "" being the default; nil when there is none.
func Lookup(name string) *Collation {
	if c := collations[name]; c != nil {
		return c
	}
	return collations[strings.ToLower(name)]
}

// Of is Lookup with the default for names that do not exist: types are checked when they are made.
func Of(name string) *Collation {
	if c := Lookup(name); c != nil {
		return c
	}
	return collations[""]
}

// Binary reports whether the collation of a name orders text by its bytes alone, so that keys in byte order serve it.
func Binary(name string) bool { return Of(name).Binary() }
