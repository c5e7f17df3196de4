package sqlengine_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// TestWindowArguments runs the same statements with other arguments: the numbers of windows are looked at in each run.
func TestWindowArguments(t *testing.T) {
	t.Parallel()
	s := openMem(t).NewSession()
	if out := answer(s, "CREATE TABLE t (id INT PRIMARY KEY, x INT);INSERT INTO t VALUES (1,10),(2,20),(3,30),(4,40)"); strings.Contains(out, "ERROR") {
		t.Fatal(out)
	}
	for _, c := range []struct {
		sql   string
		arg   base.Value
		want  string
		error uint16
	}{
		{"SELECT SUM(x) OVER (ORDER BY id ROWS ? PRECEDING) FROM t", base.NewInt(1), "10 30 50 70", 0},
		{"SELECT SUM(x) OVER (ORDER BY id ROWS ? PRECEDING) FROM t", base.NewInt(2), "10 30 60 90", 0},
		{"SELECT SUM(x) OVER (ORDER BY id ROWS ? PRECEDING) FROM t", base.NewInt(-1), "", 3586},
		{"SELECT SUM(x) OVER (ORDER BY id ROWS ? PRECEDING) FROM t", base.NewFloat(1.5), "", 3586},
		{"SELECT SUM(x) OVER (ORDER BY id ROWS ? PRECEDING) FROM t", base.Value{}, "", 3586},
		{"SELECT SUM(x) OVER (ORDER BY x RANGE ? PRECEDING) FROM t", base.NewInt(10), "10 30 50 70", 0},
		{"SELECT SUM(x) OVER (ORDER BY x RANGE ? PRECEDING) FROM t", base.NewFloat(9.5), "10 20 30 40", 0},
		{"SELECT SUM(x) OVER (ORDER BY x RANGE ? PRECEDING) FROM t", base.NewInt(-10), "", 3586},
		{"SELECT NTILE(?) OVER (ORDER BY id) FROM t", base.NewInt(3), "1 1 2 3", 0},
		{"SELECT NTILE(?) OVER (ORDER BY id) FROM t", base.NewInt(0), "", 1210},
		{"SELECT LEAD(x, ?, ?) OVER (ORDER BY id) FROM t", base.NewInt(2), "30 40 2 2", 0},
		{"SELECT NTH_VALUE(x, ?) OVER (ORDER BY id) FROM t", base.NewInt(2), "<nil> 20 20 20", 0},
	} {
		args := make([]sqlengine.Arg, strings.Count(c.sql, "?"))
		for i := range args {
			args[i].Value = c.arg
		}
		for range 2 { // the second time from the cache
			got, err := firstColumn(s, c.sql, args)
			var e *base.Error
			switch {
			case c.error != 0:
				if !errors.As(err, &e) || e.Number != c.error {
					t.Errorf("%s: %v, want error %d", c.sql, err, c.error)
				}
			case err != nil:
				t.Errorf("%s: %v", c.sql, err)
			case got != c.want:
				t.Errorf("%s: %s, want %s", c.sql, got, c.want)
			}
		}
	}
}

func firstColumn(s *sqlengine.Session, sql string, args []sqlengine.Arg) (string, error) {
	ctx := context.Background()
	r, err := s.Exec(ctx, sql, args)
	if err != nil {
		return "", err
	}
	var out []string
	for {
		b, err := r.Next(ctx)
		if err != nil || b == nil {
			return strings.Join(out, " "), errors.Join(err, r.Close())
		}
		for k := range b.Rows() {
			v := b.Cols[0].Value(b.Row(k))
			switch coef, _ := v.Decimal(); {
			case v.IsNull():
				out = append(out, "<nil>")
			case v.Class() == base.Decimal:
				out = append(out, coef.Big().String())
			default:
				out = append(out, expr.Format(v, r.Columns()[0].Type))
			}
		}
	}
}
