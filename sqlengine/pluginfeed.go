package sqlengine

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/plugins"
	"github.com/s3sql/s3sql/storage/table"
)

// feedPoll is how often a feed that waits asks the store, where nothing else does.
const feedPoll = 5 * time.Second

// pluginFeed is a plugins.Feed.
type pluginFeed struct {
	e      *Engine
	rows   *flowRows
	feed   *table.Feed
	tables []string // in lower case; "*" all
}

var _ plugins.Feed = (*pluginFeed)(nil)

// Feed implements plugins.Host.
func (h *pluginHost) Feed(ctx context.Context, after uint64, tables ...string) (plugins.Feed, error) {
	return h.m.e.openFeed(ctx, after, tables)
}

func (e *Engine) openFeed(ctx context.Context, after uint64, tables []string) (*pluginFeed, error) {
	if err := e.db.Refresh(ctx, time.Time{}); err != nil {
		return nil, err
	}
	if after == plugins.Newest {
		after = e.db.Head()
	}
	feed, err := e.db.OpenFeed(ctx, after)
	if err != nil {
		return nil, err
	}
	f := &pluginFeed{e: e, rows: e.newFlowRows(ctx), feed: feed}
	for _, t := range tables {
		f.tables = append(f.tables, lowered(t))
	}
	return f, nil
}

// Close implements plugins.Feed.
func (f *pluginFeed) Close() { f.feed.Close() }

// Next implements plugins.Feed.
func (f *pluginFeed) Next(ctx context.Context) (plugins.Commit, error) {
	for {
		applied := f.e.db.Applied()
		c, err := f.feed.Next(ctx)
		if err != nil {
			return plugins.Commit{}, err
		}
		if c == nil {
			if f.e.doze(ctx, feedPoll, applied) && f.e.now().Sub(f.e.db.FreshAt()) >= feedPoll {
				err = f.e.db.Refresh(ctx, time.Time{})
			}
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				return plugins.Commit{}, err
			}
			continue
		}
		out := plugins.Commit{Seq: c.Seq()}
		if out.Changes, err = f.changes(ctx, c); err != nil || len(out.Changes) > 0 {
			return out, err
		}
	}
}

// changes returns those of a commit.
func (f *pluginFeed) changes(ctx context.Context, c *table.FeedCommit) (out []plugins.Change, err error) {
	was, err := f.rows.cache.Load(ctx, c.Before())
	if err != nil {
		return nil, err
	}
	cat, err := f.rows.cache.Load(ctx, c.After())
	if err != nil {
		return nil, err
	}
	all := cat.Stored().Tables()
	slices.SortFunc(all, func(a, b *catalog.Table) int { return int(b.ID) - int(a.ID) }) // as in flowSource.items
	for _, deletes := range []bool{true, false} {
		for _, t := range all {
			if t.System || t.Temporary || !slices.Contains(f.tables, "*") && !slices.Contains(f.tables, strings.ToLower(t.Name)) {
				continue
			}
			err := f.rows.changes(ctx, c, homesOf(c, was.ByID(t.ID), t), deletes, func(x *flowChange) error {
				op := "update"
				if x.old == nil {
					op = "insert"
				} else if x.now == nil {
					op = "delete"
				}
				out = append(out, plugins.Change{Table: t.Name, Operation: op, Old: goRow(t, x.old), New: goRow(t, x.now)})
				return nil
			})
			if err != nil {
				return nil, err
			}
		}
		slices.Reverse(all)
	}
	return out, nil
}
