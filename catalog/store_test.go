package catalog

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/storage/object/mem"
	"github.com/s3sql/s3sql/storage/table"
)

var rewrite = flag.Bool("golden", false, "rewrite the golden files")

// sample is a descriptor that uses every member of the format.
func sample() *Table {
	return &Table{
		ID: 16, Version: 3, Name: "Orders", NextColumnID: 3, AutoIncrement: 1, HiddenCounter: 17, Collation: "utf8mb4_0900_ai_ci",
		Comment: "all of them", CreatedMicros: 1700000000000000,
		Columns: []Column{
			{ID: 1, Name: "id", Type: base.Type{ID: base.TypeBigInt, Unsigned: true}, NotNull: true},
			{ID: 2, Name: "total", Type: base.Type{ID: base.TypeDecimal, Precision: 10, Scale: 2}, Default: &Default{SQL: "'0.00'"}, Comment: "net"},
			{ID: 3, Name: "state", Type: base.Type{ID: base.TypeEnum, Elems: []string{"new", "it's"}, Collation: "utf8mb4_0900_ai_ci"},
				Default: &Default{SQL: "(CONCAT('n', 'ew'))", Expr: true}, OnUpdate: true, Invisible: true},
		},
		Primary: []KeyPart{{Column: 1}},
		Indexes: []Index{{ID: 18, Name: "by_total", Unique: true, Parts: []KeyPart{{Column: 2, Desc: true}, {Column: 3, Prefix: 4}}}},
	}
}

// partitioned is a descriptor that uses every member of a partitioning.
func partitioned() *Table {
	t := sample()
	whole := func(n int64) Bound { return Bound{Value: Initial{base.NewInt(n)}, SQL: strconv.FormatInt(n, 10)} }
	t.Partitioning = &Partitioning{Method: PartitionRange, SQL: "(`id` % 100)", Linear: true, Implicit: true, Algorithm: 1, Listed: true,
		Parts: []Partition{
			{ID: 20, Name: "p0", Less: []Bound{whole(10)}, Comment: "low", MaxRows: 5, MinRows: 1, Indexes: map[uint32]uint32{18: 21}},
			{ID: 22, Name: "select", Less: []Bound{{Max: true}}, In: [][]Bound{{{SQL: "NULL"}}, {whole(-1)}}, Indexes: map[uint32]uint32{18: 23}},
		}}
	return t
}

// encrypted is a table with a column that is.
func encrypted() *Table {
	t := sample()
	t.Columns[1].Encrypted = "0123456789abcdef"
	t.Columns[1].Default = nil
	return t
}

func TestDescriptorGolden(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]func() *Table{"descriptor-v1.row": sample, "descriptor-v2.row": partitioned, "descriptor-v4.row": encrypted} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			golden(t, file, want)
		})
	}
}

func golden(t *testing.T, name string, sample func() *Table) {
	t.Helper()
	row, err := encodeTable(sample())
	if err != nil {
		t.Fatal(err)
	}
	got, err := decode(goldenText(t, name, row))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got.Table, sample()) {
		t.Errorf("decoded %+v", got.Table)
	}
}

// goldenText compares a row with the golden file of that name, and returns the descriptor in the file.
func goldenText(t *testing.T, name, row string) string {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *rewrite {
		if err := os.WriteFile(file, []byte(row), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if row != string(want) {
		t.Errorf("the encoding of a descriptor has changed:\n got %q\nwant %q", row, want)
	}
	r := base.NewRowReader(string(want))
	_, v, _ := r.Next()
	return v.Text()
}

// TestNewerDescriptor refuses a descriptor that is right but for its format.
func TestNewerDescriptor(t *testing.T) {
	t.Parallel()
	text := `{"format":%d,"kind":"database","database":{"collation":"utf8mb4_0900_ai_ci"}}`
	if _, err := decode(fmt.Sprintf(text, formatVersion)); err != nil {
		t.Error(err)
	}
	_, err := decode(fmt.Sprintf(text, formatVersion+1))
	if !errors.Is(err, base.ErrCorrupt) || !strings.Contains(err.Error(), "upgrade") {
		t.Error(err)
	}
}

func TestDescriptorRefusals(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"not JSON":       `{`,
		"unknown kind":   `{"format":1,"kind":"zebra"}`,
		"without key":    `{"format":1,"kind":"table","table":{"id":16}}`,
		"wrong type":     `{"format":1,"kind":"table","table":{"id":"x"}}`,
		"no partitions":  `{"format":2,"kind":"table","table":{"id":16,"columns":[{"id":1}],"primary":[{"column":1}],"partitioning":{"method":"HASH","sql":"a","parts":[]}}}`,
		"no such method": `{"format":2,"kind":"table","table":{"id":16,"columns":[{"id":1}],"primary":[{"column":1}],"partitioning":{"method":"ZEBRA","sql":"a","parts":[{"id":20}]}}}`,
		"short bound":    `{"format":2,"kind":"table","table":{"id":16,"columns":[{"id":1}],"primary":[{"column":1}],"partitioning":{"method":"RANGE","sql":"a","parts":[{"id":20}]}}}`,
		"missing index":  `{"format":2,"kind":"table","table":{"id":16,"columns":[{"id":1}],"primary":[{"column":1}],"indexes":[{"id":17,"parts":[{"column":1}]}],"partitioning":{"method":"HASH","sql":"a","parts":[{"id":20}]}}}`,
		"no database":    `{"format":3,"kind":"database"}`,
		"no name":        `{"format":3,"kind":"database","database":{}}`,
		"no collation":   `{"format":3,"kind":"database","database":{"collation":"utf8mb4_zebra_ci"}}`,
		"missing column": `{"format":1,"kind":"table","table":{"id":16,"primary":[{"column":7}]}}`,
	} {
		if _, err := decode(text); !errors.Is(err, base.ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzDescriptor(f *testing.F) {
	for _, t := range []*Table{sample(), partitioned(), encrypted()} {
		row, err := encodeTable(t)
		if err != nil {
			f.Fatal(err)
		}
		r := base.NewRowReader(row)
		_, v, _ := r.Next()
		f.Add(v.Text())
	}
	f.Add(`{"format":1,"kind":"view","view":{"id":16,"name":"v","columns":["a"],"sql":"select 1 as a"}}`)
	f.Add(`{"format":1,"kind":"table","table":{"id":16,"primary":[{"column":7}]}}`)
	f.Add(`{"format":3,"kind":"database","database":{"collation":"utf8mb4_0900_ai_ci"}}`)
	f.Fuzz(func(t *testing.T, text string) {
		d, err := decode(text)
		if err != nil {
			return
		}
		switch tab := d.Table; {
		case d.View != nil:
			_, err = encodeView(d.View)
		case d.Database != nil:
			_, err = encodeDatabase(d.Database)
		default:
			CreateSQL(tab, 7) // whatever decodes can be shown
			PartitionSQL(tab, func(string) bool { return false })
			tab.PartTables()
			_, err = encodeTable(tab)
		}
		if err != nil {
			t.Error(err)
		}
	})
}

func open(t *testing.T) *table.DB {
	t.Helper()
	db, err := table.Open(context.Background(), mem.New(), table.Options{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return db
}

func begin(t *testing.T, db *table.DB) *table.Tx {
	t.Helper()
	tx, err := db.Begin(context.Background(), table.TxOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return tx
}

func newTable(name string) *Table {
	return &Table{Name: name, NextColumnID: 1, Primary: []KeyPart{{Column: 1}},
		Columns: []Column{{ID: 1, Name: "id", Type: base.Type{ID: base.TypeInt}, NotNull: true}}}
}

func TestCreateAndDropAreTransactional(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), open(t)
	var cache Cache
	tx := begin(t, db)
	if err := Create(tx, newTable("A")); err != nil {
		t.Fatal(err)
	}
	if c, err := cache.Load(ctx, tx); err != nil || c.Table("a") == nil {
		t.Fatalf("the transaction does not see its own table: %v", err)
	}
	other := begin(t, db)
	if c, err := cache.Load(ctx, other); err != nil || c.Table("a") != nil {
		t.Fatalf("another transaction sees an uncommitted table: %v", err)
	}
	other.Rollback()
	if _, err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	tx = begin(t, db)
	c, err := cache.Load(ctx, tx)
	if err != nil || c.Table("A") == nil || c.ByID(c.Table("A").ID) == nil {
		t.Fatalf("a committed table is not there: %v", err)
	}
	if err := Create(tx, newTable("a")); base.KindOf(err) != base.KindInvalid {
		t.Errorf("the same name in another case: %v", err)
	}
	if err := Drop(tx, c.Table("A")); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	tx = begin(t, db)
	defer tx.Rollback()
	if c, err := cache.Load(ctx, tx); err != nil || len(c.Tables()) != 0 {
		t.Errorf("a dropped table is still there: %v", err)
	}
}

func TestConcurrentCreateOfOneNameConflicts(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), open(t)
	a, b := begin(t, db), begin(t, db)
	for _, tx := range []*table.Tx{a, b} {
		if err := Create(tx, newTable("t")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := a.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Commit(ctx); !errors.Is(err, base.ErrConflict) {
		t.Errorf("the second creator of a table: %v", err)
	}
}

func TestCreateRefusals(t *testing.T) {
	t.Parallel()
	db := open(t)
	tx := begin(t, db)
	defer tx.Rollback()
	twice := newTable("t")
	twice.Columns = append(twice.Columns, Column{ID: 2, Name: "ID"})
	index := newTable("t")
	index.Indexes = []Index{{Name: "x", Parts: index.Primary}, {Name: "X", Parts: index.Primary}}
	empty := newTable("t")
	empty.Columns = nil
	for name, c := range map[string]struct {
		t    *Table
		code uint16
	}{
		"no name":          {newTable(""), 1103},
		"long name":        {newTable(strings.Repeat("x", 65)), 1059},
		"column twice":     {twice, 1060},
		"index name twice": {index, 1061},
		"no column":        {empty, 1113},
	} {
		var e *base.Error
		if err := Create(tx, c.t); !errors.As(err, &e) || e.Number != c.code {
			t.Errorf("%s: %v, want error %d", name, err, c.code)
		}
	}
	if tx.Changed() {
		t.Error("a refused table was written")
	}
}
