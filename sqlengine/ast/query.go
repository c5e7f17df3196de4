package ast

// Query is anything that yields rows: *Select, *SetOp, *ValuesList.
type Query interface {
	Statement
	query()
}

// Select is one SELECT block.
type Select struct {
	At        Pos
	With      *With
	Distinct  bool
	Straight  bool   // SELECT STRAIGHT_JOIN: tables are joined in the order they are written
	CalcFound bool   // SQL_CALC_FOUND_ROWS
	Cache     string // "", "SQL_CACHE", "SQL_NO_CACHE"
	Items     []SelectItem
	From      []TableExpr // comma list; empty: no FROM
	Where     Expr
	GroupBy   []Expr
	Rollup    bool
	Having    Expr
	Windows   []NamedWindow
	OrderBy   []OrderItem
	Limit     *Limit
	Lock      string // "", "UPDATE", "SHARE"
	LockWait  string // "", "NOWAIT", "SKIP LOCKED"
	LockOf    []string
}

// SetOp is L op R. OrderBy, Limit belong to the whole.
type SetOp struct {
	At      Pos
	With    *With
	Op      string // "UNION", "INTERSECT", "EXCEPT"
	All     bool
	L, R    Query
	OrderBy []OrderItem
	Limit   *Limit
}

// ValuesList is VALUES ROW(…), ROW(…).
type ValuesList struct {
	At      Pos
	Rows    [][]Expr
	OrderBy []OrderItem
	Limit   *Limit
}

// With is a WITH clause.
type With struct {
	Recursive bool
	CTEs      []CTE
}

// CTE is name [(columns)] AS (query).
type CTE struct {
	At      Pos
	Name    string
	Columns []string
	Query   Query
}

// NamedWindow is one definition of a WINDOW clause.
type NamedWindow struct {
	Name string
	Spec *Window
}

// SelectItem is one element of a select list. Name is the column name a result shows: the alias, or the text as written.
type SelectItem struct {
	At    Pos
	Expr  Expr // *Star for * and t.*
	Alias string
	Text  string // as written, for the result's column name
}

// OrderItem is one element of ORDER BY.
type OrderItem struct {
	Expr Expr
	Desc bool
}

// Limit is LIMIT count OFFSET offset; either may be nil.
type Limit struct{ Count, Offset Expr }

// TableExpr is an element of FROM: *TableName, *Derived, *Join, *TableFunc.
type TableExpr interface {
	Position() Pos
	tableExpr()
}

// TableName is [schema.]name [AS alias] with its hints.
type TableName struct {
	At           Pos
	Schema, Name string
	Alias        string
	Hints        []IndexHint
	Partitions   []string
	AsOf         *AsOf
}

// IndexHint is USE|FORCE|IGNORE INDEX [FOR what] (…).
type IndexHint struct {
	Kind    string
	For     string // "", "JOIN", "ORDER BY", "GROUP BY"
	Indexes []string
}

// AsOf is FOR SYSTEM_TIME AS OF TIMESTAMP|COMMIT|CHECKPOINT value.
type AsOf struct {
	Kind  string
	Value Expr
}

// Derived is (query) AS alias [(columns)].
type Derived struct {
	At      Pos
	Query   Query
	Alias   string
	Columns []string
	Lateral bool
}

// Join is L kind JOIN R.
type Join struct {
	At      Pos
	Kind    string // "INNER", "LEFT", "RIGHT", "FULL", "CROSS"
	Natural bool
	// Straight says STRAIGHT_JOIN: L is read before R.
	Straight bool
	L, R     TableExpr
	On       Expr
	Using    []string
}

// TableFunc is name(args) AS alias in FROM, JSON_TABLE included.
type TableFunc struct {
	At      Pos
	Name    string // upper case
	Args    []Expr
	Columns []JSONColumn // JSON_TABLE
	Alias   string
}

// Position returns where the node starts.
func (t *TableName) Position() Pos { return t.At }
func (t *Derived) Position() Pos   { return t.At }
func (t *Join) Position() Pos      { return t.At }
func (t *TableFunc) Position() Pos { return t.At }

func (*TableName) tableExpr() {}
func (*Derived) tableExpr()   {}
func (*Join) tableExpr()      {}
func (*TableFunc) tableExpr() {}

func (*Select) query()     {}
func (*SetOp) query()      {}
func (*ValuesList) query() {}
