package mariadb

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/s3sql/s3sql/conformance/differ"
	"github.com/s3sql/s3sql/conformance/logictest"
)

// TestExpressions asks both for every line of testdata/expressions.txt.
func TestExpressions(t *testing.T) {
	t.Parallel()
	known := readKnown(t)
	p := newPair(t)
	p.forgetWarnings()
	text, err := os.ReadFile("testdata/expressions.txt")
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(string(text), "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		for _, e := range splitList(line) {
			p.compare(known, fmt.Sprintf("expressions.txt:%d", i+1), "SELECT "+e)
		}
	}
}

// splitList parts a list at its commas outside of parentheses and quotes.
func splitList(s string) (items []string) {
	depth, start := 0, 0
	quote := byte(0)
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quote != 0 && c == '\\':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"' || c == '`':
			quote = c
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ',' && depth == 0:
			items, start = append(items, strings.TrimSpace(s[start:i])), i+1
		}
	}
	return append(items, strings.TrimSpace(s[start:]))
}

// TestScripts runs testdata/scripts/*.sql on both, one statement after the other.
func TestScripts(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/scripts/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			known := readKnown(t)
			p := newPair(t)
			p.forgetWarnings()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			line := 1
			for _, s := range strings.SplitAfter(string(text), ";\n") {
				if statement := strings.TrimSpace(s); statement != "" {
					p.compare(known, fmt.Sprintf("%s:%d", filepath.Base(file), line), strings.TrimSuffix(statement, ";"))
				}
				line += strings.Count(s, "\n")
			}
		})
	}
}

var (
	query      = regexp.MustCompile(`(?is)^\W*(SELECT|WITH|VALUES|SHOW|DESC|DESCRIBE|EXPLAIN|TABLE|EXECUTE)\b`)
	definition = regexp.MustCompile(`(?is)^\W*(CREATE|ALTER|DROP|RENAME|TRUNCATE|SET|USE|PREPARE)\b`)
)

// compare puts a statement to both, and wants all of the answer to be the same.
func (p *pair) compare(known *logictest.Known, where, statement string) {
	p.t.Helper()
	rules := differ.Rules{Names: true, Types: true, Exact: true, Number: true, Warnings: true, Counts: !definition.MatchString(statement),
		LastID: strings.HasPrefix(statement, "INSERT"), Ordered: strings.Contains(statement, "ORDER BY")}
	ours, theirs := p.ask(statement, query.MatchString(statement))
	d := rules.Compare(ours, theirs)
	if d == "" && ours.Message == "" {
		ours.Warnings, theirs.Warnings = warnings(p.askWarnings())
		d = rules.Compare(ours, theirs)
	}
	if len(theirs.Warnings) > 0 || theirs.Message != "" {
		p.forgetWarnings()
	}
	if d == "error numbers" && ours.Number == theirs.Number {
		d = "" // MariaDB gives a few of MySQL's numbers another SQLSTATE; internal/errno has MySQL's
	}
	reason, maybe := known.Reason(filepath.Base(strings.SplitN(where, ":", 2)[0]), statement)
	switch {
	case d != "" && reason == "":
		p.t.Errorf("%s: %s: %s\nours: %s\ntheirs: %s", where, statement, d, ours, theirs)
	case d == "" && reason != "" && !maybe:
		p.t.Errorf("%s: %s: both answer the same; testdata/known.txt lists it", where, statement)
	}
}

func (p *pair) askWarnings() (ours, theirs *differ.Answer) { return p.ask("SHOW WARNINGS", true) }

// forgetWarnings makes MariaDB forget its warnings, which it else repeats after statements that read no table.
func (p *pair) forgetWarnings() {
	p.t.Helper()
	if a, err := p.theirs.Ask(p.t.Context(), "SELECT 1 FROM mysql.db LIMIT 0", true); err != nil || a.Message != "" {
		p.t.Fatal(a, err)
	}
}

// warnings are their numbers: how they are worded, servers differ in.
func warnings(ours, theirs *differ.Answer) (a, b []string) {
	for _, r := range ours.Rows {
		a = append(a, r[0]+" "+r[1])
	}
	for _, r := range theirs.Rows {
		b = append(b, r[0]+" "+r[1])
	}
	return a, b
}

func readKnown(t *testing.T) *logictest.Known {
	t.Helper()
	in, err := os.Open("testdata/known.txt")
	if err != nil {
		t.Fatal(err)
	}
	known, err := logictest.ReadKnown(in)
	if err != nil {
		t.Fatalf("testdata/known.txt: %v", err)
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	return known
}
