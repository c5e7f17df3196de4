package dir

import (
	"context"
	"iter"
	"os"
	"slices"
	"strings"

	"github.com/s3sql/s3sql/storage/object"
)

// List walks the folders in the order of whole keys. It reads one folder at a time, and counts a request for each 1,000
// keys, as if they came in pages.
func (s *Store) List(ctx context.Context, prefix, startAfter string) iter.Seq2[object.Info, error] {
	return func(yield func(object.Info, error) bool) {
		if err := object.CheckPrefix(prefix); err != nil {
			yield(object.Info{}, err)
			return
		}
		if err := object.FailContext(ctx, object.OpList, prefix, false); err != nil {
			yield(object.Info{}, err)
			return
		}
		object.Report(ctx, object.Request{Command: object.ListObjectsV2})
		w := walk{store: s, ctx: ctx, prefix: prefix, after: startAfter, yield: yield}
		// The folder that holds everything with the prefix.
		w.folder(prefix[:strings.LastIndexByte(prefix, '/')+1])
	}
}

type walk struct {
	store         *Store
	ctx           context.Context // of the List that the walk is a part of
	prefix, after string
	yield         func(object.Info, error) bool
	count         int
}

// folder yields what is below one folder, named with its trailing slash, and reports whether to go on.
func (w *walk) folder(name string) bool {
	entries, err := os.ReadDir(w.store.path(name))
	if err != nil && !missing(err) {
		w.yield(object.Info{}, fail(object.OpList, w.prefix, err))
		return false
	}
	keys := make([]string, 0, len(entries))
	for _, e := range entries {
		key := name + e.Name()
		if e.IsDir() {
			key += "/"
		}
		if w.wanted(key) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys) // a folder sorts by its name and the slash, as the keys in it do
	for _, key := range keys {
		ok := false
		if strings.HasSuffix(key, "/") {
			ok = w.folder(key)
		} else {
			ok = w.file(key)
		}
		if !ok {
			return false
		}
	}
	return true
}

// wanted reports whether key, or a key in the folder key, may be part of the listing.
func (w *walk) wanted(key string) bool {
	folder, isFolder := strings.CutSuffix(key, "/")
	if object.CheckKey(object.OpList, folder) != nil {
		return false
	}
	if isFolder {
		return (strings.HasPrefix(key, w.prefix) || strings.HasPrefix(w.prefix, key)) &&
			(key > w.after || strings.HasPrefix(w.after, key))
	}
	return strings.HasPrefix(key, w.prefix) && key > w.after
}

func (w *walk) file(key string) bool {
	info, err := os.Lstat(w.store.path(key))
	switch {
	case missing(err), err == nil && !info.Mode().IsRegular():
		return true // deleted since, or not ours
	case err != nil:
		w.yield(object.Info{}, fail(object.OpList, key, err))
		return false
	}
	if w.count > 0 && w.count%object.PageKeys == 0 {
		if err := object.FailContext(w.ctx, object.OpList, w.prefix, false); err != nil {
			w.yield(object.Info{}, err)
			return false
		}
		object.Report(w.ctx, object.Request{Command: object.ListObjectsV2})
	}
	w.count++
	return w.yield(object.Info{Key: key, Size: info.Size(), ETag: tag(info)}, nil)
}
