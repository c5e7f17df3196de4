package cache

import (
	"context"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
)

// verdict is what came of a download.
type verdict uint8

const (
	kept    verdict = iota // the file is there
	failed                 // the store or the folder has failed
	damaged                // the object is not what it should be
)

// diskError is what went wrong with the folder, as opposed to the store.
type diskError struct{ err error }

func (e *diskError) Error() string { return e.err.Error() }
func (e *diskError) Unwrap() error { return e.err }

func asDiskError(err error) error {
	if err == nil {
		return nil
	}
	return &diskError{err}
}

// put writes the file of an object whose bytes are at hand.
func (d *disk) put(obj Object, data []byte) {
	f := d.write(obj, func(f *os.File) error {
		_, err := f.WriteAt(data, 0)
		return asDiskError(err)
	})
	if f != nil { // what is on disk is verified when it is first read
		closeFile(&file{f: f})
	}
}

// download writes the file of an object by fill, verifies it and holds it open for the reads to come.
func (d *disk) download(obj Object, fill func(f *os.File) error) verdict {
	v := failed
	f := d.write(obj, func(f *os.File) error {
		if err := fill(f); err != nil {
			return err
		}
		_, err := matches(context.Background(), f, obj)
		if errors.Is(err, errHash) {
			v = damaged
			return err
		}
		return asDiskError(err)
	})
	if v == damaged {
		d.warn(warnObject, errHash)
	}
	if f == nil {
		return v
	}
	entry := &file{ready: make(chan struct{}), f: f, touched: d.clock.Now()}
	close(entry.ready)
	d.mu.Lock()
	taken := d.mu.closed || d.mu.files[obj.SHA256] != nil
	if !taken {
		d.mu.files[obj.SHA256] = entry
	}
	d.mu.Unlock()
	if taken {
		closeFile(entry)
	}
	return kept
}

// write makes the file of obj: fill writes a temporary one, which then gets its name. It returns the open file, nil if
// there is none or was one before.
func (d *disk) write(obj Object, fill func(f *os.File) error) *os.File {
	d.mu.Lock()
	off := d.mu.closed || d.clock.Now().Before(d.mu.paused)
	d.mu.Unlock()
	if off || !d.accepts(obj.Size) {
		return nil
	}
	path := d.path(obj.SHA256)
	if info, err := os.Lstat(path); err == nil && info.Size() == obj.Size {
		return nil
	}
	f, err := d.temp(path)
	if err != nil {
		d.fail(err)
		return nil
	}
	temp := f.Name()
	if err = fill(f); err == nil {
		now := d.clock.Now()
		if err = os.Chtimes(temp, now, now); err == nil {
			err = os.Rename(temp, path)
		}
		err = asDiskError(err)
	}
	if err != nil {
		err = errors.Join(err, asDiskError(f.Close()), asDiskError(os.Remove(temp)))
		if onDisk := (*diskError)(nil); errors.As(err, &onDisk) {
			d.fail(onDisk)
		}
		return nil
	}
	d.mu.Lock()
	d.knowLocked(obj)
	d.mu.Unlock()
	d.added(obj.Size)
	return f
}

// tempSuffix ends the names of files being written.
const tempSuffix = ".tmp"

// temp opens a new file next to path, whose folders it makes.
func (d *disk) temp(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	var id [8]byte
	d.rand.Read(id[:])
	return os.OpenFile(path+"."+hex.EncodeToString(id[:])+tempSuffix, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
}
