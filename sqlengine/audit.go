package sqlengine

import (
	"encoding/json"
	"maps"
	"strings"
	"time"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/plugins/audit"
	"github.com/s3sql/s3sql/sqlengine/exec"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/expr/convert"
)

// auditRecord is a row of the audit log before its commit gives it a key. Texts that are nil are NULL.
type auditRecord struct {
	by                                *auditing
	table, operation                  string
	recordID                          *string
	user                              string
	at                                time.Time
	old, now                          *string
	partition, partitionKey, metadata *string
	truncated                         bool
}

// bytes is about what the record takes in a commit.
func (a *auditRecord) bytes() int {
	n := 600 // key, fixed columns and the frame of each
	for _, s := range []*string{a.recordID, a.old, a.now, a.partition, a.partitionKey, a.metadata} {
		if s != nil {
			n += len(*s) + 16
		}
	}
	return n + len(a.table) + len(a.user)
}

// auditor returns what the changes of rows of a table go to; nil: nothing.
func (r *run) auditor(t *catalog.Table) exec.Auditor {
	if r.steering == nil || len(r.steering.audits) == 0 {
		return nil
	}
	var byOp [3][]*auditing
	any := false
	for i, op := range auditOps {
		byOp[i] = r.steering.auditsOf(t, op)
		any = any || byOp[i] != nil
	}
	if !any {
		return nil
	}
	return func(c exec.RowChange) error {
		op := 1
		if c.Old == nil {
			op = 0
		} else if c.New == nil {
			op = 2
		}
		for _, a := range byOp[op] {
			if err := r.auditRow(a, t, auditOps[op], c); err != nil {
				return err
			}
		}
		return nil
	}
}

// told returns what the changes of rows of a table go to: audits, and plugins.
func (r *run) told(t *catalog.Table) exec.Auditor {
	audits, watching := r.auditor(t), r.watcher(t)
	if audits == nil {
		return watching
	}
	if watching == nil {
		return audits
	}
	return func(c exec.RowChange) error {
		if err := audits(c); err != nil {
			return err
		}
		return watching(c)
	}
}

var auditOps = [...]string{"INSERT", "UPDATE", "DELETE"}

// auditRow notes the change of a row.
func (r *run) auditRow(by *auditing, t *catalog.Table, operation string, c exec.RowChange) error {
	a := r.auditRecord(by, t.Name, operation)
	row := c.New
	if row == nil {
		row = c.Old
	}
	a.recordID = recordID(t, row)
	var err error
	if by.data {
		if a.old, err = r.auditData(&a, t, c.Old); err == nil {
			a.now, err = r.auditData(&a, t, c.New)
		}
	}
	if err == nil && by.partitions && c.Partition != "" {
		a.partition = &c.Partition
		a.partitionKey, err = jsonOf(t, row, c.PartitionColumns)
	}
	if err == nil {
		r.s.noted.trail = append(r.s.noted.trail, a)
	}
	return err
}

// auditRecord is a record of the statement, without what it is about.
func (r *run) auditRecord(by *auditing, table, operation string) auditRecord {
	id := audit.IdentityOf(r.ctx)
	if id.User == "" {
		id.User = r.s.identity.User
	}
	if id.User == "" {
		id.User = r.s.settings.user
	}
	return auditRecord{by: by, table: table, operation: strings.ToLower(operation), user: id.User, at: r.start, metadata: r.auditMetadata(id)}
}

// auditMetadata is the metadata of the session, of its transaction and of the statement's context; the last one holds.
func (r *run) auditMetadata(id audit.Identity) *string {
	if r.metadata != nil {
		return *r.metadata
	}
	all := map[string]any{}
	if text := r.s.settings.other["s3sql_metadata"]; text != "" {
		_ = json.Unmarshal([]byte(text), &all) // it was checked when it was set
	}
	maps.Copy(all, r.s.identity.Metadata)
	maps.Copy(all, id.Metadata)
	var out *string
	if len(all) > 0 {
		b, err := json.Marshal(all)
		if err != nil {
			b, _ = json.Marshal(map[string]string{"_error": "the metadata is no JSON: " + err.Error()})
		}
		out = normalJSON(string(b))
	}
	r.metadata = &out
	return out
}

func normalJSON(text string) *string {
	if s, err := convert.NormalizeJSON(text); err == nil {
		text = s
	}
	return &text
}

// auditData is a row as JSON, cut to the audit's size. The data of a cut row is a preview of its text.
func (r *run) auditData(a *auditRecord, t *catalog.Table, row []base.Value) (*string, error) {
	if row == nil {
		return nil, nil
	}
	text, err := jsonOf(t, row, nil)
	if err != nil || len(*text) <= a.by.maxData {
		return text, err
	}
	a.truncated = true
	preview, _ := audit.Cut(*text, a.by.maxData)
	return normalJSON(convert.FormatJSON(map[string]any{"_truncated": true, "_size": json.Number(expr.Format(base.NewInt(int64(len(*text))), base.Type{ID: base.TypeBigInt})),
		"_preview": preview})), nil
}

// jsonOf is a row, or some of its columns, as a JSON object. Values of ENCRYPTED columns are '***'.
func jsonOf(t *catalog.Table, row []base.Value, columns []int) (*string, error) {
	doc := map[string]any{}
	add := func(i int) error {
		c := &t.Columns[i]
		if c.Hidden || i >= len(row) {
			return nil
		}
		if c.Encrypted != "" && !row[i].IsNull() {
			doc[c.Name] = "***"
			return nil
		}
		v, err := convert.ToJSONTree(row[i], c.Type)
		if err != nil {
			return err
		}
		doc[c.Name] = v
		return nil
	}
	if columns == nil {
		for i := range t.Columns {
			if err := add(i); err != nil {
				return nil, err
			}
		}
	}
	for _, i := range columns {
		if err := add(i); err != nil {
			return nil, err
		}
	}
	return normalJSON(convert.FormatJSON(doc)), nil
}

// recordID is the primary key of a row: the value of its column, or a JSON array of several; nil of a table without.
func recordID(t *catalog.Table, row []base.Value) *string {
	var parts []any
	for _, p := range t.Primary {
		i := t.ColumnByID(p.Column)
		c := &t.Columns[i]
		switch {
		case c.Hidden:
			return nil
		case c.Encrypted != "":
			parts = append(parts, "***")
			continue
		}
		if len(t.Primary) == 1 {
			s := expr.Format(row[i], c.Type)
			return &s
		}
		v, err := convert.ToJSONTree(row[i], c.Type)
		if err != nil {
			v = expr.Format(row[i], c.Type)
		}
		parts = append(parts, v)
	}
	return normalJSON(convert.FormatJSON(parts))
}

// auditRead notes that a query has read tables, when it has ended.
func (r *run) auditRead(rows int64) {
	for _, of := range r.audited {
		a := r.auditRecord(of.by, of.table.Name, "SELECT")
		if of.by.data {
			a.now = normalJSON(convert.FormatJSON(map[string]any{"statement": r.st.what.text, "rows": json.Number(expr.Format(base.NewInt(rows), base.Type{ID: base.TypeBigInt}))}))
			if len(*a.now) > of.by.maxData {
				a.truncated = true
				preview, _ := audit.Cut(r.st.what.text, of.by.maxData)
				a.now = normalJSON(convert.FormatJSON(map[string]any{"_truncated": true, "_preview": preview}))
			}
		}
		a.recordID = of.recordID
		r.s.e.auditReads.add(a)
	}
	r.audited = nil
}

// auditedRead is a table that a query reads and an audit wants to know of.
type auditedRead struct {
	by       *auditing
	table    *catalog.Table
	recordID *string
}

// noteRead remembers which of the tables that a query reads are audited.
func (r *run) noteRead(tables []*catalog.Table) {
	if r.steering == nil || len(r.steering.audits) == 0 {
		return
	}
	seen := map[uint32]bool{}
	for _, t := range tables {
		if seen[t.ID] {
			continue
		}
		seen[t.ID] = true
		for _, a := range r.steering.auditsOf(t, "SELECT") {
			r.audited = append(r.audited, auditedRead{by: a, table: t})
		}
	}
}
