// Package retry repeats requests that a store could not serve.
package retry

import (
	"context"
	"encoding/binary"
	"errors"
	"iter"
	"sync/atomic"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/storage/object"
)

// Policy bounds what is done for one call; what is zero has a default.
type Policy struct {
	Attempts         int           // tries in all; 6
	ConflictAttempts int           // tries in all when the store answers 409; 4
	Elapsed          time.Duration // no try starts later than this; 15 s
	DelayFirst       time.Duration // upper bound of the wait before the second try, doubled for each further one; 50 ms
	DelayMax         time.Duration // upper bound of any wait; 3 s
}

// EnsureDefaults fills in what was left zero.
func (p *Policy) EnsureDefaults() {
	def := Policy{Attempts: 6, ConflictAttempts: 4, Elapsed: 15 * time.Second, DelayFirst: 50 * time.Millisecond, DelayMax: 3 * time.Second}
	if p.Attempts <= 0 {
		p.Attempts = def.Attempts
	}
	if p.ConflictAttempts <= 0 {
		p.ConflictAttempts = def.ConflictAttempts
	}
	if p.Elapsed <= 0 {
		p.Elapsed = def.Elapsed
	}
	if p.DelayFirst <= 0 {
		p.DelayFirst = def.DelayFirst
	}
	if p.DelayMax <= 0 {
		p.DelayMax = def.DelayMax
	}
}

// Store repeats calls of the store beneath it, after a random wait between nothing and a bound that doubles ("full
// jitter", AWS Architecture Blog, "Exponential Backoff And Jitter").
//
// Repeated are: every call on ErrUnavailable, and on ErrUnknown those that do the same when done twice. A conditional
// write of unknown outcome is not: the answer to a second try would not tell which of the two it is about, so that is
// for the commit protocol to settle, and for object.Upload that of CompleteUpload. 409 is repeated a few times; 404 and 412 are answers; a refusal stays one.
type Store struct {
	store  object.Store
	clock  base.Clock
	rand   base.Rand
	policy atomic.Pointer[Policy]
}

var (
	_ object.Store     = (*Store)(nil)
	_ object.Multipart = (*Store)(nil)
)

// New returns store with retries.
func New(store object.Store, clock base.Clock, rand base.Rand, policy Policy) *Store {
	s := &Store{store: store, clock: clock, rand: rand}
	s.SetPolicy(policy)
	return s
}

// SetPolicy replaces the policy, from the next try of any call on.
func (s *Store) SetPolicy(policy Policy) {
	policy.EnsureDefaults()
	s.policy.Store(&policy)
}

// tries counts the tries of one call.
type tries struct {
	store *Store
	op    object.Op
	start time.Time
	made  int
}

func (s *Store) tries(op object.Op) *tries { return &tries{store: s, op: op, start: s.clock.Now()} }

// again is asked after a try: it waits and returns true if another one is due.
func (t *tries) again(ctx context.Context, err error) bool {
	t.made++
	p := t.store.policy.Load()
	attempts := p.Attempts
	switch {
	case err == nil || ctx.Err() != nil:
		return false
	case errors.Is(err, object.ErrConflict):
		attempts = p.ConflictAttempts
	case errors.Is(err, object.ErrUnknown):
		if t.op == object.OpPutIfAbsent || t.op == object.OpPutIfMatch || t.op == object.OpCompleteUpload {
			return false
		}
	case !errors.Is(err, object.ErrUnavailable):
		return false
	}
	if t.made >= attempts {
		return false
	}
	wait := t.delay(p)
	if t.store.clock.Now().Sub(t.start)+wait > p.Elapsed {
		return false
	}
	return t.store.clock.Sleep(wait, ctx.Done())
}

func (t *tries) delay(p *Policy) time.Duration {
	bound := p.DelayMax
	if shift := t.made - 1; shift < 20 {
		bound = min(bound, p.DelayFirst<<shift)
	}
	var b [8]byte
	t.store.rand.Read(b[:])
	return time.Duration(binary.LittleEndian.Uint64(b[:]) % uint64(bound+1))
}

func do[T any](ctx context.Context, s *Store, op object.Op, call func() (T, error)) (T, error) {
	for t := s.tries(op); ; {
		result, err := call()
		if !t.again(ctx, err) {
			return result, err
		}
	}
}

// Get repeats Get.
func (s *Store) Get(ctx context.Context, key string) (object.Object, error) {
	return do(ctx, s, object.OpGet, func() (object.Object, error) { return s.store.Get(ctx, key) })
}

// GetRange repeats GetRange.
func (s *Store) GetRange(ctx context.Context, key string, offset, length int64) (object.Object, error) {
	return do(ctx, s, object.OpGetRange, func() (object.Object, error) { return s.store.GetRange(ctx, key, offset, length) })
}

// Put repeats Put.
func (s *Store) Put(ctx context.Context, key string, data []byte) (string, error) {
	return do(ctx, s, object.OpPut, func() (string, error) { return s.store.Put(ctx, key, data) })
}

// PutIfAbsent repeats PutIfAbsent as long as nothing can have been written.
func (s *Store) PutIfAbsent(ctx context.Context, key string, data []byte) (string, error) {
	return do(ctx, s, object.OpPutIfAbsent, func() (string, error) { return s.store.PutIfAbsent(ctx, key, data) })
}

// PutIfMatch repeats PutIfMatch as long as nothing can have been written.
func (s *Store) PutIfMatch(ctx context.Context, key, etag string, data []byte) (string, error) {
	return do(ctx, s, object.OpPutIfMatch, func() (string, error) { return s.store.PutIfMatch(ctx, key, etag, data) })
}

// List goes on after the last key that was yielded. A try that yields anything starts the count anew.
func (s *Store) List(ctx context.Context, prefix, startAfter string) iter.Seq2[object.Info, error] {
	return func(yield func(object.Info, error) bool) {
		after, t := startAfter, s.tries(object.OpList)
		for {
			var failed error
			progress := false
			for info, err := range s.store.List(ctx, prefix, after) {
				if err != nil {
					failed = err
					break
				}
				if !yield(info, nil) {
					return
				}
				after, progress = info.Key, true
			}
			if failed == nil {
				return
			}
			if progress {
				t = s.tries(object.OpList)
			}
			if !t.again(ctx, failed) {
				yield(object.Info{}, failed)
				return
			}
		}
	}
}

// Delete repeats Delete.
func (s *Store) Delete(ctx context.Context, keys ...string) error {
	_, err := do(ctx, s, object.OpDelete, func() (struct{}, error) { return struct{}{}, s.store.Delete(ctx, keys...) })
	return err
}

// CreateUpload repeats CreateUpload. A try whose reply is lost may leave an upload that nobody knows.
func (s *Store) CreateUpload(ctx context.Context, key string) (string, error) {
	return do(ctx, s, object.OpCreateUpload, func() (string, error) { return object.MultipartOf(s.store).CreateUpload(ctx, key) })
}

// UploadPart repeats UploadPart.
func (s *Store) UploadPart(ctx context.Context, key, id string, number int, data []byte) (string, error) {
	return do(ctx, s, object.OpUploadPart, func() (string, error) {
		return object.MultipartOf(s.store).UploadPart(ctx, key, id, number, data)
	})
}

// CompleteUpload repeats CompleteUpload as long as nothing can have been written.
func (s *Store) CompleteUpload(ctx context.Context, key, id string, tags []string) (string, error) {
	return do(ctx, s, object.OpCompleteUpload, func() (string, error) {
		return object.MultipartOf(s.store).CompleteUpload(ctx, key, id, tags)
	})
}

// AbortUpload repeats AbortUpload.
func (s *Store) AbortUpload(ctx context.Context, key, id string) error {
	_, err := do(ctx, s, object.OpAbortUpload, func() (struct{}, error) {
		return struct{}{}, object.MultipartOf(s.store).AbortUpload(ctx, key, id)
	})
	return err
}
