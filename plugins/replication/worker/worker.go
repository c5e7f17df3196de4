// Package worker runs one replication: it takes changes from a source to a target, in order, and keeps account of both.
package worker

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/plugins/replication"
	"github.com/s3sql/s3sql/sqlengine/event"
)

// Item is a record on its way, or what has failed on the way to becoming one: Err is set then, and Data are not.
type Item struct {
	replication.Record
	Key string // of the row in the source, encoded
	Err error
}

// Batch is what a Source yields.
type Batch struct {
	Items []*Item
	Reset []*replication.Destination
	To    string // the position behind the items
	// Prepare says that destinations are new or have other columns.
	Prepare []*replication.Destination
	// Quiet says that nothing but the database's own accounts has changed up to To.
	Quiet bool
	// Reload says that somebody has changed the dead letters.
	Reload bool
}

// Source yields changes after a position. It is used by one goroutine.
type Source interface {
	// Next returns what follows, at most so many items; Items is empty when there is nothing now, and To may have moved on all the same.
	//
	// Errors: replication.Permanent ones, which end the worker: the position is too old, or the definition does not fit the tables.
	Next(ctx context.Context, most int) (*Batch, error)
	// Again returns the item of a dead letter anew.
	Again(ctx context.Context, d *DeadLetter) (*Item, error)
	// Wait returns when there may be more, and after most at the latest.
	Wait(ctx context.Context, most time.Duration) error
	// Lag returns the number of the last commit that was taken, how many have come since, and for how long the first of them waits. It may be
	// called at any time.
	Lag() (at uint64, behind int64, since time.Duration)
}

// Store keeps what outlives the worker. Save is one transaction.
type Store interface {
	Save(ctx context.Context, s *Saved) error
	DeadLetters(ctx context.Context) ([]*DeadLetter, error)
}

// Saved is what is to be kept.
type Saved struct {
	Position string // of a target that does not keep it itself
	Status   Status
	Log      []LogRow
	Dead     []*DeadLetter // new ones, or known ones that have failed again
	Alive    []string      // ids of dead letters that have been delivered, or dropped
	Retries  uint32        // Options.Retries that were done
}

// LogRow is what has become of a record.
type LogRow struct {
	At       time.Time
	Item     *Item
	Status   string // success, failed (it is a dead letter), waiting (behind one) or skipped
	Attempts int
	Error    string
}

// DeadLetter is a record that could not be delivered.
type DeadLetter struct {
	ID, Key             string
	Seq                 uint64
	Snapshot            bool
	Source, Destination string
	Operation           string
	RecordID            string
	Data                []byte // JSON, to be looked at; nil none
	Error               string
	Attempts            int
	At                  time.Time
}

// OnError is what is done about a record that cannot be delivered.
type OnError string

// What can be done.
const (
	DeadLetters OnError = "dead_letter" // it is kept, and all later changes of its row with it
	Skip        OnError = "skip"
	StopThere   OnError = "stop"
)

// Options of a replication.
type Options struct {
	Batch      int
	MaxRetries int           // before an error is reported; a target that is down is tried for ever
	RetryDelay time.Duration // before the first retry; each further one waits twice as long, up to a minute
	Timeout    time.Duration // of one Apply
	OnError    OnError
	Breaker    int // errors in a row after which the target is left alone for a while
	Log        bool
	Retries    uint32 // how often what has failed was to be sent again: more than Config.Retries means now
}

// What a worker does by itself.
const (
	longestDelay = time.Minute
	coolDown     = 30 * time.Second // while the circuit is open
	saveEvery    = time.Second      // positions and logs
	aliveEvery   = 5 * time.Second  // while the target is down: others take over from who is silent
	idleSave     = 10 * time.Minute // the position of a replication that nothing concerns
)

// Config is what a worker is made of. All fields but Events have to be there.
type Config struct {
	Name    string
	Options Options
	Source  Source
	Target  replication.Target
	Store   Store
	From    string // the position to start with, as Store or a Positioner keep it
	Saved   Status // of the run before
	Retries uint32 // that were done before
	Clock   base.Clock
	Rand    base.Rand
	Logger  *slog.Logger
	Events  *event.Hub // nil: nobody wants to know
	// Foreground makes Run return when everything is delivered, or when the target has failed MaxRetries times.
	Foreground bool
	// Forever, with Foreground, goes on when everything is delivered.
	Forever bool
}

// Worker runs a replication.
type Worker struct {
	Config
	status   statusBox
	position string
	letters  letters
	unsaved  Saved
	dirty    bool
	savedAt  time.Time
	failures int // in a row
	all      []*replication.Destination
	prepared bool
}

// ErrStopped is wrapped by the error that ends a worker with OnError stop.
var ErrStopped = errors.New("the replication has stopped")

// New makes a worker.
func New(c Config) *Worker {
	w := &Worker{Config: c, position: c.From, savedAt: c.Clock.Now()}
	w.unsaved.Retries = c.Retries
	w.status.set(func(s *Status) {
		*s = c.Saved
		s.State, s.LastError, s.Connected = "starting", "", false
	})
	return w
}

// Status returns how the replication is.
func (w *Worker) Status() Status {
	s := w.status.get(w.Clock.Now())
	s.Seq, s.LagCommits, s.Lag = w.Source.Lag()
	return s
}

// Run delivers until ctx ends, which is no error. It does not close the target.
//
// Errors: what ends a replication until somebody does something: Permanent ones of the source, ErrFenced, ErrStopped; in the foreground those of
// the target, too.
func (w *Worker) Run(ctx context.Context) error {
	err := w.run(ctx)
	if ctx.Err() != nil {
		err = nil
	}
	if err != nil {
		w.status.set(func(s *Status) { s.State, s.LastError = "failed", err.Error() })
		w.publish(event.ReplicatorError{Replication: w.Name, Error: err.Error()})
	} else {
		w.status.set(func(s *Status) { s.State = "stopped" })
	}
	if !errors.Is(err, replication.ErrFenced) {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		w.dirty = true // it lets go of the replication
		err = errors.Join(err, w.save(end, true))
	}
	return err
}

func (w *Worker) run(ctx context.Context) error {
	if err := w.reload(ctx); err != nil {
		return err
	}
	for ctx.Err() == nil {
		w.status.set(func(s *Status) { s.Idle = false })
		b, err := w.next(ctx)
		if err != nil {
			return err
		}
		if err := w.take(ctx, b); err != nil {
			return err
		}
		if len(b.Items) > 0 || len(b.Reset) > 0 {
			continue
		}
		if w.Foreground && !w.Forever {
			return nil
		}
		w.status.set(func(s *Status) { s.State, s.Idle = "running", true })
		most := idleSave
		if w.dirty {
			most = saveEvery
		}
		if err := w.Source.Wait(ctx, most); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// next asks the source, again while the store cannot be reached.
func (w *Worker) next(ctx context.Context) (*Batch, error) {
	for try := 0; ; try++ {
		b, err := w.Source.Next(ctx, w.Options.Batch)
		if err == nil || replication.IsPermanent(err) || ctx.Err() != nil || w.Foreground && try >= w.Options.MaxRetries {
			return b, err
		}
		w.Logger.Warn("the changes could not be read; trying again", "replication", w.Name, "error", err)
		w.status.set(func(s *Status) { s.State, s.LastError = "retrying", err.Error() })
		w.sleep(ctx, w.delay(try))
	}
}

// take brings a batch to its end.
func (w *Worker) take(ctx context.Context, b *Batch) error {
	if b.Prepare != nil {
		w.all, w.prepared = b.Prepare, false
	}
	if b.Reload {
		if err := w.reload(ctx); err != nil {
			return err
		}
	}
	if w.Options.Retries != w.unsaved.Retries {
		if err := w.retryFailed(ctx); err != nil {
			return err
		}
	}
	if len(b.Items) > 0 || len(b.Reset) > 0 {
		if err := w.deliver(ctx, b); err != nil {
			return err
		}
	} else if err := w.passOver(ctx, b); err != nil {
		return err
	}
	return w.save(ctx, false)
}

// passOver moves the position over commits that have nothing for the replication, from time to time.
func (w *Worker) passOver(ctx context.Context, b *Batch) error {
	p, own := w.Target.(replication.Positioner)
	if due := w.position == "" || !b.Quiet && w.Clock.Now().Sub(w.savedAt) >= idleSave; !due || b.To == w.position {
		if !own {
			w.position = b.To
		}
		return nil
	}
	if own {
		if err := w.attempt(ctx, func(ctx context.Context) error { return p.SetPosition(ctx, w.position, b.To) }); err != nil {
			return err
		}
	}
	w.position, w.dirty = b.To, true
	return nil
}

// publish tells of an event.
func (w *Worker) publish(e event.Event) { w.Events.Publish(e) }

func (w *Worker) sleep(ctx context.Context, d time.Duration) { w.Clock.Sleep(d, ctx.Done()) }

// delay is how long to wait before a try, with some chance in it.
func (w *Worker) delay(try int) time.Duration {
	d := min(w.Options.RetryDelay<<min(try, 20), longestDelay)
	if d <= 0 {
		d = longestDelay
	}
	var b [1]byte
	w.Rand.Read(b[:])
	return d - d/4 + d/2*time.Duration(b[0])/256
}
