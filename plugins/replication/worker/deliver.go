package worker

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/s3sql/s3sql/plugins/replication"
	"github.com/s3sql/s3sql/sqlengine/event"
)

// deliver brings the items of a batch to the target, or to where those go that it does not take, and moves the position behind them.
func (w *Worker) deliver(ctx context.Context, b *Batch) error {
	if err := w.forget(ctx, b.Reset); err != nil {
		return err
	}
	way := w.inWaves
	if _, own := w.Target.(replication.Positioner); own {
		way = w.asWhole
	}
	if err := way(ctx, b); err != nil {
		return err
	}
	w.position, w.dirty = b.To, true
	return nil
}

// asWhole delivers to a target that keeps the position, in one transaction: without the items that it refuses, when these are safe.
func (w *Worker) asWhole(ctx context.Context, b *Batch) error {
	for items := b.Items; ; {
		ready, failed := w.sort(items)
		if err := w.fail(failed); err != nil {
			return err
		}
		if len(failed) > 0 {
			if err := w.save(ctx, true); err != nil {
				return err
			}
		}
		tries, err := w.apply(ctx, w.batch(ready, b.Reset, b.To))
		if rejected := rejectedBy(err); rejected != nil {
			mark(ready, rejected)
			items = ready
			continue
		}
		if err == nil {
			w.delivered(ready, tries)
		}
		return err
	}
}

// inWaves delivers to any other target: at a time so many items that no row is among them twice, so that what follows a refused one can be
// held back.
func (w *Worker) inWaves(ctx context.Context, b *Batch) error {
	reset := b.Reset
	for items := b.Items; len(items) > 0 || len(reset) > 0; {
		var now []*Item
		now, items = wave(items)
		ready, failed := w.sort(now)
		if err := w.fail(failed); err != nil {
			return err
		}
		if len(ready) == 0 && len(reset) == 0 {
			continue
		}
		tries, err := w.apply(ctx, w.batch(ready, reset, b.To))
		if rejected := rejectedBy(err); rejected != nil {
			mark(ready, rejected)
			ready, failed = w.sort(ready)
			if err = w.fail(failed); err != nil {
				w.delivered(ready, tries)
			}
		}
		if err != nil {
			return err
		}
		w.delivered(ready, tries)
		reset = nil
	}
	return nil
}

func (w *Worker) batch(items []*Item, reset []*replication.Destination, to string) *replication.Batch {
	b := &replication.Batch{Reset: reset, From: w.position, To: to}
	for _, it := range items {
		b.Records = append(b.Records, &it.Record)
	}
	return b
}

func rejectedBy(err error) *replication.Rejected {
	var r *replication.Rejected
	if errors.As(err, &r) && len(r.Records) > 0 {
		return r
	}
	return nil
}

// wave returns the first items, up to one of a row that is among them.
func wave(items []*Item) (now, rest []*Item) {
	seen := map[string]bool{}
	for i, it := range items {
		row := rowOf(it)
		if seen[row] {
			return items[:i], items[i:]
		}
		seen[row] = true
	}
	return items, nil
}

// sort parts items into those to be delivered, and those that have failed or wait behind a row's dead letter.
func (w *Worker) sort(items []*Item) (ready, failed []*Item) {
	behind := map[string]string{} // of this batch
	for _, it := range items {
		row := rowOf(it)
		first := cmp.Or(w.letters.blocked[row], behind[row])
		switch {
		case w.letters.dead[it.ID]: // from before a crash
			it.Err = errDead
		case first != "":
			it.Err = &waiting{first}
		case it.Err != nil && w.Options.OnError == DeadLetters:
			behind[row] = it.ID
		}
		if it.Err == nil {
			ready = append(ready, it)
		} else {
			failed = append(failed, it)
		}
	}
	return ready, failed
}

var errDead = errors.New("it could not be delivered before")

// waiting is why a change is not delivered: an earlier one of its row is a dead letter.
type waiting struct{ behind string }

func (e *waiting) Error() string {
	return "an earlier change of the row was not delivered: " + e.behind
}

// mark notes which items the target has refused.
func mark(items []*Item, r *replication.Rejected) {
	for i, err := range r.Records {
		if items[i].Err = err; err == nil {
			items[i].Err = errors.New("the target does not say why")
		}
	}
}

// fail does with items that have failed what the replication is to do. What waits behind a dead letter becomes one in any case.
func (w *Worker) fail(items []*Item) error {
	for _, it := range items {
		if it.Err == errDead {
			continue // and is kept
		}
		var behind *waiting
		status := "failed"
		switch waits := errors.As(it.Err, &behind); {
		case waits:
			status = "waiting"
		case w.Options.OnError == StopThere:
			w.status.set(func(s *Status) { s.Errors++ })
			return fmt.Errorf("%w at a record that cannot be delivered: %s of row %q of %s, commit %d: %w; mend it, and ALTER REPLICATION … RESUME",
				ErrStopped, it.Operation, it.RecordID, it.Destination.Source, it.Seq, it.Err)
		case w.Options.OnError == Skip:
			status = "skipped"
		}
		if status != "skipped" {
			d := deadLetter(it, w.Clock.Now())
			w.unsaved.Dead = append(w.unsaved.Dead, d)
			w.letters.add(d)
			w.countDead()
		}
		w.dirty = true
		w.log(it, status, 1, it.Err)
		w.status.set(func(s *Status) { s.Errors++; s.LastError = it.Err.Error() })
		w.publish(event.ReplicationFailed{TableName: it.Destination.Source, Replication: w.Name, Destination: it.Destination.Name,
			Operation: string(it.Operation), RecordID: it.RecordID, Status: status, Error: it.Err.Error()})
	}
	return nil
}

func deadLetter(it *Item, now time.Time) *DeadLetter {
	d := &DeadLetter{ID: it.ID, Key: it.Key, Seq: it.Seq, Snapshot: it.Snapshot, Source: it.Destination.Source, Destination: it.Destination.Name,
		Operation: string(it.Operation), RecordID: it.RecordID, Error: it.Err.Error(), Attempts: 1, At: now}
	if it.Data != nil {
		d.Data, _ = json.Marshal(it.Destination.Object(it.Data)) // to be looked at
	}
	return d
}

// delivered counts items that have arrived.
func (w *Worker) delivered(items []*Item, tries int) {
	if len(items) == 0 {
		return
	}
	now := w.Clock.Now()
	byTable := map[string]int{}
	for _, it := range items {
		w.log(it, "success", tries, nil)
		byTable[it.Destination.Source]++
	}
	w.status.set(func(s *Status) { s.Operations += int64(len(items)); s.LastActivity = now })
	for table, n := range byTable {
		w.publish(event.Replicated{TableName: table, Replication: w.Name, Records: n, Commit: items[len(items)-1].Seq})
	}
	w.dirty = true
}

func (w *Worker) log(it *Item, status string, tries int, err error) {
	if !w.Options.Log {
		return
	}
	row := LogRow{At: w.Clock.Now(), Item: it, Status: status, Attempts: tries}
	if err != nil {
		row.Error = err.Error()
	}
	w.unsaved.Log = append(w.unsaved.Log, row)
}

// apply delivers a batch, again and again while the target is down.
func (w *Worker) apply(ctx context.Context, b *replication.Batch) (tries int, err error) {
	start := w.Clock.Now()
	err = w.attempt(ctx, func(ctx context.Context) error {
		tries++
		start = w.Clock.Now()
		return w.Target.Apply(ctx, b)
	})
	rejected := rejectedBy(err)
	if _, own := w.Target.(replication.Positioner); err == nil || rejected != nil && !own {
		took, n := w.Clock.Now().Sub(start), len(b.Records)
		if rejected != nil {
			n -= len(rejected.Records)
		}
		w.status.set(func(s *Status) { s.batch(start.Add(took), took, n) })
	}
	return tries, err
}

// attempt readies the destinations and calls fn, until that has an end: until then, the target is left alone for a while after each try.
func (w *Worker) attempt(ctx context.Context, fn func(context.Context) error) error {
	for try := 0; ; try++ {
		err := w.once(ctx, fn)
		if err == nil || rejectedBy(err) != nil {
			w.failures = 0
			w.status.set(func(s *Status) { s.State, s.Connected = "running", true })
			return err
		}
		if ctx.Err() != nil || errors.Is(err, replication.ErrFenced) {
			return err
		}
		w.prepared = false // what is missing may be what was made before
		if w.failures++; w.Foreground && try >= w.Options.MaxRetries {
			return err
		}
		w.rest(ctx, err, try)
	}
}

func (w *Worker) once(ctx context.Context, fn func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, w.Options.Timeout)
	defer cancel()
	if !w.prepared && w.all != nil {
		if err := w.Target.Prepare(ctx, w.all); err != nil {
			return err
		}
		w.prepared = true
	}
	return fn(ctx)
}

// rest waits after an error, the longer the more there were.
func (w *Worker) rest(ctx context.Context, err error, try int) {
	state, d := "retrying", max(w.delay(try), replication.Delay(err))
	if w.failures >= w.Options.Breaker && w.Options.Breaker > 0 || replication.IsPermanent(err) && try > 0 { // the first time, Prepare may mend it
		state, d = "circuit_open", max(d, coolDown)
	}
	now := w.Clock.Now()
	w.status.set(func(s *Status) {
		s.State, s.Connected, s.LastError, s.LastErrorAt = state, false, err.Error(), now
		s.Errors++
	})
	if try == w.Options.MaxRetries || try == 1 && replication.IsPermanent(err) {
		w.Logger.Warn("a replication does not get on; it goes on trying", "replication", w.Name, "error", err)
		w.publish(event.ReplicatorError{Replication: w.Name, Error: err.Error()})
	}
	if now.Sub(w.savedAt) >= aliveEvery {
		w.dirty = true
	}
	_ = w.save(ctx, false) // the next one tries again
	w.sleep(ctx, d)
}
