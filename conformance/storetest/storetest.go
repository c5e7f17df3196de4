// Package storetest is the suite that every object.Store must pass.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/storage/object"
)

// Run checks the contract of object.Store on the stores that open returns, each of which must be empty. The parts run in
// parallel.
func Run(t *testing.T, open func(t *testing.T) object.Store) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, s object.Store)
	}{
		{"GetPut", testGetPut},
		{"GetRange", testGetRange},
		{"PutIfAbsent", testPutIfAbsent},
		{"PutIfMatch", testPutIfMatch},
		{"Delete", testDelete},
		{"Keys", testKeys},
		{"Errors", testErrors},
		{"Bytes", testBytes},
		{"List", testList},
		{"ListPages", testListPages},
		{"ListStops", testListStops},
		{"Context", testContext},
		{"Requests", testRequests},
		{"RaceAbsent", testRaceAbsent},
		{"RaceMatch", testRaceMatch},
		{"RaceReaders", testRaceReaders},
		{"Upload", testUpload},
		{"UploadAborted", testUploadAborted},
		{"UploadParts", testUploadParts},
		{"UploadErrors", testUploadErrors},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, open(t))
		})
	}
}

func put(t *testing.T, s object.Store, key, data string) string {
	t.Helper()
	etag, err := s.Put(t.Context(), key, []byte(data))
	if err != nil || etag == "" {
		t.Fatalf("Put(%s) = %q, %v", key, etag, err)
	}
	return etag
}

// want fails unless the object is there with these bytes, and returns its version tag.
func want(t *testing.T, s object.Store, key, data string) string {
	t.Helper()
	o, err := s.Get(t.Context(), key)
	if err != nil || string(o.Data) != data || o.Size != int64(len(data)) || o.ETag == "" {
		t.Fatalf("Get(%s) = %.40q, size %d, tag %q, %v; want %.40q", key, o.Data, o.Size, o.ETag, err, data)
	}
	return o.ETag
}

func wantErr(t *testing.T, what string, err, sentinel error) {
	t.Helper()
	if !errors.Is(err, sentinel) {
		t.Fatalf("%s: error is %v, want one that wraps %q", what, err, sentinel)
	}
}

func testGetPut(t *testing.T, s object.Store) {
	_, err := s.Get(t.Context(), "a")
	wantErr(t, "Get of nothing", err, object.ErrNotFound)
	one := put(t, s, "a", "one")
	if got := want(t, s, "a", "one"); got != one {
		t.Errorf("Get gave tag %q, Put had given %q", got, one)
	}
	two := put(t, s, "a", "two")
	if one == two {
		t.Error("replacing the object by another did not change its tag")
	}
	if got := want(t, s, "a", "two"); got != two {
		t.Errorf("Get gave tag %q, Put had given %q", got, two)
	}
	put(t, s, "empty", "")
	want(t, s, "empty", "")
	put(t, s, "deep/er/and/deeper", "x")
	want(t, s, "deep/er/and/deeper", "x")
	_, err = s.Get(t.Context(), "deep/er")
	wantErr(t, "Get of a folder", err, object.ErrNotFound)
}

func testGetRange(t *testing.T, s object.Store) {
	const data = "0123456789"
	tag := put(t, s, "k/r", data)
	put(t, s, "k/empty", "")
	for _, c := range []struct {
		offset, length int64
		want           string
	}{
		{0, 10, data}, {0, 1, "0"}, {3, 4, "3456"}, {9, 1, "9"}, {8, 100, "89"}, {0, 1 << 40, data},
		{-1, 0, "9"}, {-3, 1, "789"}, {-10, 0, data}, {-100, 0, data}, {-4, -4, "6789"},
	} {
		o, err := s.GetRange(t.Context(), "k/r", c.offset, c.length)
		if err != nil || string(o.Data) != c.want || o.Size != 10 || o.ETag != tag {
			t.Errorf("GetRange(%d, %d) = %q, size %d, tag %q, %v; want %q, 10, %q", c.offset, c.length, o.Data, o.Size, o.ETag, err, c.want, tag)
		}
	}
	for _, offset := range []int64{10, 11, 1 << 40} {
		_, err := s.GetRange(t.Context(), "k/r", offset, 5)
		wantErr(t, fmt.Sprintf("GetRange from %d of 10 bytes", offset), err, object.ErrRange)
	}
	_, err := s.GetRange(t.Context(), "k/empty", 0, 1)
	wantErr(t, "GetRange of an empty object", err, object.ErrRange)
	_, err = s.GetRange(t.Context(), "k/none", 0, 1)
	wantErr(t, "GetRange of nothing", err, object.ErrNotFound)
	for _, length := range []int64{0, -1} {
		if o, err := s.GetRange(t.Context(), "k/r", 0, length); err == nil {
			t.Errorf("GetRange(0, %d) gave %q, want an error", length, o.Data)
		}
	}
}

func testPutIfAbsent(t *testing.T, s object.Store) {
	tag, err := s.PutIfAbsent(t.Context(), "log/1", []byte("mine"))
	if err != nil || tag == "" {
		t.Fatalf("PutIfAbsent on a free key = %q, %v", tag, err)
	}
	if got := want(t, s, "log/1", "mine"); got != tag {
		t.Errorf("Get gave tag %q, PutIfAbsent had given %q", got, tag)
	}
	for _, data := range []string{"other", "mine", ""} {
		_, err = s.PutIfAbsent(t.Context(), "log/1", []byte(data))
		wantErr(t, "PutIfAbsent on a taken key", err, object.ErrExists)
	}
	want(t, s, "log/1", "mine")
	put(t, s, "log/2", "by Put")
	_, err = s.PutIfAbsent(t.Context(), "log/2", []byte("x"))
	wantErr(t, "PutIfAbsent on a key taken by Put", err, object.ErrExists)
	if err := s.Delete(t.Context(), "log/1"); err != nil {
		t.Fatal(err)
	}
	if _, err = s.PutIfAbsent(t.Context(), "log/1", []byte("again")); err != nil {
		t.Fatalf("PutIfAbsent after Delete: %v", err)
	}
	want(t, s, "log/1", "again")
}

func testPutIfMatch(t *testing.T, s object.Store) {
	_, err := s.PutIfMatch(t.Context(), "lease/a", "0123456789abcdef0123456789abcdef", []byte("x"))
	wantErr(t, "PutIfMatch on a missing key", err, object.ErrChanged)
	tag1 := put(t, s, "lease/a", "1")
	tag2, err := s.PutIfMatch(t.Context(), "lease/a", tag1, []byte("2"))
	if err != nil || tag2 == "" || tag2 == tag1 {
		t.Fatalf("PutIfMatch with the current tag = %q after %q, %v", tag2, tag1, err)
	}
	_, err = s.PutIfMatch(t.Context(), "lease/a", tag1, []byte("3"))
	wantErr(t, "PutIfMatch with a stale tag", err, object.ErrChanged)
	if got := want(t, s, "lease/a", "2"); got != tag2 {
		t.Errorf("Get gave tag %q, PutIfMatch had given %q", got, tag2)
	}
	if _, err = s.PutIfMatch(t.Context(), "lease/a", tag2, []byte("3")); err != nil {
		t.Fatalf("PutIfMatch with a tag that PutIfMatch gave: %v", err)
	}
	want(t, s, "lease/a", "3")
	for _, tag := range []string{"", "*", "nonsense", tag1 + "x"} {
		if _, err = s.PutIfMatch(t.Context(), "lease/a", tag, []byte("4")); err == nil {
			t.Errorf("PutIfMatch with tag %q replaced the object", tag)
		}
	}
	want(t, s, "lease/a", "3")
	if err := s.Delete(t.Context(), "lease/a"); err != nil {
		t.Fatal(err)
	}
	_, err = s.PutIfMatch(t.Context(), "lease/a", tag2, []byte("5"))
	wantErr(t, "PutIfMatch on a deleted key", err, object.ErrChanged)
	_, err = s.Get(t.Context(), "lease/a")
	wantErr(t, "Get after it", err, object.ErrNotFound)
}

func testDelete(t *testing.T, s object.Store) {
	keys := []string{"d/a", "d/b", "d/sub/c"}
	for _, key := range keys {
		put(t, s, key, "x")
	}
	put(t, s, "d/kept", "x")
	if err := s.Delete(t.Context()); err != nil {
		t.Errorf("Delete of no key: %v", err)
	}
	if err := s.Delete(t.Context(), append(keys, "d/none", "none/at/all")...); err != nil {
		t.Errorf("Delete: %v", err)
	}
	if err := s.Delete(t.Context(), keys...); err != nil {
		t.Errorf("Delete of keys that are gone: %v", err)
	}
	for _, key := range keys {
		_, err := s.Get(t.Context(), key)
		wantErr(t, "Get of a deleted key", err, object.ErrNotFound)
	}
	want(t, s, "d/kept", "x")
	put(t, s, "d/sub/c", "back")
	want(t, s, "d/sub/c", "back")
}

func testKeys(t *testing.T, s object.Store) {
	for _, key := range []string{"a", "A-z_0.9/x", "...", "h/.hidden", "-dash", strings.Repeat("k", object.SegmentBytesMax),
		strings.Repeat("0123456789/", 40) + "x"} {
		put(t, s, key, key)
		want(t, s, key, key)
	}
	for _, key := range []string{"", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/..", "a/./b", "a b", "ä", "a\x00b", "a\\b",
		"a:b", "a~b", "a%2fb", "a\n", strings.Repeat("k", object.SegmentBytesMax+1), strings.Repeat("0123456789/", 80)} {
		for op, err := range map[object.Op]error{
			object.OpGet:         second(s.Get(t.Context(), key)),
			object.OpGetRange:    second(s.GetRange(t.Context(), key, 0, 1)),
			object.OpPut:         second(s.Put(t.Context(), key, nil)),
			object.OpPutIfAbsent: second(s.PutIfAbsent(t.Context(), key, nil)),
			object.OpPutIfMatch:  second(s.PutIfMatch(t.Context(), key, "x", nil)),
			object.OpDelete:      s.Delete(t.Context(), key),
		} {
			var e *base.Error
			if !errors.As(err, &e) {
				t.Errorf("%s of key %.30q: error is %v, want a *base.Error", op, key, err)
			}
		}
	}
}

func second[T any](_ T, err error) error { return err }

func testErrors(t *testing.T, s object.Store) {
	put(t, s, "e/taken", "x")
	for op, err := range map[object.Op]error{
		object.OpGet:         second(s.Get(t.Context(), "e/none")),
		object.OpGetRange:    second(s.GetRange(t.Context(), "e/taken", 5, 1)),
		object.OpPutIfAbsent: second(s.PutIfAbsent(t.Context(), "e/taken", nil)),
		object.OpPutIfMatch:  second(s.PutIfMatch(t.Context(), "e/taken", "0123456789abcdef0123456789abcdef", nil)),
	} {
		var e *base.Error
		if !errors.As(err, &e) || !strings.HasPrefix(e.Object, "e/") || !strings.Contains(err.Error(), op.String()) {
			t.Errorf("%s: error %v does not name operation and key", op, err)
		}
	}
}

func testBytes(t *testing.T, s object.Store) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	big := bytes.Repeat(all, 5000) // 1.28 MB
	data := slices.Clone(big)
	if _, err := s.Put(t.Context(), "b/big", data); err != nil {
		t.Fatal(err)
	}
	clear(data) // what was handed in is not kept
	o, err := s.Get(t.Context(), "b/big")
	if err != nil || !bytes.Equal(o.Data, big) {
		t.Fatalf("Get gave %d bytes, %v; want the %d that were put", len(o.Data), err, len(big))
	}
	clear(o.Data) // what was handed out is the caller's
	part, err := s.GetRange(t.Context(), "b/big", 256*1000, 256)
	if err != nil || !bytes.Equal(part.Data, all) {
		t.Errorf("GetRange gave % x, %v", part.Data, err)
	}
}

func testContext(t *testing.T, s object.Store) {
	put(t, s, "c/a", "x")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for op, err := range map[object.Op]error{
		object.OpGet:         second(s.Get(ctx, "c/a")),
		object.OpGetRange:    second(s.GetRange(ctx, "c/a", 0, 1)),
		object.OpPut:         second(s.Put(ctx, "c/b", nil)),
		object.OpPutIfAbsent: second(s.PutIfAbsent(ctx, "c/b", nil)),
		object.OpPutIfMatch:  second(s.PutIfMatch(ctx, "c/a", "x", nil)),
		object.OpDelete:      s.Delete(ctx, "c/a"),
		object.OpList:        listErr(s, ctx, "c/"),
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s with an ended context: error is %v", op, err)
		}
	}
	want(t, s, "c/a", "x")
}

func listErr(s object.Store, ctx context.Context, prefix string) error {
	for _, err := range s.List(ctx, prefix, "") {
		if err != nil {
			return err
		}
	}
	return nil
}

// testRequests checks that a method costs the requests that the contract states.
func testRequests(t *testing.T, s object.Store) {
	for _, c := range []struct {
		name string
		call func(ctx context.Context) error
		want object.Command
		n    int64
		u    object.Usage
	}{
		{"Put", func(ctx context.Context) error { return second(s.Put(ctx, "q/a", []byte("12345"))) }, object.PutObject, 1, object.Usage{Requests: 1, Sent: 5}},
		{"PutIfAbsent", func(ctx context.Context) error { return second(s.PutIfAbsent(ctx, "q/b", []byte("123"))) }, object.PutObject, 1, object.Usage{Requests: 1, Sent: 3}},
		{"PutIfAbsent lost", func(ctx context.Context) error { return second(s.PutIfAbsent(ctx, "q/b", []byte("12"))) }, object.PutObject, 1, object.Usage{Requests: 1, Errors: 1, Sent: 2}},
		{"Get", func(ctx context.Context) error { return second(s.Get(ctx, "q/a")) }, object.GetObject, 1, object.Usage{Requests: 1, Received: 5}},
		{"Get missing", func(ctx context.Context) error { return second(s.Get(ctx, "q/c")) }, object.GetObject, 1, object.Usage{Requests: 1, Errors: 1}},
		{"GetRange", func(ctx context.Context) error { return second(s.GetRange(ctx, "q/a", 1, 2)) }, object.GetObject, 1, object.Usage{Requests: 1, Received: 2}},
		{"List", func(ctx context.Context) error { return listErr(s, ctx, "q/") }, object.ListObjectsV2, 1, object.Usage{Requests: 1}},
		{"Delete", func(ctx context.Context) error { return s.Delete(ctx, "q/a", "q/b", "q/none") }, object.DeleteObjects, 1, object.Usage{Requests: 1}},
		{"Delete none", func(ctx context.Context) error { return s.Delete(ctx) }, object.DeleteObjects, 0, object.Usage{}},
		{"refused key", func(ctx context.Context) error { return second(s.Get(ctx, "../q")) }, object.GetObject, 0, object.Usage{}},
	} {
		var m object.Meter
		err := c.call(object.WithMeter(t.Context(), &m))
		got := m.Snapshot()
		if got.Of(c.want) != c.u || got.Requests() != c.n {
			t.Errorf("%s (%v) cost %v: %+v; want %+v", c.name, err, got, got.Of(c.want), c.u)
		}
	}
}

func testRaceAbsent(t *testing.T, s object.Store) {
	for slot := range 10 {
		key := fmt.Sprintf("race/%02d", slot)
		winner := atomic.Int64{}
		winner.Store(-1)
		var wg sync.WaitGroup
		for i := range int64(8) {
			wg.Go(func() {
				for {
					_, err := s.PutIfAbsent(t.Context(), key, fmt.Appendf(nil, "writer %d", i))
					switch {
					case err == nil && !winner.CompareAndSwap(-1, i):
						t.Errorf("%s has two winners", key)
					case errors.Is(err, object.ErrConflict):
						continue
					case err != nil && !errors.Is(err, object.ErrExists):
						t.Errorf("%s: %v", key, err)
					}
					return
				}
			})
		}
		wg.Wait()
		want(t, s, key, fmt.Sprintf("writer %d", winner.Load()))
	}
}

// testRaceMatch has writers add to a counter by read and PutIfMatch: no addition may be lost.
func testRaceMatch(t *testing.T, s object.Store) {
	const writers, each = 4, 8
	put(t, s, "count", "0")
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for n := 0; n < each; {
				o, err := s.Get(t.Context(), "count")
				if err != nil {
					t.Error(err)
					return
				}
				var v int
				if _, err := fmt.Sscan(string(o.Data), &v); err != nil {
					t.Errorf("counter reads %q: %v", o.Data, err)
					return
				}
				switch _, err = s.PutIfMatch(t.Context(), "count", o.ETag, fmt.Appendf(nil, "%d", v+1)); {
				case err == nil:
					n++
				case !errors.Is(err, object.ErrChanged) && !errors.Is(err, object.ErrConflict):
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	want(t, s, "count", fmt.Sprint(writers*each))
}

// testRaceReaders has readers watch an object that is replaced all the time: they see one whole version, never older
// than the one they saw before.
func testRaceReaders(t *testing.T, s object.Store) {
	body := func(n int) string { return strings.Repeat(fmt.Sprintf("%08d", n), 1000) }
	put(t, s, "w/x", body(0))
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for last := 0; ; {
				select {
				case <-done:
					return
				default:
				}
				o, err := s.Get(t.Context(), "w/x")
				var n int
				if err == nil {
					_, err = fmt.Sscanf(string(o.Data[:min(8, len(o.Data))]), "%d", &n)
				}
				if err != nil || string(o.Data) != body(n) || n < last {
					t.Errorf("read %d bytes of version %d after version %d, %v", len(o.Data), n, last, err)
					return
				}
				last = n
			}
		})
	}
	for n := 1; n <= 40; n++ {
		put(t, s, "w/x", body(n))
	}
	close(done)
	wg.Wait()
}
