package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/reeflective/readline"
)

const (
	prompt     = "s3sql> "
	promptMore = "    -> "
)

// interact reads statements from the terminal until the user leaves. Interrupts cancel the statement under way; at the
// prompt the line editor takes Ctrl-C itself.
func (s *shell) interact(name, historyFile string, interrupts <-chan os.Signal) error {
	s.print(s.out, fmt.Sprintf("s3sql %s, database %s. \\? for help, \\q or Ctrl-D to leave.\n\n", version, printable(name, true)))
	past, err := openHistory(historyFile)
	if err != nil {
		s.print(s.err, fmt.Sprintf("The history is not kept: %v\n", err))
	}
	rl := readline.NewShell()
	rl.Prompt.Primary(func() string { return prompt })
	rl.Prompt.Secondary(func() string { return promptMore })
	rl.AcceptMultiline = func(line []rune) bool { return complete(string(line)) }
	rl.History.Add("s3sql", past)
	if err := rl.Config.Set("multiline-column", true); err != nil { // without it promptMore is not shown
		return err
	}
	for {
		text, err := rl.Readline()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, readline.ErrInterrupt):
			continue // the line is dropped
		case err != nil:
			return err
		}
		if err := s.enter(text, interrupts); errors.Is(err, errQuit) {
			return nil
		}
	}
}

// enter runs what was typed, up to the first error, which the user has seen when it returns.
func (s *shell) enter(text string, interrupts <-chan os.Signal) error {
	split := newSplitter()
	for line := range strings.Lines(text) {
		for _, st := range split.feed(line) {
			if err := s.interruptible(st, interrupts); err != nil {
				return err
			}
		}
	}
	return nil
}

// interruptible runs a statement until it ends or an interrupt cancels it.
func (s *shell) interruptible(st statement, interrupts <-chan os.Signal) error {
	ctx, cancel := context.WithCancel(context.Background())
	done, watched := make(chan struct{}), make(chan struct{})
	select {
	case <-interrupts: // one that came between two statements
	default:
	}
	go func() {
		defer close(watched)
		select {
		case <-interrupts:
			cancel()
		case <-done:
		}
	}()
	err := s.run(ctx, st, false)
	close(done)
	<-watched
	cancel()
	return err
}
