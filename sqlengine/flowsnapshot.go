package sqlengine

import (
	"context"
	"errors"
	"slices"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/plugins/replication"
	"github.com/s3sql/s3sql/plugins/replication/worker"
	"github.com/s3sql/s3sql/storage/table"
)

// snapshotReader reads the rows of one home.
type snapshotReader struct {
	home uint32
	*table.RangeReader
}

// copyRows adds rows of the tables that are being copied, as they are at the feed's commit.
func (f *flowSource) copyRows(ctx context.Context, b *worker.Batch, most int) error {
	snap := f.pos.Snapshot
	for len(b.Items) < most && len(snap.Tables) > 0 {
		ways := f.waysOf(snap.Tables[0])
		if snap.Home == 0 && len(ways) > 0 {
			if snap.Reset {
				if len(b.Items) > 0 { // it is the first of a batch
					return nil
				}
				for _, r := range ways {
					b.Reset = append(b.Reset, r.dest)
				}
			}
			snap.Home = ways[0].table.RowTables()[0]
		}
		if err := f.copyTable(ctx, b, ways, most); err != nil {
			return err
		}
	}
	if len(snap.Tables) == 0 {
		f.pos.Snapshot, f.reader = nil, nil
	}
	return nil
}

func (f *flowSource) waysOf(name string) (ways []*route) {
	for _, r := range f.routes {
		if lowered(r.table.Name) == name {
			ways = append(ways, r)
		}
	}
	return ways
}

// copyTable adds rows of the first table, and moves on to the next one behind its last row.
func (f *flowSource) copyTable(ctx context.Context, b *worker.Batch, ways []*route, most int) error {
	snap := f.pos.Snapshot
	next := func() { snap.Tables, snap.Home, snap.Key, f.reader = snap.Tables[1:], 0, nil, nil }
	if len(ways) == 0 {
		next()
		return nil
	}
	t := ways[0].table
	if f.reader == nil || f.reader.home != snap.Home {
		lo := ""
		if snap.Key != nil {
			lo = string(snap.Key) + "\x00"
		}
		f.reader = &snapshotReader{snap.Home, f.feed.Tx().OpenRange(snap.Home, lo, "", false)}
	}
	var failed error
	more, err := f.reader.Read(ctx, max((most-len(b.Items))/len(ways), 1), func(key, enc string) {
		if failed != nil {
			return
		}
		if failed = f.copied(b, ways, t, key, enc); failed == nil {
			snap.Key = []byte(key)
		}
	})
	if err = errors.Join(err, failed); err != nil {
		f.reader = nil // the next one begins behind the key
	}
	if err != nil || more {
		return err
	}
	all := t.RowTables()
	if i := slices.Index(all, snap.Home); i+1 < len(all) {
		snap.Home, snap.Key, f.reader = all[i+1], nil, nil
		return nil
	}
	next()
	return nil
}

// copied adds the items of one row.
func (f *flowSource) copied(b *worker.Batch, ways []*route, t *catalog.Table, key, enc string) error {
	row, err := f.rows.row(t, enc)
	if err != nil {
		return err
	}
	for _, r := range ways {
		if it := f.copyItem(r, key, row); it != nil {
			b.Items = append(b.Items, it)
		}
	}
	return nil
}

func (f *flowSource) copyItem(r *route, key string, row []base.Value) *worker.Item {
	if !r.item.Operation("INSERT") {
		return nil
	}
	seq := f.feed.Seq()
	it := f.newItem(r, &flowChange{table: r.table, key: key, now: row}, replication.Insert, seq)
	it.ID, it.Snapshot, it.Time = "s-"+it.ID, true, f.e.now()
	f.fill(it, r, row, nil, []base.Value{base.NewString("insert"), {}, base.NewUint(seq), base.NewDateTime(it.Time.UnixMicro())})
	if it.Err == nil && it.Data == nil {
		return nil
	}
	return it
}

// Again implements worker.Source: it reads the commit of a dead letter once more.
func (f *flowSource) Again(ctx context.Context, d *worker.DeadLetter) (*worker.Item, error) {
	seq := d.Seq
	if !d.Snapshot {
		seq--
	}
	feed, err := f.e.db.OpenFeed(ctx, seq)
	if errors.Is(err, base.ErrFenced) {
		return nil, replication.Permanent(base.Errorf(errno.Fenced, "%v; RESYNC TABLE copies the rows anew", err))
	}
	if err != nil {
		return nil, err
	}
	defer feed.Close()
	g := &flowSource{e: f.e, o: f.o, rows: f.rows, before: f.before, feed: feed}
	var c *table.FeedCommit
	if !d.Snapshot {
		if c, err = feed.Next(ctx); err != nil || c == nil {
			return nil, err
		}
	}
	if err := g.load(ctx); err != nil {
		return nil, err
	}
	if len(g.waysTo(d)) == 0 {
		return nil, replication.Permanent(base.Errorf(errno.WrongUsage, "table %s does not go to %s any more: DELETE the dead letter, or have it go there again", d.Source, d.Destination))
	}
	if d.Snapshot {
		return g.copyAgain(ctx, d)
	}
	var found *worker.Item
	err = g.items(ctx, c, func(it *worker.Item) error {
		if it.Destination.Source == d.Source && it.Destination.Name == d.Destination && it.Key == d.Key {
			found = it
			it.ID = d.ID // the definition may number its items otherwise now
			return errEnough
		}
		return nil
	})
	if err == errEnough {
		err = nil
	}
	return found, err
}

// waysTo returns the routes on which a dead letter may have been.
func (f *flowSource) waysTo(d *worker.DeadLetter) []*route {
	return slices.DeleteFunc(f.waysOf(lowered(d.Source)), func(r *route) bool { return r.dest.Name != d.Destination })
}

// copyAgain makes the item of a row that was copied.
func (f *flowSource) copyAgain(ctx context.Context, d *worker.DeadLetter) (*worker.Item, error) {
	for _, r := range f.waysTo(d) {
		for _, home := range r.table.RowTables() {
			enc, ok, err := f.feed.Tx().Get(ctx, home, d.Key)
			if err != nil {
				return nil, err
			}
			if !ok {
				continue
			}
			row, err := f.rows.row(r.table, enc)
			if err != nil {
				return nil, err
			}
			if it := f.copyItem(r, d.Key, row); it != nil {
				it.ID = d.ID
				return it, nil
			}
		}
	}
	return nil, nil
}
