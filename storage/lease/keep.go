package lease

import (
	"context"
	"errors"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/storage/object"
)

// hold makes a written record a lease of the manager, and starts its keeper if there is none.
func (m *Manager) hold(rec Record, etag string, sent time.Time) (*Lease, error) {
	l := &Lease{m: m, name: rec.Name}
	l.mu.record, l.mu.etag, l.mu.sent = rec, etag, sent
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.mu.closed {
		return nil, base.Errorf(errno.Closed, "the database handle is closed")
	}
	m.mu.held[l] = struct{}{}
	if m.mu.keeper == nil {
		m.mu.keeper, m.mu.wake = make(chan struct{}), make(chan struct{})
		go m.keep(m.mu.keeper, m.mu.wake)
	}
	return l, nil
}

// drop takes a lease out of the keeper's hands; the last one ends it.
func (m *Manager) drop(l *Lease) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.mu.held[l]; !ok {
		return
	}
	delete(m.mu.held, l)
	if len(m.mu.held) == 0 && m.mu.keeper != nil {
		close(m.mu.wake)
		m.mu.keeper = nil
	}
}

// keep renews the held leases every third of their time to live, until wake is closed.
func (m *Manager) keep(ended, wake chan struct{}) {
	defer close(ended)
	for m.o.Clock.Sleep(m.o.TTL/3, wake) {
		m.mu.Lock()
		leases := make([]*Lease, 0, len(m.mu.held))
		for l := range m.mu.held {
			leases = append(leases, l)
		}
		m.mu.Unlock()
		for _, l := range leases {
			l.renew()
		}
	}
}

// renew writes the lease's record anew with a later end. One that cannot be renewed in time is lost.
func (l *Lease) renew() {
	l.writing.Lock()
	defer l.writing.Unlock()
	l.mu.Lock()
	rec, etag, last, lost := l.mu.record, l.mu.etag, l.mu.sent, l.mu.lost
	l.mu.Unlock()
	if lost {
		return
	}
	m, key := l.m, Key(l.name)
	sent := m.o.Clock.Now()
	ctx, cancel := context.WithTimeout(context.Background(), max(m.o.TTL-sent.Sub(last), time.Millisecond))
	defer cancel()
	rec.Expires = sent.Add(m.o.TTL).UTC().Truncate(time.Microsecond)
	tag, err := m.put(ctx, key, etag, rec)
	if err == nil {
		l.renewed(rec, tag, sent)
		return
	}
	// The answer may be lost, or be the answer to a try whose own answer was.
	cur, tag, rerr := m.read(ctx, key)
	switch {
	case rerr == nil && cur.Holder == rec.Holder && cur.Expires.Equal(rec.Expires):
		l.renewed(rec, tag, sent)
		return
	case rerr == nil && cur.Holder == rec.Holder:
		l.renewed(cur, tag, last)
	case rerr == nil, errors.Is(rerr, object.ErrNotFound):
		l.mu.Lock()
		l.mu.lost = true
		l.mu.Unlock()
	}
	m.o.Logger.Warn("a lease was not renewed", "name", l.name, "epoch", rec.Epoch, "error", err)
}

func (l *Lease) renewed(rec Record, etag string, sent time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mu.record, l.mu.etag, l.mu.sent = rec, etag, sent
}

// Close stops renewing: leases that are held end when their time is up. It waits for the keeper, until ctx ends.
func (m *Manager) Close(ctx context.Context) error {
	m.mu.Lock()
	m.mu.closed = true
	keeper := m.mu.keeper
	if keeper != nil {
		close(m.mu.wake)
		m.mu.keeper = nil
	}
	clear(m.mu.held)
	m.mu.Unlock()
	if keeper == nil {
		return nil
	}
	select {
	case <-keeper:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
