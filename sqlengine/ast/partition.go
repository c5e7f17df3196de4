package ast

// PartitionBy is PARTITION BY of CREATE TABLE and ALTER TABLE.
type PartitionBy struct {
	At        Pos
	Method    string   // "RANGE", "LIST", "HASH", "KEY"
	Linear    bool     // of HASH and KEY
	ByColumns bool     // COLUMNS (…), or KEY
	Columns   []string // none for KEY ()
	Expr      Expr     // nil with ByColumns
	Algorithm int      // of KEY; 0 none
	Count     int      // PARTITIONS n; 0 none
	Parts     []PartitionDef
}

// PartitionDef is the definition of one partition. At most one of Less and In is set.
type PartitionDef struct {
	At      Pos
	Name    string
	Less    []PartitionValue   // VALUES LESS THAN
	Bare    bool               // MAXVALUE without parentheses
	In      [][]PartitionValue // VALUES IN; a row of one value where none was written in parentheses
	Comment string
	MaxRows uint64
	MinRows uint64
}

// PartitionValue is a value of a definition; MAXVALUE has no Expr.
type PartitionValue struct {
	Max  bool
	Expr Expr
}

// AlterPartitions is a change of partitions in ALTER TABLE. Names is empty for ALL.
type AlterPartitions struct {
	Op       string   // "ADD", "DROP", "TRUNCATE", "COALESCE", "REORGANIZE", "BY", "REMOVE", "EXCHANGE", "REBUILD"
	Names    []string // partitions
	All      bool     // ALL was written
	Count    int      // of ADD PARTITION PARTITIONS n and COALESCE
	Parts    []PartitionDef
	By       *PartitionBy
	Table    *TableName // of EXCHANGE
	Validate bool       // of EXCHANGE: WITH VALIDATION, or nothing
}
