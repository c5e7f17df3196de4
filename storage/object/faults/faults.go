// Package faults makes a store fail in the ways that real ones do, by script or at random.
package faults

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/storage/object"
)

// Fault is one way to fail.
type Fault uint8

// The faults.
const (
	None        Fault = iota
	Unavailable       // 503 SlowDown, nothing done: ErrUnavailable
	Conflict          // 409, nothing done: ErrConflict
	Timeout           // no answer, nothing done: ErrUnknown of a write, ErrUnavailable of a read
	LostReply         // done, but no answer: ErrUnknown of a write, ErrUnavailable of a read
	TornBody          // a read breaks off half way: ErrUnavailable and io.ErrUnexpectedEOF; a write: as LostReply
	Crash             // nothing done, and every later call fails: ErrCrashed
	CrashAfter        // done, and every later call fails as the reply does: ErrCrashed
	faults
)

var names = [...]string{"none", "unavailable", "conflict", "timeout", "lost reply", "torn body", "crash", "crash after"}

// String names the fault.
func (f Fault) String() string {
	if int(f) < len(names) {
		return names[f]
	}
	return fmt.Sprintf("Fault(%d)", uint8(f))
}

// ErrCrashed is what the calls of a crashed process return; a real one would not return at all.
var ErrCrashed = errors.New("simulated crash")

// Plan is what goes wrong by itself.
type Plan struct {
	// Rates are probabilities, 0 to 1, by operation and fault. Those of one operation add up to at most 1.
	Rates map[object.Op]map[Fault]float64
	// Latency is what each request of an operation takes longer.
	Latency map[object.Op]time.Duration
}

// Store passes calls on to another store, or does not. It is safe for concurrent use.
type Store struct {
	store object.Store
	clock base.Clock
	rand  base.Rand
	plan  Plan

	mu struct {
		sync.Mutex
		next    map[object.Op][]Fault
		counts  [faults]int
		crashed bool
	}
}

var (
	_ object.Store     = (*Store)(nil)
	_ object.Multipart = (*Store)(nil)
)

// New returns store with faults. rand decides on those of the plan: the same one, in the same order of calls, brings the
// same faults. Several Stores over one store are several processes: a crash ends one.
func New(store object.Store, clock base.Clock, rand base.Rand, plan Plan) *Store {
	s := &Store{store: store, clock: clock, rand: rand, plan: plan}
	s.mu.next = make(map[object.Op][]Fault)
	return s
}

// FailNext has the next calls of op meet these faults, one each, in this order after those scripted before; None lets a
// call through.
func (s *Store) FailNext(op object.Op, next ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mu.next[op] = append(s.mu.next[op], next...)
}

// Crash makes every later call fail.
func (s *Store) Crash() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mu.crashed = true
}

// Count returns how often a fault has come.
func (s *Store) Count(f Fault) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mu.counts[f]
}

// draw decides what the next call of op meets.
func (s *Store) draw(op object.Op) (f Fault, crashed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mu.crashed {
		return Crash, true
	}
	if script := s.mu.next[op]; len(script) > 0 {
		f, s.mu.next[op] = script[0], script[1:]
	} else if rates := s.plan.Rates[op]; len(rates) > 0 {
		f = s.pickLocked(rates)
	}
	s.mu.counts[f]++
	s.mu.crashed = f == Crash || f == CrashAfter
	return f, f == Crash
}

func (s *Store) pickLocked(rates map[Fault]float64) Fault {
	var b [8]byte
	s.rand.Read(b[:])
	x := float64(binary.LittleEndian.Uint64(b[:])>>11) / (1 << 53)
	for f := range faults { // in this order, whatever that of the map
		if x -= rates[f]; x < 0 {
			return f
		}
	}
	return None
}

// before meets the faults that come before the store does anything; sent is the size of the request's body.
func (s *Store) before(ctx context.Context, op object.Op, key string, sent int) (Fault, error) {
	if d := s.plan.Latency[op]; d > 0 && !s.clock.Sleep(d, ctx.Done()) {
		return None, object.FailContext(ctx, op, key, false)
	}
	f, crashed := s.draw(op)
	if crashed {
		return f, crashError(op, key)
	}
	var err error
	switch f {
	case Unavailable:
		err = object.Fail(op, key, object.ErrUnavailable, errors.New("simulated 503"))
	case Conflict:
		err = object.Fail(op, key, object.ErrConflict, errors.New("simulated 409"))
	case Timeout:
		err = silence(op, key, "simulated timeout")
	default:
		return f, nil
	}
	// The store beneath does not know of this request, which a real one would have met.
	object.Report(ctx, object.Request{Command: op.Command(), Sent: int64(sent), Err: err})
	return f, err
}

// after meets the faults that come once the store has done its part.
func (s *Store) after(op object.Op, key string, f Fault, err error) error {
	switch f {
	case CrashAfter:
		return crashError(op, key)
	case LostReply, TornBody:
		return silence(op, key, "simulated loss of the reply")
	}
	return err
}

func silence(op object.Op, key, why string) error {
	if op.IsWrite() {
		return object.Fail(op, key, object.ErrUnknown, errors.New(why))
	}
	return object.Fail(op, key, object.ErrUnavailable, errors.New(why))
}

func crashError(op object.Op, key string) error {
	e := base.Errorf(errno.Unavailable, "object store %s failed", op)
	e.Object, e.Err = key, ErrCrashed
	return e
}

// Get passes Get on.
func (s *Store) Get(ctx context.Context, key string) (object.Object, error) {
	return s.read(ctx, object.OpGet, key, func() (object.Object, error) { return s.store.Get(ctx, key) })
}

// GetRange passes GetRange on.
func (s *Store) GetRange(ctx context.Context, key string, offset, length int64) (object.Object, error) {
	return s.read(ctx, object.OpGetRange, key, func() (object.Object, error) { return s.store.GetRange(ctx, key, offset, length) })
}

func (s *Store) read(ctx context.Context, op object.Op, key string, call func() (object.Object, error)) (object.Object, error) {
	f, err := s.before(ctx, op, key, 0)
	if err != nil {
		return object.Object{}, err
	}
	o, err := call()
	switch {
	case f == TornBody && err == nil:
		o.Data = o.Data[:len(o.Data)/2]
		return o, object.Fail(op, key, object.ErrUnavailable, io.ErrUnexpectedEOF)
	case f != None:
		return object.Object{}, s.after(op, key, f, err)
	}
	return o, err
}

// Put passes Put on.
func (s *Store) Put(ctx context.Context, key string, data []byte) (string, error) {
	return s.put(ctx, object.OpPut, key, data, func() (string, error) { return s.store.Put(ctx, key, data) })
}

// PutIfAbsent passes PutIfAbsent on.
func (s *Store) PutIfAbsent(ctx context.Context, key string, data []byte) (string, error) {
	return s.put(ctx, object.OpPutIfAbsent, key, data, func() (string, error) { return s.store.PutIfAbsent(ctx, key, data) })
}

// PutIfMatch passes PutIfMatch on.
func (s *Store) PutIfMatch(ctx context.Context, key, etag string, data []byte) (string, error) {
	return s.put(ctx, object.OpPutIfMatch, key, data, func() (string, error) { return s.store.PutIfMatch(ctx, key, etag, data) })
}

func (s *Store) put(ctx context.Context, op object.Op, key string, data []byte, call func() (string, error)) (string, error) {
	f, err := s.before(ctx, op, key, len(data))
	if err != nil {
		return "", err
	}
	etag, err := call()
	if f != None {
		return "", s.after(op, key, f, err)
	}
	return etag, err
}

// List passes List on; a fault that comes after the fact lets one object through.
func (s *Store) List(ctx context.Context, prefix, startAfter string) iter.Seq2[object.Info, error] {
	return func(yield func(object.Info, error) bool) {
		f, err := s.before(ctx, object.OpList, prefix, 0)
		if err != nil {
			yield(object.Info{}, err)
			return
		}
		for info, err := range s.store.List(ctx, prefix, startAfter) {
			if !yield(info, err) || err != nil {
				return
			}
			if f != None {
				break
			}
		}
		if err := s.after(object.OpList, prefix, f, nil); err != nil {
			yield(object.Info{}, err)
		}
	}
}

// Delete passes Delete on.
func (s *Store) Delete(ctx context.Context, keys ...string) error {
	if len(keys) == 0 {
		return nil
	}
	f, err := s.before(ctx, object.OpDelete, keys[0], 0)
	if err != nil {
		return err
	}
	return s.after(object.OpDelete, keys[0], f, s.store.Delete(ctx, keys...))
}

// CreateUpload passes CreateUpload on.
func (s *Store) CreateUpload(ctx context.Context, key string) (string, error) {
	return s.put(ctx, object.OpCreateUpload, key, nil, func() (string, error) { return object.MultipartOf(s.store).CreateUpload(ctx, key) })
}

// UploadPart passes UploadPart on.
func (s *Store) UploadPart(ctx context.Context, key, id string, number int, data []byte) (string, error) {
	return s.put(ctx, object.OpUploadPart, key, data, func() (string, error) {
		return object.MultipartOf(s.store).UploadPart(ctx, key, id, number, data)
	})
}

// CompleteUpload passes CompleteUpload on.
func (s *Store) CompleteUpload(ctx context.Context, key, id string, tags []string) (string, error) {
	return s.put(ctx, object.OpCompleteUpload, key, nil, func() (string, error) {
		return object.MultipartOf(s.store).CompleteUpload(ctx, key, id, tags)
	})
}

// AbortUpload passes AbortUpload on.
func (s *Store) AbortUpload(ctx context.Context, key, id string) error {
	_, err := s.put(ctx, object.OpAbortUpload, key, nil, func() (string, error) {
		return "", object.MultipartOf(s.store).AbortUpload(ctx, key, id)
	})
	return err
}
