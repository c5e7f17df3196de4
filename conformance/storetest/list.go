package storetest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/s3sql/s3sql/storage/object"
)

func list(t *testing.T, s object.Store, prefix, startAfter string) []string {
	t.Helper()
	var keys []string
	for info, err := range s.List(t.Context(), prefix, startAfter) {
		if err != nil {
			t.Fatalf("List(%q, %q): %v", prefix, startAfter, err)
		}
		keys = append(keys, info.Key)
	}
	return keys
}

func testList(t *testing.T, s object.Store) {
	if keys := list(t, s, "", ""); keys != nil {
		t.Fatalf("the store is not empty: %q", keys)
	}
	// '-' and '.' sort before '/', digits and letters after it: byte order is not the order of a walk through folders.
	all := []string{"a", "b-/x", "b-c", "b.c", "b/c", "b/c-d", "b/c.d", "b/d/e", "b/d/e0", "b0", "bB", "b_", "bb", "c/1", "c/2"}
	slices.Sort(all)
	for _, key := range all {
		put(t, s, key, key)
	}
	for _, c := range []struct{ prefix, after string }{
		{"", ""}, {"b", ""}, {"b/", ""}, {"b/c", ""}, {"b/d", ""}, {"b/d/", ""}, {"b/d/e", ""}, {"z", ""}, {"b/d/e/", ""}, {"c/1", ""},
		{"", "b"}, {"", "b/"}, {"", "b-c"}, {"", "b/c"}, {"b/", "b/c"}, {"b/", "a"}, {"b/", "b/c-"}, {"b/", "b/d"}, {"b/", "b/d/e"},
		{"b/", "c"}, {"c/", "c/2"}, {"a", "a"}, {"b", "b/d/e0"}, {"", "zzz"}, {"b-", "b"},
	} {
		var want []string
		for _, key := range all {
			if strings.HasPrefix(key, c.prefix) && key > c.after {
				want = append(want, key)
			}
		}
		if got := list(t, s, c.prefix, c.after); !slices.Equal(got, want) {
			t.Errorf("List(%q, %q) = %q\nwant %q", c.prefix, c.after, got, want)
		}
	}
	for _, prefix := range []string{"/", "../", "b//", "b/../", "ü", "b c"} {
		if listErr(s, t.Context(), prefix) == nil {
			t.Errorf("List(%q) gave no error", prefix)
		}
	}
	tag := want(t, s, "b/d/e0", "b/d/e0")
	for info, err := range s.List(t.Context(), "b/d/e0", "") {
		if err != nil || info.Size != 6 || info.ETag != tag {
			t.Errorf("List gave %+v, %v; want size 6 and tag %q", info, err, tag)
		}
	}
	if err := s.Delete(t.Context(), "c/1", "c/2"); err != nil {
		t.Fatal(err)
	}
	if keys := list(t, s, "c", ""); keys != nil {
		t.Errorf("List after Delete gave %q", keys)
	}
}

// testListPages checks a listing of several pages, and a delete of several batches, and what they cost.
func testListPages(t *testing.T, s object.Store) {
	const n = 2*object.PageKeys + 5
	keys := make([]string, n)
	var wg sync.WaitGroup
	for i := range keys {
		keys[i] = fmt.Sprintf("p/%05d", i)
	}
	for w := range 8 {
		wg.Go(func() {
			for i := w; i < n; i += 8 {
				if _, err := s.Put(t.Context(), keys[i], nil); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	var m object.Meter
	ctx := object.WithMeter(t.Context(), &m)
	var got []string
	for info, err := range s.List(ctx, "p/", "") {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, info.Key)
	}
	if !slices.Equal(got, keys) {
		t.Fatalf("List gave %d keys, sorted: %t; want %d", len(got), slices.IsSorted(got), n)
	}
	if got := list(t, s, "p/", keys[n-4]); !slices.Equal(got, keys[n-3:]) {
		t.Errorf("List after %s gave %q", keys[n-4], got)
	}
	if err := s.Delete(ctx, keys...); err != nil {
		t.Fatal(err)
	}
	if got := list(t, s, "p/", ""); got != nil {
		t.Errorf("%d keys are left after Delete", len(got))
	}
	if c := m.Snapshot(); c.Requests(object.ListObjectsV2) != 3 || c.Requests(object.DeleteObjects) != 3 || c.Requests() != 6 {
		t.Errorf("listing and deleting %d keys cost %v; want 3 pages and 3 batches", n, c)
	}
}

// testListStops checks that a caller who has seen enough ends the listing, and may use the store while it lists.
func testListStops(t *testing.T, s object.Store) {
	for i := range 5 {
		put(t, s, fmt.Sprintf("s/%d", i), "x")
	}
	var seen []string
	for info, err := range s.List(t.Context(), "s/", "") {
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, info.Key)
		put(t, s, info.Key, "y")
		if len(seen) == 2 {
			break
		}
	}
	if !slices.Equal(seen, []string{"s/0", "s/1"}) {
		t.Errorf("saw %q", seen)
	}
	seq := s.List(t.Context(), "s/", "s/2")
	for range 2 {
		n := 0
		for range seq {
			n++
		}
		if n != 2 {
			t.Errorf("the sequence yields %d keys, want 2 each time it is used", n)
		}
	}
}
