package sqlengine

import (
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
)

// option changes an option of the table.
func (a *alteration) option(o *ast.Option) error {
	if o.Name == "auto_increment" {
		n, err := optionNumber(o)
		a.autoInc = n
		return err
	}
	if o.Name == "ttl" && a.old.Temporary {
		return temporaryTTL()
	}
	return tableOption(a.t, *o)
}

// convertCharset is CONVERT TO CHARACTER SET: the collation of the table and of all its text columns.
func (a *alteration) convertCharset(charset, collation string) error {
	if !knownCharset(charset) && charset != "default" {
		return base.Errorf(errno.UnknownCharset, "Unknown character set: '%s'", charset)
	}
	err := setCollation(a.t, collation)
	if charset == "default" && collation == "" {
		err = a.r.defaultCollation(a.t, nil, a.tx)
	}
	if err != nil {
		return err
	}
	for i := range a.t.Columns {
		if c := &a.t.Columns[i]; c.Type.Class() == base.String || len(c.Type.Elems) > 0 {
			c.Type.Collation = a.t.Collation
			if err := checkType(c); err != nil {
				return err
			}
		}
	}
	return nil
}
