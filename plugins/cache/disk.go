package cache

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// disk keeps each value in a file of a folder that processes may share. A file is written under another name and then renamed. The
// order of use is that of the files' times.
type disk struct {
	cfg Config
	dir string

	mu struct {
		sync.Mutex
		known     bool // entries and bytes have been counted
		entries   int
		bytes     int64
		evictions int64
	}
}

// suffix is that of the files of values.
const suffix = ".s3qr"

func openDisk(cfg Config) (Driver, error) {
	dir := cfg.Directory
	if dir == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			base = os.TempDir()
		}
		dir = filepath.Join(base, "s3sql", cfg.Database)
	}
	return &disk{cfg: cfg, dir: filepath.Join(dir, "results-"+cfg.Name)}, nil
}

func (d *disk) path(key string) string { return filepath.Join(d.dir, key+suffix) }

func (d *disk) Get(_ context.Context, key string) ([]byte, bool, error) {
	path, now := d.path(key), d.cfg.Now()
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	if d.cfg.Eviction != "fifo" {
		if err := os.Chtimes(path, now, now); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return data, true, err
		}
	}
	return data, true, nil
}

func (d *disk) Put(_ context.Context, key string, value []byte, _ time.Duration) error {
	if d.cfg.MaxBytes > 0 && int64(len(value)) > d.cfg.MaxBytes {
		return nil
	}
	if err := os.MkdirAll(d.dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(d.dir, "new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(value)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), d.path(key))
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return d.added(int64(len(value)))
}

// added makes room where the folder has outgrown its bounds.
func (d *disk) added(size int64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.mu.entries, d.mu.bytes = d.mu.entries+1, d.mu.bytes+size
	over := d.cfg.MaxEntries > 0 && d.mu.entries > d.cfg.MaxEntries || d.cfg.MaxBytes > 0 && d.mu.bytes > d.cfg.MaxBytes
	if d.mu.known && !over {
		return nil
	}
	return d.recountLocked()
}

// recountLocked counts the files, and removes the oldest ones beyond the bounds; of those, one in ten more than needed, so that it is not
// done each time.
func (d *disk) recountLocked() error {
	files, err := d.files()
	if err != nil {
		return err
	}
	slices.SortFunc(files, func(a, b fs.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
	entries, bytes := len(files), int64(0)
	for _, f := range files {
		bytes += f.Size()
	}
	over := d.cfg.MaxEntries > 0 && entries > d.cfg.MaxEntries || d.cfg.MaxBytes > 0 && bytes > d.cfg.MaxBytes
	for _, f := range files {
		fits := (d.cfg.MaxEntries == 0 || entries <= d.cfg.MaxEntries*9/10) && (d.cfg.MaxBytes == 0 || bytes <= d.cfg.MaxBytes/10*9)
		if !over || fits || entries == 1 {
			break
		}
		if err := os.Remove(filepath.Join(d.dir, f.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		entries, bytes = entries-1, bytes-f.Size()
		d.mu.evictions++
	}
	d.mu.known, d.mu.entries, d.mu.bytes = true, entries, bytes
	return nil
}

// files returns the files of values.
func (d *disk) files() ([]fs.FileInfo, error) {
	list, err := os.ReadDir(d.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var out []fs.FileInfo
	for _, f := range list {
		if !strings.HasSuffix(f.Name(), suffix) {
			continue
		}
		if info, ierr := f.Info(); ierr == nil {
			out = append(out, info)
		}
	}
	return out, err
}

func (d *disk) Delete(_ context.Context, key string) error {
	err := os.Remove(d.path(key))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.mu.known = false
	return err
}

func (d *disk) Clear(context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.mu.known = false
	files, err := d.files()
	for _, f := range files {
		if rerr := os.Remove(filepath.Join(d.dir, f.Name())); rerr != nil && !errors.Is(rerr, fs.ErrNotExist) {
			err = cmp.Or(err, rerr)
		}
	}
	return err
}

// Size is Counted.
func (d *disk) Size() (int, int64, int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.mu.known {
		if err := d.recountLocked(); err != nil {
			return 0, 0, d.mu.evictions
		}
	}
	return d.mu.entries, d.mu.bytes, d.mu.evictions
}
