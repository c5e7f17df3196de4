package exec

import (
	"github.com/s3sql/s3sql/fts"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/expr/convert"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

var _ plan.TextRunner = (*runner)(nil)

// Match implements plan.TextRunner.
func (r *runner) Match(ctx *expr.Context, m *plan.Match, b *vec.Batch) (*vec.Vector, error) {
	run, err := r.ec.search(r.ec.Tx, m.Search)
	if err != nil {
		return nil, err
	}
	args := make([]*vec.Vector, len(m.Args))
	if err := evalAll(ctx, m.Args, b, args); err != nil {
		return nil, err
	}
	if m.Kind <= plan.TextShare {
		return run.evalScores(r.ec, m, args, b)
	}
	out := newColumn(m.Type())
	out.Resize(b.N)
	matcher := fts.NewMatcher(run.index.Analyzer, run.query)
	for k := range b.Rows() {
		i := b.Row(k)
		v, err := run.describe(matcher, m, args, i)
		if err != nil {
			return nil, err
		}
		out.Set(i, v)
	}
	return out, nil
}

// evalScores returns the scores of rows. MATCH is 0 for a row that is not there, as in an outer join; MATCH_SCORE is NULL.
func (r *textRun) evalScores(ec *Context, m *plan.Match, args []*vec.Vector, b *vec.Batch) (*vec.Vector, error) {
	out := newColumn(m.Type())
	out.Resize(b.N)
	keys := keysOf(m.Search.Table, args, b)
	scores := make([]float64, len(keys))
	if err := r.scores(ec.Ctx, keys, scores); err != nil {
		return nil, err
	}
	for k, score := range scores {
		i := b.Row(k)
		if out.F64[i] = score; m.Kind == plan.TextShare && r.max > 0 {
			out.F64[i] = score / r.max
		}
		if keys[k] == "" && m.Kind == plan.TextShare {
			out.SetNull(i)
		}
	}
	return out, nil
}

// describe returns what a function says of row i.
func (r *textRun) describe(matcher *fts.Matcher, m *plan.Match, args []*vec.Vector, i int) (base.Value, error) {
	switch m.Kind {
	case plan.TextFields:
		names := []string{}
		for k, v := range args {
			if !v.IsNull(i) && matcher.In(v.Str[i]) {
				names = append(names, m.Args[k].String())
			}
		}
		return jsonList(names), nil
	case plan.TextWords:
		var texts []string
		for _, v := range args {
			if !v.IsNull(i) {
				texts = append(texts, v.Str[i])
			}
		}
		return jsonList(matcher.Words(texts)), nil
	}
	for _, v := range args {
		if v.IsNull(i) {
			return base.Value{}, nil
		}
	}
	text := expr.Format(args[0].Value(i), m.Args[0].Type())
	o := &r.index.Options
	if m.Kind == plan.TextPart {
		words := snippetWords
		if len(args) == 2 {
			n := args[1].Value(i)
			if n.Class() != base.Int && n.Class() != base.Uint || n.Int() < 1 || n.Int() > 1<<20 {
				return base.Value{}, base.Errorf(errno.WrongArguments, "Incorrect arguments to SNIPPET: the number of words is from 1 to %d", 1<<20)
			}
			words = int(n.Int())
		}
		return base.NewString(matcher.Snippet(text, words, o.HighlightFrom, o.HighlightTo)), nil
	}
	from, to := o.HighlightFrom, o.HighlightTo
	if len(args) == 3 {
		from, to = expr.Format(args[1].Value(i), m.Args[1].Type()), expr.Format(args[2].Value(i), m.Args[2].Type())
	}
	return base.NewString(matcher.Highlight(text, from, to)), nil
}

// snippetWords is how many words a SNIPPET has where none are said.
const snippetWords = 30

func jsonList(list []string) base.Value {
	items := make([]any, len(list))
	for i, s := range list {
		items[i] = s
	}
	return base.NewJSON(convert.FormatJSON(items))
}
