package ast

import "github.com/s3sql/s3sql/internal/base"

// Statement is one SQL statement.
type Statement interface{ statement() }

// Insert is INSERT or REPLACE. Exactly one of Rows, Query and DefaultOnly applies (INSERT … SET becomes one row).
type Insert struct {
	At        Pos
	With      *With
	Replace   bool
	Ignore    bool
	Table     *TableName
	Columns   []string
	Rows      [][]Expr // *Default where DEFAULT was written; an empty row for VALUES ()
	Query     Query
	RowAlias  string
	ColAlias  []string
	OnDup     []SetItem
	Returning []SelectItem
}

// SetItem is column = value.
type SetItem struct {
	Column *ColumnRef
	Value  Expr
}

// Update is UPDATE, of one table or several.
type Update struct {
	At        Pos
	With      *With
	Ignore    bool
	From      []TableExpr
	Set       []SetItem
	Where     Expr
	OrderBy   []OrderItem
	Limit     *Limit
	Returning []SelectItem
}

// Delete is DELETE. Targets is empty for the single-table form, whose table is From[0].
type Delete struct {
	At        Pos
	With      *With
	Ignore    bool
	Targets   []*TableName
	From      []TableExpr
	Where     Expr
	OrderBy   []OrderItem
	Limit     *Limit
	Returning []SelectItem
}

// CreateTable is CREATE TABLE. Like and Query exclude each other.
type CreateTable struct {
	At          Pos
	Table       *TableName
	Temporary   bool
	IfNotExists bool
	Columns     []ColumnDef
	Indexes     []IndexDef
	ForeignKeys []ForeignKeyDef
	Checks      []CheckDef
	Options     []Option // ENGINE, CHARSET, COLLATE, COMMENT, AUTO_INCREMENT …
	Partition   *PartitionBy
	Like        *TableName
	Query       Query
	QueryMode   string // "", "IGNORE", "REPLACE"
	Text        string // the statement as written
}

// ColumnDef is one column of CREATE TABLE.
type ColumnDef struct {
	At            Pos
	Name          string
	Type          base.Type
	TypeText      string // as written: serial, boolean …
	NotNull       bool
	Null          bool   // NULL was written
	Default       Expr   // nil: none; a Literal NULL for DEFAULT NULL
	DefaultText   string // of Default, as written
	OnUpdateNow   bool
	OnUpdateScale int // digits of a second of ON UPDATE CURRENT_TIMESTAMP(n)
	AutoIncrement bool
	PrimaryKey    bool
	Unique        bool
	Comment       string
	Invisible     bool
	Encrypted     bool
	Generated     Expr
	GeneratedText string
	Stored        bool
	Check         []CheckDef
	References    *ForeignKeyDef
}

// IndexDef is PRIMARY KEY, UNIQUE, KEY, FULLTEXT or SPATIAL inside CREATE TABLE, or CREATE INDEX.
type IndexDef struct {
	At      Pos
	Kind    string // "PRIMARY", "UNIQUE", "INDEX", "FULLTEXT", "SPATIAL"
	Name    string
	Columns []IndexColumn
	Options []Option
}

// IndexColumn is one key part.
type IndexColumn struct {
	Name   string
	Length int // prefix length, 0 none
	Desc   bool
	Expr   Expr // functional key part
	Text   string
}

// ForeignKeyDef is a FOREIGN KEY clause.
type ForeignKeyDef struct {
	At                 Pos
	Name               string // of CONSTRAINT name
	Index              string // name behind FOREIGN KEY, for the index that the constraint may need
	Columns            []string
	RefTable           *TableName
	RefColumns         []string
	OnDelete, OnUpdate string // "", "RESTRICT", "CASCADE", "SET NULL", "NO ACTION", "SET DEFAULT"
}

// CheckDef is a CHECK clause.
type CheckDef struct {
	At          Pos
	Name        string
	Expr        Expr
	Text        string
	NotEnforced bool
}

// Option is name = value: a table option or one of WITH (…). Value is a Literal, or nil for a bare word.
type Option struct {
	At    Pos
	Name  string // lower case
	Value Expr
}

// DropTable is DROP TABLE.
type DropTable struct {
	At        Pos
	Tables    []*TableName
	IfExists  bool
	Temporary bool
}

// Truncate is TRUNCATE TABLE.
type Truncate struct {
	At    Pos
	Table *TableName
}

// Begin is BEGIN or START TRANSACTION.
type Begin struct {
	ReadOnly, ReadWrite bool
	Snapshot            bool // WITH CONSISTENT SNAPSHOT
}

// Commit is COMMIT [AND [NO] CHAIN].
type Commit struct{ Chain bool }

// Rollback is ROLLBACK, or ROLLBACK TO [SAVEPOINT] name.
type Rollback struct {
	Chain bool
	To    string
}

// Savepoint is SAVEPOINT name; Release is RELEASE SAVEPOINT name.
type Savepoint struct {
	Name    string
	Release bool
}

// SetVariables is SET a = 1, @@b = 2, @c = 3, SET NAMES …, SET TRANSACTION …
type SetVariables struct {
	At    Pos
	Items []SetVariable
}

// SetVariable is one assignment of SET. Value is a Literal string for a bare word; nil for DEFAULT.
type SetVariable struct {
	Var   Variable
	Value Expr
}

// SetTransaction is SET [SESSION|GLOBAL] TRANSACTION ISOLATION LEVEL … | READ ONLY | READ WRITE.
type SetTransaction struct {
	Scope     string
	Isolation string // "", "READ UNCOMMITTED", "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"
	Access    string // "", "READ ONLY", "READ WRITE"
}

// Show is a SHOW statement; Kind is what follows, upper case: "TABLES", "COLUMNS", "CREATE TABLE", "INDEX", "VARIABLES", …
type Show struct {
	At    Pos
	Kind  string
	Full  bool
	Scope string // GLOBAL, SESSION
	Table *TableName
	From  string // database
	Like  *string
	Where Expr
	Limit *Limit
}

// Diagnostic reports whether s shows the conditions of the statement before, which it therefore leaves as they are.
func (s *Show) Diagnostic() bool {
	switch s.Kind {
	case "WARNINGS", "ERRORS", "COUNT WARNINGS", "COUNT ERRORS":
		return true
	}
	return false
}

// Explain is EXPLAIN [ANALYZE] [FORMAT = …] statement.
type Explain struct {
	At      Pos
	Analyze bool
	Format  string // "", "TREE", "JSON", "TRADITIONAL"
	Stmt    Statement
}

// Use is USE database.
type Use struct {
	At       Pos
	Database string
}

// CheckStore is CHECK STORE.
type CheckStore struct{ At Pos }

// CreateDatabase is CREATE and ALTER DATABASE|SCHEMA. ALTER without a name means the session's.
type CreateDatabase struct {
	At          Pos
	Name        string
	IfNotExists bool
	Alter       bool
	Charset     string // in lower case, as Collation; "" not named
	Collation   string
	Encryption  string
	ReadOnly    bool
}

// DropDatabase is DROP DATABASE|SCHEMA.
type DropDatabase struct {
	At       Pos
	Name     string
	IfExists bool
}

func (*Select) statement()         {}
func (*SetOp) statement()          {}
func (*ValuesList) statement()     {}
func (*Insert) statement()         {}
func (*Update) statement()         {}
func (*Delete) statement()         {}
func (*CreateTable) statement()    {}
func (*DropTable) statement()      {}
func (*Truncate) statement()       {}
func (*Begin) statement()          {}
func (*Commit) statement()         {}
func (*Rollback) statement()       {}
func (*Savepoint) statement()      {}
func (*SetVariables) statement()   {}
func (*SetTransaction) statement() {}
func (*Show) statement()           {}
func (*Explain) statement()        {}
func (*Use) statement()            {}
func (*CheckStore) statement()     {}
func (*CreateDatabase) statement() {}
func (*DropDatabase) statement()   {}

// Search is SEARCH words [mode] IN tables: a full-text search of several tables.
type Search struct {
	At     Pos
	Words  Expr
	Mode   string // as of Match
	Tables []*TableName
	Limit  *Limit
}

func (*Search) statement() {}
