package exec

import (
	"github.com/s3sql/s3sql/internal/base"
)

// The most that a resultCache holds.
const (
	cacheEntries = 16 << 10
	cacheBytes   = 1 << 20
)

// resultCache keeps the results of a correlated subquery by the values of its outer columns. When it is full it takes no more.
type resultCache struct {
	m     map[string]base.Value
	bytes int
	key   []byte
}

// at makes args the key that get and put are about. Values that are equal but not the same, as 1.0 and 1.00, are different keys.
func (c *resultCache) at(args []base.Value) {
	c.key = c.key[:0]
	for i, v := range args {
		c.key = base.AppendField(c.key, uint32(i), v)
	}
}

func (c *resultCache) get() (v base.Value, ok bool) {
	v, ok = c.m[string(c.key)]
	return v, ok
}

func (c *resultCache) put(v base.Value) {
	n := len(c.key) + len(v.Text())
	if len(c.m) >= cacheEntries || c.bytes+n > cacheBytes {
		return
	}
	if c.m == nil {
		c.m = map[string]base.Value{}
	}
	c.m[string(c.key)] = v
	c.bytes += n
}
