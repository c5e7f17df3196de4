package expr

import "github.com/s3sql/s3sql/sqlengine/expr/convert"

// KnownCollation reports whether there is a collation of that name.
func KnownCollation(name string) bool { return convert.LookupCollation(name) != nil }
