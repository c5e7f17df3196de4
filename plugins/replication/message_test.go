package replication_test

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/s3sql/s3sql/plugins/replication"
)

var orders = &replication.Destination{Source: "orders", Name: "fact_orders", Key: []int{0}, Columns: []replication.Column{
	{Name: "id", Kind: replication.Int},
	{Name: "total", Kind: replication.Decimal},
	{Name: "note", Kind: replication.Text},
	{Name: "doc", Kind: replication.JSON},
	{Name: "raw", Kind: replication.Bytes},
	{Name: "at", Kind: replication.Timestamp},
}}

var (
	config = replication.Config{Replication: "events", Source: "shop"}
	commit = time.Date(2026, 1, 2, 3, 4, 5, 600_000_000, time.UTC)
)

func TestMessage(t *testing.T) {
	t.Parallel()
	row := []any{int64(7), "12.50", "a <b> & \"c\"\x01\ufffe\uffff😀", `{"k": [1]}`, []byte{1, 2}, commit}
	for name, test := range map[string]struct {
		r    replication.Record
		want string
	}{
		"insert": {replication.Record{ID: "r-1", Destination: orders, Operation: replication.Insert, Seq: 42, Time: commit, RecordID: "7", Data: row},
			`{"resource":"fact_orders","operation":"insert","id":"7","data":{"at":"2026-01-02T03:04:05.6Z","doc":{"k":[1]},"id":7,` +
				`"note":"a <b> & \"c\"\u0001\ufffe\uffff😀","raw":"AQI=","total":12.50},"beforeData":null,` +
				`"metadata":{"source":"shop","replicator":"events","timestamp":"2026-01-02T03:04:05.6Z","record":"r-1","commit":42}}`},
		"delete": {replication.Record{ID: "r-2", Destination: orders, Operation: replication.Delete, Seq: 43, Time: commit.In(time.FixedZone("", 3600)), RecordID: "7",
			Data: []any{int64(7), nil, nil, nil, nil, nil}, Before: []any{int64(7), nil, nil, nil, nil, nil}},
			`{"resource":"fact_orders","operation":"delete","id":"7","data":{"at":null,"doc":null,"id":7,"note":null,"raw":null,"total":null},` +
				`"beforeData":{"at":null,"doc":null,"id":7,"note":null,"raw":null,"total":null},` +
				`"metadata":{"source":"shop","replicator":"events","timestamp":"2026-01-02T03:04:05.6Z","record":"r-2","commit":43}}`},
		"snapshot without a key": {replication.Record{ID: "r-3", Destination: &replication.Destination{Name: "t", Columns: orders.Columns[:1]},
			Operation: replication.Insert, Snapshot: true, Time: commit, Data: []any{int64(1)}},
			`{"resource":"t","operation":"insert","id":null,"data":{"id":1},"beforeData":null,` +
				`"metadata":{"source":"shop","replicator":"events","timestamp":"2026-01-02T03:04:05.6Z","record":"r-3","commit":0,"snapshot":true}}`},
	} {
		got, err := replication.Message(config, &test.r)
		if err != nil || string(got) != test.want {
			t.Errorf("%s: %v\n%s\nwant\n%s", name, err, got, test.want)
		}
		if !json.Valid(got) {
			t.Errorf("%s is not JSON", name)
		}
	}
	bad := replication.Record{Destination: &replication.Destination{Name: "t", Columns: []replication.Column{{Name: "f", Kind: replication.Float}}}, Data: []any{math.NaN()}}
	if _, err := replication.Message(config, &bad); err == nil {
		t.Error("NaN was written as JSON")
	}
}

func TestOutcomes(t *testing.T) {
	t.Parallel()
	var o replication.Outcomes
	records := []*replication.Record{{ID: "a"}, {ID: "b"}, {ID: "c"}}
	if open := o.Begin(records); len(open) != 3 {
		t.Fatalf("open: %v", open)
	}
	refused, down := errors.New("refused"), errors.New("down")
	o.Delivered(0)
	o.Rejected(1, refused)
	if err := o.End(down); err != down {
		t.Fatalf("End: %v", err)
	}
	if open := o.Begin(records); len(open) != 1 || open[0] != 2 {
		t.Fatalf("open after an error: %v", open)
	}
	o.Delivered(2)
	var rejected *replication.Rejected
	if err := o.End(nil); !errors.As(err, &rejected) || len(rejected.Records) != 1 || rejected.Records[1] != refused {
		t.Fatalf("End: %v", err)
	}
	if open := o.Begin(records); len(open) != 3 {
		t.Errorf("open after the end of the batch: %v", open)
	}
	o.Delivered(0)
	if err := o.End(down); err != down {
		t.Fatal(err)
	}
	if open := o.Begin(records[1:]); len(open) != 2 {
		t.Errorf("open of another batch: %v", open)
	}
	if err := o.End(nil); err != nil {
		t.Errorf("End: %v", err)
	}
}

func TestPairs(t *testing.T) {
	t.Parallel()
	got, err := replication.Pairs("queues", " users = https://q/1?a=b ,orders=https://q/2")
	if err != nil || len(got) != 2 || got[0] != (replication.Pair{Name: "users", Value: "https://q/1?a=b"}) || got[1].Name != "orders" {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := replication.Pairs("queues", " "); got != nil || err != nil {
		t.Errorf("of nothing: %v, %v", got, err)
	}
	for text, want := range map[string]string{
		"users":               "queues is not valid at part 1",
		"a=1,,b=2":            "at part 2",
		"=hidden":             "at part 1",
		"a=hidden,b=":         "gives b no value",
		"a=hidden,A = hidden": "names A twice",
	} {
		if _, err := replication.Pairs("queues", text); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
