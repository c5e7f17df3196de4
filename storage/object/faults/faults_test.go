package faults_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/s3sql/s3sql/conformance/storetest"
	"github.com/s3sql/s3sql/conformance/testenv"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/storage/object"
	"github.com/s3sql/s3sql/storage/object/faults"
	"github.com/s3sql/s3sql/storage/object/mem"
)

type source struct{ *rand.ChaCha8 }

func (s source) Read(p []byte) {
	if _, err := s.ChaCha8.Read(p); err != nil {
		panic(err) // it never fails
	}
}

func seeded(seed byte) base.Rand { return source{rand.NewChaCha8([32]byte{seed})} }

func TestContract(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(*testing.T) object.Store {
		return faults.New(mem.New(), base.SystemClock{}, seeded(1), faults.Plan{})
	})
}

// TestFaults runs the script on memory and on the S3 server: what a fault says must be what has happened.
func TestFaults(t *testing.T) {
	t.Parallel()
	for name, inner := range map[string]object.Store{"mem": mem.New(), "s3": testenv.S3(t).Store(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, c := range []struct {
				fault   faults.Fault
				want    error
				applied bool
			}{
				{faults.None, nil, true},
				{faults.Unavailable, object.ErrUnavailable, false},
				{faults.Conflict, object.ErrConflict, false},
				{faults.Timeout, object.ErrUnknown, false},
				{faults.LostReply, object.ErrUnknown, true},
				{faults.TornBody, object.ErrUnknown, true},
				{faults.Crash, faults.ErrCrashed, false},
				{faults.CrashAfter, faults.ErrCrashed, true},
			} {
				for op, write := range writes {
					key := fmt.Sprintf("%s/%d", op, c.fault)
					tag, err := inner.Put(t.Context(), key+"/old", []byte("old"))
					if err != nil {
						t.Fatal(err)
					}
					s := faults.New(inner, base.SystemClock{}, seeded(1), faults.Plan{})
					s.FailNext(op, c.fault)
					var m object.Meter
					err = write(object.WithMeter(t.Context(), &m), s, key, tag)
					if !errors.Is(err, c.want) {
						t.Errorf("%s %s: error is %v, want %v", c.fault, op, err, c.want)
					}
					if got := done(t, inner, op, key); got != c.applied {
						t.Errorf("%s %s: applied is %t, want %t", c.fault, op, got, c.applied)
					}
					if n := m.Snapshot().Requests(op.Command()); n != 1 && c.fault != faults.Crash {
						t.Errorf("%s %s: counted %v, want 1 request", c.fault, op, m.Snapshot())
					}
				}
			}
		})
	}
}

var writes = map[object.Op]func(ctx context.Context, s object.Store, key, tag string) error{
	object.OpPut: func(ctx context.Context, s object.Store, key, _ string) error {
		return second(s.Put(ctx, key+"/new", []byte("new")))
	},
	object.OpPutIfAbsent: func(ctx context.Context, s object.Store, key, _ string) error {
		return second(s.PutIfAbsent(ctx, key+"/new", []byte("new")))
	},
	object.OpPutIfMatch: func(ctx context.Context, s object.Store, key, tag string) error {
		return second(s.PutIfMatch(ctx, key+"/old", tag, []byte("new")))
	},
	object.OpDelete: func(ctx context.Context, s object.Store, key, _ string) error { return s.Delete(ctx, key+"/old") },
}

func second[T any](_ T, err error) error { return err }

// done reports whether the write of that operation has taken effect.
func done(t *testing.T, s object.Store, op object.Op, key string) bool {
	t.Helper()
	old, oldErr := s.Get(t.Context(), key+"/old")
	switch op {
	case object.OpDelete:
		return errors.Is(oldErr, object.ErrNotFound)
	case object.OpPutIfMatch:
		return string(old.Data) == "new"
	default:
		created, err := s.Get(t.Context(), key+"/new")
		return err == nil && string(created.Data) == "new"
	}
}

func TestReads(t *testing.T) {
	t.Parallel()
	s := faults.New(mem.New(), base.SystemClock{}, seeded(1), faults.Plan{})
	if _, err := s.Put(t.Context(), "a", []byte("0123456789")); err != nil {
		t.Fatal(err)
	}
	s.FailNext(object.OpGet, faults.TornBody, faults.Timeout, faults.LostReply, faults.None)
	o, err := s.Get(t.Context(), "a")
	if string(o.Data) != "01234" || !errors.Is(err, io.ErrUnexpectedEOF) || !errors.Is(err, object.ErrUnavailable) {
		t.Errorf("torn: %q, %v", o.Data, err)
	}
	for range 2 {
		if o, err := s.Get(t.Context(), "a"); o.Data != nil || !errors.Is(err, object.ErrUnavailable) {
			t.Errorf("silent: %q, %v", o.Data, err)
		}
	}
	if o, err := s.Get(t.Context(), "a"); err != nil || len(o.Data) != 10 {
		t.Errorf("none: %q, %v", o.Data, err)
	}
}

func TestCrashEndsOneProcess(t *testing.T) {
	t.Parallel()
	inner := mem.New()
	a, b := faults.New(inner, base.SystemClock{}, seeded(1), faults.Plan{}), faults.New(inner, base.SystemClock{}, seeded(2), faults.Plan{})
	a.FailNext(object.OpPut, faults.CrashAfter)
	if _, err := a.Put(t.Context(), "x", nil); !errors.Is(err, faults.ErrCrashed) {
		t.Fatal(err)
	}
	for i, err := range []error{second(a.Get(t.Context(), "x")), a.Delete(t.Context(), "x"), second(a.PutIfAbsent(t.Context(), "y", nil))} {
		if !errors.Is(err, faults.ErrCrashed) {
			t.Errorf("call %d after the crash: %v", i, err)
		}
	}
	if _, err := b.Get(t.Context(), "x"); err != nil {
		t.Errorf("the other process: %v", err)
	}
	b.Crash()
	if _, err := b.Get(t.Context(), "x"); !errors.Is(err, faults.ErrCrashed) {
		t.Errorf("after Crash: %v", err)
	}
}

func TestRates(t *testing.T) {
	t.Parallel()
	plan := faults.Plan{Rates: map[object.Op]map[faults.Fault]float64{object.OpPut: {faults.Unavailable: 0.2, faults.LostReply: 0.1}}}
	run := func(seed byte) (trace string, s *faults.Store) {
		s = faults.New(mem.New(), base.SystemClock{}, seeded(seed), plan)
		for range 1000 {
			_, err := s.Put(t.Context(), "a", nil)
			trace += object.ClassOf(err).String() + " "
		}
		if _, err := s.Get(t.Context(), "a"); err != nil {
			t.Errorf("an operation without rates failed: %v", err)
		}
		return trace, s
	}
	one, s := run(1)
	again, _ := run(1)
	other, _ := run(2)
	if one != again || one == other {
		t.Errorf("same seed, same faults: %t; other seed, same faults: %t", one == again, one == other)
	}
	if u, l := s.Count(faults.Unavailable), s.Count(faults.LostReply); u < 150 || u > 250 || l < 60 || l > 140 {
		t.Errorf("%d unavailable, %d lost of 1000", u, l)
	}
}

// waiting is a clock that notes the time it was asked to wait.
type waiting struct{ total time.Duration }

func (w *waiting) Now() time.Time { return time.Unix(0, 0) }

func (w *waiting) Sleep(d time.Duration, _ <-chan struct{}) bool {
	w.total += d
	return true
}

func TestLatency(t *testing.T) {
	t.Parallel()
	w := &waiting{}
	s := faults.New(mem.New(), w, seeded(1), faults.Plan{Latency: map[object.Op]time.Duration{object.OpPut: 20 * time.Millisecond}})
	for range 3 {
		if _, err := s.Put(t.Context(), "a", nil); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Get(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
	}
	if w.total != 60*time.Millisecond {
		t.Errorf("waited %v, want 60ms", w.total)
	}
}
