package sqlengine_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestLongStatementsBesideShortOnes lets statements that read or write all of a table run while another session commits to it without
// a pause: they lose to it a few times, and then it waits for them.
func TestLongStatementsBesideShortOnes(t *testing.T) {
	t.Parallel()
	e := openMem(t)
	s := e.NewSession()
	defer s.Close()
	must(t, s, "CREATE TABLE b (id INT PRIMARY KEY, k INT, v VARCHAR(50))")
	must(t, s, `INSERT INTO b WITH RECURSIVE d (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM d WHERE i < 99)
		SELECT a.i * 10000 + b.i * 100 + c.i, b.i, REPEAT('x', 30) FROM d AS a, d AS b, d AS c WHERE a.i < 6`)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	stop := make(chan struct{})
	var writers sync.WaitGroup
	written := 0
	writers.Go(func() {
		w := e.NewSession()
		defer w.Close()
		for ; ; written++ {
			select {
			case <-stop:
				return
			default:
			}
			if _, err := w.Exec(ctx, fmt.Sprintf("INSERT INTO b VALUES (%d, %d, 'short')", 10_000_000+written, written%7), nil); err != nil {
				t.Errorf("insert %d: %v", written, err)
				return
			}
		}
	})
	for _, sql := range []string{"CREATE INDEX k ON b (k)", "UPDATE b SET v = CONCAT('y', SUBSTRING(v, 2)) WHERE id < 60000 OR k = 3"} {
		before := time.Now()
		if _, err := s.Exec(ctx, sql, nil); err != nil {
			t.Errorf("%s: %v after %v", sql, err, time.Since(before))
		}
	}
	close(stop)
	writers.Wait()
	if got, want := one(t, s, "SELECT COUNT(*) FROM b"), fmt.Sprint(60_000+written); got != want {
		t.Errorf("%s rows, want %s", got, want)
	}
	if out := answer(s, "CHECK TABLE b"); !strings.Contains(out, "OK") {
		t.Error(out)
	}
}
