package system

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
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

// known answers what the tables of costs ask.
type known struct{ profile string }

func (k known) SessionPrices() Prices { return NewPriceList().Of(k.profile) }
func (known) Requests() (object.Snapshot, time.Time) {
	return used(), time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)
}
func (known) StoredBytes() (int64, error) { return 10 << 30, nil }
func (known) StatementUsage() []StatementUsage {
	return []StatementUsage{{"a", "SELECT ?", 2, object.Snapshot{}}, {"b", "INSERT …", 4, used()}}
}
func (known) CostHistory() ([]MinuteUsage, error) {
	at := time.Unix(60, 0)
	return []MinuteUsage{{at, "t", "", "put", 2, 1 << 30, 0}, {at, "", "storage", "get", 1000, 0, 1 << 30}}, nil
}

func TestCosts(t *testing.T) {
	t.Parallel()
	table := Costs()
	rows, err := table.Source.Rows(&expr.Context{Tables: known{}})
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

func TestCostTables(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		profile string
		table   *plan.VirtualTable
		want    string
	}{
		{"", CostTotals(), "2005 3 2000 0 1 1 20000 300 0.0008200000 0.0000000000 10737418240 0.2300000000 0.0008200000 2024-02-29 12:00:00.000000"},
		{"s3db", CostTotals(), "2005 3 2000 0 1 1 20000 300 0.0008204000 0.0000000000 10737418240 0.0000000000 0.0008204000 2024-02-29 12:00:00.000000"},
		{"cloudflare-r2", CostTotals(), "2005 3 2000 0 1 1 20000 300 0.0007380000 0.0000000000 10737418240 0.1500000000 0.0007380000 2024-02-29 12:00:00.000000"},
		{"", StatementCosts(), "b INSERT … 4 2005 20300 0.0008200000 0.0002050000 / a SELECT ? 2 0 0 0.0000000000 0.0000000000"},
		{"aws-s3-express", CostHistory(false), "1970-01-01 00:01:00.000000 NULL storage get 1000 1073741824 0.0006300000 / 1970-01-01 00:01:00.000000 t NULL put 2 1073741824 0.0032022600"},
	} {
		rows, err := c.table.Source.Rows(&expr.Context{Tables: known{c.profile}})
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for _, row := range rows {
			var cells []string
			for i, v := range row {
				cells = append(cells, text(t, v, c.table.Columns[i].Type))
			}
			lines = append(lines, strings.Join(cells, " "))
		}
		if got := strings.Join(lines, " / "); got != c.want {
			t.Errorf("%s by %q:\n%s, want\n%s", c.table.Name, c.profile, got, c.want)
		}
	}
}
