package ast

// CreateView is CREATE [OR REPLACE] VIEW and ALTER VIEW.
type CreateView struct {
	At          Pos
	Replace     bool
	Alter       bool
	Algorithm   string // "", "UNDEFINED", "MERGE", "TEMPTABLE"
	Definer     string // user@host; "" the session's
	Security    string // "", "DEFINER", "INVOKER"
	Name        *TableName
	Columns     []string
	Query       Query
	QueryAt     Pos
	Text        string // of the query
	CheckOption string // "", "CASCADED", "LOCAL"
}

// DropView is DROP VIEW.
type DropView struct {
	At       Pos
	IfExists bool
	Names    []*TableName
}

func (*CreateView) statement() {}
func (*DropView) statement()   {}
