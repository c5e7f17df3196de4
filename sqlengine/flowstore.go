package sqlengine

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"time"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/plugins/replication"
	"github.com/s3sql/s3sql/plugins/replication/worker"
	"github.com/s3sql/s3sql/storage/object"
	"github.com/s3sql/s3sql/storage/table"
)

// The stored tables of replications.
const (
	flowState   = "replication_state"
	flowLog     = "replication_log"
	deadLetters = "replication_dead_letters"

	flowStateDDL = "CREATE TABLE replication_state (id INT UNSIGNED PRIMARY KEY, position TEXT, status JSON NOT NULL, retries INT UNSIGNED NOT NULL, " +
		"process CHAR(32) NOT NULL, epoch BIGINT UNSIGNED NOT NULL, updated_at DATETIME(6) NOT NULL)"
	flowLogDDL = "CREATE TABLE replication_log (at DATETIME(6) NOT NULL, replication VARCHAR(64) NOT NULL, table_name VARCHAR(64) NOT NULL, " +
		"destination VARCHAR(255) NOT NULL, operation VARCHAR(6) NOT NULL, record_id TEXT, status VARCHAR(8) NOT NULL, attempts INT NOT NULL, error TEXT, " +
		"commit_seq BIGINT UNSIGNED NOT NULL, expires_at DATETIME(6)) WITH (ttl = 'expires_at')"
	deadLettersDDL = "CREATE TABLE replication_dead_letters (replication VARCHAR(64) NOT NULL, id VARCHAR(100) NOT NULL, at DATETIME(6) NOT NULL, " +
		"table_name VARCHAR(64) NOT NULL, destination VARCHAR(255) NOT NULL, operation VARCHAR(6) NOT NULL, record_id TEXT, data JSON, error TEXT NOT NULL, " +
		"attempts INT NOT NULL, commit_seq BIGINT UNSIGNED NOT NULL, snapshot BOOLEAN NOT NULL, row_key LONGTEXT NOT NULL, PRIMARY KEY (replication, id))"
)

// flowSaved is the row of a replication in replication_state.
type flowSaved struct {
	position string
	status   worker.Status
	retries  uint32
	process  string // "": nobody runs it
	epoch    uint64
	updated  time.Time
	at       uint64 // number of the commit that wrote the table last
	there    bool
}

// flowStore is the worker.Store of a REPLICATION, for the process that has claimed it.
type flowStore struct {
	e         *Engine
	o         *catalog.Object
	epoch     uint64
	position  string // as it is stored
	retention time.Duration
}

// flowContext tags the requests of a replication's own accounts.
func (e *Engine) flowContext(ctx context.Context, name string) context.Context {
	return object.WithTag(ctx, object.Tag{Plugin: "replication", Table: "system." + name})
}

// savedFlow reads the row of a replication.
func (e *Engine) savedFlow(ctx context.Context, id uint32) (s flowSaved, err error) {
	s.at = e.stateChangedAt(ctx)
	at := s.at
	err = e.readStored(ctx, flowState, " WHERE id = "+strconv.Itoa(int(id)), func(row []base.Value) error {
		s = flowSaved{position: row[1].Text(), retries: uint32(row[3].Uint()), process: row[4].Text(), epoch: row[5].Uint(),
			updated: time.UnixMicro(row[6].Int()), at: at, there: true}
		return json.Unmarshal([]byte(row[2].Text()), &s.status)
	})
	return s, err
}

// stateChangedAt returns the number of the last commit that has written replication_state; 0 none.
func (e *Engine) stateChangedAt(ctx context.Context) (seq uint64) {
	tx, err := e.db.Begin(ctx, table.TxOptions{ReadOnly: true, Fresh: table.None})
	if err != nil {
		return 0
	}
	defer tx.Rollback()
	if cat, err := e.catalog.Load(ctx, tx); err == nil && cat.SystemTable(flowState) != nil {
		seq, _ = tx.ChangedAt(cat.SystemTable(flowState).ID)
	}
	return seq
}

// claim makes this process the one that runs a replication.
//
// Errors: ErrFenced if another one has claimed it meanwhile.
func (e *Engine) claim(ctx context.Context, o *catalog.Object, was flowSaved) (epoch uint64, err error) {
	ctx = e.flowContext(ctx, flowState)
	status, err := json.Marshal(was.status)
	if err != nil {
		return 0, err
	}
	err = e.inTx(ctx, func(s *Session) error {
		if !was.there {
			return s.do(ctx, "INSERT INTO system."+flowState+" VALUES (?, ?, ?, ?, ?, 1, ?)", []Arg{{Value: base.NewUint(uint64(o.ID))}, {}, {Value: base.NewString(string(status))},
				{Value: base.NewUint(uint64(o.Flow.Retries))}, {Value: base.NewString(e.process)}, {Value: dateTime(e.now())}})
		}
		return s.fenced(ctx, "UPDATE system."+flowState+" SET process = ?, epoch = epoch + 1, updated_at = ? WHERE id = ? AND epoch = ?",
			[]Arg{{Value: base.NewString(e.process)}, {Value: dateTime(e.now())}, {Value: base.NewUint(uint64(o.ID))}, {Value: base.NewUint(was.epoch)}})
	})
	return was.epoch + 1, err
}

// fenced runs an UPDATE that has to find a row.
func (s *Session) fenced(ctx context.Context, sql string, args []Arg) error {
	r, err := s.Exec(ctx, sql, args)
	if err != nil {
		return err
	}
	n := r.AffectedRows
	if err := r.Close(); err != nil {
		return err
	}
	if n == 0 {
		return replication.ErrFenced
	}
	return nil
}

// Save implements worker.Store.
func (f *flowStore) Save(ctx context.Context, w *worker.Saved) error {
	ctx = f.e.flowContext(ctx, flowState)
	status, err := json.Marshal(w.Status)
	if err != nil {
		return err
	}
	if w.Position != "" {
		f.position = w.Position
	}
	process := f.e.process
	if w.Status.State == "stopped" || w.Status.State == "failed" {
		process = ""
	}
	return f.e.inTx(ctx, func(s *Session) error {
		err := s.fenced(ctx, "UPDATE system."+flowState+" SET position = ?, status = ?, retries = ?, process = ?, updated_at = ? WHERE id = ? AND epoch = ?",
			[]Arg{{Value: textOrNull(f.position)}, {Value: base.NewString(string(status))}, {Value: base.NewUint(uint64(w.Retries))}, {Value: base.NewString(process)},
				{Value: dateTime(f.e.now())}, {Value: base.NewUint(uint64(f.o.ID))}, {Value: base.NewUint(f.epoch)}})
		if err == nil {
			err = f.saveLog(ctx, s, w.Log)
		}
		if err == nil {
			err = f.saveDead(ctx, s, w.Dead)
		}
		for i := 0; i < len(w.Alive) && err == nil; i++ {
			err = s.do(ctx, "DELETE FROM system."+deadLetters+" WHERE replication = ? AND id = ?",
				[]Arg{{Value: base.NewString(f.o.Name)}, {Value: base.NewString(w.Alive[i])}})
		}
		return err
	})
}

// rowsAtOnce is how many rows one INSERT of a replication's accounts has.
const rowsAtOnce = 200

func (f *flowStore) saveLog(ctx context.Context, s *Session, rows []worker.LogRow) error {
	for len(rows) > 0 {
		some := rows[:min(rowsAtOnce, len(rows))]
		rows = rows[len(some):]
		var args []Arg
		for _, r := range some {
			d := r.Item.Destination
			args = append(args, Arg{Value: dateTime(r.At)}, Arg{Value: base.NewString(f.o.Name)}, Arg{Value: base.NewString(d.Source)},
				Arg{Value: base.NewString(clip(d.Name, 255))}, Arg{Value: base.NewString(string(r.Item.Operation))}, Arg{Value: textOrNull(r.Item.RecordID)},
				Arg{Value: base.NewString(r.Status)}, Arg{Value: base.NewInt(int64(r.Attempts))}, Arg{Value: textOrNull(r.Error)},
				Arg{Value: base.NewUint(r.Item.Seq)}, Arg{Value: dateTime(r.At.Add(f.retention))})
		}
		if err := s.do(ctx, "INSERT INTO system."+flowLog+" VALUES "+valueRows(len(some), 11), args); err != nil {
			return err
		}
	}
	return nil
}

func (f *flowStore) saveDead(ctx context.Context, s *Session, rows []*worker.DeadLetter) error {
	for _, d := range rows {
		data := base.Value{}
		if d.Data != nil {
			data = base.NewString(string(d.Data))
		}
		snapshot := base.NewInt(0)
		if d.Snapshot {
			snapshot = base.NewInt(1)
		}
		args := []Arg{{Value: base.NewString(f.o.Name)}, {Value: base.NewString(d.ID)}, {Value: dateTime(d.At)}, {Value: base.NewString(d.Source)},
			{Value: base.NewString(clip(d.Destination, 255))}, {Value: base.NewString(d.Operation)}, {Value: textOrNull(d.RecordID)}, {Value: data},
			{Value: base.NewString(d.Error)}, {Value: base.NewInt(int64(d.Attempts))}, {Value: base.NewUint(d.Seq)}, {Value: snapshot},
			{Value: base.NewString(hex.EncodeToString([]byte(d.Key)))}}
		if err := s.do(ctx, "REPLACE INTO system."+deadLetters+" VALUES "+valueRows(1, 13), args); err != nil {
			return err
		}
	}
	return nil
}

// DeadLetters implements worker.Store.
//
// Errors: ErrFenced if another process has claimed the replication.
func (f *flowStore) DeadLetters(ctx context.Context) (out []*worker.DeadLetter, err error) {
	ctx = f.e.flowContext(ctx, deadLetters)
	now, err := f.e.savedFlow(ctx, f.o.ID)
	if err == nil && now.epoch > f.epoch {
		err = replication.ErrFenced
	}
	if err != nil {
		return nil, err
	}
	err = f.e.readStored(ctx, deadLetters, " WHERE replication = "+catalog.QuoteString(f.o.Name)+" ORDER BY commit_seq, at, id", func(row []base.Value) error {
		key, err := hex.DecodeString(row[12].Text())
		if err != nil {
			return base.Corruptf("", "the row_key of dead letter %s is not hexadecimal", row[1].Text())
		}
		out = append(out, &worker.DeadLetter{ID: row[1].Text(), At: time.UnixMicro(row[2].Int()).UTC(), Source: row[3].Text(), Destination: row[4].Text(),
			Operation: row[5].Text(), RecordID: row[6].Text(), Error: row[8].Text(), Attempts: int(row[9].Int()), Seq: row[10].Uint(),
			Snapshot: row[11].Int() != 0, Key: string(key)})
		return nil
	})
	return out, err
}
