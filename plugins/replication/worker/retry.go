package worker

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/s3sql/s3sql/plugins/replication"
)

// letters are the dead letters that a worker knows.
type letters struct {
	dead    map[string]bool   // by id
	blocked map[string]string // by row: the id of the first one, behind which later changes of the row wait
}

func (l *letters) add(d *DeadLetter) {
	l.dead[d.ID] = true
	if row := d.row(); l.blocked[row] == "" {
		l.blocked[row] = d.ID
	}
}

// row identifies the row that a dead letter is about, in its destination.
func (d *DeadLetter) row() string { return row(d.Source, d.Destination, d.Key) }

func row(source, destination, key string) string { return source + "\x00" + destination + "\x00" + key }

// rowOf identifies the row that an item is about. Rows without an identity have no order to keep.
func rowOf(it *Item) string {
	if it.Destination.Key == nil {
		return it.ID
	}
	return row(it.Destination.Source, it.Destination.Name, it.Key)
}

// reload reads the dead letters anew: those that are kept, and those that are still to be.
func (w *Worker) reload(ctx context.Context) error {
	kept, err := w.Store.DeadLetters(ctx)
	if err != nil {
		return err
	}
	w.letters = letters{dead: map[string]bool{}, blocked: map[string]string{}}
	for _, d := range append(kept, w.unsaved.Dead...) {
		if !slices.Contains(w.unsaved.Alive, d.ID) {
			w.letters.add(d)
		}
	}
	w.countDead()
	return nil
}

func (w *Worker) countDead() {
	w.status.set(func(s *Status) { s.Dead = int64(len(w.letters.dead)) })
}

// retryFailed sends the dead letters again, in their order. One that fails again keeps those of its row behind it.
func (w *Worker) retryFailed(ctx context.Context) error {
	if err := w.save(ctx, true); err != nil {
		return err
	}
	dead, err := w.Store.DeadLetters(ctx)
	if err != nil {
		return err
	}
	slices.SortStableFunc(dead, func(a, b *DeadLetter) int { return cmp.Compare(a.Seq, b.Seq) })
	stuck := map[string]bool{}
	for _, d := range dead {
		if stuck[d.row()] {
			continue
		}
		failed, err := w.resend(ctx, d)
		if err != nil {
			return err
		}
		if failed == nil {
			w.unsaved.Alive = append(w.unsaved.Alive, d.ID)
			continue
		}
		stuck[d.row()] = true
		d.Attempts, d.Error, d.At = d.Attempts+1, failed.Error(), w.Clock.Now()
		w.unsaved.Dead = append(w.unsaved.Dead, d)
	}
	w.unsaved.Retries, w.dirty = w.Options.Retries, true
	if err := w.reload(ctx); err != nil {
		return err
	}
	return w.save(ctx, true)
}

// forget drops the dead letters of destinations that begin anew.
func (w *Worker) forget(ctx context.Context, reset []*replication.Destination) error {
	if len(reset) == 0 {
		return nil
	}
	dead, err := w.Store.DeadLetters(ctx)
	if err != nil {
		return err
	}
	for _, d := range append(dead, w.unsaved.Dead...) {
		if slices.ContainsFunc(reset, func(r *replication.Destination) bool { return d.Source == r.Source && d.Destination == r.Name }) {
			w.unsaved.Alive, w.dirty = append(w.unsaved.Alive, d.ID), true
		}
	}
	if err := w.reload(ctx); err != nil {
		return err
	}
	return w.save(ctx, true) // or, after a crash, rows that are copied anew would wait behind them
}

// resend delivers a dead letter. failed is why it is one still.
func (w *Worker) resend(ctx context.Context, d *DeadLetter) (failed, err error) {
	it, err := w.Source.Again(ctx, d)
	switch {
	case replication.IsPermanent(err):
		return err, nil
	case err != nil:
		return nil, err
	case it == nil: // the definition has no place for it any more
		return nil, nil
	case it.Err != nil:
		return it.Err, nil
	}
	to := w.position
	if _, own := w.Target.(replication.Positioner); own {
		// What was sent again last is part of the position, so that it is not sent twice when an answer is lost.
		if to = SourcePosition(w.position) + resent + d.ID; to == w.position {
			return nil, nil
		}
	}
	_, err = w.apply(ctx, &replication.Batch{Records: []*replication.Record{&it.Record}, From: w.position, To: to})
	var rejected *replication.Rejected
	if errors.As(err, &rejected) {
		return rejected.Records[0], nil
	}
	if err == nil {
		w.position = to
		w.delivered([]*Item{it}, 1)
	}
	return nil, err
}

// resent stands between the position of a source and the id of the dead letter that was sent last.
const resent = "\n"

// SourcePosition returns the part of a position that a Source has given.
func SourcePosition(position string) string {
	at, _, _ := strings.Cut(position, resent)
	return at
}
