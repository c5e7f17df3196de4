package sqlengine

import (
	"errors"
	"fmt"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/exec"
	"github.com/s3sql/s3sql/sqlengine/plan"
	"github.com/s3sql/s3sql/storage/table"
)

// loadData is LOAD DATA. The file is read anew when the statement is run again.
func (r *run) loadData(n *ast.LoadData, st *statement) (*Result, error) {
	if !n.Local {
		return nil, base.Errorf(errno.OptionPrevents, "LOAD DATA INFILE reads files of a server, and there is none: use LOAD DATA LOCAL INFILE")
	}
	if r.s.e.cfg.LocalFile == nil {
		return nil, base.Errorf(errno.LocalInfile, "Loading local data is disabled; this must be enabled on both the client and server sides: "+
			"allow '%s' with driver.RegisterLocalFile, or give it with driver.RegisterReaderHandler", n.File)
	}
	return r.write(func(tx *table.Tx) (*Result, error) { return r.load(n, st, tx) })
}

func (r *run) load(n *ast.LoadData, st *statement, tx *table.Tx) (res *Result, err error) {
	m, err := r.planMutation(st, tx)
	if err != nil {
		return nil, err
	}
	file, err := r.s.e.cfg.LocalFile(n.File)
	if err != nil {
		return nil, err
	}
	defer func() {
		if cerr := file.Close(); cerr != nil && err == nil {
			err = base.Errorf(errno.FileNotFound, "closing file '%s' failed: %v", n.File, cerr)
		}
	}()
	out, err := exec.Load(r.mutationContext(tx, m), tx, m.Stmt.(*plan.Load), file)
	if err != nil {
		var known *base.Error
		if !errors.As(err, &known) && r.ctx.Err() == nil {
			err = base.Errorf(errno.FileNotFound, "reading file '%s' failed: %v", n.File, err)
		}
		return nil, err
	}
	if out.Generated != 0 {
		r.s.lastInsertID = out.Generated
	}
	return &Result{AffectedRows: out.Affected, LastInsertID: out.LastInsertID, Info: fmt.Sprintf("Records: %d  Deleted: %d  Skipped: %d  Warnings: %d",
		out.Records, out.Affected-out.Copied, out.Records-out.Copied, r.s.warningCount)}, nil
}
