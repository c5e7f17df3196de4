package sqlengine_test

import (
	"strings"
	"testing"

	"github.com/s3sql/s3sql/storage/table"
)

// TestCheckFindsDisagreement: CHECK TABLE of tables whose rows and entries were changed one without the other, in memory and in
// segments.
func TestCheckFindsDisagreement(t *testing.T) {
	t.Parallel()
	remove := func(tx *table.Tx, id uint32, key, _ string) (bool, error) { return true, tx.Delete(id, key) }
	for name, x := range map[string]struct {
		index  string
		change func(tx *table.Tx, id uint32, key, row string) (bool, error)
		want   string
	}{
		"nothing":        {"", func(*table.Tx, uint32, string, string) (bool, error) { return true, nil }, "OK"},
		"row gone":       {"", remove, "index u has 50 entries for 49 rows"},
		"entry gone":     {"n", remove, "index n does not lead to row 7"},
		"unique entry":   {"u", remove, "index u does not lead to row 1"},
		"entry too much": {"n", func(tx *table.Tx, id uint32, key, row string) (bool, error) { return true, tx.Insert(id, key+"x", row) }, "index n has 51 entries for 50 rows"},
		"entry of another": {"u", func(tx *table.Tx, id uint32, key, row string) (bool, error) {
			return true, tx.Update(id, key, row+"x")
		}, "index u does not lead to row 1"},
		"row moved": {"", func(tx *table.Tx, id uint32, key, row string) (bool, error) {
			if err := tx.Delete(id, key); err != nil {
				return true, err
			}
			return true, tx.Insert(id, key+"x", row)
		}, "row 1 is not stored under its primary key"},
	} {
		for _, segments := range []bool{false, true} {
			open := openMem
			if segments {
				open = openSegments
			}
			e := open(t)
			s := e.NewSession()
			must(t, s, "CREATE TABLE c (id INT PRIMARY KEY, n INT, u INT UNIQUE, KEY n (n), w VARCHAR(99))")
			must(t, s, "INSERT INTO c WITH RECURSIVE x (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM x WHERE i < 50) SELECT i, i % 7, i, repeat('w', 40) FROM x")
			if err := e.Disturb(t.Context(), "c", x.index, x.change); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if segments {
				if err := e.Flush(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if got := answer(s, "CHECK TABLE c"); !strings.Contains(got, x.want) {
				t.Errorf("%s, segments %v: %s\nwant %s", name, segments, got, x.want)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}
