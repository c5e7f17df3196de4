package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/s3sql/s3sql/driver"
)

// summary ends every result: what came of it, and what it cost. It goes to the error stream when a program reads the
// output.
func (s *shell) summary(what, format string) error {
	w := s.out
	if forPrograms(format) {
		w = s.err
	}
	if !s.timing {
		if !forPrograms(format) {
			s.print(w, what+"\n\n")
		}
		return nil
	}
	st, err := s.stats()
	if err != nil {
		return err
	}
	s.print(w, fmt.Sprintf("%s (%s, %s, %s)\n\n", what, duration(st.Duration), plural(st.Requests, "request"), usd(st.CostUSD)))
	return nil
}

func (s *shell) say(text string) error {
	_, err := io.WriteString(s.out, text)
	return err
}

// print writes what nobody waits for: a stream that is gone shows in the results' own errors.
func (s *shell) print(w io.Writer, text string) { _, _ = io.WriteString(w, text) }

// fail prints an error as MySQL's client does. line is where the statement begins in a script; 0 leaves it out.
func (s *shell) fail(err error, line int) {
	at := ""
	if line > 0 {
		at = fmt.Sprintf(" at line %d", line)
	}
	var e *driver.Error
	if !errors.As(err, &e) {
		if errors.Is(err, context.Canceled) { // by Ctrl-C, and nothing is in doubt
			s.print(s.err, fmt.Sprintf("ERROR 1317 (70100)%s: Query execution was interrupted\n", at))
			return
		}
		s.print(s.err, fmt.Sprintf("ERROR%s: %s\n", at, printable(err.Error(), false)))
		return
	}
	msg := e.Message
	if e.Object != "" {
		msg += " (object " + e.Object + ")"
	}
	if cause := e.Unwrap(); cause != nil {
		msg += ": " + cause.Error()
	}
	s.print(s.err, fmt.Sprintf("ERROR %d (%s)%s: %s\n", e.Number, e.SQLState, at, printable(msg, false)))
}

func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func duration(d time.Duration) string {
	switch ms := float64(d) / float64(time.Millisecond); {
	case ms < 9.95:
		return fmt.Sprintf("%.1f ms", ms)
	case ms < 999.5:
		return fmt.Sprintf("%.0f ms", ms)
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}

// usd writes an amount with three digits that say something, and no exponent.
func usd(v float64) string {
	if v <= 0 {
		return "$0"
	}
	digits := max(2, 2-int(math.Floor(math.Log10(v))))
	s := strings.TrimRight(fmt.Sprintf("%.*f", digits, v), "0")
	return "$" + strings.TrimSuffix(s, ".")
}
