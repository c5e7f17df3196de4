package sqlengine

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/plugins/audit"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/storage/object"
	"github.com/s3sql/s3sql/storage/table"
)

// auditRowsMax is how many audit rows one commit record may have: their number is in the lower bits of their keys.
const auditRowsMax = 1 << 20

// addTrail makes a commit write audit records. The table is created with the first AUDIT, so it is there.
//
// Errors: 1197 (more records than a commit may have); those of reading the newest row of the log.
func (e *Engine) addTrail(ctx context.Context, tx *table.Tx, records []auditRecord) (*catalog.Table, error) {
	if len(records) >= auditRowsMax/2 {
		return nil, base.Errorf(errno.RecordTooLarge, "the transaction has %d audit records, a commit holds fewer than %d: commit more often", len(records), auditRowsMax/2)
	}
	cat, err := e.catalog.Load(ctx, tx)
	if err != nil {
		return nil, err
	}
	t := cat.SystemTable(auditLog)
	if t == nil {
		return nil, base.Errorf(errno.Unknown, "there is an audit, but no table system.%s", auditLog)
	}
	if err := e.db.KeepLast(ctx, t.ID); err != nil {
		return nil, err
	}
	size := 0
	for i := range records {
		size += records[i].bytes()
	}
	tx.AddLate(t.ID, size, func(at table.LatePlace) []table.LateRow { return auditRows(t, records, at) })
	return t, nil
}

// commitWith commits a transaction with its audit records, and with those of reads that wait.
func (e *Engine) commitWith(ctx context.Context, tx *table.Tx, trail []auditRecord) (table.CommitInfo, error) {
	if len(trail) == 0 {
		return tx.Commit(ctx)
	}
	reads := e.auditReads.take()
	t, err := e.addTrail(ctx, tx, append(reads[:len(reads):len(reads)], trail...))
	var info table.CommitInfo
	if err != nil {
		tx.Rollback()
	} else {
		info, err = tx.Commit(ctx)
	}
	switch {
	case err == nil:
		e.aged([]*catalog.Table{t})
	case base.KindOf(err) != base.KindCommitUnknown:
		e.auditReads.giveBack(reads)
	}
	return info, err
}

// auditRows makes the rows of records at their place in the log. The key is the number of the commit and that of the row in it. The
// rows leave the log in its order: none expires before the one before it.
func auditRows(t *catalog.Table, records []auditRecord, at table.LatePlace) []table.LateRow {
	prev, expires := lastAudit(t, at.Last)
	forever := at.Last != "" && expires.IsNull()
	out := make([]table.LateRow, 0, len(records))
	for i := range records {
		a := &records[i]
		row := a.row(at.Seq<<20|uint64(at.N+i), at.Seq)
		if forever = forever || a.by.retention == 0; !forever {
			if own := a.at.Add(a.by.retention).UnixMicro(); expires.IsNull() || own > expires.Int() {
				expires = base.NewDateTime(own)
			}
			row[colExpires] = expires
		}
		if prev != "" {
			row[colPrevHash] = base.NewString(prev)
		}
		if a.by.chain {
			prev = auditHash(t, row)
			row[colHash] = base.NewString(prev)
		}
		key, _ := catalog.EncodeKey(t, t.Primary, row)
		enc, err := catalog.EncodeRow(t, row, nil, "")
		if err != nil { // it has no encrypted column: there is nothing that could fail
			panic("sqlengine: an audit record does not encode: " + err.Error())
		}
		out = append(out, table.LateRow{Key: key, Row: enc})
	}
	return out
}

// The columns of audit_log, as its DDL has them.
const (
	colID = iota
	colTable
	colOperation
	colRecordID
	colUser
	colTimestamp
	colOldData
	colNewData
	colPartition
	colPartitionValues
	colMetadata
	colTruncated
	colCommitSeq
	colAudit
	colExpires
	colPrevHash
	colHash
	auditColumns
)

// row is the record with its key.
func (a *auditRecord) row(id, seq uint64) []base.Value {
	text := func(s *string) base.Value {
		if s == nil {
			return base.Value{}
		}
		return base.NewString(*s)
	}
	doc := func(s *string) base.Value {
		if s == nil {
			return base.Value{}
		}
		return base.NewJSON(*s)
	}
	row := make([]base.Value, auditColumns)
	row[colID], row[colCommitSeq] = base.NewUint(id), base.NewUint(seq)
	row[colTable], row[colOperation], row[colAudit] = base.NewString(a.table), base.NewString(a.operation), base.NewString(a.by.on.Name)
	row[colRecordID], row[colTimestamp] = text(a.recordID), base.NewDateTime(a.at.UnixMicro())
	if a.user != "" {
		row[colUser] = base.NewString(a.user)
	}
	row[colOldData], row[colNewData], row[colMetadata] = doc(a.old), doc(a.now), doc(a.metadata)
	row[colPartition], row[colPartitionValues] = text(a.partition), doc(a.partitionKey)
	row[colTruncated] = base.NewInt(0)
	if a.truncated {
		row[colTruncated] = base.NewInt(1)
	}
	return row
}

// auditHash is the hash of a row of the log.
func auditHash(t *catalog.Table, row []base.Value) string {
	columns := make([]*string, 0, auditColumns)
	for i := range colPrevHash { // all but the hashes
		if row[i].IsNull() {
			columns = append(columns, nil)
			continue
		}
		s := expr.Format(row[i], t.Columns[i].Type)
		columns = append(columns, &s)
	}
	prev := ""
	if !row[colPrevHash].IsNull() {
		prev = row[colPrevHash].Text()
	}
	return audit.Hash(prev, columns)
}

// lastAudit returns what the newest row of the log hands on: the end of the chain, and when it expires.
func lastAudit(t *catalog.Table, enc string) (prev string, expires base.Value) {
	if enc == "" {
		return "", base.Value{}
	}
	row, err := catalog.DecodeRow(t, enc, nil)
	if err != nil {
		return "", base.Value{}
	}
	if expires = row[colExpires]; !row[colHash].IsNull() {
		return row[colHash].Text(), expires
	}
	if !row[colPrevHash].IsNull() {
		prev = row[colPrevHash].Text()
	}
	return prev, expires
}

// Reads are written to the log by the next audited commit, or in batches of their own.
const (
	auditReadsBatch = 100
	auditReadsWait  = time.Second
)

// auditReads gathers records of reads.
type auditReads struct {
	write  func(ctx context.Context, records []auditRecord) error
	clock  base.Clock
	logger *slog.Logger
	done   chan struct{}
	tasks  sync.WaitGroup

	readOnly bool // there is nowhere to write to
	mu       struct {
		sync.Mutex
		records []auditRecord
		waiting bool // a goroutine will write them
		closed  bool
	}
}

func (q *auditReads) open(e *Engine) {
	q.readOnly = e.cfg.ReadOnly
	q.clock, q.logger, q.done = e.cfg.Clock, e.cfg.Logger, make(chan struct{})
	q.write = func(ctx context.Context, records []auditRecord) error {
		tx, err := e.db.Begin(ctx, table.TxOptions{Fresh: table.None})
		if err != nil {
			return err
		}
		defer tx.Rollback()
		if _, err := e.addTrail(ctx, tx, records); err != nil {
			return err
		}
		_, err = tx.Commit(ctx)
		return err
	}
}

func (q *auditReads) add(a auditRecord) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.mu.closed || q.readOnly {
		return
	}
	q.mu.records = append(q.mu.records, a)
	if !q.mu.waiting {
		q.mu.waiting = true
		q.tasks.Go(q.later)
	} else if len(q.mu.records) == auditReadsBatch {
		q.tasks.Go(q.flush)
	}
}

// later writes the records after a while.
func (q *auditReads) later() {
	q.clock.Sleep(auditReadsWait, q.done)
	q.mu.Lock()
	q.mu.waiting = false
	q.mu.Unlock()
	q.flush()
}

// flush writes the records that wait.
func (q *auditReads) flush() {
	records := q.take()
	if len(records) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(object.WithTag(context.Background(), object.Tag{Table: "system." + auditLog, Plugin: "audit"}), time.Minute)
	defer cancel()
	if err := q.write(ctx, records); err != nil {
		q.logger.Warn("records of audited reads could not be written; the next ones try again", "records", strconv.Itoa(len(records)), "error", err)
		q.giveBack(records)
	}
}

// take returns the records that wait; whoever takes them writes them, or gives them back.
func (q *auditReads) take() []auditRecord {
	q.mu.Lock()
	defer q.mu.Unlock()
	records := q.mu.records
	q.mu.records = nil
	return records
}

// giveBackMost bounds the records that wait while the store cannot be written.
const giveBackMost = 10_000

func (q *auditReads) giveBack(records []auditRecord) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.mu.records = append(records, q.mu.records...)
	if n := len(q.mu.records) - giveBackMost; n > 0 {
		q.logger.Error("records of audited reads are lost: too many wait", "records", strconv.Itoa(n))
		q.mu.records = q.mu.records[n:]
	}
}

// close writes what waits.
func (q *auditReads) close() {
	q.mu.Lock()
	q.mu.closed = true
	q.mu.Unlock()
	close(q.done)
	q.tasks.Wait()
	q.flush()
}
