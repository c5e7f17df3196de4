package system

import (
	"context"
	"testing"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/storage/object"
)

// used is what 3 PUTs, 2,000 GETs, a LIST and a DELETE leave in a meter.
func used() object.Snapshot {
	var m object.Meter
	count := func(c object.Command, n int, sent, received int64) {
		for range n {
			m.Observe(context.Background(), object.Request{Command: c, Sent: sent, Received: received})
		}
	}
	count(object.PutObject, 3, 100, 0)
	count(object.GetObject, 2000, 0, 10)
	count(object.ListObjectsV2, 1, 0, 0)
	count(object.DeleteObjects, 1, 0, 0)
	return m.Snapshot()
}

func text(t *testing.T, v base.Value, typ base.Type) string {
	t.Helper()
	if v.IsNull() {
		return "NULL"
	}
	return expr.Format(v, typ)
}

func TestCosts(t *testing.T) {
	t.Parallel()
	table := Costs(used, DefaultPrices())
	rows, err := table.Source.Rows(nil)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{
		"PutObject":     {"PutObject", "put", "3", "0", "300", "0.0050000000", "0.0000150000"},
		"GetObject":     {"GetObject", "get", "2000", "20000", "0", "0.0004000000", "0.0008000000"},
		"ListObjectsV2": {"ListObjectsV2", "list", "1", "0", "0", "0.0050000000", "0.0000050000"},
		"DeleteObjects": {"DeleteObjects", "delete", "1", "0", "0", "0.0000000000", "0.0000000000"},
	}
	if len(rows) != len(want) {
		t.Errorf("%d rows", len(rows))
	}
	for _, row := range rows {
		for i, v := range row {
			if got := text(t, v, table.Columns[i].Type); got != want[row[0].Text()][i] {
				t.Errorf("%s.%s = %s, want %s", row[0].Text(), table.Columns[i].Name, got, want[row[0].Text()][i])
			}
		}
	}
}

func TestCostTotals(t *testing.T) {
	t.Parallel()
	since := time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)
	table := CostTotals(used, DefaultPrices(), since)
	rows, err := table.Source.Rows(nil)
	if err != nil || len(rows) != 1 {
		t.Fatal(len(rows), err)
	}
	want := map[string]string{"requests": "2005", "put": "3", "get": "2000", "head": "0", "delete": "1", "list": "1", "bytes_in": "20000",
		"bytes_out": "300", "request_usd": "0.0008200000", "transfer_usd": "0.0000000000", "storage_bytes": "NULL",
		"storage_usd_month": "NULL", "total_usd": "0.0008200000", "since": "2024-02-29 12:00:00.000000"}
	for i, c := range table.Columns {
		if got := text(t, rows[0][i], c.Type); got != want[c.Name] {
			t.Errorf("%s = %s, want %s", c.Name, got, want[c.Name])
		}
	}
}
