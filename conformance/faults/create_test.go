package faults

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/s3sql/s3sql/driver"
	"github.com/s3sql/s3sql/storage/object"
	"github.com/s3sql/s3sql/storage/object/faults"
	"github.com/s3sql/s3sql/storage/object/mem"
)

// TestCreate has several processes create one database at once while requests fail. They end up in the same one.
func TestCreate(t *testing.T) {
	t.Parallel()
	for _, seed := range seeds(8) {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			t.Parallel()
			b := &bank{seed: seed, store: mem.New(), cfg: bankConfig(seed)}
			rates := map[faults.Fault]float64{faults.Unavailable: .02, faults.LostReply: .01, faults.Timeout: .005, faults.Crash: .001}
			plan := faults.Plan{Rates: map[object.Op]map[faults.Fault]float64{object.OpGet: rates, object.OpList: rates, object.OpPut: rates,
				object.OpPutIfAbsent: rates, object.OpPutIfMatch: rates}}
			var wg sync.WaitGroup
			for i := range 4 {
				p := &process{t: t, store: b.store, seed: seed*10 + uint64(i), plan: plan, cfg: b.cfg, speed: speedMemory, tries: 6}
				wg.Go(func() {
					defer p.end()
					for tries := 0; ; tries++ {
						db := p.pool(t.Context())
						_, err := db.Exec("CREATE TABLE IF NOT EXISTS item (id INT PRIMARY KEY)")
						if err == nil {
							_, err = db.Exec("REPLACE INTO item VALUES (?)", i)
						}
						if err == nil {
							return
						}
						checkTyped(t, err)
						if errors.Is(err, faults.ErrCrashed) {
							p.crashed(db)
						}
						if tries == 50 {
							t.Errorf("process %d never succeeded: %v", i, err)
							return
						}
					}
				})
			}
			wg.Wait()
			var n int
			if err := b.open(t).QueryRow("SELECT COUNT(*) FROM item").Scan(&n); err != nil || n != 4 {
				t.Errorf("seed %d: %d rows of 4 processes, %v", seed, n, err)
			}
			if got := contents(t, b.store); got[identityKey] == "" {
				t.Errorf("seed %d: no identity", seed)
			}
		})
	}
}

// TestLostIdentity: the reply to the write that makes the database is lost, and asking again meets what was written.
func TestLostIdentity(t *testing.T) {
	t.Parallel()
	for _, f := range []faults.Fault{faults.LostReply, faults.Timeout, faults.Conflict, faults.Unavailable} {
		t.Run(f.String(), func(t *testing.T) {
			t.Parallel()
			store := &identityFault{Store: mem.New(), fault: f}
			b := &bank{store: store, cfg: driver.Config{Scheme: driver.SchemeMem, Name: "lost"}}
			err := b.open(t).Ping()
			if f == faults.Unavailable { // nothing was done, and retries are up to the store here
				want{driver.ErrUnavailable, 2013, "08S01", identityKey, []string{"simulated"}}.check(t, err)
			} else if err != nil {
				t.Error(err)
			}
			if !store.met {
				t.Error("the fault has not come")
			}
			b.store = store.Store
			if err := b.open(t).Ping(); err != nil {
				t.Error(err)
			}
		})
	}
}

// identityFault lets the first write of the identity meet a fault.
type identityFault struct {
	object.Store
	fault faults.Fault
	met   bool
}

func (s *identityFault) PutIfAbsent(ctx context.Context, key string, data []byte) (string, error) {
	if key != identityKey || s.met {
		return s.Store.PutIfAbsent(ctx, key, data)
	}
	s.met = true
	f := faults.New(s.Store, newFastClock(speedMemory), newRand(1, 1), faults.Plan{})
	f.FailNext(object.OpPutIfAbsent, s.fault)
	return f.PutIfAbsent(ctx, key, data)
}
