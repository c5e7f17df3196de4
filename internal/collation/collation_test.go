package collation

import (
	"bytes"
	"cmp"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestCompare(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, a, b string
		want       int
	}{
		{"", "a", "B", 1},
		{"", "a", "a ", -1},
		{"utf8mb4_0900_ai_ci", "a", "B", -1},
		{"utf8mb4_0900_ai_ci", "Straße", "strasse", 0},
		{"utf8mb4_0900_ai_ci", "a", "a ", -1},
		{"utf8mb4_0900_ai_ci", "résumé", "RESUME", 0},
		{"utf8mb4_0900_as_ci", "résumé", "RÉSUMÉ", 0},
		{"utf8mb4_0900_as_ci", "résumé", "resume", 1},
		{"utf8mb4_0900_as_cs", "a", "á", -1},
		{"utf8mb4_0900_as_cs", "a", "A", -1},
		{"utf8mb4_general_ci", "a  ", "A", 0},
		{"utf8mb4_general_ci", "ß", "s", 0},
		{"utf8mb4_general_ci", "ß", "ss", -1},
		{"utf8mb4_general_ci", "é", "E", 0},
		{"utf8mb4_general_ci", "ø", "o", 1},
		{"utf8mb4_general_ci", "😀", "😃", 0},
		{"utf8mb4_general_ci", "\xff", "�", 0},
		{"utf8mb4_unicode_ci", "ß ", "SS", 0},
		{"utf8mb4_bin", "a  ", "a", 0},
		{"utf8mb4_bin", "a", "A", 1},
		{"utf8mb4_cs_0900_ai_ci", "ch", "ci", 1},
		{"utf8mb4_0900_ai_ci", "ch", "ci", -1},
		{"utf8mb4_sv_0900_ai_ci", "ö", "z", 1},
		{"utf8mb4_0900_ai_ci", "ö", "z", -1},
		{"UTF8MB4_GENERAL_CI", "a", "A", 0},
		{"utf8_general_ci", "a", "A", 0},
	} {
		coll := Lookup(c.name)
		if got := coll.Compare(c.a, c.b); got != c.want {
			t.Errorf("%s: %q with %q = %d, want %d", c.name, c.a, c.b, got, c.want)
		}
	}
	if Lookup("klingon") != nil || !Of("klingon").Binary() {
		t.Error("an unknown collation was found")
	}
}

// alphabet has characters of every kind that the collations treat apart.
var alphabet = []rune("abzABZ019 -_'ßsSéeÉøoöÖzščchlj\u0301\u00adıİ日本語я́Яµ😀😃\x00\t\ufffd")

func randomText(r *rand.Rand, ascii bool) string {
	var b strings.Builder
	for range r.IntN(7) {
		c := alphabet[r.IntN(len(alphabet))]
		if ascii {
			c = rune(r.IntN(128))
		}
		b.WriteRune(c)
	}
	return b.String()
}

// TestKeys holds sort keys against comparisons, and the paths for ASCII against the collator itself.
func TestKeys(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for _, c := range All() {
		for i := range 400 {
			a, b := randomText(r, i%2 == 0), randomText(r, i%4 < 2)
			want := bytes.Compare(c.AppendKey(nil, a), c.AppendKey(nil, b))
			if got := c.Compare(a, b); got != want || cmp.Compare(0, c.Compare(b, a)) != want {
				t.Fatalf("%s: %q with %q = %d, by their keys %d", c.Name, a, b, got, want)
			}
			if u, ok := c.weigh.(*uca); ok {
				key, first := u.collatorKey(nil, a), u.appendKey(nil, a)
				if again := u.appendKey(nil, a); !bytes.Equal(key, first) || !bytes.Equal(key, again) { // again may be cached
					t.Fatalf("%s: key of %q is not the collator's", c.Name, a)
				}
			}
		}
	}
}

func TestFold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, in, want string }{
		{"", "É", "É"},
		{"utf8mb4_0900_ai_ci", "CAFÉ", "cafe"},
		{"utf8mb4_0900_as_ci", "CAFÉ", "café"},
		{"utf8mb4_0900_as_cs", "CAFÉ", "CAFÉ"},
		{"utf8mb4_general_ci", "café ß", "CAFE S"},
		{"utf8mb4_bin", "É", "É"},
	} {
		if got := Of(c.name).Fold(c.in); got != c.want {
			t.Errorf("%s folds %q to %q, want %q", c.name, c.in, got, c.want)
		}
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	ids, primary := map[int]string{}, map[string]string{}
	for _, c := range All() {
		if other := ids[c.ID]; other != "" {
			t.Errorf("%s and %s have the id %d", c.Name, other, c.ID)
		}
		ids[c.ID] = c.Name
		if c.Name != strings.ToLower(c.Name) || c.Name != "binary" && !strings.HasPrefix(c.Name, c.Charset+"_") {
			t.Errorf("%s is named badly for the character set %s", c.Name, c.Charset)
		}
		if c.Primary {
			primary[c.Charset] += c.Name
		}
	}
	if primary["utf8mb4"] != Default || len(primary) != 5 {
		t.Errorf("defaults of the character sets: %v", primary)
	}
	// Stored keys depend on it: another version of the tables needs a migration.
	if Version != "cldr23" {
		t.Errorf("the tables of x/text are %s: keys stored by cldr23 do not fit them", Version)
	}
}

func BenchmarkKey(b *testing.B) {
	for _, name := range []string{"utf8mb4_0900_ai_ci", "utf8mb4_0900_as_cs", "utf8mb4_general_ci"} {
		for _, s := range []string{"some street 17b", "größere Straße 17"} {
			b.Run(name+"/"+s[:3], func(b *testing.B) {
				c := Of(name)
				var buf []byte
				for b.Loop() {
					buf = c.AppendKey(buf[:0], s)
				}
			})
		}
	}
}
