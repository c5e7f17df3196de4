// Package dir keeps objects as files below a folder, which several processes may use at the same time.
//
// The folder must be on one local file system with hard links. Key a/b is file a/b; names with '~' are the store's own.
package dir

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/storage/object"
)

const (
	tempFolder = "~tmp"  // files being written; '~' is in no key
	lockFile   = "~lock" // held by whoever replaces or deletes
	tempAgeMax = time.Hour
)

// Options are settings of a store; the zero value is ready to use.
type Options struct {
	// NoSync leaves it to the operating system when to write to disk: a crash of the machine, though not of a process, may
	// then take back writes that were acknowledged.
	NoSync bool

	Clock base.Clock // nil: the system's
	Rand  base.Rand  // nil: the system's
}

// Store is a folder of objects. It is safe for concurrent use, by any number of processes on one machine.
//
// A version tag is the file's time of change and its size. The store sets the time itself, in steps of a microsecond and
// later than the time of the version that it replaces, so no two versions of an object have the same tag.
type Store struct {
	root string
	opts Options
	lock *fileLock
}

var _ object.Store = (*Store)(nil)

// Open returns a store in folder path, which it creates if it is not there, and removes what crashed writers have left
// behind. Errors: CodeConfig.
func Open(path string, opts Options) (*Store, error) {
	if opts.Clock == nil {
		opts.Clock = base.SystemClock{}
	}
	if opts.Rand == nil {
		opts.Rand = base.SystemRand{}
	}
	root, err := filepath.Abs(path)
	if err == nil {
		err = os.MkdirAll(filepath.Join(root, tempFolder), 0o755)
	}
	if err != nil {
		return nil, configError(path, err)
	}
	s := &Store{root: root, opts: opts, lock: newFileLock(filepath.Join(root, lockFile), opts.Clock)}
	if err := s.checkFolder(); err != nil {
		return nil, configError(path, err)
	}
	if err := s.sweep(); err != nil {
		return nil, configError(path, err)
	}
	return s, nil
}

func configError(path string, err error) error {
	e := base.Errorf(errno.Config, "folder %q cannot hold objects", path)
	e.Err = err
	return e
}

// checkFolder refuses a file system that has no hard links or cannot keep the times that version tags are made of.
func (s *Store) checkFolder() error {
	now := s.now()
	f, err := s.temp(nil, now)
	if err != nil {
		return err
	}
	info, err := os.Stat(f)
	if err == nil && !info.ModTime().Equal(now) {
		err = errors.New("the file system does not keep file times to the microsecond")
	}
	if linkErr := os.Link(f, f+"~"); linkErr != nil {
		err = errors.Join(err, fmt.Errorf("hard links are needed: %w", linkErr))
	} else {
		err = errors.Join(err, os.Remove(f+"~"))
	}
	return errors.Join(err, os.Remove(f))
}

// Close gives up the files that the store holds open. The store must not be used any more.
func (s *Store) Close() error { return s.lock.close() }

// sweep removes temporary files that nobody can be writing any more.
func (s *Store) sweep() error {
	entries, err := os.ReadDir(filepath.Join(s.root, tempFolder))
	for _, e := range entries {
		info, statErr := e.Info()
		if statErr == nil && s.opts.Clock.Now().Sub(info.ModTime()) > tempAgeMax {
			statErr = os.Remove(filepath.Join(s.root, tempFolder, e.Name()))
		}
		if statErr != nil && !errors.Is(statErr, fs.ErrNotExist) { // another process may sweep as well
			err = errors.Join(err, statErr)
		}
	}
	return err
}

func (s *Store) now() time.Time { return s.opts.Clock.Now().Truncate(time.Microsecond) }

func (s *Store) path(key string) string { return filepath.Join(s.root, filepath.FromSlash(key)) }

func tag(info fs.FileInfo) string {
	return strconv.FormatInt(info.ModTime().UnixMicro(), 16) + "-" + strconv.FormatInt(info.Size(), 16)
}

// String tells where the objects are.
func (s *Store) String() string { return "file://" + filepath.ToSlash(s.root) }

func begin(ctx context.Context, op object.Op, key string) error {
	if err := object.CheckKey(op, key); err != nil {
		return err
	}
	return object.FailContext(ctx, op, key, false)
}

// fail maps an error of the operating system.
func fail(op object.Op, key string, err error) error {
	var own *base.Error
	switch {
	case errors.As(err, &own):
		return err
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return object.Fail(op, key, object.ErrDenied, reason(err))
	case errors.Is(err, errUnsynced):
		return object.Fail(op, key, object.ErrUnknown, reason(err))
	}
	return object.Fail(op, key, object.ErrUnavailable, reason(err))
}

// reason is err without the path, which the key tells.
func reason(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return fmt.Errorf("%s: %w", path.Op, path.Err)
	case errors.As(err, &link):
		return fmt.Errorf("%s: %w", link.Op, link.Err)
	}
	return err
}

// errUnsynced is a write that is visible but perhaps not on disk.
var errUnsynced = errors.New("the folder could not be synced")

// missing reports whether err says that there is no such object: no file, a folder, or a file where a folder would be.
func missing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.EISDIR)
}

// Get reads the file.
func (s *Store) Get(ctx context.Context, key string) (object.Object, error) {
	return s.read(ctx, object.OpGet, key, 0, 1<<62)
}

// GetRange reads a part of the file.
func (s *Store) GetRange(ctx context.Context, key string, offset, length int64) (object.Object, error) {
	if err := object.CheckRange(key, offset, length); err != nil {
		return object.Object{}, err
	}
	return s.read(ctx, object.OpGetRange, key, offset, length)
}

func (s *Store) read(ctx context.Context, op object.Op, key string, offset, length int64) (o object.Object, err error) {
	if err := begin(ctx, op, key); err != nil {
		return o, err
	}
	defer func() {
		object.Report(ctx, object.Request{Command: object.GetObject, Received: int64(len(o.Data)), Err: err})
	}()
	f, err := os.Open(s.path(key))
	if err == nil {
		o, err = readFile(f, op, key, offset, length)
		err = errors.Join(err, f.Close())
	}
	switch {
	case err == nil:
		return o, nil
	case missing(err):
		return object.Object{}, object.Fail(op, key, object.ErrNotFound, nil)
	}
	return object.Object{}, fail(op, key, err)
}

// readFile reads from one open file, which stays the same version whatever is put meanwhile.
func readFile(f *os.File, op object.Op, key string, offset, length int64) (object.Object, error) {
	info, err := f.Stat()
	if err != nil {
		return object.Object{}, err
	}
	if info.IsDir() {
		return object.Object{}, syscall.EISDIR
	}
	size := info.Size()
	if offset < 0 {
		offset, length = max(size+offset, 0), size
	}
	if offset >= size && op == object.OpGetRange {
		return object.Object{}, object.Fail(op, key, object.ErrRange, fmt.Errorf("offset %d, size %d", offset, size))
	}
	data := make([]byte, min(length, size-offset))
	if n, err := f.ReadAt(data, offset); n < len(data) {
		return object.Object{}, err
	} else if err != nil && !errors.Is(err, io.EOF) {
		return object.Object{}, err
	}
	return object.Object{Data: data, ETag: tag(info), Size: size}, nil
}

// syncFolder makes the entries of a folder durable.
func (s *Store) syncFolder(path string) error {
	if s.opts.NoSync || runtime.GOOS == "windows" { // where folders cannot be synced
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
