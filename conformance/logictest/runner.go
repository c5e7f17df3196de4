package logictest

import (
	"context"
	"crypto/md5"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"sort"
	"strings"
)

// Failure is a record that did not do what its file says.
type Failure struct {
	Record *Record
	Reason string
}

func (f Failure) String() string {
	return fmt.Sprintf("line %d: %s\n  %s", f.Record.Line, strings.ReplaceAll(f.Record.SQL, "\n", "\n  "), f.Reason)
}

// Report counts the records of a script.
type Report struct {
	Run, Skipped int
	Failures     []Failure
}

// Run runs a script on a connection to an empty database.
//
// Errors: the script's, and ctx.Err(). What records do wrong is in the report.
func Run(ctx context.Context, conn *sql.Conn, script io.Reader) (*Report, error) {
	rep := &Report{}
	labels := map[string]string{}
	for s := NewScanner(script); ; {
		r, err := s.Next()
		if err == io.EOF {
			return rep, nil
		}
		if err != nil {
			return rep, err
		}
		if r.Skip {
			rep.Skipped++
			continue
		}
		if r.Kind == Halt {
			return rep, nil
		}
		rep.Run++
		reason := ""
		if r.Kind == Statement {
			reason = r.statement(ctx, conn)
		} else {
			reason = r.query(ctx, conn, labels)
		}
		if reason != "" {
			rep.Failures = append(rep.Failures, Failure{r, reason})
		}
		if err := ctx.Err(); err != nil {
			return rep, err
		}
	}
}

func (r *Record) statement(ctx context.Context, conn *sql.Conn) string {
	_, err := conn.ExecContext(ctx, r.SQL)
	switch {
	case err != nil && !r.Fails:
		return err.Error()
	case err == nil && r.Fails:
		return "succeeds, and should fail"
	case err != nil && r.Message != nil && !r.Message.MatchString(err.Error()):
		return fmt.Sprintf("fails with %q, which %q does not match", err, r.Message)
	}
	return ""
}

func (r *Record) query(ctx context.Context, conn *sql.Conn, labels map[string]string) string {
	values, err := r.values(ctx, conn)
	if err != nil {
		return err.Error()
	}
	r.sort(values)
	sum := md5.New()
	for _, v := range values {
		sum.Write(append([]byte(v), '\n')) // which cannot fail
	}
	got := hex.EncodeToString(sum.Sum(nil))
	switch {
	case r.Unchecked:
	case len(values) != r.Count:
		return fmt.Sprintf("%d values instead of %d: got %q, want %q", len(values), r.Count, head(values), head(r.Want))
	case r.Digest != "" && r.Digest != got:
		return fmt.Sprintf("digest %s instead of %s of %q", got, r.Digest, head(values))
	case r.Digest == "" && !slices.Equal(values, r.Want):
		return fmt.Sprintf("got %q, want %q", head(values), head(r.Want))
	}
	if r.Label != "" {
		if other, seen := labels[r.Label]; seen && other != got {
			return "differs from an earlier answer with the label " + r.Label
		}
		labels[r.Label] = got
	}
	return ""
}

func head(values []string) []string { return values[:min(len(values), 40)] }

// sort orders an answer as the record asks for: by rows, or by values.
func (r *Record) sort(values []string) {
	switch r.Sort {
	case "valuesort":
		slices.Sort(values)
	case "rowsort":
		if len(r.Types) == 1 {
			slices.Sort(values)
			return
		}
		sort.Sort(byRow{values, len(r.Types)})
	}
}

// byRow sorts rows that lie one after the other.
type byRow struct {
	values []string
	width  int
}

func (b byRow) Len() int           { return len(b.values) / b.width }
func (b byRow) row(i int) []string { return b.values[i*b.width : (i+1)*b.width] }
func (b byRow) Less(i, j int) bool { return slices.Compare(b.row(i), b.row(j)) < 0 }
func (b byRow) Swap(i, j int) {
	x, y := b.row(i), b.row(j)
	for k := range x {
		x[k], y[k] = y[k], x[k]
	}
}

// values runs the query and writes its values in the form of the record's letters.
func (r *Record) values(ctx context.Context, conn *sql.Conn) (values []string, err error) {
	rows, err := conn.QueryContext(ctx, r.SQL)
	if err != nil {
		return nil, err
	}
	defer func() {
		if cerr := rows.Close(); err == nil {
			err = cerr
		}
	}()
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, err
	}
	if len(types) != len(r.Types) {
		return nil, fmt.Errorf("%d columns instead of %d", len(types), len(r.Types))
	}
	cells := make([]any, len(types))
	pointers := make([]any, len(types))
	for i := range cells {
		pointers[i] = &cells[i]
	}
	checked := make([]bool, len(types))
	for rows.Next() {
		if err := rows.Scan(pointers...); err != nil {
			return nil, err
		}
		for i, c := range cells {
			if c != nil && !checked[i] {
				checked[i] = true
				if name := types[i].DatabaseTypeName(); !fits(r.Types[i], name) {
					return nil, fmt.Errorf("column %d is of type %s, not of a type that is written %c", i+1, name, r.Types[i])
				}
			}
			values = append(values, format(r.Types[i], c))
		}
	}
	return values, rows.Err()
}
