// Package errno is the error table: MySQL's numbers and SQLSTATEs, and what kind of failure each is.
package errno

import "github.com/s3sql/s3sql/internal/base"

// The codes in use but base.CodeCorrupt, in the order of their numbers and named after MySQL's symbols
// (https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html). A line each, so that two changes seldom meet.

var DBCreateExists = code(1007, "HY000", base.KindInvalid)
var AccessDenied = code(1045, "28000", base.KindUnavailable)
var BadNull = code(1048, "23000", base.KindInvalid)
var BadDB = code(1049, "42000", base.KindInvalid)
var TableExists = code(1050, "42S01", base.KindInvalid)
var BadTable = code(1051, "42S02", base.KindInvalid)      // DROP of an unknown table
var NonUniqColumn = code(1052, "23000", base.KindInvalid) // ambiguous
var Closed = code(1053, "08S01", base.KindClosed)         // server shutdown in progress
var BadField = code(1054, "42S22", base.KindInvalid)
var WrongFieldGroup = code(1055, "42000", base.KindInvalid)
var WrongGroupField = code(1056, "42000", base.KindInvalid) // GROUP BY of an aggregate
var DupFieldName = code(1060, "42S21", base.KindInvalid)
var DupKeyName = code(1061, "42000", base.KindInvalid)
var DupEntry = code(1062, "23000", base.KindInvalid)
var Parse = code(1064, "42000", base.KindInvalid)
var EmptyQuery = code(1065, "42000", base.KindInvalid)
var NonUniqTable = code(1066, "42000", base.KindInvalid)
var InvalidDefault = code(1067, "42000", base.KindInvalid)
var MultiplePriKey = code(1068, "42000", base.KindInvalid)
var TooManyKeyParts = code(1070, "42000", base.KindInvalid)
var KeyTooLong = code(1071, "42000", base.KindInvalid)
var KeyColumnMissing = code(1072, "42000", base.KindInvalid)
var BadFieldLength = code(1074, "42000", base.KindInvalid)
var WrongAutoKey = code(1075, "42000", base.KindInvalid)
var WrongSubKey = code(1089, "HY000", base.KindInvalid)
var NoSuchThread = code(1094, "HY000", base.KindInvalid)
var NoTables = code(1096, "HY000", base.KindInvalid)
var WrongTableName = code(1103, "42000", base.KindInvalid)
var Config = code(1105, "08001", base.KindInvalid) // a DSN or an option that is not valid
var StoreUnsafe = code(1105, "08004", base.KindUnavailable)
var Unknown = code(1105, "HY000", base.KindInternal)
var UnknownTable = code(1109, "42S02", base.KindInvalid) // of information_schema; an alias that is not there
var FieldSpecTwice = code(1110, "42000", base.KindInvalid)
var InvalidGroupFunc = code(1111, "HY000", base.KindInvalid)
var TableNoColumns = code(1113, "42000", base.KindInvalid)
var UnknownCharset = code(1115, "42000", base.KindInvalid)
var TooManyColumns = code(1117, "HY000", base.KindInvalid)
var WrongValueCount = code(1136, "21S01", base.KindInvalid)
var MixOfGroupFunc = code(1140, "42000", base.KindInvalid)
var NoSuchTable = code(1146, "42S02", base.KindInvalid)
var CommitUnknown = code(1180, "08007", base.KindCommitUnknown) // ER_ERROR_DURING_COMMIT; transaction resolution unknown
var UnknownSysVar = code(1193, "HY000", base.KindInvalid)
var RecordTooLarge = code(1197, "HY000", base.KindInvalid) // transaction larger than one commit record may be
var Fenced = code(1205, "HY000", base.KindFenced)
var WrongArguments = code(1210, "HY000", base.KindInvalid)
var Deadlock = code(1213, "40001", base.KindConflict) // any write conflict at commit
var WrongUsage = code(1221, "HY000", base.KindInvalid)
var WrongColumnCount = code(1222, "21000", base.KindInvalid)
var LocalVariable = code(1228, "HY000", base.KindInvalid)
var GlobalVariable = code(1229, "HY000", base.KindInvalid)
var WrongValueForVar = code(1231, "42000", base.KindInvalid)
var WrongTypeForVar = code(1232, "42000", base.KindInvalid)
var NotSupported = code(1235, "42000", base.KindUnsupported)
var ReadOnlyVar = code(1238, "HY000", base.KindInvalid)
var OperandColumns = code(1241, "21000", base.KindInvalid)
var SubqueryRows = code(1242, "21000", base.KindInvalid)
var DerivedAlias = code(1248, "42000", base.KindInvalid)
var TooBigForUncompress = code(1256, "HY000", base.KindInvalid)
var ZlibData = code(1259, "HY000", base.KindInvalid)
var OutOfRange = code(1264, "22003", base.KindInvalid)
var Truncated = code(1265, "01000", base.KindInvalid)
var CantAggregateCollations = code(1267, "HY000", base.KindInvalid)
var UnknownCollation = code(1273, "HY000", base.KindInvalid)
var OptionPrevents = code(1290, "HY000", base.KindInvalid) // database is read-only
var WrongValue = code(1292, "22007", base.KindInvalid)     // incorrect DATETIME value, …
var UnsupportedPrepare = code(1295, "HY000", base.KindUnsupported)
var InvalidCharset = code(1300, "HY000", base.KindInvalid)
var FuncNotExist = code(1305, "42000", base.KindInvalid)
var SavepointMissing = code(1305, "42000", base.KindInvalid)
var QueryInterrupted = code(1317, "70100", base.KindInvalid)
var WrongObject = code(1347, "HY000", base.KindInvalid) // a table where a view is wanted
var ViewColumns = code(1353, "HY000", base.KindInvalid)
var NoDefault = code(1364, "HY000", base.KindInvalid)
var DivisionByZero = code(1365, "22012", base.KindInvalid)
var WrongValueForType = code(1366, "HY000", base.KindInvalid) // incorrect integer value: '…' for column
var DataTooLong = code(1406, "22001", base.KindInvalid)
var WrongValueForFunction = code(1411, "HY000", base.KindInvalid) // incorrect … value: '…' for function …
var TooBigScale = code(1425, "42000", base.KindInvalid)
var TooBigPrecision = code(1426, "42000", base.KindInvalid)
var TimeOverflow = code(1441, "22008", base.KindInvalid)
var WrongLiteral = code(1525, "HY000", base.KindInvalid) // incorrect DATE, TIME or DATETIME literal
var TxInProgress = code(1568, "25001", base.KindInvalid)
var WrongParamCount = code(1582, "42000", base.KindInvalid) // native function
var WarnOptionIgnored = code(1618, "HY000", base.KindInvalid)
var UnknownLocale = code(1649, "HY000", base.KindInvalid)
var DataOutOfRange = code(1690, "22003", base.KindInvalid) // BIGINT value is out of range in '…'
var ReadOnlyTx = code(1792, "25006", base.KindInvalid)
var AESInvalidIV = code(1882, "HY000", base.KindInvalid)
var Unavailable = code(2013, "08S01", base.KindUnavailable)
var UserLockName = code(3057, "42000", base.KindInvalid)
var OrderNotInSelect = code(3065, "HY000", base.KindInvalid)
var JSONKey = code(3152, "42000", base.KindInvalid)
var CapacityExceeded = code(3170, "HY000", base.KindInvalid) // memory_limit
var AESInvalidKDF = code(3235, "HY000", base.KindInvalid)
var AESInvalidIterations = code(3236, "HY000", base.KindInvalid)

func code(number uint16, state string, kind base.Kind) base.Code {
	return base.Code{Number: number, State: state, Kind: kind}
}
