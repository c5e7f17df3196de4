package logictest

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// Kind is what a record asks for.
type Kind int

// The kinds of records.
const (
	Statement Kind = iota // run it: it succeeds, or fails
	Query                 // run it and compare the answer
	Halt                  // the rest of the file is not run
)

// Record is one test of a script.
type Record struct {
	Kind Kind
	Line int    // of its first word, from 1
	SQL  string // without the lines that are comments
	// Fails says that a statement must fail, with a message that Message matches where it is not nil.
	Fails   bool
	Message *regexp.Regexp
	// Types has a letter for each column of a query: T text, I integer, R real.
	Types string
	Sort  string // nosort, rowsort or valuesort
	Label string // queries of one label have equal answers
	// Want are the values, one after the other, or nil where Digest stands for them. Unchecked: the file gives no answer.
	Want      []string
	Count     int
	Digest    string // MD5, as hexadecimal digits
	Unchecked bool
	// Skip says that the record is for other engines.
	Skip bool
}

// engine is what conditions call the dialect.
const engine = "mysql"

var digest = regexp.MustCompile(`^(\d+) values hashing to ([0-9a-f]{32})$`)

// Scanner reads the records of a script, one at a time.
type Scanner struct {
	in   *bufio.Reader
	line int
}

// NewScanner returns a scanner over a script.
func NewScanner(r io.Reader) *Scanner { return &Scanner{in: bufio.NewReaderSize(r, 1<<16)} }

// readLine returns the next line without its end, or io.EOF.
func (s *Scanner) readLine() (string, error) {
	line, err := s.in.ReadString('\n')
	if err != nil && (err != io.EOF || line == "") {
		return "", err
	}
	s.line++
	return strings.TrimRight(line, "\r\n"), nil
}

// Next returns the next record, or io.EOF.
func (s *Scanner) Next() (*Record, error) {
	r := &Record{}
	for {
		line, err := s.readLine()
		if err != nil {
			return nil, err
		}
		if strings.TrimSpace(line) == "" || line[0] == '#' {
			continue
		}
		words := strings.Fields(line)
		switch words[0] {
		case "skipif", "onlyif":
			if len(words) < 2 {
				return nil, s.wrong("%s without an engine", words[0])
			}
			r.Skip = r.Skip || (words[1] == engine) == (words[0] == "skipif")
		case "hash-threshold": // how files are written, not how they are read
		case "halt":
			r.Kind, r.Line = Halt, s.line
			return r, nil
		case "statement":
			r.Line = s.line
			return r, s.statement(r, words, line)
		case "query":
			r.Kind, r.Line = Query, s.line
			return r, s.query(r, words)
		default:
			return nil, s.wrong("a record begins with %q", words[0])
		}
	}
}

func (s *Scanner) wrong(format string, args ...any) error {
	return fmt.Errorf("line %d: %s", s.line, fmt.Sprintf(format, args...))
}

func (s *Scanner) statement(r *Record, words []string, line string) (err error) {
	switch {
	case len(words) >= 2 && words[1] == "ok":
	case len(words) >= 2 && words[1] == "error":
		r.Fails = true
		if _, pattern, _ := strings.Cut(line, "error"); strings.TrimSpace(pattern) != "" {
			if r.Message, err = regexp.Compile(strings.TrimSpace(pattern)); err != nil {
				return s.wrong("%v", err)
			}
		}
	default:
		return s.wrong("a statement is ok or error")
	}
	_, err = s.sql(r)
	return err
}

// sql reads the text of a record up to a blank line or, when there is one, the line that parts it from the answer.
func (s *Scanner) sql(r *Record) (answered bool, err error) {
	var b strings.Builder
	for {
		line, err := s.readLine()
		if err == io.EOF || err == nil && strings.TrimSpace(line) == "" {
			break
		}
		if err != nil {
			return false, err
		}
		if line == "----" {
			answered = true
			break
		}
		if line[0] == '#' {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(line)
	}
	if b.Len() == 0 {
		return false, s.wrong("a record without SQL")
	}
	r.SQL = b.String()
	return answered, nil
}

func (s *Scanner) query(r *Record, words []string) error {
	r.Sort = "nosort"
	if len(words) < 2 || strings.Trim(words[1], "TIR") != "" {
		return s.wrong("a query has a letter T, I or R for each column")
	}
	r.Types = words[1]
	if len(words) > 2 && words[2][0] != '#' {
		r.Sort = words[2]
	}
	if len(words) > 3 && words[3][0] != '#' {
		r.Label = words[3]
	}
	if r.Sort != "nosort" && r.Sort != "rowsort" && r.Sort != "valuesort" {
		return s.wrong("sort mode %q", r.Sort)
	}
	answered, err := s.sql(r)
	if err != nil {
		return err
	}
	if r.Unchecked = !answered; r.Unchecked {
		return nil
	}
	for {
		line, err := s.readLine()
		if err == io.EOF || err == nil && line == "" {
			break
		}
		if err != nil {
			return err
		}
		r.Want = append(r.Want, line)
	}
	r.Count = len(r.Want)
	if r.Count == 1 {
		if m := digest.FindStringSubmatch(r.Want[0]); m != nil {
			r.Want, r.Digest = nil, m[2]
			r.Count, err = strconv.Atoi(m[1])
		}
	}
	return err
}
