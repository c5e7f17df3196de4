package exec

import (
	"fmt"
	"sync"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/fts"
	"github.com/s3sql/s3sql/sqlengine/event"
	"github.com/s3sql/s3sql/storage/table"
)

// TextIndexes keeps what full-text indexes are made of, so that statements share analyzers. The zero value is empty.
type TextIndexes struct {
	// Events is told of files that were made; nil: nobody is.
	Events *event.Hub

	mu sync.Mutex
	of map[string]*TextIndex
}

// TextIndex is a full-text index as searches and segments use it. It is read-only.
type TextIndex struct {
	Options  fts.Options
	Analyzer *fts.Analyzer
	Columns  []string
	Weights  []float64 // of the columns
	Storage  table.TextIndex
}

// textIndexesMax is how many indexes are kept: those of all tables in use, as a rule.
const textIndexesMax = 1000

// Of returns what an index of a table is made of.
func (x *TextIndexes) Of(t *catalog.Table, ix *catalog.Text) (*TextIndex, error) {
	// A version that was never committed may have had the same number, and its index the same id.
	key := fmt.Sprint(t.ID, t.Version, t.Name, *ix, t.TextColumns(ix))
	x.mu.Lock()
	defer x.mu.Unlock()
	if got := x.of[key]; got != nil {
		return got, nil
	}
	made, err := newTextIndex(t, ix)
	if err != nil {
		return nil, err
	}
	made.Storage.Made = func(rows int, bytes int64) {
		x.Events.Publish(event.Indexed{TableName: t.Name, Index: ix.Name, Rows: rows, Bytes: bytes})
	}
	if x.of == nil || len(x.of) > textIndexesMax {
		x.of = map[string]*TextIndex{}
	}
	x.of[key] = made
	return made, nil
}

func newTextIndex(t *catalog.Table, ix *catalog.Text) (*TextIndex, error) {
	o, err := TextOptions(t, ix)
	if err != nil {
		return nil, err
	}
	out := &TextIndex{Options: o, Analyzer: fts.NewAnalyzer(o), Columns: t.TextColumns(ix)}
	out.Storage = table.TextIndex{ID: ix.ID, Positions: o.Positions, Analyze: func(text string, emit func([]byte, int)) {
		for _, tok := range out.Analyzer.Tokens(text) {
			emit(tok.Term, tok.Position)
		}
	}}
	for i, id := range ix.Columns {
		c := &t.Columns[t.ColumnByID(id)]
		col := table.ScanCol{ID: c.ID, Type: c.StoredType()}
		if c.Initial != nil {
			col.Missing = c.Initial.Value
		}
		out.Storage.Columns = append(out.Storage.Columns, col)
		weight := o.Weights[out.Columns[i]]
		if weight == 0 {
			weight = 1
		}
		out.Weights = append(out.Weights, weight)
	}
	return out, nil
}

// TextOptions returns the options of a full-text index.
//
// Errors: WrongArguments (which names the option, what is wrong and what is right).
func TextOptions(t *catalog.Table, ix *catalog.Text) (fts.Options, error) {
	o := fts.NewOptions()
	if ix.Parser == "ngram" {
		o.Language = "cjk"
	}
	for _, s := range ix.Options {
		if err := o.Set(s.Name, s.Value, t.TextColumns(ix)); err != nil {
			return o, err
		}
	}
	return o, nil
}
