package sqlengine

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/plugins/metrics"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/event"
	"github.com/s3sql/s3sql/sqlengine/parse"
	"github.com/s3sql/s3sql/storage/object"
)

// described is what the figures know of a statement.
type described struct {
	of     string // its text
	text   string // with ? in the place of constants, cut
	secret bool   // its constants may be secrets: only text is shown
	tag    object.Tag

	operation *metrics.Operation
	digest    *metrics.Digest
}

// maxDigestText bounds what is kept of a statement's text, as MySQL's max_digest_length.
const maxDigestText = 1024

// describe makes a statement known to the figures.
func (e *Engine) describe(n ast.Statement, sql string) described {
	text := parse.Normalize(sql)
	sum := sha256.Sum256([]byte(text))
	if len(text) > maxDigestText {
		text = strings.ToValidUTF8(text[:maxDigestText], "") + "…"
	}
	d := described{of: sql, text: text, tag: object.Tag{Statement: hex.EncodeToString(sum[:16]), Table: firstTable(n)}}
	switch n.(type) {
	case *ast.CreateObject, *ast.AlterObject, *ast.InstallPlugin:
		d.secret = true
	}
	table := d.tag.Table
	if strings.HasPrefix(table, "system.") { // looking at the figures is no use of a table
		table = ""
	}
	d.operation = e.metrics.Operation(operationOf(n), table)
	d.digest = e.metrics.Digest(d.tag.Statement, text)
	return d
}

// firstTable returns the name of the first table that a statement reads or writes, in lower case; "" none.
func firstTable(n ast.Statement) (name string) {
	if ins, ok := n.(*ast.Insert); ok && ins.Table != nil { // its rows may be many
		n = &ast.Truncate{Table: ins.Table}
	}
	ctes := map[string]bool{}
	ast.Inspect(n, func(node any) bool {
		switch t := node.(type) {
		case *ast.CTE:
			ctes[strings.ToLower(t.Name)] = true
		case *ast.TableName:
			lower := strings.ToLower(t.Name)
			switch {
			case name != "" || t.Schema == "" && ctes[lower]:
			case strings.EqualFold(t.Schema, "information_schema"):
			case strings.EqualFold(t.Schema, "system"):
				name = "system." + lower
			default:
				name = lower
			}
		}
		return name == ""
	})
	return name
}

// operationOf names a kind of statement.
func operationOf(n ast.Statement) string {
	switch n := n.(type) {
	case ast.Query, *ast.SelectInto, *ast.Search:
		return "select"
	case *ast.Insert:
		if n.Replace {
			return "replace"
		}
		return "insert"
	case *ast.Update:
		return "update"
	case *ast.Delete:
		return "delete"
	case *ast.LoadData:
		return "load"
	case *ast.Truncate:
		return "truncate"
	case *ast.Begin:
		return "begin"
	case *ast.Commit:
		return "commit"
	case *ast.Rollback:
		return "rollback"
	case *ast.Show, *ast.Explain, *ast.CostOf, *ast.EstimateCost:
		return "show"
	case *ast.CreateTable, *ast.AlterTable, *ast.DropTable, *ast.CreateView, *ast.DropView, *ast.RenameTables, *ast.CreateDatabase,
		*ast.CreateObject, *ast.AlterObject, *ast.DropObject:
		return "ddl"
	}
	return "other"
}

// observe counts the statement when it has ended, in whatever way.
func (r *run) observe(used Stats, written uint64, err error) {
	e := r.s.e
	if err == nil {
		r.warnBudgets(used)
	}
	r.s.spend(used.CostUSD)
	what := &e.unparsed
	if r.st != nil {
		what = &r.st.what
	}
	if !r.s.internal {
		r.measured(what, used, written, err)
		e.plugins.after(r, used, written, err)
	}
}

// observeError counts the error of a statement.
func (e *Engine) observeError(what *described, err error, at time.Time) {
	kind, state, message := "cancelled", "70100", err.Error()
	if known := (*base.Error)(nil); errors.As(err, &known) {
		kind, state, message = known.Kind.String(), known.State, known.Msg
	}
	if what.secret { // it, or the place where a text does not parse, may repeat a constant
		message = "(hidden)"
	}
	e.metrics.Error(kind, state, what.tag.Table, message, at)
	e.cfg.Events.Publish(event.Failed{TableName: what.tag.Table, Statement: what.text, Kind: kind, State: state, Message: message})
}

// transactionEnd counts a BEGIN or COMMIT that is no statement: of database/sql's BeginTx and Commit.
func (e *Engine) transactionEnd(operation string, began time.Time, err error) {
	now := e.now()
	text := strings.ToUpper(operation)
	e.metrics.Observe(e.metrics.Operation(operation, ""), e.metrics.Digest(transactionTag(operation).Statement, text),
		metrics.Statement{At: now, Took: now.Sub(began), Failed: err != nil})
}

// transactionTag is the tag of the requests of BEGIN, COMMIT and ROLLBACK.
func transactionTag(operation string) object.Tag {
	sum := sha256.Sum256([]byte(strings.ToUpper(operation)))
	return object.Tag{Statement: hex.EncodeToString(sum[:16])}
}
