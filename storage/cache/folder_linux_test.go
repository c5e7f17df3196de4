package cache

import (
	"path/filepath"
	"testing"
)

// TestUnusableFolders: reads go on from the store, and one warning is logged.
func TestUnusableFolders(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(t *testing.T, dir string) string{
		"a file": func(t *testing.T, dir string) string { return mustWrite(t, filepath.Join(dir, "f")) },
		"below a file": func(t *testing.T, dir string) string {
			return filepath.Join(mustWrite(t, filepath.Join(dir, "f")), "d")
		},
		"not creatable": func(*testing.T, string) string { return "/proc/none/cache" },
		"read-only":     func(*testing.T, string) string { return "/proc" },
	} {
		b := newBench()
		obj, data := b.object(t, "data/a", mib)
		c := b.cache(t, Options{Dir: spoil(t, t.TempDir())})
		for range 3 {
			c.Put(obj, data)
			if gets := b.read(t, c, obj, data, Range{0, mib / 2}); gets != 1 {
				t.Errorf("%s: %d GETs", name, gets)
			}
			c.work.Wait()
		}
		if b.gets() != 3 || b.log.count("") != 1 || b.log.count(warnFolder) != 1 {
			t.Errorf("%s: %d GETs, want 3; logged %q", name, b.gets(), b.log.lines)
		}
	}
}
