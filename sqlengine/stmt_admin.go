package sqlengine

import (
	"hash/crc32"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/exec"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
	"github.com/s3sql/s3sql/storage/table"
)

// adminColumns are those of ANALYZE, CHECK, OPTIMIZE and REPAIR TABLE.
func adminColumns() []plan.Column {
	cols := columns("Table", "Op", "Msg_type", "Msg_text")
	cols[0].Type.Length, cols[1].Type.Length, cols[2].Type.Length = 128, 10, 10
	cols[3].Type = base.Type{ID: base.TypeMediumText}
	return cols
}

// tableAdmin runs ANALYZE, CHECK, CHECKSUM, OPTIMIZE and REPAIR TABLE.
func (r *run) tableAdmin(n *ast.TableAdmin) (*Result, error) {
	tx, done, err := r.readTx()
	if err != nil {
		return nil, err
	}
	res, err := r.adminRows(n, tx)
	if derr := done(err); err == nil {
		err = derr
	}
	return res, err
}

func (r *run) adminRows(n *ast.TableAdmin, tx *table.Tx) (*Result, error) {
	if n.Kind == "CHECKSUM" {
		return r.checksum(n, tx)
	}
	var rows [][]base.Value
	for _, name := range n.Tables {
		label := r.s.e.cfg.Database + "." + name.Name
		add := func(kind, text string) { rows = append(rows, texts(label, lowerOp[n.Kind], kind, text)) }
		t, err := r.table(name, tx)
		if err != nil {
			if base.KindOf(err) != base.KindInvalid {
				return nil, err
			}
			add("Error", err.Error())
			add("status", "Operation failed")
			continue
		}
		label = r.s.e.cfg.Database + "." + t.Name
		switch n.Kind {
		case "OPTIMIZE":
			if err := r.sweepFirst(t); err != nil {
				return nil, err
			}
			if err := r.optimize(t.PartTables()); err != nil {
				return nil, err
			}
		case "REPAIR":
			add("note", "The storage engine for the table doesn't support repair")
			continue
		case "CHECK":
			problems, err := r.checkTable(t, tx)
			if err != nil {
				return nil, err
			}
			for _, problem := range problems {
				add("error", problem)
			}
			if problems != nil {
				add("error", "Corrupt")
				continue
			}
		}
		add("status", "OK")
	}
	return rowsResult(adminColumns(), rows), nil
}

// optimize flushes and merges the segments of tables or partitions, and of their indexes.
func (r *run) optimize(parts []*catalog.Table) error {
	for _, part := range parts {
		ids := []uint32{part.ID}
		for i := range part.Indexes {
			ids = append(ids, part.Indexes[i].ID)
		}
		for _, id := range ids {
			if id >= table.LocalFirst {
				continue // a temporary table has no segments
			}
			if err := r.s.e.db.Optimize(r.ctx, id); err != nil {
				return err
			}
		}
	}
	return nil
}

// partitionAdmin is ANALYZE, CHECK, OPTIMIZE and REPAIR PARTITION.
func (r *run) partitionAdmin(t *catalog.Table, x *ast.AlterPartitions, tx *table.Tx) (*Result, error) {
	label := r.s.e.cfg.Database + "." + t.Name
	var rows [][]base.Value
	add := func(kind, text string) { rows = append(rows, texts(label, lowerOp[x.Op], kind, text)) }
	if t.Partitioning == nil {
		add("Error", partitionManagement().Error())
		add("status", "Operation failed")
		return rowsResult(adminColumns(), rows), nil
	}
	list, err := (&alteration{old: t}).partitionList(x.Names, x.All, label)
	if err != nil {
		add("error", err.Error())
		return rowsResult(adminColumns(), rows), nil
	}
	switch x.Op {
	case "OPTIMIZE":
		for _, i := range list {
			if err := r.optimize(t.PartTables()[i : i+1]); err != nil {
				return nil, err
			}
		}
	case "REPAIR":
		add("note", "The storage engine for the table doesn't support repair")
		return rowsResult(adminColumns(), rows), nil
	case "CHECK":
		for _, i := range list {
			problems, err := r.checkPart(t, t.PartTables()[i], tx)
			if err != nil {
				return nil, err
			}
			if problems != nil {
				add("error", "Partition "+t.Partitioning.Parts[i].Name+" returned error")
				for _, problem := range problems {
					add("error", problem)
				}
				return rowsResult(adminColumns(), rows), nil
			}
		}
	}
	add("status", "OK")
	return rowsResult(adminColumns(), rows), nil
}

// lowerOp is the Op column.
var lowerOp = map[string]string{"ANALYZE": "analyze", "CHECK": "check", "OPTIMIZE": "optimize", "REPAIR": "repair"}

// eachRow calls fn with every row of a table, in key order within each partition: one value for each column of the descriptor.
// The row is valid during the call.
func (r *run) eachRow(t *catalog.Table, tx *table.Tx, fn func(row []base.Value) error) error {
	for _, part := range t.PartTables() {
		if err := r.eachPartRow(part, tx, fn); err != nil {
			return err
		}
	}
	return nil
}

// eachPartRow is eachRow for one partition, as catalog.Table.PartTables describes it, or for a table without any.
func (r *run) eachPartRow(t *catalog.Table, tx *table.Tx, fn func(row []base.Value) error) error {
	if t.Partitioning != nil {
		alone := *t
		alone.Partitioning = nil
		t = &alone
	}
	scan := &plan.Scan{Table: t, Alias: t.Name}
	for i := range t.Columns {
		c := &t.Columns[i]
		scan.Cols = append(scan.Cols, i)
		scan.Out = append(scan.Out, plan.Column{Name: c.Name, Type: c.Type, Nullable: !c.NotNull})
	}
	if t.HasVirtual() {
		rules, err := plan.TableRules(r.s.planEnv(nil, tx, nil), t)
		if err != nil {
			return err
		}
		for _, g := range rules.Generated {
			if t.Columns[g.Column].Virtual() {
				scan.Virtual = append(scan.Virtual, g)
			}
		}
	}
	op, err := exec.Build(scan, r.execContext(tx, 0))
	if err != nil {
		return err
	}
	err = op.Open()
	row := make([]base.Value, len(scan.Cols))
	for err == nil {
		b, nerr := op.Next()
		if err = nerr; b == nil || err != nil {
			break
		}
		for k := 0; k < b.Rows() && err == nil; k++ {
			for i, col := range b.Cols {
				row[i] = col.Value(b.Row(k))
			}
			err = fn(row)
		}
	}
	return firstError(err, op.Close())
}

// checksum is CHECKSUM TABLE: the CRC-32 of the rows as text, in key order. Equal tables have equal sums; a table that is not
// there has none.
func (r *run) checksum(n *ast.TableAdmin, tx *table.Tx) (*Result, error) {
	cols := columns("Table", "Checksum")
	cols[0].Type.Length, cols[1].Type = 128, base.Type{ID: base.TypeBigInt}
	var rows [][]base.Value
	for _, name := range n.Tables {
		t, err := r.table(name, tx)
		if err != nil {
			if base.KindOf(err) != base.KindInvalid {
				return nil, err
			}
			r.s.fail(err)
			rows = append(rows, []base.Value{base.NewString(r.s.e.cfg.Database + "." + name.Name), {}})
			continue
		}
		sum := uint32(0)
		err = r.eachRow(t, tx, func(row []base.Value) error {
			for i, v := range row {
				if t.Columns[i].Hidden {
					continue
				}
				text := "\x00"
				if !v.IsNull() {
					text = "\x01" + expr.Format(v, t.Columns[i].Type) + "\x00"
				}
				sum = crc32.Update(sum, crc32.IEEETable, []byte(text))
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		rows = append(rows, []base.Value{base.NewString(r.s.e.cfg.Database + "." + t.Name), base.NewInt(int64(sum))})
	}
	return rowsResult(cols, rows), nil
}

// kill is KILL: it stops the statement of another session of this process, and the session.
func (r *run) kill(n *ast.Kill) (*Result, error) {
	v, t, err := r.evaluate(n.ID)
	if err != nil {
		return nil, err
	}
	if c := v.Class(); c != base.Int && c != base.Uint {
		return nil, base.Errorf(errno.NoSuchThread, "Unknown thread id: %s", expr.Format(v, t))
	}
	p := r.s.e.processes.get(uint64(v.Int()))
	if p == nil {
		return nil, base.Errorf(errno.NoSuchThread, "Unknown thread id: %d", v.Int())
	}
	p.kill(n.Query)
	if p == r.s.process {
		return nil, interrupted()
	}
	return &Result{}, nil
}

// lockTables is LOCK TABLES: it commits, as in MySQL, and checks that the tables are there. Nothing waits: what two sessions
// write at once is decided when they commit.
func (r *run) lockTables(n *ast.LockTables) (*Result, error) {
	if err := r.commitTx(); err != nil {
		return nil, err
	}
	tx, done, err := r.readTx()
	if err != nil {
		return nil, err
	}
	for _, name := range n.Tables {
		if _, _, terr := r.tableOf(name, tx); err == nil {
			err = terr
		}
	}
	if err = firstError(err, done(err)); err != nil {
		return nil, err
	}
	r.s.locked = true
	return &Result{}, nil
}

// unlockTables is UNLOCK TABLES, which commits if LOCK TABLES came before.
func (r *run) unlockTables() (*Result, error) {
	if !r.s.locked {
		return &Result{}, nil
	}
	r.s.locked = false
	return &Result{}, r.commitTx()
}

// flush commits, as in MySQL. There is nothing to write out: a commit is in the store when it returns.
func (r *run) flush(n *ast.Flush) (*Result, error) {
	if err := r.commitTx(); err != nil || len(n.Tables) == 0 {
		return &Result{}, err
	}
	tx, done, err := r.readTx()
	if err != nil {
		return nil, err
	}
	for _, name := range n.Tables {
		if _, _, terr := r.tableOf(name, tx); err == nil {
			err = terr
		}
	}
	return &Result{}, firstError(err, done(err))
}

// do is DO.
func (r *run) do(n *ast.Do) (*Result, error) {
	for _, e := range n.Exprs {
		if _, _, err := r.evaluate(e); err != nil {
			return nil, err
		}
	}
	return &Result{}, nil
}
