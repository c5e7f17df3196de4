package catalog

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
)

// TestPartitionIDs follows the ids of partitions and their indexes through changes of a table.
func TestPartitionIDs(t *testing.T) {
	t.Parallel()
	db := open(t)
	tx := begin(t, db)
	tab := newTable("t")
	tab.Indexes = []Index{{Name: "a", Parts: []KeyPart{{Column: 1}}}}
	tab.Partitioning = &Partitioning{Method: PartitionHash, SQL: "`id`", Parts: []Partition{{Name: "p0"}, {Name: "p1"}}}
	if err := Create(tx, tab); err != nil {
		t.Fatal(err)
	}
	seen := map[uint32]bool{}
	for id := range tab.storage() {
		seen[id] = true
	}
	if len(seen) != 7 { // the table, its counter, its index; two partitions and an index of each
		t.Errorf("%d ids: %v", len(seen), seen)
	}
	for _, part := range tab.PartTables() {
		if err := errors.Join(tx.Put(part.ID, "k", "r"), tx.Put(part.Indexes[0].ID, "k", "r")); err != nil {
			t.Fatal(err)
		}
	}
	next := tab.Clone()
	next.Indexes = append(next.Indexes, Index{Name: "b", Parts: []KeyPart{{Column: 1}}})
	next.Partitioning.Parts = append(next.Partitioning.Parts[1:], Partition{Name: "p2"})
	if err := Alter(tx, tab, next); err != nil {
		t.Fatal(err)
	}
	for id := range next.storage() {
		if id == 0 {
			t.Error("a part of the table has no id")
		}
	}
	if n := len(next.storage()); n != 3+1+2*3 {
		t.Errorf("%d ids", n)
	}
	if kept, was := next.PartTables()[0], tab.PartTables()[1]; kept.ID != was.ID || kept.Indexes[0].ID != was.Indexes[0].ID {
		t.Error("a partition that stays has other ids")
	}
	if n := tx.RowCount(tab.PartTables()[0].ID) + tx.RowCount(tab.PartTables()[0].Indexes[0].ID); n != 0 {
		t.Errorf("%d rows of a partition that has gone", n)
	}
	if n := tx.RowCount(next.PartTables()[0].ID); n != 1 {
		t.Errorf("%d rows of a partition that stays", n)
	}
	if err := TruncatePart(tx, next, 0); err != nil || tx.RowCount(next.PartTables()[0].ID) != 0 {
		t.Error("rows after TruncatePart", err)
	}
	if _, err := tx.Commit(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// TestExchangeKeepsRows swaps a partition with a table and back.
func TestExchangeKeepsRows(t *testing.T) {
	t.Parallel()
	tx := begin(t, open(t))
	tab, other := newTable("t"), newTable("s")
	tab.Partitioning = &Partitioning{Method: PartitionHash, SQL: "`id`", Parts: []Partition{{Name: "p0"}, {Name: "p1"}}}
	for _, x := range []*Table{tab, other} {
		if err := Create(tx, x); err != nil {
			t.Fatal(err)
		}
	}
	put := func(id uint32, key string) {
		if err := tx.Put(id, key, string(base.AppendField(nil, 1, base.NewInt(1)))); err != nil {
			t.Fatal(err)
		}
	}
	put(tab.PartTables()[0].ID, "of p0")
	put(tab.PartTables()[1].ID, "of p1")
	put(other.ID, "of s")
	s, err := Exchange(tx, tab, 1, other)
	if err != nil {
		t.Fatal(err)
	}
	cat, err := new(Cache).Load(context.Background(), tx)
	if err != nil {
		t.Fatal(err)
	}
	now := cat.Table("t")
	if _, ok := tx.Peek(now.PartTables()[1].ID, "of s"); !ok {
		t.Error("the partition does not have the row of the table")
	}
	if _, ok := tx.Peek(cat.Table("s").ID, "of p1"); !ok || cat.Table("s").ID != s.ID {
		t.Error("the table does not have the row of the partition")
	}
	if _, ok := tx.Peek(now.PartTables()[0].ID, "of p0"); !ok {
		t.Error("the other partition has lost its row")
	}
	if cat.ByID(other.ID) != nil {
		t.Error("the table is there under its old id, too")
	}
}

// TestCloneSharesNothing changes everything in a clone: descriptors are shared by all sessions.
func TestCloneSharesNothing(t *testing.T) {
	t.Parallel()
	was := partitioned()
	c := was.Clone()
	q := &c.Partitioning.Parts[1]
	q.Less[0].SQL, q.In[1][0].SQL, q.Indexes[18], c.Partitioning.Parts[0].Name = "x", "x", 99, "x"
	c.Partitioning.Parts = append(c.Partitioning.Parts[:1], Partition{})
	if !reflect.DeepEqual(was, partitioned()) {
		t.Errorf("the original has changed: %+v", was.Partitioning)
	}
}

func TestPartitionSQL(t *testing.T) {
	t.Parallel()
	want := "\n/*!50100 PARTITION BY LINEAR RANGE ((`id` % 100))\n(PARTITION p0 VALUES LESS THAN (10) MAX_ROWS = 5 MIN_ROWS = 1 COMMENT = 'low' ENGINE = InnoDB,\n" +
		" PARTITION `select` VALUES LESS THAN MAXVALUE ENGINE = InnoDB) */"
	if got := PartitionSQL(partitioned(), func(s string) bool { return s == "select" }); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for name, plain := range map[string]bool{"p0": true, "a$_B": true, "0": false, "0x": true, "": false, "é": false, "a b": false} {
		if plainIdentifier(name) != plain {
			t.Errorf("plainIdentifier(%q) = %t", name, !plain)
		}
	}
}
