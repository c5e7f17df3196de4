package worker

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/s3sql/s3sql/plugins/replication"
)

// rowOf identifies the row that an item is about, in its destination.
func rowOf(it *Item) string {
	if it.Destination.Key == nil {
		return it.ID // rows without an identity have no order to keep
	}
	return it.Destination.Source + "\x00" + it.Destination.Name + "\x00" + it.Key
}

// reload reads the dead letters anew.
func (w *Worker) reload(ctx context.Context) error {
	dead, err := w.Store.DeadLetters(ctx)
	if err != nil {
		return err
	}
	clear(w.blocked)
	for _, d := range dead {
		w.block(d)
	}
	w.status.set(func(s *Status) { s.Dead = int64(len(dead)) })
	return nil
}

func (w *Worker) block(d *DeadLetter) {
	w.blocked[d.Source+"\x00"+d.Destination+"\x00"+d.Key] = d.ID
}

// retryFailed sends the dead letters again, in their order.
func (w *Worker) retryFailed(ctx context.Context) error {
	dead, err := w.Store.DeadLetters(ctx)
	if err != nil {
		return err
	}
	slices.SortStableFunc(dead, func(a, b *DeadLetter) int { return int(min(max(int64(a.Seq)-int64(b.Seq), -1), 1)) })
	clear(w.blocked)
	for _, d := range dead {
		row := d.Source + "\x00" + d.Destination + "\x00" + d.Key
		if _, still := w.blocked[row]; still {
			continue
		}
		failed, err := w.resend(ctx, d)
		if err != nil {
			return err
		}
		if failed == nil {
			w.unsaved.Alive = append(w.unsaved.Alive, d.ID)
			w.dirty = true
			continue
		}
		d.Attempts, d.Error, d.At = d.Attempts+1, failed.Error(), w.Clock.Now()
		w.unsaved.Dead = append(w.unsaved.Dead, d)
		w.blocked[row], w.dirty = d.ID, true
	}
	w.unsaved.Retries = w.Options.Retries
	w.dirty = true
	alive := int64(len(w.unsaved.Alive))
	w.status.set(func(s *Status) { s.Dead = max(int64(len(dead))-alive, 0) })
	if err := w.save(ctx, true); err != nil {
		return err
	}
	return w.reload(ctx)
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
	err = w.apply(ctx, &replication.Batch{Records: []*replication.Record{&it.Record}, From: w.position, To: to})
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
