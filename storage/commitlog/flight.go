package commitlog

import (
	"context"

	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/storage/object"
)

// fly commits batches until the queue is empty.
func (l *Log) fly() {
	for {
		if l.waiting() {
			l.yieldTurn()
		}
		batch := l.take()
		if batch == nil {
			return
		}
		l.commit(batch)
	}
}

// commit takes a batch to its end: every member is finished or back in the queue when it returns. Each slot lost to
// another process is applied and the rest validated again.
func (l *Log) commit(batch []*member) {
	for losses := 0; len(batch) > 0; losses++ {
		ctx := object.Inherit(l.ctx, batch[0].ctx) // the first member pays for the requests
		if err := l.beforeSlot(ctx, losses); err != nil {
			finishAll(batch, nothingDone(err, "the commit log could not be read"))
			return
		}
		rec, taken := l.assemble(batch)
		if len(taken) == 0 {
			return
		}
		data, err := l.encode(rec, taken)
		if err != nil {
			l.landed()
			finishAll(taken, err)
			return
		}
		start := l.cfg.Clock.Now()
		out, err := l.settle(ctx, rec, data)
		l.landed()
		switch out {
		case slotWon:
			l.wonTurn(start)
			for _, m := range taken {
				m.finish(Committed{Seq: rec.Seq, Time: rec.Time(), Shared: len(taken), Bytes: len(data), Own: len(m.body)}, nil)
			}
			return
		case slotFailed:
			finishAll(taken, err)
			return
		case slotUnknown:
			l.cfg.Logger.Warn("outcome of a commit is unknown", "seq", rec.Seq, "writeID", rec.WriteID, "error", err)
			finishAll(taken, wrap(errno.CommitUnknown, err, "the store did not tell whether the commit took effect"))
			return
		}
		l.turn.streak = 0
		batch = l.staying(taken)
	}
}

func finishAll(ms []*member, err error) {
	for _, m := range ms {
		m.finish(Committed{}, err)
	}
}

// beforeSlot brings the log forward where taking the next free slot would be wrong or wasteful: after a long sleep, and
// when several slots in a row were lost.
func (l *Log) beforeSlot(ctx context.Context, losses int) error {
	stale := l.stale(l.cfg.Clock.Now())
	if losses < 2 && !stale {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, l.cfg.SettleTimeout)
	defer cancel()
	if stale {
		return l.listForward(ctx)
	}
	return l.readAhead(ctx)
}

// assemble validates the members against the state and against each other, and puts those that may commit into a record
// for the slot after the head. Members that conflict with the state are finished, those that conflict with each other go
// back to the queue.
func (l *Log) assemble(batch []*member) (*Record, []*member) {
	rec := &Record{DB: l.cfg.DB, Writer: l.writer, Micros: l.cfg.Clock.Now().UnixMicro()}
	l.cfg.Rand.Read(rec.WriteID[:])
	verdicts, deferred := make([]error, len(batch)), []*member(nil)
	taken := make([]*member, 0, len(batch))
	var keys batchKeys

	l.order.Lock()
	rec.Seq = l.head.Load() + 1
	rec.Micros = max(rec.Micros, l.order.micros)
	for i, m := range batch {
		if verdicts[i] = l.order.broken; verdicts[i] == nil {
			verdicts[i] = l.applier.Validate(m.txn)
		}
		switch {
		case verdicts[i] != nil:
		case len(taken) > 0 && keys.conflicts(m.txn):
			deferred = append(deferred, m)
		default:
			keys.add(m.txn)
			taken = append(taken, m)
			rec.Txns = append(rec.Txns, m.txn)
			m.complete(rec)
		}
	}
	if len(taken) > 0 {
		l.order.flight, l.order.own = rec, false
	}
	l.order.Unlock()

	for i, m := range batch {
		if verdicts[i] != nil {
			m.finish(Committed{}, verdicts[i])
		}
	}
	l.requeue(deferred)
	return rec, taken
}

func (l *Log) encode(rec *Record, ms []*member) ([]byte, error) {
	bodies := make([][]byte, len(ms))
	for i, m := range ms {
		bodies[i] = m.body
	}
	return l.codec.encode(rec, bodies, l.cfg.MaxRecordBytes)
}

// landed ends the bookkeeping about the flight's record. One that turns up later is applied as any other record.
func (l *Log) landed() {
	l.order.Lock()
	l.order.flight = nil
	l.order.Unlock()
}
