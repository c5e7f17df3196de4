package table

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/s3sql/s3sql/storage/cache"
	"github.com/s3sql/s3sql/storage/invert"
	"github.com/s3sql/s3sql/storage/object"
	"github.com/s3sql/s3sql/storage/segment"
)

// files reads the segments of a database: footers and decoded pages are kept in the memory that the budget has left.
type files struct {
	budget  *cache.Budget
	cache   *cache.Cache
	readers *cache.Pages[segmentID, *segment.Reader]
	pages   *cache.Pages[pageKey, *segment.Page]

	texts     *cache.Pages[segmentID, *invert.File] // by the id of their objects
	textPages *cache.Pages[textPageKey, []byte]

	rows int64 // reserved for rows in memory; DB.mu guards it

	// missing is asked what it means that the object of a segment is not there.
	missing func(ctx context.Context, g *seg, cause error) error

	mu struct {
		sync.Mutex
		opening map[segmentID]*opening // footers that are being read
	}
}

// footerFactor is about how much more memory a footer takes than bytes in its object.
const footerFactor = 3

type pageKey struct {
	id   segmentID
	col  uint32
	page int
}

// opening is a footer that one goroutine reads and others wait for.
type opening struct {
	done chan struct{}
	r    *segment.Reader
	err  error
}

func newFiles(store object.Store, opts Options) (*files, error) {
	fs := &files{budget: cache.NewBudget(opts.MemoryLimit)}
	var err error
	fs.cache, err = cache.New(store, cache.Options{Budget: fs.budget, Dir: opts.CacheDir, DirBytes: opts.CacheBytes, Logger: opts.Logger,
		Clock: opts.Clock, Rand: opts.Rand})
	fs.readers = cache.NewPages(fs.budget, func(_ segmentID, r *segment.Reader) int64 { return footerFactor * r.Meta().Tail })
	fs.pages = cache.NewPages(fs.budget, func(_ pageKey, p *segment.Page) int64 { return int64(p.Bytes()) })
	fs.texts = cache.NewPages(fs.budget, func(_ segmentID, f *invert.File) int64 { return f.Size() })
	fs.textPages = cache.NewPages(fs.budget, func(_ textPageKey, b []byte) int64 { return int64(len(b)) })
	fs.mu.opening = map[segmentID]*opening{}
	return fs, err
}

func (fs *files) close(ctx context.Context) error {
	fs.readers.Close()
	fs.pages.Close()
	fs.texts.Close()
	fs.textPages.Close()
	return fs.cache.Close(ctx)
}

// rowsFactor is about how much more memory rows take than they have bytes.
const rowsFactor = 2

// hold reserves what the rows in memory take, so that caches make way and queries spill. Where it is refused a flush is due, and
// commits wait for that: see DB.behind.
func (fs *files) hold(bytes int64) {
	switch want := rowsFactor * bytes; {
	case want > fs.rows && fs.budget.Reserve(want-fs.rows):
		fs.rows = want
	case want < fs.rows:
		fs.budget.Release(fs.rows - want)
		fs.rows = want
	}
}

// source is a segment as its reader asks for bytes.
type source struct {
	fs  *files
	seg *seg
}

func (fs *files) source(g *seg) source { return source{fs, g} }

// ReadRanges implements segment.Source.
func (s source) ReadRanges(ctx context.Context, rs []segment.Range) ([][]byte, error) {
	return s.read(ctx, rs, false)
}

// read is ReadRanges; frugal ones make more requests rather than read much that lies in between.
func (s source) read(ctx context.Context, rs []segment.Range, frugal bool) ([][]byte, error) {
	ask := make([]cache.Range, len(rs))
	for i, r := range rs {
		ask[i] = cache.Range{Off: r.Off, Len: r.Len}
	}
	obj := cache.Object{Key: s.seg.key(), Size: s.seg.meta.Bytes, SHA256: s.seg.meta.SHA256}
	get := s.fs.cache.Read
	if frugal {
		get = s.fs.cache.ReadFrugal
	}
	out, err := get(ctx, obj, ask)
	if errors.Is(err, object.ErrNotFound) {
		err = s.fs.missing(ctx, s.seg, err)
	}
	return out, err
}

// Get and Put make files the page cache of its segments.
func (fs *files) Get(id segmentID, col uint32, page int) (*segment.Page, bool) {
	return fs.pages.Get(pageKey{id, col, page})
}

// Put offers a decoded page.
func (fs *files) Put(id segmentID, col uint32, page int, p *segment.Page) {
	fs.pages.Put(pageKey{id, col, page}, p)
}

// reader returns the reader of a segment, whose footer is read once.
func (fs *files) reader(ctx context.Context, g *seg) (*segment.Reader, error) {
	if r, ok := fs.readers.Get(g.meta.ID); ok {
		return r, nil
	}
	fs.mu.Lock()
	o := fs.mu.opening[g.meta.ID]
	if o != nil {
		fs.mu.Unlock()
		select {
		case <-o.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if o.err != nil && ctx.Err() == nil { // its own context may have ended
			return fs.openSegment(ctx, g)
		}
		return o.r, o.err
	}
	o = &opening{done: make(chan struct{})}
	fs.mu.opening[g.meta.ID] = o
	fs.mu.Unlock()
	o.r, o.err = fs.openSegment(ctx, g)
	fs.mu.Lock()
	delete(fs.mu.opening, g.meta.ID)
	fs.mu.Unlock()
	close(o.done)
	return o.r, o.err
}

func (fs *files) isOpening(g *seg) bool {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	return fs.mu.opening[g.meta.ID] != nil
}

func (fs *files) openSegment(ctx context.Context, g *seg) (*segment.Reader, error) {
	r, err := segment.Open(ctx, fs.source(g), g.key(), g.meta, fs)
	if err == nil {
		fs.readers.Put(g.meta.ID, r)
	}
	return r, err
}

// get returns the live row of a key.
func (fs *files) get(ctx context.Context, s *segments, key string) (row string, ok bool, err error) {
	var few [8]*seg
	list := s.candidates(few[:0], key)
	for _, g := range list {
		r, err := fs.reader(ctx, g)
		if err != nil {
			return "", false, err
		}
		if len(list) > 1 {
			if may, err := r.MayHold(ctx, key); err != nil {
				return "", false, err
			} else if !may {
				continue
			}
		}
		err = r.Lookup(ctx, []string{key}, nil, func(_, at int, enc string) error {
			if g.dead == nil || !g.dead.Contains(uint32(at)) {
				row, ok = enc, true
			}
			return nil
		})
		if ok || err != nil {
			return row, ok, err
		}
	}
	return "", false, nil
}

// getMany sets found[i] for the keys at ask, of which segments may have live rows.
func (fs *files) getMany(ctx context.Context, s *segments, keys []string, ask []int, found []Found) error {
	slices.SortFunc(ask, func(a, b int) int { return strings.Compare(keys[a], keys[b]) })
	lists := map[*seg][]int{}
	var order []*seg
	var list []*seg
	for _, i := range ask {
		list = s.candidates(list[:0], keys[i])
		for _, g := range list {
			if lists[g] == nil {
				order = append(order, g)
			}
			lists[g] = append(lists[g], i)
		}
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(8)
	var mu sync.Mutex // of found
	for _, sg := range order {
		g.Go(func() error { return fs.lookup(ctx, sg, keys, lists[sg], found, &mu) })
	}
	return g.Wait()
}

// lookup sets found for the keys at ask, ascending, that have a live row in one segment.
func (fs *files) lookup(ctx context.Context, g *seg, keys []string, ask []int, found []Found, mu *sync.Mutex) error {
	r, err := fs.reader(ctx, g)
	if err != nil {
		return err
	}
	distinct := make([]string, 0, len(ask))
	first := make([]int, 0, len(ask)) // of distinct: the place in ask where it comes first
	for n, i := range ask {
		if n == 0 || keys[i] != keys[ask[n-1]] {
			distinct, first = append(distinct, keys[i]), append(first, n)
		}
	}
	return r.Lookup(ctx, distinct, nil, func(d, at int, row string) error {
		if g.dead != nil && g.dead.Contains(uint32(at)) {
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		for n := first[d]; n < len(ask) && keys[ask[n]] == distinct[d]; n++ {
			found[ask[n]] = Found{row, true}
		}
		return nil
	})
}
