package sqlengine

import (
	"cmp"
	"slices"
	"strings"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/fts"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/exec"
	"github.com/s3sql/s3sql/sqlengine/plan"
	"github.com/s3sql/s3sql/sqlengine/system"
)

// TextIndexes describes the full-text indexes, for system.fulltext_indexes. It makes no file: what searches would have to index first
// is the lag.
func (r *infoSource) TextIndexes() (out []system.TextIndex, err error) {
	return out, r.eachText("", func(t *catalog.Table, ix *catalog.Text, made *exec.TextIndex) error {
		s := system.TextIndex{Table: t.Name, Index: ix.Name, Fields: made.Columns}
		for _, part := range t.PartTables() {
			s.Documents += r.tx.RowCount(part.ID)
			in, err := r.tx.TextStorage(r.ctx, part.ID, &made.Storage)
			if err != nil {
				return err
			}
			s.Bytes += in.Bytes
			s.Lag += in.Unindexed
			s.Terms += in.Terms
		}
		out = append(out, s)
		return nil
	})
}

// TextTerms describes the terms of all full-text indexes, for system.fulltext_terms.
func (r *infoSource) TextTerms() (out []system.TextTerm, err error) {
	return out, r.eachText("", func(t *catalog.Table, ix *catalog.Text, made *exec.TextIndex) error {
		return r.termsOf(t, ix, made, "", func(term system.TextTerm) { out = append(out, term) })
	})
}

// eachText calls fn with the full-text indexes of a table, or of all.
//
// Errors: 1146, 1191 (the table has none).
func (r *infoSource) eachText(name string, fn func(t *catalog.Table, ix *catalog.Text, made *exec.TextIndex) error) error {
	cat, err := (*run)(r).catalog(r.tx)
	if err != nil {
		return err
	}
	tables := cat.Tables()
	if name != "" {
		t := cat.Table(name)
		switch {
		case t == nil:
			return plan.NoSuchTable(cat, r.s.e.cfg.Database, name)
		case len(t.Texts) == 0:
			return base.Errorf(errno.NoMatchingKey, "Table '%s' has no FULLTEXT index", t.Name)
		}
		tables = []*catalog.Table{t}
	}
	slices.SortFunc(tables, func(a, b *catalog.Table) int { return strings.Compare(a.Name, b.Name) })
	for _, t := range tables {
		for i := range t.Texts {
			made, err := r.s.e.texts.Of(t, &t.Texts[i])
			if err == nil {
				err = fn(t, &t.Texts[i], made)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// termsOf calls fn with the terms of an index that begin with prefix, in the order of the fields and terms.
func (r *infoSource) termsOf(t *catalog.Table, ix *catalog.Text, made *exec.TextIndex, prefix string, fn func(system.TextTerm)) error {
	var parts []fts.Part
	for _, part := range t.PartTables() {
		list, err := r.tx.Texts(r.ctx, part.ID, &made.Storage)
		if err != nil {
			return err
		}
		parts = append(parts, exec.SearchParts(list)...)
	}
	fields := make([]int, len(made.Columns))
	for i := range fields {
		fields[i] = i
	}
	var list []fts.TermCount
	if err := fts.Terms(r.ctx, parts, fields, prefix, func(c fts.TermCount) { list = append(list, c) }); err != nil {
		return exec.TextError(err)
	}
	slices.SortFunc(list, func(a, b fts.TermCount) int {
		return cmp.Or(cmp.Compare(a.Field, b.Field), strings.Compare(a.Text, b.Text))
	})
	for _, c := range list {
		fn(system.TextTerm{Index: ix.Name, Field: made.Columns[c.Field], Term: c.Text, Documents: c.Docs, Occurrences: c.Tokens})
	}
	return nil
}

// tableFunction is plan.Env.TableFunction.
func (s *Session) tableFunction(name string) plan.TableFunctionDef {
	switch name {
	case "FT_SUGGEST":
		return system.Suggest
	case "FT_TERMS":
		return system.TermsOf
	}
	return s.e.customTableFunction(name)
}

// SuggestWords returns the words of a table's full-text indexes that begin with some letters, the most frequent first, at most n.
func (r *infoSource) SuggestWords(name, letters string, n int) (out []system.TextTerm, err error) {
	all := map[string]*system.TextTerm{}
	err = r.eachText(name, func(t *catalog.Table, ix *catalog.Text, made *exec.TextIndex) error {
		own := map[string]*system.TextTerm{} // a word that several indexes have counts once
		for _, prefix := range made.Analyzer.Prefixes(letters) {
			err := r.termsOf(t, ix, made, prefix, func(term system.TextTerm) {
				if own[term.Term] == nil {
					own[term.Term] = &system.TextTerm{Term: term.Term}
				}
				own[term.Term].Occurrences += term.Occurrences
			})
			if err != nil {
				return err
			}
		}
		for text, term := range own {
			if all[text] == nil || all[text].Occurrences < term.Occurrences {
				all[text] = term
			}
		}
		return nil
	})
	for _, t := range all {
		out = append(out, *t)
	}
	slices.SortFunc(out, func(a, b system.TextTerm) int {
		return cmp.Or(cmp.Compare(b.Occurrences, a.Occurrences), strings.Compare(a.Term, b.Term))
	})
	return out[:min(n, len(out))], err
}

// TermsOf returns the terms of a table's full-text indexes.
func (r *infoSource) TermsOf(name string) (out []system.TextTerm, err error) {
	return out, r.eachText(name, func(t *catalog.Table, ix *catalog.Text, made *exec.TextIndex) error {
		return r.termsOf(t, ix, made, "", func(term system.TextTerm) { out = append(out, term) })
	})
}
