package main

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/s3sql/s3sql/driver"
	"github.com/s3sql/s3sql/plugins/metrics"
)

const serveUsage = `Usage: s3sql serve [flags] DSN

Opens the database and keeps it open: what is defined in it runs in this process, such as replications, plugins and the flushing of METRICS.
It ends at the first interrupt or SIGTERM, when what runs has stopped. It answers no SQL.

Flags:
`

// healthTimeout bounds what /healthz waits for the store.
const healthTimeout = 5 * time.Second

// stopTimeout bounds how long requests that are being answered hold up the end.
const stopTimeout = 10 * time.Second

// serve is the command of that name. It returns the exit code.
func serve(p process, args []string) int {
	fs := flag.NewFlagSet("s3sql serve", flag.ContinueOnError)
	fs.SetOutput(p.err)
	addr := fs.String("metrics", "", "`address` for GET /metrics (Prometheus) and /healthz, such as :9090; empty: none")
	fs.Usage = func() {
		fmt.Fprint(p.err, serveUsage)
		fs.PrintDefaults()
	}
	switch err := fs.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return exitUsage
	}
	o := options{format: "table"}
	if err := o.complete(fs.Args(), p.getenv); err != nil {
		fmt.Fprintf(p.err, "s3sql serve: %v; --help tells more\n", err)
		return exitUsage
	}
	if err := serveDatabase(p, o.dsn, *addr); err != nil {
		fmt.Fprintf(p.err, "s3sql serve: %v\n", err)
		return exitFailed
	}
	return 0
}

// serveDatabase opens the database, and returns when an interrupt has come and everything has stopped.
func serveDatabase(p process, dsn, addr string) (err error) {
	db, name, err := open(dsn, func(c *driver.Config) {
		if c.Workers == "" {
			c.Workers = "on"
		}
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go cancelOn(p.interrupts, cancel, ctx.Done())
	if err := db.PingContext(ctx); err != nil {
		return err
	}
	// The first statement starts what the catalog has.
	if _, err := db.ExecContext(ctx, "SELECT COUNT(*) FROM information_schema.tables"); err != nil {
		return err
	}
	if addr == "" {
		fmt.Fprintf(p.err, "serving %s\n", name)
		<-ctx.Done()
		return nil
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.err, "serving %s; figures at http://%s/metrics\n", name, l.Addr())
	return serveHTTP(ctx, l, db)
}

// serveHTTP answers requests until ctx ends.
func serveHTTP(ctx context.Context, l net.Listener, db *sql.DB) error {
	mux := http.NewServeMux()
	mux.Handle("/metrics", metrics.Handler(db))
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), healthTimeout)
		defer cancel()
		if err := db.PingContext(ctx); err != nil {
			http.Error(w, "the store does not answer", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: healthTimeout, IdleTimeout: time.Minute}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	return server.Shutdown(end)
}
