package sqlengine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/s3sql/s3sql/plugins"
	"github.com/s3sql/s3sql/plugins/replication"
	"github.com/s3sql/s3sql/sqlengine"
	"github.com/s3sql/s3sql/storage/object/mem"
)

// sink is a target that keeps what it is given, and does what a test says.
type sink struct {
	mu       sync.Mutex
	position string // of a transactional one
	prepared []string
	got      []string
	refuse   map[string]error // by destination/record id
	down     error
	calls    int
}

// sinks are the targets of tests, by their addresses.
var sinks sync.Map

func init() {
	options := []plugins.Option{{Name: "token", Type: plugins.Secret}, {Name: "flavour", Default: "plain", Values: []string{"plain", "sweet"}}}
	open := func(_ context.Context, c replication.Config) (replication.Target, error) {
		s, ok := sinks.Load(c.Address)
		if !ok {
			return nil, replication.Permanent(errors.New("there is no sink " + c.Address))
		}
		return s.(*sink), nil
	}
	replication.Register("SINK", replication.Definition{Options: options, Before: true, Open: open})
	replication.Register("LEDGER", replication.Definition{Options: options, Open: func(ctx context.Context, c replication.Config) (replication.Target, error) {
		t, err := open(ctx, c)
		if err != nil {
			return nil, err
		}
		return &ledgerSink{t.(*sink)}, nil
	}})
}

func newSink(t *testing.T) *sink {
	s := &sink{refuse: map[string]error{}}
	sinks.Store(t.Name(), s)
	return s
}

func (s *sink) Prepare(_ context.Context, all []*replication.Destination) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.prepared = nil
	for _, d := range all {
		line := d.Source + ">" + d.Name
		for i, c := range d.Columns {
			line += fmt.Sprintf(" %s:%s", c.Name, c.SQLType)
			for _, k := range d.Key {
				if k == i {
					line += "!"
				}
			}
		}
		s.prepared = append(s.prepared, line)
	}
	return nil
}

func (s *sink) Apply(_ context.Context, b *replication.Batch) error { return s.apply(b, false) }

func (s *sink) apply(b *replication.Batch, whole bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if s.down != nil {
		return s.down
	}
	bad := &replication.Rejected{Records: map[int]error{}}
	var lines []string
	for _, d := range b.Reset {
		lines = append(lines, "reset "+d.Name)
	}
	for i, r := range b.Records {
		if err := s.refuse[r.Destination.Name+"/"+r.RecordID]; err != nil {
			bad.Records[i] = err
			continue
		}
		line := fmt.Sprintf("%s %s %s %v", r.Operation, r.Destination.Name, r.RecordID, r.Data)
		if r.Snapshot {
			line = "copy" + strings.TrimPrefix(line, "insert")
		}
		if r.Before != nil {
			line += fmt.Sprintf(" was %v", r.Before)
		}
		lines = append(lines, line)
	}
	if len(bad.Records) > 0 && whole {
		return bad
	}
	s.got = append(s.got, lines...)
	if len(bad.Records) > 0 {
		return bad
	}
	return nil
}

func (s *sink) Check(context.Context, []*replication.Destination) []replication.Check {
	return []replication.Check{{What: "connection", Note: "as always"}, {What: "permissions", Err: errors.New("none")}}
}

func (s *sink) Close() error { return nil }

// take returns what has come since the last call.
func (s *sink) take() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := strings.Join(s.got, "\n")
	s.got = nil
	return out
}

func (s *sink) set(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// ledgerSink is a sink that keeps its position.
type ledgerSink struct{ *sink }

func (s *ledgerSink) Apply(ctx context.Context, b *replication.Batch) error {
	if p, _ := s.Position(ctx); p != b.From {
		return replication.ErrFenced
	}
	err := s.apply(b, true)
	if err == nil {
		s.set(func() { s.position = b.To })
	}
	return err
}

func (s *ledgerSink) Position(context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.position, nil
}

func (s *ledgerSink) SetPosition(_ context.Context, from, to string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.position != from {
		return replication.ErrFenced
	}
	s.position = to
	return nil
}

// delivered runs a replication until it has caught up, and compares what has come.
func delivered(t *testing.T, s *sqlengine.Session, to *sink, name string, want ...string) {
	t.Helper()
	must(t, s, "RUN REPLICATION "+name+" UNTIL CAUGHT UP")
	if got := to.take(); got != strings.Join(want, "\n") {
		t.Errorf("delivered\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

// TestReplication follows rows through all that can be said of a replication.
func TestReplication(t *testing.T) {
	t.Parallel()
	for _, target := range []string{"SINK", "LEDGER"} {
		t.Run(target, func(t *testing.T) {
			t.Parallel()
			to := newSink(t)
			s := openMem(t).NewSession()
			was := func(line, old string) string {
				if target == "LEDGER" {
					return line
				}
				return line + " was " + old
			}
			must(t, s, "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(10), n DECIMAL(6,2), twice INT AS (id * 2) VIRTUAL)")
			must(t, s, "INSERT INTO t (id, v) VALUES (1, 'before')")
			must(t, s, `CREATE REPLICATION r TO `+target+` '`+t.Name()+`' WITH (flavour = 'sweet') (
				TABLE t,
				TABLE t INTO shown FOR INSERT, UPDATE AS SELECT id AS no, UPPER(v) AS big, OLD.v AS was, OPERATION() AS op, CHANGED_FIELDS() AS changed WHERE id < 3,
				TABLE t INTO sums FOR INSERT AS SELECT n AS amount, COMMIT_SEQ() > 0 AS counted)`)
			must(t, s, "INSERT INTO t (id, v, n) VALUES (2, 'two', 1.5), (3, 'three', NULL)")
			delivered(t, s, to, "r", "insert t 2 [2 two 1.50 4]", "insert shown 2 [2 TWO <nil> insert <nil>]", "insert sums 2 [1.50 1]",
				"insert t 3 [3 three <nil> 6]", "insert sums 3 [<nil> 1]")
			if got := strings.Join(to.prepared, "\n"); got != "t>t id:int! v:varchar(10) n:decimal(6,2) twice:int\n"+
				"t>shown no:int! big:varchar(10) was:varchar(10) op:varchar(6) changed:json\nt>sums amount:decimal(6,2) counted:tinyint(1)" {
				t.Error(got)
			}
			must(t, s, "UPDATE t SET v = 'x' WHERE id <= 2")
			must(t, s, "UPDATE t SET v = 'x' WHERE id = 2") // which changes nothing
			delivered(t, s, to, "r", was("update t 1 [1 x <nil> 2]", "[1 before <nil> 2]"), was(`update shown 1 [1 X before update ["v"]]`, "[1 BEFORE <nil> update [\"v\"]]"),
				was("update t 2 [2 x 1.50 4]", "[2 two 1.50 4]"), was(`update shown 2 [2 X two update ["v"]]`, `[2 TWO <nil> update ["v"]]`))
			must(t, s, "BEGIN")
			must(t, s, "UPDATE t SET id = 9 WHERE id = 3")
			must(t, s, "INSERT INTO t (id) VALUES (5)")
			must(t, s, "DELETE FROM t WHERE id = 5")
			must(t, s, "COMMIT")
			delivered(t, s, to, "r", was("delete t 3 [3 three <nil> 6]", "[3 three <nil> 6]"), "insert t 9 [9 three <nil> 18]", "insert sums 9 [<nil> 1]")
			must(t, s, "ALTER TABLE t DROP COLUMN twice, ADD COLUMN extra INT DEFAULT 7, MODIFY v VARCHAR(20)")
			must(t, s, "UPDATE t SET extra = 8 WHERE id = 9")
			delivered(t, s, to, "r", was("update t 9 [9 three <nil> 8]", "[9 three <nil> 7]"))
			if !strings.HasPrefix(strings.Join(to.prepared, "\n"), "t>t id:int! v:varchar(20) n:decimal(6,2) extra:int\n") {
				t.Error(to.prepared)
			}
			must(t, s, "TRUNCATE TABLE t")
			delivered(t, s, to, "r", was("delete t 1 [1 x <nil> 7]", "[1 x <nil> 7]"), was("delete t 2 [2 x 1.50 7]", "[2 x 1.50 7]"), was("delete t 9 [9 three <nil> 8]", "[9 three <nil> 8]"))
			must(t, s, "INSERT INTO t (id) VALUES (1)")
			delivered(t, s, to, "r", "insert t 1 [1 <nil> <nil> 7]", "insert shown 1 [1 <nil> <nil> insert <nil>]", "insert sums 1 [<nil> 1]")
			must(t, s, "ALTER REPLICATION r RESYNC TABLE t")
			delivered(t, s, to, "r", "reset t", "reset shown", "reset sums", "copy t 1 [1 <nil> <nil> 7]", "copy shown 1 [1 <nil> <nil> insert <nil>]", "copy sums 1 [<nil> 1]")
			must(t, s, "ALTER REPLICATION r PAUSE")
			if got := answer(s, "RUN REPLICATION r UNTIL CAUGHT UP"); !strings.Contains(got, "is paused") {
				t.Error(got)
			}
			must(t, s, "ALTER REPLICATION r RESUME")
			delivered(t, s, to, "r", "")
			if got := asked(t, s, "SELECT name, target, enabled, state, operations, errors, dead_letters, lag_commits, last_error FROM system.replications"); !strings.HasPrefix(got, "r | "+target+" | 1 | stopped | ") {
				t.Error(got)
			}
			if got := asked(t, s, "SELECT DISTINCT status, replication FROM system.replication_log"); got != "success | r\n" {
				t.Error(got)
			}
			if got := answer(s, "TEST REPLICATION r"); got != "check | status | note\nconnection | ok | as always\npermissions | error | none\n" {
				t.Error(got)
			}
		})
	}
}

// TestReplicationFailures has records fail in the transform and at the target: the rest is delivered, what waits keeps its order, and all
// comes in the end.
func TestReplicationFailures(t *testing.T) {
	t.Parallel()
	for _, target := range []string{"SINK", "LEDGER"} {
		t.Run(target, func(t *testing.T) {
			t.Parallel()
			to := newSink(t)
			s := openMem(t).NewSession()
			must(t, s, "CREATE TABLE t (id INT PRIMARY KEY, v INT)")
			must(t, s, "CREATE REPLICATION r TO "+target+" '"+t.Name()+"' (TABLE t FOR INSERT, UPDATE AS SELECT id, 12 / v AS part)")
			to.refuse["t/2"] = errors.New("two is not wanted")
			must(t, s, "INSERT INTO t VALUES (1, 1), (2, 2), (3, 0), (4, 4)")
			must(t, s, "UPDATE t SET v = 6 WHERE id IN (2, 3, 4)")
			must(t, s, "UPDATE t SET v = 12 WHERE id = 2")
			must(t, s, "RUN REPLICATION r UNTIL CAUGHT UP")
			if got := stripped(strings.ReplaceAll(to.take(), " was ", "\x00")); got != "insert t 1 [1 12.0000]\ninsert t 4 [4 3.0000]\nupdate t 4 [4 2.0000]" {
				t.Errorf("%q", got)
			}
			if got := asked(t, s, "SELECT record_id, operation, error LIKE '%earlier%' AS waits, attempts FROM system.replication_dead_letters ORDER BY commit_seq, record_id"); got !=
				"2 | insert | 0 | 1\n3 | insert | 0 | 1\n2 | update | 1 | 1\n3 | update | 1 | 1\n2 | update | 1 | 1\n" {
				t.Error(got)
			}
			must(t, s, "ALTER REPLICATION r RETRY FAILED") // nothing has changed
			must(t, s, "RUN REPLICATION r UNTIL CAUGHT UP")
			if got := to.take(); got != "" {
				t.Error(got)
			}
			to.set(func() { clear(to.refuse) })
			must(t, s, "ALTER REPLICATION r RETRY FAILED")
			must(t, s, "RUN REPLICATION r UNTIL CAUGHT UP")
			if got := stripped(strings.ReplaceAll(to.take(), " was ", "\x00")); got != "insert t 2 [2 6.0000]\nupdate t 2 [2 2.0000]\nupdate t 2 [2 1.0000]" {
				t.Errorf("%q", got)
			}
			if got := asked(t, s, "SELECT record_id, operation, attempts FROM system.replication_dead_letters ORDER BY commit_seq"); got != "3 | insert | 3\n3 | update | 1\n" {
				t.Error(got)
			}
			must(t, s, "DELETE FROM system.replication_dead_letters WHERE record_id = '3' AND operation = 'insert'")
			if got := answer(s, "UPDATE system.replication_dead_letters SET error = 'x'"); !strings.HasPrefix(got, "ERROR 1288") {
				t.Error(got)
			}
			must(t, s, "ALTER REPLICATION r RETRY FAILED")
			must(t, s, "RUN REPLICATION r UNTIL CAUGHT UP")
			if got := stripped(strings.ReplaceAll(to.take(), " was ", "\x00")); got != "update t 3 [3 2.0000]" {
				t.Errorf("%q", got)
			}
			to.set(func() { to.down = errors.New("it is down") })
			must(t, s, "INSERT INTO t VALUES (7, 1)")
			must(t, s, "ALTER REPLICATION r SET (max_retries = 1, retry_delay = '1ms')")
			if got := answer(s, "RUN REPLICATION r UNTIL CAUGHT UP"); !strings.Contains(got, "it is down") {
				t.Error(got)
			}
			to.set(func() { to.down = nil })
			must(t, s, "RUN REPLICATION r UNTIL CAUGHT UP")
			if got := to.take(); got != "insert t 7 [7 12.0000]" {
				t.Error(got)
			}
		})
	}
}

// TestReplicationMadeAnew drops a replication and makes it again under its name: it begins like a new one.
func TestReplicationMadeAnew(t *testing.T) {
	t.Parallel()
	to := newSink(t)
	s := openMem(t).NewSession()
	must(t, s, "CREATE TABLE t (id INT PRIMARY KEY)")
	must(t, s, "INSERT INTO t VALUES (1)")
	create := "CREATE REPLICATION r TO SINK '" + t.Name() + "' WITH (start = 'snapshot') (TABLE t)"
	must(t, s, create)
	to.refuse["t/2"] = errors.New("no")
	must(t, s, "INSERT INTO t VALUES (2)")
	delivered(t, s, to, "r", "copy t 1 [1]")
	must(t, s, "DROP REPLICATION r")
	if got := asked(t, s, "SELECT (SELECT COUNT(*) FROM system.replication_dead_letters), (SELECT COUNT(*) FROM system.replication_state)"); got != "0 | 0\n" {
		t.Error(got)
	}
	clear(to.refuse)
	must(t, s, create)
	delivered(t, s, to, "r", "copy t 1 [1]", "copy t 2 [2]")
	must(t, s, "INSERT INTO t VALUES (3)")
	must(t, s, strings.Replace(create, "CREATE", "CREATE OR REPLACE", 1)) // goes on where it was
	delivered(t, s, to, "r", "insert t 3 [3]")
}

// TestReplicationStates looks at what is told of replications that are not enabled, have stopped, or have got rid of their dead letters.
func TestReplicationStates(t *testing.T) {
	t.Parallel()
	to := newSink(t)
	s := openMem(t).NewSession()
	must(t, s, "CREATE TABLE t (id INT PRIMARY KEY)")
	must(t, s, "CREATE REPLICATION r TO SINK '"+t.Name()+"' WITH (enabled = false, on_error = 'stop') (TABLE t)")
	if got := answer(s, "RUN REPLICATION r UNTIL CAUGHT UP"); !strings.Contains(got, "is not enabled") {
		t.Error(got)
	}
	must(t, s, "ALTER REPLICATION r SET (enabled = true)")
	to.refuse["t/1"] = errors.New("not this one")
	must(t, s, "INSERT INTO t VALUES (1)")
	if got := answer(s, "RUN REPLICATION r UNTIL CAUGHT UP"); !strings.Contains(got, "not this one") {
		t.Error(got)
	}
	state := "SELECT state, errors, dead_letters, last_error LIKE '%not this one%' FROM system.replications"
	if got := asked(t, s, state); got != "failed | 1 | 0 | 1\n" {
		t.Error(got)
	}
	must(t, s, "ALTER REPLICATION r SET (on_error = 'dead_letter')")
	must(t, s, "RUN REPLICATION r UNTIL CAUGHT UP")
	if got := asked(t, s, "SELECT dead_letters FROM system.replications"); got != "1\n" {
		t.Error(got)
	}
	clear(to.refuse)
	must(t, s, "ALTER REPLICATION r RETRY FAILED")
	delivered(t, s, to, "r", "insert t 1 [1]")
	if got := asked(t, s, "SELECT dead_letters, state FROM system.replications"); got != "0 | stopped\n" {
		t.Error(got)
	}
	for stmt, want := range map[string]string{
		"(TABLE t INTO x, TABLE t INTO x FOR INSERT)":                                 "sends each INSERT of table t to x twice",
		"(TABLE t INTO x FOR INSERT AS SELECT id, TABLE t INTO X FOR INSERT, UPDATE)": "sends each INSERT of table t to X twice",
	} {
		if got := answer(s, "CREATE REPLICATION q TO SINK 'none' "+stmt); !strings.Contains(got, want) {
			t.Errorf("%s: %s", stmt, got)
		}
	}
}

// stripped leaves out what rows were before.
func stripped(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i], _, _ = strings.Cut(lines[i], "\x00")
	}
	return strings.Join(lines, "\n")
}

// TestReplicationWorkers runs a replication in the background, by two processes of which one ends.
func TestReplicationWorkers(t *testing.T) {
	t.Parallel()
	to := newSink(t)
	store := mem.New()
	first, _ := reopened(t, store, sqlengine.Config{Create: true, Workers: true})
	s := first.NewSession()
	must(t, s, "CREATE TABLE t (id INT PRIMARY KEY)")
	must(t, s, "INSERT INTO t VALUES (1), (2)")
	must(t, s, "CREATE REPLICATION r TO SINK '"+t.Name()+"' WITH (start = 'snapshot', poll_interval = '20ms', log = false) (ALL TABLES)")
	arrived := func(want string) {
		t.Helper()
		var got []string
		soon(t, want, func() bool {
			if x := to.take(); x != "" {
				got = append(got, x)
			}
			return strings.Join(got, "\n") == want
		})
	}
	arrived("copy t 1 [1]\ncopy t 2 [2]")
	second, _ := reopened(t, store, sqlengine.Config{Workers: true})
	s2 := second.NewSession()
	must(t, s2, "INSERT INTO t VALUES (3)")
	arrived("insert t 3 [3]")
	must(t, s, "INSERT INTO t VALUES (4)")
	must(t, s, "RUN REPLICATION r UNTIL CAUGHT UP")
	arrived("insert t 4 [4]")
	if got := asked(t, s, "SELECT state, connected, lag_commits FROM system.replications"); got != "running | 1 | 0\n" {
		t.Error(got)
	}
	if err := first.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	must(t, s2, "CREATE TABLE u (id INT PRIMARY KEY)")
	must(t, s2, "INSERT INTO u VALUES (1)")
	arrived("insert u 1 [1]") // by the second process
	must(t, s2, "DROP REPLICATION r")
	must(t, s2, "INSERT INTO u VALUES (2)")
	time.Sleep(100 * time.Millisecond)
	if got := to.take(); got != "" {
		t.Error(got)
	}
}
