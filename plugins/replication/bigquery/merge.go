package bigquery

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/s3sql/s3sql/plugins/replication"
)

// mergeBytes bounds the values of one MERGE: a query with its parameters may have 10 MB.
const mergeBytes = 8 << 20

// change is the last change of a row in a batch.
type change struct {
	record int // of the batch
	values []any
	size   int
}

// merge changes the rows of the records at positions of a batch in place: the last change of each row is what counts.
func (t *target) merge(ctx context.Context, f *fit, records []*replication.Record, at []int, rejected map[int]error) error {
	changes := lastChanges(f, records, at, rejected)
	for len(changes) > 0 {
		n, size := 0, 0
		for n < len(changes) && (n == 0 || size+changes[n].size <= mergeBytes) {
			size += changes[n].size
			n++
		}
		if err := t.mergeSome(ctx, f, changes[:n], rejected); err != nil {
			return err
		}
		changes = changes[n:]
	}
	return nil
}

// lastChanges returns, in their order, the last changes of the rows of records.
func lastChanges(f *fit, records []*replication.Record, at []int, rejected map[int]error) (changes []*change) {
	seen := map[string]bool{}
	for _, i := range slices.Backward(at) {
		c, key, err := changeOf(f, records[i])
		switch {
		case err != nil:
			rejected[i] = err
		case !seen[key]:
			seen[key], c.record = true, i
			changes = append(changes, c)
		}
	}
	slices.Reverse(changes)
	return changes
}

// changeOf returns the values of a record as mergeSQL reads them: whether the row is to go, and its columns, of which a Delete has the key.
func changeOf(f *fit, r *replication.Record) (c *change, key string, err error) {
	d := r.Destination
	if len(r.Data) != len(d.Columns) {
		return nil, "", fmt.Errorf("the record has %d values for %d columns", len(r.Data), len(d.Columns))
	}
	gone := r.Operation == replication.Delete
	c = &change{values: make([]any, len(d.Columns)+1)}
	if gone {
		c.values[0] = "1"
	}
	for i := range d.Columns {
		if gone && !slices.Contains(d.Key, i) {
			continue
		}
		if c.values[i+1], err = encode(&d.Columns[i], f.types[i], r.Data[i]); err != nil {
			return nil, "", err
		}
	}
	var parts []any
	for _, k := range d.Key {
		if c.values[k+1] == nil {
			return nil, "", fmt.Errorf("column %s is of the key, and NULL", d.Columns[k].Name)
		}
		parts = append(parts, c.values[k+1])
	}
	b, err := json.Marshal(parts)
	if err != nil {
		return nil, "", err
	}
	c.size, err = c.measure()
	return c, string(b), err
}

// measure returns how many bytes a change has in a request, where it is text within a text.
func (c *change) measure() (int, error) {
	once, err := json.Marshal(c.values)
	if err != nil {
		return 0, err
	}
	twice, err := json.Marshal(string(once))
	if err == nil && len(twice) > mergeBytes {
		return 0, fmt.Errorf("the row has %d bytes, and BigQuery takes %d in a query", len(twice), mergeBytes)
	}
	return len(twice), err
}

// mergeSome merges changes by one statement. When BigQuery finds it invalid, and it is not the statement, it is one of the changes.
func (t *target) mergeSome(ctx context.Context, f *fit, changes []*change, rejected map[int]error) error {
	err := t.runMerge(ctx, f, changes)
	if !isInvalid(err) {
		if err != nil && replication.IsPermanent(err) {
			t.forget()
		}
		return err
	}
	if wrong := t.plan(ctx, "plan the merge into table "+f.table, t.mergeSQL(f), "[]"); wrong != nil {
		t.forget() // a column may have gone, or changed its type
		return wrong
	}
	return t.split(ctx, f, changes, err, rejected)
}

// split finds the changes that BigQuery does not take, of some that it has refused together, and merges the others.
func (t *target) split(ctx context.Context, f *fit, changes []*change, why error, rejected map[int]error) error {
	if len(changes) == 1 {
		rejected[changes[0].record] = unmarked(why)
		return nil
	}
	for _, half := range [][]*change{changes[:len(changes)/2], changes[len(changes)/2:]} {
		err := t.runMerge(ctx, f, half)
		if isInvalid(err) {
			err = t.split(ctx, f, half, err, rejected)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *target) runMerge(ctx context.Context, f *fit, changes []*change) error {
	rows := make([][]any, len(changes))
	for i, c := range changes {
		rows[i] = c.values
	}
	b, err := json.Marshal(rows)
	if err != nil {
		return err
	}
	return t.query(ctx, "merge into table "+f.table, t.mergeSQL(f), string(b))
}
