package object

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
)

// Check is one thing that certification has tried.
type Check struct {
	Name   string
	OK     bool
	Detail string // what went wrong
}

// Verdict is what certification has found.
type Verdict struct{ Checks []Check }

// OK reports whether every check was made, and passed.
func (v Verdict) OK() bool { return len(v.Checks) == len(probes) && v.failed() == "" }

func (v Verdict) failed() string {
	var failed []string
	for _, c := range v.Checks {
		if !c.OK {
			failed = append(failed, c.Name+": "+c.Detail)
		}
	}
	return strings.Join(failed, "; ")
}

// String is the verdict in one line: what an identity object keeps.
func (v Verdict) String() string {
	switch failed := v.failed(); {
	case failed != "":
		return "unsafe: " + failed
	case v.OK():
		return fmt.Sprintf("safe: %d checks passed", len(v.Checks))
	}
	return fmt.Sprintf("incomplete: %d of %d checks made", len(v.Checks), len(probes))
}

// The checks, in order. A commit stands on the first five: a store that only seems to do them loses commits.
var probes = []struct {
	name string
	run  func(p *probe, ctx context.Context) error
}{
	{"create-refused-on-taken-key", (*probe).createTaken},
	{"create-race-has-one-winner", (*probe).createRace},
	{"replace-by-tag", (*probe).replaceByTag},
	{"replace-race-has-one-winner", (*probe).replaceRace},
	{"read-after-write", (*probe).readAfterWrite},
	{"list-after-write", (*probe).listAfterWrite},
	{"ranged-read", (*probe).rangedRead},
}

const (
	raceWriters = 8
	raceRounds  = 3
)

// Certify tries whether the store keeps the promises that commits stand on, with objects of its own under
// certify/<random>, which it removes again.
//
// The verdict is complete unless the store could not be asked.
// Cost: 67 PUT, 28 GET, 2 LIST and 1 DeleteObjects; more PUT where the store answers 409.
//
// Errors: CodeStoreUnsafe, naming the checks that failed; those of the store when it could not be asked: ErrUnavailable,
// ErrUnknown, ErrDenied, ErrNoBucket, ctx.Err().
func Certify(ctx context.Context, store Store, rand base.Rand) (v Verdict, err error) {
	var id [8]byte
	rand.Read(id[:])
	p := &probe{store: store, prefix: "certify/" + hex.EncodeToString(id[:]) + "/"}
	defer func() {
		if cleanErr := store.Delete(context.WithoutCancel(ctx), p.keys...); cleanErr != nil && err == nil {
			err = cleanErr
		}
	}()
	for _, c := range probes {
		err := c.run(p, ctx)
		if unasked(err) {
			return v, err
		}
		check := Check{Name: c.name, OK: err == nil}
		if err != nil {
			check.Detail = err.Error()
		}
		v.Checks = append(v.Checks, check)
	}
	if !v.OK() {
		return v, base.Errorf(errno.StoreUnsafe, "the object store is not safe to commit to (%s)", v.failed())
	}
	return v, nil
}

// unasked reports whether err says nothing about what the store would do.
func unasked(err error) bool {
	for _, sentinel := range []error{ErrUnavailable, ErrUnknown, ErrDenied, ErrNoBucket, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, sentinel) {
			return true
		}
	}
	return false
}

type probe struct {
	store  Store
	prefix string
	keys   []string // made so far
}

// key returns a key that is not in use.
func (p *probe) key() string {
	key := fmt.Sprintf("%s%03d", p.prefix, len(p.keys))
	p.keys = append(p.keys, key)
	return key
}

// refused returns nil if err is the refusal that must come.
func refused(what string, err, sentinel error) error {
	switch {
	case errors.Is(err, sentinel):
		return nil
	case err == nil:
		return fmt.Errorf("%s was not refused", what)
	}
	return fmt.Errorf("%s: %w", what, err)
}

func (p *probe) holds(ctx context.Context, key, want string) error {
	o, err := p.store.Get(ctx, key)
	if err != nil {
		return fmt.Errorf("reading back: %w", err)
	}
	if string(o.Data) != want {
		return fmt.Errorf("reading back gave %.30q instead of %.30q", o.Data, want)
	}
	return nil
}

func (p *probe) createTaken(ctx context.Context) error {
	key := p.key()
	if _, err := p.store.PutIfAbsent(ctx, key, []byte("first")); err != nil {
		return fmt.Errorf("creating: %w", err)
	}
	_, err := p.store.PutIfAbsent(ctx, key, []byte("second"))
	if err := refused("creating over an object", err, ErrExists); err != nil {
		return err
	}
	return p.holds(ctx, key, "first")
}

// race has several writers do write at once, each until it is told yes or no, and returns the numbers of those told yes.
func race(write func(i int) error, no error) (winners []int, err error) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range raceWriters {
		wg.Go(func() {
			<-start
			e := write(i)
			for tries := 0; errors.Is(e, ErrConflict) && tries < 20; tries++ {
				e = write(i)
			}
			mu.Lock()
			defer mu.Unlock()
			switch {
			case e == nil:
				winners = append(winners, i)
			case !errors.Is(e, no) && err == nil:
				err = e
			}
		})
	}
	close(start)
	wg.Wait()
	if err == nil && len(winners) != 1 {
		err = fmt.Errorf("%d of %d concurrent writers were told that they had won", len(winners), raceWriters)
	}
	return winners, err
}

func (p *probe) createRace(ctx context.Context) error {
	for range raceRounds {
		key := p.key()
		won, err := race(func(i int) error {
			_, err := p.store.PutIfAbsent(ctx, key, writer(i))
			return err
		}, ErrExists)
		if err != nil {
			return err
		}
		if err := p.holds(ctx, key, string(writer(won[0]))); err != nil {
			return err
		}
	}
	return nil
}

func writer(i int) []byte { return fmt.Appendf(nil, "writer %d", i) }

func (p *probe) replaceByTag(ctx context.Context) error {
	key := p.key()
	stale, err := p.store.Put(ctx, key, []byte("1"))
	if err != nil {
		return fmt.Errorf("writing: %w", err)
	}
	current, err := p.store.PutIfMatch(ctx, key, stale, []byte("2"))
	if err != nil {
		return fmt.Errorf("replacing by the current tag: %w", err)
	}
	_, err = p.store.PutIfMatch(ctx, key, stale, []byte("3"))
	if err := refused("replacing by a stale tag", err, ErrChanged); err != nil {
		return err
	}
	missing := p.key()
	_, err = p.store.PutIfMatch(ctx, missing, current, []byte("4"))
	if err := refused("replacing what does not exist", err, ErrChanged); err != nil {
		return err
	}
	if _, err = p.store.Get(ctx, missing); !errors.Is(err, ErrNotFound) {
		return errors.Join(errors.New("replacing what does not exist has created it"), err)
	}
	return p.holds(ctx, key, "2")
}

func (p *probe) replaceRace(ctx context.Context) error {
	key := p.key()
	tag, err := p.store.Put(ctx, key, []byte("start"))
	if err != nil {
		return fmt.Errorf("writing: %w", err)
	}
	for range raceRounds {
		won, err := race(func(i int) error {
			_, err := p.store.PutIfMatch(ctx, key, tag, append(writer(i), tag...))
			return err
		}, ErrChanged)
		if err != nil {
			return err
		}
		if err := p.holds(ctx, key, string(writer(won[0]))+tag); err != nil {
			return err
		}
		o, err := p.store.Get(ctx, key)
		if err != nil {
			return fmt.Errorf("reading back: %w", err)
		}
		tag = o.ETag
	}
	return nil
}

func (p *probe) readAfterWrite(ctx context.Context) error {
	key := p.key()
	if _, err := p.store.Get(ctx, key); !errors.Is(err, ErrNotFound) {
		return refused("reading what does not exist", err, ErrNotFound)
	}
	for i := range 10 { // a store that remembers the miss, or an old version, is found out here
		if _, err := p.store.Put(ctx, key, writer(i)); err != nil {
			return fmt.Errorf("writing: %w", err)
		}
		if err := p.holds(ctx, key, string(writer(i))); err != nil {
			return err
		}
	}
	return nil
}

func (p *probe) listAfterWrite(ctx context.Context) error {
	last := p.key()
	if _, err := p.store.PutIfAbsent(ctx, last, nil); err != nil {
		return fmt.Errorf("creating: %w", err)
	}
	previous, found := "", false
	for info, err := range p.store.List(ctx, p.prefix, "") {
		if err != nil {
			return fmt.Errorf("listing: %w", err)
		}
		if info.Key <= previous {
			return fmt.Errorf("listing gave %s after %s", info.Key, previous)
		}
		previous, found = info.Key, found || info.Key == last
	}
	if !found {
		return errors.New("an object just created is not in the listing")
	}
	for info, err := range p.store.List(ctx, p.prefix, last) {
		if err != nil {
			return fmt.Errorf("listing: %w", err)
		}
		return fmt.Errorf("listing after %s gave %s", last, info.Key)
	}
	return nil
}

func (p *probe) rangedRead(ctx context.Context) error {
	key, data := p.key(), []byte("0123456789")
	if _, err := p.store.Put(ctx, key, data); err != nil {
		return fmt.Errorf("writing: %w", err)
	}
	for _, r := range []struct{ offset, length int64 }{{0, 4}, {3, 4}, {8, 100}, {-3, 0}} {
		want, _ := Slice(data, r.offset, r.length)
		o, err := p.store.GetRange(ctx, key, r.offset, r.length)
		if err != nil {
			return fmt.Errorf("reading %d bytes from %d: %w", r.length, r.offset, err)
		}
		if !bytes.Equal(o.Data, want) || o.Size != int64(len(data)) {
			return fmt.Errorf("reading %d bytes from %d gave %.20q of %d bytes", r.length, r.offset, o.Data, o.Size)
		}
	}
	_, err := p.store.GetRange(ctx, key, int64(len(data)), 1)
	return refused("reading past the end", err, ErrRange)
}
