package sqlengine

import (
	"slices"
	"strconv"
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// varKind is the type of a system variable.
type varKind uint8

const (
	varText varKind = iota
	varBool         // shown as ON and OFF, read as 1 and 0
	varInt
	varFloat
	varEnum // one of choices
)

// varScope says where a system variable has values.
type varScope uint8

const (
	bothScopes varScope = iota
	globalScope
	sessionScope
)

// sysVar is a system variable. The values of a session start as the global ones, which are those of this process: there is no
// server to keep them.
type sysVar struct {
	name    string
	kind    varKind
	scope   varScope
	initial string // of the process
	fixed   bool   // cannot be set: error 1238
	choices []string
	min     int64 // of varInt
	max     uint64

	// get computes the value, if it is not one that SET left.
	get func(s *Session) string
	// check returns the text to keep for a value, or an error.
	check func(text string) (string, error)
	// merge returns what a value makes of the one there is; nil: it takes its place.
	merge func(now, text string) (string, error)
	// apply makes the value effective in a session, effect that of a GLOBAL variable in the process.
	apply  func(r *run, text string) error
	effect func(e *Engine, text string) error
}

// systemVars maps names to variables.
var systemVars = func() map[string]*sysVar {
	m := map[string]*sysVar{}
	for _, list := range [][]sysVar{effectiveVars(), acceptedVars(), serverVars(), computedVars()} {
		for i := range list {
			m[list[i].name] = &list[i]
		}
	}
	// The names that MySQL 8.0.3 took away and older clients still use.
	m["tx_isolation"], m["tx_read_only"] = m["transaction_isolation"], m["transaction_read_only"]
	return m
}()

// globalPrefix marks the name of a variable that is read as @@global.name.
const globalPrefix = "global."

// lookupVar returns the variable of a name as expressions write it.
func lookupVar(name string) (v *sysVar, global bool) {
	name, global = strings.CutPrefix(name, globalPrefix)
	return systemVars[name], global
}

// text returns the value of v in a session, or the global one.
func (s *Session) text(v *sysVar, global bool) string {
	if v.get != nil && (!global || v.scope == globalScope) {
		return v.get(s)
	}
	if !global && v.scope != globalScope {
		if text, ok := s.settings.other[v.name]; ok {
			return text
		}
	}
	return s.e.global(v)
}

// global returns the value that v has in the process.
func (e *Engine) global(v *sysVar) string {
	e.globals.mu.RLock()
	defer e.globals.mu.RUnlock()
	if text, ok := e.globals.mu.m[v.name]; ok {
		return text
	}
	if v.name == "transaction_isolation" && strings.EqualFold(e.cfg.Isolation, "serializable") {
		return "SERIALIZABLE"
	}
	return v.initial
}

// value converts the text of a variable to what expressions read.
func (v *sysVar) value(text string) base.Value {
	switch v.kind {
	case varBool:
		return base.NewBool(text == "ON")
	case varInt:
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return base.NewInt(n)
		}
		if n, err := strconv.ParseUint(text, 10, 64); err == nil {
			return base.NewUint(n)
		}
	case varFloat:
		if f, err := strconv.ParseFloat(text, 64); err == nil {
			return base.NewFloat(f)
		}
	}
	return base.NewString(text)
}

// assign is one SET of a system variable.
type assign struct {
	scope   string // "", "session", "global", "persist", "persist_only"
	v       *sysVar
	value   base.Value
	typ     base.Type
	initial bool // SET … = DEFAULT
}

// setSystem runs one SET of a system variable.
func (r *run) setSystem(a assign) error {
	v := a.v
	if err := v.settable(a.scope); err != nil {
		return err
	}
	text, err := r.newText(a)
	if err == nil && v.merge != nil {
		text, err = v.merge(r.s.text(v, a.scope == "global"), text)
	}
	if err != nil {
		return err
	}
	if a.scope == "global" {
		return r.s.e.setGlobal(v, text)
	}
	if v.apply != nil {
		return v.apply(r, text)
	}
	r.s.keep(v.name, text)
	return nil
}

// keep remembers a session's own value of a variable.
func (s *Session) keep(name, text string) {
	if s.settings.other == nil {
		s.settings.other = map[string]string{}
	}
	s.settings.other[name] = text
}

// settable checks that v may be set in a scope.
func (v *sysVar) settable(scope string) error {
	switch {
	case scope == "persist" || scope == "persist_only":
		return base.Errorf(errno.NotSupported, "SET %s is not supported: there is no server whose configuration could hold %s; give settings in the DSN",
			strings.ToUpper(scope), v.name)
	case v.fixed:
		return base.Errorf(errno.ReadOnlyVar, "Variable '%s' is a read only variable", v.name)
	case scope == "global" && v.scope == sessionScope:
		return base.Errorf(errno.LocalVariable, "Variable '%s' is a SESSION variable and can't be used with SET GLOBAL", v.name)
	case scope != "global" && v.scope == globalScope:
		return base.Errorf(errno.GlobalVariable, "Variable '%s' is a GLOBAL variable and should be set with SET GLOBAL", v.name)
	}
	return nil
}

// setGlobal sets the value that later sessions of this process start with.
func (e *Engine) setGlobal(v *sysVar, text string) error {
	if v.effect != nil {
		return v.effect(e, text)
	}
	e.globals.mu.Lock()
	defer e.globals.mu.Unlock()
	if e.globals.mu.m == nil {
		e.globals.mu.m = map[string]string{}
	}
	e.globals.mu.m[v.name] = text
	return nil
}

// newText checks the value of a SET and returns the text to keep.
func (r *run) newText(a assign) (_ string, err error) {
	v := a.v
	if a.initial { // the session's default is the global value, the global one's that of a new process
		if a.scope == "global" {
			return v.initial, nil
		}
		return r.s.e.global(v), nil
	}
	if a.value.IsNull() && v.kind != varText {
		return "", v.wrongValue("NULL")
	}
	text := expr.Format(a.value, a.typ)
	switch v.kind {
	case varBool:
		return v.boolText(a.value, text)
	case varInt:
		return r.intText(v, a.value)
	case varFloat:
		if c := a.value.Class(); c == base.String || c == base.Bytes {
			return "", v.wrongType()
		}
	case varEnum:
		if text, err = v.enumText(a.value, text); err != nil {
			return "", err
		}
	}
	if a.value.IsNull() {
		text = "NULL"
	}
	if v.check != nil {
		return v.check(text)
	}
	return text, nil
}

func (v *sysVar) wrongValue(text string) error {
	return base.Errorf(errno.WrongValueForVar, "Variable '%s' can't be set to the value of '%s'", v.name, text)
}

func (v *sysVar) wrongType() error {
	return base.Errorf(errno.WrongTypeForVar, "Incorrect argument type to variable '%s'", v.name)
}

func (v *sysVar) boolText(value base.Value, text string) (string, error) {
	switch strings.ToUpper(text) {
	case "1", "ON", "TRUE":
		return "ON", nil
	case "0", "OFF", "FALSE":
		return "OFF", nil
	}
	if c := value.Class(); c == base.Float || c == base.Decimal {
		return "", v.wrongType()
	}
	return "", v.wrongValue(text)
}

// intText keeps an integer inside its range, with MySQL's warning 1292 where it has to move.
func (r *run) intText(v *sysVar, value base.Value) (string, error) {
	switch value.Class() {
	case base.Int, base.Uint:
	default:
		return "", v.wrongType()
	}
	n := value.Int()
	text := strconv.FormatInt(n, 10)
	if value.Class() == base.Uint {
		text = strconv.FormatUint(uint64(n), 10)
	}
	negative := value.Class() == base.Int && n < 0
	limit := v.max
	if limit == 0 {
		limit = 1<<63 - 1
	}
	out := text
	switch {
	case negative && n < v.min, !negative && v.min > 0 && uint64(n) < uint64(v.min):
		out = strconv.FormatInt(v.min, 10)
	case !negative && uint64(n) > limit:
		out = strconv.FormatUint(limit, 10)
	}
	if out != text {
		r.s.warn(base.Errorf(errno.WrongValue, "Truncated incorrect %s value: '%s'", v.name, text))
	}
	return out, nil
}

// enumText returns the choice that a value names, by its text or its number.
func (v *sysVar) enumText(value base.Value, text string) (string, error) {
	if value.Class() == base.Int || value.Class() == base.Uint {
		if n := value.Int(); n >= 0 && n < int64(len(v.choices)) {
			return v.choices[n], nil
		}
	}
	for _, c := range v.choices {
		if strings.EqualFold(c, text) {
			return c, nil
		}
	}
	return "", v.wrongValue(text)
}

// variableNames returns the names of the variables that SHOW VARIABLES lists for a scope, in order.
func variableNames(global bool) []string {
	out := make([]string, 0, len(systemVars))
	for name, v := range systemVars {
		if name == v.name && !(global && v.scope == sessionScope) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}
