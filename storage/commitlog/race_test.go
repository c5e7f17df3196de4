package commitlog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/storage/object/mem"
)

// TestLogsRace: three processes with four callers each increment one row and insert one each, all at once.
func TestLogsRace(t *testing.T) {
	t.Parallel()
	const logs, callers, each = 3, 4, 25
	store := mem.New()
	var models []*model
	var wg sync.WaitGroup
	for n := range logs {
		m := newModel()
		l := Open(store, Config{DB: testDB}, 0, m)
		models = append(models, m)
		for c := range callers {
			wg.Go(func() {
				for i := range each {
					increment(t, l, m, fmt.Sprintf("log %d caller %d number %d", n, c, i))
				}
			})
		}
		t.Cleanup(func() {
			if err := l.Close(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	want := logged(t, store)
	if len(want) != logs*callers*each {
		t.Errorf("%d transactions in the log, %d were acknowledged", len(want), logs*callers*each)
	}
	if sorted := slices.Compact(slices.Sorted(slices.Values(want))); len(sorted) != len(want) {
		t.Error("a transaction is in the log twice")
	}
	last := 0
	for _, m := range models {
		m.check(t)
		if got := m.list(); !slices.Equal(got, want[:len(got)]) {
			t.Error("a process applied another order")
		}
		row, _ := m.row(1, "counter")
		n, _ := strconv.Atoi(row)
		last = max(last, n)
	}
	if last != len(want) {
		t.Errorf("the counter is %d after %d increments", last, len(want))
	}
}

// increment retries until it is acknowledged.
func increment(t *testing.T, l *Log, m *model, name string) {
	for {
		row, head := m.row(1, "counter")
		n, _ := strconv.Atoi(row)
		txn := &Txn{Snapshot: head, Meta: name, Tables: []TableWrite{{Table: 1, Ops: []Op{
			{Key: "counter", Row: strconv.Itoa(n + 1)}, {Key: name, Row: name}}}}}
		_, err := l.Commit(context.Background(), txn)
		if err == nil {
			return
		}
		if !errors.Is(err, base.ErrConflict) {
			t.Errorf("%s: %v", name, err)
			return
		}
		if _, err := l.Refresh(context.Background()); err != nil {
			t.Errorf("%s: refresh: %v", name, err)
			return
		}
	}
}
