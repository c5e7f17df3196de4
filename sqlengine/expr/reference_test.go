package expr

import (
	"flag"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/s3sql/s3sql/sqlengine/parse"
)

var rewrite = flag.Bool("rewrite", false, "write docs/functions.md")

// referenceLine is an entry of reference.txt.
type referenceLine struct{ name, kind, text string }

// reference reads reference.txt: its headings in order and the entries below each.
func reference(t *testing.T) (headings []string, entries map[string][]referenceLine) {
	t.Helper()
	data, err := os.ReadFile("reference.txt")
	if err != nil {
		t.Fatal(err)
	}
	entries = map[string][]referenceLine{}
	heading := ""
	for n, line := range strings.Split(string(data), "\n") {
		switch {
		case strings.HasPrefix(line, "## "):
			heading = line[3:]
			headings = append(headings, heading)
			continue
		case line == "", line[0] == '#':
			continue
		}
		parts := strings.Split(strings.ReplaceAll(line, `\|`, "\x00"), "|")
		if len(parts) != 3 {
			t.Fatalf("reference.txt:%d: not three parts", n+1)
		}
		for i := range parts {
			parts[i] = strings.TrimSpace(strings.ReplaceAll(parts[i], "\x00", "|"))
		}
		entries[heading] = append(entries[heading], referenceLine{parts[0], parts[1], parts[2]})
	}
	return headings, entries
}

// exists reports whether the entry's kind is what the code says; a window function is one when its table has it.
func (l referenceLine) exists(t *testing.T) bool {
	here := IsFunction(l.name) || IsAggregate(l.name)
	switch l.kind {
	case "-":
		if here {
			t.Errorf("%s exists, but reference.txt says that it does not", l.name)
		}
		return false
	case "":
		if !here {
			t.Errorf("%s does not exist, but reference.txt says that it does", l.name)
		}
		return here
	case "w":
		return windowFunction(l.name)
	}
	return true
}

// TestFunctionsDoc compares docs/functions.md with the registry and reference.txt; with -rewrite it writes the page.
func TestFunctionsDoc(t *testing.T) {
	headings, entries := reference(t)
	var b strings.Builder
	b.WriteString("# Functions and operators\n\nWhat MySQL 8.0's \"Built-In Function and Operator Reference\" lists, and what is here. Made by\n" +
		"`go test ./sqlengine/expr -run TestFunctionsDoc -rewrite` from the registry and `sqlengine/expr/reference.txt`.\n")
	known := map[string]bool{}
	for _, h := range headings {
		b.WriteString("\n## " + h + "\n\n| name | here | what it does, or why it is missing |\n|---|---|---|\n")
		for _, l := range entries[h] {
			known[strings.ToUpper(l.name)] = true
			mark := "yes"
			if !l.exists(t) {
				mark = "no"
			}
			escape := strings.NewReplacer("|", `\|`, "<", "&lt;", ">", "&gt;")
			b.WriteString("| `" + strings.ReplaceAll(l.name, "|", `\|`) + "` | " + mark + " | " + escape.Replace(l.text) + " |\n")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(registry)) {
		if name != "!=" && !known[name] && !internal[name] {
			t.Errorf("%s is not in reference.txt", name)
		}
	}
	const page = "../../docs/functions.md"
	if *rewrite {
		if err := os.WriteFile(page, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if have, err := os.ReadFile(page); err != nil || string(have) != b.String() {
		t.Errorf("%s is not up to date (%v): go test ./sqlengine/expr -run TestFunctionsDoc -rewrite", page, err)
	}
}

// internal are entries of the registry that are no function of their own in SQL.
var internal = map[string]bool{"NEG": true, "IS NULL": true, "IS TRUE": true, "IS FALSE": true, "JSON_SCALAR": true,
	"CONVERT USING": true}

// windowFunction reports whether a window function of the name exists: OVER behind another name does not parse.
func windowFunction(name string) bool {
	_, err := parse.Statement("SELECT " + name + "(a) OVER ()")
	return err == nil
}
