package sqlengine

import (
	"math"
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/plan"
	"github.com/s3sql/s3sql/storage/table"
)

// tableColumns are the columns of EXPLAIN FORMAT=TRADITIONAL.
func tableColumns() []plan.Column {
	cols := columns("id", "select_type", "table", "partitions", "type", "possible_keys", "key", "key_len", "ref", "rows", "filtered", "Extra")
	for i := range cols {
		switch cols[i].Name {
		case "id", "rows":
			cols[i].Type = base.Type{ID: base.TypeBigInt, Unsigned: true}
		case "filtered":
			cols[i].Type = base.Type{ID: base.TypeDecimal, Precision: 5, Scale: 2}
		}
	}
	return cols
}

// explainTable plans a statement and describes it as MySQL's table.
func (r *run) explainTable(n *ast.Explain, tx *table.Tx) ([][]base.Value, error) {
	env, err := r.env(tx)
	if err != nil {
		return nil, err
	}
	var list []plan.TableRow
	if q, ok := n.Stmt.(ast.Query); ok {
		p, err := plan.Query(env, q)
		if err != nil {
			return nil, err
		}
		plan.ShowParts(p.Root, r.execContext(tx, p.Slots).Expr, len(r.types))
		list = plan.ExplainTable(p.Root, env.Database)
	} else {
		m, err := plan.Mutate(env, n.Stmt)
		if err != nil {
			return nil, err
		}
		if source := m.Source(); source != nil {
			plan.ShowParts(source, r.execContext(tx, m.Slots).Expr, len(r.types))
		}
		list = plan.ExplainTableMutation(m, env.Database)
	}
	rows := make([][]base.Value, len(list))
	for i := range list {
		rows[i] = tableRow(&list[i])
	}
	return rows, nil
}

func tableRow(t *plan.TableRow) []base.Value {
	text := func(s string) base.Value {
		if s == "" {
			return base.Value{}
		}
		return base.NewString(s)
	}
	row := []base.Value{{}, text(t.Select), text(t.Table), text(t.Partitions), text(t.Type), text(t.Possible), text(t.Key), text(t.KeyLen),
		text(t.Ref), {}, {}, text(strings.Join(t.Extra, "; "))}
	if t.ID > 0 {
		row[0] = base.NewUint(uint64(t.ID))
	}
	if t.Rows > 0 {
		row[9], row[10] = base.NewUint(uint64(t.Rows)), base.NewDecimal(base.Int128From(int64(math.Round(t.Filtered*100))), 2)
	}
	return row
}
