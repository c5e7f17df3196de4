package main

import "strings"

// statement is one thing to run: SQL, or a command of the shell itself.
type statement struct {
	text     string // without its terminator and the comments before it
	lead     string // the comments before it, as they were written
	line     int    // where text begins, from 1
	vertical bool   // ended by \G
	command  bool   // of the shell, not SQL
}

// splitter cuts a script into statements, line by line, so that a script of any length is never held as a whole. It
// knows strings, quoted names and comments, and nothing else of SQL.
type splitter struct {
	buf   strings.Builder // comments, then the statement under way
	code  int             // where in buf the statement begins; -1 while there are only blanks and comments
	line  int             // that feed has read last
	begin int             // line of code
	state byte            // 0, the quote that is open, or '*' inside a comment
}

func newSplitter() *splitter { return &splitter{code: -1} }

// feed takes one line, with its line break if it has one, and returns the statements that end in it. A command of the
// shell takes the rest of its line.
func (s *splitter) feed(line string) (done []statement) {
	s.line++
	for fresh := true; line != ""; {
		if word := commandIn(line); word != "" && fresh && !s.open() {
			s.code, s.begin = s.buf.Len(), s.line
			s.buf.WriteString(word)
			c := s.take(false)
			c.command = true
			return append(done, c)
		}
		size, kind := s.step(line)
		switch kind {
		case isEnd:
			if s.code >= 0 {
				done = append(done, s.take(line[:size] == `\G`))
			}
		case isCode:
			if s.code < 0 {
				s.code, s.begin = s.buf.Len(), s.line
			}
			fallthrough
		default:
			s.buf.WriteString(line[:size])
		}
		fresh = kind == isEnd
		line = line[size:]
	}
	return done
}

// rest returns what has no terminator at the end of a script.
func (s *splitter) rest() (last statement, ok bool) {
	if s.code < 0 {
		return statement{}, false
	}
	return s.take(false), true
}

// open reports whether a statement or a comment is under way.
func (s *splitter) open() bool { return s.code >= 0 || s.state != 0 }

func (s *splitter) take(vertical bool) statement {
	all := s.buf.String()
	done := statement{text: strings.TrimSpace(all[s.code:]), lead: strings.TrimSpace(all[:s.code]), line: s.begin, vertical: vertical}
	s.buf.Reset()
	s.code = -1
	return done
}

type tokenKind byte

const (
	isBlank tokenKind = iota // or part of a comment
	isCode
	isEnd
)

// step returns length and kind of what rest begins with.
func (s *splitter) step(rest string) (int, tokenKind) {
	c := rest[0]
	switch {
	case s.state == '*':
		if strings.HasPrefix(rest, "*/") {
			s.state = 0
			return 2, isBlank
		}
		return 1, isBlank
	case s.state != 0:
		if c == '\\' && s.state != '`' && len(rest) > 1 {
			return 2, isCode
		}
		if c == s.state {
			s.state = 0 // a doubled quote opens again at once
		}
		return 1, isCode
	case c <= ' ':
		return 1, isBlank
	case c == ';':
		return 1, isEnd
	case strings.HasPrefix(rest, `\g`), strings.HasPrefix(rest, `\G`):
		return 2, isEnd
	case c == '#', strings.HasPrefix(rest, "--") && (len(rest) == 2 || rest[2] <= ' '):
		return len(rest), isBlank
	case strings.HasPrefix(rest, "/*"):
		s.state = '*'
		if strings.HasPrefix(rest, "/*!") || strings.HasPrefix(rest, "/*+") {
			return 2, isCode // it is run, or says how to
		}
		return 2, isBlank
	case c == '\'' || c == '"' || c == '`':
		s.state = c
	}
	return 1, isCode
}

// commandIn returns the shell command that a line holds, "" for none: a backslash and a letter, or a word that people
// type to leave or to get help.
func commandIn(line string) string {
	t := strings.TrimSpace(line)
	switch strings.ToLower(strings.TrimRight(t, "; ")) {
	case "quit", "exit":
		return `\q`
	case "help":
		return `\?`
	}
	if len(t) < 2 || t[0] != '\\' || t[1] == 'g' || t[1] == 'G' || t[1] == 'N' {
		return ""
	}
	return strings.TrimRight(t, "; ")
}

// complete reports whether what was typed is ready to run: nothing, a command, or statements with their terminators.
func complete(text string) bool {
	s := newSplitter()
	for line := range strings.Lines(text) {
		s.feed(line)
	}
	return !s.open()
}
