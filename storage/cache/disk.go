package cache

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/storage/object"
)

const (
	// openMax is how many files are held open. One that is opened again is verified again.
	openMax = 512
	// knownMax is how many keys of objects are known to Forget.
	knownMax = 4096
	// touchAge is how old the time of use of a file gets before it is set again.
	touchAge = time.Minute
	// pauseTime is how long nothing is written after the folder has failed.
	pauseTime = time.Minute
	// verifyBytes is how much is read of a file between two looks at the context.
	verifyBytes = 256 << 10
)

// sum names a file: the hash of what is in it, so that processes and databases can share a folder without trust.
type sum = [sha256.Size]byte

// disk is a folder of whole objects. An object whose SHA-256 is abcd… is file ab/cd/abcd…, its bytes and nothing else.
//
// Files appear under their name when they are complete and are never changed. Any process may remove any of them at any
// time; who holds one open goes on reading. Locks: mu is held for no I/O.
type disk struct {
	root  string
	limit int64
	log   *slog.Logger
	clock base.Clock
	rand  base.Rand

	mu struct {
		sync.Mutex
		closed bool
		files  map[sum]*file  // open, or being opened
		known  map[string]sum // by key, for Forget
		uses   uint64
		paused time.Time // nothing is written before
		warned map[string]bool
		space
	}
}

// file is an open file whose content was found right.
type file struct {
	ready chan struct{} // closed when f or err is set
	f     *os.File      // nil: it is not there, or not right
	err   error         // the context of the goroutine that opened it has ended

	// guarded by disk.mu
	refs    int
	dead    bool // to be closed with the last reference
	used    uint64
	touched time.Time
}

func newDisk(opts Options) *disk {
	d := &disk{root: opts.Dir, limit: opts.DirBytes, log: opts.Logger, clock: opts.Clock, rand: opts.Rand}
	d.mu.files, d.mu.known, d.mu.warned = make(map[sum]*file), make(map[string]sum), make(map[string]bool)
	if err := os.MkdirAll(d.root, 0o700); err != nil {
		d.fail(err)
	}
	return d
}

// The kinds of warnings.
const (
	warnFolder = "the folder of the disk cache cannot be used; objects are read from the store"
	warnFile   = "a file of the disk cache was damaged and is removed; the object is read from the store"
	warnObject = "an object was downloaded to the disk cache but is not what it should be; it is not kept"
)

// warn logs the first warning of its kind.
func (d *disk) warn(kind string, err error) {
	d.mu.Lock()
	again := d.mu.warned[kind]
	d.mu.warned[kind] = true
	d.mu.Unlock()
	if !again {
		d.log.Warn(kind, "dir", d.root, "error", err)
	}
}

// fail is told that the folder cannot be written to.
func (d *disk) fail(err error) {
	d.warn(warnFolder, err)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.mu.paused = d.clock.Now().Add(pauseTime)
}

func (d *disk) accepts(size int64) bool { return size > 0 && size <= d.limit }

func (d *disk) path(s sum) string {
	name := hex.EncodeToString(s[:])
	return filepath.Join(d.root, name[:2], name[2:4], name)
}

// read returns the ranges of obj if its file is there; hit is false if the store has to be asked.
func (d *disk) read(ctx context.Context, obj Object, ranges []Range) (out [][]byte, hit bool, err error) {
	f, err := d.acquire(ctx, obj)
	if f == nil || err != nil {
		return nil, false, err
	}
	defer d.release(f)
	out = make([][]byte, len(ranges))
	for i, r := range ranges {
		out[i] = make([]byte, r.Len)
		if n, err := f.f.ReadAt(out[i], r.Off); int64(n) < r.Len {
			d.drop(obj.SHA256, f)
			d.discard(obj.SHA256, err)
			return nil, false, nil
		}
	}
	return out, true, nil
}

// acquire returns the open file of obj, nil if there is none. The caller releases it.
func (d *disk) acquire(ctx context.Context, obj Object) (*file, error) {
	for {
		d.mu.Lock()
		f := d.mu.files[obj.SHA256]
		switch {
		case d.mu.closed:
			d.mu.Unlock()
			return nil, nil
		case f == nil:
			f = &file{ready: make(chan struct{}), refs: 1, touched: d.clock.Now().Add(-touchAge)}
			d.mu.files[obj.SHA256] = f
			d.mu.Unlock()
			f.f, f.err = d.open(ctx, obj)
			close(f.ready)
		default:
			f.refs++
			d.mu.Unlock()
			select {
			case <-f.ready:
			case <-ctx.Done():
				d.release(f)
				return nil, object.FailContext(ctx, object.OpGetRange, obj.Key, false)
			}
		}
		if f.f != nil {
			d.touch(obj, f)
			return f, nil
		}
		d.drop(obj.SHA256, f)
		d.release(f)
		if f.err == nil {
			return nil, nil
		}
		if err := object.FailContext(ctx, object.OpGetRange, obj.Key, false); err != nil {
			return nil, err
		}
	}
}

// touch notes the use of a file, and sees to it that not too many are open.
func (d *disk) touch(obj Object, f *file) {
	now := d.clock.Now()
	d.mu.Lock()
	d.mu.uses++
	f.used = d.mu.uses
	due := now.Sub(f.touched) >= touchAge
	if due {
		f.touched = now
		d.knowLocked(obj)
	}
	var gone *file
	if len(d.mu.files) > openMax {
		gone = d.oldestLocked(f)
	}
	d.mu.Unlock()
	closeFile(gone)
	if !due {
		return
	}
	err := os.Chtimes(d.path(obj.SHA256), now, now)
	if errors.Is(err, fs.ErrNotExist) { // another process has removed it: it still takes up space while it is open
		d.drop(obj.SHA256, f)
	}
}

// oldestLocked takes the file out that was used least recently, other than keep, and returns it if it can be closed now.
func (d *disk) oldestLocked(keep *file) *file {
	var oldest *file
	var at sum
	for s, f := range d.mu.files {
		if f != keep && f.refs == 0 && (oldest == nil || f.used < oldest.used) {
			oldest, at = f, s
		}
	}
	if oldest != nil {
		delete(d.mu.files, at)
		oldest.dead = true
	}
	return oldest
}

func (d *disk) knowLocked(obj Object) {
	if len(d.mu.known) >= knownMax {
		for key := range d.mu.known {
			delete(d.mu.known, key)
			break
		}
	}
	d.mu.known[obj.Key] = obj.SHA256
}

func (d *disk) release(f *file) {
	d.mu.Lock()
	f.refs--
	last := f.refs == 0 && f.dead
	d.mu.Unlock()
	if last {
		closeFile(f)
	}
}

// drop has f closed as soon as nobody reads it any more.
func (d *disk) drop(s sum, f *file) {
	d.mu.Lock()
	if d.mu.files[s] == f {
		delete(d.mu.files, s)
	}
	last := f.refs == 0 && !f.dead
	f.dead = true
	d.mu.Unlock()
	if last {
		closeFile(f)
	}
}

func closeFile(f *file) {
	if f != nil && f.f != nil {
		_ = f.f.Close() // it was read only: nothing can be lost
	}
}

// open opens and verifies the file of obj. No file is no error; one that is not right is removed. An error says that ctx
// has ended.
func (d *disk) open(ctx context.Context, obj Object) (*os.File, error) {
	path := d.path(obj.SHA256)
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil && (!info.Mode().IsRegular() || info.Size() != obj.Size) {
		d.discard(obj.SHA256, errors.New("size or kind of the file is wrong"))
		return nil, nil
	}
	var f *os.File
	if err == nil {
		f, err = os.Open(path)
	}
	switch {
	case errors.Is(err, fs.ErrPermission):
		d.discard(obj.SHA256, err)
		return nil, nil
	case err != nil:
		d.warn(warnFolder, err)
		return nil, nil
	}
	right, err := matches(ctx, f, obj)
	if right {
		return f, nil
	}
	_ = f.Close()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	d.discard(obj.SHA256, err)
	return nil, nil
}

var errHash = errors.New("the SHA-256 of the file is wrong")

// matches reads the whole file. It returns why it does not hold what it should.
func matches(ctx context.Context, f *os.File, obj Object) (bool, error) {
	hash, left := sha256.New(), io.NewSectionReader(f, 0, obj.Size)
	for {
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		n, err := io.CopyN(hash, left, verifyBytes)
		switch {
		case n == verifyBytes:
			continue
		case err != io.EOF:
			return false, err
		case sum(hash.Sum(nil)) != obj.SHA256:
			return false, errHash
		}
		return true, nil
	}
}

// discard removes a file that is not right.
func (d *disk) discard(s sum, why error) {
	d.warn(warnFile, why)
	if err := os.Remove(d.path(s)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		d.warn(warnFolder, err)
	}
}

// forget removes the file of an object that is no more.
func (d *disk) forget(key string) {
	d.mu.Lock()
	s, known := d.mu.known[key]
	delete(d.mu.known, key)
	d.mu.Unlock()
	if known {
		d.remove(s)
	}
}

// remove removes a file that is no longer wanted, and reports whether it is gone.
func (d *disk) remove(s sum) bool {
	d.mu.Lock()
	f := d.mu.files[s]
	d.mu.Unlock()
	if f != nil {
		d.drop(s, f)
	}
	err := os.Remove(d.path(s))
	return err == nil || errors.Is(err, fs.ErrNotExist)
}

func (d *disk) close() {
	d.mu.Lock()
	d.mu.closed = true
	files := d.mu.files
	d.mu.files = nil
	d.mu.Unlock()
	for s, f := range files {
		d.drop(s, f)
	}
}
