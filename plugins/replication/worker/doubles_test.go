package worker

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/s3sql/s3sql/plugins/replication"
)

// fastClock runs ahead whenever somebody sleeps.
type fastClock struct{ now time.Time }

func (c *fastClock) Now() time.Time { return c.now }

func (c *fastClock) Sleep(d time.Duration, done <-chan struct{}) bool {
	c.now = c.now.Add(d)
	select {
	case <-done:
		return false
	default:
		return true
	}
}

type zeros struct{}

func (zeros) Read(p []byte) { clear(p) }

// history is what a source has: the changes of rows, in order.
type history struct {
	dest  *replication.Destination
	items []Item
}

func newHistory(rng *rand.Rand, n int) *history {
	h := &history{dest: &replication.Destination{Source: "t", Name: "t", Key: []int{0}, Columns: []replication.Column{{Name: "id"}, {Name: "n"}}}}
	for i := range n {
		row := rng.IntN(6)
		h.items = append(h.items, Item{Key: fmt.Sprint(row), Record: replication.Record{ID: fmt.Sprint("r", i), Destination: h.dest, Operation: replication.Update,
			Seq: uint64(i + 1), RecordID: fmt.Sprint(row), Data: []any{int64(row), int64(i)}}})
	}
	return h
}

// reader is a Source of a history.
type reader struct {
	h      *history
	at     int
	broken map[string]bool // ids of items whose transform fails
	told   bool
	reload func() bool // nil: never
}

func (r *reader) Next(_ context.Context, most int) (*Batch, error) {
	b := &Batch{}
	if !r.told {
		r.told, b.Prepare = true, []*replication.Destination{r.h.dest}
	}
	for ; len(b.Items) < most && r.at < len(r.h.items); r.at++ {
		b.Items = append(b.Items, r.item(r.at))
	}
	b.Reload = r.reload != nil && r.reload()
	b.To = strconv.Itoa(r.at)
	return b, nil
}

func (r *reader) item(i int) *Item {
	it := r.h.items[i]
	if r.broken[it.ID] {
		it.Err, it.Data = errors.New("division by zero"), nil
	}
	return &it
}

func (r *reader) Again(_ context.Context, d *DeadLetter) (*Item, error) {
	return r.item(int(d.Seq - 1)), nil
}
func (r *reader) Wait(context.Context, time.Duration) error { return nil }
func (r *reader) Lag() (uint64, int64, time.Duration) {
	return uint64(r.at), int64(len(r.h.items) - r.at), 0
}

// accounts is a Store.
type accounts struct {
	position string
	retries  uint32
	dead     map[string]*DeadLetter
	log      []LogRow
	saves    int
	fail     func() error
}

func (a *accounts) Save(_ context.Context, s *Saved) error {
	if a.fail != nil {
		if err := a.fail(); err != nil {
			return err
		}
	}
	a.saves++
	a.retries = s.Retries
	if s.Position != "" {
		a.position = s.Position
	}
	for _, d := range s.Dead {
		a.dead[d.ID] = d
	}
	for _, id := range s.Alive {
		delete(a.dead, id)
	}
	a.log = append(a.log, s.Log...)
	return nil
}

func (a *accounts) DeadLetters(context.Context) ([]*DeadLetter, error) {
	out := slices.Collect(maps.Values(a.dead))
	slices.SortFunc(out, func(x, y *DeadLetter) int { return int(x.Seq) - int(y.Seq) })
	return out, nil
}

// place is a target: it notes what arrives, and fails as it is told.
type place struct {
	came     []string // ids in the order in which they took effect
	refuse   map[string]bool
	rng      *rand.Rand
	failures int // one of so many calls fails; 0 none
	lost     int // one of so many calls takes effect and fails
	down     error
	position string
	prepared int
}

func (p *place) Prepare(context.Context, []*replication.Destination) error { p.prepared++; return nil }
func (p *place) Close() error                                              { return nil }
func (p *place) Check(context.Context, []*replication.Destination) []replication.Check {
	return nil
}

func (p *place) chance(n int) bool { return n > 0 && p.rng.IntN(n) == 0 }

func (p *place) deliver(b *replication.Batch, whole bool) error {
	if p.down != nil {
		return p.down
	}
	if p.chance(p.failures) {
		return errors.New("connection reset")
	}
	bad := &replication.Rejected{Records: map[int]error{}}
	var came []string
	for i, r := range b.Records {
		if p.refuse[r.ID] {
			bad.Records[i] = errors.New("it is not wanted")
			continue
		}
		came = append(came, r.ID)
	}
	if len(bad.Records) > 0 && whole {
		return bad
	}
	p.came = append(p.came, came...)
	if whole {
		p.position = b.To
	}
	if p.chance(p.lost) {
		return errors.New("the answer was lost")
	}
	if len(bad.Records) > 0 {
		return bad
	}
	return nil
}

func (p *place) Apply(_ context.Context, b *replication.Batch) error { return p.deliver(b, false) }

// ledger is a place that keeps its position.
type ledger struct{ *place }

func (p ledger) Apply(_ context.Context, b *replication.Batch) error {
	if p.position == b.To && b.From != b.To { // the answer to the last COMMIT was lost
		return nil
	}
	if p.position != b.From {
		return replication.ErrFenced
	}
	return p.deliver(b, true)
}

func (p ledger) Position(context.Context) (string, error) { return p.position, nil }

func (p ledger) SetPosition(_ context.Context, from, to string) error {
	if p.position != from && p.position != to {
		return replication.ErrFenced
	}
	p.position = to
	return nil
}
