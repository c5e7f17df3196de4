package driver_test

import (
	"database/sql"
	"testing"

	"github.com/s3sql/s3sql/driver"
	"github.com/s3sql/s3sql/plugins/metrics"
	"github.com/s3sql/s3sql/sqlengine/event"
)

// TestCallbacks is told of slow statements, errors and thresholds, and of commits by an event.
func TestCallbacks(t *testing.T) {
	t.Parallel()
	cfg, err := driver.ParseDSN("mem://")
	if err != nil {
		t.Fatal(err)
	}
	c, err := driver.NewConnector(cfg)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(c)
	defer db.Close()
	var slow []event.SlowQuery
	var failed []event.Failed
	var over []event.Alert
	stop := metrics.Watch(c.Events(), metrics.Callbacks{OnSlowQuery: func(e event.SlowQuery) { slow = append(slow, e) }, OnError: func(e event.Failed) { failed = append(failed, e) },
		OnThreshold: func(e event.Alert) { over = append(over, e) }})
	for _, s := range []string{"CREATE TABLE t (id INT PRIMARY KEY)", "CREATE BUDGET b WITH (limit_usd = 0)", "CREATE METRICS m WITH (slow_query_threshold = 0)", "INSERT INTO t VALUES (1)",
		"INSERT INTO t VALUES (1)"} {
		if _, err := db.ExecContext(t.Context(), s); err != nil && s != "INSERT INTO t VALUES (1)" {
			t.Fatalf("%s: %v", s, err)
		}
	}
	stop()
	if len(slow) != 3 || slow[1].Statement != "INSERT INTO t VALUES(?)" || slow[1].TableName != "t" {
		t.Errorf("slow: %+v", slow)
	}
	if len(failed) != 1 || failed[0].State != "23000" || failed[0].Kind != "invalid" {
		t.Errorf("failed: %+v", failed)
	}
	if len(over) != 1 || over[0].Name != "b" || over[0].Metric != "budget" {
		t.Errorf("over: %+v", over)
	}
	var n int
	if err := db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM system.events WHERE type = 'commit' AND table_name = 't'").Scan(&n); err != nil || n != 1 {
		t.Errorf("%d commits, %v", n, err)
	}
}
