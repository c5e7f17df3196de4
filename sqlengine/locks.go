package sqlengine

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/storage/lease"
)

// lockPrefix sets the names of GET_LOCK apart from other leases.
const lockPrefix = "lock:"

// releaseTime bounds what the end of a session waits for its locks to be given back; they end by themselves later.
const releaseTime = 5 * time.Second

// sessionLocks are the named locks of a session: leases, which hold across processes.
type sessionLocks struct {
	s    *Session
	held map[string]*heldLock
}

type heldLock struct {
	lease *lease.Lease
	times int // GET_LOCK of a lock that the session has
}

var _ expr.Locks = (*sessionLocks)(nil)

// Get is GET_LOCK.
func (l *sessionLocks) Get(ctx context.Context, name string, wait time.Duration) (bool, error) {
	if l.s.e.cfg.ReadOnly {
		return false, base.Errorf(errno.OptionPrevents, "GET_LOCK writes a lease; the database was opened read-only")
	}
	if h := l.held[name]; h != nil {
		if h.lease.Held() {
			h.times++
			return true, nil
		}
		delete(l.held, name)
	}
	got, err := l.s.e.leases.Acquire(ctx, lockPrefix+name, strconv.FormatUint(l.s.id, 10), wait)
	if errors.Is(err, lease.ErrHeld) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if l.held == nil {
		l.held = map[string]*heldLock{}
	}
	l.held[name] = &heldLock{lease: got, times: 1}
	return true, nil
}

// Release is RELEASE_LOCK.
func (l *sessionLocks) Release(ctx context.Context, name string) (released, known bool, err error) {
	h := l.held[name]
	if h == nil {
		_, known, err = l.Owner(ctx, name)
		return false, known, err
	}
	if h.times > 1 && h.lease.Held() {
		h.times--
		return true, true, nil
	}
	delete(l.held, name)
	released, err = h.lease.Release(ctx)
	return released, true, err
}

// ReleaseAll is RELEASE_ALL_LOCKS.
func (l *sessionLocks) ReleaseAll(ctx context.Context) (n int, err error) {
	for name, h := range l.held {
		released, rerr := h.lease.Release(ctx)
		if err = errors.Join(err, rerr); released {
			n += h.times
		}
		delete(l.held, name)
	}
	return n, err
}

// Owner tells who holds a lock.
func (l *sessionLocks) Owner(ctx context.Context, name string) (uint64, bool, error) {
	if h := l.held[name]; h != nil && h.lease.Held() {
		return l.s.id, true, nil
	}
	rec, err := l.s.e.leases.Look(ctx, lockPrefix+name)
	if err != nil || rec.Holder == "" {
		return 0, false, err
	}
	id, err := strconv.ParseUint(rec.Owner, 10, 64)
	if err != nil {
		return 0, false, base.Corruptf(lease.Key(rec.Name), "its owner is %.40q, not a connection", rec.Owner)
	}
	return id, true, nil
}

// end gives all locks back when the session ends.
func (l *sessionLocks) end() error {
	if len(l.held) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), releaseTime)
	defer cancel()
	_, err := l.ReleaseAll(ctx)
	return err
}
