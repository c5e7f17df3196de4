package commitlog

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/storage/object"
)

var (
	simSeed  = flag.Uint64("seed", 0, "run this seed of the simulation alone")
	simSeeds = flag.Uint64("seeds", 150, "how many seeds of the simulation to run")
)

// A simulation has several processes on one store, each with its own Log, that increment counters. One goroutine decides,
// by a seed, which of the store calls under way goes on next, what becomes of it, and when a process is killed. The time
// is synctest's, and a step is taken only when nothing else can run, so a seed replays.
type sim struct {
	t     *testing.T
	r     *rand.Rand
	store *fakeStore
	calls []*simCall
	procs []*simProc
	steps int
	quiet bool // no more faults: everything comes to its end
	trace strings.Builder

	zombies []func() error // writes whose callers have gone, that may still land
	acked   map[string]int // names of acknowledged transactions
	unknown map[string]bool
	failed  map[string]bool // certainly not committed
	broken  []string        // errors that have no place here
}

// probeMark is in the context of what a refresh asks for: a flight may ask for the same at the same time.
type probeMark struct{}

// simCall is one store call, or the start of an increment, that waits for the scheduler.
type simCall struct {
	proc    int
	op, key string
	probe   bool
	apply   func() error
	reply   chan error
}

// simProc is one process; killed ones are replaced.
type simProc struct {
	s    *sim
	id   int
	log  *Log
	m    *model
	dead chan struct{}
	live int // workers that run
}

// simStore is the store as one process sees it.
type simStore struct {
	*fakeStore
	p *simProc
}

func (st simStore) Get(ctx context.Context, key string) (o object.Object, err error) {
	err = st.p.call(ctx, "GET", key, func() (err error) { o, err = st.fakeStore.Get(context.Background(), key); return err })
	var torn tornError
	if errors.As(err, &torn) {
		o.Data, err = o.Data[:len(o.Data)*int(torn)/100], nil
	}
	return o, err
}

func (st simStore) PutIfAbsent(ctx context.Context, key string, data []byte) (string, error) {
	data = slices.Clone(data)
	return "", st.p.call(ctx, "PUT", key, func() error {
		_, err := st.fakeStore.PutIfAbsent(context.Background(), key, data)
		return err
	})
}

// call hands the call to the scheduler and waits for its reply. A dead process gets no replies.
func (p *simProc) call(ctx context.Context, op, key string, apply func() error) error {
	s := p.s
	select {
	case <-p.dead:
		return object.ErrDenied
	default:
	}
	c := &simCall{proc: p.id, op: op, key: key, probe: ctx.Value(probeMark{}) != nil, apply: apply, reply: make(chan error, 1)}
	s.store.mu.Lock()
	s.calls = append(s.calls, c)
	s.store.mu.Unlock()
	select {
	case err := <-c.reply:
		return err
	case <-p.dead:
		return object.ErrDenied
	}
}

func (s *sim) spawn(id int) *simProc {
	p := &simProc{s: s, id: id, dead: make(chan struct{}), m: newModel()}
	recs, err := ReadTail(context.Background(), s.store, testDB, 0)
	if err != nil {
		s.t.Fatalf("process %d cannot read the log: %v", id, err)
	}
	cfg := Config{DB: testDB, Rand: newSeededRand(s.r.Uint64(), uint64(id))}
	for _, r := range recs {
		if err := p.m.Apply(r, false); err != nil {
			s.t.Fatal(err)
		}
		cfg.HeadMicros = r.Micros
	}
	p.log = Open(simStore{s.store, p}, cfg, p.m.head, p.m)
	p.live = 2
	for w := range p.live {
		go p.work(w)
	}
	return p
}

// work increments counters, one transaction each, until the process dies or has done enough.
func (p *simProc) work(worker int) {
	s := p.s
	defer func() {
		s.store.mu.Lock()
		p.live--
		s.store.mu.Unlock()
	}()
	for i := 0; i < 6; i++ {
		select {
		case <-p.dead:
			return
		default:
		}
		self := fmt.Sprint("w", worker) // one worker at a time gets on, or the order of the queue would not replay
		if p.call(context.Background(), "RUN", self, func() error { return nil }) != nil {
			return
		}
		if i%2 == worker {
			_, err := p.log.Refresh(context.WithValue(context.Background(), probeMark{}, true))
			if err != nil && !errors.Is(err, object.ErrUnavailable) && !errors.Is(err, base.ErrCorrupt) && !errors.Is(err, object.ErrDenied) {
				s.store.mu.Lock()
				s.broken = append(s.broken, err.Error())
				s.store.mu.Unlock()
			}
			if p.call(context.Background(), "RUN", self, func() error { return nil }) != nil {
				return
			}
		}
		key := "counter" + strconv.Itoa((i+worker)%2)
		row, head := p.m.row(1, key)
		n, _ := strconv.Atoi(row)
		name := fmt.Sprintf("p%d.w%d.%d", p.id, worker, i)
		txn := put(head, key, name)
		txn.Tables[0].Ops[0].Row = strconv.Itoa(n + 1)
		got, err := p.log.Commit(context.Background(), txn)
		s.store.mu.Lock()
		select {
		case <-p.dead: // it died before it could tell anyone
			s.unknown[name] = true
		default:
			s.note(name, key, got, err)
		}
		s.store.mu.Unlock()
	}
}

func (s *sim) note(name, key string, got Committed, err error) {
	switch base.KindOf(err) {
	case base.KindCommitUnknown:
		s.unknown[name] = true
	default:
		s.failed[name] = true
		if err == nil {
			delete(s.failed, name)
			s.acked[name] = int(got.Seq)
		}
	}
}

// step lets one call go on.
func (s *sim) step() {
	slices.SortFunc(s.calls, func(a, b *simCall) int {
		return cmp.Or(a.proc-b.proc, strings.Compare(a.op+a.key, b.op+b.key), int(base.NewBool(a.probe).Int()-base.NewBool(b.probe).Int()))
	})
	i := s.r.IntN(len(s.calls))
	c := s.calls[i]
	s.calls = slices.Delete(s.calls, i, i+1)
	if len(s.zombies) > 0 && s.r.IntN(4) == 0 {
		z := s.r.IntN(len(s.zombies))
		fmt.Fprintf(&s.trace, "zombie lands: %v\n", s.zombies[z]())
		s.zombies = slices.Delete(s.zombies, z, z+1)
	}
	fault := s.r.IntN(24)
	if s.quiet || c.op == "PUT" && s.steps%3 > 0 {
		fault = 100
	}
	err := s.answer(c, fault)
	fmt.Fprintf(&s.trace, "%d: p%d %s %s fault %d: %v\n", s.steps, c.proc, c.op, c.key, fault, err)
	c.reply <- err
}

func (s *sim) answer(c *simCall, fault int) error {
	switch {
	case c.op == "RUN":
		return c.apply()
	case c.op != "PUT":
		switch fault {
		case 0:
			return object.ErrUnavailable
		case 1:
			return errors.Join(c.apply(), tornError(s.r.IntN(100)))
		}
		return c.apply()
	}
	switch fault {
	case 0, 1, 2:
		return errors.Join(object.ErrUnknown, c.apply())
	case 3, 4:
		return object.ErrUnknown
	case 5, 6, 7:
		s.zombies = append(s.zombies, c.apply)
		return object.ErrUnknown
	case 8, 9:
		return object.ErrConflict
	case 10, 11:
		return object.ErrUnavailable
	case 12:
		return object.ErrDenied
	case 13:
		_ = c.apply() // retried below us
	}
	return c.apply()
}

// kill ends a process between two of its store calls; its writes under way land, never land, or land later.
func (s *sim) kill(i int) {
	p := s.procs[i]
	fmt.Fprintf(&s.trace, "%d: p%d dies\n", s.steps, p.id)
	s.store.mu.Lock()
	close(p.dead)
	s.calls = slices.DeleteFunc(s.calls, func(c *simCall) bool {
		if c.proc == p.id && c.op == "PUT" {
			s.zombies = append(s.zombies, c.apply)
		}
		return c.proc == p.id
	})
	s.store.mu.Unlock()
	now, cancel := context.WithCancel(context.Background())
	cancel()
	_ = p.log.Close(now) // wakes what backs off; the dead make no more calls
	synctest.Wait()
	p.m.check(s.t)
}

func (s *sim) run() {
	next := 1
	for range 3 {
		s.procs = append(s.procs, s.spawn(next))
		next++
	}
	for ; ; s.steps++ {
		synctest.Wait()
		if len(s.calls) == 0 {
			if s.over() {
				return
			}
			time.Sleep(10 * time.Millisecond) // somebody backs off
			continue
		}
		s.quiet = s.steps > 400
		if s.steps > 100_000 {
			s.t.Fatal("the simulation does not come to an end")
		}
		if !s.quiet && s.r.IntN(40) == 0 {
			i := s.r.IntN(len(s.procs))
			s.kill(i)
			s.procs[i] = s.spawn(next)
			next++
			continue
		}
		s.step()
	}
}

func (s *sim) over() bool {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	for _, p := range s.procs {
		if p.live > 0 {
			return false
		}
	}
	return true
}

// check compares what the clients were told with what is in the log.
func (s *sim) check() {
	for _, p := range s.procs {
		if err := p.log.Close(context.Background()); err != nil {
			s.t.Error(err)
		}
	}
	for _, z := range s.zombies {
		_ = z()
	}
	for _, b := range s.broken {
		s.t.Error(b)
	}
	m := newModel()
	recs, err := ReadTail(context.Background(), s.store, testDB, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	seqs := map[string]int{}
	for _, r := range recs {
		_ = m.Apply(r, false)
		for _, txn := range r.Txns {
			if seqs[txn.Meta] != 0 {
				s.t.Errorf("%s is in the log twice", txn.Meta)
			}
			seqs[txn.Meta] = int(r.Seq)
		}
	}
	m.check(s.t)
	for name, seq := range s.acked {
		if seqs[name] != seq {
			s.t.Errorf("%s was acknowledged at %d, and is at %d", name, seq, seqs[name])
		}
	}
	for name := range s.failed {
		if seqs[name] != 0 {
			s.t.Errorf("%s was refused, and is in the log", name)
		}
	}
	sum := 0
	for _, key := range []string{"counter0", "counter1"} {
		row, _ := m.row(1, key)
		n, _ := strconv.Atoi(row)
		sum += n
	}
	if sum != len(seqs) {
		s.t.Errorf("the counters add up to %d after %d increments", sum, len(seqs))
	}
	for _, p := range s.procs {
		p.m.check(s.t)
		if got := p.m.list(); !slices.Equal(got, m.list()[:len(got)]) {
			s.t.Errorf("process %d applied another order", p.id)
		}
	}
}

func simulate(t *testing.T, seed uint64) *sim {
	s := &sim{t: t, r: rand.New(rand.NewPCG(seed, 0)), store: newFakeStore(), acked: map[string]int{},
		unknown: map[string]bool{}, failed: map[string]bool{}}
	synctest.Test(t, func(t *testing.T) {
		s.t = t
		s.run()
		s.check()
	})
	return s
}

func TestSimulation(t *testing.T) {
	t.Parallel()
	first, last := uint64(1), *simSeeds
	if *simSeed != 0 {
		first, last = *simSeed, *simSeed
	}
	var acked, unknown, failed int
	for seed := first; seed <= last; seed++ {
		s := simulate(t, seed)
		acked, unknown, failed = acked+len(s.acked), unknown+len(s.unknown), failed+len(s.failed)
		if t.Failed() {
			t.Fatalf("replay with -run TestSimulation -seed %d\n%s", seed, s.trace.String())
		}
	}
	t.Logf("%d acknowledged, %d unknown, %d refused", acked, unknown, failed)
}

// TestSimulationReplays: without that, a seed would be no use.
func TestSimulationReplays(t *testing.T) {
	t.Parallel()
	for seed := uint64(1); seed <= 10; seed++ {
		if a, b := simulate(t, seed).trace.String(), simulate(t, seed).trace.String(); a != b {
			t.Fatalf("two runs of seed %d differ:\n%s\n%s", seed, a, b)
		}
	}
}
