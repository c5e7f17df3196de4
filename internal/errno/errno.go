// Package errno is the error table: MySQL's numbers and SQLSTATEs, and what kind of failure each is.
package errno

import "github.com/s3sql/s3sql/internal/base"

// The codes in use but base.CodeCorrupt, named after MySQL's symbols (https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html).
var (
	Unknown            = code(1105, "HY000", base.KindInternal)
	Parse              = code(1064, "42000", base.KindInvalid)
	EmptyQuery         = code(1065, "42000", base.KindInvalid)
	DBCreateExists     = code(1007, "HY000", base.KindInvalid)
	BadDB              = code(1049, "42000", base.KindInvalid)
	TableExists        = code(1050, "42S01", base.KindInvalid)
	BadTable           = code(1051, "42S02", base.KindInvalid) // DROP of an unknown table
	WrongGroupField    = code(1056, "42000", base.KindInvalid) // GROUP BY of an aggregate
	NonUniqColumn      = code(1052, "23000", base.KindInvalid) // ambiguous
	BadField           = code(1054, "42S22", base.KindInvalid)
	WrongFieldGroup    = code(1055, "42000", base.KindInvalid)
	DupFieldName       = code(1060, "42S21", base.KindInvalid)
	DupKeyName         = code(1061, "42000", base.KindInvalid)
	DupEntry           = code(1062, "23000", base.KindInvalid)
	NonUniqTable       = code(1066, "42000", base.KindInvalid)
	InvalidDefault     = code(1067, "42000", base.KindInvalid)
	MultiplePriKey     = code(1068, "42000", base.KindInvalid)
	KeyColumnMissing   = code(1072, "42000", base.KindInvalid)
	WrongAutoKey       = code(1075, "42000", base.KindInvalid)
	BadNull            = code(1048, "23000", base.KindInvalid)
	BadFieldLength     = code(1074, "42000", base.KindInvalid)
	InvalidGroupFunc   = code(1111, "HY000", base.KindInvalid)
	MixOfGroupFunc     = code(1140, "42000", base.KindInvalid)
	ViewColumns        = code(1353, "HY000", base.KindInvalid)
	OrderNotInSelect   = code(3065, "HY000", base.KindInvalid)
	NoTables           = code(1096, "HY000", base.KindInvalid)
	FieldSpecTwice     = code(1110, "42000", base.KindInvalid)
	WrongValueCount    = code(1136, "21S01", base.KindInvalid)
	NoSuchTable        = code(1146, "42S02", base.KindInvalid)
	UnknownTable       = code(1109, "42S02", base.KindInvalid) // of information_schema; an alias that is not there
	UnsupportedPrepare = code(1295, "HY000", base.KindUnsupported)
	ReadOnlyVar        = code(1238, "HY000", base.KindInvalid)
	OptionPrevents     = code(1290, "HY000", base.KindInvalid) // database is read-only
	UnknownSysVar      = code(1193, "HY000", base.KindInvalid)
	Deadlock           = code(1213, "40001", base.KindConflict) // any write conflict at commit
	WrongSubKey        = code(1089, "HY000", base.KindInvalid)
	UnknownCharset     = code(1115, "42000", base.KindInvalid)
	UnknownCollation   = code(1273, "HY000", base.KindInvalid)
	JSONKey            = code(3152, "42000", base.KindInvalid)
	WrongUsage         = code(1221, "HY000", base.KindInvalid)
	WrongColumnCount   = code(1222, "21000", base.KindInvalid)
	WrongValueForVar   = code(1231, "42000", base.KindInvalid)
	WrongTypeForVar    = code(1232, "42000", base.KindInvalid)
	NotSupported       = code(1235, "42000", base.KindUnsupported)
	OperandColumns     = code(1241, "21000", base.KindInvalid)
	SubqueryRows       = code(1242, "21000", base.KindInvalid)
	DerivedAlias       = code(1248, "42000", base.KindInvalid)
	OutOfRange         = code(1264, "22003", base.KindInvalid)
	Truncated          = code(1265, "01000", base.KindInvalid)
	InvalidCharset     = code(1300, "HY000", base.KindInvalid)
	FuncNotExist       = code(1305, "42000", base.KindInvalid)
	SavepointMissing   = code(1305, "42000", base.KindInvalid)
	QueryInterrupted   = code(1317, "70100", base.KindInvalid)
	WrongLiteral       = code(1525, "HY000", base.KindInvalid) // incorrect DATE, TIME or DATETIME literal
	TooBigScale        = code(1425, "42000", base.KindInvalid)
	TooBigPrecision    = code(1426, "42000", base.KindInvalid)
	DivisionByZero     = code(1365, "22012", base.KindInvalid)
	WrongValue         = code(1292, "22007", base.KindInvalid) // incorrect DATETIME value, …
	WrongValueForType  = code(1366, "HY000", base.KindInvalid) // incorrect integer value: '…' for column
	NoDefault          = code(1364, "HY000", base.KindInvalid)
	DataTooLong        = code(1406, "22001", base.KindInvalid)
	WrongParamCount    = code(1582, "42000", base.KindInvalid) // native function
	WrongArguments     = code(1210, "HY000", base.KindInvalid)
	UnknownLocale      = code(1649, "HY000", base.KindInvalid)

	TimeOverflow          = code(1441, "22008", base.KindInvalid)
	ZlibData              = code(1259, "HY000", base.KindInvalid)
	TooBigForUncompress   = code(1256, "HY000", base.KindInvalid)
	WarnOptionIgnored     = code(1618, "HY000", base.KindInvalid)
	AESInvalidIV          = code(1882, "HY000", base.KindInvalid)
	AESInvalidKDF         = code(3235, "HY000", base.KindInvalid)
	AESInvalidIterations  = code(3236, "HY000", base.KindInvalid)
	WrongValueForFunction = code(1411, "HY000", base.KindInvalid) // incorrect … value: '…' for function …

	DataOutOfRange   = code(1690, "22003", base.KindInvalid) // BIGINT value is out of range in '…'
	ReadOnlyTx       = code(1792, "25006", base.KindInvalid)
	TxInProgress     = code(1568, "25001", base.KindInvalid)
	RecordTooLarge   = code(1197, "HY000", base.KindInvalid) // transaction larger than one commit record may be
	KeyTooLong       = code(1071, "42000", base.KindInvalid)
	TooManyKeyParts  = code(1070, "42000", base.KindInvalid)
	WrongTableName   = code(1103, "42000", base.KindInvalid)
	TableNoColumns   = code(1113, "42000", base.KindInvalid)
	TooManyColumns   = code(1117, "HY000", base.KindInvalid)
	CapacityExceeded = code(3170, "HY000", base.KindInvalid) // memory_limit
	AccessDenied     = code(1045, "28000", base.KindUnavailable)
	Unavailable      = code(2013, "08S01", base.KindUnavailable)
	CommitUnknown    = code(1180, "08007", base.KindCommitUnknown) // ER_ERROR_DURING_COMMIT; transaction resolution unknown
	Closed           = code(1053, "08S01", base.KindClosed)        // server shutdown in progress
	Fenced           = code(1205, "HY000", base.KindFenced)
	Config           = code(1105, "08001", base.KindInvalid) // a DSN or an option that is not valid
	StoreUnsafe      = code(1105, "08004", base.KindUnavailable)
)

func code(number uint16, state string, kind base.Kind) base.Code {
	return base.Code{Number: number, State: state, Kind: kind}
}
