package ast

// AlterTable is ALTER TABLE, CREATE INDEX and DROP INDEX: changes of one table, in order.
type AlterTable struct {
	At      Pos
	Table   *TableName
	Actions []AlterAction
}

// AlterAction is one change of ALTER TABLE; Kind says which members have a meaning.
type AlterAction struct {
	At   Pos
	Kind AlterKind
	// Name is what is changed: a column, an index, a constraint.
	Name    string
	NewName string // of RENAME COLUMN and RENAME INDEX
	Column  *ColumnDef
	First   bool
	After   string
	Index   *IndexDef
	Check   *CheckDef
	Foreign *ForeignKeyDef
	Option  *Option
	Table   *TableName // of RENAME TO
	Default Expr       // of SET DEFAULT
	Text    string     // of Default, as written
	Off     bool       // INVISIBLE, NOT ENFORCED

	Partitions *AlterPartitions
}

// AlterKind is the kind of an AlterAction.
type AlterKind string

// The kinds.
const (
	AddColumn        AlterKind = "ADD COLUMN"
	DropColumn       AlterKind = "DROP COLUMN"
	ChangeColumn     AlterKind = "CHANGE COLUMN" // MODIFY too: the name stays
	RenameColumn     AlterKind = "RENAME COLUMN"
	SetDefault       AlterKind = "SET DEFAULT"
	DropDefault      AlterKind = "DROP DEFAULT"
	ColumnVisible    AlterKind = "ALTER COLUMN VISIBLE"
	AddIndex         AlterKind = "ADD INDEX"
	DropIndex        AlterKind = "DROP INDEX"
	DropPrimary      AlterKind = "DROP PRIMARY KEY"
	RenameIndex      AlterKind = "RENAME INDEX"
	IndexVisible     AlterKind = "ALTER INDEX"
	AddCheck         AlterKind = "ADD CHECK"
	DropCheck        AlterKind = "DROP CHECK"
	DropConstraint   AlterKind = "DROP CONSTRAINT"
	Enforce          AlterKind = "ALTER CHECK"
	EnforceAny       AlterKind = "ALTER CONSTRAINT"
	AddForeignKey    AlterKind = "ADD FOREIGN KEY"
	DropForeignKey   AlterKind = "DROP FOREIGN KEY"
	RenameTo         AlterKind = "RENAME TO"
	TableOption      AlterKind = "OPTION"
	ConvertCharset   AlterKind = "CONVERT TO"
	ForceRebuild     AlterKind = "FORCE"
	SwitchKeys       AlterKind = "KEYS"     // ENABLE and DISABLE KEYS
	OrderRows        AlterKind = "ORDER BY" // no effect: rows stand in the order of their key
	ChangePartitions AlterKind = "PARTITION"
	AlterTablespace  AlterKind = "TABLESPACE" // DISCARD and IMPORT
	TextOptions      AlterKind = "ALTER FULLTEXT INDEX SET"
	RebuildText      AlterKind = "ALTER FULLTEXT INDEX REBUILD"
)

// RenameTables is RENAME TABLE a TO b, c TO d: from left to right.
type RenameTables struct {
	At       Pos
	From, To []*TableName
}

func (*AlterTable) statement()   {}
func (*RenameTables) statement() {}
