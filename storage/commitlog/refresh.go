package commitlog

import (
	"context"
	"errors"
	"time"

	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/storage/object"
)

// probe is one check for newer records, shared by the callers that arrived before it started.
type probe struct {
	ctx     context.Context // carries the values of the first caller, for the accounting of requests
	cancel  context.CancelFunc
	waiters int // under Log.mu; the probe is given up when the last one leaves
	done    chan struct{}
	head    uint64
	err     error
}

// Refresh brings the log to strong freshness: every record that existed when it was called has been applied when it
// returns, with the head.
//
// Cost: one GET that finds nothing when the log is current, shared with all callers that arrived while another one's was
// under way. One GET more for one new record; two GETs, one LIST per 1,000 and one GET a record, 16 at a time, for more.
// Errors: kind Unavailable, kind Corrupt, Fenced (the log is too far behind, open it again), Closed, ctx.Err(), wrapped.
func (l *Log) Refresh(ctx context.Context) (uint64, error) {
	p, err := l.join(ctx)
	if err != nil {
		return 0, err
	}
	select {
	case <-p.done:
		return p.head, p.err
	case <-ctx.Done():
		l.mu.Lock()
		if p.waiters--; p.waiters == 0 {
			p.cancel()
			if l.mu.next == p { // or a later caller would wait for a probe that has been given up
				l.mu.next = nil
				close(p.done)
			}
		}
		l.mu.Unlock()
		return 0, wrap(errno.QueryInterrupted, ctx.Err(), "the check for newer commits was cancelled")
	}
}

// join returns the probe that starts next: one that is under way may have missed what the caller must see.
func (l *Log) join(ctx context.Context) (*probe, error) {
	if err := ctx.Err(); err != nil {
		return nil, wrap(errno.QueryInterrupted, err, "the check for newer commits was cancelled")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mu.closed {
		return nil, errClosed()
	}
	p := l.mu.next
	if p == nil {
		p = &probe{done: make(chan struct{})}
		p.ctx, p.cancel = context.WithCancel(context.WithoutCancel(ctx))
		l.mu.next = p
	}
	p.waiters++
	if !l.mu.probing {
		l.mu.probing = true
		l.tasks.Go(l.probeAll)
	}
	return p, nil
}

// probeAll runs probes, one after the other, until nobody waits for one.
func (l *Log) probeAll() {
	for {
		l.mu.Lock()
		p := l.mu.next
		l.mu.next = nil
		l.mu.probing = p != nil
		l.mu.Unlock()
		if p == nil {
			return
		}
		stop := context.AfterFunc(l.ctx, p.cancel)
		p.err = l.readForward(p.ctx)
		p.head = l.Head()
		stop()
		p.cancel()
		close(p.done)
	}
}

// readForward applies everything that exists when it is called: record by record, and by a listing from the second.
func (l *Log) readForward(ctx context.Context) error {
	if l.stale(l.cfg.Clock.Now()) {
		return l.listForward(ctx)
	}
	for range 2 {
		if err := l.health(); err != nil {
			return err
		}
		start, head := l.cfg.Clock.Now(), l.Head()
		rec, err := l.get(ctx, head+1)
		if errors.Is(err, object.ErrNotFound) {
			// If the head moved meanwhile, this answer says nothing about what follows it now, but it does say that
			// nothing beyond the new head existed when the request was made.
			l.prove(start)
			return nil
		}
		if err == nil {
			err = l.advance(rec)
		}
		if err != nil {
			return err
		}
	}
	return l.listForward(ctx)
}

// listForward applies everything that exists when it is called, by a listing.
func (l *Log) listForward(ctx context.Context) error {
	if err := l.health(); err != nil {
		return err
	}
	start := l.cfg.Clock.Now()
	if err := l.tail(l.cfg.GetTimeout).each(ctx, l.Head(), l.advance); err != nil {
		return err
	}
	l.prove(start)
	return nil
}

func (l *Log) tail(timeout time.Duration) tail {
	return tail{store: l.store, codec: l.codec, db: l.cfg.DB, timeout: timeout}
}

func (l *Log) health() error {
	l.order.Lock()
	defer l.order.Unlock()
	return l.order.broken
}
