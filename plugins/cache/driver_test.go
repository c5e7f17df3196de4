package cache

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

// fakeStore is an object store in memory.
type fakeStore struct {
	mu sync.Mutex
	m  map[string][]byte
}

func (s *fakeStore) Get(_ context.Context, key string) ([]byte, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.m[key]
	return v, ok, nil
}

func (s *fakeStore) Put(_ context.Context, key string, data []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.m[key] = data
	return nil
}

func (s *fakeStore) Delete(_ context.Context, keys ...string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range keys {
		delete(s.m, k)
	}
	return nil
}

func (s *fakeStore) List(_ context.Context, prefix string, f func(string)) error {
	for k := range s.m {
		if len(k) >= len(prefix) && k[:len(prefix)] == prefix {
			f(k)
		}
	}
	return nil
}

// TestDrivers runs each driver against a map: what it returns is what was put last, and no more is kept than the bounds say.
func TestDrivers(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"memory", "disk", "s3"} {
		for _, eviction := range []string{"lru", "fifo"} {
			t.Run(name+" "+eviction, func(t *testing.T) {
				t.Parallel()
				now := time.Unix(1_700_000_000, 0)
				store := &fakeStore{m: map[string][]byte{"cache/other/k1": nil}}
				d, err := OpenDriver(name, Config{Name: "c", MaxEntries: 20, MaxBytes: 12_000, Eviction: eviction, Directory: t.TempDir(), Prefix: "cache/",
					Store: store, Now: func() time.Time { return now }})
				if err != nil {
					t.Fatal(err)
				}
				model := map[string]string{}
				r, ctx := rand.New(rand.NewPCG(1, 2)), t.Context()
				for i := range 3000 {
					now = now.Add(time.Second)
					key := fmt.Sprintf("k%d", r.IntN(40))
					switch n := r.IntN(100); {
					case n < 40:
						value := fmt.Sprintf("%d %0*d", i, r.IntN(400), 0)
						model[key] = value
						err = d.Put(ctx, key, []byte(value), time.Hour)
					case n < 45:
						delete(model, key)
						err = d.Delete(ctx, key)
					case n == 99 && r.IntN(10) == 0:
						model = map[string]string{}
						err = d.Clear(ctx)
					default:
						v, ok, gerr := d.Get(ctx, key)
						if err = gerr; ok && string(v) != model[key] {
							t.Fatalf("%s is %q, want %q", key, v, model[key])
						}
					}
					if err != nil {
						t.Fatal(err)
					}
					if c, ok := d.(Counted); ok {
						if n, bytes, _ := c.Size(); n > 20 || bytes > 12_000 {
							t.Fatalf("%d entries, %d bytes", n, bytes)
						}
					}
				}
				if _, ok := store.m["cache/other/k1"]; !ok {
					t.Error("Clear has removed what is another's")
				}
			})
		}
	}
}

// TestLeastRecentlyUsed keeps what is asked for.
func TestLeastRecentlyUsed(t *testing.T) {
	t.Parallel()
	for eviction, want := range map[string]bool{"lru": true, "fifo": false} {
		d, err := openMemory(Config{MaxEntries: 3, Eviction: eviction, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 10 {
			if err := d.Put(t.Context(), fmt.Sprint(i), []byte("v"), 0); err != nil {
				t.Fatal(err)
			}
			if _, _, err := d.Get(t.Context(), "0"); err != nil {
				t.Fatal(err)
			}
		}
		if _, ok, _ := d.Get(t.Context(), "0"); ok != want {
			t.Errorf("%s: kept %v", eviction, ok)
		}
	}
}

func TestTimeToLive(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_700_000_000, 0)
	c, err := Open(Options{Config: Config{Name: "c", Now: func() time.Time { return now }}, Drivers: []string{"memory"}, MaxResult: 1 << 20, CheckPeriod: time.Minute, Stats: true})
	if err != nil {
		t.Fatal(err)
	}
	v := []Version{{1, 1}}
	c.Put(t.Context(), "k", &Entry{Versions: v, Created: now, Expires: now.Add(10 * time.Second)}, true)
	if c.Get(t.Context(), "k", v, true) == nil || c.Get(t.Context(), "k", []Version{{1, 2}}, true) != nil {
		t.Error("an entry is of use for its versions, and for them only")
	}
	now = now.Add(10 * time.Second)
	if c.Get(t.Context(), "k", v, true) != nil {
		t.Error("it is past its time")
	}
	c.Put(t.Context(), "k", &Entry{Versions: v, Created: now, Expires: now.Add(10 * time.Second)}, true)
	now = now.Add(2 * time.Minute)
	c.Get(t.Context(), "other", v, true)
	if s, _, _ := c.Stats(); s[0].Entries != 0 || len(c.Entries()) != 0 {
		t.Errorf("the check period has passed: %+v", s)
	}
}
