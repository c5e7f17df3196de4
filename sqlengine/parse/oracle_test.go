package parse

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/ast"
)

// sameTree parses an expression by the core, as a select item, and by the parser of this package, and compares.
func sameTree(t *testing.T, text string) bool {
	t.Helper()
	stmt, err := Statement("SELECT " + text)
	own, err2 := Expr(text)
	if (err == nil) != (err2 == nil) {
		t.Fatalf("%s\ncore: %v\nhere: %v", text, err, err2)
	}
	if err != nil {
		return false
	}
	if a, b := ast.Dump(stmt.(*ast.Select).Items[0].Expr), ast.Dump(own); a != b {
		t.Fatalf("%s\ncore: %s\nhere: %s", text, a, b)
	}
	return true
}

// TestCoreAgrees holds the two expression parsers against each other: on every expression of the corpus, and on random ones.
func TestCoreAgrees(t *testing.T) {
	t.Parallel()
	n := 0
	for _, sql := range corpus(t) {
		stmt, err := Statement(sql)
		s, ok := stmt.(*ast.Select)
		if err != nil || !ok {
			continue
		}
		for _, it := range s.Items {
			if _, star := it.Expr.(*ast.Star); !star && !strings.Contains(it.Text, "?") && !strings.Contains(it.Text, "*/") && !strings.Contains(it.Text, "/*") {
				sameTree(t, it.Text)
				n++
			}
		}
	}
	if n < 150 {
		t.Fatalf("only %d expressions in the corpus", n)
	}
	r := rand.New(rand.NewPCG(7, 11))
	good := 0
	for range 20_000 {
		if sameTree(t, randomExpr(r, 4)) {
			good++
		}
	}
	if good < 10_000 {
		t.Fatalf("only %d of 20000 random expressions are valid", good)
	}
}

func pick(r *rand.Rand, list ...string) string { return list[r.IntN(len(list))] }

// randomExpr writes an expression with few parentheses, so that precedence decides.
func randomExpr(r *rand.Rand, depth int) string {
	if depth == 0 {
		return pick(r, "a", "t.b", "1", "'x'", "2.5", "NULL", "TRUE", "x'41'", "`q`", "@v")
	}
	x := func() string { return randomExpr(r, depth-1-r.IntN(depth)) }
	switch r.IntN(14) {
	case 0, 1, 2:
		return x() + " " + pick(r, "+", "-", "*", "/", "%", "DIV", "MOD", "&", "|", "^", "<<", ">>") + " " + x()
	case 3, 4:
		return x() + " " + pick(r, "AND", "OR", "XOR", "&&", "||") + " " + x()
	case 5, 6:
		return x() + " " + pick(r, "=", "<", "<=>", "<>", "!=", ">=") + " " + x()
	case 7:
		return pick(r, "-", "~", "!", "NOT ", "BINARY ", "+") + x()
	case 8:
		return x() + pick(r, " IS NULL", " IS NOT NULL", " IS TRUE", " IS UNKNOWN", " COLLATE c")
	case 9:
		return x() + pick(r, " IN (", " NOT IN (") + x() + ", " + x() + ")"
	case 10:
		return x() + pick(r, " BETWEEN ", " NOT BETWEEN ") + x() + " AND " + x()
	case 11:
		return x() + pick(r, " LIKE ", " NOT LIKE ", " REGEXP ") + x() + pick(r, "", "", " ESCAPE 'e'")
	case 12:
		return pick(r, "(", "f(", "IF(a, ", "CASE WHEN ", "CAST(") + x() + ")"
	}
	return "CASE " + pick(r, "", x()) + " WHEN " + x() + " THEN " + x() + " END"
}

// corpus returns the statements of testdata/corpus.
func corpus(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/corpus/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no corpus", err)
	}
	var out []string
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range bytes.Split(b, []byte("\n\n")) {
			in, _, _ := bytes.Cut(part, []byte("\n----"))
			lines := strings.Split(string(in), "\n")
			if lines[0] == "text" {
				lines = []string{"", strings.Join(lines[1:], "\n")}
			}
			out = append(out, lines[1:]...)
		}
	}
	return out
}

// check parses sql in every way and fails if that shows a bug, whatever the text is.
func check(t *testing.T, sql string) {
	t.Helper()
	p, err := Parse(sql)
	if err != nil {
		if k := base.KindOf(err); k != base.KindInvalid && k != base.KindUnsupported {
			t.Fatalf("%q: %v", sql, err)
		}
	} else {
		if len(p.ParamNames) != p.NumParams {
			t.Fatalf("%q: %d names of %d parameters", sql, len(p.ParamNames), p.NumParams)
		}
		if ast.Dump(p.Stmt) == "" {
			t.Fatalf("%q: no tree", sql)
		}
	}
	n := 0
	for text, at := range Split(sql) {
		if at < n || at+len(text) > len(sql) || sql[at:at+len(text)] != text || text == "" {
			t.Fatalf("%q: statement %q at %d", sql, text, at)
		}
		n = at + len(text)
	}
	Normalize(sql)
}

// TestMutated parses statements with tokens dropped, doubled, swapped and replaced.
func TestMutated(t *testing.T) {
	t.Parallel()
	all := corpus(t)
	r := rand.New(rand.NewPCG(3, 5))
	var words []string
	for _, sql := range all {
		words = append(words, strings.Fields(sql)...)
	}
	for range 20_000 {
		w := strings.Fields(all[r.IntN(len(all))])
		for range 1 + r.IntN(3) {
			if len(w) == 0 {
				break
			}
			switch i := r.IntN(len(w)); r.IntN(5) {
			case 0:
				w = append(w[:i:i], w[i+1:]...)
			case 1:
				w = append(w[:i+1:i+1], w[i:]...)
			case 2:
				j := r.IntN(len(w))
				w[i], w[j] = w[j], w[i]
			case 3:
				w[i] = words[r.IntN(len(words))]
			case 4:
				if k := r.IntN(len(w[i])); k > 0 {
					w[i] = w[i][:k]
				}
			}
		}
		check(t, strings.Join(w, " "))
	}
}

func FuzzParse(f *testing.F) {
	for _, sql := range corpus(f) {
		f.Add(sql)
	}
	f.Fuzz(check)
}
