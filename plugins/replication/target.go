package replication

import (
	"context"
	"log/slog"
	"time"

	"github.com/s3sql/s3sql/internal/registry"
	"github.com/s3sql/s3sql/plugins"
)

// Target is where the changes of one replication go. Its methods are called by one goroutine, and return when ctx ends.
//
// An error of any method means that it is to be tried again, later: that is what happens while a target is down. One that Permanent
// made means that trying again is of no use.
type Target interface {
	// Prepare readies destinations, all of the replication's, before the first batch and whenever the definition of a source table
	// changes: it makes what is missing, if the replication is to, and adds columns. It takes nothing away.
	Prepare(ctx context.Context, all []*Destination) error
	// Apply delivers a batch, in its order where records have the same destination and key, which only a Positioner meets.
	//
	// Errors: a *Rejected when some records cannot be delivered, which says for each of them why; all others have been. Of a
	// Positioner, any error means that nothing has been delivered, and a *Rejected names at least one record that stands in the way. After
	// another error the same batch comes again, and some of it may have been delivered.
	Apply(ctx context.Context, b *Batch) error
	// Check is TEST REPLICATION: it connects, and looks whether the destinations are there and fit, and changes nothing.
	Check(ctx context.Context, all []*Destination) []Check
	// Close lets go of everything.
	Close() error
}

// Positioner is a Target that keeps the position of the replication with the changes themselves, in one transaction, so that each
// change is delivered exactly once.
type Positioner interface {
	Target
	// Position returns what the last Apply or SetPosition has left, "" if there is nothing.
	Position(ctx context.Context) (string, error)
	// SetPosition replaces a position by another.
	//
	// Errors: ErrFenced when the position is not from.
	SetPosition(ctx context.Context, from, to string) error
}

// Batch is what one Apply delivers.
type Batch struct {
	Records []*Record // in the order of the commits
	// From and To are the position before and after the batch, for a Positioner: it moves the position in the transaction that
	// delivers, and returns ErrFenced, having delivered nothing, when the position is not From. "" is that there is none.
	From, To string
	// Reset are destinations whose contents go before the records are delivered: their tables are read anew from the beginning. A
	// target that cannot take back what it has delivered leaves that be.
	Reset []*Destination
}

// Operation is what has happened to a row.
type Operation string

// The operations.
const (
	Insert Operation = "insert"
	Update Operation = "update"
	Delete Operation = "delete"
)

// Record is the change of a row, for one destination.
type Record struct {
	// ID is the same whenever the change is delivered again, and of no other change: at most 100 letters, digits and dashes.
	ID          string
	Destination *Destination
	Operation   Operation
	Snapshot    bool      // an Insert of a row that was there when the replication began
	Seq         uint64    // of the commit
	Time        time.Time // of the commit, UTC
	RecordID    string    // primary key of the row in its source table: the value, or a JSON array of several; "" of a table without a key
	// Data are the values of the destination's columns, as Kind says, nil for NULL; of a Delete, those made of the row that is gone.
	// A row whose key changes is a Delete and an Insert.
	Data []any
	// Before are those made of the row before an Update, or a Delete; nil unless Definition.Before asks for them.
	Before []any
}

// Key returns the values that identify the record's row in its destination.
func (r *Record) Key() []any {
	key := make([]any, len(r.Destination.Key))
	for i, c := range r.Destination.Key {
		key[i] = r.Data[c]
	}
	return key
}

// Object returns values of the destination's columns by name, as the encoding of JSON takes them (see JSONValue); nil of nil.
func (d *Destination) Object(values []any) map[string]any {
	if values == nil {
		return nil
	}
	out := make(map[string]any, len(values))
	for i := range d.Columns {
		out[d.Columns[i].Name] = d.Columns[i].JSONValue(values[i])
	}
	return out
}

// Destination is a table, or what stands for one, that changes of a source table go to.
type Destination struct {
	Source  string // the table of s3sql
	Name    string // what INTO says, or the source's name
	Columns []Column
	// Key are the columns, by position, that identify a row: those of the source's primary key. nil: rows have no identity, and
	// there are only Inserts.
	Key []int
}

// Check is a row of TEST REPLICATION.
type Check struct {
	What string // "connection", "permissions", "table users", …
	Err  error  // nil: it is all right
	Note string
}

// Config is what a target is opened with.
type Config struct {
	ID          string // of the replication, among all of all databases: what a Positioner keeps the position under, at most 150 bytes
	Replication string // name
	Source      string // name of the database that the changes come from
	SourceID    string // its identifier, 32 hexadecimal digits
	Address     string // what stands behind the name of the target
	Options     plugins.Options
	Logger      *slog.Logger
}

// Definition is what CREATE REPLICATION knows of a kind of target.
type Definition struct {
	// Options are those of the target itself; CREATE REPLICATION has its own beside them.
	Options []plugins.Option
	// NoAddress says that nothing stands behind the target's name.
	NoAddress bool
	// OptionalAddress says that it need not.
	OptionalAddress bool
	// Before says that records are to have Before.
	Before bool
	// Validate checks an address and options for what their definitions do not say; nil: nothing. It makes no request.
	Validate func(c Config) error
	// Open makes a target, connected or not. It is to be quick: what takes time belongs to Prepare.
	Open func(ctx context.Context, c Config) (Target, error)
}

var known registry.Registry[Definition]

// Register makes a kind of target known under a name in upper case. It is for init functions: a name that is known is an error of the
// program and panics.
func Register(name string, d Definition) {
	if d.Open == nil {
		panic("replication: the target " + name + " has no Open")
	}
	known.Add("replication: the target", name, d)
}

// Lookup returns the definition of a kind of target.
func Lookup(name string) (Definition, bool) { return known.Lookup(name) }

// Names returns the names of the targets that are known, sorted.
func Names() []string { return known.Names() }

// Packages are the packages that register the targets of s3sql itself.
var Packages = map[string]string{
	"S3SQL":    "github.com/s3sql/s3sql/plugins/replication/s3sql",
	"S3DB":     "github.com/s3sql/s3sql/plugins/replication/s3sql",
	"POSTGRES": "github.com/s3sql/s3sql/plugins/replication/postgres",
	"BIGQUERY": "github.com/s3sql/s3sql/plugins/replication/bigquery",
	"SQS":      "github.com/s3sql/s3sql/plugins/replication/sqs",
	"RABBITMQ": "github.com/s3sql/s3sql/plugins/replication/rabbitmq",
	"WEBHOOK":  "github.com/s3sql/s3sql/plugins/replication/webhook",
}
