package cache

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/storage/object"
	"github.com/s3sql/s3sql/storage/object/faults"
)

// clock is one that is put forward by hand.
type clock struct{ now atomic.Int64 }

var _ base.Clock = (*clock)(nil)

func newClock() *clock {
	c := &clock{}
	c.now.Store(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano())
	return c
}

func (c *clock) Now() time.Time                            { return time.Unix(0, c.now.Load()) }
func (c *clock) Sleep(time.Duration, <-chan struct{}) bool { return true }
func (c *clock) add(d time.Duration)                       { c.now.Add(int64(d)) }

// path is where the disk cache has an object.
func path(dir string, obj Object) string {
	name := hex.EncodeToString(obj.SHA256[:])
	return filepath.Join(dir, name[:2], name[2:4], name)
}

func size(t *testing.T, dir string) (files int, bytes int64) {
	t.Helper()
	err := filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err == nil {
			files, bytes = files+1, bytes+info.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files, bytes
}

func TestDownloadAfterAQuarter(t *testing.T) {
	t.Parallel()
	b := newBench()
	dir := t.TempDir()
	c := b.cache(t, Options{Dir: dir})
	obj, data := b.object(t, "data/a", 20*mib)
	for i := range int64(5) { // a quarter, and not more
		if gets := b.read(t, c, obj, data, Range{i * 2 * mib, mib}); gets != 1 {
			t.Fatalf("read %d took %d GETs", i, gets)
		}
	}
	before := b.gets()
	b.read(t, c, obj, data, Range{15 * mib, 1})
	c.work.Wait()
	if gets := b.gets() - before; gets != 1+3 { // 20 MiB are 3 chunks
		t.Errorf("%d GETs, want one and the 3 of the download", gets)
	}
	if gets := b.read(t, c, obj, data, Range{0, obj.Size}, Range{5, 10 * mib}, Range{9, 0}); gets != 0 {
		t.Errorf("%d GETs though the object is on disk", gets)
	}
	if got, err := os.ReadFile(path(dir, obj)); err != nil || !bytes.Equal(got, data) {
		t.Errorf("the file is not the object: %v", err)
	}
	if gets := b.read(t, b.cache(t, Options{Dir: dir}), obj, data, Range{5, 5}); gets != 0 {
		t.Errorf("%d GETs of another cache on the folder", gets)
	}
}

func TestDownloadAfterSixteenRequests(t *testing.T) {
	t.Parallel()
	b := newBench()
	c := b.cache(t, Options{Dir: t.TempDir()})
	obj, data := b.object(t, "data/a", 10*mib)
	var meter object.Meter
	ctx := object.WithMeter(t.Context(), &meter)
	for i := range 16 {
		if c.work.Wait(); b.gets() != int64(i) {
			t.Fatalf("%d GETs after %d reads", b.gets(), i)
		}
		if _, err := c.Read(ctx, obj, []Range{{int64(i) * 400 * kib, 10}}); err != nil {
			t.Fatal(err)
		}
	}
	if c.work.Wait(); b.gets() != 17 || meter.Snapshot().Requests() != 17 { // 10 MiB are one GET
		t.Errorf("%d GETs, %d on the account of the reader; want 17", b.gets(), meter.Snapshot().Requests())
	}
	if gets := b.read(t, c, obj, data, Range{0, 10}); gets != 0 {
		t.Errorf("%d GETs", gets)
	}
}

// TestSmallObjectsAreReadWhole: the second read of a small object, or of one that was read whole, asks nothing.
func TestSmallObjectsAreReadWhole(t *testing.T) {
	t.Parallel()
	b := newBench()
	c := b.cache(t, Options{Dir: t.TempDir()})
	small, smallData := b.object(t, "data/a", 256*kib)
	whole, wholeData := b.object(t, "data/b", 8*mib)
	if gets := b.read(t, c, small, smallData, Range{5, 5}, Range{100, 50}) + b.read(t, c, whole, wholeData, Range{0, mib}, Range{mib, 7 * mib}); gets != 2 {
		t.Errorf("%d GETs, want 2", gets)
	}
	if gets := b.read(t, c, small, smallData, Range{0, 256 * kib}) + b.read(t, c, whole, wholeData, Range{3, 4}); gets != 0 {
		t.Errorf("%d GETs, want none", gets)
	}
}

func TestOneDownloadForAll(t *testing.T) {
	t.Parallel()
	b := newBench()
	obj, data := b.object(t, "data/a", 10*mib)
	c := b.cache(t, Options{Dir: t.TempDir()})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { b.read(t, c, obj, data, Range{mib, 3 * mib}) })
	}
	wg.Wait()
	c.work.Wait()
	if gets := b.gets(); gets > 9 {
		t.Errorf("%d GETs of 8 reads and one download", gets)
	}
}

func TestDownloadsAreBounded(t *testing.T) {
	t.Parallel()
	b := newBench()
	budget := NewBudget(2*downloadBytes + 5)
	s := &slow{Store: b.store, gate: make(chan struct{})}
	var objs []Object
	for _, key := range []string{"data/a", "data/b", "data/c", "data/d"} {
		obj, _ := b.object(t, key, mib)
		objs = append(objs, obj)
	}
	b.store = s
	c := b.cache(t, Options{Dir: t.TempDir(), Budget: budget})
	for _, obj := range objs {
		if c.worthIt(obj, 1, mib/2) {
			c.download(t.Context(), obj)
		}
	}
	if budget.Used() != 2*downloadBytes || c.worthIt(objs[3], 1, 1) {
		t.Errorf("%d bytes are reserved, want those of two downloads", budget.Used())
	}
	close(s.gate)
	c.work.Wait()
	if b.gets() != 2 || budget.Used() != 0 {
		t.Errorf("%d GETs, %d bytes reserved", b.gets(), budget.Used())
	}
	if !budget.Reserve(budget.Limit()) || c.worthIt(objs[3], 100, 1) {
		t.Error("a download was begun without memory")
	}
}

func TestCloseEndsDownloads(t *testing.T) {
	t.Parallel()
	b := newBench()
	obj, _ := b.object(t, "data/a", mib)
	s := &slow{Store: b.store, gate: make(chan struct{})}
	b.store = s
	dir := t.TempDir()
	c := b.cache(t, Options{Dir: dir})
	if !c.worthIt(obj, 100, 1) {
		t.Fatal("not worth it")
	}
	c.download(t.Context(), obj)
	for s.now.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	if err := c.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if n, _ := size(t, dir); n != 0 || s.now.Load() != 0 || b.log.count("") != 0 {
		t.Errorf("%d files are left, %d GETs run, %d warnings", n, s.now.Load(), b.log.count(""))
	}
}

func TestFailedDownloads(t *testing.T) {
	t.Parallel()
	b := newBench()
	dir := t.TempDir()
	c := b.cache(t, Options{Dir: dir})
	obj, data := b.object(t, "data/a", mib)
	b.faults.FailNext(object.OpGetRange, faults.None, faults.TornBody)
	b.read(t, c, obj, data, Range{0, mib / 2})
	c.work.Wait()
	if n, _ := size(t, dir); n != 0 || b.log.count("") != 0 {
		t.Errorf("a failed download left %d files, %d warnings", n, b.log.count(""))
	}
	b.read(t, c, obj, data, Range{0, mib / 2}) // tries again
	c.work.Wait()
	if n, _ := size(t, dir); n != 1 {
		t.Errorf("%d files", n)
	}
	// An object that is not what it should be is downloaded once.
	bad, badData := b.object(t, "data/bad", mib)
	bad.SHA256[5]++
	for range 3 {
		b.read(t, c, bad, badData, Range{0, mib / 2})
		c.work.Wait()
	}
	if n, _ := size(t, dir); n != 1 || b.log.count(warnObject) != 1 || b.gets() != 4+4 {
		t.Errorf("%d files, %d warnings, %d GETs", n, b.log.count(warnObject), b.gets())
	}
}

func TestPutAndForget(t *testing.T) {
	t.Parallel()
	b := newBench()
	dir := t.TempDir()
	c := b.cache(t, Options{Dir: dir})
	obj, data := b.object(t, "data/a", mib)
	c.Put(obj, data[1:]) // not the object
	if n, _ := size(t, dir); n != 0 {
		t.Fatal("a part of the object was kept")
	}
	c.Put(obj, data)
	c.Put(obj, data)
	if gets := b.read(t, c, obj, data, Range{0, 10}, Range{mib - 1, 1}); gets != 0 {
		t.Errorf("%d GETs", gets)
	}
	c.Forget("data/other")
	c.Forget(obj.Key)
	if n, _ := size(t, dir); n != 0 {
		t.Error("what was forgotten is there")
	}
	if gets := b.read(t, c, obj, data, Range{0, 10}); gets != 1 {
		t.Errorf("%d GETs", gets)
	}
}

// TestPoisonedFiles: whatever stands where the file should, reads are right, and the file is replaced.
func TestPoisonedFiles(t *testing.T) {
	t.Parallel()
	for name, poison := range map[string]func(path string, data []byte) error{
		"a bit": func(path string, data []byte) error {
			bad := bytes.Clone(data)
			bad[len(bad)/2] ^= 1
			return os.WriteFile(path, bad, 0o600)
		},
		"truncated": func(path string, data []byte) error { return os.WriteFile(path, data[:len(data)-1], 0o600) },
		"longer":    func(path string, data []byte) error { return os.WriteFile(path, append(bytes.Clone(data), 0), 0o600) },
		"empty":     func(path string, _ []byte) error { return os.WriteFile(path, nil, 0o600) },
		"a folder":  func(path string, _ []byte) error { return os.Mkdir(path, 0o700) },
		"a dangling link": func(path string, _ []byte) error {
			return os.Symlink(filepath.Join(filepath.Dir(path), "nowhere"), path)
		},
	} {
		b := newBench()
		dir := t.TempDir()
		obj, data := b.object(t, "data/a", mib)
		if err := os.MkdirAll(filepath.Dir(path(dir, obj)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := poison(path(dir, obj), data); err != nil {
			t.Fatal(err)
		}
		c := b.cache(t, Options{Dir: dir})
		if gets := b.read(t, c, obj, data, Range{0, mib / 2}); gets < 1 {
			t.Errorf("%s: no GET", name)
		}
		c.work.Wait()
		if gets := b.read(t, c, obj, data, Range{0, mib}); gets != 0 || b.log.count(warnFile) != 1 || b.log.count("") != 1 {
			t.Errorf("%s: %d GETs after the repair, warnings %q", name, gets, b.log.lines)
		}
	}
}

// TestFileCutShortWhileOpen: the verified file is damaged under the reader.
func TestFileCutShortWhileOpen(t *testing.T) {
	t.Parallel()
	b := newBench()
	dir := t.TempDir()
	c := b.cache(t, Options{Dir: dir})
	obj, data := b.object(t, "data/a", mib)
	c.Put(obj, data)
	b.read(t, c, obj, data, Range{0, 10})
	if err := os.Truncate(path(dir, obj), 100); err != nil {
		t.Fatal(err)
	}
	if gets := b.read(t, c, obj, data, Range{200, 10}); gets != 1 || b.log.count(warnFile) != 1 {
		t.Errorf("%d GETs, %d warnings", gets, b.log.count(warnFile))
	}
	if n, _ := size(t, dir); n != 0 {
		t.Error("the damaged file is still there")
	}
}

func mustWrite(t *testing.T, path string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestFolderThatIsRemoved comes back.
func TestFolderThatIsRemoved(t *testing.T) {
	t.Parallel()
	b := newBench()
	dir := filepath.Join(t.TempDir(), "a", "b")
	c := b.cache(t, Options{Dir: dir})
	obj, data := b.object(t, "data/a", mib)
	other, otherData := b.object(t, "data/b", mib)
	c.Put(obj, data)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	b.read(t, c, obj, data, Range{0, 10})
	c.Put(other, otherData)
	if gets := b.read(t, c, other, otherData, Range{0, 10}); gets != 0 || b.log.count("") != 0 {
		t.Errorf("%d GETs; logged %q", gets, b.log.lines)
	}
}

// TestFullDisk: a write that fails leaves no file, and none is tried for a minute.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	b := newBench()
	dir, now := t.TempDir(), newClock()
	c := b.cache(t, Options{Dir: dir, Clock: now})
	obj, data := b.object(t, "data/a", mib)
	full := func(*os.File) error { return asDiskError(errors.New("no space left on device")) }
	if v := c.disk.download(obj, full); v != failed {
		t.Fatal(v)
	}
	c.Put(obj, data)
	if n, _ := size(t, dir); n != 0 || b.log.count(warnFolder) != 1 {
		t.Errorf("%d files, %d warnings", n, b.log.count(warnFolder))
	}
	now.add(pauseTime)
	c.Put(obj, data)
	if n, _ := size(t, dir); n != 1 {
		t.Error("nothing is written after the pause")
	}
}

func TestEvictionByUse(t *testing.T) {
	t.Parallel()
	b := newBench()
	dir, now := t.TempDir(), newClock()
	opts := Options{Dir: dir, DirBytes: 10 * mib, Clock: now}
	c, other := b.cache(t, opts), b.cache(t, opts)
	var objs []Object
	var datas [][]byte
	for i := range 10 {
		obj, data := b.object(t, "data/"+string(rune('a'+i)), mib)
		objs, datas = append(objs, obj), append(datas, data)
		c.Put(obj, data)
		now.add(2 * time.Minute)
	}
	if n, bytes := size(t, dir); n != 10 || bytes != 10*mib {
		t.Fatalf("%d files of %d bytes", n, bytes)
	}
	b.read(t, other, objs[0], datas[0], Range{0, 1}) // by another process, which makes it the newest
	for _, name := range []string{"note.txt", filepath.Base(path(dir, objs[1])), "ab.tmp"} {
		mustWrite(t, filepath.Join(dir, name)) // not ours: not counted, not removed
	}
	for id, age := range map[string]time.Duration{".00": 61 * time.Minute, ".01": 59 * time.Minute} {
		name, at := path(dir, objs[0])+id+tempSuffix, now.Now().Add(-age)
		mustWrite(t, name)
		if err := os.Chtimes(name, at, at); err != nil {
			t.Fatal(err)
		}
	}
	eleventh, data := b.object(t, "data/z", mib)
	c.Put(eleventh, data)
	for i, obj := range objs {
		_, err := os.Stat(path(dir, obj))
		if gone := i == 1 || i == 2; errors.Is(err, fs.ErrNotExist) != gone { // down to 15/16
			t.Errorf("object %d: %v, want it gone: %t", i, err, gone)
		}
	}
	if n, bytes := size(t, dir); n != 9+3+1 || bytes != 9*mib+4 {
		t.Errorf("%d files of %d bytes are left", n, bytes)
	}
	if gets := b.read(t, other, objs[1], datas[1], Range{0, 1}); gets != 1 {
		t.Errorf("%d GETs of what another process has evicted", gets)
	}
	big, bigData := b.object(t, "data/big", 10*mib+1)
	if c.Put(big, bigData); b.read(t, c, big, bigData, Range{0, 9 * mib}) != 2 {
		t.Error("an object that cannot fit")
	}
	if c.work.Wait(); b.log.count("") != 0 {
		t.Errorf("logged %q", b.log.lines)
	}
}

// TestTouch: use is noted at most once a minute, and a file that is gone is closed then.
func TestTouch(t *testing.T) {
	t.Parallel()
	b := newBench()
	dir, now := t.TempDir(), newClock()
	c := b.cache(t, Options{Dir: dir, Clock: now})
	obj, data := b.object(t, "data/a", mib)
	c.Put(obj, data)
	written := now.Now()
	for _, s := range []struct {
		pass, want time.Duration
	}{{30 * time.Second, 30 * time.Second}, {59 * time.Second, 30 * time.Second}, {time.Second, 90 * time.Second}} {
		now.add(s.pass)
		b.read(t, c, obj, data, Range{0, 1})
		if info, err := os.Stat(path(dir, obj)); err != nil || !info.ModTime().Equal(written.Add(s.want)) {
			t.Errorf("%v later: %v, %v", s.want, info.ModTime().Sub(written), err)
		}
	}
	if err := os.Remove(path(dir, obj)); err != nil {
		t.Fatal(err)
	}
	if gets := b.read(t, c, obj, data, Range{0, 1}); gets != 0 {
		t.Errorf("%d GETs while the file is open", gets)
	}
	now.add(time.Minute)
	b.read(t, c, obj, data, Range{0, 1})
	if gets := b.read(t, c, obj, data, Range{0, 1}); gets != 1 {
		t.Errorf("%d GETs after the file was found to be gone, want 1", gets)
	}
}

func TestOpenFilesAreBounded(t *testing.T) {
	t.Parallel()
	b := newBench()
	c := b.cache(t, Options{Dir: t.TempDir()})
	for i := range openMax + 20 {
		obj, data := b.object(t, "data/"+hex.EncodeToString([]byte{byte(i >> 8), byte(i)}), 10)
		c.Put(obj, data)
		b.read(t, c, obj, data, Range{0, 10})
	}
	if n := len(c.disk.mu.files); n != openMax || b.gets() != 0 {
		t.Errorf("%d files are open, %d GETs", n, b.gets())
	}
}

// TestTwoCachesOneFolder: reads, downloads and evictions of two processes at once.
func TestTwoCachesOneFolder(t *testing.T) {
	t.Parallel()
	b := newBench()
	dir := t.TempDir()
	opts := Options{Dir: dir, DirBytes: 4 * mib, Budget: NewBudget(100 * mib)}
	caches := []*Cache{b.cache(t, opts), b.cache(t, opts)}
	var objs []Object
	var datas [][]byte
	for i := range 12 {
		obj, data := b.object(t, "data/"+string(rune('a'+i)), 600*kib)
		objs, datas = append(objs, obj), append(datas, data)
	}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			c := caches[g%2]
			for i := range 60 {
				n := (i*5 + g*3) % len(objs)
				b.read(t, c, objs[n], datas[n], Range{int64(i) * 100, 200 * kib}, Range{500 * kib, 50})
				switch i % 20 {
				case 7:
					c.Put(objs[n], datas[n])
				case 13:
					c.Forget(objs[n].Key)
				case 17: // somebody damages a file; it may be gone
					_ = os.Truncate(path(dir, objs[n]), 5)
				}
			}
		})
	}
	wg.Wait()
	for _, c := range caches {
		c.work.Wait()
	}
	caches[0].Put(objs[0], datas[0]) // two that write at once may each pass the limit by what they write: the next one makes room
	caches[0].work.Wait()
	if _, bytes := size(t, dir); bytes > opts.DirBytes || b.log.count(warnFolder) != 0 {
		t.Errorf("%d bytes in the folder; logged %q", bytes, b.log.lines)
	}
}

// TestIdleCacheHasNoGoroutine cannot run beside others.
func TestIdleCacheHasNoGoroutine(t *testing.T) {
	before := runtime.NumGoroutine()
	b := newBench()
	c := b.cache(t, Options{Dir: t.TempDir(), Budget: NewBudget(100 * mib)})
	obj, data := b.object(t, "data/a", 20*mib)
	b.read(t, c, obj, data, Range{0, 9 * mib})
	c.work.Wait()
	for range 100 { // those that have just ended
		if runtime.NumGoroutine() <= before {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d goroutines, %d before", after, before)
	}
	if err := c.Close(context.Background()); err != nil {
		t.Error(err)
	}
}
