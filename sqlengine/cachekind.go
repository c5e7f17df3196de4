package sqlengine

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/plugins"
	"github.com/s3sql/s3sql/plugins/cache"
	"github.com/s3sql/s3sql/storage/object"
)

// cacheKind is CREATE CACHE: results of queries that are kept.
var cacheKind = objectKind{name: "CACHE", clauses: onTables, check: checkCache, options: []plugins.Option{
	{Name: "driver", Default: "memory"},
	{Name: "ttl", Type: plugins.Duration, Default: "5m"},
	{Name: "max_entries", Type: plugins.Int, Default: "1000", Min: 1, Max: 1e9},
	{Name: "max_bytes", Type: plugins.Size, Default: "64MB"},
	{Name: "check_period", Type: plugins.Duration, Default: "10m"},
	{Name: "eviction", Default: "lru", Values: []string{"lru", "fifo"}},
	{Name: "compression", Default: "zstd", Values: []string{"zstd", "none"}},
	{Name: "include_partitions", Type: plugins.Bool, Default: "true"},
	{Name: "prefix", Default: "cache/"},
	{Name: "directory"},
	{Name: "min_hits", Type: plugins.Int, Default: "1", Min: 1, Max: 1e9},
	{Name: "max_result_bytes", Type: plugins.Size, Default: "1MB"},
	{Name: "stats", Type: plugins.Bool, Default: "true"},
}}

// cacheTiers reads the option driver.
func cacheTiers(text string) (tiers []string) {
	for _, t := range strings.Split(text, ",") {
		tiers = append(tiers, strings.ToLower(strings.TrimSpace(t)))
	}
	return tiers
}

// ownFolders are the folders of the database's own objects, which no cache may be among.
var ownFolders = []string{"log", "manifest", "data", "lease"}

func checkCache(o *catalog.Object, opts plugins.Options) error {
	name := what(o.Kind, o.Name)
	tiers := cacheTiers(opts.Text("driver"))
	for i, t := range tiers {
		if known := cache.Drivers(); !slices.Contains(known, t) {
			return base.Errorf(errno.WrongArguments, "%s: driver '%s' is not known; valid: %s, or several with commas between, such as 'memory,s3'", name, t,
				strings.Join(known, ", "))
		}
		if slices.Contains(tiers[:i], t) {
			return base.Errorf(errno.WrongArguments, "%s: driver '%s' is there twice", name, t)
		}
	}
	prefix := strings.Trim(opts.Text("prefix"), "/")
	first, _, _ := strings.Cut(prefix, "/")
	if slices.Contains(ownFolders, first) || first == "s3sql.json" || object.CheckKey(object.OpPut, "x/"+prefix+"/x") != nil || prefix == "" {
		return base.Errorf(errno.WrongArguments, "%s: prefix '%s' is not valid: it is a folder such as 'cache/', and none of %s", name, opts.Text("prefix"),
			strings.Join(ownFolders, ", "))
	}
	return nil
}

// resultCache is a CACHE at work.
type resultCache struct {
	*cache.Cache
	on        *catalog.Object
	partition bool // a result is valid while the partitions stay the same that it reads
	version   uint32
}

// covers reports whether the cache is for queries of all these tables.
func (c *resultCache) covers(tables []*catalog.Table) bool {
	if c.on.Tables == nil && !c.on.All {
		return true // without ON
	}
	return !slices.ContainsFunc(tables, func(t *catalog.Table) bool { return !c.on.Covers(t.Name) })
}

// caches are the results that an engine keeps, by the ids of the objects.
type caches struct {
	sync.Mutex
	m map[uint32]*resultCache
}

// cacheOf returns the cache of an object; with open, it is opened when it is new or has other options than before, else nil is returned then.
func (e *Engine) cacheOf(o *catalog.Object, opts plugins.Options, open bool) *resultCache {
	e.caches.Lock()
	defer e.caches.Unlock()
	if c := e.caches.m[o.ID]; c != nil && c.version == o.Version {
		return c
	}
	if !open {
		return nil
	}
	c, err := cache.Open(cache.Options{
		Config: cache.Config{Name: strings.ToLower(o.Name), Database: e.db.UUID(), MaxEntries: int(opts.Int("max_entries")), MaxBytes: opts.Int("max_bytes"),
			Eviction: opts.Text("eviction"), TTL: opts.Duration("ttl"), Directory: opts.Text("directory"), Prefix: opts.Text("prefix"),
			Store: cacheStore{e.cfg.Store, "cache." + o.Name}, Now: e.cfg.Clock.Now},
		Drivers: cacheTiers(opts.Text("driver")), Compress: opts.Text("compression") == "zstd", MinHits: int(opts.Int("min_hits")),
		MaxResult: opts.Int("max_result_bytes"), CheckPeriod: opts.Duration("check_period"), Stats: opts.Bool("stats")})
	if err != nil {
		e.cfg.Logger.Warn("a cache is not used: it does not open", "cache", o.Name, "error", err)
		return nil
	}
	out := &resultCache{Cache: c, on: o, partition: opts.Bool("include_partitions"), version: o.Version}
	if e.caches.m == nil {
		e.caches.m = map[uint32]*resultCache{}
	}
	e.caches.m[o.ID] = out
	return out
}

// forgetCaches lets go of the caches that a committed catalog does not have.
func (e *Engine) forgetCaches(cat *catalog.Catalog) {
	e.caches.Lock()
	defer e.caches.Unlock()
	for id, c := range e.caches.m {
		if o := cat.Object(cacheKind.name, c.on.Name); o == nil || o.ID != id {
			delete(e.caches.m, id)
		}
	}
}

// cacheStore is the database's store as the s3 driver sees it.
type cacheStore struct {
	store  object.Store
	plugin string
}

func (s cacheStore) under(ctx context.Context) context.Context {
	return object.WithTag(ctx, object.Tag{Plugin: s.plugin})
}

func (s cacheStore) Get(ctx context.Context, key string) ([]byte, bool, error) {
	o, err := s.store.Get(s.under(ctx), key)
	if errors.Is(err, object.ErrNotFound) {
		return nil, false, nil
	}
	return o.Data, err == nil, err
}

func (s cacheStore) Put(ctx context.Context, key string, data []byte) error {
	_, err := s.store.Put(s.under(ctx), key, data)
	return err
}

func (s cacheStore) Delete(ctx context.Context, keys ...string) error {
	return s.store.Delete(s.under(ctx), keys...)
}

func (s cacheStore) List(ctx context.Context, prefix string, f func(string)) error {
	for info, err := range s.store.List(s.under(ctx), prefix, "") {
		if err != nil {
			return err
		}
		f(info.Key)
	}
	return nil
}
