package main

import (
	"slices"
	"strings"
	"testing"
)

func splitAll(text string) (all []statement) {
	s := newSplitter()
	for line := range strings.Lines(text) {
		all = append(all, s.feed(line)...)
	}
	if last, ok := s.rest(); ok {
		all = append(all, last)
	}
	return all
}

func TestSplit(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in string
		want     []statement
	}{
		{"nothing", " \n;;\n -- x\n", nil},
		{"two on a line", "SELECT 1; SELECT 2", []statement{{text: "SELECT 1", line: 1}, {text: "SELECT 2", line: 1}}},
		{"several lines", "\nSELECT\n 1;\n\nSELECT 2;", []statement{{text: "SELECT\n 1", line: 2}, {text: "SELECT 2", line: 5}}},
		{"strings", `SELECT ';', "a;b", 'it''s;', 'a\';b';x`, []statement{{text: `SELECT ';', "a;b", 'it''s;', 'a\';b'`, line: 1}, {text: "x", line: 1}}},
		{"a string of two lines", "SELECT 'a;\nb';", []statement{{text: "SELECT 'a;\nb'", line: 1}}},
		{"names", "SELECT `a;\\`;x", []statement{{text: "SELECT `a;\\`", line: 1}, {text: "x", line: 1}}},
		{"comments inside", "SELECT 1 -- a;b\n + # c;d\n 2 /* e;\n f */;", []statement{{text: "SELECT 1 -- a;b\n + # c;d\n 2 /* e;\n f */", line: 1}}},
		{"comments before", "-- one\n/* two; */\nSELECT 1;", []statement{{text: "SELECT 1", lead: "-- one\n/* two; */", line: 3}}},
		{"minus minus", "SELECT 5--3;", []statement{{text: "SELECT 5--3", line: 1}}},
		{"a gate is run", "/*!50000 SET x = 1; */;", []statement{{text: "/*!50000 SET x = 1; */", line: 1}}},
		{"a hint is kept", "SELECT /*+ X(a;b) */ 1;", []statement{{text: "SELECT /*+ X(a;b) */ 1", line: 1}}},
		{"vertical", "SELECT 1\\G SELECT 2\\g", []statement{{text: "SELECT 1", line: 1, vertical: true}, {text: "SELECT 2", line: 1}}},
		{"vertical in a string", `SELECT '\G';`, []statement{{text: `SELECT '\G'`, line: 1}}},
		{"command", " \\d t ;\nSELECT 1;", []statement{{text: `\d t`, line: 1, command: true}, {text: "SELECT 1", line: 2}}},
		{"command behind a statement", `SELECT 1; \q`, []statement{{text: "SELECT 1", line: 1}, {text: `\q`, line: 1, command: true}}},
		{"words are commands", "Quit;\nhelp", []statement{{text: `\q`, line: 1, command: true}, {text: `\?`, line: 2, command: true}}},
		{"no command inside a statement", "SELECT\nexit\n;", []statement{{text: "SELECT\nexit", line: 1}}},
		{"null is no command", `\N;`, []statement{{text: `\N`, line: 1}}},
		{"no terminator", "SELECT 1 -- end", []statement{{text: "SELECT 1 -- end", line: 1}}},
		{"CRLF", "SELECT 1;\r\nSELECT 2;\r\n", []statement{{text: "SELECT 1", line: 1}, {text: "SELECT 2", line: 2}}},
		{"string left open", "SELECT 'a;\nb;", []statement{{text: "SELECT 'a;\nb;", line: 1}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := splitAll(tt.in); !slices.Equal(got, tt.want) {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

func TestComplete(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"": true, "  ": true, "SELECT 1": false, "SELECT 1;": true, "SELECT 1;\n-- later": true, "SELECT ';": false,
		"SELECT 1\\G": true, "\\d": true, "quit": true, "SELECT 1; SELECT": false, "/* a": false, "SELECT 1 -- ;": false,
	} {
		if got := complete(text); got != want {
			t.Errorf("complete(%q) = %v", text, got)
		}
	}
}

func TestChanges(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"SELECT 1": false, "(SELECT 1) UNION SELECT 2": false, "insert into t values (1)": true, "REPLACE(1)": true,
		"/* x */ -- y\nUPDATE t SET a = 1": true, "WITH c AS (SELECT 1) SELECT * FROM c": false, "DELETE FROM t RETURNING a": false,
		"INSERT INTO t VALUES ('RETURNING')": true, "INSERT INTO `returning` VALUES (1) -- returning": true, "SHOW TABLES": false,
		"/*!50001 CREATE VIEW v AS SELECT 1 */": true, "/*!40101 SET NAMES utf8 */": true, "/*! insert into t values (1) */": true,
		"/*!99999 INSERT */ SELECT 1": false, "/*!50001 SELECT 1 */": false, "/*!080001 DELETE FROM t RETURNING a */": false, "/*!": false,
		"/*!50001 DELETE */ FROM t RETURNING a": false, "/*!800 x */": false, "/*!999999": false, "/*+ x */": false,
		"EXPLAIN DELETE FROM t": false, "CHECK STORE": false, "anything new": false, "commit": true, "": false,
		"INSERT INTO t_returning VALUES (1)": true, "'INSERT'": false, "UPDATE t SET a = 'x' -- c\nRETURNING a": false,
	} {
		if got := changes(text); got != want {
			t.Errorf("changes(%q) = %v", text, got)
		}
	}
}
