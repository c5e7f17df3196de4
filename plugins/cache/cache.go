package cache

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Options are those of CREATE CACHE.
type Options struct {
	Config
	Drivers     []string // the tiers, the fastest first
	Compress    bool
	MinHits     int           // how often a query is asked before its result is kept
	MaxResult   int64         // bytes of a result that is kept
	CheckPeriod time.Duration // how often what is past its time is looked for
	Stats       bool
}

// Cache keeps results in tiers. A result that a slow tier has is put into the faster ones when it is asked for. It is safe for
// concurrent use.
type Cache struct {
	opts  Options
	tiers []*tier

	saved, savedNanoUSD atomic.Int64

	mu struct {
		sync.Mutex
		entries map[string]*info   // of results that this process has put or met
		asked   map[string]int     // how often queries were asked that are not kept yet
		flights map[string]*Flight // results being computed, by key and versions
		checked time.Time
	}
}

type tier struct {
	name   string
	driver Driver

	hits, misses, failures atomic.Int64
}

// info is what a process knows of a result.
type info struct {
	statement string
	tables    []uint32
	tier      string // the fastest that has it
	bytes     int
	hits      int64
	created   time.Time
	expires   time.Time
}

// Open opens the tiers.
//
// Errors: those of the drivers.
func Open(opts Options) (*Cache, error) {
	c := &Cache{opts: opts}
	c.mu.entries, c.mu.asked, c.mu.flights = map[string]*info{}, map[string]int{}, map[string]*Flight{}
	c.mu.checked = opts.Now()
	for _, name := range opts.Drivers {
		d, err := OpenDriver(name, opts.Config)
		if err != nil {
			return nil, err
		}
		c.tiers = append(c.tiers, &tier{name: name, driver: d})
	}
	return c, nil
}

// Name returns the name of the cache.
func (c *Cache) Name() string { return c.opts.Name }

// MaxResult returns how many bytes a result may have.
func (c *Cache) MaxResult() int64 { return c.opts.MaxResult }

// TTL returns how long a result is kept at most, 0 without end.
func (c *Cache) TTL() time.Duration { return c.opts.TTL }

// Get returns the result of a query if a tier has one that was computed from these versions. shared is false for results that may not
// leave the memory of the process.
func (c *Cache) Get(ctx context.Context, key string, versions []Version, shared bool) *Entry {
	now := c.opts.Now()
	c.check(now)
	for i, t := range c.tiers {
		if !shared && t.name != "memory" {
			continue
		}
		data, ok, err := t.driver.Get(ctx, key)
		if err != nil {
			t.failures.Add(1)
		}
		var e *Entry
		if ok && err == nil {
			if e, err = Decode(data); err != nil {
				t.failures.Add(1)
			}
		}
		if e == nil || !e.Current(versions, now) {
			t.misses.Add(1)
			continue
		}
		t.hits.Add(1)
		c.saved.Add(e.Requests)
		c.savedNanoUSD.Add(e.NanoUSD)
		c.met(key, e, len(data), c.tiers[0].name)
		for _, faster := range c.tiers[:i] {
			c.put(ctx, faster, key, data, e)
		}
		return e
	}
	return nil
}

// met notes that a result was used.
func (c *Cache) met(key string, e *Entry, size int, tier string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	in := c.mu.entries[key]
	if in == nil || !in.created.Equal(e.Created) {
		in = c.noteLocked(key, e, size, tier)
	}
	in.hits++
	in.tier = tier
}

func (c *Cache) noteLocked(key string, e *Entry, size int, tier string) *info {
	in := &info{statement: e.Statement, tier: tier, bytes: size, created: e.Created, expires: e.Expires}
	for _, v := range e.Versions {
		in.tables = append(in.tables, v.ID)
	}
	c.mu.entries[key] = in
	return in
}

// Wanted reports whether a result of the query is to be kept, and counts that it was asked for.
func (c *Cache) Wanted(key string) bool {
	if c.opts.MinHits <= 1 {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.mu.asked) > 10*max(c.opts.MaxEntries, 1000) {
		c.mu.asked = map[string]int{}
	}
	c.mu.asked[key]++
	if c.mu.asked[key] < c.opts.MinHits {
		return false
	}
	delete(c.mu.asked, key)
	return true
}

// Put keeps a result in the tiers.
func (c *Cache) Put(ctx context.Context, key string, e *Entry, shared bool) {
	data := e.Encode(c.opts.Compress)
	if int64(len(data)) > c.opts.MaxResult {
		return
	}
	first := ""
	for _, t := range c.tiers {
		if shared || t.name == "memory" {
			c.put(ctx, t, key, data, e)
			if first == "" {
				first = t.name
			}
		}
	}
	if first == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.noteLocked(key, e, len(data), first)
}

func (c *Cache) put(ctx context.Context, t *tier, key string, data []byte, e *Entry) {
	ttl := time.Duration(0)
	if !e.Expires.IsZero() {
		if ttl = e.Expires.Sub(c.opts.Now()); ttl <= 0 {
			return
		}
	}
	if err := t.driver.Put(ctx, key, data, ttl); err != nil {
		t.failures.Add(1)
	}
}

// Delete forgets the result of a query.
func (c *Cache) Delete(ctx context.Context, key string) {
	c.mu.Lock()
	delete(c.mu.entries, key)
	c.mu.Unlock()
	for _, t := range c.tiers {
		if err := t.driver.Delete(ctx, key); err != nil {
			t.failures.Add(1)
		}
	}
}

// Flush forgets all results, or those that this process knows to be computed from one of some tables.
func (c *Cache) Flush(ctx context.Context, tables []uint32) {
	if tables == nil {
		c.mu.Lock()
		c.mu.entries = map[string]*info{}
		c.mu.Unlock()
		for _, t := range c.tiers {
			if err := t.driver.Clear(ctx); err != nil {
				t.failures.Add(1)
			}
		}
		return
	}
	for _, key := range c.keys(func(in *info) bool {
		return slices.ContainsFunc(tables, func(id uint32) bool { return slices.Contains(in.tables, id) })
	}) {
		c.Delete(ctx, key)
	}
}

func (c *Cache) keys(which func(*info) bool) (out []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, in := range c.mu.entries {
		if which(in) {
			out = append(out, key)
		}
	}
	return out
}

// check forgets what is past its time, once in a period.
func (c *Cache) check(now time.Time) {
	if c.opts.CheckPeriod <= 0 {
		return
	}
	c.mu.Lock()
	due := now.Sub(c.mu.checked) >= c.opts.CheckPeriod
	if due {
		c.mu.checked = now
		maps.DeleteFunc(c.mu.entries, func(_ string, in *info) bool { return !in.expires.IsZero() && !now.Before(in.expires) })
	}
	c.mu.Unlock()
	if !due {
		return
	}
	for _, t := range c.tiers {
		if m, ok := t.driver.(*memory); ok {
			m.expire(now)
		}
	}
}

// TierStats is what a tier has done.
type TierStats struct {
	Tier                   string
	Hits, Misses, Failures int64
	Entries                int
	Bytes, Evictions       int64
}

// Stats returns what the tiers have done, and what hits have saved.
func (c *Cache) Stats() (tiers []TierStats, savedRequests, savedNanoUSD int64) {
	if !c.opts.Stats {
		return nil, 0, 0
	}
	for _, t := range c.tiers {
		s := TierStats{Tier: t.name, Hits: t.hits.Load(), Misses: t.misses.Load(), Failures: t.failures.Load()}
		if d, ok := t.driver.(Counted); ok {
			s.Entries, s.Bytes, s.Evictions = d.Size()
		} else {
			c.mu.Lock()
			for _, in := range c.mu.entries {
				s.Entries, s.Bytes = s.Entries+1, s.Bytes+int64(in.bytes)
			}
			c.mu.Unlock()
		}
		tiers = append(tiers, s)
	}
	return tiers, c.saved.Load(), c.savedNanoUSD.Load()
}

// EntryInfo describes a result that this process has put or met.
type EntryInfo struct {
	Key, Statement, Tier string
	Tables               []uint32
	Bytes                int
	Hits                 int64
	Created, Expires     time.Time
}

// Entries returns the results that this process knows of, in no order.
func (c *Cache) Entries() (out []EntryInfo) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, in := range c.mu.entries {
		out = append(out, EntryInfo{Key: key, Statement: in.statement, Tier: in.tier, Tables: in.tables, Bytes: in.bytes, Hits: in.hits,
			Created: in.created, Expires: in.expires})
	}
	return out
}
