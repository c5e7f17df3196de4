package cache

import (
	"context"
	"fmt"
)

// Flight is a result that is being computed, which others wait for.
type Flight struct {
	c    *Cache
	id   string
	done chan struct{}
	e    *Entry // set before done is closed; nil: there is none to be had
}

// Begin returns the flight for a query at some versions. leads reports whether the caller is to compute the result, and to end the
// flight with Finish whatever happens; others Wait.
func (c *Cache) Begin(key string, versions []Version) (f *Flight, leads bool) {
	id := fmt.Sprint(key, versions)
	c.mu.Lock()
	defer c.mu.Unlock()
	if f = c.mu.flights[id]; f != nil {
		return f, false
	}
	f = &Flight{c: c, id: id, done: make(chan struct{})}
	c.mu.flights[id] = f
	return f, true
}

// Finish ends the flight. e is nil where there is no result that others could use. A second call does nothing.
func (f *Flight) Finish(e *Entry) {
	f.c.mu.Lock()
	defer f.c.mu.Unlock()
	if f.c.mu.flights[f.id] != f {
		return
	}
	delete(f.c.mu.flights, f.id)
	f.e = e
	close(f.done)
}

// Wait returns the result of the flight, nil if there is none to be had.
//
// Errors: ctx.Err().
func (f *Flight) Wait(ctx context.Context) (*Entry, error) {
	select {
	case <-f.done:
		if f.e != nil {
			f.c.saved.Add(f.e.Requests)
			f.c.savedNanoUSD.Add(f.e.NanoUSD)
		}
		return f.e, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
