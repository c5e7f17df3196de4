package ast

// TableAdmin is ANALYZE, CHECK, CHECKSUM, OPTIMIZE or REPAIR TABLE; Kind is the first word.
type TableAdmin struct {
	At     Pos
	Kind   string
	Tables []*TableName
}

// Vacuum is VACUUM; Retention is a duration, "" the default.
type Vacuum struct {
	At        Pos
	Retention string
}

// Kill is KILL [CONNECTION | QUERY] id.
type Kill struct {
	At    Pos
	Query bool
	ID    Expr
}

// LockTables is LOCK TABLES; the kind of a lock makes no difference here.
type LockTables struct {
	At     Pos
	Tables []*TableName
}

// UnlockTables is UNLOCK TABLES.
type UnlockTables struct{ At Pos }

// Flush is FLUSH of things that a server caches; Tables are those of FLUSH TABLES.
type Flush struct {
	At     Pos
	Tables []*TableName
}

// Do is DO: expressions whose results nobody wants.
type Do struct {
	At    Pos
	Exprs []Expr
}

func (*TableAdmin) statement()   {}
func (*Vacuum) statement()       {}
func (*Kill) statement()         {}
func (*LockTables) statement()   {}
func (*UnlockTables) statement() {}
func (*Flush) statement()        {}
func (*Do) statement()           {}
