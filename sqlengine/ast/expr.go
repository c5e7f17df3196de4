package ast

import "github.com/s3sql/s3sql/internal/base"

// Pos is a place in the statement's text: the byte offset. Line and column are worked out when an error is made.
type Pos int

// Expr is an expression.
type Expr interface {
	Position() Pos
	expr()
}

// Literal is a constant: a number, a string, a hex or bit literal, TRUE, FALSE, NULL, DATE '…'.
type Literal struct {
	At    Pos
	Value base.Value
	Type  base.Type
}

// Param is a placeholder; Index counts from 0 over the whole statement. Name is set for :name and @name written with sql.Named.
type Param struct {
	At    Pos
	Index int
	Name  string
}

// ColumnRef is a column name, perhaps qualified. Names keep the case they were written in.
type ColumnRef struct {
	At                  Pos
	Schema, Table, Name string
}

// Star is `*` or `t.*` in a select list, or the argument of COUNT(*).
type Star struct {
	At            Pos
	Schema, Table string
}

// Variable is @name (user) or @@[scope.]name (system).
type Variable struct {
	At     Pos
	Name   string // lower case, without the @
	System bool
	Scope  string // "", "session", "global", "persist"
}

// Assign is @name := expr inside an expression.
type Assign struct {
	At    Pos
	Name  string
	Value Expr
}

// Unary is an operator with one operand: "NEG" (minus), "~", "NOT", "BINARY".
type Unary struct {
	At Pos
	Op string
	X  Expr
}

// Binary is an operator with two operands, spelled as MySQL prints it: "+", "-", "*", "/", "DIV", "%", "=", "<=>", "<>", "<",
// "<=", ">", ">=", "AND", "OR", "XOR", "&", "|", "^", "<<", ">>", "->", "->>", "MEMBER OF".
type Binary struct {
	At   Pos
	Op   string
	L, R Expr
}

// Is is X IS [NOT] NULL|TRUE|FALSE|UNKNOWN.
type Is struct {
	At   Pos
	X    Expr
	Not  bool
	What string // "NULL", "TRUE", "FALSE", "UNKNOWN"
}

// In is X [NOT] IN (list) or X [NOT] IN (subquery); exactly one of List and Query is set.
type In struct {
	At    Pos
	X     Expr
	Not   bool
	List  []Expr
	Query Query
}

// Between is X [NOT] BETWEEN Lo AND Hi.
type Between struct {
	At        Pos
	X, Lo, Hi Expr
	Not       bool
}

// Like is X [NOT] LIKE Pattern [ESCAPE e], or with Regexp set X [NOT] REGEXP|RLIKE Pattern.
type Like struct {
	At         Pos
	X, Pattern Expr
	Escape     Expr // nil: backslash
	Not        bool
	Regexp     bool
}

// Call is a function call, scalar, aggregate or window. Name is upper case. Words among the arguments are string literals:
// EXTRACT('DAY', x), TIMESTAMPDIFF('DAY', a, b), TIMESTAMPADD, GET_FORMAT and TRIM('LEADING', what, x); TRIM(what FROM x) is
// TRIM(x, what), and POSITION(a IN b) is LOCATE(a, b).
type Call struct {
	At        Pos
	Schema    string
	Name      string
	Distinct  bool
	Args      []Expr
	OrderBy   []OrderItem // GROUP_CONCAT
	Separator *string     // GROUP_CONCAT
	Over      *Window     // window functions
}

// Window is the specification after OVER: a name, or parts.
type Window struct {
	At        Pos
	Name      string // OVER w, or the base of OVER (w …)
	Ref       bool   // OVER w: the window itself, not one based on it
	Partition []Expr
	OrderBy   []OrderItem
	Frame     *Frame
}

// Frame is ROWS|RANGE|GROUPS BETWEEN start AND end.
type Frame struct {
	Unit       string // "ROWS", "RANGE", "GROUPS"
	Start, End Bound
}

// Bound is one end of a frame.
type Bound struct {
	Kind   string // "UNBOUNDED PRECEDING", "PRECEDING", "CURRENT ROW", "FOLLOWING", "UNBOUNDED FOLLOWING"
	Offset Expr   // of PRECEDING and FOLLOWING
}

// Case is CASE [operand] WHEN … THEN … [ELSE …] END.
type Case struct {
	At      Pos
	Operand Expr
	Whens   []When
	Else    Expr
}

// When is one branch of a Case.
type When struct{ Cond, Then Expr }

// Cast is CAST(X AS Type), CONVERT(X, Type), X::… is not MySQL. Charset is set for CONVERT(X USING charset).
type Cast struct {
	At      Pos
	X       Expr
	Type    base.Type
	Array   bool // CAST(… AS type ARRAY)
	Charset string
}

// Collate is X COLLATE name.
type Collate struct {
	At   Pos
	X    Expr
	Name string
}

// Interval is INTERVAL X unit, an operand of + and - or an argument of DATE_ADD.
type Interval struct {
	At   Pos
	X    Expr
	Unit string // upper case: "DAY", "HOUR_SECOND", …
}

// Tuple is (a, b, …) or ROW(a, b, …), of two or more.
type Tuple struct {
	At    Pos
	Items []Expr
}

// Subquery is a query in parentheses used as a value or a row.
type Subquery struct {
	At    Pos
	Query Query
}

// Exists is EXISTS (query); NOT EXISTS is a Unary NOT over it.
type Exists struct {
	At    Pos
	Query Query
}

// Quantified is X op ANY|ALL (query).
type Quantified struct {
	At    Pos
	X     Expr
	Op    string
	All   bool
	Query Query
}

// Match is MATCH (columns) AGAINST (Against mode).
type Match struct {
	At      Pos
	Columns []*ColumnRef
	Against Expr
	Mode    string // "NATURAL", "BOOLEAN", "EXPANSION"
}

// Default is DEFAULT or DEFAULT(column).
type Default struct {
	At     Pos
	Column *ColumnRef
}

// ValuesOf is VALUES(column) in ON DUPLICATE KEY UPDATE.
type ValuesOf struct {
	At     Pos
	Column *ColumnRef
}

// Position returns where the node starts.
func (e *Literal) Position() Pos    { return e.At }
func (e *Param) Position() Pos      { return e.At }
func (e *ColumnRef) Position() Pos  { return e.At }
func (e *Star) Position() Pos       { return e.At }
func (e *Variable) Position() Pos   { return e.At }
func (e *Assign) Position() Pos     { return e.At }
func (e *Unary) Position() Pos      { return e.At }
func (e *Binary) Position() Pos     { return e.At }
func (e *Is) Position() Pos         { return e.At }
func (e *In) Position() Pos         { return e.At }
func (e *Between) Position() Pos    { return e.At }
func (e *Like) Position() Pos       { return e.At }
func (e *Call) Position() Pos       { return e.At }
func (e *Case) Position() Pos       { return e.At }
func (e *Cast) Position() Pos       { return e.At }
func (e *Collate) Position() Pos    { return e.At }
func (e *Interval) Position() Pos   { return e.At }
func (e *Tuple) Position() Pos      { return e.At }
func (e *Subquery) Position() Pos   { return e.At }
func (e *Exists) Position() Pos     { return e.At }
func (e *Quantified) Position() Pos { return e.At }
func (e *Match) Position() Pos      { return e.At }
func (e *Default) Position() Pos    { return e.At }
func (e *ValuesOf) Position() Pos   { return e.At }

func (*Literal) expr()    {}
func (*Param) expr()      {}
func (*ColumnRef) expr()  {}
func (*Star) expr()       {}
func (*Variable) expr()   {}
func (*Assign) expr()     {}
func (*Unary) expr()      {}
func (*Binary) expr()     {}
func (*Is) expr()         {}
func (*In) expr()         {}
func (*Between) expr()    {}
func (*Like) expr()       {}
func (*Call) expr()       {}
func (*Case) expr()       {}
func (*Cast) expr()       {}
func (*Collate) expr()    {}
func (*Interval) expr()   {}
func (*Tuple) expr()      {}
func (*Subquery) expr()   {}
func (*Exists) expr()     {}
func (*Quantified) expr() {}
func (*Match) expr()      {}
func (*Default) expr()    {}
func (*ValuesOf) expr()   {}
