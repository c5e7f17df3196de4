package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/reeflective/readline"

	"github.com/s3sql/s3sql/sqlengine/parse"
)

// interact reads statements from the terminal until the user leaves.
func (s *shell) interact(history string) error {
	fmt.Fprintf(s.out, "s3sql %s on %s. \\? for help, \\q or Ctrl-D to leave.\n\n", version, s.name)
	rl := readline.NewShell()
	rl.Prompt.Primary(func() string { return s.name + "> " })
	rl.Prompt.Secondary(func() string { return strings.Repeat(" ", max(len(s.name)-2, 0)) + " -> " })
	rl.AcceptMultiline = func(line []rune) bool { return complete(string(line)) }
	if history != "" {
		if err := prepareHistory(history); err != nil {
			fmt.Fprintf(s.err, "no history: %v\n", err)
		} else {
			rl.History.AddFromFile("s3sql", history)
		}
	}
	for {
		line, err := rl.Readline()
		switch {
		case errors.Is(err, io.EOF):
			fmt.Fprintln(s.out)
			return nil
		case errors.Is(err, readline.ErrInterrupt):
			continue // Ctrl-C drops the line
		case err != nil:
			return err
		}
		if err := s.enter(line); errors.Is(err, errQuit) {
			return nil
		}
	}
}

// complete reports whether what was typed is ready to run: a command, or statements that end in ';', '\G' or '\g'.
func complete(text string) bool {
	t := strings.TrimSpace(text)
	if t == "" || strings.HasPrefix(t, `\`) || isWord(t) {
		return true
	}
	if strings.HasSuffix(t, `\G`) || strings.HasSuffix(t, `\g`) {
		return true
	}
	last := ""
	for stmt, offset := range parse.Split(text) {
		last = text[offset+len(stmt):]
	}
	return strings.HasPrefix(last, ";")
}

func isWord(t string) bool {
	switch strings.ToLower(t) {
	case "quit", "exit", "help":
		return true
	}
	return false
}

// enter runs what the user typed. Ctrl-C cancels the statement under way and comes back to the prompt.
func (s *shell) enter(line string) error {
	text := strings.TrimSpace(line)
	if text == "" {
		return nil
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if strings.HasPrefix(text, `\`) || isWord(text) {
		err := s.meta(ctx, text)
		if err != nil && !errors.Is(err, errQuit) && !errors.Is(err, errReported) {
			s.fail(err, 0)
		}
		return err
	}
	text = strings.TrimSuffix(text, `\g`)
	vertical := strings.HasSuffix(text, `\G`)
	text = strings.TrimSuffix(text, `\G`)
	for stmt := range parse.Split(text) {
		if vertical {
			stmt += `\G`
		}
		if err := s.run(ctx, stmt, 0); err != nil {
			return err
		}
	}
	return nil
}

// defaultHistory is the history file in the user's state folder (XDG Base Directory Specification).
func defaultHistory() string {
	dir := os.Getenv("XDG_STATE_HOME")
	if dir == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return ""
		}
		dir = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(dir, "s3sql", "history")
}

// prepareHistory makes the history file, readable by its owner alone: statements hold data.
func prepareHistory(file string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}
