// Command s3sql is the interactive shell: SQL on a database that lives in an object store.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"golang.org/x/term"
)

const version = "0.1.0"

const usage = `Usage: s3sql [flags] DSN [< script]

DSN  s3://[KEY:SECRET@]bucket/prefix[?region=…&endpoint=…]   https://[KEY:SECRET@]host/bucket/prefix
     file:///directory   mem://
A database that does not exist is created; add mode=ro or create=false to prevent that.

Flags:
`

// options are the flags of one run.
type options struct {
	execute string
	format  string
	force   bool
	echo    bool
	history string
	version bool
	dsn     string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := realMain(ctx, stop, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// realMain is main without the process: it returns the exit code. 2 is a wrong call, 1 a failed statement.
func realMain(ctx context.Context, release func(), args []string, stdin *os.File, stdout, stderr io.Writer) int {
	o, err := parseFlags(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		return 2
	}
	if o.version {
		fmt.Fprintln(stdout, "s3sql", version)
		return 0
	}
	interactive := o.execute == "" && term.IsTerminal(int(stdin.Fd()))
	sh := &shell{out: stdout, err: stderr, format: o.format, force: o.force, echo: o.echo, timing: true}
	if err := sh.connect(ctx, o.dsn); err != nil {
		sh.fail(err, 0)
		return 1
	}
	switch {
	case interactive:
		release() // from here on Ctrl-C cancels a statement, not the shell
		err = sh.interact(o.history)
	case o.execute != "":
		err = sh.script(ctx, o.execute)
	default:
		var text []byte
		if text, err = io.ReadAll(stdin); err == nil {
			err = sh.script(ctx, string(text))
		}
	}
	if cerr := sh.close(); err == nil {
		err = cerr
	}
	if err != nil {
		if !errors.Is(err, errReported) {
			sh.fail(err, 0)
		}
		return 1
	}
	return 0
}

func parseFlags(args []string, stderr io.Writer) (options, error) {
	var o options
	fs := flag.NewFlagSet("s3sql", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.StringVar(&o.execute, "e", "", "run these `statements` and leave")
	fs.StringVar(&o.format, "format", "table", "`layout` of results: "+strings.Join(formatNames(), ", "))
	fs.BoolVar(&o.force, "force", false, "in a script, go on after an error")
	fs.BoolVar(&o.echo, "echo", false, "in a script, print each statement before it runs")
	fs.StringVar(&o.history, "history", defaultHistory(), "history `file`; empty keeps none")
	fs.BoolVar(&o.version, "version", false, "print the version and leave")
	fs.Usage = func() {
		fmt.Fprint(stderr, usage)
		fs.PrintDefaults()
	}
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	if newFormat(o.format) == nil {
		fmt.Fprintf(stderr, "s3sql: unknown format %q; there are %s\n", o.format, strings.Join(formatNames(), ", "))
		return o, errors.New("format")
	}
	if o.version {
		return o, nil
	}
	if fs.NArg() != 1 {
		fs.Usage()
		return o, errors.New("one DSN is needed")
	}
	o.dsn = fs.Arg(0)
	return o, nil
}
