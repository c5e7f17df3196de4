package sqlengine

import (
	"errors"
	"fmt"
	"io"
	"reflect"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/exec"
	"github.com/s3sql/s3sql/sqlengine/expr/convert"
	"github.com/s3sql/s3sql/sqlengine/plan"
	"github.com/s3sql/s3sql/storage/table"
)

// loadData is LOAD DATA. The file is opened anew when the statement loses to another transaction and is run again.
func (r *run) loadData(n *ast.LoadData, st *statement) (*Result, error) {
	if !n.Local {
		return nil, base.Errorf(errno.OptionPrevents, "LOAD DATA INFILE reads files of a server, and there is none: use LOAD DATA LOCAL INFILE")
	}
	if r.s.e.cfg.LocalFile == nil {
		return nil, base.Errorf(errno.LocalInfile, "Loading local data is disabled: nothing gives the engine the file '%s'", n.File)
	}
	var used io.Reader
	return r.write(func(tx *table.Tx) (res *Result, err error) {
		m, err := r.planMutation(st, tx)
		if err != nil {
			return nil, err
		}
		file, err := r.s.e.cfg.LocalFile(n.File)
		if err != nil {
			return nil, openFailed(n.File, err)
		}
		defer func() {
			if cerr := file.Close(); cerr != nil && err == nil {
				err = base.Errorf(errno.FileNotFound, "closing file '%s' failed: %v", n.File, cerr)
			}
		}()
		if same(used, file) {
			return nil, base.Errorf(errno.FileNotFound, "file '%s' cannot be read again after a conflict with another transaction: "+
				"what opens it has to return a new reader each time", n.File)
		}
		used = file
		return r.load(m, tx, file)
	})
}

// same reports whether a reader was given twice: its data would be loaded in part, or not at all.
func same(a, b io.Reader) bool {
	return a != nil && reflect.TypeOf(a) == reflect.TypeOf(b) && reflect.ValueOf(a).Comparable() && a == b
}

func openFailed(name string, err error) error {
	var known *base.Error
	if errors.As(err, &known) {
		return err
	}
	return base.Errorf(errno.FileNotFound, "opening file '%s' failed: %v", name, err)
}

func (r *run) load(m *plan.Mutation, tx *table.Tx, file io.Reader) (*Result, error) {
	vars := map[string]base.Value{}
	out, err := exec.Load(r.mutationContext(tx, m), tx, m.Stmt.(*plan.Load), file, vars)
	if err != nil {
		return nil, err
	}
	for name, v := range vars {
		r.s.setUserVar(name, v, convert.NaturalType(v))
	}
	if out.Generated != 0 {
		r.s.lastInsertID = out.Generated
	}
	// The OK packet of LOAD DATA has no id; LAST_INSERT_ID() tells the first that was generated.
	return &Result{AffectedRows: out.Affected, Info: fmt.Sprintf("Records: %d  Deleted: %d  Skipped: %d  Warnings: %d",
		out.Records, out.Affected-out.Copied, out.Records-out.Copied, r.s.warningCount)}, nil
}
