package faults

import (
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/s3sql/s3sql/driver"
)

// line forwards connections to a server until it is cut, and again once it is mended.
type line struct {
	t       *testing.T
	target  string
	address string

	mu       sync.Mutex
	listener net.Listener
	conns    []net.Conn
}

func newLine(t *testing.T, target string) *line {
	l := &line{t: t, target: target, address: "127.0.0.1:0"}
	l.mend()
	t.Cleanup(l.cut)
	return l
}

func (l *line) mend() {
	l.t.Helper()
	listener, err := net.Listen("tcp", l.address)
	if err != nil {
		l.t.Fatal(err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.listener, l.address = listener, listener.Addr().String()
	go l.serve(listener)
}

func (l *line) serve(listener net.Listener) {
	for {
		in, err := listener.Accept()
		if err != nil {
			return // cut
		}
		out, err := net.Dial("tcp", l.target)
		if err != nil {
			_ = in.Close() // which the client sees
			continue
		}
		l.mu.Lock()
		l.conns = append(l.conns, in, out)
		l.mu.Unlock()
		for _, pair := range [][2]net.Conn{{in, out}, {out, in}} {
			go func() {
				_, _ = io.Copy(pair[0], pair[1]) // ends when either side is closed
				_ = pair[0].Close()
			}()
		}
	}
}

func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.listener.Close() // cutting twice is no error
	for _, c := range l.conns {
		_ = c.Close()
	}
	l.conns = nil
}

// TestOutage cuts the line to the store under an open database, and mends it.
func TestOutage(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	l := newLine(t, strings.TrimPrefix(p.server.Endpoint, "http://"))
	server := *p.server
	p.server, server.Endpoint = &server, "http://"+l.address
	db := openFast(t, p.dsn("")) // a write is tried for ten seconds
	mustExec(t, db, "CREATE TABLE item (id INT PRIMARY KEY)")
	mustExec(t, db, "INSERT INTO item VALUES (1)")
	l.cut()
	for _, c := range []struct {
		what string
		call func() error
	}{
		{"ping", db.Ping},
		{"read", func() error { var n int; return db.QueryRow("SELECT COUNT(*) FROM item").Scan(&n) }},
		{"write", func() error { _, err := db.Exec("INSERT INTO item VALUES (2)"); return err }},
		{"begin", func() error { _, err := db.Begin(); return err }},
	} {
		start := time.Now()
		err := c.call()
		took := time.Since(start)
		t.Logf("%s: %v", c.what, took)
		if err == nil || took > pingMax {
			t.Errorf("%s: %v after %v", c.what, err, took)
			continue
		}
		e := checkTyped(t, err)
		// The first write goes out on a connection that was cut: it may have arrived.
		if !errors.Is(err, driver.ErrUnavailable) && !(c.what == "write" && errors.Is(err, driver.ErrCommitUnknown)) {
			t.Errorf("%s: %v", c.what, err)
		}
		if !strings.Contains(err.Error(), "cannot be reached") || strings.Contains(err.Error(), server.SecretKey) || len(e.SQLState) != 5 {
			t.Errorf("%s: %v", c.what, err)
		}
		t.Log(err)
	}
	l.mend()
	mustExec(t, db, "REPLACE INTO item VALUES (3)")
	var n int
	if err := db.QueryRow("SELECT COUNT(*) FROM item WHERE id <> 2").Scan(&n); err != nil || n != 2 {
		t.Errorf("%d rows, %v", n, err)
	}
}
