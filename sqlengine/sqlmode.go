package sqlengine

import (
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
)

const defaultSQLMode = "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"

// sqlModes are the SQL modes in the order in which MySQL writes them, and whether a session can have them: the others would
// change what statements mean and are refused (MySQL 8.0 manual, "Server SQL Modes").
var sqlModes = []struct {
	name string
	ok   bool
}{
	{"REAL_AS_FLOAT", false}, {"PIPES_AS_CONCAT", false}, {"ANSI_QUOTES", false}, {"IGNORE_SPACE", true}, {"ONLY_FULL_GROUP_BY", true},
	{"NO_UNSIGNED_SUBTRACTION", false}, {"NO_DIR_IN_CREATE", true}, {"ANSI", false}, {"NO_AUTO_VALUE_ON_ZERO", true},
	{"NO_BACKSLASH_ESCAPES", false}, {"STRICT_TRANS_TABLES", true}, {"STRICT_ALL_TABLES", true}, {"NO_ZERO_IN_DATE", true},
	{"NO_ZERO_DATE", true}, {"ALLOW_INVALID_DATES", false}, {"ERROR_FOR_DIVISION_BY_ZERO", true}, {"TRADITIONAL", true},
	{"HIGH_NOT_PRECEDENCE", false}, {"NO_ENGINE_SUBSTITUTION", true}, {"PAD_CHAR_TO_FULL_LENGTH", false},
	{"TIME_TRUNCATE_FRACTIONAL", false},
}

// combinedModes are the modes that stand for several.
var combinedModes = map[string]string{
	"ANSI":        "REAL_AS_FLOAT,PIPES_AS_CONCAT,ANSI_QUOTES,IGNORE_SPACE,ONLY_FULL_GROUP_BY",
	"TRADITIONAL": "STRICT_TRANS_TABLES,STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION",
}

// checkSQLMode returns a list of modes as MySQL shows it.
func checkSQLMode(text string) (string, error) {
	asked := map[string]bool{}
	for _, m := range strings.Split(strings.ToUpper(text), ",") {
		if m = strings.TrimSpace(m); m == "" {
			continue
		}
		asked[m] = true
		for _, part := range strings.Split(combinedModes[m], ",") {
			asked[part] = true
		}
	}
	delete(asked, "")
	var out []string
	for _, m := range sqlModes {
		if !asked[m.name] {
			continue
		}
		if !m.ok {
			return "", base.Errorf(errno.NotSupported, "SQL mode %s is not supported; docs/compatibility.md lists what is", m.name)
		}
		delete(asked, m.name)
		out = append(out, m.name)
	}
	for m := range asked {
		return "", base.Errorf(errno.WrongValueForVar, "Variable 'sql_mode' can't be set to the value of '%s'", m)
	}
	return strings.Join(out, ","), nil
}

// setMode makes a list of modes, as checkSQLMode returns it, effective.
func (st *settings) setMode(text string) {
	st.sqlMode = text
	st.strict = strings.Contains(text, "STRICT_")
	st.zeroIsValue = strings.Contains(text, "NO_AUTO_VALUE_ON_ZERO")
	st.divByZero = strings.Contains(text, "ERROR_FOR_DIVISION_BY_ZERO")
}
