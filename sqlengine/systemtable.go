package sqlengine

import (
	"context"
	"maps"
	"slices"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/parse"
	"github.com/s3sql/s3sql/sqlengine/plan"
	"github.com/s3sql/s3sql/sqlengine/system"
	"github.com/s3sql/s3sql/storage/table"
)

// systemDDL are the tables of the schema system that are stored: they are made with the first object that needs them, and stay.
var systemDDL = map[string]string{auditLog: auditLogDDL, metricSamples: metricSamplesDDL, slowSamples: slowSamplesDDL,
	flowState: flowStateDDL, flowLog: flowLogDDL, deadLetters: deadLettersDDL}

// makeSystemTable makes a stored table of the schema system if it is not there.
func (r *run) makeSystemTable(tx *table.Tx, name string) error {
	cat, err := r.s.e.catalog.Load(r.ctx, tx)
	if err != nil || cat.SystemTable(name) != nil {
		return err
	}
	t, err := r.systemDescriptor(name, tx)
	if err != nil {
		return err
	}
	return catalog.Create(tx, t)
}

// systemDescriptor makes the descriptor of a stored table of the schema system.
func (r *run) systemDescriptor(name string, tx *table.Tx) (*catalog.Table, error) {
	stmt, err := parse.Statement(systemDDL[name])
	if err != nil {
		return nil, err
	}
	c, ok := stmt.(*ast.CreateTable)
	if !ok {
		return nil, base.Errorf(errno.Unknown, "the definition of system.%s is not a table's", name)
	}
	t, _, err := r.describe(c, tx)
	if err != nil {
		return nil, err
	}
	t.System, t.Collation = true, catalog.DefaultCollation
	return t, nil
}

// emptyTables stand for stored tables of the schema system while nothing has made them, and tell their columns.
func (e *Engine) emptyTables() []*plan.VirtualTable {
	e.empty.Do(func() {
		tx, err := e.db.Begin(context.Background(), table.TxOptions{ReadOnly: true, Fresh: table.None})
		if err != nil {
			return
		}
		defer tx.Rollback()
		r := &run{s: e.newSession(0), ctx: context.Background(), start: e.now()}
		for _, name := range slices.Sorted(maps.Keys(systemDDL)) {
			t, err := r.systemDescriptor(name, tx)
			if err != nil {
				e.cfg.Logger.Error("the definition of a system table is wrong", "table", name, "error", err)
				continue
			}
			v := &plan.VirtualTable{Schema: system.Schema, Name: name, Source: &listing{}}
			for i := range t.Columns {
				c := &t.Columns[i]
				v.Columns = append(v.Columns, plan.Column{Name: c.Name, Type: c.Type, Nullable: !c.NotNull})
			}
			e.empty.tables = append(e.empty.tables, v)
		}
	})
	return e.empty.tables
}
