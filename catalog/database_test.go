package catalog

import (
	"context"
	"errors"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/storage/table"
)

func TestDatabaseGolden(t *testing.T) {
	t.Parallel()
	row, err := encodeDatabase(&database{Collation: "utf8mb4_0900_ai_ci"})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := decode(goldenText(t, "descriptor-v3.row", row)); err != nil || got.Database == nil || got.Database.Collation != "utf8mb4_0900_ai_ci" {
		t.Errorf("decoded %+v, %v", got, err)
	}
}

// TestSetCollation sets the collation of the database and back: the descriptor is there in between only.
func TestSetCollation(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), open(t)
	var cache Cache
	for _, name := range []string{DefaultCollation, "utf8mb4_general_ci", "binary", DefaultCollation} {
		tx := begin(t, db)
		if err := SetCollation(tx, name); err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Commit(ctx); err != nil {
			t.Fatal(err)
		}
		tx = begin(t, db)
		c, err := cache.Load(ctx, tx)
		if err != nil || c.Collation() != name || c.With(map[string]*Table{"t": newTable("t")}).Collation() != name || len(c.Tables()) != 0 {
			t.Errorf("%s: %v, %v", name, c, err)
		}
		if want := name != DefaultCollation; (tx.RowCount(DescriptorTable) == 1) != want {
			t.Errorf("%s: %d descriptors", name, tx.RowCount(DescriptorTable))
		}
		tx.Rollback()
	}
}

func TestConcurrentSetCollationConflicts(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), open(t)
	set := func(tx *table.Tx) error { return SetCollation(tx, "utf8mb4_general_ci") }
	create := func(tx *table.Tx) error {
		DependOnDatabase(tx)
		return Create(tx, newTable("t"))
	}
	for name, second := range map[string]func(*table.Tx) error{"another": set, "a table that depends on it": create} {
		a, b := begin(t, db), begin(t, db)
		if err := errors.Join(set(a), second(b)); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Commit(ctx); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Commit(ctx); !errors.Is(err, base.ErrConflict) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
