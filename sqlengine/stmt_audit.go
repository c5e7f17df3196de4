package sqlengine

import (
	"errors"
	"strconv"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/expr/convert"
	"github.com/s3sql/s3sql/sqlengine/system"
	"github.com/s3sql/s3sql/storage/table"
)

// purged is the operation of rows that PURGE AUDIT has emptied, but for their hashes, because the chain goes on through them.
const purged = "purged"

// verifyAudit is VERIFY AUDIT: it follows the chain through the whole log and tells how it is, and how many rows of the audit are in it.
func (r *run) verifyAudit(n *ast.AuditAdmin) (*Result, error) {
	tx, done, err := r.readTx()
	if err != nil {
		return nil, err
	}
	r.tx = tx
	v, err := r.verify(n, tx)
	if err = errors.Join(err, done(err)); err != nil {
		return nil, err
	}
	status, at := base.NewString("ok"), base.Value{}
	if v.reason != "" {
		status, at = base.NewString("broken: "+v.reason), base.NewUint(v.broken)
	}
	id := func(n uint64) base.Value {
		if v.rows == 0 {
			return base.Value{}
		}
		return base.NewUint(n)
	}
	cols := system.Columns("audit", "s", "row_count", "i", "log_rows", "i", "first_id", "I", "last_id", "I", "unchained", "i", "status", "x", "broken_at", "I")
	return rowsResult(cols, [][]base.Value{{base.NewString(v.name), base.NewInt(int64(v.own)), base.NewInt(int64(v.rows)), id(v.first), id(v.last),
		base.NewInt(int64(v.unchained)), status, at}}), nil
}

// verification is what VERIFY AUDIT has found.
type verification struct {
	name        string
	own, rows   int
	unchained   int // rows without a hash: of audits with hash_chain = false
	first, last uint64
	prev        string
	reason      string // "": nothing is wrong
	broken      uint64
	emptied     []emptied
	cleared     map[string]int64 // by audit: what PURGE has been told, as microseconds
}

type emptied struct {
	id    uint64
	audit string
	at    int64
}

func (r *run) verify(n *ast.AuditAdmin, tx *table.Tx) (*verification, error) {
	_, o, err := r.object(auditKind.name, n.Name, tx)
	if err != nil {
		return nil, err
	}
	cat, err := r.s.e.catalog.Load(r.ctx, tx)
	if err != nil {
		return nil, err
	}
	t := cat.SystemTable(auditLog)
	v := &verification{name: o.Name, cleared: map[string]int64{}}
	err = r.auditScan(tx, func(row []base.Value) error { return v.row(t, row) })
	for _, e := range v.emptied {
		if e.at >= v.cleared[e.audit] && v.reason == "" {
			v.reason, v.broken = "the row is empty, and no PURGE AUDIT has emptied it", e.id
		}
	}
	return v, err
}

// row checks the next row.
func (v *verification) row(t *catalog.Table, row []base.Value) error {
	id := row[colID].Uint()
	if v.rows++; v.rows == 1 {
		v.first = id
		if !row[colPrevHash].IsNull() {
			v.prev = row[colPrevHash].Text()
		}
	}
	v.last = id
	name := row[colAudit].Text()
	if name == v.name {
		v.own++
	}
	prev := ""
	if !row[colPrevHash].IsNull() {
		prev = row[colPrevHash].Text()
	}
	if v.reason != "" {
		return nil
	}
	switch operation := row[colOperation].Text(); {
	case prev != v.prev:
		v.reason, v.broken = "rows before it are missing, or were changed", id
	case row[colHash].IsNull():
		v.unchained++
		return nil
	case operation == purged:
		v.emptied = append(v.emptied, emptied{id, name, row[colTimestamp].Int()})
	case auditHash(t, row) != row[colHash].Text():
		v.reason, v.broken = "the row was changed", id
	case operation == "purge":
		v.cleared[name] = max(v.cleared[name], purgedBefore(row))
	}
	v.prev = row[colHash].Text()
	return nil
}

// purgedBefore returns the time of a row about a PURGE AUDIT.
func purgedBefore(row []base.Value) int64 {
	doc, err := convert.ParseStoredJSON(row[colNewData].Text())
	m, _ := doc.(map[string]any)
	text, _ := m["before"].(string)
	if err != nil || text == "" {
		return 0
	}
	v, cerr := convert.To(base.NewString(text), base.Type{ID: base.TypeVarchar}, base.Type{ID: base.TypeDateTime, Scale: 6}, nil)
	if cerr != nil || v.IsNull() {
		return 0
	}
	return v.Int()
}

// auditScan calls fn with the rows of the log in their order.
func (r *run) auditScan(tx *table.Tx, fn func(row []base.Value) error) error {
	r.tx = tx
	return r.internalRows("SELECT * FROM system."+auditLog+" ORDER BY id", fn)
}

// purgeAudit is PURGE AUDIT name BEFORE time: the audit's rows from before go. Those among rows that stay are emptied, because the chain goes
// through them. That it was done is written into the log.
func (r *run) purgeAudit(n *ast.AuditAdmin, tx *table.Tx) (*Result, error) {
	_, o, err := r.object(auditKind.name, n.Name, tx)
	if err != nil {
		return nil, err
	}
	v, typ, err := r.evaluate(n.Before)
	if err != nil {
		return nil, err
	}
	before, _, err := expr.Assign(v, base.Type{ID: base.TypeDateTime, Scale: 6}, true, "BEFORE", 1)
	if err != nil || v.IsNull() {
		return nil, base.Errorf(errno.WrongValue, "Incorrect datetime value: '%s' for BEFORE", expr.Format(v, typ))
	}
	removed, emptied, err := r.purgeRows(o.Name, before.Int(), tx)
	if err != nil {
		return nil, err
	}
	opts, err := optionsOf(&auditKind, o)
	if err != nil {
		return nil, err
	}
	a := r.auditRecord(auditOf(o, opts), "system."+auditLog, "PURGE")
	a.now = normalJSON(convert.FormatJSON(map[string]any{"before": string(base.AppendDateTime(nil, before.Int(), 6)),
		"rows": strconv.Itoa(removed + emptied)}))
	r.s.noted.trail = append(r.s.noted.trail, a)
	return &Result{AffectedRows: uint64(removed + emptied)}, nil
}

// purgeRows removes the audit's rows at the beginning of the log, and empties those further on.
func (r *run) purgeRows(name string, before int64, tx *table.Tx) (removed, cleared int, err error) {
	cat, err := r.s.e.catalog.Load(r.ctx, tx)
	if err != nil {
		return 0, 0, err
	}
	t := cat.SystemTable(auditLog)
	if t == nil {
		return 0, 0, nil
	}
	head := true
	err = r.auditScan(tx, func(row []base.Value) error {
		own := row[colAudit].Text() == name && row[colTimestamp].Int() < before
		gone := row[colOperation].Text() == purged
		key, _ := catalog.EncodeKey(t, t.Primary, row)
		switch {
		case head && (own || gone), own && row[colHash].IsNull(): // the chain does not go through the latter
			removed++
			return tx.Delete(t.ID, key)
		}
		head = false
		if !own || gone {
			return nil
		}
		cleared++
		empty := make([]base.Value, len(row))
		for _, i := range []int{colID, colTable, colTimestamp, colTruncated, colCommitSeq, colAudit, colExpires, colPrevHash, colHash} {
			empty[i] = row[i]
		}
		empty[colOperation] = base.NewString(purged)
		enc, err := catalog.EncodeRow(t, empty, nil, "")
		if err != nil {
			return err
		}
		return tx.Update(t.ID, key, enc)
	})
	return removed, cleared, err
}
