package main

import (
	"database/sql"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"time"
	"unicode/utf8"
)

// cell is one value ready to print.
type cell struct {
	text   string
	null   bool
	number bool // written as it is in JSON, and to the right in tables
}

// printRows prints all rows and returns their number.
func printRows(w io.Writer, rows *sql.Rows, f format) (int64, error) {
	types, err := rows.ColumnTypes()
	if err != nil {
		return 0, err
	}
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = t.Name()
	}
	if err := f.begin(w, names); err != nil {
		return 0, err
	}
	var n int64
	values := make([]any, len(types))
	dest := make([]any, len(types))
	for i := range values {
		dest[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return n, err
		}
		cells := make([]cell, len(values))
		for i, v := range values {
			cells[i] = toCell(v, types[i].DatabaseTypeName())
		}
		if err := f.row(w, cells); err != nil {
			return n, err
		}
		n++
	}
	if err := rows.Err(); err != nil {
		return n, err
	}
	return n, f.end(w)
}

// toCell turns what the driver returns into text.
func toCell(v any, dbType string) cell {
	switch v := v.(type) {
	case nil:
		return cell{text: "NULL", null: true}
	case int64:
		return cell{text: strconv.FormatInt(v, 10), number: true}
	case uint64:
		return cell{text: strconv.FormatUint(v, 10), number: true}
	case float64:
		return cell{text: strconv.FormatFloat(v, 'g', -1, 64), number: true}
	case float32:
		return cell{text: strconv.FormatFloat(float64(v), 'g', -1, 32), number: true}
	case bool:
		return cell{text: strconv.FormatBool(v), number: true}
	case time.Time:
		return cell{text: timeText(v, dbType)}
	case string:
		return cell{text: v, number: dbType == "DECIMAL"}
	case []byte:
		return bytesCell(v, dbType)
	}
	return cell{text: fmt.Sprint(v)}
}

func timeText(t time.Time, dbType string) string {
	if dbType == "DATE" {
		return t.Format("2006-01-02")
	}
	return t.Format("2006-01-02 15:04:05.999999")
}

// bytesCell shows binary values in hexadecimal, so that no byte reaches the terminal as a command.
func bytesCell(v []byte, dbType string) cell {
	switch dbType {
	case "BINARY", "VARBINARY", "BLOB", "TINYBLOB", "MEDIUMBLOB", "LONGBLOB", "BIT", "UUID", "VECTOR", "GEOMETRY":
		if !utf8.Valid(v) || hasControl(v) {
			return cell{text: "0x" + hex.EncodeToString(v)}
		}
	}
	return cell{text: string(v), number: dbType == "DECIMAL"}
}

func hasControl(v []byte) bool {
	for _, b := range v {
		if b < ' ' && b != '\n' && b != '\t' && b != '\r' || b == 0x7f {
			return true
		}
	}
	return false
}
