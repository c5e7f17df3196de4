package driver

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/internal/vec"
)

// fakeEngine answers each statement from its script, a statement's text being its key. "block" waits for the end of ctx.
type fakeEngine struct {
	mu        sync.Mutex
	script    map[string][]*fakeResult
	errs      map[string]error
	commitErr []error // for the next commits, in order
	calls     []string
	args      []arg
	closed    int
	pingErr   error
	closeErr  error
	params    int
}

func (e *fakeEngine) log(call string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.calls = append(e.calls, call)
}

func (e *fakeEngine) seen() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return strings.Join(e.calls, " ")
}

func (s *fakeSession) began(time.Time) {}

func (e *fakeEngine) newSession() session        { return &fakeSession{e: e} }
func (e *fakeEngine) ping(context.Context) error { e.log("ping"); return e.pingErr }
func (e *fakeEngine) close(context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed++
	return e.closeErr
}

type fakeSession struct{ e *fakeEngine }

func (s *fakeSession) exec(ctx context.Context, sql string, args []arg) (result, error) {
	s.e.log(sql)
	s.e.mu.Lock()
	s.e.args = args
	chain, err := s.e.script[sql], s.e.errs[sql]
	s.e.mu.Unlock()
	if sql == "block" {
		<-ctx.Done()
		e := base.Errorf(errno.QueryInterrupted, "Query execution was interrupted")
		e.Err = ctx.Err()
		return nil, e
	}
	if err != nil {
		return nil, err
	}
	if len(chain) == 0 {
		return &fakeResult{}, nil
	}
	for i, r := range chain {
		r.rest = chain[i+1:]
		r.read, r.isClosed = 0, false
	}
	return chain[0], nil
}

func (s *fakeSession) prepare(_ context.Context, sql string) (statement, error) {
	s.e.log("prepare:" + sql)
	if err := s.e.errs[sql]; err != nil {
		return nil, err
	}
	return &fakeStatement{s: s, sql: sql}, nil
}

func (s *fakeSession) begin(_ context.Context, o txOptions) error {
	call := "begin:" + o.isolation
	if o.readOnly {
		call += ":ro"
	}
	s.e.log(call)
	return nil
}

func (s *fakeSession) appender(context.Context, string, []string) (appender, error) {
	return nil, base.Errorf(errno.NotSupported, "the fake appends nothing")
}
func (s *fakeSession) commit(context.Context) error {
	s.e.log("commit")
	s.e.mu.Lock()
	defer s.e.mu.Unlock()
	if len(s.e.commitErr) == 0 {
		return nil
	}
	err := s.e.commitErr[0]
	s.e.commitErr = s.e.commitErr[1:]
	return err
}

func (s *fakeSession) rollback(context.Context) error { s.e.log("rollback"); return nil }
func (s *fakeSession) reset(context.Context) error    { return nil }
func (s *fakeSession) killed() bool                   { return false }
func (s *fakeSession) lastStats() Stats               { return Stats{Requests: 7} }
func (s *fakeSession) close() error                   { return nil }

type fakeStatement struct {
	s   *fakeSession
	sql string
}

func (st *fakeStatement) numParams() int { return st.s.e.params }
func (st *fakeStatement) exec(ctx context.Context, args []arg) (result, error) {
	return st.s.exec(ctx, st.sql, args)
}
func (st *fakeStatement) close() error { st.s.e.log("close:" + st.sql); return nil }

// fakeResult hands out its batches, then err.
type fakeResult struct {
	cols             []column
	batches          []*vec.Batch
	err, nextErr     error
	affected, lastID uint64
	rest             []*fakeResult
	read             int
	isClosed         bool
}

func (r *fakeResult) columns() []column { return r.cols }

func (r *fakeResult) next(ctx context.Context) (*vec.Batch, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if r.read == len(r.batches) {
		return nil, r.err
	}
	r.read++
	return r.batches[r.read-1], nil
}

func (r *fakeResult) more() bool { return len(r.rest) > 0 }

func (r *fakeResult) nextResult(context.Context) (result, error) {
	r.isClosed = true
	if len(r.rest) == 0 {
		return nil, nil
	}
	if r.rest[0].nextErr != nil {
		return nil, r.rest[0].nextErr
	}
	return r.rest[0], nil
}

func (r *fakeResult) counts() (affected, lastID uint64) { return r.affected, r.lastID }
func (r *fakeResult) close() error                      { r.isClosed = true; return nil }

// ints is a result of one BIGINT column.
func ints(name string, values ...int64) *fakeResult {
	v := vec.New(base.Int, 0, len(values))
	copy(v.I64, values)
	return &fakeResult{cols: []column{{name: name, typ: base.Type{ID: base.TypeBigInt}}}, batches: []*vec.Batch{{Cols: []*vec.Vector{v}, N: len(values)}}}
}

// openFake returns a pool over e.
func openFake(t *testing.T, e *fakeEngine) *sql.DB {
	t.Helper()
	d := newDriver(func(context.Context, *Driver, Config, parts) (engine, error) { return e, nil })
	c, err := d.newConnector(Config{Scheme: SchemeMem})
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(c)
	t.Cleanup(func() {
		if err := db.Close(); err != nil && e.closeErr == nil {
			t.Error(err)
		}
	})
	return db
}

// fakeClock counts its sleeps and never waits.
type fakeClock struct {
	mu     sync.Mutex
	sleeps []time.Duration
}

func (c *fakeClock) Now() time.Time { return time.Unix(0, 0) }

func (c *fakeClock) Sleep(d time.Duration, done <-chan struct{}) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sleeps = append(c.sleeps, d)
	select {
	case <-done:
		return false
	default:
		return true
	}
}

type fullRand struct{}

func (fullRand) Read(p []byte) {
	for i := range p {
		p[i] = 0xff
	}
}

// numberOf returns the MySQL number of err, or 0.
func numberOf(err error) uint16 {
	var e *Error
	if errors.As(err, &e) {
		return e.Number
	}
	return 0
}
