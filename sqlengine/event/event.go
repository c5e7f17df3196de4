// Package event tells programs what has happened in a database, after it has happened.
//
// Whoever publishes never waits: a subscriber that does not keep up loses events, and is told how many.
package event

import (
	"sync"
	"time"

	"github.com/s3sql/s3sql/internal/base"
)

// Event is one of the types of this package.
type Event interface {
	// Type is the event's name, in lower case.
	Type() string
	// Table is the table that it is about; "" none.
	Table() string
}

// Indexed says that rows have got a file of a full-text index: they were flushed, or the index was made or made again.
type Indexed struct {
	TableName string `json:"-"`
	Index     string `json:"index"`
	Rows      int    `json:"rows"`
	Bytes     int64  `json:"bytes"` // of the file
}

// Type is "indexed".
func (Indexed) Type() string { return "indexed" }

// Table returns TableName.
func (e Indexed) Table() string { return e.TableName }

// Searched says that a full-text search has run.
type Searched struct {
	TableName string        `json:"-"`
	Index     string        `json:"index"`
	Query     string        `json:"query"`
	Results   int           `json:"results"` // rows that match
	Took      time.Duration `json:"took_ns"`
}

// Type is "searched".
func (Searched) Type() string { return "searched" }

// Table returns TableName.
func (e Searched) Table() string { return e.TableName }

// Record is an event and its time.
type Record struct {
	At    time.Time
	Event Event
}

// recentMax is how many events a Hub remembers.
const recentMax = 1000

// Hub takes events from those who publish them to those who have subscribed, and remembers the last 1,000. It is safe for concurrent use;
// a nil Hub drops everything.
type Hub struct {
	clock base.Clock

	mu struct {
		sync.Mutex
		recent []Record // a ring, once it is full
		next   int      // in recent
		subs   map[*Subscription]bool
	}
}

// NewHub returns a hub without subscribers.
func NewHub(clock base.Clock) *Hub {
	h := &Hub{clock: clock}
	h.mu.subs = map[*Subscription]bool{}
	return h
}

// Publish hands an event out. It does not wait for anybody.
func (h *Hub) Publish(e Event) {
	if h == nil {
		return
	}
	r := Record{h.clock.Now(), e}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.mu.recent) < recentMax {
		h.mu.recent = append(h.mu.recent, r)
	} else {
		h.mu.recent[h.mu.next] = r
		h.mu.next = (h.mu.next + 1) % recentMax
	}
	for s := range h.mu.subs {
		select {
		case s.c <- r:
		default:
			s.lost++
		}
	}
}

// Recent returns the last events, the oldest first.
func (h *Hub) Recent() []Record {
	if h == nil {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return append(append([]Record(nil), h.mu.recent[h.mu.next:]...), h.mu.recent[:h.mu.next]...)
}

// Subscription receives events.
type Subscription struct {
	h    *Hub
	c    chan Record
	lost int // Hub.mu guards it
}

// Subscribe returns a subscription to all events from now on, of which up to n wait to be received. The caller ends it with Close.
func (h *Hub) Subscribe(n int) *Subscription {
	s := &Subscription{h: h, c: make(chan Record, n)}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.mu.subs[s] = true
	return s
}

// C is where the events come, in their order. Close closes it.
func (s *Subscription) C() <-chan Record { return s.c }

// Lost returns how many events found no room.
func (s *Subscription) Lost() int {
	s.h.mu.Lock()
	defer s.h.mu.Unlock()
	return s.lost
}

// Close ends the subscription; what waits can still be received. Twice is once.
func (s *Subscription) Close() {
	s.h.mu.Lock()
	defer s.h.mu.Unlock()
	if s.h.mu.subs[s] {
		delete(s.h.mu.subs, s)
		close(s.c)
	}
}
