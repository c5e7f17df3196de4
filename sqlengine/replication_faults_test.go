package sqlengine_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/s3sql/s3sql/sqlengine"
	"github.com/s3sql/s3sql/storage/object"
	"github.com/s3sql/s3sql/storage/object/mem"
)

// unsteady is a store that refuses one of so many reads.
type unsteady struct {
	object.Store
	mu  sync.Mutex
	rng *rand.Rand
	one int // 0: none
}

func (u *unsteady) fails() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.one > 0 && u.rng.IntN(u.one) == 0 {
		return object.ErrDenied
	}
	return nil
}

func (u *unsteady) set(one int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.one = one
}

func (u *unsteady) Get(ctx context.Context, key string) (object.Object, error) {
	if err := u.fails(); err != nil {
		return object.Object{}, err
	}
	return u.Store.Get(ctx, key)
}

func (u *unsteady) GetRange(ctx context.Context, key string, off, length int64) (object.Object, error) {
	if err := u.fails(); err != nil {
		return object.Object{}, err
	}
	return u.Store.GetRange(ctx, key, off, length)
}

// TestReplicationOnUnsteadyStore reads commits of many rows, whose earlier versions are in segments, from a store that fails now and then: no change is
// lost or told twice by that, whatever has been read of a commit by then.
func TestReplicationOnUnsteadyStore(t *testing.T) {
	t.Parallel()
	for _, start := range []string{"now", "snapshot"} {
		for seed := range uint64(12) {
			t.Run(fmt.Sprint(start, seed), func(t *testing.T) {
				t.Parallel()
				to := newSink(t)
				plain := mem.New()
				cfg := sqlengine.Config{Create: true}
				cfg.SmallSegments()
				writer, _ := reopened(t, plain, cfg)
				s := writer.NewSession()
				must(t, s, "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(50))")
				must(t, s, "CREATE TABLE u (id INT PRIMARY KEY, v VARCHAR(50))")
				must(t, s, "CREATE REPLICATION r TO LEDGER '"+t.Name()+"' WITH (start = '"+start+"', batch_size = 7, retry_delay = '1ms', max_retries = 4, log = false) (ALL TABLES)")
				for i := range 40 {
					must(t, s, fmt.Sprintf("INSERT INTO t VALUES (%d, 'row %d of a table in segments')", i, i))
				}
				must(t, s, "INSERT INTO u SELECT * FROM t")
				must(t, s, "OPTIMIZE TABLE t, u")
				for i := range 5 {
					must(t, s, "BEGIN")
					must(t, s, fmt.Sprintf("UPDATE t SET v = CONCAT(v, '%d') WHERE id %% 2 = %d", i, i%2))
					must(t, s, fmt.Sprintf("DELETE FROM u WHERE id %% 7 = %d", i))
					must(t, s, "COMMIT")
				}
				cfg.Create = false
				store := &unsteady{Store: plain, rng: rand.New(rand.NewPCG(seed, 1))}
				reader, _ := reopened(t, store, cfg)
				store.set(5 + int(seed))
				for out := "ERROR"; strings.HasPrefix(out, "ERROR"); {
					out = answer(reader.NewSession(), "RUN REPLICATION r UNTIL CAUGHT UP")
				}
				store.set(0)
				must(t, reader.NewSession(), "RUN REPLICATION r UNTIL CAUGHT UP")
				compareSink(t, s, to)
			})
		}
	}
}

// compareSink makes rows of what has come to a sink, each of which has to come once, and compares them with the tables.
func compareSink(t *testing.T, s *sqlengine.Session, to *sink) {
	t.Helper()
	rows, seen := map[string]string{}, map[string]bool{}
	lines := strings.Split(to.take(), "\n")
	for _, line := range lines {
		f := strings.SplitN(line, " ", 4)
		if len(f) < 4 || seen[line] {
			t.Fatalf("%q is no change, or has come twice", line)
		}
		seen[line] = true
		if f[0] == "delete" {
			delete(rows, f[1]+f[2])
		} else {
			rows[f[1]+f[2]] = f[3]
		}
	}
	want := 0
	for _, name := range []string{"t", "u"} {
		for _, row := range strings.Split(strings.TrimSpace(asked(t, s, "SELECT id, v FROM "+name)), "\n") {
			id, v, _ := strings.Cut(row, " | ")
			if want++; rows[name+id] != "["+id+" "+v+"]" {
				t.Errorf("%s %s: %q has come, want %q", name, id, rows[name+id], v)
			}
		}
	}
	if len(rows) != want {
		t.Errorf("%d rows, want %d, of %d changes", len(rows), want, len(lines))
	}
}
