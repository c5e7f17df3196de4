package driver

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/s3sql/s3sql/internal/base"
)

// Bounds of RunTx. The waits add up to about 15 seconds.
const (
	runTxTries   = 100
	runTxWaitMin = time.Millisecond
	runTxWaitMax = 256 * time.Millisecond
)

// RunTx runs fn in a transaction and commits it. When the transaction loses to another (ErrConflict, from fn or from
// the commit) it is rolled back and run again, after a random wait that grows; fn must therefore have no other effects,
// or bear to repeat them. A commit whose outcome is unknown (ErrCommitUnknown) is never repeated. When fn panics, the
// transaction is rolled back and the panic goes on.
//
// Errors: what fn returned; those of BeginTx and Commit; the last ErrConflict after 100 tries; ctx.Err().
func RunTx(ctx context.Context, db *sql.DB, opts *sql.TxOptions, fn func(*sql.Tx) error) error {
	return runTx(ctx, db, opts, fn, base.SystemClock{}, base.SystemRand{})
}

func runTx(ctx context.Context, db *sql.DB, opts *sql.TxOptions, fn func(*sql.Tx) error, clock base.Clock, rand base.Rand) error {
	for try := 1; ; try++ {
		err := runTxOnce(ctx, db, opts, fn)
		if err == nil || !errors.Is(err, ErrConflict) || errors.Is(err, ErrCommitUnknown) {
			return err
		}
		if try == runTxTries {
			return fmt.Errorf("gave up after %d tries: %w", try, err)
		}
		if !clock.Sleep(runTxWait(try, rand), ctx.Done()) {
			return ctx.Err()
		}
	}
}

// runTxWait is a random time below a limit that doubles from try to try.
func runTxWait(try int, rand base.Rand) time.Duration {
	limit := min(runTxWaitMin<<min(try-1, 16), runTxWaitMax)
	var b [8]byte
	rand.Read(b[:])
	return time.Duration(binary.LittleEndian.Uint64(b[:]) % uint64(limit))
}

func runTxOnce(ctx context.Context, db *sql.DB, opts *sql.TxOptions, fn func(*sql.Tx) error) (err error) {
	tx, err := db.BeginTx(ctx, opts)
	if err != nil {
		return err
	}
	ended := false
	defer func() {
		if ended {
			return
		}
		// fn returned an error, panicked or ended the goroutine.
		if rerr := tx.Rollback(); rerr != nil && !errors.Is(rerr, sql.ErrTxDone) && err != nil {
			err = fmt.Errorf("%w (and the rollback failed: %w)", err, rerr)
		}
	}()
	if err = fn(tx); err != nil {
		return endedBy(ctx, err)
	}
	ended = true
	return endedBy(ctx, tx.Commit())
}

// endedBy names the end of ctx in an error that only says that the transaction is over: database/sql rolls a
// transaction back in a goroutine of its own when its context ends, and a call after that sees sql.ErrTxDone alone.
func endedBy(ctx context.Context, err error) error {
	if ctx.Err() == nil || !errors.Is(err, sql.ErrTxDone) {
		return err
	}
	return fmt.Errorf("%w: %w", ctx.Err(), err)
}
