package storetest

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/storage/object"
)

// sample returns n bytes in which no part is like another.
func sample(n int) []byte {
	data := make([]byte, n)
	x := uint32(n)
	for i := range data {
		x = x*1664525 + 1013904223
		data[i] = byte(x >> 24)
	}
	return data
}

func wantBytes(t *testing.T, s object.Store, key string, data []byte) string {
	t.Helper()
	o, err := s.Get(t.Context(), key)
	if err != nil || !bytes.Equal(o.Data, data) || o.Size != int64(len(data)) {
		t.Fatalf("Get(%s) gave %d bytes, size %d, %v; want the %d that were written", key, len(o.Data), o.Size, err, len(data))
	}
	return o.ETag
}

// wantNothing fails if the key is there, or listed.
func wantNothing(t *testing.T, s object.Store, key string) {
	t.Helper()
	_, err := s.Get(t.Context(), key)
	wantErr(t, "Get of what is not committed", err, object.ErrNotFound)
	for info, err := range s.List(t.Context(), "", "") {
		if err != nil || info.Key == key {
			t.Fatalf("listing gave %s, %v", info.Key, err)
		}
	}
}

// testUpload streams objects of several sizes, and counts their requests.
func testUpload(t *testing.T, s object.Store) {
	for _, c := range []struct {
		key        string
		size, step int
		requests   string
	}{
		{"u/empty", 0, 1, "1 PutObject"},
		{"u/small", 1000, 7, "1 PutObject"},
		{"u/part", object.PartBytes, 1 << 20, "1 PutObject"},
		{"u/more", object.PartBytes + 1, object.PartBytes + 1, "1 CreateMultipartUpload, 2 UploadPart, 1 CompleteMultipartUpload"},
		{"u/large", 2*object.PartBytes + 12345, 65537, "1 CreateMultipartUpload, 3 UploadPart, 1 CompleteMultipartUpload"},
	} {
		var m object.Meter
		ctx := object.WithMeter(t.Context(), &m)
		data := sample(c.size)
		u := object.NewUpload(ctx, s, c.key)
		for piece := range slices.Chunk(slices.Clone(data), c.step) {
			if n, err := u.Write(piece); n != len(piece) || err != nil {
				t.Fatalf("Write = %d, %v", n, err)
			}
			clear(piece) // what was handed in is not kept
		}
		wantNothing(t, s, c.key)
		tag, err := u.Commit(ctx)
		if err != nil || tag == "" {
			t.Fatalf("%s: Commit = %q, %v", c.key, tag, err)
		}
		got := m.Snapshot()
		if got.String() != c.requests || got.Total().Sent != int64(c.size) {
			t.Errorf("%s cost %v, %d bytes sent; want %s, %d", c.key, got, got.Total().Sent, c.requests, c.size)
		}
		if err := u.Abort(t.Context()); err != nil {
			t.Errorf("Abort after Commit: %v", err)
		}
		if have := wantBytes(t, s, c.key, data); have != tag {
			t.Errorf("Get gave tag %q, Commit had given %q", have, tag)
		}
		if _, err := u.Write([]byte("x")); err == nil {
			t.Error("Write after Commit was accepted")
		}
	}
	o, err := s.GetRange(t.Context(), "u/large", object.PartBytes-5, 10)
	if want := sample(2*object.PartBytes + 12345)[object.PartBytes-5:][:10]; err != nil || !bytes.Equal(o.Data, want) {
		t.Errorf("a range over the border of two parts: % x, %v; want % x", o.Data, err, want)
	}
}

func testUploadAborted(t *testing.T, s object.Store) {
	for _, size := range []int{0, 10, object.PartBytes + 1} {
		var m object.Meter
		ctx, cancel := context.WithCancel(object.WithMeter(t.Context(), &m))
		u := object.NewUpload(ctx, s, "u/a")
		if _, err := u.Write(sample(size)); err != nil {
			t.Fatal(err)
		}
		cancel()
		for range 2 {
			if err := u.Abort(context.WithoutCancel(ctx)); err != nil {
				t.Errorf("Abort after %d bytes: %v", size, err)
			}
		}
		if want := int64(size / object.PartBytes); m.Snapshot().Requests(object.AbortMultipartUpload) != want {
			t.Errorf("%d bytes: %v; want %d aborts", size, m.Snapshot(), want)
		}
		if _, err := u.Commit(t.Context()); err == nil {
			t.Error("Commit after Abort was accepted")
		}
		wantNothing(t, s, "u/a")
	}
	put(t, s, "u/kept", "old")
	u := object.NewUpload(t.Context(), s, "u/kept")
	if _, err := u.Write(sample(object.PartBytes + 1)); err != nil {
		t.Fatal(err)
	}
	want(t, s, "u/kept", "old")
	if err := u.Abort(t.Context()); err != nil {
		t.Error(err)
	}
	want(t, s, "u/kept", "old")
}

// testUploadParts sends parts in another order, one of them twice, for two uploads of one key.
func testUploadParts(t *testing.T, s object.Store) {
	m, ctx, key := object.MultipartOf(s), t.Context(), "u/p"
	data := sample(object.PartBytes + 5)
	begin := func() string {
		id, err := m.CreateUpload(ctx, key)
		if err != nil || id == "" {
			t.Fatalf("CreateUpload = %q, %v", id, err)
		}
		return id
	}
	send := func(id string, number int, part []byte) string {
		tag, err := m.UploadPart(ctx, key, id, number, part)
		if err != nil || tag == "" {
			t.Fatalf("UploadPart(%d) = %q, %v", number, tag, err)
		}
		return tag
	}
	first, second := begin(), begin()
	if first == second {
		t.Fatal("two uploads have one id")
	}
	last := send(first, 2, data[object.PartBytes:])
	send(first, 1, make([]byte, object.PartBytes))
	tags := []string{send(first, 1, data[:object.PartBytes]), last}
	only := send(second, 1, []byte("second"))
	wantNothing(t, s, key)
	etag, err := m.CompleteUpload(ctx, key, first, tags)
	if err != nil || wantBytes(t, s, key, data) != etag {
		t.Fatalf("CompleteUpload = %q, %v", etag, err)
	}
	if etag, err = m.CompleteUpload(ctx, key, second, []string{only}); err != nil || want(t, s, key, "second") != etag {
		t.Fatalf("CompleteUpload over an object = %q, %v", etag, err)
	}
	for _, id := range []string{first, second} {
		if _, err := m.UploadPart(ctx, key, id, 1, []byte("late")); !errors.Is(err, object.ErrNotFound) {
			t.Errorf("a part of a completed upload: %v", err)
		}
		if err := m.AbortUpload(ctx, key, id); err != nil {
			t.Errorf("AbortUpload of a completed upload: %v", err)
		}
	}
	want(t, s, key, "second")
	id := begin()
	send(id, 1, []byte("dropped"))
	if err := m.AbortUpload(ctx, key, id); err != nil {
		t.Error(err)
	}
	_, err = m.UploadPart(ctx, key, id, 2, []byte("x"))
	wantErr(t, "a part of an aborted upload", err, object.ErrNotFound)
	want(t, s, key, "second")
	key = "u/none" // services may take the completion of a lost upload for a repeated one if there is an object
	id = begin()
	dropped := send(id, 1, []byte("dropped"))
	if err := m.AbortUpload(ctx, key, id); err != nil {
		t.Error(err)
	}
	_, err = m.CompleteUpload(ctx, key, id, []string{dropped})
	wantErr(t, "completion of an aborted upload", err, object.ErrNotFound)
	wantNothing(t, s, key)
}

func testUploadErrors(t *testing.T, s object.Store) {
	m := object.MultipartOf(s)
	id, err := m.CreateUpload(t.Context(), "u/e")
	if err != nil {
		t.Fatal(err)
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	calls := func(ctx context.Context, key, id string) map[object.Op]error {
		return map[object.Op]error{
			object.OpCreateUpload:   second(m.CreateUpload(ctx, key)),
			object.OpUploadPart:     second(m.UploadPart(ctx, key, id, 1, []byte("x"))),
			object.OpCompleteUpload: second(m.CompleteUpload(ctx, key, id, []string{"x"})),
			object.OpAbortUpload:    m.AbortUpload(ctx, key, id),
		}
	}
	for op, err := range calls(canceled, "u/e", id) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s with an ended context: error is %v", op, err)
		}
	}
	for op, err := range calls(t.Context(), "../u", id) {
		var e *base.Error
		if !errors.As(err, &e) {
			t.Errorf("%s of a bad key: error is %v", op, err)
		}
	}
	for _, number := range []int{0, -1, object.PartsMax + 1} {
		if _, err := m.UploadPart(t.Context(), "u/e", id, number, []byte("x")); err == nil {
			t.Errorf("part %d was accepted", number)
		}
	}
	if _, err := m.UploadPart(t.Context(), "u/e", id, 1, make([]byte, object.PartBytes+1)); err == nil {
		t.Error("a part larger than PartBytes was accepted")
	}
	for _, tags := range [][]string{nil, {"0123456789abcdef0123456789abcdef"}} {
		if _, err := m.CompleteUpload(t.Context(), "u/e", id, tags); err == nil {
			t.Errorf("an object of parts %q was accepted", tags)
		}
	}
	if err := m.AbortUpload(t.Context(), "u/e", id); err != nil {
		t.Error(err)
	}
	wantNothing(t, s, "u/e")
}
