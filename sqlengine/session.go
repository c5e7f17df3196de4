package sqlengine

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/plugins/audit"
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

	start    time.Time // see Began; zero when not set
	plain    bool      // see PlanAsWritten
	owner    bool      // it may change stored tables of the schema system
	discards bool      // its statement is a DELETE of dead letters

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
