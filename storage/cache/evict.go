package cache

import (
	"cmp"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	// spareShare is how much is evicted below the limit, one part in so many of it. When as much has been written, the
	// folder is looked through again, since others may have written as well.
	spareShare = 16
	// tempAgeMax is how old a file being written is when its writer must have died.
	tempAgeMax = time.Hour
)

// space is what is known of the files of all processes. Guarded by disk.mu.
type space struct {
	looked  bool  // the folder has been looked through
	looking bool  // it is being
	used    int64 // bytes: as found, and what this process has written since
	fresh   int64 // the latter
}

// added counts a file that was written, and evicts others if there are too many.
func (d *disk) added(size int64) {
	d.mu.Lock()
	d.mu.used += size
	d.mu.fresh += size
	due := !d.mu.looking && (!d.mu.looked || d.mu.used > d.limit || d.mu.fresh > d.limit/spareShare)
	if due {
		d.mu.looking, d.mu.fresh = true, 0
	}
	d.mu.Unlock()
	for due {
		used := d.evict()
		d.mu.Lock()
		d.mu.used = used + d.mu.fresh
		due = d.mu.used > d.limit && d.mu.fresh > 0 // others have written meanwhile, and left it to this call
		d.mu.looking, d.mu.looked = due, true
		if due {
			d.mu.fresh = 0
		}
		d.mu.Unlock()
	}
}

// found is a file in the folder.
type found struct {
	sum  sum
	size int64
	time time.Time
}

// evict removes the least recently used files if the limit is passed, and returns how many bytes are left.
func (d *disk) evict() (used int64) {
	files := d.look()
	for _, f := range files {
		used += f.size
	}
	if used <= d.limit {
		return used
	}
	slices.SortFunc(files, func(a, b found) int { return cmp.Or(a.time.Compare(b.time), slices.Compare(a.sum[:], b.sum[:])) })
	for _, f := range files {
		if used <= d.limit-d.limit/spareShare {
			break
		}
		if d.remove(f.sum) { // or another process has: it is gone all the same
			used -= f.size
		}
	}
	return used
}

// look lists the files, and removes what crashed writers have left. Whatever is not named like a file of the cache is
// let be. Files and folders that vanish meanwhile, or cannot be read, are passed over.
func (d *disk) look() (files []found) {
	_ = filepath.WalkDir(d.root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return nil
		}
		name, temp := e.Name(), strings.HasSuffix(e.Name(), tempSuffix)
		if temp {
			name, _, _ = strings.Cut(name, ".")
		}
		bytes, err := hex.DecodeString(name)
		if err != nil || len(bytes) != len(sum{}) || filepath.Dir(path) != filepath.Dir(d.path(sum(bytes))) {
			return nil
		}
		info, err := e.Info()
		switch {
		case err != nil || !info.Mode().IsRegular():
		case !temp:
			files = append(files, found{sum(bytes), info.Size(), info.ModTime()})
		case d.clock.Now().Sub(info.ModTime()) > tempAgeMax:
			_ = os.Remove(path) // if it cannot be, it is tried again next time
		}
		return nil
	})
	return files
}
