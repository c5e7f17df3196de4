package commitlog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/storage/object"
)

// script plays one behaviour a PUT: see play. After the last one PUTs work.
type script struct {
	t       *testing.T
	store   *fakeStore
	rival   *Log // writes the records that come in between
	steps   []string
	zombies []func() error
}

func newScript(t *testing.T, steps string) *script {
	s := &script{t: t, store: newFakeStore(), steps: strings.Fields(steps)}
	s.rival, _ = testLog(t, s.store, 99)
	return s
}

func (s *script) start() { s.store.setHook(s.play) }

func (s *script) play(_ context.Context, op, key string, apply func() error) error {
	if op != "PUT" && (len(s.steps) == 0 || !strings.HasPrefix(s.steps[0], "get-")) || len(s.steps) == 0 {
		return apply()
	}
	step := s.steps[0]
	if op == "PUT" && strings.HasPrefix(step, "get-") {
		return apply()
	}
	s.steps = s.steps[1:]
	switch step {
	case "ok":
		return apply()
	case "lost": // it is written, the reply is not seen
		return errors.Join(object.ErrUnknown, apply())
	case "deadline":
		return errors.Join(context.DeadlineExceeded, apply())
	case "sdk": // lost, and retried below us
		_ = apply()
		return apply()
	case "drop": // not written, the caller does not know
		return object.ErrUnknown
	case "zombie": // written later
		s.zombies = append(s.zombies, apply)
		return object.ErrUnknown
	case "409":
		return object.ErrConflict
	case "503", "get-503":
		return object.ErrUnavailable
	case "refused":
		return object.ErrRefused
	case "denied":
		return object.ErrDenied
	case "get-torn":
		return errors.Join(apply(), tornError(60))
	case "rival", "rival-same", "drop+rival", "zombie+rival": // another process takes the slot first
		s.takeSlot(step)
		if strings.HasPrefix(step, "zombie") {
			s.zombies = append(s.zombies, apply)
			return object.ErrUnknown
		}
		if strings.HasPrefix(step, "drop") {
			return object.ErrUnknown
		}
		return apply()
	}
	s.t.Errorf("unknown step %q", step)
	return nil
}

// takeSlot has the rival commit past the script.
func (s *script) takeSlot(step string) {
	key := "other"
	if step == "rival-same" {
		key = "k"
	}
	s.store.setHook(nil)
	if _, err := s.rival.Refresh(context.Background()); err != nil {
		s.t.Error(err)
	}
	if _, err := s.rival.Commit(context.Background(), put(s.rival.Head(), key, "rival")); err != nil {
		s.t.Error(err)
	}
	s.store.setHook(s.play)
}

func (s *script) landZombies() {
	for _, z := range s.zombies {
		_ = z()
	}
}

func rep(step string, n int) string { return strings.Repeat(step+" ", n) }

func TestSettle(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, steps string
		want        error    // kind, or nil
		log         []string // at the end, after zombies have landed
		puts, gets  int      // of the log under test
	}{
		{"won", "ok", nil, []string{"mine"}, 1, 0},
		{"lost reply", "lost", nil, []string{"mine"}, 2, 1},
		{"deadline after it was written", "deadline", nil, []string{"mine"}, 2, 1},
		{"412 with our own write id", "sdk", nil, []string{"mine"}, 1, 1},
		{"412 with another's", "rival", nil, []string{"rival", "mine"}, 2, 1},
		{"412 with another's that conflicts", "rival-same", base.ErrConflict, []string{"rival"}, 1, 1},
		{"lost twice", "rival rival", nil, []string{"rival", "rival", "mine"}, 3, 5},
		{"lost four times reads on", "rival rival rival rival", nil, []string{"rival", "rival", "rival", "rival", "mine"}, 5, 13},
		{"409, then free", "409 409", nil, []string{"mine"}, 3, 0},
		{"409, then another's", "409 rival", nil, []string{"rival", "mine"}, 3, 1},
		{"409 for ever", rep("409", 8), base.ErrUnavailable, nil, 8, 0},
		{"unknown and not written", "drop", nil, []string{"mine"}, 2, 0},
		{"unknown, then another's", "drop rival", nil, []string{"rival", "mine"}, 3, 1},
		{"unknown while another's lands", "drop+rival", nil, []string{"rival", "mine"}, 3, 1},
		{"zombie never lands in a slot that was taken", "zombie+rival", nil, []string{"rival", "mine"}, 3, 1},
		{"zombie after the retry won", "zombie ok", nil, []string{"mine"}, 2, 0},
		{"unknown for ever, not written", rep("drop", 8), base.ErrCommitUnknown, nil, 8, 1},
		{"unknown for ever, lands later", "zombie " + rep("drop", 7), base.ErrCommitUnknown, []string{"mine"}, 8, 1},
		{"written, then the store goes away", "lost " + rep("503", 7), nil, []string{"mine"}, 8, 1},
		{"unknown, then refused", "drop denied", base.ErrCommitUnknown, nil, 2, 1},
		{"written, then refused", "lost denied", nil, []string{"mine"}, 2, 1},
		{"store is away", rep("503", 8), base.ErrUnavailable, nil, 8, 0},
		{"store is away for a while", "503 503", nil, []string{"mine"}, 3, 0},
		{"denied", "denied", base.ErrUnavailable, nil, 1, 0},
		{"refused", "refused", base.ErrUnavailable, nil, 1, 0},
		{"412, read back fails at first", "sdk get-503", nil, []string{"mine"}, 1, 2},
		{"412, read back torn at first", "sdk get-torn", nil, []string{"mine"}, 1, 2},
		{"412, read back never works", "sdk " + rep("get-503", 27), base.ErrCommitUnknown, []string{"mine"}, 8, 27},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newScript(t, c.steps)
			counted := &countingStore{Store: s.store}
			l, m := testLog(t, counted, 1)
			s.start()
			got, err := l.Commit(context.Background(), put(0, "k", "mine"))
			if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
				t.Fatalf("Commit: %v, want %v", err, c.want)
			}
			for _, kind := range []error{base.ErrConflict, base.ErrUnavailable, base.ErrInvalid} {
				if errors.Is(err, kind) && kind != c.want {
					t.Errorf("the error is also %q, which calls for something else: %v", kind, err)
				}
			}
			if n := m.list(); err == nil && (m.own != 1 || got.Seq != uint64(len(n)) || n[len(n)-1] != "mine") {
				t.Errorf("acknowledged at %d, applied %q, %d of them as own", got.Seq, n, m.own)
			}
			if p, g := int(counted.puts.Load()), int(counted.gets.Load()); p != c.puts || g != c.gets {
				t.Errorf("took %d PUT and %d GET, want %d and %d", p, g, c.puts, c.gets)
			}
			if len(s.steps) > 0 {
				t.Errorf("steps left: %q", s.steps)
			}
			s.store.setHook(nil)
			s.landZombies()
			if got := logged(t, s.store); !slices.Equal(got, c.log) {
				t.Errorf("the log holds %q, want %q", got, c.log)
			}
		})
	}
}

// countingStore counts the calls of one of several logs on a store.
type countingStore struct {
	object.Store
	puts, gets atomic.Int32
}

func (c *countingStore) PutIfAbsent(ctx context.Context, key string, data []byte) (string, error) {
	c.puts.Add(1)
	return c.Store.PutIfAbsent(ctx, key, data)
}

func (c *countingStore) Get(ctx context.Context, key string) (object.Object, error) {
	c.gets.Add(1)
	return c.Store.Get(ctx, key)
}

// TestZombieAfterCommitUnknown: what was given up as unknown lands, and the next commit meets it as any other record.
func TestZombieAfterCommitUnknown(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"k", "other"} {
		s := newScript(t, "zombie "+rep("drop", 7))
		l, m := testLog(t, s.store, 1)
		s.start()
		if _, err := l.Commit(context.Background(), put(0, "k", "first")); !errors.Is(err, base.ErrCommitUnknown) {
			t.Fatalf("Commit: %v, want CommitUnknown", err)
		}
		s.landZombies()
		_, err := l.Commit(context.Background(), put(0, key, "second"))
		want := []string{"first", "second"}
		if key == "k" {
			want = want[:1]
			if !errors.Is(err, base.ErrConflict) {
				t.Errorf("second commit of the row: %v, want a conflict", err)
			}
		} else if err != nil {
			t.Errorf("second commit: %v", err)
		}
		if got := logged(t, s.store); !slices.Equal(got, want) || !slices.Equal(m.list(), want) {
			t.Errorf("the log holds %q, applied %q, want %q", got, m.list(), want)
		}
	}
}

// TestRefreshMeetsOwnRecordInFlight: the PUT has landed, its reply has not come; a refresh reads the record first, and
// then one of another process behind it.
func TestRefreshMeetsOwnRecordInFlight(t *testing.T) {
	t.Parallel()
	for _, reply := range []error{nil, object.ErrUnknown, object.ErrExists} {
		s := newScript(t, "")
		l, m := testLog(t, s.store, 1)
		landed, release := make(chan struct{}), make(chan struct{})
		s.store.setHook(func(_ context.Context, op, _ string, apply func() error) error {
			if op == "PUT" {
				s.store.setHook(nil)
				err := apply()
				close(landed)
				<-release
				return errors.Join(err, reply)
			}
			return apply()
		})
		done := make(chan error)
		go func() {
			_, err := l.Commit(context.Background(), put(0, "k", "mine"))
			done <- err
		}()
		<-landed
		if _, err := s.rival.Refresh(context.Background()); err != nil {
			t.Fatal(err)
		}
		if _, err := s.rival.Commit(context.Background(), put(1, "k", "rival")); err != nil {
			t.Fatal(err)
		}
		if head, err := l.Refresh(context.Background()); err != nil || head != 2 {
			t.Fatalf("Refresh: %d, %v", head, err)
		}
		close(release)
		if err := <-done; err != nil {
			t.Errorf("reply %v: Commit: %v", reply, err)
		}
		if got := logged(t, s.store); !slices.Equal(got, []string{"mine", "rival"}) || !slices.Equal(m.list(), got) || m.own != 1 {
			t.Errorf("the log holds %q, applied %q, own %d", got, m.list(), m.own)
		}
	}
}

func TestTimeNeverGoesBack(t *testing.T) {
	t.Parallel()
	store, clock := newFakeStore(), newFakeClock()
	m := newModel()
	l := Open(store, Config{DB: testDB, Clock: clock, HeadMicros: clock.Now().Add(time.Hour).UnixMicro()}, 0, m)
	a, err := l.Commit(context.Background(), put(0, "a", "a"))
	if err != nil || !a.Time.Equal(clock.Now().Add(time.Hour)) {
		t.Errorf("committed at %v, %v; want the time of the record before", a.Time, err)
	}
	clock.Sleep(2*time.Hour, nil)
	if b, err := l.Commit(context.Background(), put(0, "b", "b")); err != nil || !b.Time.Equal(clock.Now().UTC()) {
		t.Errorf("committed at %v, %v; want now", b.Time, err)
	}
	m.check(t)
}

func TestBrokenApplier(t *testing.T) {
	t.Parallel()
	store := newFakeStore()
	m := newModel()
	m.applied = fmt.Errorf("boom")
	l := Open(store, Config{DB: testDB, Clock: newFakeClock()}, 0, m)
	if _, err := l.Commit(context.Background(), put(0, "a", "a")); err != nil {
		t.Errorf("the commit is durable, yet: %v", err)
	}
	if _, err := l.Commit(context.Background(), put(0, "b", "b")); !errors.Is(err, m.applied) {
		t.Errorf("commit on a broken state: %v", err)
	}
	if _, err := l.Refresh(context.Background()); !errors.Is(err, m.applied) {
		t.Errorf("refresh on a broken state: %v", err)
	}
	if got := logged(t, store); !slices.Equal(got, []string{"a"}) {
		t.Errorf("the log holds %q", got)
	}
}
