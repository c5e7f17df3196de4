package sqlengine

import (
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/expr/convert"
	"github.com/s3sql/s3sql/sqlengine/infoschema"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// settings are the session variables that change how statements run.
type settings struct {
	autocommit  bool
	isolation   string // "SNAPSHOT" or "SERIALIZABLE"
	readOnly    bool
	strict      bool
	sqlMode     string
	divByZero   bool // ERROR_FOR_DIVISION_BY_ZERO
	invisible   bool // optimizer_switch use_invisible_indexes
	zeroIsValue bool // NO_AUTO_VALUE_ON_ZERO
	user        string
	timestamp   time.Time         // what NOW() is to answer; zero the time
	other       map[string]string // values of variables that differ from the global ones
}

func (e *Engine) defaultSettings() settings {
	st := settings{autocommit: e.global(systemVars["autocommit"]) == "ON", isolation: "SNAPSHOT", user: e.cfg.User,
		readOnly: e.global(systemVars["transaction_read_only"]) == "ON"}
	if e.global(systemVars["transaction_isolation"]) == "SERIALIZABLE" {
		st.isolation = "SERIALIZABLE"
	}
	st.invisible = useInvisible(e.global(systemVars["optimizer_switch"]))
	st.setMode(e.global(systemVars["sql_mode"]))
	return st
}

// variable is expr.Context.Var: the value of a user or system variable.
func (s *Session) variable(name string, system bool) (base.Value, bool) {
	if !system {
		return s.vars[name].value, true
	}
	v, global := lookupVar(name)
	if v == nil {
		return base.Value{}, false
	}
	return v.value(s.text(v, global)), true
}

// exprContext is the session's, with the arguments that are written as user variables.
func (r *run) exprContext(params []base.Value) *expr.Context {
	c := r.s.exprContext(r.ctx, r.start, params)
	if r.named != nil {
		c.Var = func(name string, system bool) (base.Value, bool) {
			if v, ok := r.named[name]; ok && !system {
				return v.value, true
			}
			return r.s.variable(name, system)
		}
	}
	c.Varied, c.CacheKey = r.varied, r.keyOf
	c.SetLastInsertID = func(id uint64) { r.s.lastInsertID, r.setID = id, true }
	return c
}

func (r *run) variableType(name string, system bool) (base.Type, bool) {
	if v, ok := r.named[name]; ok && !system {
		return v.typ, true
	}
	return r.s.variableType(name, system)
}

func (s *Session) variableType(name string, system bool) (base.Type, bool) {
	if !system {
		return s.vars[name].typ, true
	}
	v, ok := s.variable(name, true)
	t := convert.NaturalType(v)
	if def, _ := lookupVar(name); ok && def.kind == varBool {
		t = base.Type{ID: base.TypeBigInt}
	}
	return t, ok
}

// setVariables is SET: all values are computed before the first variable changes.
func (r *run) setVariables(n *ast.SetVariables) (*Result, error) {
	values := make([]base.Value, len(n.Items))
	types := make([]base.Type, len(n.Items))
	for i, it := range n.Items {
		if it.Value == nil {
			continue
		}
		v, t, err := r.evaluate(it.Value)
		if err != nil {
			return nil, err
		}
		values[i], types[i] = v, t
	}
	for i, it := range n.Items {
		if !it.Var.System {
			r.s.setUserVar(it.Var.Name, values[i], types[i])
			continue
		}
		if err := r.setSystemVariable(it, values[i], types[i]); err != nil {
			return nil, err
		}
	}
	return &Result{}, nil
}

// evaluate computes an expression without a FROM; subqueries see the session's transaction.
func (r *run) evaluate(e ast.Expr) (base.Value, base.Type, error) {
	res, err := r.query(&statement{}, &ast.Select{Items: []ast.SelectItem{{Expr: e, Text: "value"}}})
	if err != nil {
		return base.Value{}, base.Type{}, err
	}
	res.run = r
	t := res.columns[0].Type
	b, err := res.Next(r.ctx)
	if err != nil || b == nil {
		return base.Value{}, t, firstError(err, res.Close())
	}
	v := b.Cols[0].Value(b.Row(0))
	return v, t, res.Close()
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// setSystemVariable is SET of a system variable, SET NAMES among them.
func (r *run) setSystemVariable(it ast.SetVariable, v base.Value, t base.Type) error {
	name := it.Var.Name
	if name == "names" {
		return r.setNames(it, v, t)
	}
	def := systemVars[name]
	if def == nil {
		return base.Errorf(errno.UnknownSysVar, "Unknown system variable '%s'", it.Var.Name)
	}
	return r.setSystem(assign{scope: it.Var.Scope, v: def, value: v, typ: t, initial: it.Value == nil})
}

// setNames is SET NAMES: three character sets, and the default collation of them.
func (r *run) setNames(it ast.SetVariable, v base.Value, t base.Type) error {
	for _, name := range []string{"character_set_client", "character_set_connection", "character_set_results"} {
		if err := r.setSystem(assign{v: systemVars[name], value: v, typ: t, initial: it.Value == nil}); err != nil {
			return err
		}
	}
	set := r.s.text(systemVars["character_set_client"], false)
	r.s.keep("collation_connection", infoschema.DefaultCollation(set))
	return nil
}

func varcharColumn(name string) plan.Column {
	return plan.Column{Name: name, Type: base.Type{ID: base.TypeVarchar, Length: 255, Collation: "utf8mb3_general_ci"}, Nullable: true}
}
