package main

import (
	"context"
	"fmt"
	"strings"
)

const help = `\d            tables            \d NAME       columns of a table
\costs        what the requests of this process cost
\format F     table, vertical, csv or json; without F: show it
\timing       time, requests and USD after each result: on or off
\?            this help         \q            leave (also quit, exit, Ctrl-D)
End a statement with ; or with \G for one column a line. Ctrl-C cancels.
`

// meta runs a command of the shell itself.
func (s *shell) meta(ctx context.Context, text string) error {
	word, arg, _ := strings.Cut(strings.TrimSuffix(text, ";"), " ")
	arg = strings.TrimSpace(arg)
	switch strings.ToLower(word) {
	case `\q`, "quit", "exit":
		return errQuit
	case `\?`, `\h`, "help":
		_, err := fmt.Fprint(s.out, help)
		return err
	case `\d`:
		if arg == "" {
			return s.run(ctx, "SHOW TABLES", 0)
		}
		return s.run(ctx, "DESCRIBE "+quoteName(arg), 0)
	case `\costs`:
		return s.run(ctx, "SELECT command, requests, bytes_in, bytes_out, cost_usd FROM system.costs", 0)
	case `\timing`:
		s.timing = !s.timing
		_, err := fmt.Fprintf(s.out, "Timing is %s.\n", map[bool]string{true: "on", false: "off"}[s.timing])
		return err
	case `\format`:
		return s.setFormat(arg)
	}
	return fmt.Errorf("unknown command %s; \\? lists the commands", word)
}

func (s *shell) setFormat(name string) error {
	if name != "" {
		if newFormat(name) == nil {
			return fmt.Errorf("unknown format %q; there are %s", name, strings.Join(formatNames(), ", "))
		}
		s.format = name
	}
	_, err := fmt.Fprintf(s.out, "Format is %s.\n", s.format)
	return err
}

// quoteName quotes a name, or schema.name, typed after \d.
func quoteName(name string) string {
	parts := strings.Split(strings.ReplaceAll(name, "`", ""), ".")
	return "`" + strings.Join(parts, "`.`") + "`"
}
