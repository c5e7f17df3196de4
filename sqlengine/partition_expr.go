package sqlengine

import (
	"strings"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/partition"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// partitionFunctions are the functions that a partitioning expression can use, by the names that MySQL prints them under
// (MySQL 8.0 manual, "Partitioning Limitations Relating to Functions").
var partitionFunctions = map[string]string{"ABS": "abs", "CEILING": "ceiling", "CEIL": "ceiling", "DATEDIFF": "datediff", "DAY": "dayofmonth",
	"DAYOFMONTH": "dayofmonth", "DAYOFWEEK": "dayofweek", "DAYOFYEAR": "dayofyear", "EXTRACT": "extract", "FLOOR": "floor", "HOUR": "hour",
	"MICROSECOND": "microsecond", "MINUTE": "minute", "MOD": "mod", "MONTH": "month", "QUARTER": "quarter", "SECOND": "second",
	"TIME_TO_SEC": "time_to_sec", "TO_DAYS": "to_days", "TO_SECONDS": "to_seconds", "UNIX_TIMESTAMP": "unix_timestamp", "WEEKDAY": "weekday",
	"YEAR": "year", "YEARWEEK": "yearweek"}

// unsteadyFunctions have another value each time; MySQL sees them while it parses.
var unsteadyFunctions = map[string]bool{"RAND": true, "UUID": true, "UUID_SHORT": true, "NOW": true, "CURRENT_TIMESTAMP": true, "SYSDATE": true,
	"CURDATE": true, "CURRENT_DATE": true, "CURTIME": true, "CURRENT_TIME": true, "LOCALTIME": true, "LOCALTIMESTAMP": true, "UTC_DATE": true,
	"UTC_TIME": true, "UTC_TIMESTAMP": true, "CONNECTION_ID": true, "LAST_INSERT_ID": true, "FOUND_ROWS": true, "ROW_COUNT": true, "USER": true,
	"CURRENT_USER": true, "DATABASE": true, "SLEEP": true, "BENCHMARK": true, "GET_LOCK": true, "RELEASE_LOCK": true}

// checkPartitionFunction checks what stands in a partitioning expression. Errors 1064, 1564.
func checkPartitionFunction(e ast.Expr) error {
	ok, steady := true, true
	ast.Inspect(e, func(x any) bool {
		switch x := x.(type) {
		case *ast.ColumnRef, *ast.Literal:
			return false // what is inside is no expression
		case *ast.Unary:
			ok = ok && x.Op == "NEG"
		case *ast.Binary:
			switch x.Op {
			case "+", "-", "*", "DIV", "%":
			default:
				ok = false
			}
		case *ast.Variable, *ast.Assign:
			steady = false
		case *ast.Call:
			steady = steady && !unsteadyFunctions[x.Name]
			ok = ok && partitionFunctions[x.Name] != "" && x.Schema == "" && x.Over == nil
		default:
			ok = false
		}
		return true
	})
	if !steady {
		return base.Errorf(errno.Parse, "Constant, random or timezone-dependent expressions in (sub)partitioning function are not allowed")
	}
	if !ok {
		return base.Errorf(errno.PartitionFuncForbidden, "This partition function is not allowed")
	}
	return nil
}

// normalExpr writes a partitioning expression, which checkPartitionFunction has passed, as MySQL's SHOW CREATE TABLE does.
func normalExpr(e ast.Expr) string {
	switch x := e.(type) {
	case *ast.ColumnRef:
		return catalog.QuoteName(x.Name)
	case *ast.Literal:
		text := expr.Format(x.Value, x.Type)
		if x.Value.IsNull() {
			return "NULL"
		}
		if x.Value.Class() == base.String {
			return catalog.QuoteString(text)
		}
		return text
	case *ast.Unary:
		return "-(" + normalExpr(x.X) + ")"
	case *ast.Binary:
		return "(" + normalExpr(x.L) + " " + x.Op + " " + normalExpr(x.R) + ")"
	case *ast.Call:
		return normalCall(x)
	}
	return ""
}

func normalCall(x *ast.Call) string {
	args := make([]string, len(x.Args))
	for i, a := range x.Args {
		args[i] = normalExpr(a)
	}
	switch {
	case x.Name == "MOD" && len(args) == 2:
		return "(" + args[0] + " % " + args[1] + ")"
	case x.Name == "EXTRACT" && len(args) == 2:
		return "extract(" + strings.ToLower(strings.Trim(args[0], "'")) + " from " + args[1] + ")"
	}
	return partitionFunctions[x.Name] + "(" + strings.Join(args, ",") + ")"
}

// partExpr binds the partitioning expression of t; nil if it is divided by columns.
func (r *run) partExpr(t *catalog.Table) (expr.Expr, error) {
	if t.Partitioning.ByColumns() {
		return nil, nil
	}
	return r.rowText(t, t.Partitioning.SQL, "partition function")
}

func (r *run) partFunc(t *catalog.Table) (*partition.Func, error) {
	x, err := r.partExpr(t)
	if err != nil {
		return nil, err
	}
	return partition.New(t, x), nil
}

// partitionFields returns the ids of the columns that t is divided by.
func (r *run) partitionFields(t *catalog.Table) ([]uint32, error) {
	f, err := r.partFunc(t)
	if err != nil {
		return nil, err
	}
	var ids []uint32
	for _, i := range f.Columns() {
		ids = append(ids, t.Columns[i].ID)
	}
	return ids, nil
}

// checkPartitionExpr checks the columns and the type of a partitioning expression. Errors 1054, 1486, 1491, 1502, 1659.
func (r *run) checkPartitionExpr(t *catalog.Table) error {
	x, err := r.partExpr(t)
	if err != nil {
		return err
	}
	cols := plan.RowColumns(x)
	if len(cols) == 0 {
		return wrongPartitionExpr()
	}
	for i := range cols {
		if !catalog.Defaultable(t.Columns[i].Type) {
			return base.Errorf(errno.PartitionBlob, "A BLOB field is not allowed in partition function")
		}
	}
	if i, ok := expr.AsColumn(x); ok && !integerResult(t.Columns[i].Type) {
		return base.Errorf(errno.PartitionFieldType, "Field '%s' is of a not allowed type for this type of partitioning", t.Columns[i].Name)
	}
	if !timeArguments(t, x) {
		return wrongPartitionExpr()
	}
	if !integerResult(x.Type()) {
		return base.Errorf(errno.PartitionFuncType, "The PARTITION function returns the wrong type")
	}
	return nil
}

func wrongPartitionExpr() error {
	return base.Errorf(errno.PartitionWrongExpr, "Constant, random or timezone-dependent expressions in (sub)partitioning function are not allowed")
}

func integerResult(t base.Type) bool {
	return t.ID >= base.TypeTinyInt && t.ID <= base.TypeBigInt || t.ID == base.TypeYear
}

// timeArguments reports whether the functions of time in x are over columns whose values mean the same in every time zone:
// UNIX_TIMESTAMP over TIMESTAMP, the others over DATE, TIME and DATETIME.
func timeArguments(t *catalog.Table, x expr.Expr) bool {
	for name := range partitionFunctions {
		args, ok := expr.AsCall(x, name)
		if !ok || numberFunctions[name] {
			continue
		}
		for _, a := range args {
			i, column := expr.AsColumn(a)
			if !column {
				continue
			}
			id := t.Columns[i].Type.ID
			if name == "UNIX_TIMESTAMP" {
				if id != base.TypeTimestamp {
					return false
				}
			} else if id != base.TypeDate && id != base.TypeDateTime && id != base.TypeTime {
				return false
			}
		}
	}
	for _, c := range x.Children() {
		if !timeArguments(t, c) {
			return false
		}
	}
	return true
}

var numberFunctions = map[string]bool{"ABS": true, "CEILING": true, "CEIL": true, "FLOOR": true, "MOD": true}
