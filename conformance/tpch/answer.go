package tpch

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"sort"
	"strconv"
	"strings"
)

// Answer is the result of a query, its values as text.
type Answer struct {
	Columns []string
	Rows    [][]string
}

// Run runs query number n (1 to 22) and reads the whole answer.
func Run(ctx context.Context, db *sql.DB, n int) (Answer, error) {
	text := Queries[n-1].SQL
	if sqlite(db) {
		text = Queries[n-1].sqlite()
	}
	a, err := RunSQL(ctx, db, text)
	if err != nil {
		return a, fmt.Errorf("Q%d: %w", n, err)
	}
	return a, nil
}

// RunSQL runs a query and reads the whole answer.
func RunSQL(ctx context.Context, db *sql.DB, text string) (Answer, error) {
	rows, err := db.QueryContext(ctx, text)
	if err != nil {
		return Answer{}, err
	}
	defer rows.Close()
	var a Answer
	if a.Columns, err = rows.Columns(); err != nil {
		return a, err
	}
	vals := make([]sql.NullString, len(a.Columns))
	ptrs := make([]any, len(vals))
	for i := range vals {
		ptrs[i] = &vals[i]
	}
	for rows.Next() {
		if err := rows.Scan(ptrs...); err != nil {
			return a, err
		}
		row := make([]string, len(vals))
		for i, v := range vals {
			if row[i] = v.String; !v.Valid {
				row[i] = "NULL"
			}
		}
		a.Rows = append(a.Rows, row)
	}
	return a, rows.Err()
}

// tolerance is how far numbers of two databases may differ, relative to their size: DOUBLE sums, and averages that MySQL
// rounds to four more digits than its operand has.
const tolerance = 1e-4

// Compare returns what differs between two answers of a query; "" when nothing does. Rows that the query's ORDER BY leaves
// equal may come in any order.
func Compare(a, b Answer) string {
	if len(a.Rows) != len(b.Rows) {
		return fmt.Sprintf("%d rows and %d rows", len(a.Rows), len(b.Rows))
	}
	sortRows(a.Rows)
	sortRows(b.Rows)
	for i := range a.Rows {
		if len(a.Rows[i]) != len(b.Rows[i]) {
			return fmt.Sprintf("%d columns and %d columns", len(a.Rows[i]), len(b.Rows[i]))
		}
		for c := range a.Rows[i] {
			if !same(a.Rows[i][c], b.Rows[i][c]) {
				return fmt.Sprintf("row %d:\n%s\n%s", i, strings.Join(a.Rows[i], " | "), strings.Join(b.Rows[i], " | "))
			}
		}
	}
	return ""
}

// sortRows sorts by the columns that are no fractions, which differ in their last digits.
func sortRows(rows [][]string) {
	key := func(row []string) string {
		var b strings.Builder
		for _, pass := range []bool{false, true} {
			for _, v := range row {
				f, err := strconv.ParseFloat(v, 64)
				if number := err == nil; number != pass {
					continue
				}
				if pass {
					v = strconv.FormatFloat(math.Round(f*10)/10, 'f', 1, 64)
				}
				b.WriteString(v + "\x00")
			}
		}
		return b.String()
	}
	sort.SliceStable(rows, func(i, j int) bool { return key(rows[i]) < key(rows[j]) })
}

func same(a, b string) bool {
	if a == b {
		return true
	}
	if len(a) > 10 && strings.HasSuffix(a, "T00:00:00Z") || len(b) > 10 && strings.HasSuffix(b, "T00:00:00Z") {
		return strings.TrimSuffix(a, "T00:00:00Z") == strings.TrimSuffix(b, "T00:00:00Z")
	}
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	return errX == nil && errY == nil && math.Abs(x-y) <= tolerance*max(1, math.Abs(x), math.Abs(y))
}
