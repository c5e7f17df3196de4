package retry_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/s3sql/s3sql/conformance/storetest"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/storage/object"
	"github.com/s3sql/s3sql/storage/object/faults"
	"github.com/s3sql/s3sql/storage/object/mem"
	"github.com/s3sql/s3sql/storage/object/retry"
)

// clock does not wait: it notes how long it should have, and moves on.
type clock struct {
	mu     sync.Mutex
	now    time.Time
	sleeps []time.Duration
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Sleep(d time.Duration, done <-chan struct{}) bool {
	select {
	case <-done:
		return false
	default:
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	c.sleeps = append(c.sleeps, d)
	return true
}

func seeded(seed uint64) base.Rand { return source{rand.NewChaCha8([32]byte{byte(seed)})} }

type source struct{ *rand.ChaCha8 }

func (s source) Read(p []byte) {
	if _, err := s.ChaCha8.Read(p); err != nil {
		panic(err) // it never fails
	}
}

func open(policy retry.Policy) (*retry.Store, *faults.Store, *clock) {
	c := &clock{now: time.Unix(1_700_000_000, 0)}
	f := faults.New(mem.New(), c, seeded(1), faults.Plan{})
	return retry.New(f, c, seeded(2), policy), f, c
}

func TestContract(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(*testing.T) object.Store { s, _, _ := open(retry.Policy{}); return s })
}

// calls are one call of each operation, on a store that holds "have".
func calls(s object.Store) map[object.Op]func(ctx context.Context) error {
	m := object.MultipartOf(s)
	return map[object.Op]func(ctx context.Context) error{
		object.OpGet:         func(ctx context.Context) error { return second(s.Get(ctx, "have")) },
		object.OpGetRange:    func(ctx context.Context) error { return second(s.GetRange(ctx, "have", 0, 1)) },
		object.OpPut:         func(ctx context.Context) error { return second(s.Put(ctx, "have", []byte("x"))) },
		object.OpPutIfAbsent: func(ctx context.Context) error { return second(s.PutIfAbsent(ctx, "new", nil)) },
		object.OpPutIfMatch: func(ctx context.Context) error {
			o, err := s.Get(ctx, "have")
			return errors.Join(err, second(s.PutIfMatch(ctx, "have", o.ETag, []byte("x"))))
		},
		object.OpList: func(ctx context.Context) error {
			for _, err := range s.List(ctx, "", "") {
				if err != nil {
					return err
				}
			}
			return nil
		},
		object.OpDelete:       func(ctx context.Context) error { return s.Delete(ctx, "have") },
		object.OpCreateUpload: func(ctx context.Context) error { return second(m.CreateUpload(ctx, "up")) },
		object.OpUploadPart: func(ctx context.Context) error {
			id, err := m.CreateUpload(ctx, "up")
			return errors.Join(err, second(m.UploadPart(ctx, "up", id, 1, []byte("x"))))
		},
		object.OpCompleteUpload: func(ctx context.Context) error {
			id, err := m.CreateUpload(ctx, "up")
			tag, partErr := m.UploadPart(ctx, "up", id, 1, []byte("x"))
			return errors.Join(err, partErr, second(m.CompleteUpload(ctx, "up", id, []string{tag})))
		},
		object.OpAbortUpload: func(ctx context.Context) error { return m.AbortUpload(ctx, "up", "none") },
	}
}

func second[T any](_ T, err error) error { return err }

func TestWhatIsRepeated(t *testing.T) {
	t.Parallel()
	conditional := func(op object.Op) bool {
		return op == object.OpPutIfAbsent || op == object.OpPutIfMatch || op == object.OpCompleteUpload
	}
	for _, c := range []struct {
		fault faults.Fault
		tries func(op object.Op) int
		end   error
	}{
		{faults.Unavailable, func(object.Op) int { return 6 }, object.ErrUnavailable},
		{faults.Conflict, func(object.Op) int { return 4 }, object.ErrConflict},
		{faults.Timeout, func(op object.Op) int {
			if conditional(op) {
				return 1
			}
			return 6
		}, nil},
		{faults.Crash, func(object.Op) int { return 1 }, faults.ErrCrashed},
	} {
		for op := range object.OpAbortUpload + 1 {
			t.Run(fmt.Sprintf("%s/%s", c.fault, op), func(t *testing.T) {
				t.Parallel()
				s, f, _ := open(retry.Policy{})
				if _, err := s.Put(t.Context(), "have", []byte("x")); err != nil {
					t.Fatal(err)
				}
				f.FailNext(op, slices.Repeat([]faults.Fault{c.fault}, 20)...)
				end := c.end
				if end == nil {
					end = object.ErrUnavailable
					if op.IsWrite() {
						end = object.ErrUnknown
					}
				}
				if err := calls(s)[op](t.Context()); !errors.Is(err, end) {
					t.Errorf("error is %v, want %v", err, end)
				}
				if n := f.Count(c.fault); n != c.tries(op) {
					t.Errorf("%d tries, want %d", n, c.tries(op))
				}
			})
		}
	}
}

func TestRepeatedUntilItWorks(t *testing.T) {
	t.Parallel()
	for op := range object.OpAbortUpload + 1 {
		s, f, _ := open(retry.Policy{})
		if _, err := s.Put(t.Context(), "have", []byte("x")); err != nil {
			t.Fatal(err)
		}
		f.FailNext(op, faults.Unavailable, faults.Conflict, faults.Unavailable)
		var m object.Meter
		if err := calls(s)[op](object.WithMeter(t.Context(), &m)); err != nil {
			t.Errorf("%s: %v", op, err)
		}
		if n := m.Snapshot().Requests(op.Command()); n != 4 {
			t.Errorf("%s: %d requests counted, want 4", op, n)
		}
	}
}

func TestAnswersAreNotRepeated(t *testing.T) {
	t.Parallel()
	s, _, c := open(retry.Policy{})
	if _, err := s.Put(t.Context(), "have", nil); err != nil {
		t.Fatal(err)
	}
	var m object.Meter
	ctx := object.WithMeter(t.Context(), &m)
	for i, err := range []error{second(s.Get(ctx, "none")), second(s.PutIfAbsent(ctx, "have", nil)), second(s.PutIfMatch(ctx, "have", "old", nil))} {
		if err == nil {
			t.Errorf("call %d gave no error", i)
		}
	}
	if n := m.Snapshot().Requests(); n != 3 || len(c.sleeps) != 0 {
		t.Errorf("%d requests, %d waits; want 3, 0", n, len(c.sleeps))
	}
}

// TestUnknownOutcomeOfConditionalWrite checks that a commit that went through is not turned into a lost one.
func TestUnknownOutcomeOfConditionalWrite(t *testing.T) {
	t.Parallel()
	s, f, _ := open(retry.Policy{})
	f.FailNext(object.OpPutIfAbsent, faults.Unavailable, faults.LostReply)
	if _, err := s.PutIfAbsent(t.Context(), "log/1", []byte("mine")); !errors.Is(err, object.ErrUnknown) {
		t.Fatalf("error is %v, want ErrUnknown", err)
	}
	if o, err := s.Get(t.Context(), "log/1"); err != nil || string(o.Data) != "mine" {
		t.Errorf("object is %q, %v", o.Data, err)
	}
}

func TestListGoesOn(t *testing.T) {
	t.Parallel()
	s, f, _ := open(retry.Policy{Attempts: 3})
	var want, got []string
	for i := range 30 {
		want = append(want, fmt.Sprintf("k/%02d", i))
		if _, err := s.Put(t.Context(), want[i], nil); err != nil {
			t.Fatal(err)
		}
	}
	f.FailNext(object.OpList, faults.Unavailable, faults.LostReply, faults.TornBody, faults.Timeout, faults.LostReply)
	for info, err := range s.List(t.Context(), "k/", "") {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, info.Key)
	}
	if !slices.Equal(got, want) {
		t.Errorf("List gave %q", got)
	}
}

func TestWaits(t *testing.T) {
	t.Parallel()
	s, f, c := open(retry.Policy{Attempts: 12, Elapsed: time.Hour, DelayFirst: 10 * time.Millisecond, DelayMax: 100 * time.Millisecond})
	f.FailNext(object.OpGet, slices.Repeat([]faults.Fault{faults.Unavailable}, 100)...)
	if _, err := s.Get(t.Context(), "a"); !errors.Is(err, object.ErrUnavailable) {
		t.Fatal(err)
	}
	if len(c.sleeps) != 11 {
		t.Fatalf("%d waits, want 11", len(c.sleeps))
	}
	for i, d := range c.sleeps {
		if bound := min(10*time.Millisecond<<i, 100*time.Millisecond); d > bound {
			t.Errorf("wait %d is %v, over its bound of %v", i, d, bound)
		}
	}
	if slices.Max(c.sleeps) < 20*time.Millisecond {
		t.Errorf("waits do not grow: %v", c.sleeps)
	}
}

func TestElapsed(t *testing.T) {
	t.Parallel()
	s, f, c := open(retry.Policy{Attempts: 1000, Elapsed: time.Second, DelayFirst: 200 * time.Millisecond, DelayMax: 200 * time.Millisecond})
	f.FailNext(object.OpGet, slices.Repeat([]faults.Fault{faults.Unavailable}, 1000)...)
	start := c.Now()
	if _, err := s.Get(t.Context(), "a"); !errors.Is(err, object.ErrUnavailable) {
		t.Fatal(err)
	}
	if d := c.Now().Sub(start); d > time.Second || len(c.sleeps) < 4 {
		t.Errorf("gave up after %v and %d waits, want just under 1s", d, len(c.sleeps))
	}
}

func TestContextEndsWait(t *testing.T) {
	t.Parallel()
	f := faults.New(mem.New(), base.SystemClock{}, seeded(1), faults.Plan{})
	s := retry.New(f, base.SystemClock{}, seeded(2), retry.Policy{DelayFirst: time.Hour, DelayMax: time.Hour, Elapsed: 10 * time.Hour})
	f.FailNext(object.OpGet, faults.Unavailable)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := s.Get(ctx, "a"); !errors.Is(err, object.ErrUnavailable) || f.Count(faults.Unavailable) != 1 {
		t.Errorf("error is %v", err)
	}
}

func TestSetPolicy(t *testing.T) {
	t.Parallel()
	s, f, _ := open(retry.Policy{Attempts: 2})
	for _, want := range []int{2, 6} {
		before := f.Count(faults.Unavailable)
		f.FailNext(object.OpGet, slices.Repeat([]faults.Fault{faults.Unavailable}, want)...)
		if _, err := s.Get(t.Context(), "none"); !errors.Is(err, object.ErrUnavailable) {
			t.Errorf("Get: %v", err)
		}
		if got := f.Count(faults.Unavailable) - before; got != want {
			t.Errorf("%d tries, want %d", got, want)
		}
		s.SetPolicy(retry.Policy{})
	}
}
