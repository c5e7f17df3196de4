package main

import (
	"slices"
	"strconv"
	"strings"
)

// changing are the first words of statements that answer with a count of rows instead of rows.
var changing = []string{"INSERT", "REPLACE", "UPDATE", "DELETE", "LOAD", "CREATE", "ALTER", "DROP", "RENAME", "TRUNCATE", "BEGIN",
	"START", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "SET", "USE", "LOCK", "UNLOCK", "GRANT", "REVOKE", "FLUSH", "RESET"}

// changes reports whether a statement is to be run for its count. What it does not know is run for its rows, so that
// none are lost.
func changes(text string) bool {
	found := false
	for word := range words(behindGate(text)) {
		if !found {
			if !slices.Contains(changing, word) {
				return false
			}
			found = true
		} else if word == "RETURNING" {
			return false
		}
	}
	return found
}

// gateVersion is the latest version of MySQL whose version-gated comments are run: what sqlengine/parse says it is.
const gateVersion = 80036

// behindGate returns what runs of a statement that begins in a version-gated comment, as dumps write them: /*!50001 CREATE … */.
func behindGate(text string) string {
	rest, ok := strings.CutPrefix(text, "/*!")
	if !ok {
		return text
	}
	n := 0
	for n < min(len(rest), 6) && rest[n] >= '0' && rest[n] <= '9' {
		n++
	}
	if v, err := strconv.Atoi(rest[:n]); n >= 5 && (err != nil || v > gateVersion) {
		return text // a comment, after which another statement may stand
	}
	return rest[n:]
}

// words yields the words of a statement that stand outside strings, quoted names and comments, in upper case. A
// parenthesis that begins the statement yields "".
func words(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		s := newSplitter()
		word, seen := "", false
		for i := 0; i < len(text); {
			before := s.state
			size, kind := s.step(text[i:])
			if kind == isBlank && size == len(text)-i { // a comment up to the end of its line
				if n := strings.IndexByte(text[i:], '\n'); n >= 0 {
					size = n + 1
				}
			}
			c := text[i]
			if kind == isCode && before == 0 && s.state == 0 && (c == '_' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80) {
				word += string(rune(c))
			} else if word != "" || kind == isCode && !seen {
				if !yield(strings.ToUpper(word)) {
					return
				}
				word, seen = "", true
			}
			i += size
		}
		if word != "" {
			yield(strings.ToUpper(word))
		}
	}
}
