package exec

import (
	"strings"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
)

func TestResultCache(t *testing.T) {
	t.Parallel()
	var c resultCache
	one, two := base.NewDecimal(base.Int128From(10), 1), base.NewDecimal(base.Int128From(100), 2)
	c.at([]base.Value{one, {}})
	c.put(base.NewInt(7))
	if v, ok := c.get(); !ok || v != base.NewInt(7) {
		t.Errorf("1.0: %v, %v", v, ok)
	}
	for _, other := range [][]base.Value{{two, {}}, {one}, {one, base.NewInt(0)}, {{}, one}} {
		c.at(other)
		if v, ok := c.get(); ok {
			t.Errorf("%v has the result of another key: %v", other, v)
		}
	}
	c = resultCache{}
	for i := range 2 * cacheEntries {
		c.at([]base.Value{base.NewInt(int64(i))})
		c.put(base.Value{})
	}
	if len(c.m) != cacheEntries {
		t.Errorf("%d results are kept", len(c.m))
	}
	c = resultCache{}
	for i := range 100 {
		c.at([]base.Value{base.NewInt(int64(i))})
		c.put(base.NewString(strings.Repeat("x", cacheBytes/10)))
	}
	if len(c.m) == 0 || c.bytes > cacheBytes {
		t.Errorf("%d results take %d bytes", len(c.m), c.bytes)
	}
}
