package driver_test

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/s3sql/s3sql/driver"
	"github.com/s3sql/s3sql/sqlengine/event"
)

// TestEvents receives what searches and indexes have published.
func TestEvents(t *testing.T) {
	t.Parallel()
	cfg, err := driver.ParseDSN("file://" + t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c, err := driver.NewConnector(cfg)
	if err != nil {
		t.Fatal(err)
	}
	sub := c.Events().Subscribe(10)
	db := sql.OpenDB(c)
	defer db.Close()
	ctx := context.Background()
	for _, s := range []string{"CREATE TABLE a (id INT PRIMARY KEY, s TEXT)", "INSERT INTO a VALUES (1, 'red fox'), (2, 'red wine')",
		"CREATE FULLTEXT INDEX words ON a (s)", "SELECT COUNT(*) FROM a WHERE MATCH (s) AGAINST ('red')"} {
		if _, err := db.ExecContext(ctx, s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	for i, want := range []event.Event{event.Indexed{TableName: "a", Index: "words", Rows: 2}, event.Searched{TableName: "a", Index: "words", Query: "red", Results: 2}} {
		select {
		case r := <-sub.C():
			for r.Event.Type() == "commit" {
				r = <-sub.C()
			}
			got := r.Event
			switch e := got.(type) {
			case event.Indexed:
				e.Bytes = 0
				got = e
			case event.Searched:
				e.Took = 0
				got = e
			}
			if got != want {
				t.Errorf("event %d is %+v, want %+v", i, got, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("no event %d", i)
		}
	}
	var n int
	if err := db.QueryRowContext(ctx, "SELECT COUNT(*) FROM system.events WHERE table_name = 'a' AND type <> 'commit' AND detail->>'$.index' = 'words'").Scan(&n); err != nil || n != 2 {
		t.Errorf("%d rows in system.events, %v", n, err)
	}
}
