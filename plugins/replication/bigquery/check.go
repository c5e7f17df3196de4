package bigquery

import (
	"context"
	"errors"
	"fmt"

	"cloud.google.com/go/bigquery"

	"github.com/s3sql/s3sql/plugins/replication"
)

// Check looks for the dataset and the tables. Cost: a request for each.
func (t *target) Check(ctx context.Context, all []*replication.Destination) []replication.Check {
	if err := t.connect(ctx); err != nil {
		return []replication.Check{{What: "connection", Err: err}}
	}
	dataset := replication.Check{What: "dataset " + t.config.project + "." + t.config.dataset, Err: t.locate(ctx)}
	gone := isMissing(dataset.Err)
	if dataset.Err != nil && !gone && !errors.Is(dataset.Err, errLocation) {
		return []replication.Check{{What: "connection", Err: dataset.Err}}
	}
	if gone && t.config.create {
		dataset.Err, dataset.Note = nil, "will be made in "+t.config.location
	}
	out := []replication.Check{{What: "connection"}, dataset}
	for _, d := range all {
		out = append(out, t.checkTable(ctx, d.Name, t.fieldsOf(d), gone))
	}
	if t.config.logTable != "" {
		out = append(out, t.checkTable(ctx, t.config.logTable, logFields, gone))
	}
	return out
}

// checkTable looks whether a table is there and fits; of a dataset that is gone there is nothing to look at.
func (t *target) checkTable(ctx context.Context, name string, list []field, gone bool) replication.Check {
	c := replication.Check{What: "table " + name}
	if c.Err = checkFields(name, list); c.Err != nil {
		return c
	}
	var md *bigquery.TableMetadata
	if !gone {
		md, c.Err = t.lookup(ctx, name)
		gone = isMissing(c.Err)
	} else if !t.config.create {
		c.Err = errors.New("BigQuery: the dataset is not there, and create_tables is off")
	}
	switch {
	case gone && t.config.create:
		c.Err, c.Note = nil, "will be made"
		return c
	case c.Err != nil:
		return c
	}
	missing, err := compare(name, md, list)
	switch {
	case err != nil:
		c.Err = err
	case len(missing) > 0 && !t.config.create:
		c.Err = fmt.Errorf("BigQuery: table %s lacks the column %s, and create_tables is off", name, missing[0].Name)
	case len(missing) > 0:
		c.Note = fmt.Sprintf("lacks %d columns, such as %s, which will be added", len(missing), missing[0].Name)
	}
	return c
}
