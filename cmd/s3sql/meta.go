package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
)

const help = `\d            tables             \d NAME      columns of a table
\costs        requests so far, and what they cost
\metrics      what statements took, tables and errors
\top [N]      the same, live: every second, N times or until Ctrl-C
\format F     table, vertical, csv or json; without F: which it is
\x            vertical format: on or off
\timing       time, requests and USD after each result: on or off
\i FILE       run a script
\?            this help          \q           leave (also quit, exit, Ctrl-D)
A statement ends with ; or \g, or with \G for one column a line. Ctrl-C cancels it.
A table cuts values at 500 columns; the other formats print all of them.
In json, DECIMAL and BIGINT are numbers with all their digits.
`

// errQuit ends the shell.
var errQuit = errors.New("quit")

// meta runs a command of the shell itself.
func (s *shell) meta(ctx context.Context, text string) error {
	word, arg, _ := strings.Cut(text, " ")
	arg = strings.TrimSpace(arg)
	switch strings.ToLower(word) {
	case `\q`:
		return errQuit
	case `\?`, `\h`:
		return s.say(help)
	case `\d`:
		if arg == "" {
			return s.sql(ctx, "SHOW TABLES", s.format)
		}
		return s.sql(ctx, "DESCRIBE "+quoteName(arg), s.format)
	case `\costs`:
		return s.costs(ctx)
	case `\metrics`:
		return s.metrics(ctx)
	case `\top`:
		return s.top(ctx, arg)
	case `\timing`:
		s.timing = !s.timing
		return s.say("Timing is " + map[bool]string{true: "on", false: "off"}[s.timing] + ".\n")
	case `\x`:
		s.format = map[bool]string{true: "table", false: "vertical"}[s.format == "vertical"]
		return s.say("Format is " + s.format + ".\n")
	case `\format`:
		return s.setFormat(arg)
	case `\i`, `\.`:
		return s.include(ctx, arg)
	}
	return fmt.Errorf("unknown command %s; \\? lists the commands", word)
}

func (s *shell) setFormat(name string) error {
	if name != "" {
		if newFormat(name) == nil {
			return unknownFormat(name)
		}
		s.format = name
	}
	return s.say("Format is " + s.format + ".\n")
}

func unknownFormat(name string) error {
	return fmt.Errorf("unknown format %q; there are %s", name, strings.Join(formatNames(), ", "))
}

// include runs the script in a file.
func (s *shell) include(ctx context.Context, name string) error {
	if name == "" {
		return errors.New(`\i needs the name of a file`)
	}
	if s.depth >= 16 {
		return errors.New("more than 16 scripts run each other")
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	s.depth++
	defer func() { s.depth-- }()
	return s.script(ctx, f)
}

// quoteName quotes a name, or schema.name, typed after \d.
func quoteName(name string) string {
	parts := strings.Split(strings.ReplaceAll(name, "`", ""), ".")
	return "`" + strings.Join(parts, "`.`") + "`"
}
