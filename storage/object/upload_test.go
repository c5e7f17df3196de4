package object_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/storage/object"
	"github.com/s3sql/s3sql/storage/object/faults"
	"github.com/s3sql/s3sql/storage/object/mem"
	"github.com/s3sql/s3sql/storage/object/retry"
)

const part = object.PartBytes

func random(n int) []byte {
	data := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{byte(n)}).Read(data)
	return data
}

// write streams data to key; it aborts what it cannot commit.
func write(ctx context.Context, s object.Store, key string, data []byte) (string, error) {
	u := object.NewUpload(ctx, s, key)
	_, err := u.Write(data)
	var etag string
	if err == nil {
		etag, err = u.Commit(ctx)
	}
	return etag, errors.Join(err, u.Abort(context.WithoutCancel(ctx)))
}

func holds(t *testing.T, s object.Store, key string, data []byte) {
	t.Helper()
	o, err := s.Get(t.Context(), key)
	if err != nil || !bytes.Equal(o.Data, data) {
		t.Errorf("Get(%s) gave %d bytes, %v; want %d", key, len(o.Data), err, len(data))
	}
}

// TestUploadThroughFaults: one fault of any kind at any request does no harm where it can be settled.
func TestUploadThroughFaults(t *testing.T) {
	t.Parallel()
	data := random(2*part + 100)
	for _, c := range []struct {
		op       object.Op
		fault    faults.Fault
		requests string // with a retry
	}{
		{object.OpCreateUpload, faults.Unavailable, "2 CreateMultipartUpload, 3 UploadPart, 1 CompleteMultipartUpload"},
		{object.OpCreateUpload, faults.LostReply, "2 CreateMultipartUpload, 3 UploadPart, 1 CompleteMultipartUpload"},
		{object.OpUploadPart, faults.Unavailable, "1 CreateMultipartUpload, 4 UploadPart, 1 CompleteMultipartUpload"},
		{object.OpUploadPart, faults.Timeout, "1 CreateMultipartUpload, 4 UploadPart, 1 CompleteMultipartUpload"},
		{object.OpUploadPart, faults.LostReply, "1 CreateMultipartUpload, 4 UploadPart, 1 CompleteMultipartUpload"},
		{object.OpCompleteUpload, faults.Unavailable, "1 CreateMultipartUpload, 3 UploadPart, 2 CompleteMultipartUpload"},
		{object.OpCompleteUpload, faults.Timeout, "2 GetObject, 1 CreateMultipartUpload, 3 UploadPart, 2 CompleteMultipartUpload"},
		{object.OpCompleteUpload, faults.LostReply, "1 GetObject, 1 CreateMultipartUpload, 3 UploadPart, 1 CompleteMultipartUpload"},
	} {
		t.Run(fmt.Sprintf("%s/%s", c.op, c.fault), func(t *testing.T) {
			t.Parallel()
			inner := mem.New()
			f := faults.New(inner, base.SystemClock{}, base.SystemRand{}, faults.Plan{})
			ledger := object.NewLedger(0)
			s := object.Metered(retry.New(f, base.SystemClock{}, base.SystemRand{}, retry.Policy{DelayFirst: 1}), ledger)
			f.FailNext(c.op, c.fault)
			etag, err := write(t.Context(), s, "data/a", data)
			if err != nil || ledger.Total().String() != c.requests {
				t.Errorf("%v; %v, want %s", err, ledger.Total(), c.requests)
			}
			holds(t, inner, "data/a", data)
			if o, err := inner.Get(t.Context(), "data/a"); o.ETag != etag {
				t.Errorf("tag %q, Commit gave %q; %v", o.ETag, etag, err)
			}
			// Without retries nothing is visible, unless the last reply was lost, which is settled.
			f.FailNext(c.op, c.fault)
			_, err = write(t.Context(), f, "data/b", data)
			settled := c.op == object.OpCompleteUpload && c.fault != faults.Unavailable
			if _, getErr := inner.Get(t.Context(), "data/b"); (err == nil) != settled || (getErr == nil) != settled {
				t.Errorf("without a retry: %v; %v; want it settled: %t", err, getErr, settled)
			}
		})
	}
}

// TestUploadThatCannotBeSettled ends in ErrUnknown after a few tries.
func TestUploadThatCannotBeSettled(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]func(f *faults.Store){
		"never done": func(f *faults.Store) {
			f.FailNext(object.OpCompleteUpload, faults.Timeout, faults.Timeout, faults.Timeout)
		},
		"cannot be asked": func(f *faults.Store) {
			f.FailNext(object.OpCompleteUpload, faults.LostReply)
			f.FailNext(object.OpGetRange, faults.Unavailable)
		},
	} {
		inner := mem.New()
		f := faults.New(inner, base.SystemClock{}, base.SystemRand{}, faults.Plan{})
		script(f)
		if _, err := write(t.Context(), f, "data/a", random(part+1)); !errors.Is(err, object.ErrUnknown) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCrashBeforeAnyRequest of an upload: other processes see all of the object or nothing.
func TestCrashBeforeAnyRequest(t *testing.T) {
	t.Parallel()
	data := random(part + 1)
	for _, op := range []object.Op{object.OpCreateUpload, object.OpUploadPart, object.OpCompleteUpload} {
		for _, fault := range []faults.Fault{faults.Crash, faults.CrashAfter} {
			inner := mem.New()
			f := faults.New(inner, base.SystemClock{}, base.SystemRand{}, faults.Plan{})
			f.FailNext(op, fault)
			if _, err := write(t.Context(), f, "data/a", data); !errors.Is(err, faults.ErrCrashed) {
				t.Errorf("%s, %s: %v", op, fault, err)
			}
			if op == object.OpCompleteUpload && fault == faults.CrashAfter {
				holds(t, inner, "data/a", data)
			} else if _, err := inner.Get(t.Context(), "data/a"); !errors.Is(err, object.ErrNotFound) {
				t.Errorf("%s, %s: the object is visible, %v", op, fault, err)
			}
		}
	}
}

// gate is a store whose parts wait to be let through.
type gate struct {
	*mem.Store
	open      chan struct{}
	now, most atomic.Int64
}

func (g *gate) UploadPart(ctx context.Context, key, id string, number int, data []byte) (string, error) {
	if now := g.now.Add(1); now > g.most.Load() {
		g.most.Store(now)
	}
	defer g.now.Add(-1)
	select {
	case <-g.open:
	case <-ctx.Done():
		return "", object.FailContext(ctx, object.OpUploadPart, key, true)
	}
	return g.Store.UploadPart(ctx, key, id, number, data)
}

// TestUploadIsBounded: the writer goes on while one part is sent, and waits at the second.
func TestUploadIsBounded(t *testing.T) {
	t.Parallel()
	g := &gate{Store: mem.New(), open: make(chan struct{})}
	u := object.NewUpload(t.Context(), g, "data/a")
	data := random(5 * part)
	if _, err := u.Write(data[:2*part]); err != nil { // one is under way, one is full
		t.Fatal(err)
	}
	var written atomic.Int64
	done := make(chan error)
	go func() {
		for i := 2 * part; i < len(data); i += part / 4 {
			if _, err := u.Write(data[i : i+part/4]); err != nil {
				done <- err
				return
			}
			written.Add(1)
		}
		done <- nil
	}()
	for g.now.Load() < 2 {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(20 * time.Millisecond)
	if written.Load() != 0 {
		t.Errorf("%d pieces were taken while two parts are under way", written.Load())
	}
	close(g.open)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if _, err := u.Commit(t.Context()); err != nil || g.most.Load() > 2 {
		t.Errorf("%v; %d parts at a time", err, g.most.Load())
	}
	holds(t, g, "data/a", data)
}

// TestUploadStops: a context that ends frees the writer, and Abort waits for the parts.
func TestUploadStops(t *testing.T) {
	t.Parallel()
	g := &gate{Store: mem.New(), open: make(chan struct{})}
	ctx, cancel := context.WithCancel(t.Context())
	u := object.NewUpload(ctx, g, "data/a")
	time.AfterFunc(10*time.Millisecond, cancel)
	if _, err := u.Write(random(4 * part)); !errors.Is(err, context.Canceled) {
		t.Errorf("Write: %v", err)
	}
	if _, err := u.Commit(t.Context()); !errors.Is(err, context.Canceled) {
		t.Errorf("Commit: %v", err)
	}
	if err := u.Abort(t.Context()); err != nil || g.now.Load() != 0 {
		t.Errorf("Abort: %v, %d parts are under way", err, g.now.Load())
	}
	u = object.NewUpload(t.Context(), g, "data/b")
	if _, err := u.Write(random(part + 1)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	if _, err := u.Commit(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Commit with a context that ends: %v", err)
	}
	if err := u.Abort(t.Context()); err != nil || g.now.Load() != 0 {
		t.Errorf("Abort: %v, %d parts are under way", err, g.now.Load())
	}
}

// plain is a store without parts.
type plain struct{ object.Store }

// TestUploadInOnePiece: what a store does not take in parts it gets in one PUT, through middlewares too.
func TestUploadInOnePiece(t *testing.T) {
	t.Parallel()
	data := random(3*part + 7)
	for name, s := range map[string]object.Store{
		"bare":    plain{mem.New()},
		"wrapped": retry.New(faults.New(plain{mem.New()}, base.SystemClock{}, base.SystemRand{}, faults.Plan{}), base.SystemClock{}, base.SystemRand{}, retry.Policy{}),
	} {
		var m object.Meter
		if _, err := write(object.WithMeter(t.Context(), &m), s, "data/a", data); err != nil || m.Snapshot().String() != "1 PutObject" {
			t.Errorf("%s: %v, %v", name, err, m.Snapshot())
		}
		holds(t, s, "data/a", data)
	}
	none := object.MultipartOf(plain{mem.New()})
	_, err1 := none.CreateUpload(t.Context(), "k")
	_, err2 := none.UploadPart(t.Context(), "k", "id", 1, nil)
	_, err3 := none.CompleteUpload(t.Context(), "k", "id", nil)
	for _, err := range []error{err1, err2, err3, none.AbortUpload(t.Context(), "k", "id")} {
		if !errors.Is(err, object.ErrRefused) {
			t.Error(err)
		}
	}
}

func BenchmarkUpload(b *testing.B) {
	s, data := mem.New(), random(part*4)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := write(b.Context(), s, "data/a", data); err != nil {
			b.Fatal(err)
		}
	}
}
