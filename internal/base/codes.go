package base

// Code is one row of the error table: MySQL's number and SQLSTATE, and what a caller can do.
type Code struct {
	Number uint16
	State  string
	Kind   Kind
}

// The codes in use, named after MySQL's symbols (https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html).
var (
	CodeUnknown            = Code{1105, "HY000", KindInternal}
	CodeParse              = Code{1064, "42000", KindInvalid}
	CodeEmptyQuery         = Code{1065, "42000", KindInvalid}
	CodeDBCreateExists     = Code{1007, "HY000", KindInvalid}
	CodeBadDB              = Code{1049, "42000", KindInvalid}
	CodeTableExists        = Code{1050, "42S01", KindInvalid}
	CodeBadTable           = Code{1051, "42S02", KindInvalid} // DROP of an unknown table
	CodeWrongGroupField    = Code{1056, "42000", KindInvalid} // GROUP BY of an aggregate
	CodeNonUniqColumn      = Code{1052, "23000", KindInvalid} // ambiguous
	CodeBadField           = Code{1054, "42S22", KindInvalid}
	CodeWrongFieldGroup    = Code{1055, "42000", KindInvalid}
	CodeDupFieldName       = Code{1060, "42S21", KindInvalid}
	CodeDupKeyName         = Code{1061, "42000", KindInvalid}
	CodeDupEntry           = Code{1062, "23000", KindInvalid}
	CodeNonUniqTable       = Code{1066, "42000", KindInvalid}
	CodeInvalidDefault     = Code{1067, "42000", KindInvalid}
	CodeMultiplePriKey     = Code{1068, "42000", KindInvalid}
	CodeKeyColumnMissing   = Code{1072, "42000", KindInvalid}
	CodeWrongAutoKey       = Code{1075, "42000", KindInvalid}
	CodeBadNull            = Code{1048, "23000", KindInvalid}
	CodeBadFieldLength     = Code{1074, "42000", KindInvalid}
	CodeInvalidGroupFunc   = Code{1111, "HY000", KindInvalid}
	CodeMixOfGroupFunc     = Code{1140, "42000", KindInvalid}
	CodeViewColumns        = Code{1353, "HY000", KindInvalid}
	CodeOrderNotInSelect   = Code{3065, "HY000", KindInvalid}
	CodeNoTables           = Code{1096, "HY000", KindInvalid}
	CodeFieldSpecTwice     = Code{1110, "42000", KindInvalid}
	CodeWrongValueCount    = Code{1136, "21S01", KindInvalid}
	CodeNoSuchTable        = Code{1146, "42S02", KindInvalid}
	CodeUnsupportedPrepare = Code{1295, "HY000", KindUnsupported}
	CodeReadOnlyVar        = Code{1238, "HY000", KindInvalid}
	CodeOptionPrevents     = Code{1290, "HY000", KindInvalid} // database is read-only
	CodeUnknownSysVar      = Code{1193, "HY000", KindInvalid}
	CodeDeadlock           = Code{1213, "40001", KindConflict} // any write conflict at commit
	CodeWrongSubKey        = Code{1089, "HY000", KindInvalid}
	CodeUnknownCharset     = Code{1115, "42000", KindInvalid}
	CodeUnknownCollation   = Code{1273, "HY000", KindInvalid}
	CodeJSONKey            = Code{3152, "42000", KindInvalid}
	CodeWrongUsage         = Code{1221, "HY000", KindInvalid}
	CodeWrongColumnCount   = Code{1222, "21000", KindInvalid}
	CodeWrongValueForVar   = Code{1231, "42000", KindInvalid}
	CodeWrongTypeForVar    = Code{1232, "42000", KindInvalid}
	CodeNotSupported       = Code{1235, "42000", KindUnsupported}
	CodeOperandColumns     = Code{1241, "21000", KindInvalid}
	CodeSubqueryRows       = Code{1242, "21000", KindInvalid}
	CodeDerivedAlias       = Code{1248, "42000", KindInvalid}
	CodeOutOfRange         = Code{1264, "22003", KindInvalid}
	CodeTruncated          = Code{1265, "01000", KindInvalid}
	CodeInvalidCharset     = Code{1300, "HY000", KindInvalid}
	CodeFuncNotExist       = Code{1305, "42000", KindInvalid}
	CodeSavepointMissing   = Code{1305, "42000", KindInvalid}
	CodeQueryInterrupted   = Code{1317, "70100", KindInvalid}
	CodeWrongLiteral       = Code{1525, "HY000", KindInvalid} // incorrect DATE, TIME or DATETIME literal
	CodeTooBigScale        = Code{1425, "42000", KindInvalid}
	CodeTooBigPrecision    = Code{1426, "42000", KindInvalid}
	CodeDivisionByZero     = Code{1365, "22012", KindInvalid}
	CodeWrongValue         = Code{1292, "22007", KindInvalid} // incorrect DATETIME value, …
	CodeWrongValueForType  = Code{1366, "HY000", KindInvalid} // incorrect integer value: '…' for column
	CodeNoDefault          = Code{1364, "HY000", KindInvalid}
	CodeDataTooLong        = Code{1406, "22001", KindInvalid}
	CodeWrongParamCount    = Code{1582, "42000", KindInvalid} // native function
	CodeWrongArguments     = Code{1210, "HY000", KindInvalid}
	CodeDataOutOfRange     = Code{1690, "22003", KindInvalid} // BIGINT value is out of range in '…'
	CodeReadOnlyTx         = Code{1792, "25006", KindInvalid}
	CodeTxInProgress       = Code{1568, "25001", KindInvalid}
	CodeRecordTooLarge     = Code{1197, "HY000", KindInvalid} // transaction larger than one commit record may be
	CodeKeyTooLong         = Code{1071, "42000", KindInvalid}
	CodeTooManyKeyParts    = Code{1070, "42000", KindInvalid}
	CodeWrongTableName     = Code{1103, "42000", KindInvalid}
	CodeTableNoColumns     = Code{1113, "42000", KindInvalid}
	CodeTooManyColumns     = Code{1117, "HY000", KindInvalid}
	CodeCapacityExceeded   = Code{3170, "HY000", KindInvalid} // memory_limit
	CodeAccessDenied       = Code{1045, "28000", KindUnavailable}
	CodeUnavailable        = Code{2013, "08S01", KindUnavailable}
	CodeCommitUnknown      = Code{1180, "08007", KindCommitUnknown} // ER_ERROR_DURING_COMMIT; transaction resolution unknown
	CodeCorrupt            = Code{1712, "HY000", KindCorrupt}       // ER_INDEX_CORRUPT's class
	CodeClosed             = Code{1053, "08S01", KindClosed}        // server shutdown in progress
	CodeFenced             = Code{1205, "HY000", KindFenced}
	CodeConfig             = Code{1105, "08001", KindInvalid} // a DSN or an option that is not valid
	CodeStoreUnsafe        = Code{1105, "08004", KindUnavailable}
)
