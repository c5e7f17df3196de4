package rabbitmq_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/s3sql/s3sql/conformance/testenv"
	"github.com/s3sql/s3sql/plugins/replication"
)

// line leads to the test server, and can be cut, or go quiet in the server's direction or in both.
type line struct {
	t      *testing.T
	listen net.Listener
	host   string // of the server
	url    *url.URL
	mu     sync.Mutex
	conns  []net.Conn
	silent bool // nothing comes back from the server any more
	frozen bool // nor goes there
	wait   sync.WaitGroup
}

func newLine(t *testing.T) *line {
	t.Helper()
	u, err := url.Parse(testenv.RabbitMQ(t))
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &line{t: t, listen: l, host: u.Host, url: u}
	p.wait.Go(p.accept)
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		p.cut()
		p.wait.Wait()
	})
	return p
}

func (p *line) address() string {
	u := *p.url
	u.Host = p.listen.Addr().String()
	return u.String()
}

func (p *line) accept() {
	for {
		near, err := p.listen.Accept()
		if err != nil {
			return // it is closed
		}
		far, err := net.Dial("tcp", p.host)
		if err != nil {
			p.t.Error(err)
			return
		}
		p.mu.Lock()
		p.conns = append(p.conns, near, far)
		p.mu.Unlock()
		p.wait.Go(func() { p.pass(far, near, func() bool { return p.frozen }) })
		p.wait.Go(func() { p.pass(near, far, func() bool { return p.silent || p.frozen }) })
	}
}

// pass copies until one end closes; what comes while it is quiet is lost.
func (p *line) pass(to io.Writer, from io.Reader, quiet func() bool) {
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		p.mu.Lock()
		lost := quiet()
		p.mu.Unlock()
		if !lost && n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// cut closes all connections.
func (p *line) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		if err := c.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			p.t.Error(err)
		}
	}
	p.conns = nil
}

func (p *line) freeze()        { p.mu.Lock(); p.frozen = true; p.mu.Unlock() }
func (p *line) silence(b bool) { p.mu.Lock(); p.silent = b; p.mu.Unlock() }

// TestLostConnection loses the connection between two batches.
func TestLostConnection(t *testing.T) {
	t.Parallel()
	b, p := newBroker(t), newLine(t)
	target := open(t, p.address(), "exchange", b.name, "queue", b.name)
	if err := target.Prepare(t.Context(), []*replication.Destination{users}); err != nil {
		t.Fatal(err)
	}
	batch := records(20)
	if err := apply(t, target, batch[:10]...); err != nil {
		t.Fatal(err)
	}
	p.cut()
	// The client may not have noticed yet: the first try may fail, and the next makes a connection.
	if err := apply(t, target, batch[10:]...); err != nil {
		if replication.IsPermanent(err) {
			t.Fatal(err)
		}
		if err := apply(t, target, batch[10:]...); err != nil {
			t.Fatal(err)
		}
	}
	if got := ids(b.get(b.name)); len(got) != 20 || got[19] != batch[19].ID {
		t.Errorf("arrived: %v", got)
	}
}

// TestNoConfirmation loses the confirmations of a batch: it is an error, and the next Apply publishes again.
func TestNoConfirmation(t *testing.T) {
	t.Parallel()
	b, p := newBroker(t), newLine(t)
	target := open(t, p.address(), "queue", b.name, "confirm_timeout", "300ms")
	if err := target.Prepare(t.Context(), []*replication.Destination{users}); err != nil {
		t.Fatal(err)
	}
	p.silence(true)
	start := time.Now()
	err := apply(t, target, records(2)...)
	if err == nil || replication.IsPermanent(err) || !strings.Contains(err.Error(), "within 300ms") {
		t.Errorf("after %v: %v", time.Since(start), err)
	}
	p.silence(false)
	if err := apply(t, target, records(2)...); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(ids(b.get(b.name))); got != "[id-0000 id-0001 id-0000 id-0001]" {
		t.Errorf("arrived: %s", got)
	}
}

// TestNobodyThere has no broker at the address.
func TestNobodyThere(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := "amqp://guest:sword-fish@" + l.Addr().String() + "/"
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	target := open(t, address, "queue", "q")
	if err := apply(t, target, records(1)...); err == nil || replication.IsPermanent(err) || strings.Contains(err.Error(), "sword-fish") {
		t.Errorf("Apply: %v", err)
	}
	if c := target.Check(t.Context(), nil); len(c) != 1 || c[0].Err == nil {
		t.Errorf("Check: %v", c)
	}
}
