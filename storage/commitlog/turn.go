package commitlog

import (
	"context"
	"encoding/binary"
	"errors"
	"sync"
	"time"

	"github.com/s3sql/s3sql/storage/object"
)

// The loser of a slot has to read it before it can try the next one, the winner does not: without care a process that
// always has something to commit would keep every other process out for good. So the winner of several slots in a row
// pauses for the length of a PUT. What it has to commit meanwhile goes into a larger record.
const (
	streakAlone   = 8                      // slots in a row when nobody else seems to write
	streakShared  = 1                      // and when another process wrote one of the last contentionSlots
	contentionGap = 32                     // records
	pauseAbove    = time.Millisecond       // a store that is faster needs no care
	pauseLimit    = 500 * time.Millisecond // of one pause
	aheadCount    = 3                      // GETs at a time by a process that has lost more than once
)

// turn is what the flight knows about its luck. It belongs to the flight; one follows the other under Log.mu.
type turn struct {
	streak int           // slots won in a row, without a pause between them
	took   time.Duration // the last won slot
	won    time.Time
}

func (l *Log) wonTurn(start time.Time) {
	l.turn.won = l.cfg.Clock.Now()
	l.turn.took = l.turn.won.Sub(start)
	l.turn.streak++
}

// yieldTurn pauses when it is somebody else's turn.
func (l *Log) yieldTurn() {
	t := &l.turn
	if l.cfg.Clock.Now().Sub(t.won) >= t.took { // there was a pause
		t.streak = 0
	}
	limit := streakAlone
	if f := l.foreign.Load(); f != 0 && l.Head()-f < contentionGap {
		limit = streakShared
	}
	if t.streak < limit || t.took < pauseAbove {
		return
	}
	t.streak = 0
	var b [8]byte
	l.cfg.Rand.Read(b[:])
	d := min(t.took, pauseLimit)
	d += time.Duration(binary.LittleEndian.Uint64(b[:]) % uint64(d/2))
	l.cfg.Clock.Sleep(d, l.ctx.Done())
}

// readAhead applies the next records that exist, up to aheadCount in one round trip, and lists when there are more.
func (l *Log) readAhead(ctx context.Context) error {
	var recs [aheadCount]*Record
	var errs [aheadCount]error
	start, head := l.cfg.Clock.Now(), l.Head()
	var wg sync.WaitGroup
	for i := range recs {
		wg.Go(func() { recs[i], errs[i] = l.get(ctx, head+1+uint64(i)) })
	}
	wg.Wait()
	for i, rec := range recs {
		if errors.Is(errs[i], object.ErrNotFound) {
			l.prove(start)
			return nil
		}
		if errs[i] != nil {
			return errs[i]
		}
		if err := l.advance(rec); err != nil {
			return err
		}
	}
	return l.listForward(ctx)
}
