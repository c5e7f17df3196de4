package catalog

import (
	"strings"
	"unicode/utf8"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
)

// Limits of MySQL 8.0 (reference manual, "Limits on Table Column Count and Row Size", "Identifier Length Limits", "InnoDB Limits").
const (
	maxColumns    = 4096
	maxNameLength = 64
	maxKeyParts   = 16
	maxKeyBytes   = 3072
	maxRowBytes   = 65535
)

// CheckName checks the length of a name.
//
// Errors: 1059.
func CheckName(name string) error {
	if utf8.RuneCountInString(name) > maxNameLength {
		return base.Errorf(errno.TooLongIdent, "Identifier name '%s' is too long", name)
	}
	return nil
}

func wellNamed(name string) bool {
	return name != "" && !strings.HasSuffix(name, " ") && !strings.ContainsRune(name, 0)
}

// CheckTableName checks the name of a table or a view.
//
// Errors: 1059, 1103.
func CheckTableName(name string) error {
	if !wellNamed(name) {
		return base.Errorf(errno.WrongTableName, "Incorrect table name '%s'", name)
	}
	return CheckName(name)
}

// CheckColumnName checks the name of a column.
//
// Errors: 1059, 1166.
func CheckColumnName(name string) error {
	if !wellNamed(name) {
		return base.Errorf(errno.WrongColumnName, "Incorrect column name '%s'", name)
	}
	return CheckName(name)
}

// checkSizes checks the sizes of keys and rows as MySQL computes them: what the widest values would take in its storage, whatever
// they take here.
//
// Errors: 1071, 1118.
func checkSizes(t *Table) error {
	for _, parts := range append([][]KeyPart{t.Primary}, indexParts(t)...) {
		total := 0
		for _, p := range parts {
			total += partBytes(&t.Columns[t.ColumnByID(p.Column)], p)
		}
		if total > maxKeyBytes {
			return base.Errorf(errno.KeyTooLong, "Specified key was too long; max key length is %d bytes", maxKeyBytes)
		}
	}
	if rowBytes(t) > maxRowBytes {
		return base.Errorf(errno.RowTooBig, "Row size too large. The maximum row size for the used table type, not counting BLOBs, is %d. "+
			"This includes storage overhead, check the manual. You have to change some columns to TEXT or BLOBs", maxRowBytes)
	}
	return nil
}

// partBytes is the size of the longest value that a part of a key takes of a column.
func partBytes(c *Column, p KeyPart) int {
	if p.Prefix > 0 {
		return p.Prefix * bytesPerChar(c.Type)
	}
	return storedBytes(c.Type)
}

func indexParts(t *Table) (out [][]KeyPart) {
	for i := range t.Indexes {
		out = append(out, t.Indexes[i].Parts)
	}
	return out
}

// rowBytes is the size of the longest row without what TEXT and BLOB columns keep elsewhere.
func rowBytes(t *Table) int {
	total, bits, varying := 0, 0, false
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.Hidden || c.Virtual() {
			continue
		}
		if !c.NotNull {
			bits++
		}
		total += storedBytes(c.Type)
		switch c.Type.ID {
		case base.TypeVarchar, base.TypeVarbinary:
			varying = true
			total++
			if storedBytes(c.Type) > 255 {
				total++
			}
		default:
			n := pointerBytes(c.Type)
			varying = varying || n > 0
			total += n
		}
	}
	if !varying {
		bits++ // rows of a fixed length have a mark of deletion
	}
	return total + (bits+7)/8
}

// pointerBytes is what a row has of a column whose values are kept elsewhere: a length and where they are. 0 for other columns.
func pointerBytes(t base.Type) int {
	const pointer = 8
	switch t.ID {
	case base.TypeTinyText, base.TypeTinyBlob:
		return 1 + pointer
	case base.TypeText, base.TypeBlob:
		return 2 + pointer
	case base.TypeMediumText, base.TypeMediumBlob:
		return 3 + pointer
	case base.TypeLongText, base.TypeLongBlob, base.TypeJSON, base.TypeVector:
		return 4 + pointer
	}
	return 0
}

// bytesPerChar is the size of the longest character of a text type, by the character set of its collation.
func bytesPerChar(t base.Type) int {
	if t.Class() != base.String {
		return 1
	}
	switch set, _, _ := strings.Cut(t.Collation, "_"); set {
	case "latin1", "ascii", "binary":
		return 1
	case "utf8", "utf8mb3":
		return 3
	}
	return 4
}

// MaxLength is the most characters that a VARCHAR of the type's collation can have.
func MaxLength(t base.Type) int { return maxRowBytes / bytesPerChar(t) }

// storedBytes is the size of the longest value of a type, without lengths before it; 0 for those kept elsewhere
// (reference manual, "Data Type Storage Requirements").
//
//lint:long one case a type
func storedBytes(t base.Type) int {
	fraction := (int(t.Scale) + 1) / 2
	switch t.ID {
	case base.TypeTinyInt, base.TypeYear:
		return 1
	case base.TypeSmallInt:
		return 2
	case base.TypeMediumInt, base.TypeDate:
		return 3
	case base.TypeInt, base.TypeFloat:
		return 4
	case base.TypeBigInt, base.TypeDouble:
		return 8
	case base.TypeDecimal:
		return digitBytes(int(t.Precision-t.Scale)) + digitBytes(int(t.Scale))
	case base.TypeTime:
		return 3 + fraction
	case base.TypeTimestamp:
		return 4 + fraction
	case base.TypeDateTime:
		return 5 + fraction
	case base.TypeBit:
		return (t.Length + 7) / 8
	case base.TypeUUID:
		return 16
	case base.TypeEnum:
		if len(t.Elems) > 255 {
			return 2
		}
		return 1
	case base.TypeSet:
		n := (len(t.Elems) + 7) / 8
		if n > 4 {
			return 8
		}
		return n
	case base.TypeChar, base.TypeVarchar, base.TypeBinary, base.TypeVarbinary:
		return t.Length * bytesPerChar(t)
	}
	return 0
}

// digitBytes is the size of so many decimal digits: nine in four bytes.
func digitBytes(n int) int {
	return n/9*4 + [9]int{0, 1, 1, 2, 2, 3, 3, 4, 4}[n%9]
}

// KeyBytes is the size of the first parts of a key as EXPLAIN tells it: with a byte for NULL and two for a length that varies.
func KeyBytes(t *Table, parts []KeyPart) int {
	total := 0
	for _, p := range parts {
		c := &t.Columns[t.ColumnByID(p.Column)]
		n := partBytes(c, p)
		if !c.NotNull {
			n++
		}
		if id := c.Type.ID; id == base.TypeVarchar || id == base.TypeVarbinary || pointerBytes(c.Type) > 0 {
			n += 2
		}
		total += n
	}
	return total
}
