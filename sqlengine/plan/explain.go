package plan

import (
	"fmt"
	"math"
	"strings"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// Explain writes a plan as an indented tree, one operator a line, with estimated rows.
func Explain(n Node) string {
	var b strings.Builder
	explain(&b, n, 0)
	return strings.TrimSuffix(b.String(), "\n")
}

func explain(b *strings.Builder, n Node, depth int) {
	fmt.Fprintf(b, "%s-> %s  (rows=%.0f)\n", strings.Repeat("    ", depth), label(n), math.Ceil(Rows(n)))
	if l, ok := n.(*Lookup); ok {
		explain(b, l.Left, depth+1)
		return
	}
	for _, c := range n.Children() {
		explain(b, c, depth+1)
	}
	for _, s := range subqueries(n) {
		kind := "Subquery, run for each row"
		if s.Once {
			kind = "Subquery, run once"
		}
		fmt.Fprintf(b, "%s-> %s\n", strings.Repeat("    ", depth+1), kind)
		explain(b, s.Plan, depth+2)
	}
}

// label describes one operator.
//
//lint:long one flat switch over the operators
func label(n Node) string {
	switch n := n.(type) {
	case *Scan:
		return scanLabel(n)
	case *Virtual:
		return "Scan of system table " + n.Name + where(n.Filter)
	case *Values:
		return "Constant rows"
	case *Filter:
		return "Filter: " + n.Pred.String()
	case *Project:
		return "Project: " + list(n.Exprs)
	case *Join:
		kind := joinNames[n.Kind]
		if n.NullAware {
			kind += " (null-aware)"
		}
		if len(n.LeftKeys) == 0 {
			return "Nested loop " + kind + on(n.On)
		}
		pairs := make([]string, len(n.LeftKeys))
		for i := range pairs {
			pairs[i] = n.LeftKeys[i].String() + " = " + n.RightKeys[i].String()
		}
		return "Hash " + kind + " on " + strings.Join(pairs, " AND ") + on(n.On)
	case *Lookup:
		return "Lookup " + joinNames[n.Kind] + " in " + tableLabel(n.Right) + " by PRIMARY = (" + list(n.Keys) + ")" + where(n.Right.Filter)
	case *Aggregate:
		aggs := make([]string, len(n.Aggs))
		for i := range n.Aggs {
			aggs[i] = n.Aggs[i].String()
		}
		s := "Aggregate: " + strings.Join(aggs, ", ")
		if len(n.Keys) > 0 {
			s = "Group by " + list(n.Keys) + ": " + strings.Join(aggs, ", ")
		}
		return strings.TrimSuffix(s, ": ")
	case *Window:
		return windowLabel(n)
	case *Distinct:
		return "Distinct"
	case *Sort:
		if n.Limit != nil {
			return "Top " + n.Limit.String() + " by " + keyList(n.Keys)
		}
		return "Sort: " + keyList(n.Keys)
	case *Limit:
		s := "Limit"
		if n.Count != nil {
			s += " " + n.Count.String()
		}
		if n.Offset != nil {
			s += " offset " + n.Offset.String()
		}
		return s
	case *Union:
		return "Union all"
	case *SetOp:
		if n.Except {
			return "Except"
		}
		return "Intersect"
	case *Expand:
		return "Rollup of " + list(n.Keys)
	case *Apply:
		return "Nested loop lateral " + joinNames[n.Kind] + on(n.On)
	case *TableFunc:
		return "Rows of " + n.Name + where(n.Filter)
	case *Shared:
		return "Rows of " + n.Of.Name + ", which runs once"
	case *WorkTable:
		return "Last step of " + n.Name
	case *Recursive:
		return "Recursion of " + n.Name
	}
	return fmt.Sprintf("%T", n)
}

var joinNames = map[JoinKind]string{InnerJoin: "inner join", LeftJoin: "left join", FullJoin: "full join", SemiJoin: "semi join", AntiJoin: "anti join"}

func scanLabel(n *Scan) string {
	a := n.Access
	key, parts := "PRIMARY", n.Table.Primary
	if a.Index != nil {
		key, parts = a.Index.Name, a.Index.Parts
	}
	if t := n.Text; t != nil {
		best := ""
		if t.Best != nil {
			best = ", the best " + list(t.Best)
		}
		return fmt.Sprintf("Full-text search of %s by %s: %s%s%s", tableLabel(n), t.Search.Index.Name, t.Search, best, where(n.Filter))
	}
	order := ""
	if n.Reverse {
		order = ", descending"
	}
	switch {
	case a.Points != nil:
		return fmt.Sprintf("Lookup of %d key(s) in %s by %s%s%s%s", len(a.Points), tableLabel(n), key, order, orKeysLabel(n), where(n.Filter))
	case a.Eq != nil || a.Lo != nil || a.Hi != nil:
		var conds []string
		for i, e := range a.Eq {
			conds = append(conds, n.Table.Columns[n.Table.ColumnByID(parts[i].Column)].Name+" = "+e.String())
		}
		next := ""
		if len(a.Eq) < len(parts) {
			next = n.Table.Columns[n.Table.ColumnByID(parts[len(a.Eq)].Column)].Name
		}
		if a.Lo != nil {
			conds = append(conds, next+map[bool]string{true: " > ", false: " >= "}[a.LoOpen]+a.Lo.String())
		}
		if a.Hi != nil {
			conds = append(conds, next+map[bool]string{true: " < ", false: " <= "}[a.HiOpen]+a.Hi.String())
		}
		return fmt.Sprintf("Range scan of %s by %s (%s)%s%s%s", tableLabel(n), key, strings.Join(conds, " AND "), order, orKeysLabel(n), where(n.Filter))
	}
	if n.Keys != nil {
		return "Key scan of " + tableLabel(n) + keysLabel(n) + where(n.Filter)
	}
	if a.Index != nil {
		return "Index scan of " + tableLabel(n) + " by " + key + order + where(n.Filter)
	}
	return "Table scan of " + tableLabel(n) + order + where(n.Filter)
}

// keysLabel says which keys a join hands to a scan.
func keysLabel(n *Scan) string {
	var cols []string
	for _, part := range n.Keys.Parts() {
		cols = append(cols, n.Table.Columns[n.Table.ColumnByID(part.Column)].Name)
	}
	key := "PRIMARY"
	if n.Keys.Index != nil {
		key = n.Keys.Index.Name
	}
	return fmt.Sprintf(" by %s (%s of the join, at most %d keys)", key, strings.Join(cols, ", "), n.Keys.Max)
}

func orKeysLabel(n *Scan) string {
	if n.Keys == nil {
		return ""
	}
	return ", or" + keysLabel(n)
}

func tableLabel(n *Scan) string {
	s := n.Table.Name
	if n.Alias != "" && n.Alias != n.Table.Name {
		s += " AS " + n.Alias
	}
	if n.Parts != nil && n.Parts.shown != nil {
		if s += ", partitions: "; len(n.Parts.shown) == 0 {
			return s + "none"
		}
		s += strings.Join(n.Parts.shown, ",")
	}
	return s
}

func where(e expr.Expr) string {
	if e == nil {
		return ""
	}
	return ", where " + e.String()
}

func on(e expr.Expr) string {
	if e == nil {
		return ""
	}
	return ", and " + e.String()
}

func list(exprs []expr.Expr) string {
	out := make([]string, len(exprs))
	for i, e := range exprs {
		out[i] = e.String()
	}
	return strings.Join(out, ", ")
}

// subqueries returns the subqueries in the node's own expressions.
func subqueries(n Node) []*Subquery {
	var out []*Subquery
	var walk func(e expr.Expr)
	walk = func(e expr.Expr) {
		if e == nil {
			return
		}
		if s, ok := e.(*Subquery); ok {
			out = append(out, s)
		}
		for _, c := range e.Children() {
			walk(c)
		}
	}
	for _, e := range expressions(n) {
		walk(e)
	}
	return out
}

// expressions returns the expressions that a node evaluates itself; some may be nil.
func expressions(n Node) []expr.Expr {
	switch n := n.(type) {
	case *Scan:
		return []expr.Expr{n.Filter}
	case *Virtual:
		return []expr.Expr{n.Filter}
	case *Values:
		var out []expr.Expr
		for _, row := range n.Rows {
			out = append(out, row...)
		}
		return out
	case *Filter:
		return []expr.Expr{n.Pred}
	case *Project:
		return n.Exprs
	case *Join:
		return append(append([]expr.Expr{n.On}, n.LeftKeys...), n.RightKeys...)
	case *Lookup:
		return append([]expr.Expr{n.On, n.Right.Filter}, n.Keys...)
	case *Expand:
		return n.Keys
	case *Apply:
		return append([]expr.Expr{n.On}, n.Args...)
	case *TableFunc:
		return append([]expr.Expr{n.Filter}, n.Args...)
	case *Aggregate:
		out := append([]expr.Expr(nil), n.Keys...)
		for _, a := range n.Aggs {
			out = append(out, a.Children()...)
		}
		return out
	case *Sort:
		out := []expr.Expr{n.Limit, n.Offset}
		for _, k := range n.Keys {
			out = append(out, k.Expr)
		}
		return out
	case *Limit:
		return []expr.Expr{n.Count, n.Offset}
	}
	return nil
}

// ReadsTables reports whether a plan reads tables of the database, be it in a subquery: one that does not needs no
// current snapshot.
func ReadsTables(n Node) bool {
	return anyNode(n, func(n Node) bool {
		switch n := n.(type) {
		case *Scan, *Lookup:
			return true
		case *Virtual:
			return n.Current
		case *TableFunc:
			return readsDatabase(n.Func)
		}
		return false
	})
}

// ReadsTable reports whether a plan may read one table, be it in a subquery.
func ReadsTable(n Node, t *catalog.Table) bool {
	return anyNode(n, func(n Node) bool {
		switch n := n.(type) {
		case *Scan:
			return n.Table.ID == t.ID
		case *Lookup:
			return n.Right.Table.ID == t.ID
		case *Virtual:
			return n.Current
		case *TableFunc:
			return readsDatabase(n.Func)
		}
		return false
	})
}

// anyNode reports whether a node of a plan or of its subqueries is.
func anyNode(n Node, is func(Node) bool) bool {
	if is(n) {
		return true
	}
	for _, c := range n.Children() {
		if anyNode(c, is) {
			return true
		}
	}
	for _, s := range subqueries(n) {
		if anyNode(s.Plan, is) {
			return true
		}
	}
	return false
}

// ExplainMutation writes the plan of an INSERT, UPDATE or DELETE.
func ExplainMutation(m *Mutation) string {
	head, source := mutationHead(m)
	head = "-> " + head
	if ins, ok := m.Stmt.(*Insert); ok && source == nil {
		head += fmt.Sprintf("  (rows=%d)", len(ins.Rows))
	}
	if source == nil {
		return head
	}
	var b strings.Builder
	explain(&b, source, 1)
	return head + "\n" + strings.TrimSuffix(b.String(), "\n")
}

// mutationHead says what a statement changes, and which plan has the rows; nil if they are constants.
func mutationHead(m *Mutation) (string, Node) {
	switch n := m.Stmt.(type) {
	case *Insert:
		return "Insert into " + n.Table.Name, n.Source
	case *Update:
		return "Update " + n.Table.Name, n.Source
	case *Delete:
		return "Delete from " + n.Table.Name, n.Source
	case *MultiUpdate:
		return "Update " + targetNames(n.Targets), n.Source
	case *MultiDelete:
		return "Delete from " + targetNames(n.Targets), n.Source
	}
	return "", nil
}

// Source returns the plan that has the rows of a statement; nil if they are constants.
func (m *Mutation) Source() Node {
	_, source := mutationHead(m)
	return source
}

func targetNames(list []Target) string {
	names := make([]string, len(list))
	for i := range list {
		names[i] = list[i].Alias
	}
	return strings.Join(names, ", ")
}
