package object_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/storage/object"
	"github.com/s3sql/s3sql/storage/object/mem"
)

func TestMeterByStatementAndStore(t *testing.T) {
	t.Parallel()
	ledger := object.NewLedger(0)
	s := object.Metered(mem.New(), ledger)
	var session, statement object.Meter
	ctx := object.WithMeter(object.WithTag(t.Context(), object.Tag{Statement: "d1", Table: "db.t"}), &session)
	inner := object.WithMeter(ctx, &statement)
	inner = object.WithMeter(inner, &statement) // the same meter counts once
	inner = object.WithTag(inner, object.Tag{Plugin: "p"})
	if _, err := s.Put(inner, "a", []byte("1234")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(ctx, "none"); !errors.Is(err, object.ErrNotFound) {
		t.Fatal(err)
	}
	if _, err := s.Get(object.Inherit(context.Background(), inner), "a"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ got, want string }{
		"statement": {statement.Snapshot().String(), "1 GetObject, 1 PutObject"},
		"session":   {session.Snapshot().String(), "2 GetObject, 1 PutObject"},
		"store":     {ledger.Total().String(), "3 GetObject, 1 PutObject"},
	} {
		if c.got != c.want {
			t.Errorf("%s counted %s, want %s", name, c.got, c.want)
		}
	}
	if n := session.Snapshot().Errors(object.ClassNotFound); n != 1 {
		t.Errorf("counted %d of class not_found, want 1", n)
	}
	if u := ledger.Total().Of(object.GetObject); u != (object.Usage{Requests: 3, Errors: 1, Received: 8}) {
		t.Errorf("GetObject came to %+v", u)
	}
	tags := map[object.Tag]string{}
	for tag, snap := range ledger.Tags() {
		tags[tag] = snap.String()
	}
	want := map[object.Tag]string{{}: "1 GetObject", {Statement: "d1", Table: "db.t"}: "1 GetObject",
		{Statement: "d1", Table: "db.t", Plugin: "p"}: "1 GetObject, 1 PutObject"}
	if fmt.Sprint(tags) != fmt.Sprint(want) {
		t.Errorf("by tag: %v\nwant %v", tags, want)
	}
}

func TestLedgerIsBounded(t *testing.T) {
	t.Parallel()
	ledger := object.NewLedger(3)
	s := object.Metered(mem.New(), ledger)
	for i := range 10 {
		for range 2 {
			ctx := object.WithTag(t.Context(), object.Tag{Statement: fmt.Sprint(i)})
			if _, err := s.Put(ctx, "a", nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	tags, other := 0, int64(0)
	for tag, snap := range ledger.Tags() {
		tags++
		if tag == object.OtherTag {
			other = snap.Requests()
		}
	}
	if tags != 4 || other != 14 || ledger.Total().Requests() != 20 {
		t.Errorf("%d tags, %d requests under the last, %d in total; want 4, 14, 20", tags, other, ledger.Total().Requests())
	}
}

func TestMeterConcurrently(t *testing.T) {
	t.Parallel()
	var m object.Meter
	ledger := object.NewLedger(0)
	s := object.Metered(mem.New(), ledger)
	ctx := object.WithMeter(t.Context(), &m)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 200 {
				if _, err := s.Put(object.WithTag(ctx, object.Tag{Table: fmt.Sprint(i % 3)}), fmt.Sprint(i), []byte("x")); err != nil {
					t.Error(err)
				}
				_ = m.Snapshot()
			}
		})
	}
	wg.Wait()
	if u := m.Snapshot().Total(); u != (object.Usage{Requests: 1600, Sent: 1600}) || ledger.Total().Requests() != 1600 {
		t.Errorf("counted %+v", u)
	}
}

func TestSnapshotArithmetic(t *testing.T) {
	t.Parallel()
	var m object.Meter
	m.Observe(t.Context(), object.Request{Command: object.PutObject, Sent: 7})
	before := m.Snapshot()
	m.Observe(t.Context(), object.Request{Command: object.PutObject, Sent: 3, Err: object.ErrExists})
	m.Observe(t.Context(), object.Request{Command: object.Command(200)})
	diff := m.Snapshot().Sub(before)
	if diff.Total() != (object.Usage{Requests: 1, Errors: 1, Sent: 3}) || diff.Errors(object.ClassPrecondition) != 1 {
		t.Errorf("difference is %+v", diff)
	}
	if before.Add(diff) != m.Snapshot() {
		t.Error("before + difference is not after")
	}
	if (object.Snapshot{}).String() != "no request" || diff.Requests(object.GetObject, object.PutObject) != 1 {
		t.Errorf("%s, %d", object.Snapshot{}, diff.Requests(object.GetObject, object.PutObject))
	}
}

func TestClassOf(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]object.Class{
		nil: object.ClassOK, object.ErrNotFound: object.ClassNotFound, object.ErrExists: object.ClassPrecondition,
		object.ErrChanged: object.ClassPrecondition, object.ErrConflict: object.ClassConflict, object.ErrRange: object.ClassRange,
		object.ErrDenied: object.ClassDenied, object.ErrNoBucket: object.ClassDenied, object.ErrUnknown: object.ClassUnknown,
		object.ErrUnavailable: object.ClassUnavailable, context.Canceled: object.ClassCanceled, errors.New("x"): object.ClassOther,
	} {
		if got := object.ClassOf(err); got != want {
			t.Errorf("class of %v is %v, want %v", err, got, want)
		}
		if err == nil {
			continue
		}
		full := object.Fail(object.OpPut, "k", err, errors.New("cause"))
		if object.ClassOf(full) != want || !strings.Contains(full.Error(), "cause") || !strings.Contains(full.Error(), "(object k)") {
			t.Errorf("Fail lost something: %v", full)
		}
	}
}

func TestFailContext(t *testing.T) {
	t.Parallel()
	if err := object.FailContext(t.Context(), object.OpPut, "k", true); err != nil {
		t.Errorf("a living context gave %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		op            object.Op
		sent, unknown bool
	}{{object.OpGet, true, false}, {object.OpPut, false, false}, {object.OpPut, true, true}, {object.OpDelete, true, true}, {object.OpList, true, false}} {
		err := object.FailContext(ctx, c.op, "k", c.sent)
		var e *base.Error
		if !errors.Is(err, context.Canceled) || errors.Is(err, object.ErrUnknown) != c.unknown || !errors.As(err, &e) {
			t.Errorf("%s, sent: %t: %v", c.op, c.sent, err)
		}
	}
}

func TestSlice(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		offset, length int64
		want           string
		ok             bool
	}{{0, 3, "abc", true}, {1, 1, "b", true}, {2, 9, "c", true}, {3, 1, "", false}, {-1, 0, "c", true}, {-9, -9, "abc", true},
		{1, 1<<63 - 1, "bc", true}, {-1 << 63, 0, "abc", true}} {
		got, ok := object.Slice([]byte("abc"), c.offset, c.length)
		if string(got) != c.want || ok != c.ok {
			t.Errorf("Slice(%d, %d) = %q, %t", c.offset, c.length, got, ok)
		}
	}
	if _, ok := object.Slice(nil, -1, 0); ok {
		t.Error("a suffix of nothing is there")
	}
}

func BenchmarkMeteredGet(b *testing.B) {
	s := object.Metered(mem.New(), object.NewLedger(0))
	if _, err := s.Put(b.Context(), "a", make([]byte, 100)); err != nil {
		b.Fatal(err)
	}
	ctx := object.WithTag(b.Context(), object.Tag{Statement: "d"})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Get(ctx, "a"); err != nil {
			b.Fatal(err)
		}
	}
}
