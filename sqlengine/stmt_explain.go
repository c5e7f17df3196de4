package sqlengine

import (
	"errors"
	"math"
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/exec"
	"github.com/s3sql/s3sql/sqlengine/plan"
	"github.com/s3sql/s3sql/storage/table"
)

// explain shows the plan of a statement: as a short tree, with all figures (FORMAT=TREE), as JSON, or as MySQL's table
// (FORMAT=TRADITIONAL). With ANALYZE it runs the query first and shows what its operators did; of an UPDATE or DELETE of several
// tables that is the search for their rows, which then stay as they are.
func (r *run) explain(n *ast.Explain, st *statement) (*Result, error) {
	switch n.Format {
	case "", "TREE", "TRADITIONAL", "JSON":
	default:
		return nil, base.Errorf(errno.UnknownExplainFormat, "Unknown EXPLAIN format name: '%s'", n.Format)
	}
	if n.Analyze && n.Format == "TRADITIONAL" {
		return nil, base.Errorf(errno.NotSupported, "This version of MySQL doesn't yet support 'EXPLAIN ANALYZE with TRADITIONAL format'")
	}
	tx, done, err := r.readTx()
	if err != nil {
		return nil, err
	}
	if n.Format == "TRADITIONAL" {
		rows, err := r.explainTable(n, tx)
		if err = errors.Join(err, done(err)); err != nil {
			return nil, err
		}
		return rowsResult(tableColumns(), rows), nil
	}
	text, err := r.explained(n, tx)
	if err = errors.Join(err, done(err)); err != nil {
		return nil, err
	}
	if n.Format == "JSON" {
		return rowsResult(columns("EXPLAIN"), [][]base.Value{texts(text)}), nil
	}
	var rows [][]base.Value
	for _, line := range strings.Split(text, "\n") {
		rows = append(rows, texts(line))
	}
	return rowsResult(columns("EXPLAIN"), rows), nil
}

func (r *run) explained(n *ast.Explain, tx *table.Tx) (string, error) {
	env, err := r.env(tx)
	if err != nil {
		return "", err
	}
	short := !n.Analyze && n.Format == ""
	var d *plan.Description
	if q, ok := n.Stmt.(ast.Query); ok {
		p, err := plan.Query(env, q)
		if err != nil {
			return "", err
		}
		plan.ShowParts(p.Root, r.execContext(tx, p.Slots).Expr, len(r.types))
		if short {
			return plan.Explain(p.Root), nil
		}
		var actuals plan.Actuals
		if n.Analyze {
			if actuals, err = r.analyze(p.Root, p.Slots, tx); err != nil {
				return "", err
			}
		}
		d = plan.Describe(p.Root, actuals)
	} else {
		m, err := plan.Mutate(env, n.Stmt)
		if err != nil {
			return "", err
		}
		if source := m.Source(); source != nil {
			plan.ShowParts(source, r.execContext(tx, m.Slots).Expr, len(r.types))
		}
		if short {
			return plan.ExplainMutation(m), nil
		}
		var actuals plan.Actuals
		if n.Analyze {
			if actuals, err = r.analyzeMutation(m, tx); err != nil {
				return "", err
			}
		}
		d = plan.DescribeMutation(m, actuals)
	}
	use := r.storeUse()
	if n.Format == "JSON" {
		return d.JSON(use)
	}
	return d.Tree() + "\nStore: " + use.String(), nil
}

// analyzeMutation finds the rows of an UPDATE or DELETE of several tables. Of other statements that change data MySQL has no
// EXPLAIN ANALYZE.
func (r *run) analyzeMutation(m *plan.Mutation, tx *table.Tx) (plan.Actuals, error) {
	switch m.Stmt.(type) {
	case *plan.MultiUpdate, *plan.MultiDelete:
		return r.analyze(m.Source(), m.Slots, tx)
	}
	return nil, base.Errorf(errno.NotSupported, "This version of MySQL doesn't yet support 'EXPLAIN ANALYZE on this query'")
}

// analyze runs a query and returns what its operators did.
func (r *run) analyze(root plan.Node, slots int, tx *table.Tx) (plan.Actuals, error) {
	ec := r.execContext(tx, slots)
	ec.Profile = &exec.Profile{Clock: r.s.e.cfg.Clock, Nodes: plan.Actuals{}}
	op, err := exec.Build(root, ec)
	if err != nil {
		return nil, err
	}
	err = op.Open()
	for err == nil {
		b, nerr := op.Next()
		if err = nerr; b == nil {
			break
		}
	}
	return ec.Profile.Nodes, errors.Join(err, op.Close())
}

// storeUse is what the statement has asked of the store: the proof that its snapshot is current, which the explained
// statement needs as well.
func (r *run) storeUse() plan.StoreUse {
	s := r.stats(0)
	return plan.StoreUse{Requests: s.Requests, Bytes: s.BytesIn + s.BytesOut, USD: math.Round(s.CostUSD*1e12) / 1e12}
}
