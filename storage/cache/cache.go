package cache

import (
	"context"
	"crypto/sha256"
	"log/slog"
	"sync"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/storage/object"
)

// DefaultDirBytes is the limit of the disk cache where none is given: 10 GiB.
const DefaultDirBytes = 10 << 30

// Object says which object is read: a live one, whose size and hash are known from where it is referred to.
type Object struct {
	Key    string
	Size   int64 // in bytes
	SHA256 [sha256.Size]byte
}

// Range is a part of an object: Len bytes from Off.
type Range struct{ Off, Len int64 }

// Options are settings of a Cache; the zero value is a cache without a disk.
type Options struct {
	// Budget is charged for downloads under way, which are left out when it has no room. Nil: no account.
	Budget *Budget
	// Dir is the folder of the disk cache, which is created if it is not there. Any number of processes and databases
	// may share one. Empty: none.
	Dir string
	// DirBytes is how much the files in Dir may take; 0 is DefaultDirBytes. All that share a folder should give the same.
	DirBytes int64

	Logger *slog.Logger // of warnings about the folder, each kind once; nil: none
	Clock  base.Clock   // nil: the system's
	Rand   base.Rand    // nil: the system's
}

func (o *Options) ensureDefaults() {
	if o.DirBytes == 0 {
		o.DirBytes = DefaultDirBytes
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = base.SystemClock{}
	}
	if o.Rand == nil {
		o.Rand = base.SystemRand{}
	}
}

// Cache reads immutable objects of one store. It is safe for concurrent use. While nothing is read it does nothing.
type Cache struct {
	store  object.Store
	budget *Budget
	disk   *disk         // nil: none
	gets   chan struct{} // one for each GET under way

	stop context.CancelFunc // ends the downloads
	life context.Context    // of the downloads
	work sync.WaitGroup     // the downloads

	mu struct {
		sync.Mutex
		closed    bool
		usage     map[[sha256.Size]byte]*usage
		downloads int // under way
	}
}

// New returns a cache of the objects of store. A Dir that cannot be used is no error: it is warned of, and done without.
//
// Errors: CodeConfig (DirBytes below zero).
func New(store object.Store, opts Options) (*Cache, error) {
	if opts.DirBytes < 0 {
		return nil, base.Errorf(errno.Config, "the disk cache cannot have %d bytes", opts.DirBytes)
	}
	opts.ensureDefaults()
	c := &Cache{store: store, budget: opts.Budget, gets: make(chan struct{}, getsMax)}
	c.life, c.stop = context.WithCancel(context.Background())
	c.mu.usage = make(map[[sha256.Size]byte]*usage)
	if opts.Dir != "" {
		c.disk = newDisk(opts)
	}
	return c, nil
}

// Close breaks off the downloads, waits for them to end and closes the files. If ctx ends before, it returns ctx.Err()
// and leaves the files open. Reads that come later fail.
func (c *Cache) Close(ctx context.Context) error {
	c.mu.Lock()
	c.mu.closed = true
	c.mu.Unlock()
	c.stop()
	done := make(chan struct{})
	go func() {
		c.work.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
		return ctx.Err()
	}
	if c.disk != nil {
		c.disk.close()
	}
	return nil
}

// Read returns the bytes of each range of obj, in the order asked. They are shared: nobody may change them. Ranges that
// were fetched together share one piece of memory, so whoever keeps a small one for long should copy it.
//
// Cost: none if the whole object is in the disk cache. Otherwise one GET per group of ranges that lie at most 256 KiB
// apart, and per 8 MiB of a larger group; 8 GETs run at a time. An object that is read much is downloaded to the disk
// cache in the background, which is counted with the observers and the tag of ctx: see docs/decisions/0029-object-cache.md.
//
// Errors: Corrupt, naming object and offset, when the object is missing (wraps object.ErrNotFound), of another size, or
// does not contain the range; CodeClosed; those of the store (ErrUnavailable, ErrDenied); ctx.Err().
func (c *Cache) Read(ctx context.Context, obj Object, ranges []Range) ([][]byte, error) {
	return c.readGaps(ctx, obj, ranges, gapMax)
}

// ReadFrugal is Read for many bytes: what lies between ranges is read with them only as far as it comes to a tenth of the bytes
// asked for, the smallest gaps first.
//
// Cost and errors: as Read, but for the gaps.
func (c *Cache) ReadFrugal(ctx context.Context, obj Object, ranges []Range) ([][]byte, error) {
	return c.readGaps(ctx, obj, ranges, frugalGap(ranges))
}

// readGaps is Read; gaps of up to gap bytes are read along.
func (c *Cache) readGaps(ctx context.Context, obj Object, ranges []Range, gap int64) ([][]byte, error) {
	empty := true
	for _, r := range ranges {
		if r.Off < 0 || r.Len < 0 || r.Len > obj.Size-r.Off {
			return nil, base.Corruptf(obj.Key, "%d bytes at offset %d are not within the %d bytes of the object", r.Len, r.Off, obj.Size)
		}
		empty = empty && r.Len == 0
	}
	c.mu.Lock()
	closed := c.mu.closed
	c.mu.Unlock()
	switch {
	case closed:
		return nil, base.Errorf(errno.Closed, "the cache of objects is closed")
	case empty:
		return make([][]byte, len(ranges)), nil
	case c.disk == nil:
		return c.fetch(ctx, obj, plan(ranges, gap))
	}
	out, hit, err := c.disk.read(ctx, obj, ranges)
	if hit || err != nil {
		return out, err
	}
	return c.fetchAndKeep(ctx, obj, ranges, gap)
}

// Put offers an object that has just been written to the store to the disk cache. It does not keep data, and asks the
// store nothing; that there is no room or no disk cache is no error.
func (c *Cache) Put(obj Object, data []byte) {
	if c.disk != nil && int64(len(data)) == obj.Size {
		c.disk.put(obj, data)
	}
}

// Forget is told that the object was removed from the store: what the disk cache has of it, as far as this Cache knows,
// is removed. What other processes have put there goes when room is needed.
func (c *Cache) Forget(key string) {
	if c.disk == nil {
		return
	}
	c.mu.Lock()
	for sum, u := range c.mu.usage {
		if u.key == key && !u.running {
			delete(c.mu.usage, sum)
		}
	}
	c.mu.Unlock()
	c.disk.forget(key)
}
