package logictest

import (
	"bufio"
	"fmt"
	"io"
	"path"
	"strings"
)

// Known is the list of records that do not pass, each with the page of MySQL's manual that says otherwise.
type Known struct{ entries []knownRecord }

type knownRecord struct {
	file, sql, reason string
	maybe             bool
}

// ReadKnown reads a list: entries parted by blank lines, each a line with a pattern for the file's name, a line with the
// reason, and the record's SQL. A reason that begins with "some: " is for a record that passes with some releases of a peer. A
// line that begins with # is a comment.
func ReadKnown(r io.Reader) (*Known, error) {
	k := &Known{}
	in := bufio.NewScanner(r)
	var entry []string
	end := func(line int) error {
		if len(entry) == 0 {
			return nil
		}
		if len(entry) < 3 {
			return fmt.Errorf("line %d: an entry is a file, a reason and the SQL", line)
		}
		if _, err := path.Match(entry[0], ""); err != nil {
			return fmt.Errorf("line %d: %w", line, err)
		}
		r := knownRecord{file: entry[0], sql: strings.Join(entry[2:], "\n")}
		r.reason, r.maybe = strings.CutPrefix(entry[1], "some: ")
		k.entries = append(k.entries, r)
		entry = nil
		return nil
	}
	n := 0
	for in.Scan() {
		n++
		switch line := in.Text(); {
		case strings.TrimSpace(line) == "":
			if err := end(n); err != nil {
				return nil, err
			}
		case line[0] != '#':
			entry = append(entry, line)
		}
	}
	if err := in.Err(); err != nil {
		return nil, err
	}
	return k, end(n + 1)
}

// Reason returns why a statement of a file need not pass, or "", and whether it may pass all the same.
func (k *Known) Reason(file, statement string) (reason string, maybe bool) {
	for _, e := range k.entries {
		if e.sql != statement {
			continue
		}
		if ok, err := path.Match(e.file, path.Base(file)); ok && err == nil {
			return e.reason, e.maybe
		}
	}
	return "", false
}
