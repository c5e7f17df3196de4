package commitlog

import (
	"context"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
)

// Committed tells where a transaction ended up.
type Committed struct {
	Seq    uint64
	Time   time.Time // commit time
	Shared int       // transactions in the record, 1 if it went alone
	Bytes  int       // size of the record's object
	Own    int       // encoded bytes of this transaction, before compression: its share of Bytes is Own by the sum of them
}

// member is one transaction on its way. done is closed once result and err are set.
type member struct {
	ctx  context.Context // of the caller, for the accounting of requests only
	txn  *Txn
	body []byte // txn, encoded
	done chan struct{}

	early int // tables of txn before what Late has made

	// under Log.mu
	queued bool // in the queue: nothing has been sent for it
	left   bool // its caller has gone

	result Committed
	err    error
}

// size bounds the encoded bytes of the transaction.
func (m *member) size() int { return len(m.body) + m.txn.LateBytes }

// complete has the transaction completed for the record that it is the last one of.
func (m *member) complete(rec *Record) {
	if m.txn.Late == nil {
		return
	}
	m.txn.Tables = append(m.txn.Tables[:m.early:m.early], m.txn.Late(rec))
	m.body = appendTxn(nil, m.txn)
}

func (m *member) finish(c Committed, err error) {
	m.result, m.err = c, err
	close(m.done)
}

// Commit appends t to the log and returns once it is durable and applied. Transactions that wait while a PUT is under way
// share the next record, each with its own outcome.
//
// Cost: one PUT, shared; a GET and a PUT more for each record of another process that took the slot.
// Errors: what Validate returned; CommitUnknown (it may or may not have been committed, also when ctx ends after it was
// sent); kind Unavailable (certainly not committed); RecordTooLarge; Closed; ctx.Err(), wrapped, when ctx ends while it is
// still queued: then it is not committed.
func (l *Log) Commit(ctx context.Context, t *Txn) (Committed, error) {
	if err := ctx.Err(); err != nil {
		return Committed{}, errCancelled(err)
	}
	for i := range t.Tables {
		for j := range t.Tables[i].Ops {
			if t.Tables[i].Ops[j].Key == "" {
				return Committed{}, base.Errorf(errno.Unknown, "operation %d on table %d has no key", j, t.Tables[i].Table)
			}
		}
	}
	m := &member{ctx: ctx, txn: t, body: appendTxn(nil, t), early: len(t.Tables), done: make(chan struct{})}
	if size := recordOverhead + txnOverhead + m.size(); size > l.cfg.MaxRecordBytes {
		return Committed{}, tooLarge(size, l.cfg.MaxRecordBytes)
	}
	if !l.enqueue(m) {
		return Committed{}, errClosed()
	}
	select {
	case <-m.done:
		return m.result, m.err
	case <-ctx.Done():
		return l.leave(m, ctx.Err())
	}
}

func errCancelled(cause error) error {
	return wrap(errno.QueryInterrupted, cause, "the commit was cancelled before it was sent")
}

func (l *Log) enqueue(m *member) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mu.closed {
		return false
	}
	m.queued = true
	l.mu.queue = append(l.mu.queue, m)
	if !l.mu.flying {
		l.mu.flying = true
		l.tasks.Go(l.fly)
	}
	return true
}

// leave is what a caller does whose ctx has ended.
func (l *Log) leave(m *member, cause error) (Committed, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-m.done:
		return m.result, m.err
	default:
	}
	m.left = true
	if !m.queued {
		return Committed{}, wrap(errno.CommitUnknown, cause, "the commit was cancelled after it had been sent: it may or may not take effect")
	}
	return Committed{}, errCancelled(cause)
}

// waiting reports whether there is something to commit.
func (l *Log) waiting() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.mu.queue) > 0
}

// take moves members from the queue into a batch. With none left it ends the flight and returns nil.
func (l *Log) take() []*member {
	l.mu.Lock()
	defer l.mu.Unlock()
	var batch []*member
	size, i := recordOverhead, 0
	for ; i < len(l.mu.queue) && len(batch) < maxTxns; i++ {
		m := l.mu.queue[i]
		if m.left {
			continue
		}
		size += txnOverhead + m.size()
		if len(batch) > 0 && size > min(l.cfg.BatchBytes, l.cfg.MaxRecordBytes) {
			break
		}
		m.queued = false
		batch = append(batch, m)
	}
	rest := copy(l.mu.queue, l.mu.queue[i:])
	clear(l.mu.queue[rest:])
	l.mu.queue = l.mu.queue[:rest]
	if len(batch) == 0 {
		l.mu.flying = false
		return nil
	}
	return batch
}

// requeue puts members back to the head of the queue.
func (l *Log) requeue(ms []*member) {
	if len(ms) == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range ms {
		m.queued = true
	}
	l.mu.queue = append(ms, l.mu.queue...)
}

// staying returns the members whose callers still wait.
func (l *Log) staying(ms []*member) []*member {
	l.mu.Lock()
	defer l.mu.Unlock()
	kept := ms[:0]
	for _, m := range ms {
		if !m.left {
			kept = append(kept, m)
		}
	}
	return kept
}
