package sqlengine_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/s3sql/s3sql/sqlengine"
)

var (
	mutations     = flag.Int("mutations", 3000, "mutated statements to run")
	mutationsSeed = flag.Uint64("mutations-seed", 1, "where they start")
)

// TestMutatedStatements runs statements with words swapped, dropped, doubled and replaced against tables with rows: whatever is
// asked, the answer is rows or an error with a number, in bounded time.
func TestMutatedStatements(t *testing.T) {
	t.Parallel()
	corpus := corpusStatements(t)
	var words []string
	for _, s := range corpus {
		words = append(words, strings.Fields(s)...)
	}
	words = append(words, "NULL", "-1", "18446744073709551615", "-9223372036854775808", "1e308", "''", "'\\0'", "0.00000000000000000000000000000000000001",
		"99999999999999999999999999999999999999", "'2024-02-30'", "'9999-12-31 23:59:59'", "INTERVAL 1000000 YEAR", "(SELECT 1)", "@@version", "'€𝄞'")
	rng := rand.New(rand.NewPCG(*mutationsSeed, 2))
	for left := *mutations; left > 0; left -= 1000 { // a new database now and then: some statements double their table
		t.Run(fmt.Sprint(left), func(t *testing.T) { mutateOn(t, openMem(t).NewSession(), min(left, 1000), rng, corpus, words) })
	}
}

func mutateOn(t *testing.T, s *sqlengine.Session, count int, rng *rand.Rand, corpus, words []string) {
	t.Helper()
	setup := func() {
		for _, sql := range []string{
			"CREATE TABLE IF NOT EXISTS t (id INT PRIMARY KEY, v INT)", "CREATE TABLE IF NOT EXISTS users (id BIGINT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20), email VARCHAR(50) UNIQUE, age INT, balance DECIMAL(10,2))",
			"CREATE TABLE IF NOT EXISTS emp (id INT PRIMARY KEY, dept_id INT, name VARCHAR(20), salary INT, KEY by_dept (dept_id))",
			"CREATE TABLE IF NOT EXISTS dept (id INT PRIMARY KEY, name VARCHAR(20))",
			"INSERT IGNORE INTO t VALUES (1, 1), (2, NULL), (3, -5)", "INSERT IGNORE INTO emp VALUES (1, 1, 'Ada', 100), (2, NULL, 'Bob', 80)",
			"INSERT IGNORE INTO dept VALUES (1, 'Eng'), (2, NULL)", "INSERT IGNORE INTO users (name, email, age, balance) VALUES ('Ada', 'a@x', 30, 1.5), (NULL, NULL, NULL, NULL)",
		} {
			answer(s, sql)
		}
	}
	for i := range count {
		if i%50 == 0 {
			setup()
		}
		sql := mutate(rng, corpus[rng.IntN(len(corpus))], words)
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		out := answerContext(ctx, s, sql)
		late := ctx.Err() != nil
		cancel()
		if late {
			t.Errorf("still running after 10 s: %s", sql)
		} else if strings.Contains(out, "error without a number") || strings.Contains(out, "ERROR 1105") {
			t.Errorf("%s\n%s", sql, out)
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// corpusStatements returns the statements of the scripts in testdata.
func corpusStatements(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range strings.Split(string(text), "\n\n") {
			lines := strings.Split(part, "\n")
			if end := indexOf(lines, "----"); end > 1 {
				out = append(out, strings.Join(lines[1:end], "\n"))
			}
		}
	}
	if len(out) < 100 {
		t.Fatalf("only %d statements", len(out))
	}
	return out
}

func indexOf(lines []string, want string) int {
	for i, l := range lines {
		if l == want {
			return i
		}
	}
	return -1
}

// mutate changes a few words of a statement.
func mutate(rng *rand.Rand, sql string, words []string) string {
	w := strings.Fields(sql)
	for range 1 + rng.IntN(3) {
		if len(w) == 0 {
			return sql
		}
		i, j := rng.IntN(len(w)), rng.IntN(len(w))
		switch rng.IntN(5) {
		case 0:
			w[i], w[j] = w[j], w[i]
		case 1:
			w = append(w[:i:i], w[i+1:]...)
		case 2:
			w = append(w[:i:i], append([]string{words[rng.IntN(len(words))]}, w[i:]...)...)
		default:
			w[i] = words[rng.IntN(len(words))]
		}
	}
	return strings.Join(w, " ")
}
