package errno

import "github.com/s3sql/s3sql/internal/base"

// The codes of window functions.
var (
	NoSuchWindow       = code(3579, "HY000", base.KindInvalid)
	WindowCircle       = code(3580, "HY000", base.KindInvalid)
	WindowPartition    = code(3581, "HY000", base.KindInvalid) // PARTITION BY in a window that is based on another
	WindowInheritFrame = code(3582, "HY000", base.KindInvalid)
	WindowRedefOrder   = code(3583, "HY000", base.KindInvalid)
	WindowFrameStart   = code(3584, "HY000", base.KindInvalid)
	WindowFrameEnd     = code(3585, "HY000", base.KindInvalid)
	WindowFrameIllegal = code(3586, "HY000", base.KindInvalid)
	WindowRangeOrder   = code(3587, "HY000", base.KindInvalid)
	WindowRangeTime    = code(3588, "HY000", base.KindInvalid) // a temporal key and a bound without INTERVAL
	WindowRangeNumber  = code(3589, "HY000", base.KindInvalid) // a numeric key and a bound with INTERVAL
	WindowBoundVaries  = code(3590, "HY000", base.KindInvalid)
	WindowTwice        = code(3591, "HY000", base.KindInvalid)
	WindowPosition     = code(3592, "HY000", base.KindInvalid) // ORDER BY 1
	WindowFuncUse      = code(3593, "HY000", base.KindInvalid)
	WindowAliasUse     = code(3594, "HY000", base.KindInvalid)
	WindowNested       = code(3595, "HY000", base.KindInvalid)
	WindowRowsInterval = code(3596, "HY000", base.KindInvalid)
)
