package sqlengine

import (
	"context"
	"strings"
	"sync/atomic"
	"time"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/exec"
	"github.com/s3sql/s3sql/sqlengine/expr/convert"
	"github.com/s3sql/s3sql/sqlengine/plan"
	"github.com/s3sql/s3sql/storage/object"
	"github.com/s3sql/s3sql/storage/table"
)

// run is the execution of one statement.
type run struct {
	s     *Session
	ctx   context.Context
	sql   string
	args  []Arg
	start time.Time
	since time.Time // a proof of freshness from then on is good enough
	meter *object.Meter
	st    *statement // nil: its text does not parse
	// diagnostic says that it asks about the statement before it.
	diagnostic bool
	setID      bool          // LAST_INSERT_ID(expr) has been evaluated
	tx         *table.Tx     // that the plan being executed reads
	took       time.Duration // of the last try of an autocommit statement, its commit aside

	params []base.Value
	types  []base.Type
	named  map[string]userVar // arguments written as user variables
	ec     *exec.Context      // of a query, once it is open

	warming *resultCache // that the result is for, whatever it is ON; nil: the statement is no WARM CACHE
	varied  *atomic.Bool // set when a value depends on the day; nil: nobody cares

	planned *plan.Plan // of a query, for slow statements

	metadata **string      // of audit records, once it is made
	audited  []auditedRead // tables whose reading is audited

	steering *steering // once its transaction has begun

	budgets []*budget // that the statement counts for
	guard   *guard    // nil: none of them stops it
}

func (r *run) stats(rows int64) Stats {
	used := r.meter.Snapshot()
	t := used.Total()
	usd := 0.0
	if t.Requests > 0 {
		usd = r.s.prices().Cost(used)
	}
	return Stats{Requests: t.Requests, BytesIn: t.Received, BytesOut: t.Sent, CostUSD: usd,
		Duration: r.s.e.now().Sub(r.start), Rows: rows}
}

// exec parses, plans and starts the statement.
func (r *run) exec() (*Result, error) {
	st := r.st
	if st == nil || st.what.of != r.sql {
		var err error
		if st, err = r.s.e.parsed(r.sql); err != nil {
			return nil, err
		}
		r.st = st
	}
	if err := r.bindArgs(st); err != nil {
		return nil, err
	}
	if show, ok := st.stmt.(*ast.Show); ok {
		r.diagnostic = show.Diagnostic()
	}
	if !r.diagnostic {
		r.s.clearWarnings()
	}
	res, err := r.dispatch(st)
	if err != nil {
		return nil, err
	}
	res.run, res.whole, res.Warnings = r, true, r.s.warningCount
	if res.op == nil || res.changes {
		r.s.rowCount = int64(res.AffectedRows)
		r.s.last = r.stats(0)
	}
	return res, nil
}

//lint:long one flat switch over the statements
func (r *run) dispatch(st *statement) (*Result, error) {
	switch n := st.stmt.(type) {
	case ast.Query:
		return r.query(st, n)
	case *ast.Insert, *ast.Update, *ast.Delete:
		r.s.discards = discardsDeadLetters(n)
		if v, ok := r.virtualChange(n); ok {
			return r.write(func(tx *table.Tx) (*Result, error) { return r.changeVirtual(v, n, tx) })
		}
		return r.write(func(tx *table.Tx) (*Result, error) { return r.mutate(st, tx) })
	case *ast.LoadData:
		return r.loadData(n, st)
	case *ast.CreateTable:
		return r.write(func(tx *table.Tx) (*Result, error) { return r.createTable(n, tx) })
	case *ast.DropTable:
		return r.write(func(tx *table.Tx) (*Result, error) { return r.dropTable(n, tx) })
	case *ast.CreateView:
		return r.write(func(tx *table.Tx) (*Result, error) { return r.createView(n, len(st.names), tx) })
	case *ast.DropView:
		return r.write(func(tx *table.Tx) (*Result, error) { return r.dropView(n, tx) })
	case *ast.AlterTable:
		return r.alterTable(n)
	case *ast.RenameTables:
		return r.write(func(tx *table.Tx) (*Result, error) { return r.renameTables(n, tx) })
	case *ast.Truncate:
		return r.write(func(tx *table.Tx) (*Result, error) { return r.truncate(n, tx) })
	case *ast.Prepare:
		return r.prepareStmt(n)
	case *ast.Execute:
		return r.execute(n)
	case *ast.Deallocate:
		return r.deallocate(n)
	case *ast.SelectInto:
		return r.selectInto(st, n)
	case *ast.Begin:
		return r.beginStmt(n)
	case *ast.Commit:
		if err := r.commitTx(); err != nil {
			return nil, err
		}
		return r.chain(n.Chain)
	case *ast.Rollback:
		return r.rollbackStmt(n)
	case *ast.Savepoint:
		return r.savepoint(n)
	case *ast.SetVariables:
		return r.setVariables(n)
	case *ast.SetTransaction:
		return r.setTransaction(n)
	case *ast.Show:
		return r.show(n)
	case *ast.Explain:
		return r.explain(n, st)
	case *ast.Use:
		return r.use(n)
	case *ast.CheckStore:
		return r.checkStore()
	case *ast.CreateDatabase:
		return r.createDatabase(n)
	case *ast.TableAdmin:
		return r.tableAdmin(n)
	case *ast.CreateObject:
		return r.write(func(tx *table.Tx) (*Result, error) { return r.createObject(n, tx) })
	case *ast.AlterObject:
		return r.write(func(tx *table.Tx) (*Result, error) { return r.alterObject(n, tx) })
	case *ast.DropObject:
		return r.write(func(tx *table.Tx) (*Result, error) { return r.dropObject(n, tx) })
	case *ast.FlushCache:
		return r.flushCache(n)
	case *ast.WarmCache:
		return r.warmCache(n)
	case *ast.AuditAdmin:
		if n.Before == nil {
			return r.verifyAudit(n)
		}
		return r.write(func(tx *table.Tx) (*Result, error) { return r.purgeAudit(n, tx) })
	case *ast.InstallPlugin:
		return r.installPlugin(n)
	case *ast.RunObject:
		return r.runObject(n)
	case *ast.CostOf:
		return r.costOf(n)
	case *ast.EstimateCost:
		return r.estimateCost(n)
	case *ast.ResetCosts:
		return r.resetCosts()
	case *ast.Vacuum:
		return r.vacuum(n)
	case *ast.Search:
		return r.search(n)
	case *ast.Kill:
		return r.kill(n)
	case *ast.LockTables:
		return r.lockTables(n)
	case *ast.UnlockTables:
		return r.unlockTables()
	case *ast.Flush:
		return r.flush(n)
	case *ast.Do:
		return r.do(n)
	}
	return nil, base.Errorf(errno.NotSupported, "%T is not supported", st.stmt)
}

// bindArgs matches arguments and placeholders.
func (r *run) bindArgs(st *statement) error {
	if len(st.names) == 0 && r.bindVariables() {
		return nil
	}
	if allPositional(st.names) {
		if len(r.args) != len(st.names) {
			return base.Errorf(errno.WrongArguments, "Incorrect arguments to EXECUTE: the statement has %d placeholders, %d arguments were given",
				len(st.names), len(r.args))
		}
		for _, a := range r.args {
			r.addParam(a)
		}
		return nil
	}
	for _, name := range st.names {
		a, ok := findArg(r.args, name)
		if !ok {
			return base.Errorf(errno.WrongArguments, "Incorrect arguments to EXECUTE: no argument is named '%s'", name)
		}
		r.addParam(a)
	}
	for _, a := range r.args {
		if !contains(st.names, a.Name) {
			return base.Errorf(errno.WrongArguments, "Incorrect arguments to EXECUTE: the statement has no placeholder '%s'", a.Name)
		}
	}
	return nil
}

// bindVariables takes named arguments as the user variables that the statement writes @name, which they hide. It reports
// whether all arguments are such.
func (r *run) bindVariables() bool {
	if len(r.args) == 0 {
		return false
	}
	text := strings.ToLower(r.sql)
	for _, a := range r.args {
		if a.Name == "" || !strings.Contains(text, "@"+strings.ToLower(a.Name)) {
			return false
		}
	}
	r.named = make(map[string]userVar, len(r.args))
	for _, a := range r.args {
		r.named[strings.ToLower(a.Name)] = userVar{value: a.Value, typ: argType(a)}
	}
	return true
}

func argType(a Arg) base.Type {
	if a.Type.ID != base.TypeNull {
		return a.Type
	}
	return convert.NaturalType(a.Value)
}

func (r *run) addParam(a Arg) {
	r.params, r.types = append(r.params, a.Value), append(r.types, argType(a))
}

// env is what planning sees of the session inside tx.
func (r *run) env(tx *table.Tx) (plan.Env, error) {
	cat, err := r.catalog(tx)
	if err != nil {
		return plan.Env{}, err
	}
	env := r.s.planEnv(cat, tx, r.types)
	env.Var = r.variableType
	env.Plain, env.UseInvisible = r.s.plain, r.s.settings.invisible
	env.RowCount = r.rowCount(tx)
	env.Statistics = txStatistics{r.ctx, &r.s.e.statistics, tx}
	return env, nil
}

func (s *Session) planEnv(cat *catalog.Catalog, tx *table.Tx, types []base.Type) plan.Env {
	return plan.Env{Catalog: cat, Database: s.e.cfg.Database, Virtual: s.virtual, ParseExpr: s.e.parseExpr, ParseQuery: s.e.parseQuery,
		RowCount: func(id uint32) float64 { return float64(tx.RowCount(id)) }, Params: types, Var: s.variableType,
		Readable: s.e.readable, TableFunction: s.tableFunction, Function: s.e.customFunction, System: s.owner || s.discards}
}
