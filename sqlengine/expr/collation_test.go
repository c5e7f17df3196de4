package expr

import (
	"errors"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
)

// TestMixCollations has the rules of MySQL's manual, "Collation Coercibility in Expressions".
func TestMixCollations(t *testing.T) {
	t.Parallel()
	const general, ai, bin = "utf8mb4_general_ci", "utf8mb4_0900_ai_ci", "utf8mb4_bin"
	column := func(name string) Expr { return Column(0, textType(name), "c", true) }
	literal := Const(base.NewString("x"), typeVarchar(1, ""))
	explicit := func(e Expr, name string) Expr {
		out, err := Collate(e, name)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	call := func(name string, args ...Expr) Expr {
		out, err := Call(name, args...)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	number := Const(base.NewInt(1), typeInt)
	for _, c := range []struct {
		name string
		args []Expr
		want string // "!" an error
	}{
		{"a column and a literal", []Expr{column(general), literal}, general},
		{"a literal and a column", []Expr{literal, column(general)}, general},
		{"a column by default and a literal", []Expr{column(""), literal}, ""},
		{"two columns alike", []Expr{column(ai), column(ai)}, ai},
		{"two columns that differ", []Expr{column(ai), column(general)}, "!"},
		{"by bytes wins", []Expr{column(ai), column(bin)}, bin},
		{"by bytes by default wins", []Expr{column(""), column(ai)}, ""},
		{"COLLATE wins over a column", []Expr{column(general), explicit(literal, ai)}, ai},
		{"COLLATE of the default wins too", []Expr{column(general), explicit(literal, "utf8mb4_0900_bin")}, "utf8mb4_0900_bin"},
		{"folded COLLATE wins", []Expr{column(general), Fold(explicit(literal, bin))}, bin},
		{"two COLLATE", []Expr{explicit(column(general), ai), explicit(literal, bin)}, "!"},
		{"a function of a column", []Expr{call("UPPER", column(general)), literal}, general},
		{"a function of COLLATE", []Expr{call("CONCAT", literal, explicit(literal, ai)), column(general)}, ai},
		{"numbers have no say", []Expr{number, column(general)}, general},
		{"NULL has no say", []Expr{Const(base.Value{}, base.Type{}), column(general)}, general},
		{"literals alone", []Expr{literal, literal}, ""},
		{"a number as text", []Expr{call("CONCAT", number), column(general)}, general},
	} {
		got, err := mixCollations("=", c.args...)
		if c.want == "!" {
			var e *base.Error
			if !errors.As(err, &e) || e.Number != 1267 {
				t.Errorf("%s: %q, error %v, want 1267", c.name, got, err)
			}
		} else if err != nil || got != c.want {
			t.Errorf("%s: %q, %v, want %q", c.name, got, err, c.want)
		}
	}
}
