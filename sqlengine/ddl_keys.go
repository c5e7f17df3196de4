package sqlengine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// addIndex adds a key to a descriptor.
func (r *run) addIndex(t *catalog.Table, d *ast.IndexDef) error {
	switch d.Kind {
	case "SPATIAL":
		return base.Errorf(errno.NotSupported, "%s indexes are not supported; docs/compatibility.md lists what is", d.Kind)
	case "FULLTEXT":
		return r.addText(t, d)
	}
	parts := make([]catalog.KeyPart, len(d.Columns))
	for i, ic := range d.Columns {
		p, err := r.keyPart(t, ic, d.Kind)
		if err != nil {
			return err
		}
		for _, q := range parts[:i] {
			if q.Column == p.Column {
				return base.Errorf(errno.DupFieldName, "Duplicate column name '%s'", ic.Name)
			}
		}
		parts[i] = p
	}
	if d.Kind == "PRIMARY" {
		if len(t.Primary) > 0 && !catalog.HiddenKey(t) {
			return base.Errorf(errno.MultiplePriKey, "Multiple primary key defined")
		}
		t.Primary = parts
		return nil
	}
	ix := catalog.Index{Name: d.Name, Unique: d.Kind == "UNIQUE", Parts: parts}
	if ix.Name == "" {
		first := d.Columns[0].Name
		if first == "" {
			first = "functional_index"
		}
		ix.Name = freeIndexName(t, first)
	}
	if strings.EqualFold(ix.Name, "PRIMARY") || strings.HasSuffix(ix.Name, " ") {
		return base.Errorf(errno.WrongNameForIndex, "Incorrect index name '%s'", ix.Name)
	}
	for _, o := range d.Options {
		text := ""
		if l, ok := o.Value.(*ast.Literal); ok {
			text = expr.Format(l.Value, l.Type)
		}
		switch o.Name {
		case "comment":
			ix.Comment = text
		case "using":
			ix.Using = text
		case "visible", "invisible":
			ix.Invisible = o.Name == "invisible"
		}
	}
	t.Indexes = append(t.Indexes, ix)
	return nil
}

func (r *run) keyPart(t *catalog.Table, ic ast.IndexColumn, kind string) (catalog.KeyPart, error) {
	if ic.Expr != nil {
		c, err := r.functionalPart(t, ic, kind)
		if err != nil {
			return catalog.KeyPart{}, err
		}
		return catalog.KeyPart{Column: c.ID, Desc: ic.Desc}, nil
	}
	c, i := t.Column(ic.Name)
	if c == nil {
		return catalog.KeyPart{}, base.Errorf(errno.KeyColumnMissing, "Key column '%s' doesn't exist in table", ic.Name)
	}
	if c.Type.Class() == base.JSON {
		return catalog.KeyPart{}, base.Errorf(errno.JSONKey, "JSON column '%s' supports indexing only via generated columns on a specified JSON path.", c.Name)
	}
	if kind == "PRIMARY" {
		t.Columns[i].NotNull = true
	}
	if kind == "PRIMARY" && c.Virtual() {
		return catalog.KeyPart{}, base.Errorf(errno.GeneratedUnsupported, "'Defining a virtual generated column as primary key' is not supported for generated columns.")
	}
	length, err := prefixLength(c, ic.Length)
	return catalog.KeyPart{Column: c.ID, Desc: ic.Desc, Prefix: length}, err
}

// prefixLength checks the length of a prefix key; that of the whole column is none.
func prefixLength(c *catalog.Column, n int) (int, error) {
	text := c.Type.Class() == base.String || c.Type.Class() == base.Bytes
	long := text && !catalog.Defaultable(c.Type)
	switch {
	case n == 0 && long:
		return 0, base.Errorf(errno.BlobKeyWithoutLength, "BLOB/TEXT column '%s' used in key specification without a key length", c.Name)
	case n > 0 && !text, n > c.Type.Length && c.Type.Length > 0:
		return 0, base.Errorf(errno.WrongSubKey, "Incorrect prefix key; the used key part isn't a string, the used length is longer than the key part, or the storage engine doesn't support unique prefix keys")
	case n == c.Type.Length:
		return 0, nil
	}
	return n, nil
}

// freeIndexName names an unnamed index after its first column, as MySQL does: a, a_2, a_3, …
func freeIndexName(t *catalog.Table, column string) string {
	name := column
	for n := 2; ; n++ {
		taken := strings.EqualFold(name, "PRIMARY")
		for _, ix := range t.Indexes {
			taken = taken || strings.EqualFold(ix.Name, name)
		}
		if !taken {
			return name
		}
		name = fmt.Sprintf("%s_%d", column, n)
	}
}

// nullablePrimary refuses a primary key on a column that was declared NULL.
func nullablePrimary(t *catalog.Table, defs []ast.ColumnDef) error {
	for i := range defs {
		c, _ := t.Column(defs[i].Name)
		if defs[i].Null && c != nil && slices.ContainsFunc(t.Primary, func(p catalog.KeyPart) bool { return p.Column == c.ID }) {
			return base.Errorf(errno.PrimaryCantHaveNull, "All parts of a PRIMARY KEY must be NOT NULL; if you need NULL in a key, use UNIQUE instead")
		}
	}
	return nil
}

// checkAutoIncrement checks that the AUTO_INCREMENT column leads a key.
func checkAutoIncrement(t *catalog.Table) error {
	if t.AutoIncrement == 0 || len(t.Primary) > 0 && t.Primary[0].Column == t.AutoIncrement {
		return nil
	}
	for _, ix := range t.Indexes {
		if ix.Parts[0].Column == t.AutoIncrement {
			return nil
		}
	}
	return wrongAuto()
}
