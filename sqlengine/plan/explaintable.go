package plan

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// TableRow is a row of EXPLAIN FORMAT=TRADITIONAL: how one table is read. "" stands for NULL.
//
// Source: MySQL 8.0 reference manual, "EXPLAIN Output Format".
type TableRow struct {
	ID                         int // 0 is NULL
	Select                     string
	Table, Partitions, Type    string
	Possible, Key, KeyLen, Ref string
	Rows, Filtered             float64 // 0 rows is NULL
	Extra                      []string
}

// ExplainTable describes a plan, one row a table, in the order in which the tables are read.
func ExplainTable(n Node, db string) []TableRow {
	t := &tableWalk{db: db}
	t.block(n, "SIMPLE")
	if len(t.rows) > 0 && t.ids > 1 {
		for i := range t.rows {
			if t.rows[i].Select == "SIMPLE" {
				t.rows[i].Select = "PRIMARY"
			}
		}
	}
	return t.rows
}

// ExplainTableMutation describes a statement that changes data. The tables that it changes are of the kind of the statement.
func ExplainTableMutation(m *Mutation, db string) []TableRow {
	t := &tableWalk{db: db}
	switch n := m.Stmt.(type) {
	case *Insert:
		kind := "INSERT"
		if n.Mode == DupReplace {
			kind = "REPLACE"
		}
		t.rows = append(t.rows, TableRow{ID: 1, Select: kind, Table: n.Table.Name, Type: "ALL"})
		if n.Source != nil {
			t.block(n.Source, "SIMPLE")
		}
		return t.rows
	case *Update:
		t.changed = map[string]string{aliasIn(n.Source): "UPDATE"}
	case *Delete:
		t.changed = map[string]string{aliasIn(n.Source): "DELETE"}
	case *MultiUpdate:
		t.mark(n.Targets, "UPDATE")
	case *MultiDelete:
		t.mark(n.Targets, "DELETE")
	}
	if source := m.Source(); source != nil {
		t.block(source, "SIMPLE")
	}
	return t.rows
}

// aliasIn returns the alias of the table that a plan over one reads.
func aliasIn(n Node) string {
	if s, ok := n.(*Scan); ok {
		return s.Alias
	}
	for _, c := range n.Children() {
		if a := aliasIn(c); a != "" {
			return a
		}
	}
	return ""
}

// tableWalk collects the rows of a plan.
type tableWalk struct {
	db      string
	rows    []TableRow
	ids     int
	changed map[string]string // what happens to a table, by alias
	shared  map[*SharedQuery]int
}

func (t *tableWalk) mark(list []Target, verb string) {
	t.changed = map[string]string{}
	for _, target := range list {
		t.changed[target.Alias] = verb
	}
}

// block describes a SELECT with its subqueries, and returns its number.
func (t *tableWalk) block(n Node, kind string) int {
	t.ids++
	b := &tableBlock{t: t, id: t.ids, kind: kind}
	first := len(t.rows)
	b.node(n)
	if len(t.rows) > first && len(b.extra) > 0 {
		r := &t.rows[first]
		r.Extra = append(r.Extra, b.extra...)
	}
	id := b.id
	for _, later := range b.later {
		later()
	}
	return id
}

// tableBlock is a SELECT as its rows are made.
type tableBlock struct {
	t     *tableWalk
	id    int
	kind  string
	extra []string // of the first table
	later []func() // subqueries and derived tables, whose rows come after
}

func (b *tableBlock) note(s string) {
	for _, e := range b.extra {
		if e == s {
			return
		}
	}
	b.extra = append(b.extra, s)
}

func (b *tableBlock) add(r TableRow) *TableRow {
	r.ID, r.Select = b.id, b.kind
	b.t.rows = append(b.t.rows, r)
	return &b.t.rows[len(b.t.rows)-1]
}

// node describes the tables below an operator.
//
//lint:long one flat switch over the operators
func (b *tableBlock) node(n Node) {
	for _, s := range subqueries(n) {
		kind := "DEPENDENT SUBQUERY"
		if s.Once {
			kind = "SUBQUERY"
		}
		b.later = append(b.later, func() { b.t.block(s.Plan, kind) })
	}
	switch n := n.(type) {
	case *Scan:
		b.scan(n)
		return
	case *Lookup:
		b.node(n.Left)
		b.lookup(n)
		return
	case *Virtual:
		b.add(TableRow{Table: shortName(n.Name), Type: "ALL", Extra: whereNote(n.Filter)})
	case *TableFunc:
		b.add(TableRow{Table: strings.ToLower(n.Name), Type: "ALL", Rows: 2, Filtered: 100, Extra: []string{"Table function: " + strings.ToLower(n.Name)}})
	case *Values:
		b.add(TableRow{Extra: []string{"No tables used"}})
	case *Join:
		b.node(n.Left)
		first := len(b.t.rows)
		b.node(n.Right)
		if len(b.t.rows) > first {
			r := &b.t.rows[first]
			if n.Kind == SemiJoin && len(b.t.rows) == first+1 {
				r.Extra = append(r.Extra, "FirstMatch")
			}
			if n.Kind == AntiJoin {
				r.Extra = append(r.Extra, "Not exists")
			}
			r.Extra = append(r.Extra, "Using join buffer (hash join)")
		}
		return
	case *Sort:
		b.note("Using filesort")
	case *Aggregate:
		if len(n.Keys) > 0 {
			b.note("Using temporary")
		}
	case *Distinct:
		if u, ok := n.Input.(*Union); ok {
			b.union(u.Inputs, "UNION", true)
			return
		}
		b.note("Using temporary")
	case *Window:
		b.note("Using temporary")
	case *Union:
		b.union(n.Inputs, "UNION", false)
		return
	case *SetOp:
		op := "INTERSECT"
		if n.Except {
			op = "EXCEPT"
		}
		b.union([]Node{n.Left, n.Right}, op, true)
		return
	case *Shared:
		b.derived(n.Of)
		return
	case *Recursive:
		b.recursive(n)
		return
	case *WorkTable:
		b.add(TableRow{Table: n.Name, Type: "ALL", Rows: 2, Filtered: 100, Extra: []string{"Recursive"}})
	}
	for _, c := range n.Children() {
		b.node(c)
	}
}

// union describes a set operation: the first input belongs to the block, the others are blocks of their own.
func (b *tableBlock) union(inputs []Node, op string, temporary bool) {
	if b.kind == "SIMPLE" {
		b.kind = "PRIMARY"
	}
	ids := []string{strconv.Itoa(b.id)}
	b.node(inputs[0])
	for _, in := range inputs[1:] {
		ids = append(ids, strconv.Itoa(b.t.block(in, op)))
	}
	if temporary {
		b.t.rows = append(b.t.rows, TableRow{Select: op + " RESULT", Table: "<" + strings.ToLower(op) + strings.Join(ids, ",") + ">", Type: "ALL",
			Extra: []string{"Using temporary"}})
	}
}

// derived describes a query that runs once and is read as a table.
func (b *tableBlock) derived(q *SharedQuery) {
	if id := b.t.shared[q]; id > 0 {
		b.add(TableRow{Table: fmt.Sprintf("<derived%d>", id), Type: "ALL", Rows: math.Ceil(Rows(q.Plan)), Filtered: 100})
		return
	}
	var id int
	if r, ok := q.Plan.(*Recursive); ok {
		id = b.recursive(r)
	} else {
		at := len(b.t.rows)
		b.add(TableRow{Type: "ALL", Rows: math.Ceil(Rows(q.Plan)), Filtered: 100})
		id = b.t.block(q.Plan, "DERIVED")
		b.t.rows[at].Table = fmt.Sprintf("<derived%d>", id)
	}
	if b.t.shared == nil {
		b.t.shared = map[*SharedQuery]int{}
	}
	b.t.shared[q] = id
}

func (b *tableBlock) recursive(n *Recursive) int {
	at := len(b.t.rows)
	b.add(TableRow{Type: "ALL", Rows: math.Ceil(max(Rows(n.Seed), 1)), Filtered: 100})
	id := b.t.block(n.Seed, "DERIVED")
	b.t.rows[at].Table = fmt.Sprintf("<derived%d>", id)
	for _, p := range n.Parts {
		b.t.block(p, "UNION")
	}
	return id
}

func whereNote(e expr.Expr) []string {
	if e == nil {
		return nil
	}
	return []string{"Using where"}
}

func shortName(name string) string {
	_, table, ok := strings.Cut(name, ".")
	if !ok {
		return name
	}
	return table
}

func (b *tableBlock) table(s *Scan) *TableRow {
	r := b.add(TableRow{Table: s.Alias, Type: "ALL", Rows: math.Ceil(max(Rows(s), 1)), Filtered: 100, Extra: whereNote(s.Filter)})
	if verb := b.t.changed[s.Alias]; verb != "" && b.id == 1 {
		r.Select = verb
	}
	if s.Parts != nil {
		r.Partitions = strings.Join(s.Parts.shown, ",")
	}
	return r
}

// scan describes how a table is read.
func (b *tableBlock) scan(s *Scan) {
	r := b.table(s)
	r.Possible = possibleKeys(s)
	a := s.Access
	parts, unique := s.Table.Primary, true
	key := "PRIMARY"
	if a.Index != nil {
		parts, unique, key = a.Index.Parts, a.Index.Unique, a.Index.Name
	}
	used := 0
	switch {
	case len(a.Points) == 1:
		used, r.Type = len(a.Points[0]), "ref"
		if unique && used == len(parts) {
			r.Type, r.Extra = "const", nil
		}
	case a.Points != nil:
		used, r.Type = len(a.Points[0]), "range"
	case a.Lo != nil || a.Hi != nil:
		used, r.Type = len(a.Eq)+1, "range"
	case a.Eq != nil:
		used, r.Type = len(a.Eq), "ref"
	default:
		if s.Read > 0 && r.Rows < s.Read {
			r.Rows, r.Filtered = math.Ceil(s.Read), math.Round(r.Rows/s.Read*10000)/100
		}
		if a.Index == nil {
			return
		}
		used, r.Type = len(parts), "index"
	}
	if a.Ordered && s.Reverse {
		r.Extra = append(r.Extra, "Backward index scan")
	}
	if r.Type != "index" && !strings.Contains(","+r.Possible+",", ","+key+",") {
		r.Possible = strings.TrimPrefix(r.Possible+","+key, ",")
	}
	r.Key, r.KeyLen = key, strconv.Itoa(catalog.KeyBytes(s.Table, parts[:min(used, len(parts))]))
	if r.Type == "ref" || r.Type == "const" {
		r.Ref = strings.TrimPrefix(strings.Repeat(",const", used), ",")
	}
}

// possibleKeys are the keys whose first column the condition reads.
func possibleKeys(s *Scan) string {
	reads := map[uint32]bool{}
	if s.Filter != nil {
		for at := range RowColumns(s.Filter) {
			if at < len(s.Cols) {
				reads[s.Table.Columns[s.Cols[at]].ID] = true
			}
		}
	}
	var names []string
	if !catalog.HiddenKey(s.Table) && reads[s.Table.Primary[0].Column] {
		names = append(names, "PRIMARY")
	}
	for _, ix := range catalog.SortedIndexes(s.Table) {
		if !ix.Invisible && reads[ix.Parts[0].Column] {
			names = append(names, ix.Name)
		}
	}
	return strings.Join(names, ",")
}

// lookup describes a table whose rows are looked up by the rows before.
func (b *tableBlock) lookup(n *Lookup) {
	r := b.table(n.Right)
	r.Type, r.Possible, r.Key, r.Rows = "eq_ref", "PRIMARY", "PRIMARY", 1
	r.KeyLen = strconv.Itoa(catalog.KeyBytes(n.Right.Table, n.Right.Table.Primary))
	refs := make([]string, len(n.Keys))
	for i, k := range n.Keys {
		refs[i] = "func"
		if at, ok := expr.AsColumn(k); ok {
			if c := n.Left.Schema()[at]; c.Table != "" {
				refs[i] = b.t.db + "." + c.Table + "." + c.OrgName
			}
		}
	}
	r.Ref = strings.Join(refs, ",")
}
