package cache

import (
	"context"
	"crypto/sha256"
	"os"

	"golang.org/x/sync/errgroup"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/storage/object"
)

const (
	// An object is downloaded once its reads have fetched more than one part in usageShare of its bytes, or made
	// usageGets requests.
	usageShare = 4
	usageGets  = 16
	// wholeMax is the size up to which an object is read whole at its first read: the rest costs no more than the GET.
	wholeMax = gapMax
	// oneGetMax is the size up to which a download is one GET; above, it is made of chunks, downloadGets at a time.
	oneGetMax    = 2 * chunkBytes
	downloadGets = 2
	// downloadsMax is how many downloads run at a time. More are not queued: the next read asks again.
	downloadsMax = 2
	// downloadBytes is the memory that a download takes.
	downloadBytes = oneGetMax
	// usageMax is how many objects are counted.
	usageMax = 4096
)

// usage is what reads of one object, which the disk cache does not have, have fetched so far.
type usage struct {
	key     string
	bytes   int64
	gets    int
	running bool // it is being downloaded
	damaged bool // it was, and is not what it should be
}

// fetchAndKeep reads from the store and has the object come to the disk cache if it is worth it.
func (c *Cache) fetchAndKeep(ctx context.Context, obj Object, ranges []Range, gap int64) ([][]byte, error) {
	f := plan(ranges, gap)
	if !c.disk.accepts(obj.Size) {
		return c.fetch(ctx, obj, f)
	}
	gets, bytes := f.cost()
	if obj.Size <= wholeMax || bytes == obj.Size && bytes <= chunkBytes {
		return c.fetchWhole(ctx, obj, ranges)
	}
	out, err := c.fetch(ctx, obj, f)
	if err == nil && c.worthIt(obj, gets, bytes) {
		c.download(ctx, obj)
	}
	return out, err
}

// fetchWhole reads a small object, which is then in the disk cache without another request.
func (c *Cache) fetchWhole(ctx context.Context, obj Object, ranges []Range) ([][]byte, error) {
	data, err := c.get(ctx, obj, Range{0, obj.Size})
	if err != nil {
		return nil, err
	}
	if sha256.Sum256(data) != obj.SHA256 {
		return nil, base.Corruptf(obj.Key, "the SHA-256 of the %d bytes from offset 0 is another than it should be", obj.Size)
	}
	c.disk.put(obj, data)
	out := make([][]byte, len(ranges))
	for i, r := range ranges {
		out[i] = data[r.Off : r.Off+r.Len : r.Off+r.Len]
	}
	return out, nil
}

// worthIt counts a read and reports whether obj is to be downloaded now, by the caller.
func (c *Cache) worthIt(obj Object, gets int, bytes int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	u := c.mu.usage[obj.SHA256]
	if u == nil {
		u = &usage{key: obj.Key}
		if len(c.mu.usage) >= usageMax {
			c.dropUsageLocked()
		}
		c.mu.usage[obj.SHA256] = u
	}
	u.gets += gets
	u.bytes += bytes
	if u.running || u.damaged || c.mu.closed || c.mu.downloads >= downloadsMax || u.gets < usageGets && u.bytes <= obj.Size/usageShare {
		return false
	}
	if c.budget != nil && !c.budget.Reserve(downloadBytes) {
		return false
	}
	u.running = true
	c.mu.downloads++
	c.work.Add(1)
	return true
}

// dropUsageLocked forgets some object that is not being downloaded.
func (c *Cache) dropUsageLocked() {
	for sum, u := range c.mu.usage {
		if !u.running {
			delete(c.mu.usage, sum)
			return
		}
	}
}

// download brings obj to the disk cache, in the background and on the account of the reader who caused it.
func (c *Cache) download(reader context.Context, obj Object) {
	ctx := object.Inherit(c.life, reader)
	go func() {
		defer c.work.Done()
		verdict := c.disk.download(obj, func(f *os.File) error { return c.copyTo(ctx, f, obj) })
		if c.budget != nil {
			c.budget.Release(downloadBytes)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.mu.downloads--
		switch u := c.mu.usage[obj.SHA256]; {
		case u == nil: // forgotten meanwhile
		case verdict == damaged:
			u.running, u.damaged = false, true
		default: // from here on it is counted anew, should the file go again
			delete(c.mu.usage, obj.SHA256)
		}
	}()
}

// copyTo writes the whole object to f.
func (c *Cache) copyTo(ctx context.Context, f *os.File, obj Object) error {
	whole := group{end: obj.Size}
	chunks := whole.chunks()
	if obj.Size <= oneGetMax {
		chunks = []Range{{0, obj.Size}}
	}
	tasks, ctx := errgroup.WithContext(ctx)
	tasks.SetLimit(downloadGets)
	for _, r := range chunks {
		tasks.Go(func() error {
			data, err := c.get(ctx, obj, r)
			if err == nil {
				_, err = f.WriteAt(data, r.Off)
				err = asDiskError(err)
			}
			return err
		})
	}
	return tasks.Wait()
}
