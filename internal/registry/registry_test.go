package registry

import (
	"slices"
	"testing"
)

func TestRegistry(t *testing.T) {
	t.Parallel()
	var r Registry[int]
	r.Add("number", "two", 2)
	r.Add("number", "one", 1)
	if v, ok := r.Lookup("one"); v != 1 || !ok {
		t.Error(v, ok)
	}
	if _, ok := r.Lookup("three"); ok || !slices.Equal(r.Names(), []string{"one", "two"}) {
		t.Error(ok, r.Names())
	}
	for _, name := range []string{"one", ""} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%q was taken", name)
				}
			}()
			r.Add("number", name, 3)
		}()
	}
}
