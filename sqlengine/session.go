package sqlengine

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/plugins"
	"github.com/s3sql/s3sql/plugins/audit"
	"github.com/s3sql/s3sql/sqlengine/event"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/storage/object"
	"github.com/s3sql/s3sql/storage/table"
)

// Session is one client's connection to the engine: its transaction, variables and warnings. It is for one goroutine at
// a time.
type Session struct {
	e  *Engine
	id uint64
	tx *table.Tx // the explicit transaction; nil outside one

	start time.Time // see Began; zero when not set
	plain bool      // see PlanAsWritten
	owner bool      // it may change stored tables of the schema system

	internal bool // its statements are the engine's own: they are in no figures but those of costs

	savepoints []savepoint
	temporary  temporaryTables
	vars       map[string]userVar
	prepared   map[string]*Stmt // by PREPARE, under their names in lower case
	settings   settings
	next       nextTx // what SET TRANSACTION says of the next transaction
	process    *process
	locked     bool // by LOCK TABLES
	locks      sessionLocks
	appender   *Appender        // that is open; nil: none
	noted      noted            // by the transaction, for its commit
	identity   audit.Identity   // of the explicit transaction: what BeginTx was given
	aging      []*catalog.Table // with a ttl, that the transaction has changed rows of

	warnings     []*base.Error
	warningCount int         // of errors, warnings and notes
	failure      *base.Error // the one of warnings that made the statement fail
	counts       counts      // of the statement before
	lastInsertID uint64
	rowCount     int64
	foundRows    uint64
	last         Stats
	spending     sessionSpending
}

type savepoint struct {
	name string
	at   *table.Savepoint

	noted notedMark
}

type userVar struct {
	value base.Value
	typ   base.Type
}

type nextTx struct {
	isolation string
	readOnly  bool
}

// TxOptions says what an explicit transaction is to guarantee. Isolation is "" (the session's default), "SNAPSHOT" or
// "SERIALIZABLE".
type TxOptions struct {
	Isolation string
	ReadOnly  bool
}

// Arg is one argument of a statement. Name is "" for a positional one.
type Arg struct {
	Name  string
	Value base.Value
	Type  base.Type // the zero Type: the natural type of the value's class
}

// Stats is what one statement cost.
type Stats struct {
	Requests          int64
	BytesIn, BytesOut int64
	CostUSD           float64
	Duration          time.Duration
	Rows              int64
}

// Began says that the call which the next statement, or Begin, serves was made at t, before it had a session. What proved
// the state current after t, such as opening the database, then serves as its proof.
func (s *Session) Began(t time.Time) { s.start = t }

// PlanAsWritten makes the session plan statements as they are written: subqueries run row by row, joins keep their order,
// tables are read as a whole. Answers are the same; it is there to check that.
func (s *Session) PlanAsWritten(on bool) { s.plain = on }

// since returns the time from which on a proof of freshness holds for the call being served.
func (s *Session) since() time.Time {
	t := s.start
	s.start = time.Time{}
	if t.IsZero() {
		t = s.e.now()
	}
	return t
}

// Begin starts an explicit transaction.
//
// Cost: one GET under consistency strong, shared with whoever asks at once; none or one under bounded.
// Errors: 1568-class when one is open already; those of table.DB.Begin.
func (s *Session) Begin(ctx context.Context, o TxOptions) error {
	if s.tx != nil {
		return base.Errorf(errno.TxInProgress, "a transaction is open on this connection; COMMIT or ROLLBACK it first")
	}
	began := s.e.now()
	err := s.begin(object.WithTag(ctx, transactionTag("begin")), o)
	s.e.transactionEnd("begin", began, err)
	return err
}

func (s *Session) begin(ctx context.Context, o TxOptions) error {
	iso := s.settings.isolation
	if s.next.isolation != "" {
		iso = s.next.isolation
	}
	if o.Isolation != "" {
		iso = o.Isolation
	}
	tx, err := s.e.db.Begin(ctx, table.TxOptions{ReadOnly: o.ReadOnly || s.next.readOnly || s.settings.readOnly,
		Serializable: iso == "SERIALIZABLE", Fresh: s.e.freshness(), Since: s.since(), Local: s.temporary.rows()})
	if err != nil {
		return err
	}
	s.tx, s.next, s.savepoints, s.noted, s.identity = tx, nextTx{}, nil, noted{}, audit.IdentityOf(ctx)
	return nil
}

// Commit commits the explicit transaction; outside one it does nothing, as in MySQL.
//
// Cost and errors: see table.Tx.Commit. The transaction has ended whatever it returns.
func (s *Session) Commit(ctx context.Context) error {
	if s.tx == nil {
		return s.commitTx(ctx)
	}
	began := s.e.now()
	err := s.commitTx(object.WithTag(ctx, transactionTag("commit")))
	s.e.transactionEnd("commit", began, err)
	return err
}

// commitTx is Commit as a part of a statement.
func (s *Session) commitTx(ctx context.Context) error {
	if s.appender != nil {
		return errAppending()
	}
	if s.tx == nil {
		return nil
	}
	tx := s.tx
	s.tx, s.savepoints = nil, nil
	return s.commit(ctx, tx)
}

// noteAging remembers, until the transaction ends, that it changes rows of a table with a ttl.
func (s *Session) noteAging(t *catalog.Table) {
	if !slices.Contains(s.aging, t) {
		s.aging = append(s.aging, t)
	}
}

// commit commits a transaction.
func (s *Session) commit(ctx context.Context, tx *table.Tx) error {
	aging, trail := s.aging, s.noted.trail
	commit := plugins.Commit{User: s.settings.user, Changes: s.noted.changes}
	s.aging, s.noted, s.identity = nil, noted{}, audit.Identity{}
	tables := s.touched(ctx, tx)
	hooked := len(s.e.plugins.at()) > 0 && !s.internal && tx.Changed()
	if hooked {
		if err := s.e.plugins.beforeCommit(ctx, commit); err != nil {
			tx.Rollback()
			return err
		}
	}
	info, err := s.e.commitWith(ctx, tx, trail)
	if err != nil {
		return err
	}
	s.e.aged(aging)
	if _, err := s.e.resteer(context.WithoutCancel(ctx)); err != nil {
		s.e.cfg.Logger.Warn("what a commit has changed of objects takes effect with the next statement", "error", err)
	}
	if commit.Seq = info.Seq; hooked {
		s.e.plugins.afterCommit(commit)
	}
	if len(tables) > 0 {
		s.e.cfg.Events.Publish(event.Committed{Seq: info.Seq, Tables: tables})
	}
	return nil
}

// touched returns the names of the tables that a transaction has written, for the event of its commit.
func (s *Session) touched(ctx context.Context, tx *table.Tx) (names []string) {
	if s.internal {
		return nil
	}
	cat, err := s.e.catalog.Load(ctx, tx)
	if err != nil {
		return nil // the commit will tell
	}
	for _, id := range tx.Touched() {
		if t := cat.ByID(id); t != nil {
			names = append(names, t.Name)
		}
	}
	slices.Sort(names)
	return names
}

// Rollback drops the explicit transaction; outside one it does nothing.
func (s *Session) Rollback(context.Context) error {
	s.appender = nil
	if s.tx != nil {
		s.tx.Rollback()
		s.tx, s.savepoints, s.aging, s.noted, s.identity = nil, nil, nil, noted{}, audit.Identity{}
	}
	return nil
}

// InTx reports whether an explicit transaction is open.
func (s *Session) InTx() bool { return s.tx != nil }

// Reset returns the session to the state of a new one: it rolls back, gives locks back, and forgets variables, settings and warnings.
func (s *Session) Reset(ctx context.Context) error {
	err := errors.Join(s.Rollback(ctx), s.locks.end())
	p := s.process
	*s = *s.e.newSession(s.id)
	s.process, s.locks.s = p, s
	return err
}

// Close ends the session; an open transaction is rolled back.
func (s *Session) Close() error {
	s.e.processes.remove(s.id)
	return errors.Join(s.Rollback(context.Background()), s.locks.end())
}

// Killed reports whether KILL ended the session: it runs no more statements.
func (s *Session) Killed() bool { return s.process.dead() }

// LastStats returns what the last statement cost.
func (s *Session) LastStats() Stats { return s.last }

// Exec runs one statement, or several separated by semicolons, and returns the first result; the others follow by
// Result.NextResult. Rows are produced as they are read.
//
// Errors: *base.Error with MySQL's number, or ctx.Err().
func (s *Session) Exec(ctx context.Context, sql string, args []Arg) (*Result, error) {
	texts, err := split(sql)
	if err != nil {
		return nil, err
	}
	return s.execList(ctx, texts, args)
}

// execList runs the first of several statements; the rest run when the caller asks for the next result.
func (s *Session) execList(ctx context.Context, texts []string, args []Arg) (*Result, error) {
	if len(texts) > 1 && len(args) > 0 {
		return nil, base.Errorf(errno.WrongArguments, "Incorrect arguments: several statements in one call take no arguments")
	}
	r, err := s.statement(ctx, texts[0], args)
	if err != nil {
		return nil, err
	}
	r.session, r.rest = s, texts[1:]
	return r, nil
}

// statement runs one statement and measures it.
func (s *Session) statement(ctx context.Context, sql string, args []Arg) (*Result, error) {
	if s.appender != nil {
		return nil, errAppending()
	}
	run := &run{s: s, sql: sql, args: args, start: s.e.now(), since: s.since(), meter: new(object.Meter)}
	text, tag := sql, object.Tag{}
	st, err := s.e.parsed(sql)
	if err == nil {
		run.st, tag = st, st.what.tag
		if st.what.secret {
			text = st.what.text
		}
	}
	own, perr := s.process.begin(ctx, text, run.start)
	if perr != nil {
		return nil, perr
	}
	run.ctx = object.WithAccount(own, tag, run.meter)
	s.e.questions.Add(1)
	var r *Result
	if err == nil {
		err = s.e.plugins.before(run)
	}
	if err == nil {
		r, err = run.exec()
	}
	err = s.named(own, stopped(own, err))
	if err != nil || r.op == nil {
		s.process.end(run.start)
	}
	if err != nil {
		s.last = run.stats(0)
		run.observe(s.last, 0, err)
		s.rowCount = -1
		s.fail(err)
		if ctx.Err() != nil && base.KindOf(err) == base.KindInternal {
			err = ctx.Err()
		}
		return nil, err
	}
	return r, nil
}

// exprContext is what expressions see of the session and the statement.
func (s *Session) exprContext(ctx context.Context, now time.Time, params []base.Value) *expr.Context {
	if !s.settings.timestamp.IsZero() {
		now = s.settings.timestamp
	}
	return &expr.Context{
		Ctx: ctx, Now: now.UTC(), Loc: time.UTC, Params: params, Rand: s.e.cfg.Rand,
		User: s.settings.user, Database: s.e.cfg.Database, Version: Version,
		ConnectionID: s.id, LastInsertID: s.lastInsertID, FoundRows: s.foundRows, RowCount: s.rowCount,
		Warn: s.warn, Var: s.variable, SetVar: s.setUserVar, Locks: &s.locks, DivByZeroQuiet: !s.settings.divByZero,
	}
}

// maxWarnings is MySQL's default of max_error_count.
const maxWarnings = 1024

func (s *Session) warn(e *base.Error) {
	s.warningCount++
	if len(s.warnings) < maxWarnings {
		s.warnings = append(s.warnings, e)
	}
}

// counts are what @@warning_count and @@error_count answer: of the statement before the one that reads them.
type counts struct{ warnings, errors int }

// clearWarnings forgets the conditions of a statement, but for their number.
func (s *Session) clearWarnings() {
	s.counts = counts{warnings: s.warningCount, errors: s.errorCount()}
	s.warnings, s.warningCount, s.failure = nil, 0, nil
}

func (s *Session) errorCount() int {
	if s.failure != nil {
		return 1
	}
	return 0
}

// fail notes the error that a statement ends with as its condition.
func (s *Session) fail(err error) {
	var e *base.Error
	if errors.As(err, &e) {
		s.warn(e)
		s.failure = e
	}
}

// level is the first column of SHOW WARNINGS. What IF EXISTS and IF NOT EXISTS say is a note.
func (s *Session) level(w *base.Error) string {
	switch {
	case w == s.failure:
		return "Error"
	case w.Note || w.Number == errno.TableExists.Number || w.Number == errno.BadTable.Number || w.Number == errno.DBCreateExists.Number:
		return "Note"
	}
	return "Warning"
}

func (s *Session) savepointIndex(name string) int {
	for i := len(s.savepoints) - 1; i >= 0; i-- {
		if strings.EqualFold(s.savepoints[i].name, name) {
			return i
		}
	}
	return -1
}
