package sqlengine

import (
	"context"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
)

// Stmt is a prepared statement: its text parses, and its placeholders are known. It belongs to its session.
type Stmt struct {
	s     *Session
	sql   string
	names []string
}

// Prepare parses one statement. It does not look at the tables: what they are may change before the statement runs.
//
// Errors: 1064, 1065; 1295-class for several statements in one.
func (s *Session) Prepare(_ context.Context, sql string) (*Stmt, error) {
	texts, err := split(sql)
	if err != nil {
		return nil, err
	}
	if len(texts) > 1 {
		return nil, base.Errorf(errno.UnsupportedPrepare, "This command is not supported in the prepared statement protocol yet: several statements in one")
	}
	st, err := s.e.parsed(texts[0])
	if err != nil {
		return nil, err
	}
	return &Stmt{s: s, sql: texts[0], names: st.names}, nil
}

// NumParams returns the number of arguments that Exec takes, or -1 when they are named.
func (st *Stmt) NumParams() int {
	if !allPositional(st.names) {
		return -1
	}
	return len(st.names)
}

// Exec runs the statement; see Session.Exec.
func (st *Stmt) Exec(ctx context.Context, args []Arg) (*Result, error) {
	return st.s.execList(ctx, []string{st.sql}, args)
}

// Close does nothing: plans belong to the engine's cache.
func (st *Stmt) Close() error { return nil }
