package faults

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/s3sql/s3sql/driver"
	"github.com/s3sql/s3sql/storage/object"
	"github.com/s3sql/s3sql/storage/object/faults"
	"github.com/s3sql/s3sql/storage/object/retry"
)

// fastClock runs at many times the speed of the machine's, so that waiting takes next to no time. Requests that take a while
// of their own want a slower one: the 15 s in which a request is tried again are 30 ms at speed 500, and an open that reads
// sixty records, none of them twice, never comes through faults.
type fastClock struct {
	start time.Time
	speed time.Duration
}

// Speeds of a fastClock.
const (
	speedMemory = 500
	speedServer = 20
)

func newFastClock(speed time.Duration) fastClock { return fastClock{start: time.Now(), speed: speed} }

func (c fastClock) Now() time.Time { return c.start.Add(time.Since(c.start) * c.speed) }

func (c fastClock) Sleep(d time.Duration, done <-chan struct{}) bool {
	t := time.NewTimer(d / c.speed)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-done:
		return false
	}
}

// seededRand is a base.Rand that repeats itself.
type seededRand struct {
	mu  sync.Mutex
	src *rand.PCG
}

func newRand(seed, stream uint64) *seededRand { return &seededRand{src: rand.NewPCG(seed, stream)} }

func (r *seededRand) Read(p []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(p) > 0 {
		var b [8]byte
		binary.LittleEndian.PutUint64(b[:], r.src.Uint64())
		p = p[copy(p, b[:]):]
	}
}

// process is one of several programs on a store: a pool with an engine of its own behind faults of its own. When it
// crashes, the next use starts it again.
type process struct {
	t     *testing.T
	store object.Store
	seed  uint64
	plan  faults.Plan
	cfg   driver.Config
	tries int           // of each request
	speed time.Duration // of its clock

	mu struct {
		sync.Mutex
		starts uint64
		faulty *faults.Store
		db     *sql.DB
		counts [8]int // faults of the lives before, by kind
	}
}

// pool returns the pool, opened if need be. Opening meets faults as well and is repeated.
func (p *process) pool(ctx context.Context) *sql.DB {
	p.mu.Lock()
	defer p.mu.Unlock()
	for tries := 0; p.mu.db == nil; tries++ {
		p.mu.starts++
		stream := p.seed<<16 + p.mu.starts
		p.mu.faulty = faults.New(p.store, newFastClock(p.speed), newRand(p.seed, stream), p.plan)
		clock, random := newFastClock(p.speed), newRand(p.seed+1, stream)
		store := retry.New(p.mu.faulty, clock, random, retry.Policy{Attempts: p.tries})
		connector, err := driver.NewConnector(p.cfg, driver.WithStore(store), driver.WithClock(clock), driver.WithRand(random))
		if err != nil {
			p.t.Fatal(err)
		}
		db := sql.OpenDB(connector)
		if err = db.PingContext(ctx); err == nil {
			p.mu.db = db
			break
		}
		checkTyped(p.t, err)
		p.endLocked(db)
		if tries == 100 {
			p.t.Errorf("opening failed %d times: %v", tries, err)
			return db
		}
	}
	return p.mu.db
}

// crashed ends the life of db, whose store is gone.
func (p *process) crashed(db *sql.DB) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mu.db == db {
		p.endLocked(db)
		p.mu.db = nil
	}
}

func (p *process) endLocked(db *sql.DB) {
	for f := range p.mu.counts {
		p.mu.counts[f] += p.mu.faulty.Count(faults.Fault(f))
	}
	p.mu.faulty.Crash() // whatever it still has under way does not reach the store any more
	if err := db.Close(); err != nil {
		checkTyped(p.t, err)
	}
}

// end closes the pool and returns how many faults it has met, by kind.
func (p *process) end() [8]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mu.db != nil {
		p.endLocked(p.mu.db)
		p.mu.db = nil
	}
	return p.mu.counts
}

// kinds are the sentinels of which an error matches exactly one.
var kinds = map[string]error{
	"Internal": driver.ErrInternal, "Invalid": driver.ErrInvalid, "Conflict": driver.ErrConflict, "Unavailable": driver.ErrUnavailable,
	"Corrupt": driver.ErrCorrupt, "Closed": driver.ErrClosed, "Fenced": driver.ErrFenced, "CommitUnknown": driver.ErrCommitUnknown,
	"Unsupported": driver.ErrUnsupported,
}

// checkTyped fails the test unless err is what the driver promises: typed, of exactly one kind, and no internal error.
func checkTyped(t *testing.T, err error) *driver.Error {
	t.Helper()
	var e *driver.Error
	if !errors.As(err, &e) {
		t.Errorf("an error that is no *driver.Error: %T %v", err, err)
		return &driver.Error{}
	}
	var found []string
	for name, kind := range kinds {
		if errors.Is(err, kind) {
			found = append(found, name)
		}
	}
	if len(found) != 1 || found[0] == "Internal" || e.Number == 0 || len(e.SQLState) != 5 || e.Message == "" {
		t.Errorf("an error of kinds %q, number %d, SQLSTATE %q: %v", found, e.Number, e.SQLState, err)
	}
	return e
}
