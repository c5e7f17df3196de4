package exec

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sort"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/fts"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/event"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
	"github.com/s3sql/s3sql/storage/table"
)

// textRun is a search during an execution. What it finds is that of the moment when it first ran.
type textRun struct {
	tx      TxReader
	plan    *plan.TextSearch
	index   *TextIndex
	words   string
	query   *fts.Query
	events  *event.Hub
	clock   base.Clock
	storage []table.TextPart // of the table, or of all its partitions
	parts   []fts.Part       // the same

	all    *fts.Hits          // with their scores, in the order of their places; nil: it was not asked for
	max    float64            // the best score, once something was found by scores
	scored bool               // max is known
	known  map[string]float64 // scores of rows that were read, by their keys
}

// search returns the run of a search.
func (ec *Context) search(tx TxReader, s *plan.TextSearch) (*textRun, error) {
	if r := ec.searches[s]; r != nil {
		return r, nil
	}
	ix, err := ec.Texts.Of(s.Table, s.Index)
	if err != nil {
		return nil, err
	}
	r := &textRun{tx: tx, plan: s, index: ix, known: map[string]float64{}, events: ec.Texts.Events, clock: ec.clock()}
	text, err := expr.Scalar(ec.Expr, s.Against)
	if err != nil {
		return nil, err
	}
	if !text.IsNull() {
		r.words = expr.Format(text, s.Against.Type())
	}
	if r.query, err = fts.Parse(ix.Analyzer, &ix.Options, r.words, textMode(s.Mode)); err != nil {
		return nil, err
	}
	for _, t := range s.Table.PartTables() {
		parts, err := tx.Texts(ec.Ctx, t.ID, &ix.Storage)
		if err != nil {
			return nil, err
		}
		r.storage = append(r.storage, parts...)
	}
	r.parts = SearchParts(r.storage)
	if s.Mode == "EXPANSION" {
		if err := r.expand(ec.Ctx); err != nil {
			return nil, err
		}
	}
	if ec.searches == nil {
		ec.searches = map[*plan.TextSearch]*textRun{}
	}
	ec.searches[s] = r
	return r, nil
}

// SearchParts returns the files of a table as searches take them.
func SearchParts(list []table.TextPart) []fts.Part {
	parts := make([]fts.Part, len(list))
	for i := range list {
		parts[i] = fts.Part{File: list[i].File, Dead: list[i].Dead}
	}
	return parts
}

// clock returns the clock of the statement.
func (ec *Context) clock() base.Clock {
	if ec.Expr.Clock != nil {
		return ec.Expr.Clock
	}
	return base.SystemClock{}
}

func textMode(mode string) fts.Mode {
	switch mode {
	case "BOOLEAN":
		return fts.Boolean
	case "EXPANSION":
		return fts.Expansion
	}
	return fts.Natural
}

func (r *textRun) request(scores bool, best int) fts.Request {
	return fts.Request{Query: r.query, Fields: r.plan.Fields, Weights: r.index.Weights, Scores: scores, Best: best}
}

// expand gives the query words of the best rows.
func (r *textRun) expand(ctx context.Context) error {
	req := r.request(true, fts.ExpandMost)
	hits, err := r.searchParts(ctx, req)
	if err != nil || len(hits.List) == 0 {
		return TextError(err)
	}
	from := fts.ExpandFrom(hits.List)
	places := make([]table.Place, len(from))
	for i, h := range from {
		places[i] = table.Place{Part: h.Part, Doc: h.Doc}
	}
	var cols []table.ScanCol
	for _, f := range r.plan.Fields {
		cols = append(cols, r.index.Storage.Columns[f])
	}
	var b vec.Batch
	if _, err := r.tx.RowsAt(ctx, r.storage, places, cols, false, &b); err != nil {
		return err
	}
	texts := make([][]string, b.N)
	for i := range texts {
		for _, v := range b.Cols {
			if !v.IsNull(i) {
				texts[i] = append(texts[i], v.Str[i])
			}
		}
	}
	q, err := fts.Expand(ctx, r.index.Analyzer, r.parts, req, texts)
	if err == nil {
		r.query = q
	}
	return TextError(err)
}

// searchParts searches. Files that turn out to be damaged are made again from the rows.
func (r *textRun) searchParts(ctx context.Context, req fts.Request) (*fts.Hits, error) {
	start := r.clock.Now()
	for {
		h, err := fts.Search(ctx, r.parts, req)
		if err == nil {
			r.events.Publish(event.Searched{TableName: r.plan.Table.Name, Index: r.plan.Index.Name, Query: r.words, Results: h.Total,
				Took: r.clock.Now().Sub(start)})
		}
		var bad *fts.PartError
		if !errors.As(err, &bad) {
			return h, err
		}
		again, rerr := r.tx.RemakeText(ctx, &r.storage[bad.Part], &r.index.Storage, bad.Err)
		if rerr != nil || !again {
			return nil, errors.Join(err, rerr)
		}
		r.parts[bad.Part].File = r.storage[bad.Part].File
	}
}

// count returns how many rows are found.
func (r *textRun) count(ctx context.Context) (int, error) {
	req := r.request(false, 0)
	req.Count = true
	h, err := r.searchParts(ctx, req)
	if err != nil {
		return 0, TextError(err)
	}
	return h.Total, nil
}

// find returns what is found: with scores the best first, of which best are asked for, 0 all; else in the order of the places.
func (r *textRun) find(ctx context.Context, scores bool, best int) ([]fts.Hit, error) {
	if !scores {
		h, err := r.searchParts(ctx, r.request(false, 0))
		if err != nil {
			return nil, TextError(err)
		}
		return h.List, nil
	}
	if best > 0 {
		h, err := r.searchParts(ctx, r.request(true, best))
		if err != nil {
			return nil, TextError(err)
		}
		r.max, r.scored = h.Max, true
		return h.List, nil
	}
	if err := r.findAll(ctx); err != nil {
		return nil, err
	}
	list := slices.Clone(r.all.List)
	slices.SortFunc(list, func(a, b fts.Hit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Part, b.Part), cmp.Compare(a.Doc, b.Doc))
	})
	return list, nil
}

// findAll makes all.
func (r *textRun) findAll(ctx context.Context) (err error) {
	if r.all == nil {
		if r.all, err = r.searchParts(ctx, r.request(true, 0)); err != nil {
			r.all = nil
			return TextError(err)
		}
		r.max, r.scored = r.all.Max, true
	}
	return nil
}

// TextError gives an error in a file the class that errors of storage have.
func TextError(err error) error {
	var part *fts.PartError
	if errors.As(err, &part) && base.KindOf(err) == base.KindInternal {
		return base.Corruptf("", "a full-text index is damaged: %v; ALTER FULLTEXT INDEX … REBUILD makes it again", err)
	}
	return err
}

// note notes the scores of rows that were read.
func (r *textRun) note(keys []string, hits []fts.Hit) {
	for i, key := range keys {
		if hits[i].Score > 0 {
			r.known[key] = hits[i].Score
		}
	}
}

// scores sets out to the scores of the rows with some keys.
func (r *textRun) scores(ctx context.Context, keys []string, out []float64) error {
	var ask []int
	for i, key := range keys {
		score, ok := r.known[key]
		if out[i] = score; !ok {
			ask = append(ask, i)
		}
	}
	if len(ask) == 0 && r.scored {
		return nil
	}
	if err := r.findAll(ctx); err != nil || len(r.all.List) == 0 || len(ask) == 0 {
		return err
	}
	unknown, places := make([]string, len(ask)), make([]table.Place, len(ask))
	for k, i := range ask {
		unknown[k] = keys[i]
	}
	if err := r.tx.PlacesOf(ctx, r.storage, unknown, places); err != nil {
		return err
	}
	for k, i := range ask {
		if places[k].Part >= 0 {
			out[i] = r.scoreAt(places[k])
		}
	}
	return nil
}

// scoreAt returns the score of the row at a place.
func (r *textRun) scoreAt(p table.Place) float64 {
	list := r.all.List
	i := sort.Search(len(list), func(i int) bool {
		return list[i].Part > p.Part || list[i].Part == p.Part && list[i].Doc >= p.Doc
	})
	if i < len(list) && list[i].Part == p.Part && list[i].Doc == p.Doc {
		return list[i].Score
	}
	return 0
}

// keysOf returns the primary keys of rows, of which cols are the columns; "" for one that is not there.
func keysOf(t *catalog.Table, cols []*vec.Vector, b *vec.Batch) []string {
	row := make([]base.Value, len(t.Columns))
	keys := make([]string, b.Rows())
	for k := range keys {
		i := b.Row(k)
		missing := false
		for c, part := range t.Primary {
			row[t.ColumnByID(part.Column)] = cols[c].Value(i)
			missing = missing || cols[c].IsNull(i)
		}
		if !missing {
			keys[k], _ = catalog.EncodeKey(t, t.Primary, row)
		}
	}
	return keys
}
