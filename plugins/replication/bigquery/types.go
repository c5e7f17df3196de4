package bigquery

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"cloud.google.com/go/bigquery"

	"github.com/s3sql/s3sql/plugins/replication"
)

// typeOf returns the type of BigQuery that takes every value of a column, unchanged.
// Source: https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types.
func typeOf(c *replication.Column) bigquery.FieldType {
	switch c.Kind {
	case replication.Int:
		return bigquery.IntegerFieldType
	case replication.Uint:
		if c.Bits > 0 && c.Bits < 64 {
			return bigquery.IntegerFieldType
		}
		return bigquery.NumericFieldType
	case replication.Float:
		return bigquery.FloatFieldType
	case replication.Decimal:
		return decimalType(c.Precision, c.Scale)
	case replication.Bytes:
		return bigquery.BytesFieldType
	case replication.Date:
		return bigquery.DateFieldType
	case replication.DateTime:
		return bigquery.DateTimeFieldType
	case replication.Timestamp:
		return bigquery.TimestampFieldType
	case replication.JSON:
		return bigquery.JSONFieldType
	}
	return bigquery.StringFieldType // of Text; and of Time, which goes to 838 hours
}

// decimalType: NUMERIC has 29 digits before the point and 9 behind it, BIGNUMERIC at least 38 and 38.
func decimalType(precision, scale int) bigquery.FieldType {
	switch whole := precision - scale; {
	case whole <= 29 && scale <= 9:
		return bigquery.NumericFieldType
	case whole <= 38 && scale <= 38:
		return bigquery.BigNumericFieldType
	}
	return bigquery.StringFieldType
}

// wider are the types, beside a type itself, that take its values unchanged; STRING takes those of all but BYTES.
var wider = map[bigquery.FieldType][]bigquery.FieldType{
	bigquery.IntegerFieldType: {bigquery.NumericFieldType, bigquery.BigNumericFieldType},
	bigquery.NumericFieldType: {bigquery.BigNumericFieldType},
}

// fits reports whether a column of BigQuery takes the values of a column. A TIME takes those of a TIME that are a time of day.
func fits(c *replication.Column, f *bigquery.FieldSchema) bool {
	want := typeOf(c)
	switch {
	case f.Repeated:
		return false
	case f.Type == want || slices.Contains(wider[want], f.Type):
		return !tooSmall(c, f)
	case c.Kind == replication.Time && f.Type == bigquery.TimeFieldType:
		return true
	case c.Kind == replication.Int && c.Bits <= 32 && f.Type == bigquery.FloatFieldType:
		return true
	}
	return f.Type == bigquery.StringFieldType && want != bigquery.BytesFieldType
}

// tooSmall reports whether a NUMERIC(p, s) or BIGNUMERIC(p, s) holds less digits than a DECIMAL. Other types keep their own counsel.
func tooSmall(c *replication.Column, f *bigquery.FieldSchema) bool {
	if c.Kind != replication.Decimal || f.Precision == 0 {
		return false
	}
	return int64(c.Scale) > f.Scale || int64(c.Precision-c.Scale) > f.Precision-f.Scale
}

// oldNames are those that schemas have for types of SQL: BigQuery takes both, and returns the old ones, which others may not.
var oldNames = map[bigquery.FieldType]bigquery.FieldType{
	"INT64": bigquery.IntegerFieldType, "FLOAT64": bigquery.FloatFieldType, "BOOL": bigquery.BooleanFieldType, "DECIMAL": bigquery.NumericFieldType,
	"BIGDECIMAL": bigquery.BigNumericFieldType,
}

// sqlName is a type as SQL writes it.
func sqlName(t bigquery.FieldType) string {
	switch t {
	case bigquery.IntegerFieldType:
		return "INT64"
	case bigquery.FloatFieldType:
		return "FLOAT64"
	}
	return string(t)
}

// encode returns a value as text, as both streaming and the functions of SQL that read it take it; nil for NULL.
//
// Errors: what the value is, and why a column of the type does not take it.
func encode(c *replication.Column, t bigquery.FieldType, value any) (any, error) {
	switch v := value.(type) {
	case nil:
		return nil, nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case uint64:
		return strconv.FormatUint(v, 10), nil
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), nil
	case string:
		return v, nil
	case []byte:
		return base64.StdEncoding.EncodeToString(v), nil
	case time.Time:
		return encodeTime(c, v)
	case time.Duration:
		if t == bigquery.TimeFieldType && (v < 0 || v >= 24*time.Hour) {
			return nil, fmt.Errorf("column %s: %s is not a time of day, and the column of BigQuery has the type TIME: make it STRING", c.Name, replication.FormatTime(v))
		}
		return replication.FormatTime(v), nil
	}
	return nil, fmt.Errorf("column %s: a value of the type %T is not known", c.Name, value)
}

func encodeTime(c *replication.Column, v time.Time) (any, error) {
	v = v.UTC()
	if v.Year() < 1 || v.Year() > 9999 {
		return nil, fmt.Errorf("column %s: the year %d is not one of 1 to 9999, which are those of BigQuery", c.Name, v.Year())
	}
	switch c.Kind {
	case replication.Date:
		return v.Format("2006-01-02"), nil
	case replication.Timestamp:
		return v.Format("2006-01-02T15:04:05.999999Z"), nil
	}
	return v.Format("2006-01-02 15:04:05.999999"), nil
}

// decodeSQL is the expression that makes of the text of a value, as encode writes it, the value; it is NULL of NULL.
func decodeSQL(t bigquery.FieldType, text string) string {
	switch t {
	case bigquery.StringFieldType:
		return text
	case bigquery.BytesFieldType:
		return "FROM_BASE64(" + text + ")"
	case bigquery.JSONFieldType:
		return "PARSE_JSON(" + text + ", wide_number_mode => 'round')" // as MySQL rounds numbers that are neither BIGINT nor DOUBLE
	}
	return "CAST(" + text + " AS " + sqlName(t) + ")"
}

// reserved are how no name of a column may begin.
var reserved = []string{"_TABLE_", "_FILE_", "_PARTITION", "_ROW_TIMESTAMP", "__ROOT__", "_COLIDENTIFIER", "_CHANGE_SEQUENCE_NUMBER", "_CHANGE_TYPE", "_CHANGE_TIMESTAMP"}

// checkColumnName says why BigQuery, or this package, does not take a name of a column.
func checkColumnName(name string) error {
	upper := strings.ToUpper(name)
	switch {
	case name == "" || len(name) > 300:
		return fmt.Errorf("column '%s': names of BigQuery have 1 to 300 characters; rename it with AS in the replication", name)
	case strings.ContainsAny(name, "!\"$()*,./;?@[\\]^`{}~"):
		return fmt.Errorf("column '%s': names of BigQuery have none of !\"$()*,./;?@[\\]^`{}~; rename it with AS in the replication", name)
	case slices.ContainsFunc(reserved, func(p string) bool { return strings.HasPrefix(upper, p) }):
		return fmt.Errorf("column '%s': names that begin so are BigQuery's own; rename it with AS in the replication", name)
	}
	return nil
}

// checkTableName says why BigQuery does not take a name of a table.
func checkTableName(name string) error {
	if name == "" || len(name) > 1024 || strings.ContainsAny(name, "!\"#$%&'()*+,./:;<=>?@[\\]^`{|}~\n\r\t") {
		return fmt.Errorf("table '%s': names of BigQuery have letters, digits, underscores, dashes and spaces; rename it with INTO", name)
	}
	return nil
}
