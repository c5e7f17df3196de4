package sqlengine

import (
	"fmt"
	"hash/maphash"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/storage/table"
)

// problemsMax is how many damaged segments CHECK TABLE reports one by one.
const problemsMax = 100

// checkTable reads a table and its indexes and says what is wrong with them, nil nothing: damaged segments, or else the first of
// rows whose key is not that of their columns or does not follow the one before, NULL where it may not be, entries of an index
// that are missing, wrong, or lead to no row. Rows and entries are read once, in order, and none is kept.
func (r *run) checkTable(t *catalog.Table, tx *table.Tx) (problems []string, _ error) {
	for _, part := range t.PartTables() {
		if problems, err := r.checkPart(t, part, tx); problems != nil || err != nil {
			return problems, err
		}
	}
	return nil, nil
}

// checkPart is checkTable for one partition, or for a table without any.
func (r *run) checkPart(t, part *catalog.Table, tx *table.Tx) (problems []string, _ error) {
	ids := []uint32{part.ID}
	for i := range part.Indexes {
		ids = append(ids, part.Indexes[i].ID)
	}
	for _, id := range ids {
		err := tx.VerifySegments(r.ctx, id, func(err error) {
			if len(problems) < problemsMax {
				problems = append(problems, r.s.named(r.ctx, err).Error())
			}
		})
		if err != nil {
			return nil, err
		}
	}
	if problems != nil {
		return problems, nil
	}
	problem, err := r.checkRows(t, part, tx)
	if problem != "" {
		problems = []string{problem}
	}
	return problems, err
}

// checkRows is checkPart once every segment is known to be whole.
func (r *run) checkRows(t, part *catalog.Table, tx *table.Tx) (problem string, err error) {
	c := rowChecker{r: r, t: t, part: part, keys: keyReader{r: r, scan: tx.Scan(r.ctx, part.ID, table.ScanSpec{WithKeys: true})}, locate: r.locator(t)}
	for range part.Indexes {
		c.entries = append(c.entries, newEntrySum())
	}
	err = r.eachPartRow(part, tx, c.row)
	if c.problem == "" && err == nil {
		err = c.indexes(tx)
	}
	switch {
	case base.KindOf(err) == base.KindCorrupt:
		return r.s.named(r.ctx, err).Error(), nil
	case err != nil || c.problem != "":
		return c.problem, err
	}
	if n := tx.RowCount(part.ID); n != c.rows {
		return fmt.Sprintf("%d rows are counted, %d are there", n, c.rows), nil
	}
	return "", nil
}

// rowChecker looks at the rows of a partition in the order of their keys.
type rowChecker struct {
	r       *run
	t, part *catalog.Table
	keys    keyReader
	locate  func(row []base.Value) (uint32, error)
	entries []entrySum // what each index has to have

	rows    int
	last    string // key of the row before
	problem string
}

func (c *rowChecker) row(row []base.Value) error {
	if c.problem != "" {
		return nil
	}
	c.rows++
	stored, err := c.keys.next()
	if err != nil {
		return err
	}
	key, _ := catalog.EncodeKey(c.t, c.t.Primary, row)
	switch {
	case stored != key:
		c.problem = fmt.Sprintf("row %d is not stored under its primary key", c.rows)
	case c.rows > 1 && key <= c.last:
		c.problem = fmt.Sprintf("row %d does not come after the row before it", c.rows)
	}
	c.last = key
	for i := range c.t.Columns {
		if c.t.Columns[i].NotNull && row[i].IsNull() {
			c.problem = fmt.Sprintf("row %d has NULL in column %s", c.rows, c.t.Columns[i].Name)
		}
	}
	for i := range c.part.Indexes {
		entry, _ := catalog.IndexKey(c.t, &c.part.Indexes[i], row)
		c.entries[i].add(entry, key)
	}
	home, err := c.locate(row)
	if err == nil && home != c.part.ID {
		c.problem = fmt.Sprintf("row %d is in another partition than its values say", c.rows)
	}
	return err
}

// indexes compares the entries of the indexes with those that the rows have asked for.
func (c *rowChecker) indexes(tx *table.Tx) error {
	for i := range c.part.Indexes {
		ix := &c.part.Indexes[i]
		have, last := c.entries[i].empty(), ""
		err := tx.Range(c.r.ctx, ix.ID, "", "", func(entry, pk string) bool {
			if have.n > 0 && entry <= last {
				c.problem = fmt.Sprintf("entry %d of index %s does not come after the one before it", have.n+1, ix.Name)
			}
			have.add(entry, pk)
			last = entry
			return c.problem == ""
		})
		if err != nil || c.problem != "" {
			return err
		}
		if have != c.entries[i] {
			return c.disagreement(ix, tx, have.n)
		}
		if n := tx.RowCount(ix.ID); n != have.n {
			c.problem = fmt.Sprintf("%d entries of index %s are counted, %d are there", n, ix.Name, have.n)
			return nil
		}
	}
	return nil
}

// disagreement finds the first row to which an index does not lead; where there is none, it has entries of other rows.
func (c *rowChecker) disagreement(ix *catalog.Index, tx *table.Tx, entries int) error {
	rows := 0
	err := c.r.eachPartRow(c.part, tx, func(row []base.Value) error {
		if rows++; c.problem != "" {
			return nil
		}
		key, _ := catalog.EncodeKey(c.t, c.t.Primary, row)
		entry, _ := catalog.IndexKey(c.t, ix, row)
		pk, ok, err := tx.Get(c.r.ctx, ix.ID, entry)
		if !ok || pk != key {
			c.problem = fmt.Sprintf("index %s does not lead to row %d", ix.Name, rows)
		}
		return err
	})
	if c.problem == "" {
		c.problem = fmt.Sprintf("index %s has %d entries for %d rows", ix.Name, entries, rows)
	}
	return err
}

// keyReader returns the keys of a scan one by one.
type keyReader struct {
	r    *run
	scan *table.Scanner
	keys []string
	b    vec.Batch
}

// next returns the next key; "" when there is none.
func (k *keyReader) next() (key string, err error) {
	if len(k.keys) == 0 {
		if k.keys, _, err = k.scan.Next(k.r.ctx, &k.b); err != nil || len(k.keys) == 0 {
			return "", err
		}
	}
	key, k.keys = k.keys[0], k.keys[1:]
	return key, nil
}

// entrySum is a checksum of entries of an index, whatever their order: two sums of 64-bit hashes under different seeds. Two lists
// that differ have the same one with a probability of 2^-128, unless somebody who knows the seeds has made them; these are random.
type entrySum struct {
	seeds [2]maphash.Seed
	sums  [2]uint64
	n     int
}

func newEntrySum() entrySum {
	return entrySum{seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}}
}

// empty returns the sum of no entry that can be compared with s.
func (s *entrySum) empty() entrySum { return entrySum{seeds: s.seeds} }

func (s *entrySum) add(entry, pk string) {
	s.n++
	for i, seed := range s.seeds {
		s.sums[i] += maphash.Comparable(seed, [2]string{entry, pk})
	}
}

// locator returns a function that tells the id of the partition a row belongs to, 0 none.
func (r *run) locator(t *catalog.Table) func(row []base.Value) (uint32, error) {
	if t.Partitioning == nil {
		return func([]base.Value) (uint32, error) { return t.ID, nil }
	}
	f, err := r.partFunc(t)
	return func(row []base.Value) (uint32, error) {
		if err != nil {
			return 0, err
		}
		i, err := f.Locate(r.exprContext(nil), row)
		if err != nil || i < 0 {
			return 0, err
		}
		return t.Partitioning.Parts[i].ID, nil
	}
}
