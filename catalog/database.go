package catalog

import (
	"encoding/json"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/collation"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/storage/table"
)

// databaseID is the id under which the descriptor of the database itself is kept. A database that has never been altered
// has none.
const databaseID uint32 = 1

// database is what ALTER DATABASE sets.
type database struct {
	Collation string `json:"collation"` // of tables that name none; never DefaultCollation
}

// Collation returns the collation of new tables that name none.
func (c *Catalog) Collation() string {
	if c.database == nil {
		return DefaultCollation
	}
	return c.database.Collation
}

// SetCollation makes name, which is known and in lower case, the collation of new tables that name none.
//
// Errors: those of tx.
func SetCollation(tx *table.Tx, name string) error {
	key := DescriptorKey(databaseID)
	if name == DefaultCollation { // other versions of s3sql can read the catalog again
		return tx.Delete(DescriptorTable, key)
	}
	row, err := encodeDatabase(&database{Collation: name})
	if err != nil {
		return err
	}
	return tx.Put(DescriptorTable, key, row)
}

// DependOnDatabase makes tx conflict with a concurrent SetCollation: what it creates has the collation that it saw.
func DependOnDatabase(tx *table.Tx) { tx.DependOn(DescriptorTable, DescriptorKey(databaseID)) }

func encodeDatabase(d *database) (string, error) {
	b, err := json.Marshal(document{Format: databaseFormat, Kind: "database", Database: d})
	if err != nil {
		return "", base.Errorf(errno.Unknown, "the descriptor of the database: %v", err)
	}
	return string(base.AppendField(nil, 1, base.NewBytes(string(b)))), nil
}

// complete reports whether the descriptor says what tables are to be made like.
func (d *database) complete() bool {
	return d != nil && d.Collation != "" && collation.Lookup(d.Collation) != nil
}
