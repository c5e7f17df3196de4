package metrics

import (
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// The bounds of a Registry: what comes beyond is counted under the name Other.
const (
	maxOperations = 5_000
	maxDigests    = 5_000
	maxErrors     = 1_000
	maxHours      = 24 * 31
	// Other stands for what there was no room for.
	Other = "(other)"
)

// Registry holds the figures of one process. It is safe for concurrent use.
type Registry struct {
	since time.Time

	mu struct {
		sync.RWMutex
		operations map[operationKey]*Operation
		digests    map[string]*Digest
		errors     map[errorKey]*ErrorCount
		usage      map[usageKey]*Usage
		slow       []Slow // a ring, once it is full: number n is at (n-1) % slowMax
		slowCount  int64
	}
	window window
	watch  struct { // windows of tables, by name
		any atomic.Bool
		m   sync.Map
	}
}

type operationKey struct{ name, table string }

type usageKey struct {
	hour  int64 // since 1970
	table string
}

// NewRegistry returns a registry without figures. since is when it begins to count.
func NewRegistry(since time.Time) *Registry {
	r := &Registry{since: since}
	r.mu.operations, r.mu.digests = map[operationKey]*Operation{}, map[string]*Digest{}
	r.mu.errors, r.mu.usage = map[errorKey]*ErrorCount{}, map[usageKey]*Usage{}
	return r
}

// Since returns when the registry began to count.
func (r *Registry) Since() time.Time { return r.since }

// Operation is what statements of one kind came to on one table.
type Operation struct {
	Name    string // select, insert, update, delete, …
	Table   string // the first that the statements name, in lower case; "" none
	Latency Histogram
	Errors  atomic.Int64

	hour atomic.Pointer[Usage] // of the hour of the last statement
}

// Operation returns the figures of an operation on a table.
func (r *Registry) Operation(name, table string) *Operation {
	key := operationKey{name, table}
	r.mu.RLock()
	o := r.mu.operations[key]
	r.mu.RUnlock()
	if o != nil {
		return o
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.mu.operations[key] == nil && len(r.mu.operations) >= maxOperations {
		key.table = Other
	}
	if o = r.mu.operations[key]; o == nil {
		o = &Operation{Name: key.name, Table: key.table}
		r.mu.operations[key] = o
	}
	return o
}

// Operations returns the figures of all operations, in no order.
func (r *Registry) Operations() []*Operation {
	r.mu.RLock()
	defer r.mu.RUnlock()
	out := make([]*Operation, 0, len(r.mu.operations))
	for _, o := range r.mu.operations {
		out = append(out, o)
	}
	return out
}

// Digest is what statements that differ in constants alone came to.
type Digest struct {
	ID    string // 32 hexadecimal digits
	Text  string // the statement with ? in the place of constants
	Calls atomic.Int64
}

// Digest returns the figures of a digest.
func (r *Registry) Digest(id, text string) *Digest {
	r.mu.RLock()
	d := r.mu.digests[id]
	r.mu.RUnlock()
	if d != nil {
		return d
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.mu.digests[id] == nil && len(r.mu.digests) >= maxDigests {
		id, text = Other, Other
	}
	if d = r.mu.digests[id]; d == nil {
		d = &Digest{ID: id, Text: strings.Clone(text)}
		r.mu.digests[id] = d
	}
	return d
}

// Digests returns the figures of all digests, in no order.
func (r *Registry) Digests() []*Digest {
	r.mu.RLock()
	defer r.mu.RUnlock()
	out := make([]*Digest, 0, len(r.mu.digests))
	for _, d := range r.mu.digests {
		out = append(out, d)
	}
	return out
}

// Usage is what one hour saw of a table.
type Usage struct {
	Hour                             time.Time
	Table                            string
	Inserts, Updates, Deletes, Reads atomic.Int64 // statements
	RowsRead, RowsWritten            atomic.Int64

	key int64
}

// usage returns the figures of an operation's table in the hour of a time.
func (r *Registry) usage(o *Operation, at time.Time) *Usage {
	hour := at.Unix() / 3600
	if u := o.hour.Load(); u != nil && u.key == hour {
		return u
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	key := usageKey{hour, o.Table}
	u := r.mu.usage[key]
	if u == nil {
		for k := range r.mu.usage {
			if k.hour <= hour-maxHours {
				delete(r.mu.usage, k)
			}
		}
		u = &Usage{Hour: time.Unix(hour*3600, 0).UTC(), Table: o.Table, key: hour}
		r.mu.usage[key] = u
	}
	o.hour.Store(u)
	return u
}

// Usage returns the figures of all hours and tables, in no order.
func (r *Registry) Usage() []*Usage {
	r.mu.RLock()
	defer r.mu.RUnlock()
	out := make([]*Usage, 0, len(r.mu.usage))
	for _, u := range r.mu.usage {
		out = append(out, u)
	}
	return out
}

// Statement is one execution.
type Statement struct {
	At                    time.Time // of its end
	Took                  time.Duration
	RowsRead, RowsWritten int64
	Failed                bool
	Unsampled             bool // only calls, failures and what windows see are counted
}

// Observe counts an execution.
func (r *Registry) Observe(o *Operation, d *Digest, s Statement) {
	if !s.Unsampled {
		o.Latency.Observe(s.Took)
	}
	d.Calls.Add(1)
	if s.Failed {
		o.Errors.Add(1)
	}
	r.window.observe(s)
	if o.Table == "" {
		return
	}
	if r.watch.any.Load() {
		if w, ok := r.watch.m.Load(o.Table); ok {
			w.(*window).observe(s)
		}
	}
	if s.Unsampled {
		return
	}
	u := r.usage(o, s.At)
	switch o.Name {
	case "insert", "replace", "load":
		u.Inserts.Add(1)
	case "update":
		u.Updates.Add(1)
	case "delete", "truncate":
		u.Deletes.Add(1)
	case "select":
		u.Reads.Add(1)
	}
	if s.RowsRead != 0 {
		u.RowsRead.Add(s.RowsRead)
	}
	if s.RowsWritten != 0 {
		u.RowsWritten.Add(s.RowsWritten)
	}
}
