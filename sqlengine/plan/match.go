package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// TextSearch is what a MATCH … AGAINST looks for. All expressions of a statement that mean the same search share one.
type TextSearch struct {
	Table   *catalog.Table
	Alias   string
	Index   *catalog.Text
	Fields  []int // of the index: positions in Index.Columns
	Mode    string
	Against expr.Expr // of no row

	uses int // expressions that ask for a score
}

// String shows the search as MATCH … AGAINST.
func (s *TextSearch) String() string {
	cols := s.Table.TextColumns(s.Index)
	names := make([]string, len(s.Fields))
	for i, f := range s.Fields {
		names[i] = cols[f]
	}
	mode := map[string]string{"BOOLEAN": " in boolean mode", "EXPANSION": " with query expansion"}[s.Mode]
	return fmt.Sprintf("match %s (%s) against (%s%s)", s.Alias, strings.Join(names, ", "), s.Against, mode)
}

// TextKind is what a Match says of a row.
type TextKind uint8

// The kinds.
const (
	TextScore  TextKind = iota // the score; 0 where the row does not match
	TextShare                  // the score as a part of the best one's: MATCH_SCORE
	TextFields                 // the columns that match, as a JSON array: MATCHED_FIELDS
	TextWords                  // the words of the query that match, as a JSON array: MATCHED_WORDS
	TextMarked                 // a column with its matches marked: HIGHLIGHT
	TextPart                   // the part of a column that has most of them: SNIPPET
)

var textFunctions = map[string]TextKind{"MATCH_SCORE": TextShare, "MATCHED_FIELDS": TextFields, "MATCHED_WORDS": TextWords,
	"HIGHLIGHT": TextMarked, "SNIPPET": TextPart}

func isTextFunction(name string) bool {
	_, ok := textFunctions[name]
	return ok
}

// Match is an expression about a search: MATCH … AGAINST and the functions that stand beside it.
type Match struct {
	Search *TextSearch
	Kind   TextKind
	// Args are the columns of the primary key, for scores; the searched columns; or the arguments of HIGHLIGHT and SNIPPET.
	Args []expr.Expr
}

// TextRunner runs searches; package exec provides it as expr.Context.Subqueries.
type TextRunner interface {
	Match(ctx *expr.Context, m *Match, b *vec.Batch) (*vec.Vector, error)
}

// Type returns the result type.
func (m *Match) Type() base.Type {
	switch m.Kind {
	case TextScore, TextShare:
		return base.Type{ID: base.TypeDouble}
	case TextFields, TextWords:
		return base.Type{ID: base.TypeJSON}
	}
	return base.Type{ID: base.TypeLongText, Length: 1 << 30, Collation: m.Args[0].Type().Collation}
}

// Nullable reports whether the result can be NULL: where a table's row is missing, in an outer join.
func (m *Match) Nullable() bool { return slices.ContainsFunc(m.Args, expr.Expr.Nullable) }

// Eval runs the search through the context's TextRunner.
func (m *Match) Eval(ctx *expr.Context, b *vec.Batch) (*vec.Vector, error) {
	r, ok := ctx.Subqueries.(TextRunner)
	if !ok {
		return nil, base.Errorf(errno.NotSupported, "MATCH … AGAINST is not allowed here")
	}
	return r.Match(ctx, m, b)
}

// Children returns Args.
func (m *Match) Children() []expr.Expr { return m.Args }

// WithChildren returns the expression over other columns.
func (m *Match) WithChildren(c []expr.Expr) expr.Expr {
	out := *m
	out.Args = c
	return &out
}

// Same reports whether e is about the same search.
func (m *Match) Same(e expr.Expr) bool {
	o, ok := e.(*Match)
	return ok && o.Search == m.Search && o.Kind == m.Kind
}

// String describes the expression for messages and EXPLAIN.
func (m *Match) String() string {
	for name, kind := range textFunctions {
		if kind == m.Kind {
			return strings.ToLower(name) + "(" + m.Search.String() + ")"
		}
	}
	return m.Search.String()
}

// matchesOf returns the MATCHes of a query, those of its subqueries not included.
func matchesOf(s *ast.Select) (list []*ast.Match) {
	collect := func(n any) bool {
		switch n := n.(type) {
		case *ast.Match:
			list = append(list, n)
		case *ast.Subquery, *ast.Exists, *ast.Quantified:
			return false
		}
		return true
	}
	if s.Where != nil {
		ast.Inspect(s.Where, collect)
	}
	ast.Inspect(s.Items, collect)
	if s.Having != nil {
		ast.Inspect(s.Having, collect)
	}
	ast.Inspect(s.OrderBy, collect)
	return list
}

// match binds MATCH … AGAINST.
func (b *binder) match(e *ast.Match) (expr.Expr, error) {
	s, first, err := b.search(e)
	if err != nil {
		return nil, err
	}
	key, err := b.keyColumns(s, first)
	s.uses++
	return &Match{Search: s, Kind: TextScore, Args: key}, err
}

// search finds the index of a MATCH. first is the column that is named first.
func (b *binder) search(e *ast.Match) (s *TextSearch, first *scopeCol, err error) {
	s = &TextSearch{Mode: e.Mode}
	var ids []uint32
	for _, ref := range e.Columns {
		c, err := b.scope.find(ref)
		if err != nil {
			return nil, nil, b.inClause(err)
		}
		if c == nil {
			_, err := b.column(ref) // whose error says what is wrong
			if err == nil {
				err = base.Errorf(errno.WrongArguments, "Incorrect arguments to MATCH: column '%s' belongs to a query around this one", ref.Name)
			}
			return nil, nil, err
		}
		if c.shut != nil {
			return nil, nil, c.shut
		}
		src, ok := b.p.sources[c.id]
		if !ok || c.def != nil {
			return nil, nil, base.Errorf(errno.WrongArguments, "Incorrect arguments to MATCH: '%s' is no column of a table", ref.Name)
		}
		if first == nil {
			first, s.Table, s.Alias = c, src.table, c.Table
		} else if first.Table != c.Table || first.schema != c.schema {
			return nil, nil, base.Errorf(errno.WrongArguments, "Incorrect arguments to MATCH: its columns are of several tables")
		}
		ids = append(ids, src.table.Columns[src.column].ID)
	}
	if s.Index, s.Fields = textIndexOf(s.Table, ids, b.p.UseInvisible); s.Index == nil {
		return nil, nil, noTextIndex(s.Table, e)
	}
	if s.Against, err = b.expr(e.Against); err != nil {
		return nil, nil, err
	}
	if b.p.readsRow(s.Against) {
		return nil, nil, base.Errorf(errno.WrongArguments, "Incorrect arguments to AGAINST: it has to be the same for all rows")
	}
	for _, other := range b.p.searches {
		if other.Table == s.Table && other.Alias == s.Alias && other.Index == s.Index && other.Mode == s.Mode &&
			slices.Equal(other.Fields, s.Fields) && expr.Equal(other.Against, s.Against) {
			return other, first, nil
		}
	}
	b.p.searches = append(b.p.searches, s)
	return s, first, nil
}

// readsRow reports whether an expression depends on a row, of this query or one around it, or runs a query.
func (p *planner) readsRow(e expr.Expr) bool {
	_, column := expr.AsColumn(e)
	_, query := e.(*Subquery)
	i, param := expr.AsParam(e)
	return column || query || param && i >= len(p.Params) || slices.ContainsFunc(e.Children(), p.readsRow)
}

// textIndexOf returns the full-text index with these columns, or else the one with the fewest others beside them.
func textIndexOf(t *catalog.Table, ids []uint32, invisible bool) (best *catalog.Text, fields []int) {
	for i := range t.Texts {
		ix := &t.Texts[i]
		if ix.Invisible && !invisible || best != nil && len(best.Columns) <= len(ix.Columns) {
			continue
		}
		var at []int
		for _, id := range ids {
			if k := slices.Index(ix.Columns, id); k >= 0 && !slices.Contains(at, k) {
				at = append(at, k)
			}
		}
		if len(at) == len(ids) {
			slices.Sort(at)
			best, fields = ix, at
		}
	}
	return best, fields
}

func noTextIndex(t *catalog.Table, e *ast.Match) error {
	var names []string
	for _, c := range e.Columns {
		names = append(names, c.Name)
	}
	return base.Errorf(errno.NoMatchingKey, "Can't find FULLTEXT index matching the column list; CREATE FULLTEXT INDEX %s ON %s (%s) makes one",
		names[0], t.Name, strings.Join(names, ", "))
}

// keyColumns returns the columns of the primary key of the table that a search is in.
func (b *binder) keyColumns(s *TextSearch, of *scopeCol) (key []expr.Expr, err error) {
	start := of.id - b.p.sources[of.id].column // columns of a table are numbered one after the other
	for _, part := range s.Table.Primary {
		id := start + s.Table.ColumnByID(part.Column)
		at := slices.IndexFunc(b.scope.cols, func(c scopeCol) bool { return c.id == id })
		if at < 0 {
			return nil, base.Errorf(errno.NotSupported, "MATCH on '%s' has to name the columns of a table, not those of a view or of a derived table", of.Table)
		}
		key = append(key, b.scope.cols[at].ref())
	}
	return key, nil
}

// textFunction binds a function about a MATCH of the same query.
func (b *binder) textFunction(e *ast.Call) (expr.Expr, error) {
	kind := textFunctions[e.Name]
	alias := ""
	args := e.Args
	if kind <= TextWords {
		if len(args) > 1 {
			return nil, base.Errorf(errno.WrongParamCount, "Incorrect parameter count in the call to native function '%s'", e.Name)
		}
		for _, a := range args {
			ref, ok := a.(*ast.ColumnRef)
			if !ok || ref.Table != "" {
				return nil, base.Errorf(errno.WrongArguments, "Incorrect arguments to %s: it takes the name of a table", e.Name)
			}
			alias = ref.Name
		}
		args = nil
	}
	bound, err := b.exprs(args)
	if err != nil {
		return nil, err
	}
	m, first, at, err := b.matchFor(e.Name, alias, bound)
	if err != nil {
		return nil, err
	}
	out := &Match{Search: m, Kind: kind, Args: bound}
	switch kind {
	case TextShare:
		out.Args, err = b.keyColumns(m, first)
		m.uses++
	case TextFields, TextWords:
		for _, ref := range at.Columns {
			c, err := b.column(ref)
			if err != nil {
				return nil, err
			}
			out.Args = append(out.Args, c)
		}
	default:
		err = checkMarks(e.Name, kind, bound)
	}
	return out, err
}

// checkMarks checks the arguments of HIGHLIGHT(text [, before, behind]) and SNIPPET(text [, words]).
func checkMarks(name string, kind TextKind, args []expr.Expr) error {
	if n := len(args); n == 1 || kind == TextMarked && n == 3 || kind == TextPart && n == 2 {
		return nil
	}
	return base.Errorf(errno.WrongParamCount, "Incorrect parameter count in the call to native function '%s'", name)
}

// matchFor returns the search of the query that a function is about: that of an alias, that of the column which is its first argument, or
// the first one.
func (b *binder) matchFor(name, alias string, args []expr.Expr) (*TextSearch, *scopeCol, *ast.Match, error) {
	for _, at := range b.scope.matches {
		s, first, err := b.search(at)
		if err != nil {
			return nil, nil, nil, err
		}
		if alias != "" && !strings.EqualFold(alias, s.Alias) {
			continue
		}
		if len(args) > 0 {
			id, ok := expr.AsColumn(args[0])
			src, known := b.p.sources[id]
			if ok && known && src.table != s.Table {
				continue
			}
		}
		return s, first, at, nil
	}
	of := ""
	if alias != "" {
		of = " of " + alias
	}
	return nil, nil, nil, base.Errorf(errno.WrongArguments, "Incorrect arguments to %s: the query has no MATCH … AGAINST%s", name, of)
}
