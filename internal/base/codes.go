package base

// Code is one row of the error table: MySQL's number and SQLSTATE, and what a caller can do.
type Code struct {
	Number uint16
	State  string
	Kind   Kind
}

// CodeCorrupt is an object, a row or a key that does not decode (the class of MySQL's ER_INDEX_CORRUPT). Every other code
// stands in package errno.
var CodeCorrupt = Code{1712, "HY000", KindCorrupt}
