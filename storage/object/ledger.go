package object

import (
	"context"
	"iter"
	"sync"
)

// Tag says what a request was made for. The zero Tag is work that nobody claimed.
type Tag struct {
	Statement string // digest of the SQL statement
	Table     string // database.table
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

// Metered returns store with every request counted by observer, the tries that middlewares beneath it make included.
func Metered(store Store, observer Observer) Store { return &metered{store, observer} }

type metered struct {
	store    Store
	observer Observer
}

var (
	_ Store     = (*metered)(nil)
	_ Multipart = (*metered)(nil)
)

func (m *metered) Get(ctx context.Context, key string) (Object, error) {
	return m.store.Get(WithObserver(ctx, m.observer), key)
}

func (m *metered) GetRange(ctx context.Context, key string, offset, length int64) (Object, error) {
	return m.store.GetRange(WithObserver(ctx, m.observer), key, offset, length)
}

func (m *metered) Put(ctx context.Context, key string, data []byte) (string, error) {
	return m.store.Put(WithObserver(ctx, m.observer), key, data)
}

func (m *metered) PutIfAbsent(ctx context.Context, key string, data []byte) (string, error) {
	return m.store.PutIfAbsent(WithObserver(ctx, m.observer), key, data)
}

func (m *metered) PutIfMatch(ctx context.Context, key, etag string, data []byte) (string, error) {
	return m.store.PutIfMatch(WithObserver(ctx, m.observer), key, etag, data)
}

func (m *metered) List(ctx context.Context, prefix, startAfter string) iter.Seq2[Info, error] {
	return m.store.List(WithObserver(ctx, m.observer), prefix, startAfter)
}

func (m *metered) Delete(ctx context.Context, keys ...string) error {
	return m.store.Delete(WithObserver(ctx, m.observer), keys...)
}

func (m *metered) CreateUpload(ctx context.Context, key string) (string, error) {
	return MultipartOf(m.store).CreateUpload(WithObserver(ctx, m.observer), key)
}

func (m *metered) UploadPart(ctx context.Context, key, id string, number int, data []byte) (string, error) {
	return MultipartOf(m.store).UploadPart(WithObserver(ctx, m.observer), key, id, number, data)
}

func (m *metered) CompleteUpload(ctx context.Context, key, id string, tags []string) (string, error) {
	return MultipartOf(m.store).CompleteUpload(WithObserver(ctx, m.observer), key, id, tags)
}

func (m *metered) AbortUpload(ctx context.Context, key, id string) error {
	return MultipartOf(m.store).AbortUpload(WithObserver(ctx, m.observer), key, id)
}
