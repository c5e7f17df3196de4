package errno

import "github.com/s3sql/s3sql/internal/base"

// The codes of queries: common table expressions, derived tables, table functions.
var (
	NestingTooHigh     = code(1473, "HY000", base.KindInvalid)
	CTENoUnion         = code(3573, "HY000", base.KindInvalid)
	CTENoSeed          = code(3574, "HY000", base.KindInvalid)
	CTEAggregation     = code(3575, "HY000", base.KindInvalid)
	CTEJoinOrder       = code(3576, "HY000", base.KindInvalid)
	CTESingleReference = code(3577, "HY000", base.KindInvalid)
	CTEMaxDepth        = code(3636, "HY000", base.KindInvalid)
)
