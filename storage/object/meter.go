package object

import (
	"context"
	"fmt"
	"iter"
	"sync/atomic"
)

// Command is an S3 command: the unit that requests are counted, priced and limited by. dir and mem count as if they
// were S3, so that the cost of a statement can be asserted on any store.
type Command uint8

// The commands.
const (
	GetObject Command = iota
	PutObject
	HeadObject
	DeleteObject
	DeleteObjects
	ListObjectsV2
	CreateMultipartUpload
	UploadPart
	CompleteMultipartUpload
	AbortMultipartUpload
	commands
)

var commandNames = [...]string{"GetObject", "PutObject", "HeadObject", "DeleteObject", "DeleteObjects", "ListObjectsV2",
	"CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload", "AbortMultipartUpload"}

// String returns the name that the S3 API reference uses.
func (c Command) String() string {
	if int(c) < len(commandNames) {
		return commandNames[c]
	}
	return fmt.Sprintf("Command(%d)", uint8(c))
}

// Request is one request as it reached, or tried to reach, the store: each try of a retried call, each page of a
// listing and each batch of a delete is a Request of its own.
type Request struct {
	Command  Command
	Sent     int64 // bytes of the object body sent; headers are not counted
	Received int64 // bytes of the object body received
	Err      error // what the store's method returns for it; nil is success
}

// Observer is told about requests. Observe must be quick, must not block and may be called concurrently; ctx is that of
// the call.
type Observer interface {
	Observe(ctx context.Context, r Request)
}

// account is the one context value of this package: who pays for the requests made under the context.
type account struct {
	tag       Tag
	observers []Observer // never appended to in place
	guard     Guard      // nil: every request is allowed
}

type accountKey struct{}

func accountOf(ctx context.Context) account {
	a, _ := ctx.Value(accountKey{}).(*account)
	if a == nil {
		return account{}
	}
	return *a
}

// Guard says whether a request may be sent.
type Guard interface {
	// Allow returns the error that the call is to fail with in the place of a request; nil: it may be sent. It must be quick, and may be
	// called concurrently.
	Allow(c Command) error
}

// WithAccount is WithMeter at once with a tag, whose Statement and Table take the place of those of ctx.
func WithAccount(ctx context.Context, tag Tag, m *Meter) context.Context {
	a := accountOf(ctx)
	a.observers = append(a.observers[:len(a.observers):len(a.observers)], m)
	a.tag.Statement, a.tag.Table = tag.Statement, tag.Table
	return context.WithValue(ctx, accountKey{}, &a)
}

// WithGuard returns a context under which those requests for the data of tables are not sent that g refuses. Requests for the commit
// log and for checkpoints are not asked about: what has been begun there has to be brought to its end.
func WithGuard(ctx context.Context, g Guard) context.Context {
	a := accountOf(ctx)
	a.guard = g
	return context.WithValue(ctx, accountKey{}, &a)
}

// WithMeter returns a context under which every request is counted in m as well as in the meters that ctx has.
func WithMeter(ctx context.Context, m *Meter) context.Context { return WithObserver(ctx, m) }

// WithObserver returns a context under which o is told about every request, as are the observers that ctx has. An
// observer that ctx has already is not added twice.
func WithObserver(ctx context.Context, o Observer) context.Context {
	a := accountOf(ctx)
	for _, have := range a.observers {
		if have == o {
			return ctx
		}
	}
	a.observers = append(a.observers[:len(a.observers):len(a.observers)], o)
	return context.WithValue(ctx, accountKey{}, &a)
}

// Inherit returns ctx with the tag and the meters of from, but not its guard: for work that lives on its own context but is paid by
// the caller who caused it.
func Inherit(ctx, from context.Context) context.Context {
	a := accountOf(from)
	if a.observers == nil && a.tag == (Tag{}) {
		return ctx
	}
	a.guard = nil
	return context.WithValue(ctx, accountKey{}, &a)
}

// Report counts one request with every observer of ctx. Implementations of Store call it, and fault injection for the
// requests that it answers itself; nobody else.
func Report(ctx context.Context, r Request) {
	a, _ := ctx.Value(accountKey{}).(*account)
	if a == nil {
		return
	}
	for _, o := range a.observers {
		o.Observe(ctx, r)
	}
}

// Meter counts requests with atomic counters. The zero value is ready; a Meter must not be copied.
type Meter struct {
	commands [commands]counters
	errors   [classes]atomic.Int64
}

type counters struct{ requests, errors, sent, received atomic.Int64 }

var _ Observer = (*Meter)(nil)

// Observe counts r.
func (m *Meter) Observe(_ context.Context, r Request) {
	if r.Command >= commands {
		return
	}
	c := &m.commands[r.Command]
	c.requests.Add(1)
	if r.Sent != 0 {
		c.sent.Add(r.Sent)
	}
	if r.Received != 0 {
		c.received.Add(r.Received)
	}
	if r.Err != nil {
		c.errors.Add(1)
		m.errors[ClassOf(r.Err)].Add(1)
	}
}

// Snapshot returns the counts so far. Requests that end meanwhile may be in it in part.
func (m *Meter) Snapshot() Snapshot {
	var s Snapshot
	for i := range m.commands {
		c := &m.commands[i]
		s.commands[i] = Usage{Requests: c.requests.Load(), Errors: c.errors.Load(), Sent: c.sent.Load(), Received: c.received.Load()}
	}
	for i := range m.errors {
		s.errors[i] = m.errors[i].Load()
	}
	return s
}

// Usage is what one command, or all of them, came to.
type Usage struct {
	Requests int64 // tries included, whatever came of them
	Errors   int64 // of the requests, those that were not answered with success; a 404 and a 412 are among them
	Sent     int64 // bytes of object bodies
	Received int64 // bytes of object bodies
}

func (u Usage) add(v Usage, sign int64) Usage {
	return Usage{u.Requests + sign*v.Requests, u.Errors + sign*v.Errors, u.Sent + sign*v.Sent, u.Received + sign*v.Received}
}

// Snapshot is the state of a Meter at one moment: a comparable value.
type Snapshot struct {
	commands [commands]Usage
	errors   [classes]int64
}

// Of returns the usage by one command.
func (s Snapshot) Of(c Command) Usage {
	if c >= commands {
		return Usage{}
	}
	return s.commands[c]
}

// Requests returns the number of requests by the commands given, by all of them when none is given.
func (s Snapshot) Requests(of ...Command) int64 {
	if len(of) == 0 {
		return s.Total().Requests
	}
	var n int64
	for _, c := range of {
		n += s.Of(c).Requests
	}
	return n
}

// Errors returns the number of requests that ended in class c; those that succeeded are not counted under ClassOK.
func (s Snapshot) Errors(c Class) int64 {
	if c >= classes {
		return 0
	}
	return s.errors[c]
}

// Total returns the usage by all commands together.
func (s Snapshot) Total() Usage {
	var t Usage
	for _, u := range s.commands {
		t = t.add(u, 1)
	}
	return t
}

// All yields the commands that were used, with their usage.
func (s Snapshot) All() iter.Seq2[Command, Usage] {
	return func(yield func(Command, Usage) bool) {
		for i, u := range s.commands {
			if u != (Usage{}) && !yield(Command(i), u) {
				return
			}
		}
	}
}

// Sub returns what came after earlier, which is an earlier snapshot of the same meter.
func (s Snapshot) Sub(earlier Snapshot) Snapshot { return s.combine(earlier, -1) }

// Add returns the sum of two snapshots.
func (s Snapshot) Add(t Snapshot) Snapshot { return s.combine(t, 1) }

func (s Snapshot) combine(t Snapshot, sign int64) Snapshot {
	for i := range s.commands {
		s.commands[i] = s.commands[i].add(t.commands[i], sign)
	}
	for i := range s.errors {
		s.errors[i] += sign * t.errors[i]
	}
	return s
}

// String returns the counts in one line, for test failures and logs: "2 PutObject, 1 GetObject".
func (s Snapshot) String() string {
	var out string
	for c, u := range s.All() {
		if out != "" {
			out += ", "
		}
		out += fmt.Sprintf("%d %s", u.Requests, c)
	}
	if out == "" {
		return "no request"
	}
	return out
}
