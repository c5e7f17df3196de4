package errno

import "github.com/s3sql/s3sql/internal/base"

// The codes of queries: common table expressions, derived tables, table functions.
var (
	IllegalUserVar     = code(3061, "42000", base.KindInvalid)
	NestingTooHigh     = code(1473, "HY000", base.KindInvalid)
	CTENoUnion         = code(3573, "HY000", base.KindInvalid)
	CTENoSeed          = code(3574, "HY000", base.KindInvalid)
	CTEAggregation     = code(3575, "HY000", base.KindInvalid)
	CTEJoinOrder       = code(3576, "HY000", base.KindInvalid)
	CTESingleReference = code(3577, "HY000", base.KindInvalid)
	CTEMaxDepth        = code(3636, "HY000", base.KindInvalid)
)

// The codes of LATERAL and JSON_TABLE.
var (
	LateralJoinType  = code(3668, "HY000", base.KindInvalid)
	JSONTableMissing = code(3665, "22035", base.KindInvalid)
	JSONTableWrong   = code(3666, "2203F", base.KindInvalid)
	TableFuncAlias   = code(3667, "42000", base.KindInvalid)
	JSONTableRange   = code(3669, "22003", base.KindInvalid)
	JSONTableNested  = code(3670, "42000", base.KindInvalid)
)

// The codes of grouping.
var (
	GroupingArgument     = code(3580, "HY000", base.KindInvalid)
	AggregateNotInSelect = code(3066, "HY000", base.KindInvalid)
)

// The codes of prepared statements and of SELECT … INTO.
var (
	TooManyRows = code(1172, "42000", base.KindInvalid)
	UnknownStmt = code(1243, "HY000", base.KindInvalid)
	NoData      = code(1329, "02000", base.KindInvalid)
	MaxPrepared = code(1461, "42000", base.KindInvalid)
)

// The codes of locking clauses.
var (
	UnresolvedTableLock = code(3568, "HY000", base.KindInvalid)
	DuplicateTableLock  = code(3569, "HY000", base.KindInvalid)
)
