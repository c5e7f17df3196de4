package driver

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
)

func memConnector(t *testing.T, open opener) *Connector {
	t.Helper()
	c, err := newDriver(open).newConnector(Config{Scheme: SchemeMem})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestConcurrentConnectsOpenOnce(t *testing.T) {
	t.Parallel()
	var opens atomic.Int32
	e := &fakeEngine{}
	begun, proceed := make(chan struct{}), make(chan struct{})
	c := memConnector(t, func(context.Context, *Driver, Config, parts) (engine, error) {
		if opens.Add(1) == 1 {
			close(begun)
		}
		<-proceed
		return e, nil
	})
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := connectAndOpen(t.Context(), c); err != nil {
				t.Error(err)
			}
		})
	}
	<-begun
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := connectAndOpen(ctx, c); err != context.Canceled {
		t.Errorf("a cancelled wait: %v", err)
	}
	close(proceed)
	wg.Wait()
	if opens.Load() != 1 {
		t.Errorf("opened %d times", opens.Load())
	}
	for range 2 {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	if e.closed != 1 {
		t.Errorf("closed %d times", e.closed)
	}
	if _, err := connectAndOpen(t.Context(), c); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestFailedOpenIsTriedAgain(t *testing.T) {
	t.Parallel()
	fail := true
	c := memConnector(t, func(context.Context, *Driver, Config, parts) (engine, error) {
		if fail {
			return nil, base.Errorf(errno.Unavailable, "down")
		}
		return &fakeEngine{}, nil
	})
	db := sql.OpenDB(c)
	if err := db.PingContext(t.Context()); !errors.Is(err, ErrUnavailable) {
		t.Errorf("first: %v", err)
	}
	fail = false
	if err := db.PingContext(t.Context()); err != nil {
		t.Errorf("second: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

// TestOpenOutlivesTheFirstContext: the context of whoever opens ends, and another who waits opens for itself.
func TestOpenOutlivesTheFirstContext(t *testing.T) {
	t.Parallel()
	var opens atomic.Int32
	begun := make(chan struct{})
	c := memConnector(t, func(ctx context.Context, _ *Driver, _ Config, _ parts) (engine, error) {
		if opens.Add(1) == 1 {
			close(begun)
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return &fakeEngine{}, nil
	})
	first, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := connectAndOpen(first, c); err != context.Canceled {
			t.Errorf("first: %v", err)
		}
	})
	<-begun
	wg.Go(func() {
		if _, err := connectAndOpen(t.Context(), c); err != nil {
			t.Errorf("second: %v", err)
		}
	})
	cancel()
	wg.Wait()
	if opens.Load() != 2 {
		t.Errorf("opened %d times", opens.Load())
	}
}

func TestCloseWhileOpening(t *testing.T) {
	t.Parallel()
	e := &fakeEngine{closeErr: base.Errorf(errno.Unavailable, "slow")}
	begun, proceed := make(chan struct{}), make(chan struct{})
	c := memConnector(t, func(context.Context, *Driver, Config, parts) (engine, error) {
		close(begun)
		<-proceed
		return e, nil
	})
	done := make(chan error)
	go func() { done <- second(connectAndOpen(t.Context(), c)) }()
	<-begun
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	close(proceed)
	if err := <-done; !errors.Is(err, ErrClosed) {
		t.Errorf("connect: %v", err)
	}
	if e.closed != 1 {
		t.Errorf("the engine was closed %d times", e.closed)
	}
}

func TestConnectorRefuses(t *testing.T) {
	t.Parallel()
	d := newDriver(nil)
	if _, err := d.OpenConnector("mem://?nokey=1"); !errors.Is(err, ErrInvalid) {
		t.Errorf("%v", err)
	}
	if _, err := d.newConnector(Config{Scheme: "gs"}); !errors.Is(err, ErrInvalid) {
		t.Errorf("%v", err)
	}
	if _, err := d.Open("x"); !errors.Is(err, ErrInvalid) {
		t.Errorf("%v", err)
	}
}

func TestDriverOpenOwnsItsEngine(t *testing.T) {
	t.Parallel()
	e := &fakeEngine{}
	d := newDriver(func(context.Context, *Driver, Config, parts) (engine, error) { return e, nil })
	conn, err := d.Open("mem://")
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.(driver.Pinger).Ping(t.Context()); err != nil {
		t.Error(err)
	}
	if err := conn.Close(); err != nil || e.closed != 1 {
		t.Errorf("%v, closed %d times", err, e.closed)
	}
}

func TestNamedMemoryIsShared(t *testing.T) {
	t.Parallel()
	d := newDriver(nil)
	a, freeA := d.memoryStore("x")
	b, freeB := d.memoryStore("x")
	other, freeOther := d.memoryStore("y")
	p, _ := d.memoryStore("")
	q, _ := d.memoryStore("")
	if a != b || a == other || p == q {
		t.Error("which stores are shared")
	}
	freeOther()
	freeA()
	freeA()
	if c, free := d.memoryStore("x"); c != a {
		t.Error("gone while in use")
	} else {
		free()
	}
	freeB()
	if c, free := d.memoryStore("x"); c == a {
		t.Error("kept after the last use")
	} else {
		free()
	}
	if len(d.mu.memory) != 0 {
		t.Errorf("%d stores left", len(d.mu.memory))
	}
}

// connectAndOpen returns a connection that has opened the database.
func connectAndOpen(ctx context.Context, c *Connector) (*Conn, error) {
	conn, err := c.Connect(ctx)
	if err != nil {
		return nil, err
	}
	_, err = conn.(*Conn).session(ctx, true)
	return conn.(*Conn), err
}
