package sqlengine

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/exec"
	"github.com/s3sql/s3sql/storage/table"
)

// buildTexts makes the files of the full-text indexes of a table that have none, after the commit of the statement that has made them:
// what is committed meanwhile has its own. A search does not need them, but would have to make them. Within a transaction they are left
// to searches and to maintenance.
func (r *run) buildTexts(t *catalog.Table, again bool) error {
	if r.s.tx != nil || t == nil || len(t.Texts) == 0 || t.Temporary || r.s.e.cfg.Private {
		return nil
	}
	for _, part := range t.PartTables() {
		if err := r.s.e.db.Flush(r.ctx, part.ID); err != nil {
			return err
		}
		for i := range t.Texts {
			ix, err := r.s.e.texts.Of(t, &t.Texts[i])
			if err != nil {
				return err
			}
			err = r.s.e.db.BuildTexts(r.ctx, part.ID, &ix.Storage, again, func(done, rows int) error {
				r.s.process.note(fmt.Sprintf("indexing %s.%s: %d of %d rows", t.Name, t.Texts[i].Name, done, rows))
				return nil
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// text returns the full-text index in the new descriptor that had a name before the statement; nil: there was none.
func (a *alteration) text(name string) *catalog.Text {
	was := a.old.TextByName(name)
	if was == nil {
		return nil
	}
	for i := range a.t.Texts {
		if a.t.Texts[i].ID == was.ID {
			return &a.t.Texts[i]
		}
	}
	return nil
}

// queryOptions are those of a full-text index that do not change what its files say.
var queryOptions = []string{"fuzzy", "weights", "max_results", "highlight", "batch_size"}

// alterText is ALTER FULLTEXT INDEX. An index whose terms become others gets another id, so that no file of it is there.
func (a *alteration) alterText(c *ast.AlterAction) error {
	ix := a.text(c.Name)
	if ix == nil {
		return base.Errorf(errno.KeyDoesNotExist, "Key '%s' doesn't exist in table '%s'", c.Name, a.old.Name)
	}
	if c.Kind == ast.RebuildText {
		ix.ID = 0
		return nil
	}
	given := catalog.Text{Name: ix.Name}
	for _, o := range c.Index.Options {
		if err := textOption(&given, o); err != nil {
			return err
		}
	}
	for _, o := range given.Options {
		at := slices.IndexFunc(ix.Options, func(s catalog.Setting) bool { return s.Name == o.Name })
		if at < 0 {
			ix.Options = append(ix.Options, o)
		} else {
			ix.Options[at] = o
		}
		if !slices.Contains(queryOptions, o.Name) {
			ix.ID = 0
		}
	}
	if given.Comment != "" {
		ix.Comment = given.Comment
	}
	_, err := exec.TextOptions(a.t, ix)
	return err
}

// searchMost is how many rows SEARCH returns where neither a LIMIT nor an index says how many.
const searchMost = 100

// search is SEARCH: a union of a query of each table, best first. Scores are parts of the best one of all.
func (r *run) search(n *ast.Search) (*Result, error) {
	tx, done, err := r.readTx()
	if err != nil {
		return nil, err
	}
	sql, err := r.searchSQL(n, tx)
	if err = done(err); err != nil {
		return nil, err
	}
	q, err := r.s.e.parseQuery(sql)
	if err != nil {
		return nil, err
	}
	ast.Inspect(q, func(x any) bool {
		if m, ok := x.(*ast.Match); ok {
			m.Against = n.Words
		}
		return true
	})
	return r.query(&statement{stmt: q}, q)
}

func (r *run) searchSQL(n *ast.Search, tx *table.Tx) (string, error) {
	cat, err := r.catalog(tx)
	if err != nil {
		return "", err
	}
	limit, asked, most := "", 0, 0
	if n.Limit != nil {
		if limit, asked, err = limitSQL(n.Limit); err != nil {
			return "", err
		}
	}
	var parts []string
	for _, name := range n.Tables {
		t, err := r.tableIn(cat, name)
		if err != nil {
			return "", err
		}
		if len(t.Texts) == 0 {
			return "", base.Errorf(errno.NoMatchingKey, "Table '%s' has no FULLTEXT index; CREATE FULLTEXT INDEX name ON %s (columns) makes one", t.Name, t.Name)
		}
		o, err := exec.TextOptions(t, &t.Texts[0])
		if err != nil {
			return "", err
		}
		own := cmp.Or(asked, o.MaxResults, searchMost)
		most += own
		parts = append(parts, tableSearch(t, n.Mode, own))
	}
	if limit == "" {
		limit = fmt.Sprint(" LIMIT ", most)
	}
	return "SELECT table_name, id, score / MAX(score) OVER () AS score, snippet FROM (" + strings.Join(parts, " UNION ALL ") +
		") AS found ORDER BY score DESC, table_name" + limit, nil
}

// tableSearch returns the query of the best rows of one table.
func tableSearch(t *catalog.Table, mode string, best int) string {
	ix := &t.Texts[0]
	for i := range t.Texts { // the one with the most columns
		if len(t.Texts[i].Columns) > len(ix.Columns) {
			ix = &t.Texts[i]
		}
	}
	var cols []string
	for _, c := range t.TextColumns(ix) {
		cols = append(cols, catalog.QuoteName(c))
	}
	how := map[string]string{"BOOLEAN": " IN BOOLEAN MODE", "EXPANSION": " WITH QUERY EXPANSION"}[mode]
	match := "MATCH(" + strings.Join(cols, ", ") + ") AGAINST (''" + how + ")"
	return fmt.Sprintf("(SELECT %s AS table_name, %s AS id, %s AS score, SNIPPET(CONCAT_WS(' … ', %s)) AS snippet FROM %s WHERE %s ORDER BY score DESC LIMIT %d)",
		catalog.QuoteString(t.Name), keySQL(t), match, strings.Join(cols, ", "), catalog.QuoteName(t.Name), match, best)
}

// keySQL returns an expression for the primary key as JSON: its value, or an object of several; NULL where nobody can name it.
func keySQL(t *catalog.Table) string {
	if catalog.HiddenKey(t) {
		return "CAST(NULL AS JSON)"
	}
	var pairs []string
	for _, p := range t.Primary {
		name := t.Columns[t.ColumnByID(p.Column)].Name
		if len(t.Primary) == 1 {
			return "JSON_EXTRACT(JSON_ARRAY(" + catalog.QuoteName(name) + "), '$[0]')"
		}
		pairs = append(pairs, catalog.QuoteString(name)+", "+catalog.QuoteName(name))
	}
	return "JSON_OBJECT(" + strings.Join(pairs, ", ") + ")"
}

// limitSQL writes a LIMIT of constants, and returns how many rows it looks at.
func limitSQL(l *ast.Limit) (out string, rows int, err error) {
	for i, e := range []ast.Expr{l.Count, l.Offset} {
		if e == nil {
			continue
		}
		lit, ok := e.(*ast.Literal)
		if !ok {
			return "", 0, base.Errorf(errno.Parse, "the LIMIT of SEARCH is a number")
		}
		rows += int(min(lit.Value.Int(), 1<<30))
		out += []string{" LIMIT ", " OFFSET "}[i] + fmt.Sprint(lit.Value.Int())
	}
	return out, rows, nil
}
