package lint

import (
	"fmt"
	"go/ast"
	"path"
	"strconv"
	"strings"
	"testing"
)

const (
	takeClock  = "take a base.Clock, so that a test or a simulation owns time"
	takeRand   = "take a base.Rand, so that a seed repeats a run"
	takeWriter = "return the text or take an io.Writer: the library writes nothing by itself"
	returnErr  = "return an error: the library never ends the program"
	takeLogger = "take a *slog.Logger"
)

// forbidden are the names of the standard library that no layer uses, by import path, and what to do instead.
var forbidden = map[string]map[string]string{
	"time": {"Now": takeClock, "Since": takeClock, "Until": takeClock, "Sleep": takeClock, "After": takeClock, "Tick": takeClock,
		"NewTimer": takeClock, "NewTicker": takeClock, "AfterFunc": takeClock},
	"fmt": {"Print": takeWriter, "Printf": takeWriter, "Println": takeWriter},
	"os":  {"Exit": returnErr, "Stdout": takeWriter, "Stderr": takeWriter, "Stdin": takeWriter},
	"log": {"Print": takeLogger, "Printf": takeLogger, "Println": takeLogger, "Fatal": returnErr, "Fatalf": returnErr,
		"Fatalln": returnErr, "Panic": returnErr, "Panicf": returnErr, "Panicln": returnErr, "Default": takeLogger},
}

// forbiddenImports are the sources of randomness and ids.
var forbiddenImports = map[string]string{
	"math/rand": takeRand, "math/rand/v2": takeRand, "crypto/rand": takeRand,
	"github.com/google/uuid": takeRand, "github.com/gofrs/uuid": takeRand,
}

// programs own their time, output and end; internal/base is where time and randomness come from.
var programs = []string{"internal/base", "cmd", "examples", "conformance"}

// TestTimeRandomnessAndOutput keeps time and randomness in internal/base and output out of the library.
func TestTimeRandomnessAndOutput(t *testing.T) {
	t.Parallel()
	for _, f := range parsed(t) {
		if !under(f.dir, programs) {
			report(t, checkCalls(f))
		}
	}
}

func checkCalls(f *file) (problems []string) {
	if f.test {
		return nil
	}
	imported := map[string]map[string]string{} // by the name the file uses
	for _, i := range f.syntax.Imports {
		p, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			return []string{f.at(i) + ": " + err.Error()}
		}
		if instead := forbiddenImports[p]; instead != "" {
			problems = append(problems, fmt.Sprintf("%s: imports %s: %s", f.at(i), p, instead))
		}
		name := path.Base(p)
		if i.Name != nil {
			name = i.Name.Name
		}
		if forbidden[p] != nil {
			imported[name] = forbidden[p]
		}
		if name == "." {
			problems = append(problems, f.at(i)+": a dot import hides where names come from: import "+p+" by its name")
		}
	}
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		if problem := checkName(n, imported); problem != "" {
			problems = append(problems, f.at(n)+": "+problem)
		}
		return true
	})
	return problems
}

// checkName looks for any use of a name, called or passed on.
func checkName(n ast.Node, imported map[string]map[string]string) string {
	switch n := n.(type) {
	case *ast.SelectorExpr:
		if pkg, ok := n.X.(*ast.Ident); ok {
			if instead := imported[pkg.Name][n.Sel.Name]; instead != "" {
				return pkg.Name + "." + n.Sel.Name + ": " + instead
			}
		}
	case *ast.CallExpr:
		if fn, ok := n.Fun.(*ast.Ident); ok && (fn.Name == "print" || fn.Name == "println") {
			return fn.Name + ": " + takeWriter
		}
	}
	return ""
}

// unfinished are the marks of work that was left lying; the first letters are apart so that they do not find themselves.
var unfinished = []string{"TO" + "DO", "FIX" + "ME", "X" + "XX:"}

func TestNothingIsLeftUnfinished(t *testing.T) {
	t.Parallel()
	for _, f := range parsed(t) {
		report(t, checkUnfinished(f))
	}
}

func checkUnfinished(f *file) (problems []string) {
	for _, g := range f.syntax.Comments {
		for _, mark := range unfinished {
			if strings.Contains(rawComment(g), mark) {
				problems = append(problems, fmt.Sprintf("%s: a comment says %s: do it, or write down in docs/ what is planned", f.at(g), mark))
			}
		}
	}
	return problems
}
