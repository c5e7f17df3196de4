package catalog

import (
	"slices"
	"strconv"
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
)

// Text describes a full-text index. Its files lie beside the segments of the table and name it by ID: one that means something else, by
// its columns or options, has another ID.
type Text struct {
	ID        uint32    `json:"id"`
	Name      string    `json:"name"`
	Columns   []uint32  `json:"columns"`
	Options   []Setting `json:"options,omitempty"` // those that were given, in their order
	Parser    string    `json:"parser,omitempty"`  // WITH PARSER, for SHOW
	Invisible bool      `json:"invisible,omitempty"`
	Comment   string    `json:"comment,omitempty"`
}

// Setting is an option of a plugin's object or a full-text index.
type Setting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// TextRowsMax is how many rows of a table with a full-text index may wait for a flush: the first search of a process has to index as
// many.
const TextRowsMax = 1000

// TextColumns returns the names of the index's columns.
func (t *Table) TextColumns(ix *Text) []string {
	names := make([]string, len(ix.Columns))
	for i, id := range ix.Columns {
		names[i] = t.Columns[t.ColumnByID(id)].Name
	}
	return names
}

// TextByName returns the full-text index of a name; nil: there is none.
func (t *Table) TextByName(name string) *Text {
	for i := range t.Texts {
		if equalFold(t.Texts[i].Name, name) {
			return &t.Texts[i]
		}
	}
	return nil
}

// DropTextColumn takes a column out of the full-text indexes. One without columns goes with it.
func (t *Table) DropTextColumn(column uint32) {
	t.Texts = slices.DeleteFunc(t.Texts, func(ix Text) bool { return len(ix.Columns) == 1 && ix.Columns[0] == column })
	for i := range t.Texts {
		ix := &t.Texts[i]
		if at := slices.Index(ix.Columns, column); at >= 0 {
			ix.Columns, ix.ID = slices.Delete(slices.Clone(ix.Columns), at, at+1), 0
		}
	}
}

// MaxResults returns the option max_results; 0 where it is not given.
func (ix *Text) MaxResults() (n int) {
	for _, o := range ix.Options {
		if o.Name == "max_results" {
			n, _ = strconv.Atoi(o.Value) // the option was checked when it was given
		}
	}
	return n
}

// checkTexts checks the columns of full-text indexes and the names of those that names has not.
func checkTexts(t *Table, names map[string]bool) error {
	for i := range t.Texts {
		ix := &t.Texts[i]
		if err := checkKey(ix.Name, len(ix.Columns), names); err != nil {
			return err
		}
		for _, id := range ix.Columns {
			c := &t.Columns[t.ColumnByID(id)]
			if class := c.StoredType().Class(); c.Virtual() || c.Encrypted != "" || class != base.String && class != base.JSON || c.Type.ID == base.TypeEnum || c.Type.ID == base.TypeSet {
				return base.Errorf(errno.BadFullTextColumn, "Column '%s' cannot be part of FULLTEXT index", c.Name)
			}
		}
	}
	return nil
}

// textSQL is the line of SHOW CREATE TABLE.
func textSQL(t *Table, ix *Text) string {
	var cols []string
	for _, name := range t.TextColumns(ix) {
		cols = append(cols, QuoteName(name))
	}
	s := "FULLTEXT KEY " + QuoteName(ix.Name) + " (" + strings.Join(cols, ",") + ")"
	if ix.Parser != "" {
		s += " /*!50100 WITH PARSER " + QuoteName(ix.Parser) + " */ "
	}
	if ix.Comment != "" {
		s += " COMMENT " + QuoteString(ix.Comment)
	}
	if ix.Invisible {
		s += " /*!80000 INVISIBLE */"
	}
	if len(ix.Options) > 0 {
		var list []string
		for _, o := range ix.Options {
			list = append(list, o.Name+" = "+QuoteString(o.Value))
		}
		s += " WITH (" + strings.Join(list, ", ") + ")"
	}
	return s
}
