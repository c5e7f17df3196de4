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
	"syscall"

	"golang.org/x/term"
)

const version = "0.1.0-dev"

const usage = `Usage: s3sql [flags] DSN [< script]
       s3sql serve [--metrics :9090] DSN    keep a database open for what is installed in it; serve --help tells more

DSN  s3://[KEY:SECRET@]bucket/prefix[?region=…&endpoint=…]   https://[KEY:SECRET@]host/bucket/prefix
     file:///directory   file:directory   mem://
     The variable S3SQL_DSN is read when there is none; other users of the machine do not see it.
A database that does not exist is created; add mode=ro or create=false to prevent that.
Results go to the output; in the formats csv and json, what they cost goes to the error stream.
Exit code: 0, 1 after a failed statement, 2 after a wrong call, 130 after Ctrl-C.

Flags:
`

const (
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

// process is what the shell uses of the process it is.
type process struct {
	args        []string
	in          io.Reader
	out, err    io.Writer
	interactive bool // a person types at in
	getenv      func(string) string
	interrupts  <-chan os.Signal
}

// options are the flags of one run.
type options struct {
	execute string
	format  string
	history string
	dsn     string
	force   bool
	echo    bool
	quiet   bool
	version bool
}

func main() {
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt, syscall.SIGTERM)
	os.Exit(run(process{args: os.Args[1:], in: os.Stdin, out: os.Stdout, err: os.Stderr, getenv: os.Getenv,
		interactive: term.IsTerminal(int(os.Stdin.Fd())), interrupts: interrupts}))
}

// run is main without the process: it returns the exit code.
func run(p process) int {
	if len(p.args) > 0 && p.args[0] == "serve" {
		return serve(p, p.args[1:])
	}
	o, err := parseFlags(p)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return exitUsage
	case o.version:
		fmt.Fprintln(p.out, "s3sql", version)
		return 0
	}
	sh := &shell{out: p.out, err: p.err, format: o.format, force: o.force, echo: o.echo, timing: !o.quiet}
	db, name, err := open(o.dsn)
	if err != nil {
		sh.fail(err, 0)
		return exitUsage
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	work := func() error { return sh.interact(name, o.history, p.interrupts) }
	if o.execute != "" || !p.interactive {
		var in io.Reader = strings.NewReader(o.execute)
		if o.execute == "" {
			in = p.in
		}
		go cancelOn(p.interrupts, cancel, ctx.Done())
		work = func() error { return sh.script(ctx, in) }
	}
	if err := sh.connect(ctx, db); err != nil {
		sh.fail(err, 0)
		return exitFailed
	}
	return sh.finish(ctx, work())
}

// finish closes the database and turns the outcome into an exit code.
func (s *shell) finish(ctx context.Context, err error) int {
	interrupted := ctx.Err() != nil
	if errors.Is(err, errQuit) {
		err = nil
	}
	if err != nil && !errors.Is(err, errReported) {
		s.fail(err, 0)
	}
	if cerr := s.close(); cerr != nil {
		s.fail(cerr, 0)
		err = cerr
	}
	switch {
	case interrupted:
		return exitInterrupted
	case err != nil:
		return exitFailed
	}
	return 0
}

// cancelOn cancels the work of a script at the first interrupt.
func cancelOn(interrupts <-chan os.Signal, cancel func(), done <-chan struct{}) {
	select {
	case <-interrupts:
		cancel()
	case <-done:
	}
}

func parseFlags(p process) (options, error) {
	var o options
	fs := flag.NewFlagSet("s3sql", flag.ContinueOnError)
	fs.SetOutput(p.err)
	fs.Func("e", "run these `statements` and leave; may be given several times", func(s string) error {
		o.execute += s + "\n;\n"
		return nil
	})
	fs.StringVar(&o.format, "format", "table", "`layout` of results: "+strings.Join(formatNames(), ", "))
	fs.StringVar(&o.history, "history", defaultHistory(p.getenv), "history `file`; empty keeps none; S3SQL_HISTORY sets another default")
	fs.BoolVar(&o.force, "force", false, "in a script, go on after an error")
	fs.BoolVar(&o.echo, "echo", false, "in a script, print each statement before it runs")
	fs.BoolVar(&o.quiet, "quiet", false, "do not print what statements cost")
	fs.BoolVar(&o.version, "version", false, "print the version and leave")
	fs.Usage = func() {
		fmt.Fprint(p.err, usage)
		fs.PrintDefaults()
	}
	if err := fs.Parse(p.args); err != nil || o.version {
		return o, err
	}
	err := o.complete(fs.Args(), p.getenv)
	if err != nil {
		fmt.Fprintf(p.err, "s3sql: %v; --help tells more\n", err)
	}
	return o, err
}

func (o *options) complete(args []string, getenv func(string) string) error {
	if newFormat(o.format) == nil {
		return unknownFormat(o.format)
	}
	switch {
	case len(args) == 1:
		o.dsn = args[0]
	case len(args) > 1:
		return fmt.Errorf("one DSN is needed, not %d arguments; flags stand before it", len(args))
	case getenv("S3SQL_DSN") == "":
		return errors.New("a DSN is needed, such as file:data or s3://bucket/prefix")
	default:
		o.dsn = getenv("S3SQL_DSN")
	}
	return nil
}
