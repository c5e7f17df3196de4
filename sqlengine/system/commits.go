package system

import (
	"strings"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// CommitsShown is how many commits system.commits has: the newest.
const CommitsShown = 10_000

// Commit is a row of system.commits.
type Commit struct {
	ID               uint64
	Time             time.Time
	Writer           string
	Kinds, Tables    []string
	Transactions     int
	Written, Deleted int
	Bytes            int64
}

// commitSource is what the table asks of a session: expr.Context.Tables is one.
type commitSource interface {
	Commits(most int, f func(Commit)) error
}

// commitRows makes the rows.
type commitRows struct{}

// Rows reads the log.
func (commitRows) Rows(c *expr.Context) (out [][]base.Value, err error) {
	src, ok := c.Tables.(commitSource)
	if !ok {
		return nil, base.Errorf(errno.Unknown, "the statement has no log to describe")
	}
	err = src.Commits(CommitsShown, func(c Commit) {
		out = append(out, []base.Value{base.NewInt(int64(c.ID)), base.NewDateTime(c.Time.UnixMicro()), base.NewString(strings.Join(c.Kinds, ",")),
			base.NewString(strings.Join(c.Tables, ",")), base.NewInt(int64(c.Written)), base.NewInt(int64(c.Deleted)),
			base.NewInt(int64(c.Transactions)), base.NewInt(c.Bytes), base.NewString(c.Writer)})
	})
	return out, err
}

// Commits is system.commits: the newest CommitsShown commits whose records are still there, the oldest first.
// Cost of reading it: a LIST for each 1,000 of them and a GET for each, 64 at a time.
func Commits() *plan.VirtualTable {
	at := column("committed_at", base.TypeDateTime)
	at.Type.Scale = 6
	return &plan.VirtualTable{Schema: Schema, Name: "commits", Current: true, Source: commitRows{}, Columns: []plan.Column{
		column("commit_id", base.TypeBigInt), at, column("kind", base.TypeVarchar), column("tables", base.TypeVarchar),
		column("rows_written", base.TypeBigInt), column("rows_deleted", base.TypeBigInt), column("transactions", base.TypeBigInt),
		column("bytes", base.TypeBigInt), column("writer", base.TypeVarchar),
	}}
}
