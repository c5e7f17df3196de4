package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

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

// appendRow appends a row of about 100 bytes as SQL.
func appendRow(b []byte, i int) []byte {
	h := func(col int, n uint64) uint64 { return mix(i, col) % n }
	day := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, i/20_000)
	note := "NULL"
	if h(9, 4) > 0 {
		note = "'note " + strconv.FormatUint(h(10, 1e9), 36) + "'"
	}
	return fmt.Appendf(b, "(%d,%d,%d,%d.%02d,%d,'%s','%s',%q,%q,%s,%d,%d,%d,%d,%d.%d,%d.%04d,%d,'t%d','%s','%06d')",
		i, h(1, 100), h(2, 1000), h(3, 10_000), h(4, 100), h(5, 1_000_000),
		day.Format(time.DateOnly), day.Add(time.Duration(h(6, 86400))*time.Second).Format(time.DateTime),
		countries[h(7, 15)], statuses[h(8, 6)], note,
		h(11, 50), i/10, h(12, 1e12), h(13, 3000), h(14, 1000), h(15, 1000), h(16, 1e6), h(17, 1e4), h(18, 2), h(19, 300),
		day.AddDate(0, 0, int(h(20, 30))).Format(time.DateOnly), h(21, 1e6))
}

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
	start := time.Now()
	for from := 0; from < s.rows; from += s.tx {
		if err := loadPart(ctx, sess, from, min(from+s.tx, s.rows)); err != nil {
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

// loadPart inserts rows [from, to) in one transaction.
func loadPart(ctx context.Context, sess *sqlengine.Session, from, to int) error {
	if err := sess.Begin(ctx, sqlengine.TxOptions{}); err != nil {
		return err
	}
	var b []byte
	for from < to {
		b = append(b[:0], "INSERT INTO t VALUES "...)
		for end := min(from+1000, to); from < end; from++ {
			b = append(appendRow(b, from), ',')
		}
		if _, err := exec(ctx, sess, string(b[:len(b)-1])); err != nil {
			return err
		}
	}
	return sess.Commit(ctx)
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
