package relevance

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/s3sql/s3sql/driver"
)

// open returns a database of its own with a table and some texts in it.
func open(t *testing.T, create string, rows [][]any) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver.Name, "mem://")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	ctx := context.Background()
	if _, err := db.ExecContext(ctx, create); err != nil {
		t.Fatal(err)
	}
	for chunk := range slices.Chunk(rows, 500) {
		var args []any
		for _, r := range chunk {
			args = append(args, r...)
		}
		row := "(" + strings.TrimSuffix(strings.Repeat("?,", len(chunk[0])), ",") + "),"
		if _, err := db.ExecContext(ctx, "INSERT INTO d VALUES "+strings.TrimSuffix(strings.Repeat(row, len(chunk)), ","), args...); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

func column(t *testing.T, db *sql.DB, q string, args ...any) (out []string) {
	t.Helper()
	rows, err := db.QueryContext(context.Background(), q, args...)
	if err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	return out
}

// judged are questions in other words than the headwords, and the articles that answer them, judged by reading the dictionary.
var judged = []struct {
	query    string
	relevant []string
}{
	{"transfer electronic mail between computers", []string{"simple mail transfer protocol", "electronic mail", "message transfer agent", "sendmail", "post office protocol"}},
	{"program that converts source language to machine code", []string{"compiler", "assembler", "code generator", "object code"}},
	{"reclaim dynamically allocated storage automatically", []string{"garbage collection", "reference counting", "memory leak", "storage management", "mark-sweep garbage collection", "copying garbage collection"}},
	{"sorting technique that compares adjacent values", []string{"bubble sort", "insertion sort", "cocktail shaker sort"}},
	{"processes waiting for one of the others forever", []string{"deadlock", "starvation", "deadly embrace", "livelock"}},
	{"translating hostnames into internet addresses", []string{"domain name system", "name resolution", "address resolution", "nslookup", "resolver", "bind"}},
	{"computer's memory larger than physical ram", []string{"virtual memory", "paging", "swap space", "demand paging", "swapping"}},
	{"page description language for laser printers", []string{"postscript", "printer control language", "page description language", "interpress"}},
	{"self replicating program spreading over a network", []string{"worm", "internet worm", "virus", "great worm"}},
	{"public key encryption by rivest shamir adleman", []string{"rsa", "rivest, shamir, adleman", "rsa encryption", "public-key encryption"}},
	{"query language for relational databases", []string{"structured query language", "sql", "quel", "query language", "tutorial d"}},
	{"founder of the free software foundation", []string{"richard stallman", "free software foundation", "richard m. stallman", "gnu"}},
	{"smallest unit of information zero or one", []string{"bit", "byte", "binary digit", "binary"}},
	{"operator precedence postfix notation without parentheses", []string{"postfix notation", "reverse polish notation", "polish notation", "prefix notation"}},
	{"object-oriented language from xerox parc", []string{"smalltalk", "smalltalk-80", "xerox parc", "loops", "traits"}},
	{"error detection by a checksum over a block of data", []string{"cyclic redundancy check", "checksum", "error detection", "parity", "cyclic redundancy code"}},
	{"light emitting display of portable computers", []string{"liquid crystal display", "light-emitting diode", "active matrix display", "laptop computer", "field emission display"}},
	{"tree in which each node has at most two children", []string{"binary tree", "b-tree", "binary search tree", "avl tree", "heap", "extended binary tree"}},
	{"unauthorised access by someone breaking into systems", []string{"cracker", "cracking", "hacker", "intrusion detection system", "back door"}},
	{"first come first served queue", []string{"first-in first-out", "fifo", "queue", "first come first served", "batch processing"}},
}

// TestDictionary asks the dictionary of computing. The measures are those of TREC: the reciprocal rank of the first relevant article, and
// whether one is among the first three.
func TestDictionary(t *testing.T) {
	t.Parallel()
	entries := dictionary(t, filepath.Join(unpacked(t, "dict-foldoc"), "usr/share/dictd"), "foldoc")
	if len(entries) < 10_000 {
		t.Fatalf("%d articles", len(entries))
	}
	var rows [][]any
	for i, e := range entries {
		rows = append(rows, []any{i, e.term, e.text})
	}
	db := open(t, "CREATE TABLE d (id INT PRIMARY KEY, term TEXT, body TEXT, FULLTEXT (term, body) WITH (stemming = true))", rows)
	reciprocal, early := 0.0, 0
	for _, q := range judged {
		got := column(t, db, "SELECT term FROM d WHERE MATCH (term, body) AGAINST (?) LIMIT 10", q.query)
		rank := slices.IndexFunc(got, func(term string) bool { return slices.Contains(q.relevant, term) })
		t.Logf("%2d  %s: %s", rank+1, q.query, strings.Join(got[:min(5, len(got))], " | "))
		if rank >= 0 {
			reciprocal += 1 / float64(rank+1)
		}
		if rank >= 0 && rank < 3 {
			early++
		}
	}
	n := float64(len(judged))
	t.Logf("mean reciprocal rank %.3f, a relevant article among the first three for %.2f of the questions", reciprocal/n, float64(early)/n)
	if reciprocal/n < 0.7 || float64(early)/n < 0.7 {
		t.Errorf("mean reciprocal rank %.3f, among the first three %.2f", reciprocal/n, float64(early)/n)
	}
	// A headword finds its own article first, with a typing error too.
	first, misspelt := 0, 0
	for i := 0; i < len(entries); i += 150 {
		e := entries[i]
		if len(e.term) < 6 || regexp.MustCompile(`[^a-z]`).MatchString(e.term) {
			continue
		}
		first++
		word := e.term[:3] + e.term[4:]
		if got := column(t, db, "SELECT term FROM d WHERE MATCH (term) AGAINST (? IN BOOLEAN MODE) LIMIT 10", word+"~1"); !slices.Contains(got, e.term) {
			misspelt++
			t.Logf("%s for %s: %v", word, e.term, got)
		}
	}
	if first == 0 || misspelt*10 > first {
		t.Errorf("%d of %d misspelt headwords are not found", misspelt, first)
	}
}

// TestLanguages looks for a word in one form, and compares what is found with the texts that have it in any.
func TestLanguages(t *testing.T) {
	t.Parallel()
	for _, l := range []struct {
		pkg, folder, language string
		pairs                 map[string]string // a form of a word, and an expression for texts that have to be found
	}{
		{"fortunes-de", "de", "de", map[string]string{"Frauen": "frau|frauen", "Kindern": "kind|kinder|kindern", "Mannes": "mann|mannes"}},
		{"fortunes-es", "es", "es", map[string]string{"amigo": "amigo|amigos", "mujeres": "mujer|mujeres", "corazón": "corazon|corazón"}},
		{"fortunes-it", "it", "it", map[string]string{"donna": "donna|donne", "amici": "amico|amici"}},
		{"fortunes-br", ".", "pt", map[string]string{"homens": "homem|homens", "amigo": "amigo|amigos"}},
		{"fortunes-ru", "ru", "ru", map[string]string{"женщина": "женщина|женщины|женщине|женщину", "книга": "книга|книги|книгу"}},
	} {
		t.Run(l.language, func(t *testing.T) {
			t.Parallel()
			texts := sayings(t, filepath.Join(unpacked(t, l.pkg), "usr/share/games/fortunes", l.folder))
			var rows [][]any
			for i, text := range texts {
				if utf8.ValidString(text) {
					rows = append(rows, []any{i, text})
				}
			}
			if len(rows) > 3000 {
				rows = rows[:3000]
			}
			db := open(t, "CREATE TABLE d (id INT PRIMARY KEY, body TEXT, FULLTEXT (body) WITH (stemming = true, language = '"+l.language+"'))", rows)
			for form, all := range l.pairs {
				got := column(t, db, "SELECT id FROM d WHERE MATCH (body) AGAINST (?)", form)
				re := regexp.MustCompile(`(?i)(^|[^\p{L}\p{M}.'’-])(` + all + `)($|[^\p{L}\p{M}.'’-])`)
				want, missed := 0, 0
				for _, r := range rows {
					if re.MatchString(r[1].(string)) {
						want++
						if !slices.Contains(got, fmt.Sprint(r[0])) {
							missed++
							t.Logf("%s: not found: %.200s", form, r[1])
						}
					}
				}
				t.Logf("%s: %d texts have %s, %d are found", form, want, all, len(got))
				if want < 3 || missed > 0 || len(got) > 3*want {
					t.Errorf("%s: %d of %d texts are missed, %d are found", form, missed, want, len(got))
				}
			}
		})
	}
}
