package faults

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/driver"
	"github.com/s3sql/s3sql/storage/object"
	"github.com/s3sql/s3sql/storage/object/mem"
	"github.com/s3sql/s3sql/storage/segment"
	"github.com/s3sql/s3sql/storage/table"
)

// segmentRows is the number of rows of each table in the tests of damaged segments.
const segmentRows = 200

// segmented returns the objects of a database with two tables whose rows are in segments, and the keys of those of the first.
func segmented(t *testing.T) (objects map[string]string, item []string) {
	t.Helper()
	store := mem.New()
	db := openStore(t, store, driver.Config{Maintenance: "off"})
	ids := map[string]uint32{}
	for _, name := range []string{"item", "other"} {
		mustExec(t, db, "CREATE TABLE "+name+" (id INT PRIMARY KEY, name VARCHAR(40), n INT)")
		mustExec(t, db, "INSERT INTO "+name+" WITH RECURSIVE s (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM s WHERE i < ?) "+
			"SELECT i, CONCAT('item ', i), i * 7 FROM s", segmentRows-1)
	}
	var cache catalog.Cache
	opts := table.Options{NoMaintenance: true, Schema: func(ctx context.Context, tx *table.Tx, id uint32) (s table.Schema, ok bool, err error) {
		cat, err := cache.Load(ctx, tx)
		if err != nil {
			return s, false, err
		}
		for _, tab := range cat.Tables() {
			ids[tab.Name] = tab.ID
		}
		s.Columns, _, ok = cat.SegmentSchema(id)
		return s, ok, nil
	}}
	opts.SmallSegments()
	rows, err := table.Open(t.Context(), store, opts)
	if err != nil {
		t.Fatal(err)
	}
	for id := catalog.FirstID; id < catalog.FirstID+10; id++ {
		if err := rows.Flush(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	if err := rows.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	objects = contents(t, store)
	for key := range objects {
		if id, _, ok := segment.ParseObjectKey(key); ok && id == ids["item"] {
			item = append(item, key)
		}
	}
	slices.Sort(item)
	return objects, item
}

// openStore opens a database in objects that are in memory.
func openStore(t *testing.T, s object.Store, cfg driver.Config) *sql.DB {
	t.Helper()
	cfg.Scheme, cfg.Name = driver.SchemeMem, "segments"
	connector, err := driver.NewConnector(cfg, driver.WithStore(s))
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// sums reads a table as a whole.
func sums(db *sql.DB, name string) (n, sum int, err error) {
	err = db.QueryRow("SELECT COUNT(name), SUM(n) FROM "+name).Scan(&n, &sum)
	return n, sum, err
}

const wantSum = 7 * segmentRows * (segmentRows - 1) / 2

// TestDamagedSegment: what SQL says of a segment that is damaged, wherever it is.
func TestDamagedSegment(t *testing.T) {
	t.Parallel()
	built, item := segmented(t)
	if len(item) == 0 {
		t.Fatal("the table has no segments")
	}
	victim := item[0]
	harms := map[string]func(objects map[string]string){
		"missing":    func(o map[string]string) { delete(o, victim) },
		"empty":      func(o map[string]string) { o[victim] = "" },
		"cut off":    func(o map[string]string) { o[victim] = o[victim][:len(o[victim])/2] },
		"one short":  func(o map[string]string) { o[victim] = o[victim][:len(o[victim])-1] },
		"one longer": func(o map[string]string) { o[victim] += "x" },
		"foreign": func(o map[string]string) {
			for key, data := range o {
				if strings.HasPrefix(key, segment.Prefix) && !slices.Contains(item, key) {
					o[victim] = data
				}
			}
		},
	}
	for i := range 16 {
		at := 4 + i*(len(built[victim])-5)/15
		harms[fmt.Sprint("flip at ", at)] = func(o map[string]string) { o[victim] = flip(o[victim], at) }
	}
	for name, inflict := range harms {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			objects := maps.Clone(built)
			inflict(objects)
			store := mem.New()
			fill(t, store, objects)
			db := openStore(t, store, driver.Config{})
			w := want{driver.ErrCorrupt, 1712, "HY000", victim, []string{"table item", "offset"}}
			if n, sum, err := sums(db, "item"); err != nil {
				w.check(t, err)
			} else if n != segmentRows || sum != wantSum {
				t.Errorf("%d rows with the sum %d", n, sum)
			}
			if n, sum, err := sums(db, "other"); err != nil || n != segmentRows || sum != wantSum {
				t.Errorf("the other table: %d rows with the sum %d, %v", n, sum, err)
			}
			checkTable(t, db, "item", victim)
			checkTable(t, db, "other", "")
			mustExec(t, db, "INSERT INTO item VALUES (100000, 'new', 1)")
			mustExec(t, db, "UPDATE other SET n = n + 1 WHERE id = 7")
			var text string
			if err := db.QueryRow("SELECT name FROM item WHERE id = 100000").Scan(&text); err != nil || text != "new" {
				t.Errorf("the new row: %q, %v", text, err)
			}
		})
	}
}

// checkTable runs CHECK TABLE, which is to name the damaged object; "" none is.
func checkTable(t *testing.T, db *sql.DB, name, object string) {
	t.Helper()
	rows, err := db.Query("CHECK TABLE " + name)
	if err != nil {
		t.Fatal(err)
	}
	var all string
	for rows.Next() {
		var tab, op, kind, text string
		if err := rows.Scan(&tab, &op, &kind, &text); err != nil {
			t.Fatal(err)
		}
		all += kind + ": " + text + "\n"
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		t.Fatal(err)
	}
	if ok := all == "status: OK\n"; ok != (object == "") || !strings.Contains(all, object) {
		t.Errorf("CHECK TABLE %s says %q; damaged: %q", name, all, object)
	}
}

// TestCacheFolder: nothing that is wrong with the folder of the cache reaches a query.
func TestCacheFolder(t *testing.T) {
	t.Parallel()
	built, _ := segmented(t)
	for name, prepare := range map[string]func(t *testing.T, dir string) (driver.Config, func()){
		"no room": func(_ *testing.T, dir string) (driver.Config, func()) {
			return driver.Config{CacheDir: dir, CacheSize: 1}, func() {}
		},
		"read-only": func(t *testing.T, dir string) (driver.Config, func()) {
			if err := os.Chmod(dir, 0o500); err != nil {
				t.Fatal(err)
			}
			return driver.Config{CacheDir: dir}, func() { _ = os.Chmod(dir, 0o700) }
		},
		"a file": func(t *testing.T, dir string) (driver.Config, func()) {
			dir = filepath.Join(dir, "file")
			if err := os.WriteFile(dir, []byte("x"), 0o600); err != nil {
				t.Fatal(err)
			}
			return driver.Config{CacheDir: dir}, func() {}
		},
		"poisoned": func(_ *testing.T, dir string) (driver.Config, func()) { return driver.Config{CacheDir: dir}, func() {} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := mem.New()
			fill(t, store, built)
			dir := t.TempDir()
			cfg, undo := prepare(t, dir)
			t.Cleanup(undo)
			for range 3 { // processes, one after the other
				db := openStore(t, store, cfg)
				for range 3 {
					for _, tab := range []string{"item", "other"} {
						if n, sum, err := sums(db, tab); err != nil || n != segmentRows || sum != wantSum {
							t.Errorf("%s: %d rows with the sum %d, %v", tab, n, sum, err)
						}
					}
				}
				if err := errors.Join(db.Close(), poison(dir)); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// poison changes a byte in the middle of every file under dir.
func poison(dir string) error {
	return filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil || len(data) == 0 {
			return err
		}
		data[len(data)/2] ^= 0x20
		if err := os.Chmod(path, 0o600); err != nil {
			return err
		}
		return os.WriteFile(path, data, 0o600)
	})
}
