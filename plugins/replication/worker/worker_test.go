package worker

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/s3sql/s3sql/plugins/replication"
)

func options() Options {
	return Options{Batch: 7, MaxRetries: 3, RetryDelay: time.Second, Timeout: time.Minute, OnError: DeadLetters, Breaker: 5, Log: true}
}

// start makes a worker as a process would that finds what the last one has left.
func start(h *history, to replication.Target, a *accounts, o Options, broken map[string]bool) *Worker {
	from := a.position
	if p, ok := to.(replication.Positioner); ok {
		from, _ = p.Position(context.Background())
	}
	at, _ := strconv.Atoi(SourcePosition(from))
	return New(Config{Name: "r", Options: o, Source: &reader{h: h, at: at, broken: broken}, Target: to, Store: a, From: from, Retries: a.retries,
		Clock: &fastClock{now: time.Unix(1e9, 0)}, Rand: zeros{}, Logger: slog.New(slog.DiscardHandler), Foreground: true})
}

var errCrash = errors.New("the process was killed")

// TestWorkerUnderFaults loses answers, refuses records, fails and crashes at random: in the end each change has arrived, those of a row in their
// order, and none twice where the target keeps the position.
func TestWorkerUnderFaults(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 5))
		h, p := newHistory(rng, 60), &place{rng: rng, refuse: map[string]bool{}, failures: 4, lost: 6}
		a, broken := &accounts{dead: map[string]*DeadLetter{}}, map[string]bool{}
		for _, it := range h.items {
			switch rng.IntN(20) {
			case 0:
				p.refuse[it.ID] = true
			case 1:
				broken[it.ID] = true
			}
		}
		exactly := seed%2 == 0
		var to replication.Target = p
		if exactly {
			to = ledger{p}
		}
		o := options()
		o.MaxRetries = 100
		a.fail = func() error {
			if rng.IntN(5) == 0 {
				return errCrash
			}
			return nil
		}
		for range 200 { // until nothing is left: some runs end at a crash
			w := start(h, to, a, o, broken)
			w.Source.(*reader).reload = func() bool { return rng.IntN(3) == 0 }
			if err := w.Run(t.Context()); err == nil {
				break
			}
		}
		a.fail = nil
		if err := start(h, to, a, o, broken).Run(t.Context()); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for _, it := range h.items {
			if (p.refuse[it.ID] || broken[it.ID]) && a.dead[it.ID] == nil {
				t.Fatalf("seed %d: %s is no dead letter", seed, it.ID)
			}
			if a.dead[it.ID] == nil && !slices.Contains(p.came, it.ID) {
				t.Fatalf("seed %d: %s is lost", seed, it.ID)
			}
		}
		clear(p.refuse)
		clear(broken)
		o.Retries++
		if err := start(h, to, a, o, broken).Run(t.Context()); err != nil || len(a.dead) > 0 {
			t.Fatalf("seed %d: %v, %d dead letters are left", seed, err, len(a.dead))
		}
		arrived(t, seed, h, p.came, exactly)
	}
}

// arrived checks what has come: by row, the first arrivals in order, the newest last; exactly: each once.
func arrived(t *testing.T, seed uint64, h *history, came []string, exactly bool) {
	t.Helper()
	if exactly {
		for _, it := range h.items {
			if n := strings.Count(" "+strings.Join(came, " ")+" ", " "+it.ID+" "); n != 1 {
				t.Fatalf("seed %d: %s came %d times", seed, it.ID, n)
			}
		}
	}
	next := map[string][]string{}
	for _, it := range h.items {
		next[it.RecordID] = append(next[it.RecordID], it.ID)
	}
	seen, last := map[string]bool{}, map[string]string{}
	row := map[string]string{}
	for _, it := range h.items {
		row[it.ID] = it.RecordID
	}
	for _, id := range came {
		r := row[id]
		last[r] = id
		if seen[id] {
			continue
		}
		seen[id] = true
		if next[r][0] != id {
			t.Fatalf("seed %d: %s of row %s came before %s", seed, id, r, next[r][0])
		}
		next[r] = next[r][1:]
	}
	for r, left := range next {
		if len(left) > 0 {
			t.Fatalf("seed %d: of row %s, %v did not come", seed, r, left)
		}
	}
	want := map[string]string{}
	for _, it := range h.items {
		want[it.RecordID] = it.ID
	}
	if !maps.Equal(last, want) {
		t.Fatalf("seed %d: the last of each row are %v, want %v", seed, last, want)
	}
}

// TestWorkerFailures looks at each way of failing by itself.
func TestWorkerFailures(t *testing.T) {
	t.Parallel()
	run := func(o Options, p *place, a *accounts) (*Worker, error) {
		h := newHistory(rand.New(rand.NewPCG(1, 1)), 20)
		w := start(h, ledger{p}, a, o, nil)
		return w, w.Run(t.Context())
	}
	fresh := func() (*place, *accounts) {
		return &place{rng: rand.New(rand.NewPCG(2, 2)), refuse: map[string]bool{}}, &accounts{dead: map[string]*DeadLetter{}}
	}
	p, a := fresh()
	p.down = errors.New("no route to host")
	w, err := run(options(), p, a)
	if err == nil || w.Status().State != "failed" || w.Status().Connected || !strings.Contains(w.Status().LastError, "no route") || len(p.came) > 0 || len(a.dead) > 0 {
		t.Errorf("a target that is down: %v, %+v", err, w.Status())
	}
	p, a = fresh()
	p.refuse["r3"] = true
	o := options()
	o.OnError = Skip
	if _, err = run(o, p, a); err != nil || len(p.came) != 19 || len(a.dead) > 0 {
		t.Errorf("skip: %v, %d came, %d dead letters", err, len(p.came), len(a.dead))
	}
	if skipped := slices.IndexFunc(a.log, func(r LogRow) bool { return r.Status == "skipped" && r.Item.ID == "r3" }); skipped < 0 {
		t.Error("what was skipped is not in the log")
	}
	p, a = fresh()
	p.refuse["r9"] = true
	o.OnError = StopThere
	if _, err = run(o, p, a); !errors.Is(err, ErrStopped) || !strings.Contains(err.Error(), "it is not wanted") || slices.Contains(p.came, "r9") {
		t.Errorf("stop: %v", err)
	}
	p.refuse = nil
	if _, err = run(o, p, a); err != nil || len(p.came) != 20 {
		t.Errorf("after it was mended: %v, %d came", err, len(p.came))
	}
	p, a = fresh()
	h := newHistory(rand.New(rand.NewPCG(1, 1)), 20)
	first, second := start(h, ledger{p}, a, options(), nil), start(h, ledger{p}, a, options(), nil)
	if err := first.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := second.Run(t.Context()); !errors.Is(err, replication.ErrFenced) || len(p.came) != 20 {
		t.Errorf("a second process: %v, %d came", err, len(p.came))
	}
}

// TestBreaker leaves a target alone that has failed often, and as long as it asks.
func TestBreaker(t *testing.T) {
	t.Parallel()
	h, p, a := newHistory(rand.New(rand.NewPCG(1, 1)), 5), &place{rng: rand.New(rand.NewPCG(2, 2))}, &accounts{dead: map[string]*DeadLetter{}}
	o := options()
	o.MaxRetries, o.Breaker = 8, 3
	w := start(h, ledger{p}, a, o, nil)
	clock := &watched{fastClock: fastClock{now: time.Unix(1e9, 0)}}
	w.Clock = clock
	p.down = replication.RetryAfter(errors.New("quota"), 90*time.Second)
	if err := w.Run(t.Context()); err == nil {
		t.Fatal("it was delivered")
	}
	if len(clock.slept) != 8 || slices.Min(clock.slept) < 90*time.Second {
		t.Errorf("it slept %v", clock.slept)
	}
	clock.slept, p.down = nil, errors.New("down")
	w = start(h, ledger{p}, a, o, nil)
	w.Clock = clock
	if err := w.Run(t.Context()); err == nil {
		t.Fatal("it was delivered")
	}
	if got := clock.slept; len(got) != 8 || got[0] >= 2*time.Second || got[1] < got[0] || slices.Min(got[2:]) < coolDown {
		t.Errorf("it slept %v", got)
	}
}

// watched is a clock that knows how long it was slept.
type watched struct {
	fastClock
	slept []time.Duration
}

func (c *watched) Sleep(d time.Duration, done <-chan struct{}) bool {
	c.slept = append(c.slept, d)
	return c.fastClock.Sleep(d, done)
}
