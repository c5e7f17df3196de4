package object

import (
	"context"
	"iter"
	"sync"
)

// Tag says what a request was made for. The zero Tag is work that nobody claimed.
type Tag struct {
	Statement string // digest of the SQL statement
	Table     string // name of the table, or # and the id that its rows are stored under
	Plugin    string // name of the plugin at work
}

// OtherTag stands for the tags that a Ledger had no room for.
var OtherTag = Tag{Statement: "(other)"}

// WithTag returns a context whose requests carry tag; what tag leaves empty stays as it is in ctx.
func WithTag(ctx context.Context, tag Tag) context.Context {
	a := accountOf(ctx)
	if tag.Statement != "" {
		a.tag.Statement = tag.Statement
	}
	if tag.Table != "" {
		a.tag.Table = tag.Table
	}
	if tag.Plugin != "" {
		a.tag.Plugin = tag.Plugin
	}
	return context.WithValue(ctx, accountKey{}, &a)
}

// TagOf returns the tag of ctx.
func TagOf(ctx context.Context) Tag { return accountOf(ctx).tag }

// Ledger counts the requests of a store in total and by tag. It is safe for concurrent use.
type Ledger struct {
	total  Meter
	tagMax int

	mu   sync.RWMutex
	tags map[Tag]*Meter // guarded by mu
}

var _ Observer = (*Ledger)(nil)

// NewLedger returns a ledger that keeps up to tagMax tags apart, 10,000 for 0; requests under further tags are counted
// under OtherTag.
func NewLedger(tagMax int) *Ledger {
	if tagMax <= 0 {
		tagMax = 10_000
	}
	return &Ledger{tagMax: tagMax, tags: make(map[Tag]*Meter)}
}

// Observe counts r in total and under the tag of ctx.
func (l *Ledger) Observe(ctx context.Context, r Request) {
	l.total.Observe(ctx, r)
	l.meter(TagOf(ctx)).Observe(ctx, r)
}

func (l *Ledger) meter(tag Tag) *Meter {
	l.mu.RLock()
	m := l.tags[tag]
	l.mu.RUnlock()
	if m != nil {
		return m
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.tags[tag] == nil && len(l.tags) >= l.tagMax {
		tag = OtherTag
	}
	if m = l.tags[tag]; m == nil {
		m = new(Meter)
		l.tags[tag] = m
	}
	return m
}

// Total returns the counts of all requests.
func (l *Ledger) Total() Snapshot { return l.total.Snapshot() }

// Tags yields the counts by tag, in no order.
func (l *Ledger) Tags() iter.Seq2[Tag, Snapshot] {
	return func(yield func(Tag, Snapshot) bool) {
		l.mu.RLock()
		meters := make(map[Tag]*Meter, len(l.tags))
		for tag, m := range l.tags {
			meters[tag] = m
		}
		l.mu.RUnlock()
		for tag, m := range meters {
			if !yield(tag, m.Snapshot()) {
				return
			}
		}
	}
}
