package commitlog

import (
	"context"
	"encoding/binary"
	"errors"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/storage/object"
)

// outcome is what became of a record that we tried to put into its slot.
type outcome uint8

const (
	slotOpen    outcome = iota // not settled yet
	slotWon                    // it is in the slot, and applied
	slotLost                   // another record is in the slot, and applied; ours can never land
	slotFailed                 // nothing was written, for certain
	slotUnknown                // it may be in the slot, or may still land there
)

const (
	backoffFirst = 20 * time.Millisecond
	backoffLimit = 2 * time.Second
)

// settle puts the record into its slot and follows up until the slot is known to hold it or another record.
//
// The same bytes go to the same slot as often as it takes: whichever try lands, the slot holds at most one record, and
// its write id tells whose. Only a slot that is known to be taken lets the caller go on to the next one.
func (l *Log) settle(ctx context.Context, rec *Record, data []byte) (outcome, error) {
	key, start := Key(rec.Seq), l.cfg.Clock.Now()
	maybe := false // a try may have landed, or may land yet
	var last error
	for try := 0; try < l.cfg.SettleAttempts; try++ {
		if try > 0 && !l.pause(try, start) {
			break
		}
		if out := l.slot(rec); out != slotOpen { // a refresh has met the record in the slot
			return out, nil
		}
		err := l.put(ctx, key, data)
		if err == nil {
			l.prove(start)
			return l.won(rec)
		}
		last = err
		switch {
		case errors.Is(err, object.ErrExists):
			maybe = true // the slot is taken: perhaps by us
			out, err := l.look(ctx, rec, start)
			if out != slotOpen {
				return out, nil
			}
			last = err
		case !certain(err):
			maybe = true
		case !errors.Is(err, object.ErrConflict) && !errors.Is(err, object.ErrUnavailable):
			try = l.cfg.SettleAttempts // refused: another try would be as well
		}
	}
	if !maybe {
		return slotFailed, nothingDone(last, "the store did not take the commit")
	}
	if out, _ := l.look(ctx, rec, start); out != slotOpen {
		return out, nil
	}
	return slotUnknown, last
}

// certain reports whether err says that the write had no effect and cannot have one later.
func certain(err error) bool {
	if errors.Is(err, object.ErrUnknown) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	return errors.Is(err, object.ErrConflict) || errors.Is(err, object.ErrUnavailable) || errors.Is(err, object.ErrDenied) ||
		errors.Is(err, object.ErrNoBucket) || errors.Is(err, object.ErrRefused)
}

func (l *Log) put(ctx context.Context, key string, data []byte) error {
	ctx, cancel := context.WithTimeout(ctx, l.cfg.PutTimeout)
	defer cancel()
	_, err := l.store.PutIfAbsent(ctx, key, data)
	return err
}

// won applies our record unless a refresh has done so already.
func (l *Log) won(rec *Record) (outcome, error) {
	if err := l.advance(rec); err != nil {
		// The record is durable; that this handle cannot go on is told by the next call on it.
		l.cfg.Logger.Error("own commit could not be applied", "seq", rec.Seq, "error", err)
	}
	return slotWon, nil
}

// slot tells what the log has applied at the record's sequence number, if anything.
func (l *Log) slot(rec *Record) outcome {
	l.order.Lock()
	defer l.order.Unlock()
	switch {
	case l.head.Load() < rec.Seq:
		return slotOpen
	case l.order.own:
		return slotWon
	}
	return slotLost
}

// look reads the slot and applies what it finds. slotOpen: nothing is there, or it could not be read; err says which.
func (l *Log) look(ctx context.Context, rec *Record, start time.Time) (out outcome, err error) {
	for try := range 3 {
		if try > 0 && !l.pause(try, start) {
			break
		}
		var got *Record
		if got, err = l.get(ctx, rec.Seq); err == nil {
			return l.found(rec, got), nil
		}
		if errors.Is(err, object.ErrNotFound) {
			break
		}
		l.cfg.Logger.Warn("commit record could not be read back", "seq", rec.Seq, "error", err)
	}
	return l.slot(rec), err
}

// found settles the slot of rec by got, the record that is in it.
func (l *Log) found(rec, got *Record) outcome {
	own := got.WriteID == rec.WriteID
	if err := l.advance(got); err != nil {
		// The slot is settled all the same; the broken state ends whatever comes next on this handle.
		l.cfg.Logger.Error("commit record could not be applied", "seq", rec.Seq, "own", own, "error", err)
	}
	if own {
		return slotWon
	}
	return slotLost
}

// pause waits before try, longer each time, and reports whether there is time left to follow up.
func (l *Log) pause(try int, start time.Time) bool {
	d := min(backoffFirst<<min(try-1, 16), backoffLimit)
	var b [8]byte
	l.cfg.Rand.Read(b[:])
	d = d/2 + time.Duration(binary.LittleEndian.Uint64(b[:])%uint64(d/2+1)) // half of it is jitter
	return l.cfg.Clock.Sleep(d, l.ctx.Done()) && l.cfg.Clock.Now().Sub(start) < l.cfg.SettleTimeout
}

// get reads one record. A body that arrives damaged is read again twice: most damage happens on the way.
// Errors: object.ErrNotFound and the others of Get; kind Corrupt.
func (l *Log) get(ctx context.Context, seq uint64) (*Record, error) {
	return fetch(ctx, l.store, l.codec, l.cfg.DB, seq, l.cfg.GetTimeout)
}

func fetch(ctx context.Context, store object.Store, codec *Codec, db ID, seq uint64, timeout time.Duration) (rec *Record, err error) {
	key := Key(seq)
	for range 3 {
		if rec, err = fetchOnce(ctx, store, codec, key, timeout); base.KindOf(err) != base.KindCorrupt || errors.Is(err, ErrNewerVersion) {
			break
		}
	}
	switch {
	case err != nil:
		return nil, err
	case rec.DB != db && db != (ID{}):
		return nil, base.Corruptf(key, "commit record belongs to database %v, not to %v", rec.DB, db)
	case rec.Seq != seq:
		return nil, base.Corruptf(key, "commit record says that it is number %d", rec.Seq)
	}
	return rec, nil
}

func fetchOnce(ctx context.Context, store object.Store, codec *Codec, key string, timeout time.Duration) (*Record, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	obj, err := store.Get(ctx, key)
	if err != nil {
		return nil, err
	}
	return codec.DecodeRecord(key, obj.Data)
}
