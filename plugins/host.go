package plugins

import (
	"context"
	"database/sql"
	"log/slog"
	"time"

	"github.com/s3sql/s3sql/sqlengine/event"
)

// Host is the database as a plugin sees it. What Setup registers holds from the end of Setup until Stop; later calls of the methods that
// register are refused by a panic, which makes the plugin fail.
type Host interface {
	// Name is what the plugin is installed as.
	Name() string
	// Context ends when the plugin is to stop. The requests that are made under it are counted under the plugin's name.
	Context() context.Context
	// Logger logs with the plugin's name.
	Logger() *slog.Logger
	// DB returns the database, for statements of the plugin's own; their requests are counted under the plugin's name if they are given
	// Context, or one made of it. It is not to be closed. It is nil where the engine was opened without database/sql.
	DB() *sql.DB

	// Statements registers hooks around statements.
	Statements(h StatementHooks)
	// Commits registers hooks around commits. tables are those whose changes of rows Commit.Changes has; none: it has none, "*": all.
	Commits(h CommitHooks, tables ...string)
	// Feed returns the commits after a commit that have changed rows of tables, "*" being all but those of the schema system, by whatever
	// process they were made: whoever keeps Commit.Seq goes on from there, and misses nothing, as long as the commits are younger than the
	// database's retention. after is the number of a commit, or Newest: from now on. It may be called at any time; the caller closes the feed.
	//
	// Cost: none at the newest commit; else that of reading a checkpoint, and a GET for each commit since.
	// Errors: those of table names and of the store; an error that wraps driver.ErrFenced when the commits are gone.
	Feed(ctx context.Context, after uint64, tables ...string) (Feed, error)
	// Events calls fn with the events of the database, one at a time and in order, in a goroutine of its own. A plugin that does not keep up
	// loses events, never holds up a statement.
	Events(fn func(event.Record))
	// Publish publishes an event.
	Publish(e event.Event)
	// Table adds a table to the schema system.
	Table(t Table)
	// Function adds a function to SQL.
	Function(f Function)
	// TableFunction adds a function that stands in FROM.
	TableFunction(f TableFunction)
	// Kind adds a kind of objects to CREATE, ALTER, DROP and SHOW CREATE.
	Kind(k Kind)
}

// Statement is a statement that runs.
type Statement struct {
	Text      string // with ? in the place of constants
	Operation string // select, insert, update, delete, ddl, …
	Table     string // the first that it names, in lower case; "" none
	User      string
	Start     time.Time
}

// Outcome is how a statement has ended.
type Outcome struct {
	Err      error
	Took     time.Duration
	Rows     int64 // returned, or changed
	Requests int64
	USD      float64
}

// HookTimeout is how long a hook may take: one that takes longer makes its plugin fail, and the statement goes on without it.
const HookTimeout = time.Second

// StatementHooks are called around each statement, in the order of the plugins' names. Either may be nil. Statements of the database's own
// are left out.
type StatementHooks struct {
	// Before is called before the statement runs; the context that it returns, if not nil, is the statement's. An error refuses the
	// statement.
	Before func(ctx context.Context, s Statement) (context.Context, error)
	// After is called when it has ended, with the context of Before.
	After func(ctx context.Context, s Statement, o Outcome)
}

// Change is the change of a row. Values are what Function arguments are; those of ENCRYPTED columns are "***".
type Change struct {
	Table     string
	Operation string         // insert, update or delete
	Old, New  map[string]any // by column; nil where there is no such row
}

// Commit is a transaction that is committed.
type Commit struct {
	User    string
	Seq     uint64 // of the commit record; 0 in Before
	Changes []Change
}

// Newest, as a position of Host.Feed, is the newest commit.
const Newest = ^uint64(0)

// Feed yields commits, each once and in order. It is for one goroutine.
type Feed interface {
	// Next waits for the next commit that has changed rows, and returns it, without its user. Changes that delete come first.
	// Cost: none for a commit of this process; a GET for one of another, and while nothing happens one every five seconds.
	Next(ctx context.Context) (Commit, error)
	// Close lets go of the feed.
	Close()
}

// CommitHooks are called around each commit of a transaction that has changed rows of stored tables. Either may be nil.
type CommitHooks struct {
	// Before is called before the commit, which an error refuses.
	Before func(ctx context.Context, c Commit) error
	// After is called after a commit, in a goroutine of its own, one at a time; in the order of the commits of a session. More than 1,000 that wait
	// are dropped, with a warning in the log.
	After func(c Commit)
}

// ValueType is the type of a column or of a function's result.
type ValueType uint8

// The types, and the Go values that stand for them: int64, float64, string, []byte, bool, time.Time in UTC, and for JSON a string. nil is NULL.
// An argument may also be a uint64, a time.Duration for TIME, and a string for DECIMAL.
const (
	TypeText ValueType = iota
	TypeInt
	TypeFloat
	TypeBytes
	TypeBool
	TypeTime
	TypeJSON
)

// Column is a column of a Table or of a TableFunction.
type Column struct {
	Name string
	Type ValueType
}

// Table is a table of the schema system whose rows a plugin makes.
type Table struct {
	Name    string // lower case
	Columns []Column
	// Rows returns all rows, as they are now.
	Rows func(ctx context.Context) ([][]any, error)
	// Delete, if not nil, is called for each row that a DELETE removes.
	Delete func(ctx context.Context, row []any) error
}

// Function is a function of SQL.
type Function struct {
	Name             string // upper case
	MinArgs, MaxArgs int    // MaxArgs < 0: any number
	Type             ValueType
	// Deterministic says that it returns the same for the same arguments, so that results may be cached.
	Deterministic bool
	// Call computes it for one row. It may be called concurrently.
	Call func(ctx context.Context, args []any) (any, error)
}

// TableFunction is a function that stands in FROM.
type TableFunction struct {
	Name             string // upper case
	MinArgs, MaxArgs int
	Columns          []Column
	Call             func(ctx context.Context, args []any) ([][]any, error)
}

// Clauses are what may stand between the name of an object and WITH.
type Clauses struct {
	Tables     bool // ON t1, t2 | ON ALL TABLES [EXCEPT …]
	Operations bool // FOR INSERT, UPDATE, DELETE
	Text       bool // AS '…', which has to be there then
}

// Kind is a kind of objects.
type Kind struct {
	Name    string // upper case
	Clauses Clauses
	Options []Option
	// Changed is called with all objects of the kind that are not paused, after Start and when they have changed, in a goroutine of its own, one
	// call at a time.
	Changed func(ctx context.Context, objects []Object) error
}

// Object is an object of a plugin's kind.
type Object struct {
	Name       string
	Options    Options // secrets are revealed
	Tables     []string
	AllTables  bool
	Except     []string
	Operations []string
	Text       string
}
