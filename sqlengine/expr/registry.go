package expr

import (
	"sort"
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/internal/suggest"
)

// registry holds every operator and function by its name in upper case. It is built once and never changed.
var registry map[string]*function

func init() {
	registry = map[string]*function{}
	for _, table := range [][]*function{compareFunctions, logicFunctions, arithFunctions, matchFunctions, controlFunctions,
		dateFunctions, clockFunctions, infoFunctions, stringFunctions, textFunctions, mathFunctions, jsonFunctions,
		setFunctions, formatFunctions, netFunctions, uuidFunctions, cryptFunctions, miscFunctions, timeFunctions, lockFunctions,
		jsonModifyFunctions, jsonSearchFunctions, jsonValueFunctions, jsonSchemaFunctions, regexpFunctions, vectorFunctions} {
		for _, f := range table {
			registry[f.name] = f
		}
	}
	for alias, name := range aliases {
		if f := registry[name]; f != nil {
			registry[alias] = f
		}
	}
}

// aliases are other names of functions.
var aliases = map[string]string{
	"!=": "<>", "MOD": "%", "RLIKE": "REGEXP", "UCASE": "UPPER", "LCASE": "LOWER", "SUBSTR": "SUBSTRING",
	"MID": "SUBSTRING", "CHARACTER_LENGTH": "CHAR_LENGTH", "OCTET_LENGTH": "LENGTH", "POSITION": "LOCATE",
	"SHA": "SHA1", "CEIL": "CEILING", "POWER": "POW", "DAYOFMONTH": "DAY", "CURRENT_TIMESTAMP": "NOW", "LOCALTIME": "NOW",
	"LOCALTIMESTAMP": "NOW", "CURRENT_DATE": "CURDATE", "CURRENT_TIME": "CURTIME", "SCHEMA": "DATABASE",
	"SESSION_USER": "USER", "SYSTEM_USER": "USER", "->": "JSON_EXTRACT", "TO_VECTOR": "STRING_TO_VECTOR", "FROM_VECTOR": "VECTOR_TO_STRING",
	"VECTOR_DISTANCE": "DISTANCE", "JSON_MERGE": "JSON_MERGE_PRESERVE",
}

// IsFunction reports whether a scalar function or operator of the name exists.
func IsFunction(name string) bool { return registry[strings.ToUpper(name)] != nil }

// Functions returns the names of all scalar functions, sorted.
func Functions() []string {
	var out []string
	for name := range registry {
		if name[0] >= 'A' && name[0] <= 'Z' && !strings.Contains(name, " ") {
			out = append(out, name)
		}
	}
	sort.Strings(out)
	return out
}

func unknownFunction(name string) error {
	hint := ""
	if near := suggest.Nearest(name, Functions()); near != "" {
		hint = "; did you mean " + near + "?"
	}
	return base.Errorf(errno.FuncNotExist, "FUNCTION %s does not exist%s", name, hint)
}

// Signatures shared by the tables.

func always(t base.Type, k kernel) func(*call) error {
	return func(c *call) error {
		c.typ, c.eval = t, k
		return nil
	}
}

// typed converts the operands to the given types, the last of which repeats, and sets the result type.
func typed(result base.Type, k kernel, operands ...base.Type) func(*call) error {
	return func(c *call) error {
		for i := range c.in {
			c.in[i] = implicit(c.in[i], operands[min(i, len(operands)-1)])
		}
		c.typ, c.eval = result, k
		return nil
	}
}

// text makes operand i a string, unless it is binary.
func (c *call) text(i int) {
	switch t := c.in[i].Type(); {
	case t.ID == base.TypeBit:
		c.in[i] = implicit(c.in[i], base.Type{ID: base.TypeVarbinary, Length: (t.Length + 7) / 8})
	case !isBinary(t) || t.ID == base.TypeUUID:
		c.in[i] = implicit(c.in[i], typeVarchar(textLength(t), collationOf(t)))
	}
}

// number makes operand i a number.
func (c *call) number(i int) {
	t := c.in[i].Type()
	if k := hexNumber(c.in[i], typeUint); k != nil {
		c.in[i] = k
		return
	}
	c.in[i] = implicit(c.in[i], numberType(t))
}
