package bigquery

import (
	"context"
	"net/http"
	"slices"

	"cloud.google.com/go/bigquery"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/plugins/replication"
)

// target is one replication's BigQuery. For one goroutine.
type target struct {
	config config
	clock  base.Clock
	client *bigquery.Client // nil until connect
	base   *http.Transport

	located bool                              // the location of the dataset is known
	tables  map[*replication.Destination]*fit // those that Prepare has found in order
	all     []*replication.Destination        // of the last Prepare
	log     bool                              // log_table is in order
}

var _ replication.Target = (*target)(nil)

// Prepare makes the dataset and tables that are missing, if it is to, and adds columns.
// Cost: a request for the dataset and for each table, one more for each that is made or changed.
//
// Errors: those of explain; Permanent when something is missing and not to be made, or has another type.
func (t *target) Prepare(ctx context.Context, all []*replication.Destination) error {
	t.all, t.tables, t.log, t.located = all, map[*replication.Destination]*fit{}, false, false
	if err := t.connect(ctx); err != nil {
		return err
	}
	return t.ready(ctx, all)
}

// ready readies those of the destinations, and of the log, that are not known to be.
func (t *target) ready(ctx context.Context, list []*replication.Destination) error {
	if err := t.readyDataset(ctx); err != nil {
		return err
	}
	for _, d := range list {
		if t.tables[d] != nil {
			continue
		}
		f, err := t.readyTable(ctx, d.Name, t.fieldsOf(d))
		if err != nil {
			return err
		}
		f.destination, t.tables[d] = d, f
	}
	if t.config.logTable != "" && !t.log {
		if _, err := t.readyTable(ctx, t.config.logTable, logFields); err != nil {
			return err
		}
		t.log = true
	}
	return nil
}

// forget lets the next batch look at the tables anew: BigQuery knows one of them otherwise than it was.
func (t *target) forget() { clear(t.tables); t.log, t.located = false, false }

// Apply delivers a batch: streamed, or merged into tables of mutable mode. What is refused says which record it is.
// Cost: for each table one request per 500 rows or 9 MB streamed, or three per 8 MB merged; and one per 500 records for the log.
//
// Errors: *replication.Rejected for records that BigQuery does not take; those of explain.
func (t *target) Apply(ctx context.Context, b *replication.Batch) error {
	if err := t.connect(ctx); err != nil {
		return err
	}
	if t.tables == nil {
		t.tables = map[*replication.Destination]*fit{}
	}
	rejected := map[int]error{}
	err := t.apply(ctx, b, rejected)
	switch {
	case err != nil:
		return err
	case len(rejected) > 0:
		return &replication.Rejected{Records: rejected}
	}
	return nil
}

func (t *target) apply(ctx context.Context, b *replication.Batch, rejected map[int]error) error {
	order, groups := group(b.Records)
	if err := t.ready(ctx, append(slices.Clone(b.Reset), order...)); err != nil {
		return err
	}
	if err := t.reset(ctx, b.Reset); err != nil {
		return err
	}
	for _, d := range order {
		deliver := t.append
		if t.merges(d) {
			deliver = t.merge
		}
		if err := deliver(ctx, t.tables[d], b.Records, groups[d], rejected); err != nil {
			return err
		}
	}
	return t.writeLog(ctx, b.Records, rejected)
}

// merges reports whether the rows of a destination are changed in place.
func (t *target) merges(d *replication.Destination) bool {
	return t.config.mode == modeMutable && len(d.Key) > 0
}

// group returns the destinations of records in the order in which they come, and the positions of the records of each.
func group(records []*replication.Record) (order []*replication.Destination, groups map[*replication.Destination][]int) {
	groups = map[*replication.Destination][]int{}
	for i, r := range records {
		if groups[r.Destination] == nil {
			order = append(order, r.Destination)
		}
		groups[r.Destination] = append(groups[r.Destination], i)
	}
	return order, groups
}

// reset empties the tables of destinations in mutable mode, but those that others go to as well.
func (t *target) reset(ctx context.Context, list []*replication.Destination) error {
	if t.config.mode != modeMutable {
		return nil
	}
	done := map[string]bool{}
	for _, d := range list {
		shared := slices.ContainsFunc(t.all, func(o *replication.Destination) bool { return o.Name == d.Name && !slices.Contains(list, o) })
		if shared || done[d.Name] {
			continue
		}
		done[d.Name] = true
		if err := t.query(ctx, "empty table "+d.Name, "TRUNCATE TABLE "+t.quote(d.Name), ""); err != nil {
			return err
		}
	}
	return nil
}

// quote is a table as SQL writes it; names have no backticks and backslashes in them.
func (t *target) quote(table string) string {
	return "`" + t.config.project + "." + t.config.dataset + "." + table + "`"
}

func (t *target) table(name string) *bigquery.Table {
	return t.client.Dataset(t.config.dataset).Table(name)
}

// Close closes the client's connections.
func (t *target) Close() error {
	if t.client == nil {
		return nil
	}
	err := t.client.Close()
	t.base.CloseIdleConnections()
	t.client = nil
	return err
}
