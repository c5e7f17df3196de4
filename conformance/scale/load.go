package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine"
)

const create = `CREATE TABLE t (id BIGINT PRIMARY KEY, c INT NOT NULL, y INT NOT NULL, x DECIMAL(10,2) NOT NULL, u INT NOT NULL,
	d DATE NOT NULL, at DATETIME NOT NULL, country VARCHAR(2) NOT NULL, status VARCHAR(12) NOT NULL, note VARCHAR(20),
	n1 INT, n2 INT, n3 BIGINT, n4 SMALLINT, f DOUBLE, price DECIMAL(12,4), flag TINYINT, tag VARCHAR(8), day DATE, code CHAR(6))`

var (
	countries = strings.Fields("DE FR IT ES PL SE US CA MX BR JP KR IN CN AU")
	statuses  = strings.Fields("new paid shipped delivered returned cancelled")
)

// mix is a hash of a row and a column, so that rows are the same in every run.
func mix(row, col int) uint64 {
	z := uint64(row)*0x9e3779b97f4a7c15 + uint64(col)*0xbf58476d1ce4e5b9
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// row fills in a row of about 100 bytes.
func row(out []base.Value, i int) {
	h := func(col int, n uint64) int64 { return int64(mix(i, col) % n) }
	decimal := func(v int64, scale uint8) base.Value { return base.NewDecimal(base.Int128From(v), scale) }
	day := firstDay + int64(i/20_000)
	note := base.Value{}
	if h(9, 4) > 0 {
		note = base.NewString("note " + strconv.FormatInt(h(10, 1e9), 36))
	}
	copy(out, []base.Value{
		base.NewInt(int64(i)), base.NewInt(h(1, 100)), base.NewInt(h(2, 1000)), decimal(h(3, 1e6), 2), base.NewInt(h(5, 1e6)),
		base.NewDate(day), base.NewDateTime((day*86400 + h(6, 86400)) * base.Second), base.NewString(countries[h(7, 15)]), base.NewString(statuses[h(8, 6)]), note,
		base.NewInt(h(11, 50)), base.NewInt(int64(i / 10)), base.NewInt(h(12, 1e12)), base.NewInt(h(13, 3000)), base.NewFloat(float64(h(14, 1e6)) / 64), decimal(h(16, 1e7), 4),
		base.NewInt(h(18, 2)), base.NewString("t" + strconv.FormatInt(h(19, 300), 10)), base.NewDate(day + h(20, 30)), base.NewString(fmt.Sprintf("%06d", h(21, 1e6))),
	})
}

// firstDay is 1 January 2020.
const firstDay = 18262

// load makes the table unless it is there.
func load(ctx context.Context, s settings) error {
	e, err := open(ctx, s)
	if err != nil {
		return err
	}
	defer e.Close(ctx)
	sess := e.NewSession()
	defer sess.Close()
	if n, err := count(ctx, sess); err == nil && n == s.rows {
		fmt.Printf("%-34s %d rows are there\n", "load", n)
		return nil
	}
	if _, err := exec(ctx, sess, create); err != nil {
		return err
	}
	start, step := time.Now(), s.tx
	if step == 0 {
		step = s.rows
	}
	for from := 0; from < s.rows; from += step {
		if err := loadPart(ctx, sess, from, min(from+step, s.rows)); err != nil {
			return err
		}
	}
	if err := e.Close(ctx); err != nil {
		return err
	}
	took := time.Since(start)
	fmt.Printf("%-34s %d rows in %.1f s: %.0f rows/s, peak of resident memory %s\n", "load", s.rows, took.Seconds(),
		float64(s.rows)/took.Seconds(), resident())
	return nil
}

// loadPart appends rows [from, to) in one transaction.
func loadPart(ctx context.Context, sess *sqlengine.Session, from, to int) error {
	app, err := sess.NewAppender(ctx, "t", nil)
	if err != nil {
		return err
	}
	const batch, width = 1024, 20
	cells, rows := make([]base.Value, batch*width), make([][]base.Value, batch)
	for from < to {
		n := min(batch, to-from)
		for k := range n {
			rows[k] = cells[k*width : (k+1)*width]
			row(rows[k], from+k)
		}
		if err := app.Append(ctx, rows[:n]); err != nil {
			return errors.Join(err, app.Abort(ctx))
		}
		from += n
	}
	_, err = app.Close(ctx)
	return err
}

// resident returns the process's peak of resident memory, as the system tells it.
func resident() string {
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			return strings.TrimSpace(rest)
		}
	}
	return "unknown"
}
