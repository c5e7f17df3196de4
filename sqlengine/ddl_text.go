package sqlengine

import (
	"strings"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/exec"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// addText adds a full-text index to a descriptor.
func (r *run) addText(t *catalog.Table, d *ast.IndexDef) error {
	ix := catalog.Text{Name: d.Name}
	for _, ic := range d.Columns {
		c, _ := t.Column(ic.Name)
		switch {
		case ic.Expr != nil:
			return base.Errorf(errno.FunctionalIndexFullText, "Fulltext functional index is not supported")
		case c == nil:
			return base.Errorf(errno.KeyColumnMissing, "Key column '%s' doesn't exist in table", ic.Name)
		}
		for _, id := range ix.Columns {
			if id == c.ID {
				return base.Errorf(errno.DupFieldName, "Duplicate column name '%s'", ic.Name)
			}
		}
		ix.Columns = append(ix.Columns, c.ID) // MySQL ignores the length of a prefix
	}
	if ix.Name == "" {
		ix.Name = freeIndexName(t, d.Columns[0].Name)
	}
	for _, o := range d.Options {
		if err := textOption(&ix, o); err != nil {
			return err
		}
	}
	if _, err := exec.TextOptions(t, &ix); err != nil {
		return err
	}
	t.Texts = append(t.Texts, ix)
	return nil
}

// textOption notes an option of a full-text index; what its value means is checked when all are there.
func textOption(ix *catalog.Text, o ast.Option) error {
	l, ok := o.Value.(*ast.Literal)
	if o.Value != nil && !ok {
		return base.Errorf(errno.WrongArguments, "option %s of full-text index %s is not a constant", o.Name, ix.Name)
	}
	value := ""
	if ok {
		value = expr.Format(l.Value, l.Type)
	}
	switch o.Name {
	case "comment":
		ix.Comment = value
	case "parser":
		if !strings.EqualFold(value, "ngram") {
			return base.Errorf(errno.FunctionNotDefined, "Function '%s' is not defined", value)
		}
		ix.Parser = strings.ToLower(value)
	case "visible", "invisible":
		ix.Invisible = o.Name == "invisible"
	case "using", "key_block_size":
	default:
		for i := range ix.Options {
			if ix.Options[i].Name == o.Name {
				return base.Errorf(errno.WrongArguments, "option %s of full-text index %s is given twice", o.Name, ix.Name)
			}
		}
		ix.Options = append(ix.Options, catalog.Setting{Name: o.Name, Value: value})
	}
	return nil
}
