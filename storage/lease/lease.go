package lease

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/storage/object"
)

// Options are the components and settings of a Manager.
type Options struct {
	Clock  base.Clock
	Rand   base.Rand
	Logger *slog.Logger

	// TTL is how long a lease lasts that is not renewed; 0 is 30 s. It is renewed after a third of that.
	TTL time.Duration
	// Skew is how far the clocks of two machines may be apart; 0 is 60 s. It only delays who takes over from a dead holder, and
	// only who did not watch it die: see expired.
	Skew time.Duration
}

// Manager acquires leases and keeps them while they are held. It is safe for concurrent use.
type Manager struct {
	store object.Store
	o     Options

	mu struct {
		sync.Mutex
		held   map[*Lease]struct{}
		seen   map[string]sighting // of leases that others hold, by key
		free   map[string]version  // of leases that this process gave back, by key
		wake   chan struct{}       // closed when the keeper is to look at held again
		keeper chan struct{}       // closed when the keeper has ended; nil: there is none
		closed bool
	}
}

// sighting is when this process first saw a record, by its own clock.
type sighting struct {
	etag  string
	first time.Time
}

// version is a record as it was last written.
type version struct {
	etag  string
	epoch uint64
}

// Lease is one that is held.
type Lease struct {
	m    *Manager
	name string

	writing sync.Mutex // one write of the object at a time; taken before mu and, unlike it, held during requests

	mu struct {
		sync.Mutex
		record Record
		etag   string
		sent   time.Time // before the write that made the record
		lost   bool
	}
}

// ErrHeld is returned for a lease that another holder has.
var ErrHeld = errors.New("the lease is held")

// bounds of what a Manager remembers, and of the waits between two looks at a lease that another holds.
const (
	memoryMax = 1024
	pollFirst = 20 * time.Millisecond
	pollMax   = time.Second
)

// New returns a Manager. It sends nothing and starts nothing until a lease is acquired.
func New(store object.Store, o Options) *Manager {
	if o.TTL <= 0 {
		o.TTL = 30 * time.Second
	}
	if o.Skew <= 0 {
		o.Skew = time.Minute
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	m := &Manager{store: store, o: o}
	m.mu.held, m.mu.seen, m.mu.free = map[*Lease]struct{}{}, map[string]sighting{}, map[string]version{}
	return m
}

// Acquire takes the lease of a name for owner. While another has it, it looks again, ever more rarely, up to once a second; a
// negative wait has no end.
//
// Cost: one PUT of a name that was never used or that this process gave back last, else two PUTs and a GET; one GET a look.
// Errors: ErrHeld after wait; Corrupt; those of the store; ctx.Err(). A write whose outcome is unknown is settled by reading who
// holds the lease; one cut off by ctx holds it for at most its time to live.
func (m *Manager) Acquire(ctx context.Context, name, owner string, wait time.Duration) (*Lease, error) {
	start, key := m.o.Clock.Now(), Key(name)
	at := m.last(key)
	for pause := pollFirst; ; pause = min(2*pause, pollMax) {
		l, err := m.take(ctx, key, at, m.record(name, owner))
		if !errors.Is(err, object.ErrExists) && !errors.Is(err, object.ErrChanged) {
			return l, err
		}
		at, err = m.vacant(ctx, key)
		for ; errors.Is(err, ErrHeld); pause = min(2*pause, pollMax) {
			d := pause/2 + m.jitter(pause/2)
			if wait >= 0 {
				left := wait - m.o.Clock.Now().Sub(start)
				if left <= 0 {
					return nil, err
				}
				d = min(d, left)
			}
			if !m.o.Clock.Sleep(d, ctx.Done()) {
				return nil, ctx.Err()
			}
			at, err = m.vacant(ctx, key)
		}
		if err != nil {
			return nil, err
		}
	}
}

// record returns what a new holder writes.
func (m *Manager) record(name, owner string) Record {
	var id [16]byte
	m.o.Rand.Read(id[:])
	return Record{Name: name, Holder: hex.EncodeToString(id[:]), Owner: owner, TTLMillis: m.o.TTL.Milliseconds()}
}

// last returns the version of a lease that this process left behind when it gave it back, which is good for one try.
func (m *Manager) last(key string) version {
	m.mu.Lock()
	defer m.mu.Unlock()
	v := m.mu.free[key]
	delete(m.mu.free, key)
	return v
}

// vacant returns the version of a lease that is free or expired. Errors: ErrHeld, Corrupt, those of the store.
func (m *Manager) vacant(ctx context.Context, key string) (version, error) {
	cur, etag, err := m.read(ctx, key)
	switch {
	case errors.Is(err, object.ErrNotFound): // somebody removed it by hand
		return version{}, nil
	case err != nil:
		return version{}, err
	case !m.expired(key, etag, cur):
		return version{}, ErrHeld
	}
	return version{etag: etag, epoch: cur.Epoch}, nil
}

func (m *Manager) jitter(limit time.Duration) time.Duration {
	var b [8]byte
	m.o.Rand.Read(b[:])
	return time.Duration(binary.LittleEndian.Uint64(b[:]) % uint64(limit))
}

// take puts a record in the place of a version, the zero one being no object, and goes on until it is known who has the lease.
// Errors: ErrExists and ErrChanged when it is another.
func (m *Manager) take(ctx context.Context, key string, at version, rec Record) (*Lease, error) {
	rec.Epoch = at.epoch + 1
	for unsure := false; ; {
		sent := m.o.Clock.Now()
		rec.Expires = sent.Add(m.o.TTL).UTC().Truncate(time.Microsecond)
		tag, err := m.put(ctx, key, at.etag, rec)
		if err == nil {
			return m.hold(rec, tag, sent)
		}
		taken := errors.Is(err, object.ErrExists) || errors.Is(err, object.ErrChanged)
		unsure = unsure || errors.Is(err, object.ErrUnknown)
		if !unsure && !errors.Is(err, object.ErrConflict) || ctx.Err() != nil {
			return nil, err
		}
		// The write may have happened: what is there tells, and the next try, which the version makes harmless.
		cur, now, rerr := m.read(ctx, key)
		switch {
		case rerr == nil && cur.Holder == rec.Holder:
			return m.hold(cur, now, sent)
		case taken:
			return nil, err
		case rerr != nil && !errors.Is(rerr, object.ErrNotFound):
			return nil, rerr
		}
	}
}

// put writes a record over the version etag, "" being no object.
func (m *Manager) put(ctx context.Context, key, etag string, rec Record) (string, error) {
	data, err := Encode(rec)
	if err != nil {
		return "", err
	}
	if etag == "" {
		return m.store.PutIfAbsent(ctx, key, data)
	}
	return m.store.PutIfMatch(ctx, key, etag, data)
}

func (m *Manager) read(ctx context.Context, key string) (Record, string, error) {
	o, err := m.store.Get(ctx, key)
	if err != nil {
		return Record{}, "", err
	}
	rec, err := Decode(key, o.Data)
	return rec, o.ETag, err
}

// expired reports whether the holder of a record can be taken to be gone: this process has seen the record unchanged for its
// whole time to live, which no clock but its own decides; or the time written in it is past by more than clocks differ.
func (m *Manager) expired(key, etag string, rec Record) bool {
	if rec.Holder == "" {
		return true
	}
	now := m.o.Clock.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	seen, ok := m.mu.seen[key]
	if !ok || seen.etag != etag {
		if len(m.mu.seen) >= memoryMax {
			clear(m.mu.seen)
		}
		seen = sighting{etag: etag, first: now}
		m.mu.seen[key] = seen
	}
	ttl := time.Duration(rec.TTLMillis) * time.Millisecond
	if now.Sub(seen.first) <= ttl && !now.After(rec.Expires.Add(m.o.Skew)) {
		return false
	}
	delete(m.mu.seen, key)
	return true
}

// Look returns the record of a name, with Holder "" if nobody holds it.
//
// Cost: one GET. Errors: Corrupt, those of the store.
func (m *Manager) Look(ctx context.Context, name string) (Record, error) {
	key := Key(name)
	rec, etag, err := m.read(ctx, key)
	if errors.Is(err, object.ErrNotFound) {
		return Record{Name: name}, nil
	}
	if err == nil && m.expired(key, etag, rec) {
		rec.Holder, rec.Owner = "", ""
	}
	return rec, err
}

// Held reports whether the lease is still the caller's: it was renewed in time, and nobody has taken it.
func (l *Lease) Held() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.mu.lost && l.m.o.Clock.Now().Sub(l.mu.sent) < l.m.o.TTL
}

// Release gives the lease back. It reports whether it was the caller's until then.
//
// Cost: one PUT. Errors: those of the store; the lease then ends by itself when its time is up.
func (l *Lease) Release(ctx context.Context) (bool, error) {
	l.m.drop(l)
	l.writing.Lock()
	defer l.writing.Unlock()
	l.mu.Lock()
	lost, rec, etag := l.mu.lost, l.mu.record, l.mu.etag
	l.mu.lost = true
	l.mu.Unlock()
	if lost {
		return false, nil
	}
	key, err := Key(l.name), error(nil)
	for range releaseTries {
		var tag string
		tag, err = l.m.put(ctx, key, etag, Record{Name: l.name, Epoch: rec.Epoch})
		switch {
		case err == nil:
			l.m.forget(key, version{etag: tag, epoch: rec.Epoch})
			return true, nil
		case errors.Is(err, object.ErrChanged):
			return false, nil
		case !errors.Is(err, object.ErrUnknown) && !errors.Is(err, object.ErrConflict):
			return false, err
		}
		cur, tag, rerr := l.m.read(ctx, key)
		switch {
		case rerr != nil:
			return false, rerr
		case cur.Holder != rec.Holder:
			return true, nil
		}
		etag = tag
	}
	return false, err
}

// releaseTries bounds the tries of a release that the store leaves open; the lease ends by itself anyway.
const releaseTries = 3

// forget remembers that a lease is free, to acquire it without asking.
func (m *Manager) forget(key string, v version) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.mu.free) >= memoryMax {
		clear(m.mu.free)
	}
	m.mu.free[key] = v
}
