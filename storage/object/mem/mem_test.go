package mem_test

import (
	"fmt"
	"testing"

	"github.com/s3sql/s3sql/conformance/storetest"
	"github.com/s3sql/s3sql/storage/object"
	"github.com/s3sql/s3sql/storage/object/mem"
)

func TestContract(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(*testing.T) object.Store { return mem.New() })
}

// TestNestedKeys checks that mem refuses what no file system can hold.
func TestNestedKeys(t *testing.T) {
	t.Parallel()
	s := mem.New()
	for _, c := range []struct {
		key string
		ok  bool
	}{{"a/b", true}, {"a", false}, {"a/b/c", false}, {"a/b-", true}, {"a-", true}, {"a/b", true}, {"a/c/d/e", true}, {"a/c", false}, {"a/c/d", false}} {
		if _, err := s.Put(t.Context(), c.key, nil); (err == nil) != c.ok {
			t.Errorf("Put(%s): %v; want success: %t", c.key, err, c.ok)
		}
	}
}

func BenchmarkPut(b *testing.B) {
	s, data := mem.New(), make([]byte, 200)
	keys := make([]string, 1<<14)
	for i := range keys {
		keys[i] = fmt.Sprintf("log/%020d", i)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := s.Put(b.Context(), keys[i%len(keys)], data); err != nil {
			b.Fatal(err)
		}
	}
}
