package object_test

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/s3sql/s3sql/conformance/testenv"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/storage/object"
	"github.com/s3sql/s3sql/storage/object/dir"
	"github.com/s3sql/s3sql/storage/object/mem"
)

// broken is a store with one promise not kept: the func that is set takes the place of the method.
type broken struct {
	object.Store
	get         func(ctx context.Context, key string) (object.Object, error)
	getRange    func(ctx context.Context, key string, offset, length int64) (object.Object, error)
	putIfAbsent func(ctx context.Context, key string, data []byte) (string, error)
	putIfMatch  func(ctx context.Context, key, etag string, data []byte) (string, error)
	list        func(ctx context.Context, prefix, after string) iter.Seq2[object.Info, error]
}

func (b *broken) Get(ctx context.Context, key string) (object.Object, error) {
	if b.get != nil {
		return b.get(ctx, key)
	}
	return b.Store.Get(ctx, key)
}

func (b *broken) GetRange(ctx context.Context, key string, offset, length int64) (object.Object, error) {
	if b.getRange != nil {
		return b.getRange(ctx, key, offset, length)
	}
	return b.Store.GetRange(ctx, key, offset, length)
}

func (b *broken) PutIfAbsent(ctx context.Context, key string, data []byte) (string, error) {
	if b.putIfAbsent != nil {
		return b.putIfAbsent(ctx, key, data)
	}
	return b.Store.PutIfAbsent(ctx, key, data)
}

func (b *broken) PutIfMatch(ctx context.Context, key, etag string, data []byte) (string, error) {
	if b.putIfMatch != nil {
		return b.putIfMatch(ctx, key, etag, data)
	}
	return b.Store.PutIfMatch(ctx, key, etag, data)
}

func (b *broken) List(ctx context.Context, prefix, after string) iter.Seq2[object.Info, error] {
	if b.list != nil {
		return b.list(ctx, prefix, after)
	}
	return b.Store.List(ctx, prefix, after)
}

func TestCertifySafe(t *testing.T) {
	t.Parallel()
	d, err := dir.Open(t.TempDir(), dir.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]object.Store{"mem": mem.New(), "dir": d, "s3": testenv.S3(t).Store(t)} {
		var m object.Meter
		v, err := object.Certify(object.WithMeter(t.Context(), &m), s, base.SystemRand{})
		if err != nil || !v.OK() || v.String() != "safe: 7 checks passed" {
			t.Errorf("%s: %v, %v", name, v, err)
		}
		if c := m.Snapshot(); c.Requests(object.GetObject) != 28 || c.Requests(object.PutObject) < 67 || c.Requests() > 120 {
			t.Errorf("%s: certification took %v", name, c)
		}
		for info, err := range s.List(t.Context(), "", "") {
			t.Errorf("%s: %s is left behind, %v", name, info.Key, err)
		}
	}
}

func TestCertifyUnsafe(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		damage func(s object.Store, b *broken)
		failed []string
	}{
		{"ignores If-None-Match", func(s object.Store, b *broken) { b.putIfAbsent = s.Put },
			[]string{"create-refused-on-taken-key", "create-race-has-one-winner"}},
		{"checks before it writes", func(s object.Store, b *broken) {
			var met atomic.Int64
			b.putIfAbsent = func(ctx context.Context, key string, data []byte) (string, error) {
				_, err := s.Get(ctx, key)
				if err == nil {
					return "", object.Fail(object.OpPutIfAbsent, key, object.ErrExists, nil)
				}
				if strings.HasSuffix(key, "/001") { // the first race: all have looked before one writes
					for met.Add(1); met.Load() < 8; {
						runtime.Gosched()
					}
				}
				return s.Put(ctx, key, data)
			}
		}, []string{"create-race-has-one-winner"}},
		{"refuses every creation", func(_ object.Store, b *broken) {
			b.putIfAbsent = func(_ context.Context, key string, _ []byte) (string, error) {
				return "", object.Fail(object.OpPutIfAbsent, key, object.ErrExists, nil)
			}
		}, []string{"create-refused-on-taken-key", "create-race-has-one-winner", "list-after-write"}},
		{"loses what it has created", func(_ object.Store, b *broken) {
			b.putIfAbsent = func(context.Context, string, []byte) (string, error) { return "tag", nil }
		}, []string{"create-refused-on-taken-key", "create-race-has-one-winner", "list-after-write"}},
		{"ignores If-Match", func(s object.Store, b *broken) {
			b.putIfMatch = func(ctx context.Context, key, _ string, data []byte) (string, error) { return s.Put(ctx, key, data) }
		}, []string{"replace-by-tag", "replace-race-has-one-winner"}},
		{"does not know If-Match", func(_ object.Store, b *broken) {
			b.putIfMatch = func(_ context.Context, key, _ string, _ []byte) (string, error) {
				return "", object.Fail(object.OpPutIfMatch, key, errors.New("not implemented"), nil)
			}
		}, []string{"replace-by-tag", "replace-race-has-one-winner"}},
		{"remembers misses", func(s object.Store, b *broken) {
			missed := map[string]bool{}
			b.get = func(ctx context.Context, key string) (object.Object, error) {
				o, err := s.Get(ctx, key)
				if missed[key] || err != nil {
					missed[key] = true
					return object.Object{}, object.Fail(object.OpGet, key, object.ErrNotFound, nil)
				}
				return o, nil
			}
		}, []string{"read-after-write"}},
		{"lists late", func(_ object.Store, b *broken) {
			b.list = func(context.Context, string, string) iter.Seq2[object.Info, error] {
				return func(func(object.Info, error) bool) {}
			}
		}, []string{"list-after-write"}},
		{"ignores start-after", func(s object.Store, b *broken) {
			b.list = func(ctx context.Context, prefix, _ string) iter.Seq2[object.Info, error] {
				return s.List(ctx, prefix, "")
			}
		}, []string{"list-after-write"}},
		{"ignores ranges", func(s object.Store, b *broken) {
			b.getRange = func(ctx context.Context, key string, _, _ int64) (object.Object, error) { return s.Get(ctx, key) }
		}, []string{"ranged-read"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := mem.New()
			b := &broken{Store: s}
			c.damage(s, b)
			v, err := object.Certify(t.Context(), b, base.SystemRand{})
			var e *base.Error
			if !errors.As(err, &e) || e.State != errno.StoreUnsafe.State || v.OK() || !strings.HasPrefix(v.String(), "unsafe: ") {
				t.Fatalf("verdict %v, error %v", v, err)
			}
			for _, check := range v.Checks {
				want := false
				for _, name := range c.failed {
					want = want || name == check.Name
				}
				if check.OK == want {
					t.Errorf("check %s: ok is %t (%s)", check.Name, check.OK, check.Detail)
				}
				if want && !strings.Contains(err.Error(), check.Name) {
					t.Errorf("error does not name %s: %v", check.Name, err)
				}
			}
		})
	}
}

func TestCertifyCannotAsk(t *testing.T) {
	t.Parallel()
	for _, sentinel := range []error{object.ErrUnavailable, object.ErrUnknown, object.ErrDenied, object.ErrNoBucket} {
		s := mem.New()
		b := &broken{Store: s, putIfMatch: func(_ context.Context, key, _ string, _ []byte) (string, error) {
			return "", object.Fail(object.OpPutIfMatch, key, sentinel, nil)
		}}
		v, err := object.Certify(t.Context(), b, base.SystemRand{})
		var e *base.Error
		if !errors.Is(err, sentinel) || !errors.As(err, &e) || e.State == errno.StoreUnsafe.State || v.OK() ||
			v.String() != "incomplete: 2 of 7 checks made" {
			t.Errorf("%v: verdict %v, error %v", sentinel, v, err)
		}
		for info := range s.List(t.Context(), "", "") {
			t.Errorf("%s is left behind", info.Key)
		}
	}
}
