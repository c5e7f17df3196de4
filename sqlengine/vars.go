package sqlengine

import (
	"sort"
	"strconv"
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/expr/convert"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// settings are the session variables that change how statements run.
type settings struct {
	autocommit bool
	isolation  string // "SNAPSHOT" or "SERIALIZABLE"
	readOnly   bool
	strict     bool
	sqlMode    string
	user       string
	other      map[string]string // accepted and shown, without effect
}

const defaultSQLMode = "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"

func (e *Engine) defaultSettings() settings {
	return settings{autocommit: true, isolation: strings.ToUpper(e.cfg.Isolation), strict: true, sqlMode: defaultSQLMode, user: e.cfg.User}
}

// inert are variables that clients set as a matter of course: accepted, remembered and without effect, because what
// they ask for is either always so or has no meaning here.
var inert = map[string]string{
	"character_set_client": "utf8mb4", "character_set_connection": "utf8mb4", "character_set_results": "utf8mb4",
	"character_set_server": "utf8mb4", "character_set_database": "utf8mb4", "collation_connection": "utf8mb4_0900_bin",
	"collation_server": "utf8mb4_0900_bin", "collation_database": "utf8mb4_0900_bin", "names": "utf8mb4",
	"foreign_key_checks": "1", "unique_checks": "1", "sql_notes": "1", "sql_safe_updates": "0", "net_write_timeout": "60",
	"net_read_timeout": "30", "wait_timeout": "28800", "interactive_timeout": "28800", "lock_wait_timeout": "31536000",
	"innodb_lock_wait_timeout": "50", "max_execution_time": "0", "group_concat_max_len": "1024", "sql_quote_show_create": "1",
	"max_allowed_packet": "67108864", "information_schema_stats_expiry": "86400",
	"block_encryption_mode": "aes-128-ecb",
}

// numbers are the variables that take a number and that execution reads by name, with their defaults.
var numbers = map[string]string{"cte_max_recursion_depth": "1000"}

// readable are variables that can be read but not set.
func (s *Session) readable() map[string]string {
	return map[string]string{
		"version": Version, "version_comment": "s3sql", "lower_case_table_names": "2", "system_time_zone": "UTC",
		"protocol_version": "10", "license": "Apache-2.0", "hostname": "s3sql", "port": "0", "auto_increment_increment": "1",
		"last_insert_id": strconv.FormatUint(s.lastInsertID, 10), "warning_count": strconv.Itoa(s.warningCount),
		"consistency": s.e.cfg.Consistency, "max_staleness": s.e.cfg.MaxStaleness.String(),
		"memory_limit": strconv.FormatInt(s.e.cfg.MemoryLimit, 10), "performance_schema": "0", "have_ssl": "DISABLED",
		"default_storage_engine": "S3SQL", "innodb_version": "8.0.36", "read_only": onOff(s.e.cfg.ReadOnly), "max_connections": "0",
	}
}

func onOff(b bool) string {
	if b {
		return "1"
	}
	return "0"
}

// systemVar returns a system variable as text.
func (s *Session) systemVar(name string) (string, bool) {
	st := &s.settings
	switch name {
	case "autocommit":
		return onOff(st.autocommit), true
	case "sql_mode":
		return st.sqlMode, true
	case "time_zone":
		return "+00:00", true
	case "transaction_isolation", "tx_isolation":
		if st.isolation == "SERIALIZABLE" {
			return "SERIALIZABLE", true
		}
		return "REPEATABLE-READ", true
	case "transaction_read_only", "tx_read_only":
		return onOff(st.readOnly), true
	case "s3sql_user":
		return st.user, true
	}
	if v, ok := st.other[name]; ok {
		return v, true
	}
	if v, ok := inert[name]; ok {
		return v, true
	}
	if v, ok := numbers[name]; ok {
		return v, true
	}
	v, ok := s.readable()[name]
	return v, ok
}

// variable is expr.Context.Var: the value of a user or system variable.
func (s *Session) variable(name string, system bool) (base.Value, bool) {
	if !system {
		return s.vars[name].value, true
	}
	text, ok := s.systemVar(name)
	if !ok {
		return base.Value{}, false
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return base.NewInt(n), true
	}
	return base.NewString(text), true
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
	return convert.NaturalType(v), ok
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
			if r.s.vars == nil {
				r.s.vars = map[string]userVar{}
			}
			r.s.vars[it.Var.Name] = userVar{value: values[i], typ: types[i]}
			continue
		}
		if err := r.setSystem(it, values[i], types[i]); err != nil {
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

func (r *run) setSystem(it ast.SetVariable, v base.Value, t base.Type) error {
	name, st := it.Var.Name, &r.s.settings
	if it.Var.Scope == "global" || it.Var.Scope == "persist" {
		return base.Errorf(errno.NotSupported, "SET GLOBAL is not supported: there is no server; give settings in the DSN")
	}
	text := expr.Format(v, t)
	if it.Value == nil { // DEFAULT
		fresh := r.s.e.newSession(r.s.id)
		text, _ = fresh.systemVar(name)
	}
	switch name {
	case "autocommit":
		on, err := boolSetting(name, text)
		if err != nil {
			return err
		}
		if on && !st.autocommit {
			if err := r.s.Commit(r.ctx); err != nil {
				return err
			}
		}
		st.autocommit = on
	case "sql_mode":
		st.sqlMode = strings.ToUpper(text)
		st.strict = strings.Contains(st.sqlMode, "STRICT_") || strings.Contains(st.sqlMode, "TRADITIONAL")
	case "transaction_isolation", "tx_isolation":
		st.isolation = "SNAPSHOT"
		if strings.EqualFold(text, "SERIALIZABLE") {
			st.isolation = "SERIALIZABLE"
		}
	case "transaction_read_only", "tx_read_only":
		on, err := boolSetting(name, text)
		st.readOnly = on
		return err
	case "time_zone":
		if text != "+00:00" && !strings.EqualFold(text, "UTC") && !strings.EqualFold(text, "SYSTEM") {
			return base.Errorf(errno.NotSupported, "time_zone '%s' is not supported: a session's time zone is UTC; the DSN's loc converts time.Time values", text)
		}
	case "s3sql_user":
		st.user = text
	default:
		return r.setOther(name, text)
	}
	return nil
}

func (r *run) setOther(name, text string) error {
	_, number := numbers[name]
	if _, err := strconv.ParseUint(text, 10, 32); number && err != nil {
		return base.Errorf(errno.WrongTypeForVar, "Incorrect argument type to variable '%s'", name)
	}
	if _, ok := inert[name]; ok || number {
		if r.s.settings.other == nil {
			r.s.settings.other = map[string]string{}
		}
		r.s.settings.other[name] = text
		return nil
	}
	if _, ok := r.s.readable()[name]; ok {
		return base.Errorf(errno.ReadOnlyVar, "Variable '%s' is a read only variable", name)
	}
	return base.Errorf(errno.UnknownSysVar, "Unknown system variable '%s'", name)
}

func boolSetting(name, text string) (bool, error) {
	switch strings.ToUpper(text) {
	case "1", "ON", "TRUE":
		return true, nil
	case "0", "OFF", "FALSE":
		return false, nil
	}
	return false, base.Errorf(errno.WrongValueForVar, "Variable '%s' can't be set to the value of '%s'", name, text)
}

// allVariables lists every system variable for SHOW VARIABLES, by name.
func (s *Session) allVariables() [][]base.Value {
	names := map[string]bool{"autocommit": true, "sql_mode": true, "time_zone": true, "transaction_isolation": true,
		"transaction_read_only": true, "s3sql_user": true}
	for n := range inert {
		names[n] = true
	}
	for n := range numbers {
		names[n] = true
	}
	for n := range s.readable() {
		names[n] = true
	}
	sorted := make([]string, 0, len(names))
	for n := range names {
		sorted = append(sorted, n)
	}
	sort.Strings(sorted)
	rows := make([][]base.Value, len(sorted))
	for i, n := range sorted {
		v, _ := s.systemVar(n)
		rows[i] = []base.Value{base.NewString(n), base.NewString(v)}
	}
	return rows
}

func varcharColumn(name string) plan.Column {
	return plan.Column{Name: name, Type: base.Type{ID: base.TypeVarchar, Length: 255}, Nullable: true}
}
