package errno

import "github.com/s3sql/s3sql/internal/base"

// The codes of temporary files.
var (
	CantCreateFile = code(1004, "HY000", base.KindUnavailable)
	DiskFull       = code(1021, "HY000", base.KindUnavailable)
	ErrorOnRead    = code(1024, "HY000", base.KindUnavailable)
	ErrorOnWrite   = code(1026, "HY000", base.KindUnavailable)
)
