package sqlengine

import (
	"errors"
	"strings"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/parse"
	"github.com/s3sql/s3sql/sqlengine/system"
)

// cacheNamed returns a cache that is at work, in a transaction that has begun.
//
// Errors: 3162-class, 1235 (it is paused).
func (r *run) cacheNamed(name string) (*resultCache, error) {
	_, o, err := r.object(cacheKind.name, name, r.tx)
	if err != nil {
		return nil, err
	}
	for _, c := range r.steering.caches {
		if c.on.ID == o.ID {
			return c, nil
		}
	}
	return nil, base.Errorf(errno.NotSupported, "cache '%s' is not at work: it is paused, or did not open", name)
}

// flushCache is FLUSH CACHE: it forgets all results, or those of a table.
func (r *run) flushCache(n *ast.FlushCache) (*Result, error) {
	tx, done, err := r.readTx()
	if err != nil {
		return nil, err
	}
	r.tx = tx
	err = r.flushNamed(n)
	return &Result{}, errors.Join(err, done(err))
}

func (r *run) flushNamed(n *ast.FlushCache) error {
	c, err := r.cacheNamed(n.Name)
	if err != nil || n.Table == nil {
		if err == nil {
			c.Flush(r.ctx, nil)
		}
		return err
	}
	t, err := r.table(n.Table, r.tx)
	if err == nil {
		c.Flush(r.ctx, t.RowTables())
	}
	return err
}

// warmCache is WARM CACHE: it runs a query so that the cache has its result.
func (r *run) warmCache(n *ast.WarmCache) (*Result, error) {
	tx, done, err := r.readTx()
	if err != nil {
		return nil, err
	}
	r.tx = tx
	c, err := r.cacheNamed(n.Name)
	if err = errors.Join(err, done(err)); err != nil {
		return nil, err
	}
	inner := *r
	inner.sql, inner.st, inner.warming = n.Text, nil, c
	res, err := inner.exec()
	if err != nil {
		return nil, err
	}
	res.whole = false
	if _, err := drain(res); err != nil {
		return nil, err
	}
	key, kept := inner.cacheKey(n.Text), false
	for _, e := range c.Entries() {
		kept = kept || e.Key == key
	}
	if !kept {
		return nil, base.Errorf(errno.NotSupported, "the result is not kept: the query reads no table, depends on the time or the session, or has more than max_result_bytes")
	}
	return &Result{AffectedRows: uint64(res.rows)}, nil
}

// drain reads a result to its end.
func drain(res *Result) (n int64, err error) {
	for err == nil {
		b, nerr := res.Next(res.run.ctx)
		if err = nerr; b == nil {
			break
		}
	}
	return res.rows, errors.Join(err, res.Close())
}

// keyOf is CACHE_KEY.
//
// Errors: 1064, 1210 (it is no query, or has more or fewer placeholders than there are values).
func (r *run) keyOf(sql string, values []base.Value) (string, error) {
	p, err := parse.Parse(sql)
	if err != nil {
		return "", err
	}
	if _, ok := p.Stmt.(ast.Query); !ok {
		return "", base.Errorf(errno.WrongArguments, "Incorrect arguments to CACHE_KEY: only a SELECT has a key")
	}
	if p.NumParams != len(values) {
		return "", base.Errorf(errno.WrongArguments, "Incorrect arguments to CACHE_KEY: the query has %d placeholders, %d values were given; "+
			"write CACHE_KEY(query, value, …)", p.NumParams, len(values))
	}
	of := &run{s: r.s}
	for _, v := range values {
		of.addParam(Arg{Value: v})
	}
	return of.cacheKey(strings.TrimRight(strings.TrimSpace(sql), "; \n\t\r")), nil
}

// CacheStats describes the tiers of the caches, for system.cache_stats.
func (r *infoSource) CacheStats() (out []system.CacheTier, err error) {
	return out, r.eachCache(func(c *resultCache, _ *catalog.Catalog) {
		tiers, saved, nano := c.Stats()
		for i, t := range tiers {
			row := system.CacheTier{Cache: c.on.Name, Tier: t.Tier, Hits: t.Hits, Misses: t.Misses, Entries: int64(t.Entries), Bytes: t.Bytes,
				Evictions: t.Evictions, Failures: t.Failures}
			if i == 0 { // of the cache as a whole
				row.SavedRequests, row.SavedUSD = saved, float64(nano)/1e9
			}
			out = append(out, row)
		}
	})
}

// CacheEntries describes the results that this process has put or met, for system.cache_entries.
func (r *infoSource) CacheEntries() (out []system.CacheEntry, err error) {
	return out, r.eachCache(func(c *resultCache, cat *catalog.Catalog) {
		names, _ := storageNames(cat)
		for _, e := range c.Entries() {
			row := system.CacheEntry{Cache: c.on.Name, Tier: e.Tier, Key: e.Key, Statement: e.Statement, Bytes: int64(e.Bytes), Hits: e.Hits,
				Created: e.Created, Expires: e.Expires}
			for _, id := range e.Tables {
				if name := names[id]; name != "" && !strings.Contains(","+strings.Join(row.Tables, ",")+",", ","+name+",") {
					row.Tables = append(row.Tables, name)
				}
			}
			out = append(out, row)
		}
	})
}

func (r *infoSource) eachCache(fn func(*resultCache, *catalog.Catalog)) error {
	s, err := (*run)(r).steer(r.tx)
	if err != nil {
		return err
	}
	cat, err := r.Catalog()
	if err != nil {
		return err
	}
	for _, c := range s.caches {
		fn(c, cat)
	}
	return nil
}

// DeleteCached forgets one result.
func (r *infoSource) DeleteCached(name, key string) error {
	return r.eachCache(func(c *resultCache, _ *catalog.Catalog) {
		if c.on.Name == name {
			c.Delete(r.ctx, key)
		}
	})
}
