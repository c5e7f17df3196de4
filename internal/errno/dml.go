package errno

import "github.com/s3sql/s3sql/internal/base"

// Codes of statements that change rows, and of the constraints they meet.
var (
	UpdateTableUsed   = code(1093, "HY000", base.KindInvalid) // a subquery reads the table that the statement changes
	NonUpdatable      = code(1288, "HY000", base.KindInvalid)
	ViewCheckFailed   = code(1369, "HY000", base.KindInvalid) // WITH CHECK OPTION
	ViewCheckFixed    = code(1368, "HY000", base.KindInvalid) // WITH CHECK OPTION of a view that is not updatable
	FixedColumn       = code(1348, "HY000", base.KindInvalid)
	ViewSeveral       = code(1393, "HY000", base.KindInvalid) // several tables below a view would change
	ViewNoColumns     = code(1394, "HY000", base.KindInvalid)
	ViewDeleteJoin    = code(1395, "HY000", base.KindInvalid)
	ViewNoDefault     = code(1423, "HY000", base.KindInvalid)
	ViewPrevents      = code(1443, "HY000", base.KindInvalid)
	NonInsertable     = code(1471, "HY000", base.KindInvalid)
	RowIsReferenced   = code(1451, "23000", base.KindInvalid)
	NoReferencedRow   = code(1452, "23000", base.KindInvalid)
	NoPartition       = code(1526, "HY000", base.KindInvalid)
	PartitionMismatch = code(1748, "HY000", base.KindInvalid) // a row outside the partitions named
	CheckViolated     = code(3819, "HY000", base.KindInvalid)

	NotPartitioned     = code(1747, "HY000", base.KindInvalid)
	AutoIncExhausted   = code(1467, "HY000", base.KindInvalid)
	TruncateReferenced = code(1701, "42000", base.KindInvalid)
	CascadeTooDeep     = code(3008, "HY000", base.KindInvalid)
	NoParentIndex      = code(1822, "HY000", base.KindInvalid)
	NoParentTable      = code(1824, "HY000", base.KindInvalid)
	DupForeignKey      = code(1826, "HY000", base.KindInvalid)
	ColumnNotNull      = code(1830, "HY000", base.KindInvalid) // SET NULL of a NOT NULL column
	DropReferenced     = code(3730, "HY000", base.KindInvalid)
	ForeignKeyTypes    = code(3780, "HY000", base.KindInvalid)
	NoForeignKey       = code(1091, "42000", base.KindInvalid) // DROP of a constraint or key that is not there
	WrongForeignKey    = code(1239, "42000", base.KindInvalid)
	CannotAddForeign   = code(1215, "HY000", base.KindInvalid)
	NoParentColumn     = code(3734, "HY000", base.KindInvalid)

	TooFewRecords   = code(1261, "01000", base.KindInvalid) // LOAD DATA: a line with too few fields
	NullToNotNull   = code(1263, "22004", base.KindInvalid)
	TooManyRecords  = code(1262, "01000", base.KindInvalid)
	LocalInfile     = code(3948, "42000", base.KindInvalid) // LOAD DATA LOCAL is not allowed
	FileNotFound    = code(29, "HY000", base.KindInvalid)
	WrongFieldTerms = code(1083, "42000", base.KindInvalid)
)
