package differ

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Answer is what an engine says to one statement.
type Answer struct {
	Names []string
	Types []string // families: integer, decimal, real, text, binary, date, time, datetime, json; "" where the engine says none
	Rows  [][]string
	// Affected and LastID are those of a statement without rows.
	Affected, LastID int64
	// Number and State are those of an error; Message is "" when there was none.
	Number  int
	State   string
	Message string
	// Warnings are number and message of what SHOW WARNINGS lists, where that was asked for.
	Warnings []string
}

// Engine is one of those that are compared.
type Engine struct {
	Name string
	// Conn is the connection that asks.
	Conn *sql.Conn
	// Failure tells number and SQLSTATE of an error.
	Failure func(error) (number int, state string)
	// Family tells the family of a type name; nil where types are not compared.
	Family func(name string) string
}

// Ask runs a statement and reads its whole answer.
//
// Errors: those of ctx. All others are the engine's answer.
func (e *Engine) Ask(ctx context.Context, statement string, query bool) (*Answer, error) {
	a := &Answer{}
	var err error
	if query {
		err = a.query(ctx, e, statement)
	} else {
		err = a.exec(ctx, e, statement)
	}
	if ctx.Err() != nil {
		return nil, fmt.Errorf("%s: %w: %s", e.Name, ctx.Err(), statement)
	}
	if err != nil {
		a = &Answer{Message: err.Error()}
		a.Number, a.State = e.Failure(err)
	}
	return a, nil
}

func (a *Answer) exec(ctx context.Context, e *Engine, statement string) error {
	res, err := e.Conn.ExecContext(ctx, statement)
	if err != nil {
		return err
	}
	if a.Affected, err = res.RowsAffected(); err != nil {
		return err
	}
	a.LastID, err = res.LastInsertId()
	return err
}

func (a *Answer) query(ctx context.Context, e *Engine, statement string) (err error) {
	rows, err := e.Conn.QueryContext(ctx, statement)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	types, err := rows.ColumnTypes()
	if err != nil {
		return err
	}
	cells, pointers := make([]any, len(types)), make([]any, len(types))
	for i, t := range types {
		pointers[i] = &cells[i]
		a.Names = append(a.Names, t.Name())
		if e.Family != nil {
			a.Types = append(a.Types, e.Family(t.DatabaseTypeName()))
		}
	}
	for rows.Next() {
		if err := rows.Scan(pointers...); err != nil {
			return err
		}
		row := make([]string, len(cells))
		for i, c := range cells {
			row[i] = text(c)
		}
		a.Rows = append(a.Rows, row)
	}
	return rows.Err()
}

func text(v any) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case []byte:
		return string(v)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case float32:
		return strconv.FormatFloat(float64(v), 'g', -1, 32)
	case bool:
		if v {
			return "1"
		}
		return "0"
	case time.Time:
		return v.Format("2006-01-02 15:04:05.999999")
	}
	return fmt.Sprint(v)
}

// String writes an answer in a few lines.
func (a *Answer) String() string {
	var b strings.Builder
	switch {
	case a.Message != "":
		fmt.Fprintf(&b, "error %d (%s): %s", a.Number, a.State, a.Message)
	case a.Names == nil:
		fmt.Fprintf(&b, "%d affected, last id %d", a.Affected, a.LastID)
	default:
		fmt.Fprintf(&b, "%d rows of %q %q", len(a.Rows), a.Names, a.Types)
		for _, r := range a.Rows[:min(len(a.Rows), 12)] {
			fmt.Fprintf(&b, "\n    %q", r)
		}
	}
	for _, w := range a.Warnings {
		b.WriteString("\n    warning " + w)
	}
	return b.String()
}

// Rules say what two answers have to share.
type Rules struct {
	Ordered bool // rows come in one order
	Names   bool // column names
	Types   bool // families of column types
	Exact   bool // numbers are written alike; without it they have to be equal
	Counts  bool // affected rows
	LastID  bool // whether there is a last insert id; the ids may leave gaps
	Number  bool // number and SQLSTATE of errors; without it both have to fail
	// Message compares messages too.
	Message  bool
	Warnings bool
}

// Compare returns where two answers part, or "".
func (r Rules) Compare(a, b *Answer) string {
	switch {
	case (a.Message == "") != (b.Message == ""):
		return "one fails"
	case a.Message != "":
		if r.Number && (a.Number != b.Number || a.State != b.State) {
			return "error numbers"
		}
		if r.Message && a.Message != b.Message {
			return "messages"
		}
		return ""
	case len(a.Names) != len(b.Names):
		return "number of columns"
	case r.Names && !slices.Equal(a.Names, b.Names):
		return "column names"
	case len(a.Rows) != len(b.Rows):
		return "number of rows"
	case r.Counts && a.Affected != b.Affected:
		return "affected rows"
	case r.LastID && (a.LastID == 0) != (b.LastID == 0):
		return "last insert id"
	case r.Warnings && !slices.Equal(a.Warnings, b.Warnings):
		return "warnings"
	}
	if d := r.rows(a, b); d != "" {
		return d
	}
	if r.Types && !slices.EqualFunc(a.Types, b.Types, sameFamily) {
		return "column types"
	}
	return ""
}

// sameFamily compares families; the type of NULL itself, which servers name in ways of their own, is any.
func sameFamily(a, b string) bool { return a == b || a == "null" || b == "null" }

// Round writes the real numbers of an answer with three decimals, as scripts of sqllogictest do.
func (a *Answer) Round(real func(column int) bool) {
	for _, row := range a.Rows {
		for i, s := range row {
			if f, err := strconv.ParseFloat(s, 64); err == nil && real(i) {
				row[i] = strconv.FormatFloat(f, 'f', 3, 64)
			}
		}
	}
}

func (r Rules) rows(a, b *Answer) string {
	x, y := a.Rows, b.Rows
	if !r.Ordered {
		x, y = r.sorted(x), r.sorted(y)
	}
	for i := range x {
		for k := range x[i] {
			if !r.equal(x[i][k], y[i][k]) {
				return fmt.Sprintf("row %d, column %d: %q and %q", i+1, k+1, x[i][k], y[i][k])
			}
		}
	}
	return ""
}

// sorted orders rows so that numbers which count as equal stand at the same place.
func (r Rules) sorted(rows [][]string) [][]string {
	rows = slices.Clone(rows)
	slices.SortFunc(rows, func(a, b []string) int {
		for i := range a {
			if c := compareCells(a[i], b[i]); c != 0 {
				return c
			}
		}
		return 0
	})
	return rows
}

func compareCells(a, b string) int {
	if a == b {
		return 0
	}
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	switch {
	case errX == nil && errY == nil:
		if near(x, y) && (real(a) || real(b)) {
			return 0
		}
		return cmp.Or(cmp.Compare(x, y), strings.Compare(a, b))
	case errX == nil:
		return -1
	case errY == nil:
		return 1
	}
	return strings.Compare(a, b)
}

// real tells numbers with a point or an exponent from integers, which are equal or not.
func real(s string) bool { return strings.ContainsAny(s, ".eE") }

// near holds real numbers for equal that differ by what the order of additions makes.
func near(x, y float64) bool {
	return x == y || math.Abs(x-y) <= 1e-9*max(math.Abs(x), math.Abs(y))
}

func (r Rules) equal(a, b string) bool {
	if a == b {
		return true
	}
	if r.Exact && !strings.ContainsAny(a+b, "eE") && !strings.Contains(a, ".") {
		return false
	}
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	if errX != nil || errY != nil {
		return false
	}
	if r.Exact && decimals(a) != decimals(b) {
		return false
	}
	return near(x, y) && (real(a) || real(b))
}

func decimals(s string) int {
	_, d, _ := strings.Cut(s, ".")
	return len(d)
}
