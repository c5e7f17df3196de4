package table

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/storage/commitlog"
	"github.com/s3sql/s3sql/storage/manifest"
	"github.com/s3sql/s3sql/storage/object"
)

// TestColdOpen pins down what an open asks for, and in how many round trips.
func TestColdOpen(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for _, tc := range []struct {
		name             string
		before, after    int // records before and after a checkpoint; -1 for none
		damage           func(s *memStore)
		requests, rounds int
	}{
		{"no checkpoint, no records", -1, 0, nil, 3, 2},
		{"no checkpoint", -1, 5, nil, 3 + 5, 3},
		{"checkpoint alone", 5, 0, nil, 3, 2},
		{"checkpoint and a tail", 5, 10, nil, 3 + 10, 3},
		{"stale hint", 5, 10, func(s *memStore) {
			l, _ := manifest.EncodeLatest(manifest.Latest{UUID: uuidOf(s), Seq: 5})
			s.set(manifest.LatestKey, l)
		}, 3 + 10, 3},
		{"missing hint", 5, 10, func(s *memStore) { s.set(manifest.LatestKey, nil) }, 3 + 15, 3},
		{"damaged hint", 5, 10, func(s *memStore) { s.set(manifest.LatestKey, []byte("{")) }, 5 + 10, 5},
		{"hint to nothing", 5, 10, func(s *memStore) {
			l, _ := manifest.EncodeLatest(manifest.Latest{UUID: uuidOf(s), Seq: 14})
			s.set(manifest.LatestKey, l)
		}, 0, 0},
		{"records cleaned up, hint missing", 5, 10, func(s *memStore) {
			s.set(manifest.LatestKey, nil)
			for i := range 5 {
				s.set(commitlog.Key(uint64(i+1)), nil)
			}
		}, 0, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			store := newMemStore()
			db := openTest(t, store)
			n := 0
			for ; n < tc.before; n++ {
				write(t, db, 1, n, n)
			}
			if tc.before > 0 {
				must(t, db.Checkpoint(ctx))
			}
			for range tc.after {
				write(t, db, 1, n, n)
				n++
			}
			if tc.damage != nil {
				tc.damage(store)
			}
			store.take()
			store.latency, store.rounds = 150*time.Millisecond, 0 // longer than a busy machine lets a goroutine wait
			db = openTest(t, store)
			rounds := store.rounds
			store.latency = 0
			calls := store.take()
			if tc.requests > 0 && (len(calls) != tc.requests || rounds > tc.rounds) {
				t.Errorf("%d requests in %d rounds, want %d in %d: %q", len(calls), rounds, tc.requests, tc.rounds, calls)
			}
			if got := begin(t, db, TxOptions{Fresh: None}).RowCount(1); got != n {
				t.Errorf("%d rows, want %d", got, n)
			}
			for _, c := range calls {
				if strings.HasPrefix(c, "PUT") {
					t.Errorf("an open wrote: %s", c)
				}
			}
		})
	}
}

func uuidOf(s *memStore) string {
	id, err := manifest.DecodeIdentity(s.get(manifest.IdentityKey))
	if err != nil {
		panic(err)
	}
	return id.UUID
}

// TestBadObjects opens databases in which one object is damaged, foreign or of a newer format.
func TestBadObjects(t *testing.T) {
	t.Parallel()
	flip := func(at int) func([]byte) []byte {
		return func(b []byte) []byte { b[(at+len(b))%len(b)] ^= 0x40; return b }
	}
	replace := func(old, with string) func([]byte) []byte {
		return func(b []byte) []byte { return bytes.Replace(b, []byte(old), []byte(with), 1) }
	}
	foreign := func([]byte) []byte { return []byte(`{"name":"somebody's settings"}`) }
	cut := func(b []byte) []byte { return b[:len(b)-3] }
	ckpt := manifest.Key(3)
	for _, tc := range []struct {
		name, key  string
		checkpoint bool
		change     func([]byte) []byte
		newer      bool
	}{
		{"identity damaged", manifest.IdentityKey, false, replace(`"uuid":"`, `"uuid":"0`), false},
		{"identity foreign", manifest.IdentityKey, false, foreign, false},
		{"identity newer", manifest.IdentityKey, false, replace(`"format":1`, `"format":2`), true},
		{"identity cut off", manifest.IdentityKey, false, cut, false},
		{"identity missing", manifest.IdentityKey, false, func([]byte) []byte { return nil }, false},
		{"hint newer", manifest.LatestKey, true, replace(`"format":1`, `"format":7`), true},
		{"checkpoint body damaged", ckpt, true, flip(-1), false},
		{"checkpoint frame damaged", ckpt, true, flip(13), false},
		{"checkpoint magic", ckpt, true, flip(0), false},
		{"checkpoint newer", ckpt, true, func(b []byte) []byte { b[8] = 3; return resum(b) }, true},
		{"checkpoint version damaged", ckpt, true, func(b []byte) []byte { b[8] = 3; return b }, false},
		{"checkpoint cut off", ckpt, true, cut, false},
		{"checkpoint foreign", ckpt, true, foreign, false},
		{"record damaged", commitlog.Key(4), true, flip(-1), false},
		{"record foreign", commitlog.Key(4), true, foreign, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			store := newMemStore()
			db := openTest(t, store)
			for i := range 3 {
				write(t, db, 1, i, i)
			}
			if tc.checkpoint {
				must(t, db.Checkpoint(context.Background()))
			}
			write(t, db, 1, 3, 3)
			must(t, db.Close(context.Background()))
			store.set(tc.key, tc.change(store.get(tc.key)))
			before := store.snapshot()
			_, err := Open(context.Background(), store, testOptions())
			var e *base.Error
			if !errors.As(err, &e) || e.Kind != base.KindCorrupt || e.Object != tc.key {
				t.Errorf("got %v, want an error about %s", err, tc.key)
			}
			if errors.Is(err, manifest.ErrNewer) != tc.newer {
				t.Errorf("newer: %v", err)
			}
			for key, o := range store.objs {
				if !bytes.Equal(before.objs[key].data, o.data) {
					t.Errorf("%s was overwritten", key)
				}
			}
		})
	}
}

// resum repairs the checksum of a checkpoint's frame.
func resum(b []byte) []byte {
	t := crc32.MakeTable(crc32.Castagnoli)
	binary.LittleEndian.PutUint32(b[28:], crc32.Update(crc32.Checksum(b[:28], t), t, b[32:]))
	return b
}

func TestOtherDatabasesObjects(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, b := newMemStore(), newMemStore()
	for _, s := range []*memStore{a, b} {
		db := openTest(t, s)
		write(t, db, 1, 1, 1)
		must(t, db.Checkpoint(ctx))
		write(t, db, 1, 2, 2)
	}
	for _, key := range []string{manifest.Key(1), commitlog.Key(2)} {
		mixed := a.snapshot()
		mixed.set(key, b.get(key))
		_, err := Open(ctx, mixed, testOptions())
		var e *base.Error
		if !errors.As(err, &e) || e.Kind != base.KindCorrupt || e.Object != key {
			t.Errorf("got %v, want an error about %s", err, key)
		}
	}
	mixed := a.snapshot()
	mixed.set(manifest.LatestKey, nil)
	mixed.set(commitlog.Key(1), b.get(commitlog.Key(1)))
	if _, err := Open(ctx, mixed, testOptions()); !errors.Is(err, base.ErrCorrupt) {
		t.Errorf("got %v", err)
	}
}

func TestCreate(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	store := newMemStore()
	_, err := Open(ctx, store, Options{})
	var e *base.Error
	if !errors.As(err, &e) || e.Number != 1049 {
		t.Errorf("open of nothing: %v", err)
	}
	unsafe := errors.New("two writers won")
	opts := Options{Create: true, Certify: func(context.Context, object.Store) (string, error) { return "", unsafe }}
	if _, err := Open(ctx, store, opts); !errors.Is(err, unsafe) {
		t.Errorf("open of an unsafe store: %v", err)
	}
	if len(store.objs) != 0 {
		t.Error("an open that failed wrote something")
	}
	opts.Certify = func(context.Context, object.Store) (string, error) { return "passed: races", nil }
	var wg sync.WaitGroup
	uuids := make([]string, 8)
	for i := range uuids {
		wg.Go(func() {
			db, err := Open(ctx, store, opts)
			if err != nil {
				t.Error(err)
				return
			}
			defer func() { _ = db.Close(ctx) }()
			uuids[i] = db.UUID()
			tx := begin(t, db, TxOptions{})
			must(t, tx.Put(1, k(i), rowOf(i)))
			commit(t, tx)
		})
	}
	wg.Wait()
	for _, u := range uuids {
		if u != uuids[0] || len(u) != 32 {
			t.Fatalf("creators disagree: %q", uuids)
		}
	}
	id, err := manifest.DecodeIdentity(store.get(manifest.IdentityKey))
	if err != nil || id.Certified != "passed: races" || id.Created.IsZero() {
		t.Errorf("identity %+v, %v", id, err)
	}
	if n := begin(t, openTest(t, store), TxOptions{}).RowCount(1); n != 8 {
		t.Errorf("%d rows, want 8", n)
	}
}

// TestCreateLosesReply opens when the reply to the creation of the identity is lost.
func TestCreateLosesReply(t *testing.T) {
	t.Parallel()
	store := newMemStore()
	lost := false
	store.setHook(func(op, key string, after bool) error {
		if op == "PUT" && after && !lost {
			lost = true
			return fmt.Errorf("put: %w", object.ErrUnknown)
		}
		return nil
	})
	db := openTest(t, store)
	if db.UUID() != uuidOf(store) || !lost {
		t.Errorf("uuid %s, stored %s", db.UUID(), uuidOf(store))
	}
}

// TestOpenDuringCreate opens while another process creates the database and commits: the identity is asked for before it is
// there, the log listed after its first record.
func TestOpenDuringCreate(t *testing.T) {
	t.Parallel()
	store := newMemStore()
	other := openTest(t, store)
	write(t, other, 1, 1, 1)
	asked := 0
	store.setHook(func(op, key string, after bool) error {
		if key == manifest.IdentityKey && op == "GET" && !after {
			if asked++; asked == 1 {
				return object.ErrNotFound
			}
		}
		return nil
	})
	db := openTest(t, store)
	if n := begin(t, db, TxOptions{Fresh: None}).RowCount(1); db.UUID() != other.UUID() || n != 1 || asked != 2 {
		t.Errorf("uuid %s, want %s; %d rows, identity asked for %d times", db.UUID(), other.UUID(), n, asked)
	}
}
