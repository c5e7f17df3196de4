package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine"
)

// samples is how often the mixed load is looked at.
const samples = 12

// mixed runs commits of one row each, as fast as they go: of ten, five insert, three update and one deletes a random row, and a read
// comes with every tenth. It prints what the table and reading it cost as it goes on: all of it should stay flat.
func mixed(ctx context.Context, s settings) error {
	e, err := open(ctx, s)
	if err != nil {
		return err
	}
	defer e.Close(ctx)
	sess := e.NewSession()
	defer sess.Close()
	if _, err := exec(ctx, sess, "CREATE TABLE m (id BIGINT PRIMARY KEY, k INT NOT NULL, v VARCHAR(60) NOT NULL, KEY (k))"); err != nil {
		return err
	}
	fmt.Printf("%9s %9s %9s %9s %8s %8s %12s %10s %10s\n", "commits", "commits/s", "rows", "segments", "dead", "index", "bytes/row", "lookup", "range")
	rng, next := rand.New(rand.NewPCG(1, 2)), 0
	start := time.Now()
	for done := 0; done < s.mixed; {
		for end := done + s.mixed/samples; done < end; done++ {
			if next, err = mixedCommit(ctx, sess, rng, done, next); err != nil {
				return err
			}
		}
		rate := float64(s.mixed/samples) / time.Since(start).Seconds()
		if err := mixedSample(ctx, s, sess, done, rate, next); err != nil {
			return err
		}
		start = time.Now()
	}
	fmt.Printf("peak of resident memory %s\n", resident())
	return nil
}

func mixedCommit(ctx context.Context, sess *sqlengine.Session, rng *rand.Rand, i, next int) (int, error) {
	id, k := base.NewInt(int64(rng.IntN(next+1))), base.NewInt(int64(rng.IntN(100_000)))
	v := base.NewString(fmt.Sprintf("%060d", rng.Uint64()))
	var err error
	switch i % 10 {
	case 0, 2, 4, 6, 8:
		err = execArgs(ctx, sess, "INSERT INTO m VALUES (?, ?, ?)", base.NewInt(int64(next)), k, v)
		next++
	case 9:
		err = execArgs(ctx, sess, "DELETE FROM m WHERE id = ?", id)
	case 7:
		if err = execArgs(ctx, sess, "SELECT v FROM m WHERE k = ?", k); err == nil {
			err = execArgs(ctx, sess, "UPDATE m SET v = ? WHERE id = ?", v, id)
		}
	default:
		err = execArgs(ctx, sess, "UPDATE m SET k = ?, v = ? WHERE id = ?", k, v, id)
	}
	return next, err
}

func execArgs(ctx context.Context, sess *sqlengine.Session, sql string, args ...base.Value) error {
	list := make([]sqlengine.Arg, len(args))
	for i, v := range args {
		list[i].Value = v
	}
	r, err := sess.Exec(ctx, sql, list)
	if err != nil {
		return err
	}
	defer r.Close()
	for r.Columns() != nil {
		if b, err := r.Next(ctx); err != nil || b == nil {
			return err
		}
	}
	return nil
}

// mixedSample prints a line: what the segments are, and the requests of queries in a process that has just opened the database.
func mixedSample(ctx context.Context, s settings, sess *sqlengine.Session, done int, rate float64, next int) error {
	t, err := cells(ctx, sess, `SELECT COALESCE(SUM(segments), 0), COALESCE(SUM(deleted_rows), 0), COALESCE(SUM(row_count), 0), COALESCE(SUM(bytes), 0)
		FROM system.storage WHERE table_name = 'm' AND level IS NOT NULL`)
	if err != nil {
		return err
	}
	ix, err := cells(ctx, sess, "SELECT COALESCE(SUM(segments), 0) FROM system.storage WHERE table_name = 'm.k' AND level IS NOT NULL")
	if err != nil {
		return err
	}
	rows, err := cells(ctx, sess, "SELECT COUNT(*) FROM m")
	if err != nil {
		return err
	}
	var requests [2]int
	for i, q := range []string{fmt.Sprintf("SELECT * FROM m WHERE id = %d", next/3), fmt.Sprintf("SELECT * FROM m WHERE id >= %d AND id < %d", next/2, next/2+1000)} {
		cold, err := open(ctx, s)
		if err != nil {
			return err
		}
		fresh := cold.NewSession()
		if _, err = exec(ctx, fresh, "SELECT 1 FROM m LIMIT 0"); err == nil {
			s.store.reset()
			_, err = exec(ctx, fresh, q)
		}
		requests[i] = len(s.store.reset())
		fresh.Close()
		if cerr := cold.Close(ctx); err == nil {
			err = cerr
		}
		if err != nil {
			return err
		}
	}
	fmt.Printf("%9d %9.0f %9.0f %9.0f %7.1f%% %8.0f %12.1f %10d %10d\n", done, rate, rows[0], t[0], 100*t[1]/max(t[2], 1), ix[0],
		t[3]/max(t[2]-t[1], 1), requests[0], requests[1])
	return nil
}

// cells returns the numbers in the first row of a result.
func cells(ctx context.Context, sess *sqlengine.Session, sql string) (out []float64, err error) {
	r, err := sess.Exec(ctx, sql, nil)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	b, err := r.Next(ctx)
	if err != nil || b == nil {
		return nil, err
	}
	for _, c := range b.Cols {
		v := c.Value(b.Row(0))
		switch v.Class() {
		case base.Decimal:
			coef, scale := v.Decimal()
			n, _ := coef.Int64()
			f := float64(n)
			for range scale {
				f /= 10
			}
			out = append(out, f)
		case base.Float:
			out = append(out, v.Float())
		default:
			out = append(out, float64(v.Int()))
		}
	}
	return out, nil
}
