package postgres_test

import (
	"bytes"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"

	"github.com/s3sql/s3sql/conformance/testenv"
	"github.com/s3sql/s3sql/plugins/replication"
)

// line is a line to the server that breaks when told to.
type line struct {
	to string

	mu struct {
		sync.Mutex
		atCommit bool // the next COMMIT gets through, its answer does not
		down     bool // nobody gets through
	}
}

// newLine returns the line and the DSN of the server at its end.
func newLine(t *testing.T) (*line, string) {
	t.Helper()
	u, err := url.Parse(testenv.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	l := &line{to: u.Host}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	u.Host = listener.Addr().String()
	var open sync.WaitGroup
	open.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return // it is closed
			}
			open.Go(func() { l.serve(client) })
		}
	})
	t.Cleanup(func() {
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
		open.Wait()
	})
	return l, u.String()
}

func (l *line) set(atCommit, down bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mu.atCommit, l.mu.down = atCommit, down
}

// serve carries one connection.
func (l *line) serve(client net.Conn) {
	defer client.Close()
	l.mu.Lock()
	down := l.mu.down
	l.mu.Unlock()
	server, err := net.Dial("tcp", l.to)
	if down || err != nil {
		return
	}
	defer server.Close()
	answers := make(chan struct{}) // closed once the server's answers are not wanted any more
	go func() {
		defer client.Close()
		buf := make([]byte, 1<<16)
		for {
			n, err := server.Read(buf)
			select {
			case <-answers:
				return
			default:
			}
			if err != nil {
				return
			}
			if _, err := client.Write(buf[:n]); err != nil {
				return
			}
		}
	}()
	buf := make([]byte, 1<<16)
	for {
		n, err := client.Read(buf)
		if err != nil {
			return
		}
		l.mu.Lock()
		breaks := l.mu.atCommit && bytes.Contains(buf[:n], []byte("commit\x00"))
		if breaks {
			l.mu.atCommit = false
			close(answers)
		}
		l.mu.Unlock()
		if _, err := server.Write(buf[:n]); err != nil {
			return
		}
		if breaks {
			// The server has committed once it answers, and the client's end of the line has been closed then.
			_, _ = io.ReadFull(client, buf[:1])
			return
		}
	}
}

// TestLostAnswer loses the answer to COMMIT: the batch is delivered once, whether the target can find out at once or only when it is
// told to deliver again.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	s, d := newServer(t), users()
	d.Key = nil // what is delivered twice is there twice
	l, address := newLine(t)
	target := openConfig(t, config(t, address, "schema="+s.schema))
	if err := target.Prepare(t.Context(), []*replication.Destination{d}); err != nil {
		t.Fatal(err)
	}
	l.set(true, false)
	apply(t, target, "", "1", insert(d, int64(1), "a"))
	s.want("SELECT * FROM users", "1|a")
	l.set(true, true)
	b := &replication.Batch{From: "1", To: "2", Records: []*replication.Record{insert(d, int64(2), "b")}}
	if err := target.Apply(t.Context(), b); err == nil || replication.IsPermanent(err) {
		t.Fatalf("nobody can know what has become of it: %v", err)
	}
	s.want("SELECT * FROM users ORDER BY id", "1|a\n2|b")
	if err := target.Apply(t.Context(), b); err == nil {
		t.Fatal("the server is still out of reach")
	}
	l.set(false, false)
	if err := target.Apply(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	s.want("SELECT * FROM users ORDER BY id", "1|a\n2|b")
	l.set(true, false)
	if err := target.SetPosition(t.Context(), "2", "3"); err != nil {
		t.Fatal(err)
	}
	apply(t, target, "3", "4", insert(d, int64(3), "c"))
	s.want("SELECT * FROM users ORDER BY id", "1|a\n2|b\n3|c")
}

// TestPoolers delivers without prepared statements, as poolers want it that share sessions.
func TestPoolers(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"exec", "simple_protocol", "describe_exec", "cache_describe"} {
		s, d := newServer(t), users()
		target := openConfig(t, config(t, testenv.Postgres(t)+"&default_query_exec_mode="+mode, "schema="+s.schema, "log_table=log"))
		if err := target.Prepare(t.Context(), []*replication.Destination{d}); err != nil {
			t.Fatalf("%s: %v", mode, err)
		}
		apply(t, target, "", "1", insert(d, int64(1), `{"a\,'`), insert(d, int64(2), nil), insert(d, int64(3), "NULL"), remove(d, int64(9), nil))
		s.want("SELECT * FROM users ORDER BY id", "1|{\"a\\,'\n2|NULL\n3|NULL")
		s.want("SELECT count(*) FROM users WHERE name IS NULL", "1")
		s.rejected(target, &replication.Batch{From: "1", To: "2", Records: []*replication.Record{insert(d, int64(1), "elevenchars"), insert(d, int64(4), "a")}}, map[int]string{0: "too long"})
	}
}
