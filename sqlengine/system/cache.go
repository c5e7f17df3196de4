package system

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// CacheTier is a row of system.cache_stats.
type CacheTier struct {
	Cache, Tier                                       string
	Hits, Misses, Entries, Bytes, Evictions, Failures int64
	SavedRequests                                     int64
	SavedUSD                                          float64
}

// CacheEntry is a row of system.cache_entries.
type CacheEntry struct {
	Cache, Tier, Key, Statement string
	Tables                      []string
	Bytes, Hits                 int64
	Created, Expires            time.Time
}

// cacheSource is what the tables of caches ask of a session: expr.Context.Tables is one.
type cacheSource interface {
	CacheStats() ([]CacheTier, error)
	CacheEntries() ([]CacheEntry, error)
	DeleteCached(cache, key string) error
}

// CacheStats is system.cache_stats: what the tiers of the caches have done in this process. What a cache has saved stands beside its
// first tier.
func CacheStats() *plan.VirtualTable {
	return &plan.VirtualTable{Schema: Schema, Name: "cache_stats", Columns: columnsOf("cache", "s", "tier", "s", "hits", "i", "misses", "i", "hit_rate", "f",
		"entries", "i", "bytes", "i", "evictions", "i", "saved_requests", "i", "saved_usd", "$", "failures", "i"),
		Source: sourced(func(src cacheSource) (out [][]base.Value, err error) {
			list, err := src.CacheStats()
			for _, t := range list {
				rate := 0.0
				if asked := t.Hits + t.Misses; asked > 0 {
					rate = float64(t.Hits) / float64(asked)
				}
				out = append(out, []base.Value{base.NewString(t.Cache), base.NewString(t.Tier), base.NewInt(t.Hits), base.NewInt(t.Misses), base.NewFloat(rate),
					base.NewInt(t.Entries), base.NewInt(t.Bytes), base.NewInt(t.Evictions), base.NewInt(t.SavedRequests), usd(t.SavedUSD), base.NewInt(t.Failures)})
			}
			return out, err
		})}
}

// CacheEntries is system.cache_entries: the results that this process has put into a cache or met there. DELETE removes one.
func CacheEntries() *plan.VirtualTable {
	return &plan.VirtualTable{Schema: Schema, Name: "cache_entries", Change: deleteCached, Columns: columnsOf("cache", "s", "tier", "s", "cache_key", "s",
		"statement", "x", "table_names", "x", "bytes", "i", "hits", "i", "created_at", "t", "expires_at", "T"),
		Source: sourced(func(src cacheSource) (out [][]base.Value, err error) {
			list, err := src.CacheEntries()
			slices.SortFunc(list, func(a, b CacheEntry) int {
				return cmp.Or(cmp.Compare(a.Cache, b.Cache), a.Created.Compare(b.Created), cmp.Compare(a.Key, b.Key))
			})
			for _, e := range list {
				expires := base.Value{}
				if !e.Expires.IsZero() {
					expires = base.NewDateTime(e.Expires.UnixMicro())
				}
				out = append(out, []base.Value{base.NewString(e.Cache), base.NewString(e.Tier), base.NewString(e.Key), base.NewString(e.Statement),
					base.NewString(strings.Join(e.Tables, ",")), base.NewInt(e.Bytes), base.NewInt(e.Hits), base.NewDateTime(e.Created.UnixMicro()), expires})
			}
			return out, err
		})}
}

func deleteCached(c *expr.Context, old, row []base.Value) error {
	src, ok := c.Tables.(cacheSource)
	if !ok || row != nil {
		return base.Errorf(errno.NotSupported, "rows of system.cache_entries can be deleted, not updated")
	}
	return src.DeleteCached(old[0].Text(), old[2].Text())
}
