package infoschema

import (
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// Stored programs, triggers, events and server plugins do not exist: their tables are there, and empty.

// sqlMode is the type of SQL_MODE columns, with the modes of MySQL 8.0.
var sqlMode = required(column("SQL_MODE", base.Type{ID: base.TypeSet, Elems: []string{"REAL_AS_FLOAT", "PIPES_AS_CONCAT", "ANSI_QUOTES",
	"IGNORE_SPACE", "NOT_USED", "ONLY_FULL_GROUP_BY", "NO_UNSIGNED_SUBTRACTION", "NO_DIR_IN_CREATE", "NOT_USED_9", "NOT_USED_10",
	"NOT_USED_11", "NOT_USED_12", "NOT_USED_13", "NOT_USED_14", "NOT_USED_15", "NOT_USED_16", "NOT_USED_17", "NOT_USED_18", "ANSI",
	"NO_AUTO_VALUE_ON_ZERO", "NO_BACKSLASH_ESCAPES", "STRICT_TRANS_TABLES", "STRICT_ALL_TABLES", "NO_ZERO_IN_DATE", "NO_ZERO_DATE",
	"ALLOW_INVALID_DATES", "ERROR_FOR_DIVISION_BY_ZERO", "TRADITIONAL", "NOT_USED_29", "HIGH_NOT_PRECEDENCE", "NO_ENGINE_SUBSTITUTION",
	"PAD_CHAR_TO_FULL_LENGTH", "TIME_TRUNCATE_FRACTIONAL"}}, false))

// session are the last columns of programs: the character sets they were created under.
func session() []plan.Column {
	return cols(required(text("CHARACTER_SET_CLIENT", 64)), required(text("COLLATION_CONNECTION", 64)), required(text("DATABASE_COLLATION", 64)))
}

var triggers = definition{
	name: "TRIGGERS",
	columns: join(names("TRIGGER_CATALOG", "TRIGGER_SCHEMA", "TRIGGER_NAME"), cols(required(enum("EVENT_MANIPULATION", "INSERT", "UPDATE", "DELETE"))),
		names("EVENT_OBJECT_CATALOG", "EVENT_OBJECT_SCHEMA", "EVENT_OBJECT_TABLE"), cols(required(unsigned("ACTION_ORDER", base.TypeInt)),
			binary("ACTION_CONDITION"), required(of("ACTION_STATEMENT", base.TypeLongText)), required(text("ACTION_ORIENTATION", 3)),
			required(enum("ACTION_TIMING", "BEFORE", "AFTER")), binary("ACTION_REFERENCE_OLD_TABLE"), binary("ACTION_REFERENCE_NEW_TABLE"),
			required(text("ACTION_REFERENCE_OLD_ROW", 3)), required(text("ACTION_REFERENCE_NEW_ROW", 3)),
			required(stamp("CREATED", 2)), sqlMode, required(text("DEFINER", 288))), session()),
	local: true,
	rows:  none,
}

func stamp(name string, scale uint8) plan.Column {
	return column(name, base.Type{ID: base.TypeTimestamp, Scale: scale}, true)
}

var dataAccess = enum("SQL_DATA_ACCESS", "CONTAINS SQL", "NO SQL", "READS SQL DATA", "MODIFIES SQL DATA")

var routines = definition{
	name: "ROUTINES",
	columns: join(cols(required(text("SPECIFIC_NAME", 64))), names("ROUTINE_CATALOG", "ROUTINE_SCHEMA"), cols(required(text("ROUTINE_NAME", 64)),
		required(enum("ROUTINE_TYPE", "FUNCTION", "PROCEDURE")), of("DATA_TYPE", base.TypeLongText), of("CHARACTER_MAXIMUM_LENGTH", base.TypeBigInt),
		of("CHARACTER_OCTET_LENGTH", base.TypeBigInt), unsigned("NUMERIC_PRECISION", base.TypeInt), unsigned("NUMERIC_SCALE", base.TypeInt),
		unsigned("DATETIME_PRECISION", base.TypeInt), text("CHARACTER_SET_NAME", 64), text("COLLATION_NAME", 64),
		of("DTD_IDENTIFIER", base.TypeLongText), required(text("ROUTINE_BODY", 3)), of("ROUTINE_DEFINITION", base.TypeLongText),
		binary("EXTERNAL_NAME"), required(text("EXTERNAL_LANGUAGE", 64)), required(text("PARAMETER_STYLE", 3)),
		required(text("IS_DETERMINISTIC", 3)), required(dataAccess), binary("SQL_PATH"),
		required(enum("SECURITY_TYPE", "DEFAULT", "INVOKER", "DEFINER")), required(stamp("CREATED", 0)), required(stamp("LAST_ALTERED", 0)),
		sqlMode, required(of("ROUTINE_COMMENT", base.TypeText)), required(text("DEFINER", 288))), session()),
	local: true,
	rows:  none,
}

var parameters = definition{
	name: "PARAMETERS",
	columns: join(names("SPECIFIC_CATALOG", "SPECIFIC_SCHEMA"), cols(required(text("SPECIFIC_NAME", 64)),
		required(unsigned("ORDINAL_POSITION", base.TypeBigInt)), text("PARAMETER_MODE", 5), text("PARAMETER_NAME", 64),
		of("DATA_TYPE", base.TypeLongText), of("CHARACTER_MAXIMUM_LENGTH", base.TypeBigInt), of("CHARACTER_OCTET_LENGTH", base.TypeBigInt),
		unsigned("NUMERIC_PRECISION", base.TypeInt), of("NUMERIC_SCALE", base.TypeBigInt), unsigned("DATETIME_PRECISION", base.TypeInt),
		text("CHARACTER_SET_NAME", 64), text("COLLATION_NAME", 64), required(of("DTD_IDENTIFIER", base.TypeMediumText)),
		required(enum("ROUTINE_TYPE", "FUNCTION", "PROCEDURE")))),
	local: true,
	rows:  none,
}

var events = definition{
	name: "EVENTS",
	columns: join(names("EVENT_CATALOG", "EVENT_SCHEMA"), cols(required(text("EVENT_NAME", 64)), required(text("DEFINER", 288)),
		required(text("TIME_ZONE", 64)), required(text("EVENT_BODY", 3)), required(of("EVENT_DEFINITION", base.TypeLongText)),
		required(text("EVENT_TYPE", 9)), of("EXECUTE_AT", base.TypeDateTime), text("INTERVAL_VALUE", 256),
		enum("INTERVAL_FIELD", "YEAR", "QUARTER", "MONTH", "DAY", "HOUR", "MINUTE", "WEEK", "SECOND", "MICROSECOND", "YEAR_MONTH", "DAY_HOUR",
			"DAY_MINUTE", "DAY_SECOND", "HOUR_MINUTE", "HOUR_SECOND", "MINUTE_SECOND", "DAY_MICROSECOND", "HOUR_MICROSECOND",
			"MINUTE_MICROSECOND", "SECOND_MICROSECOND"), sqlMode, of("STARTS", base.TypeDateTime), of("ENDS", base.TypeDateTime),
		required(enum("STATUS", "ENABLED", "DISABLED", "SLAVESIDE_DISABLED")), required(text("ON_COMPLETION", 12)),
		required(stamp("CREATED", 0)), required(stamp("LAST_ALTERED", 0)), of("LAST_EXECUTED", base.TypeDateTime),
		required(text("EVENT_COMMENT", 2048)), required(unsigned("ORIGINATOR", base.TypeInt))), session()),
	local: true,
	rows:  none,
}

var plugins = definition{
	name: "PLUGINS",
	columns: cols(required(text("PLUGIN_NAME", 64)), required(text("PLUGIN_VERSION", 20)), required(text("PLUGIN_STATUS", 10)),
		required(text("PLUGIN_TYPE", 80)), required(text("PLUGIN_TYPE_VERSION", 20)), text("PLUGIN_LIBRARY", 64),
		text("PLUGIN_LIBRARY_VERSION", 20), text("PLUGIN_AUTHOR", 64), of("PLUGIN_DESCRIPTION", base.TypeLongText),
		text("PLUGIN_LICENSE", 80), required(text("LOAD_OPTION", 64))),
	local: true,
	rows:  none,
}

// views lists the views.
var views = definition{
	name: "VIEWS",
	columns: join(names("TABLE_CATALOG", "TABLE_SCHEMA", "TABLE_NAME"), cols(of("VIEW_DEFINITION", base.TypeLongText),
		enum("CHECK_OPTION", "NONE", "LOCAL", "CASCADED"), enum("IS_UPDATABLE", "NO", "YES"), text("DEFINER", 288), text("SECURITY_TYPE", 7),
		required(text("CHARACTER_SET_CLIENT", 64)), required(text("COLLATION_CONNECTION", 64)))),
	keys: schemaAndTable,
	rows: viewRows,
}
