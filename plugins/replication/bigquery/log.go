package bigquery

import (
	"context"
	"encoding/json"
	"fmt"

	"cloud.google.com/go/bigquery"

	"github.com/s3sql/s3sql/plugins/replication"
)

// logFields are the columns of log_table.
var logFields = []field{
	{name: "at", typ: bigquery.TimestampFieldType},
	{name: "replication", typ: bigquery.StringFieldType},
	{name: "source", typ: bigquery.StringFieldType},
	{name: "table_name", typ: bigquery.StringFieldType},
	{name: "destination", typ: bigquery.StringFieldType},
	{name: "operation", typ: bigquery.StringFieldType},
	{name: "record_id", typ: bigquery.StringFieldType},
	{name: "change_id", typ: bigquery.StringFieldType},
	{name: "commit_seq", typ: bigquery.IntegerFieldType},
	{name: "commit_time", typ: bigquery.TimestampFieldType},
	{name: "data", typ: bigquery.JSONFieldType},
}

// writeLog streams a row into log_table for each record that was delivered. A record whose row is refused counts as rejected, for the
// log is to be complete.
func (t *target) writeLog(ctx context.Context, records []*replication.Record, rejected map[int]error) error {
	if t.config.logTable == "" {
		return nil
	}
	now := timestamp(t.clock.Now())
	var rows []*streamed
	for i, r := range records {
		if rejected[i] != nil {
			continue
		}
		row, err := t.logRow(r, now)
		if err == nil {
			err = row.measure()
		}
		if err != nil {
			rejected[i] = fmt.Errorf("delivered, but not to the log: %w", err)
			continue
		}
		row.record = i
		rows = append(rows, row)
	}
	return t.stream(ctx, t.config.logTable, rows, rejected)
}

func (t *target) logRow(r *replication.Record, now string) (*streamed, error) {
	data, err := json.Marshal(r.Destination.Object(r.Data))
	if err != nil {
		return nil, err
	}
	return &streamed{id: r.ID, values: map[string]bigquery.Value{
		"at": now, "replication": t.config.replication, "source": t.config.source, "table_name": r.Destination.Source, "destination": r.Destination.Name,
		"operation": string(r.Operation), "record_id": r.RecordID, "change_id": r.ID, "commit_seq": fmt.Sprint(r.Seq), "commit_time": timestamp(r.Time),
		"data": string(data),
	}}, nil
}
