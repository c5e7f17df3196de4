package plan

import (
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// TextScan says that a Scan reads the rows that a search finds, the best first.
type TextScan struct {
	Search *TextSearch
	// Scored says that expressions ask for the scores of the rows.
	Scored bool
	// Best is how many of the best rows are asked for, as a sum; nil: all.
	Best []expr.Expr
}

// fewByKey is up to how many rows a key is taken before a search: their places in the files are looked up, while what a search finds, which
// nobody knows before it has run, has to be read row by row.
const fewByKey = 100

// textAccess returns the search whose rows a scan is to read, where a condition asks for them and nothing else, and the conditions that
// are left to look at; nil: there is none. Where a key leaves few rows they are read by it, and the search says which of them it finds.
func (p *planner) textAccess(n *lScan) (*TextScan, []expr.Expr) {
	for i, f := range n.filters {
		m, ok := f.(*Match)
		if !ok || m.Kind != TextScore || p.Plain || n.keys != nil {
			continue
		}
		if a, est := p.bestAccess(n, max(p.rows(n.table.ID), 1)); a.narrow() && est <= fewByKey {
			break
		}
		rest := append(append([]expr.Expr(nil), n.filters[:i]...), n.filters[i+1:]...)
		return &TextScan{Search: m.Search, Scored: m.Search.uses > 1}, rest
	}
	return nil, n.filters
}

// textSource follows rows that nothing leaves out, and an expression over them, down to the scan of a search that they come from, in
// the order of which they are; nil: they do not.
func textSource(n Node, e expr.Expr) (*Scan, expr.Expr) {
	for {
		switch x := n.(type) {
		case *Scan:
			if x.Text == nil || x.Filter != nil {
				return nil, nil
			}
			return x, e
		case *Project:
			if c, ok := expr.AsColumn(e); e != nil && ok {
				e = x.Exprs[c]
			}
			n = x.Input
		default:
			return nil, nil
		}
	}
}

// textOrdered reports whether n yields its rows in the order of a key that is the score, the best first.
func textOrdered(n Node, keys []SortKey) bool {
	if len(keys) != 1 || !keys[0].Desc {
		return false
	}
	e := keys[0].Expr
	for {
		switch x := n.(type) {
		case *Scan:
			m, ok := e.(*Match)
			return ok && x.Text != nil && m.Search == x.Text.Search && m.Kind <= TextShare
		case *Filter:
			n = x.Input
		case *Project:
			if c, ok := expr.AsColumn(e); ok {
				e = x.Exprs[c]
			} else {
				return false
			}
			n = x.Input
		default:
			return false
		}
	}
}

// capText gives a query that is a search and nothing else, the best rows first, the max_results of its index as a LIMIT. One with a
// LIMIT of its own, with groups or with another order has other ideas of how many rows it wants.
func capText(n Node) {
	for {
		switch x := n.(type) {
		case *Project:
			n = x.Input
			continue
		case *Scan:
			if x.Text == nil || x.Limit != nil {
				return
			}
			most := x.Text.Search.Index.MaxResults()
			if most == 0 {
				return
			}
			x.Limit = expr.Const(base.NewInt(int64(most)), base.Type{ID: base.TypeBigInt})
			if x.Filter == nil {
				x.Text.Best = []expr.Expr{x.Limit}
			}
		}
		return
	}
}
