package system

import (
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// TextIndex is a row of system.fulltext_indexes.
type TextIndex struct {
	Table, Index string
	Fields       []string
	Documents    int
	Terms        int   // in the files; one that several have counts more than once
	Bytes        int64 // of the files
	Lag          int   // rows that no file has: they are indexed when they are searched
}

// TextTerm is a row of system.fulltext_terms.
type TextTerm struct {
	Index, Field, Term     string
	Documents, Occurrences int
}

// textSource is what the tables and functions ask of a session: expr.Context.Tables is one.
type textSource interface {
	TextIndexes() ([]TextIndex, error)
	TextTerms() ([]TextTerm, error)
	SuggestWords(table, letters string, n int) ([]TextTerm, error)
	TermsOf(table string) ([]TextTerm, error)
}

// textRows adapts a function to plan.RowSource.
type textRows func(textSource) ([][]base.Value, error)

// Rows calls the function.
func (f textRows) Rows(c *expr.Context) ([][]base.Value, error) {
	src, err := textSourceOf(c)
	if err != nil {
		return nil, err
	}
	return f(src)
}

func textSourceOf(c *expr.Context) (textSource, error) {
	src, ok := c.Tables.(textSource)
	if !ok {
		return nil, base.Errorf(errno.Unknown, "the statement has no full-text indexes to describe")
	}
	return src, nil
}

// FullTextIndexes is system.fulltext_indexes.
// Cost of reading it: a GET for each file whose tail is in no cache.
func FullTextIndexes() *plan.VirtualTable {
	return &plan.VirtualTable{Schema: Schema, Name: "fulltext_indexes", Current: true, Columns: []plan.Column{
		column("table_name", base.TypeVarchar), column("index_name", base.TypeVarchar), column("fields", base.TypeVarchar),
		column("documents", base.TypeBigInt), column("terms", base.TypeBigInt), column("bytes", base.TypeBigInt), column("lag", base.TypeBigInt),
	}, Source: textRows(func(src textSource) (out [][]base.Value, err error) {
		list, err := src.TextIndexes()
		for _, x := range list {
			out = append(out, []base.Value{base.NewString(x.Table), base.NewString(x.Index), base.NewString(strings.Join(x.Fields, ",")),
				base.NewInt(int64(x.Documents)), base.NewInt(int64(x.Terms)), base.NewInt(x.Bytes), base.NewInt(int64(x.Lag))})
		}
		return out, err
	})}
}

var termColumns = []plan.Column{column("index_name", base.TypeVarchar), column("field", base.TypeVarchar), column("term", base.TypeVarchar),
	column("documents", base.TypeBigInt), column("occurrences", base.TypeBigInt)}

func (t *TextTerm) row() []base.Value {
	return []base.Value{base.NewString(t.Index), base.NewString(t.Field), base.NewString(t.Term), base.NewInt(int64(t.Documents)),
		base.NewInt(int64(t.Occurrences))}
}

// FullTextTerms is system.fulltext_terms: the terms of all indexes.
// Cost of reading it: the GETs of the dictionaries.
func FullTextTerms() *plan.VirtualTable {
	return &plan.VirtualTable{Schema: Schema, Name: "fulltext_terms", Current: true, Columns: termColumns,
		Source: textRows(func(src textSource) (out [][]base.Value, err error) {
			list, err := src.TextTerms()
			for i := range list {
				out = append(out, list[i].row())
			}
			return out, err
		})}
}

// tableFunc is a function in FROM about the session's database.
type tableFunc func(src textSource, args []base.Value) ([][]base.Value, error)

// Rows implements plan.TableFunction.
func (f tableFunc) Rows(c *expr.Context, args []base.Value, yield func([]base.Value) error) error {
	src, err := textSourceOf(c)
	if err != nil {
		return err
	}
	rows, err := f(src, args)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if err := yield(row); err != nil {
			return err
		}
	}
	return nil
}

// Current implements plan.CurrentFunction.
func (f tableFunc) Current() bool { return true }

// suggestions is how many words FT_SUGGEST has where no number is given, suggestionsMax how many at most.
const (
	suggestions    = 10
	suggestionsMax = 1000
)

// Suggest is FT_SUGGEST(table, letters [, n]): the n most frequent words that begin with some letters.
func Suggest(args []expr.Expr) (plan.TableFunction, []plan.Column, error) {
	if len(args) != 2 && len(args) != 3 {
		return nil, nil, base.Errorf(errno.WrongParamCount, "Incorrect parameter count in the call to native function 'FT_SUGGEST'")
	}
	cols := []plan.Column{column("word", base.TypeVarchar), column("occurrences", base.TypeBigInt)}
	return tableFunc(func(src textSource, v []base.Value) (out [][]base.Value, err error) {
		n := suggestions
		if len(v) == 3 {
			if c := v[2].Class(); c != base.Int && c != base.Uint || v[2].Int() < 1 || v[2].Int() > suggestionsMax {
				return nil, base.Errorf(errno.WrongArguments, "Incorrect arguments to FT_SUGGEST: the number of words is from 1 to %d", suggestionsMax)
			}
			n = int(v[2].Int())
		}
		name, letters, err := twoTexts("FT_SUGGEST", v)
		if err != nil {
			return nil, err
		}
		list, err := src.SuggestWords(name, letters, n)
		for i := range list {
			out = append(out, []base.Value{base.NewString(list[i].Term), base.NewInt(int64(list[i].Occurrences))})
		}
		return out, err
	}), cols, nil
}

func twoTexts(function string, v []base.Value) (a, b string, err error) {
	for _, x := range v[:2] {
		if x.Class() != base.String {
			return "", "", base.Errorf(errno.WrongArguments, "Incorrect arguments to %s: it takes the name of a table and letters, both texts", function)
		}
	}
	return v[0].Text(), v[1].Text(), nil
}

// TermsOf is FT_TERMS(table): the terms of its full-text indexes.
func TermsOf(args []expr.Expr) (plan.TableFunction, []plan.Column, error) {
	if len(args) != 1 {
		return nil, nil, base.Errorf(errno.WrongParamCount, "Incorrect parameter count in the call to native function 'FT_TERMS'")
	}
	return tableFunc(func(src textSource, v []base.Value) (out [][]base.Value, err error) {
		if v[0].Class() != base.String {
			return nil, base.Errorf(errno.WrongArguments, "Incorrect arguments to FT_TERMS: it takes the name of a table, a text")
		}
		list, err := src.TermsOf(v[0].Text())
		for i := range list {
			out = append(out, list[i].row())
		}
		return out, err
	}), termColumns, nil
}
