package bigquery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"cloud.google.com/go/bigquery"

	"github.com/s3sql/s3sql/plugins/replication"
)

// The bounds of a request of streaming. BigQuery takes 50,000 rows and 10 MB, and recommends 500 rows.
// Source: https://cloud.google.com/bigquery/quotas#streaming_inserts.
const (
	streamRows  = 500
	streamBytes = 9 << 20
	rowOverhead = 64 // of a row in a request, beside its values and id
)

// streamed is a row on its way into a table.
type streamed struct {
	record int // of the batch
	id     string
	values map[string]bigquery.Value
	size   int
}

// Save hands the row to the client.
func (r *streamed) Save() (map[string]bigquery.Value, string, error) { return r.values, r.id, nil }

// measure sets the size, and refuses a row that no request can hold.
func (r *streamed) measure() error {
	b, err := json.Marshal(r.values)
	if err != nil {
		return err
	}
	if r.size = len(b) + len(r.id) + rowOverhead; r.size > streamBytes {
		return fmt.Errorf("the row has %d bytes, and BigQuery takes %d in a request", r.size, streamBytes)
	}
	return nil
}

// append streams the records at positions of a batch, each as a row.
func (t *target) append(ctx context.Context, f *fit, records []*replication.Record, at []int, rejected map[int]error) error {
	rows := make([]*streamed, 0, len(at))
	for _, i := range at {
		row, err := t.rowOf(f, records[i])
		if err == nil {
			err = row.measure()
		}
		if err != nil {
			rejected[i] = err
			continue
		}
		row.record = i
		rows = append(rows, row)
	}
	return t.stream(ctx, f.table, rows, rejected)
}

// rowOf makes the row that a record is appended as.
func (t *target) rowOf(f *fit, r *replication.Record) (*streamed, error) {
	row := &streamed{id: r.ID, values: make(map[string]bigquery.Value, len(f.names))}
	d := r.Destination
	if len(r.Data) != len(d.Columns) {
		return nil, fmt.Errorf("the record has %d values for %d columns", len(r.Data), len(d.Columns))
	}
	for i := range d.Columns {
		v, err := encode(&d.Columns[i], f.types[i], r.Data[i])
		if err != nil {
			return nil, err
		}
		if v != nil {
			row.values[f.names[i]] = v
		}
	}
	for _, name := range f.names[len(d.Columns):] {
		row.values[name] = t.tracking(strings.ToLower(name), r)
	}
	return row, nil
}

// tracking returns the value of a column that says what has happened.
func (t *target) tracking(name string, r *replication.Record) bigquery.Value {
	switch name {
	case "_operation":
		return string(r.Operation)
	case "_commit_seq", "_version":
		return fmt.Sprint(r.Seq)
	case "_is_deleted":
		return r.Operation == replication.Delete
	case "_commit_time":
		return timestamp(r.Time)
	case "_replicated_at":
		return timestamp(t.clock.Now())
	}
	return r.ID // _change_id
}

func timestamp(v time.Time) string { return v.UTC().Format("2006-01-02T15:04:05.999999Z") }

// stream sends rows in requests of bounded size.
func (t *target) stream(ctx context.Context, table string, rows []*streamed, rejected map[int]error) error {
	for len(rows) > 0 {
		n, size := 0, 0
		for n < len(rows) && n < streamRows && (n == 0 || size+rows[n].size <= streamBytes) {
			size += rows[n].size
			n++
		}
		if err := t.send(ctx, table, rows[:n], rejected); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// send makes one request of rows. BigQuery takes none of a request when it refuses one: the others are sent again without those.
func (t *target) send(ctx context.Context, table string, rows []*streamed, rejected map[int]error) error {
	for len(rows) > 0 {
		var refused bigquery.PutMultiError
		err := t.do(ctx, "insert into table "+table, func(ctx context.Context) error {
			err := t.table(table).Inserter().Put(ctx, rows)
			if errors.As(err, &refused) {
				return nil
			}
			return err
		})
		switch {
		case isMissing(err) && t.config.create: // it was there a moment ago: made just now, or dropped
			t.forget()
			return replication.RetryAfter(fmt.Errorf("the table was made just now, or has been dropped: %w", unmarked(err)), freshRetry)
		case err != nil:
			if replication.IsPermanent(err) {
				t.forget()
			}
			return err
		case len(refused) == 0:
			return nil
		}
		bad, err := t.sort(table, rows, refused)
		if err != nil {
			return err
		}
		for i, why := range bad {
			rejected[rows[i].record] = why
		}
		if len(bad) == 0 {
			return replication.RetryAfter(fmt.Errorf("BigQuery: insert into table %s: %d rows were stopped, and none was refused", table, len(refused)), busyRetry)
		}
		var rest []*streamed
		for i, row := range rows {
			if bad[i] == nil {
				rest = append(rest, row)
			}
		}
		rows = rest
	}
	return nil
}

// sort returns which rows BigQuery does not take, for themselves.
//
// Errors: RetryAfter when a row was refused for what is no fault of its own: a rate, an outage, a column that is not known everywhere yet.
func (t *target) sort(table string, rows []*streamed, refused bigquery.PutMultiError) (bad map[int]error, err error) {
	bad = map[int]error{}
	for _, r := range refused {
		for _, e := range r.Errors {
			var one *bigquery.Error
			if !errors.As(e, &one) {
				return nil, fmt.Errorf("BigQuery: insert into table %s: %w", table, e)
			}
			f := &failure{what: "insert into table " + table, reason: one.Reason, message: one.Message, err: e}
			switch {
			case one.Reason == "stopped":
				continue
			case one.Reason == "quotaExceeded":
				return nil, replication.RetryAfter(f, quotaRetry)
			case slices.Contains(reasonsBusy, one.Reason):
				return nil, replication.RetryAfter(f, busyRetry)
			case strings.Contains(strings.ToLower(one.Message), "no such field"):
				t.forget()
				f.hint = "the column was added just now, or has been dropped"
				return nil, replication.RetryAfter(f, freshRetry)
			}
			if one.Location != "" {
				f.message = "column " + one.Location + ": " + f.message
			}
			if bad[r.RowIndex] == nil {
				bad[r.RowIndex] = f
			}
		}
	}
	return bad, nil
}

// unmarked takes the mark of Permanent from an error of BigQuery.
func unmarked(err error) error {
	var f *failure
	if errors.As(err, &f) {
		return f
	}
	return err
}
