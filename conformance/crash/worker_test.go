package crash

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/s3sql/s3sql/driver"
)

// Variables that turn a test binary into a worker.
const (
	envDSN    = "S3SQL_CRASH_DSN"
	envTask   = "S3SQL_CRASH_TASK"
	envWorker = "S3SQL_CRASH_WORKER" // its number
	envFirst  = "S3SQL_CRASH_FIRST"  // number of the first step
	envCount  = "S3SQL_CRASH_COUNT"  // steps to acknowledge
)

// The tasks.
const (
	taskIncrement = "increment" // of a counter: even workers by autocommit statements, odd ones in transactions
	taskGrow      = "grow"      // a table beyond the memory limit
)

// What a worker tells, a line each, followed by the number of the increment.
const (
	begun   = "begun"   // about to send; without a line after it the outcome is unknown
	acked   = "acked"   // the database said that it is committed
	refused = "refused" // the database said that it is not
	unknown = "unknown" // the database said that it cannot tell
)

// worker does count steps of its task. A line is written before and after each, so that whoever reads them knows what the worker
// knew when it was killed.
func worker(dsn, task string, number, first, count int, out io.Writer) (err error) {
	db, err := sql.Open(driver.Name, dsn)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	w := bufio.NewWriter(out)
	say := func(what string, n int) error {
		if _, err := fmt.Fprintln(w, what, n); err != nil {
			return err
		}
		return w.Flush()
	}
	step := autocommit
	switch {
	case task == taskGrow:
		step = grow
	case number%2 == 1:
		step = transaction
	}
	for n, done := first, 0; done < count; n++ {
		if err := say(begun, n); err != nil {
			return err
		}
		outcome := acked
		switch err := step(db, number, n); {
		case err == nil:
			done++
		case errors.Is(err, driver.ErrCommitUnknown):
			outcome = unknown
		default:
			outcome = refused
			fmt.Fprintln(os.Stderr, "worker", number, "step", n, err)
		}
		if err := say(outcome, n); err != nil {
			return err
		}
	}
	return nil
}

// autocommit leaves no trace but the count.
func autocommit(db *sql.DB, _, _ int) error {
	res, err := db.Exec("UPDATE counter SET n = n + 1 WHERE id = 1")
	if err != nil {
		return err
	}
	if rows, err := res.RowsAffected(); err != nil || rows != 1 {
		return fmt.Errorf("%d rows affected: %w", rows, err)
	}
	return nil
}

// transaction reads, then writes, and leaves a row that tells afterwards whether it was committed.
func transaction(db *sql.DB, worker, n int) error {
	return driver.RunTx(context.Background(), db, nil, func(tx *sql.Tx) error {
		var now int
		if err := tx.QueryRow("SELECT n FROM counter WHERE id = 1").Scan(&now); err != nil {
			return err
		}
		if _, err := tx.Exec("UPDATE counter SET n = ? WHERE id = 1", now+1); err != nil {
			return err
		}
		_, err := tx.Exec("INSERT INTO mark (worker, n) VALUES (?, ?)", worker, n)
		return err
	})
}
