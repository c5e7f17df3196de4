package exec

import (
	"context"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/internal/seal"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
	"github.com/s3sql/s3sql/storage/table"
)

// TxReader is what operators read rows from; *table.Tx is one.
type TxReader interface {
	// Get returns the stored row of a key.
	Get(ctx context.Context, table uint32, key string) (row string, ok bool, err error)
	// GetMany is Get for several keys at once: found[i] is what there is under keys[i].
	GetMany(ctx context.Context, table uint32, keys []string, found []table.Found) error
	// Range calls fn with the stored rows of a small range of keys until it returns false.
	Range(ctx context.Context, table uint32, lo, hi string, fn func(key, row string) bool) error
	// OpenRange returns a reader of the stored rows of a range of keys, in either direction.
	OpenRange(table uint32, lo, hi string, reverse bool) *table.RangeReader
	// Scan starts a scan of a range of keys.
	Scan(ctx context.Context, table uint32, spec table.ScanSpec) *table.Scanner
	// Texts returns the inverted files of a full-text index.
	Texts(ctx context.Context, table uint32, ix *table.TextIndex) ([]table.TextPart, error)
	// RemakeText makes such a file again if it is damaged, and reports whether it was.
	RemakeText(ctx context.Context, p *table.TextPart, ix *table.TextIndex, met error) (bool, error)
	// RowsAt reads rows by their places in such files.
	RowsAt(ctx context.Context, parts []table.TextPart, places []table.Place, cols []table.ScanCol, withKeys bool, b *vec.Batch) ([]string, error)
	// PlacesOf finds rows in such files.
	PlacesOf(ctx context.Context, parts []table.TextPart, keys []string, places []table.Place) error
}

var _ TxReader = (*table.Tx)(nil)

// Context is the execution of one statement. It is for one goroutine.
type Context struct {
	Ctx  context.Context
	Expr *expr.Context
	// Profile measures the operators; nil does not.
	Profile *Profile
	Tx      TxReader
	// Locked reads the same rows for FOR UPDATE and FOR SHARE; nil outside a transaction, where those mean nothing.
	Locked TxReader
	// Strict makes values that do not fit their column an error, as MySQL's strict SQL mode does.
	Strict bool
	// ZeroIsValue stores 0 in an AUTO_INCREMENT column as it is: NO_AUTO_VALUE_ON_ZERO.
	ZeroIsValue bool
	// Catalog has the foreign keys of the tables that a statement changes; nil: there are none.
	Catalog *catalog.Catalog
	// NoForeignKeys turns foreign_key_checks off: nothing is checked and nothing cascades.
	NoForeignKeys bool
	// Audit returns who is told of the changes of a table's rows; nil, and what it returns as nil: nobody.
	Audit func(t *catalog.Table) Auditor
	// MemoryLimit bounds the bytes that sorts, joins and groups hold together; 0 is no limit. What does not fit goes to
	// temporary files, of which an operator has one at most.
	MemoryLimit int64
	// Budget is what MemoryLimit is a part of: the memory of the process. What it refuses goes to temporary files as well. nil: there
	// is no other bound.
	Budget Budget
	// TempDir is the folder of the temporary files; "" is the system's.
	TempDir string
	// Aging is told of tables with a ttl whose rows a statement changes; nil: nobody wants to know.
	Aging func(*catalog.Table)
	// Rules returns the generated columns, CHECK constraints and ttl of a table.
	Rules func(*catalog.Table) (*plan.Rules, error)
	// Texts keeps the full-text indexes of all statements.
	Texts *TextIndexes
	// Key opens and seals the values of encrypted columns; nil: there is no key.
	Key *seal.Key
	// Found is, after the last row, what FOUND_ROWS() returns next; nil: the number of rows returned.
	Found *int64

	images      bool // the statement changes rows: columns that Key does not open come along as NULL
	memoryBytes int64
	granted     int64             // of Budget: at least memoryBytes, unless it refused
	held        map[any]*rowStore // rows that several operators read, by plan.SharedQuery and plan.WorkTable
	keySets     map[*plan.KeySet][]string
	searches    map[*plan.TextSearch]*textRun
}

// reader returns what a scan reads rows from.
func (ec *Context) reader(n *plan.Scan) TxReader {
	if n.Lock && ec.Locked != nil {
		return ec.Locked
	}
	return ec.Tx
}

// MemoryBytes returns what the operators hold at the moment.
func (ec *Context) MemoryBytes() int64 { return ec.memoryBytes }

// reserve accounts n more bytes. What is reserved is given back with release, also after an error.
func (ec *Context) reserve(n int64) error {
	ec.charge(n)
	if ec.over() {
		return base.Errorf(errno.CapacityExceeded,
			"Memory capacity of %d bytes for 'memory_limit' exceeded: raise it, or let the statement sort, group or join fewer rows",
			ec.MemoryLimit)
	}
	return nil
}

func (ec *Context) release(n int64) { ec.charge(-n) }

// Budget is an account of memory that others take from, too.
type Budget interface {
	// Reserve takes n bytes, or returns false and takes none.
	Reserve(n int64) bool
	// Release gives n of the bytes taken back.
	Release(n int64)
}

// grantStep is how much is taken from the budget, and given back, at once. As much a statement may hold without having been granted
// any, so that a small one does not fail because others are large.
const grantStep = 1 << 20

// charge changes what the operators hold, and takes it from the budget.
func (ec *Context) charge(n int64) {
	ec.memoryBytes += n
	if ec.Budget == nil {
		return
	}
	want := (ec.memoryBytes + grantStep - 1) / grantStep * grantStep
	switch {
	case want > ec.granted && ec.Budget.Reserve(want-ec.granted):
		ec.granted = want
	case ec.granted-want > grantStep || ec.memoryBytes == 0 && ec.granted > 0:
		ec.Budget.Release(ec.granted - want)
		ec.granted = want
	}
}

// over reports whether the operators hold more than they may.
func (ec *Context) over() bool {
	return ec.MemoryLimit > 0 && (ec.memoryBytes > ec.MemoryLimit || ec.Budget != nil && ec.memoryBytes > max(ec.granted, grantStep))
}

// account is what one operator has reserved.
type account struct {
	ec    *Context
	bytes int64
	soft  bool // the operator looks at mustSpill itself
}

func (a *account) grow(n int64) error {
	a.bytes += n
	if a.soft {
		a.ec.charge(n)
		return nil
	}
	return a.ec.reserve(n)
}

// mustSpill reports whether the limit is passed and the operator, which could do with less, holds enough to matter.
func (a *account) mustSpill() bool { return a.ec.over() && a.bytes >= spillFloor }

func (a *account) shrink(n int64) {
	a.bytes -= n
	a.ec.release(n)
}

func (a *account) free() {
	if a.ec != nil {
		a.ec.release(a.bytes)
	}
	a.bytes = 0
}

// prepare makes subqueries runnable inside the statement's expressions.
func (ec *Context) prepare() {
	if ec.Expr != nil && ec.Expr.Subqueries == nil {
		ec.Expr.Subqueries = &runner{ec: ec}
	}
}
