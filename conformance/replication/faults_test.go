package replication

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/s3sql/s3sql/conformance/testenv"
	"github.com/s3sql/s3sql/driver"
)

// gate is a way to a server that can be shut.
type gate struct {
	to   string
	l    net.Listener
	open atomic.Bool
	all  chan net.Conn
}

func newGate(t *testing.T, to string) *gate {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{to: to, l: l, all: make(chan net.Conn, 1000)}
	t.Cleanup(func() { l.Close(); g.shut() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if !g.open.Load() {
				c.Close()
				continue
			}
			s, err := net.Dial("tcp", to)
			if err != nil {
				c.Close()
				continue
			}
			g.all <- c
			g.all <- s
			go pipe(c, s)
			go pipe(s, c)
		}
	}()
	return g
}

func pipe(from, to net.Conn) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			if _, werr := to.Write(buf[:n]); werr != nil {
				err = werr
			}
		}
		if err != nil {
			from.Close()
			to.Close()
			return
		}
	}
}

// shut cuts all connections off.
func (g *gate) shut() {
	g.open.Store(false)
	for {
		select {
		case c := <-g.all:
			c.Close()
		default:
			return
		}
	}
}

// scene is a source whose replication to PostgreSQL goes through a gate.
type scene struct {
	t      *testing.T
	db, pg *sql.DB
	gate   *gate
	schema string
	n      int
}

func newScene(t *testing.T, options string) *scene {
	t.Helper()
	dsn := testenv.Postgres(t)
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	s := &scene{t: t, pg: open(t, "pgx", dsn), gate: newGate(t, u.Host), schema: fmt.Sprintf("faults_%d", time.Now().UnixNano())}
	u.Host = s.gate.l.Addr().String()
	s.db = open(t, driver.Name, "file://"+t.TempDir()+"?workers=on")
	run(t, s.pg, "CREATE SCHEMA "+s.schema)
	run(t, s.db, "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(50), n INT)", "CREATE REPLICATION r TO POSTGRES '"+u.String()+"' WITH (schema = '"+s.schema+
		"', retry_delay = '20ms', max_retries = 2, circuit_breaker = 0, timeout = '2s'"+options+") (TABLE t AS SELECT id, v, 100 / n AS part)")
	return s
}

// insert writes rows at the source, which nothing holds up.
func (s *scene) insert(n int) {
	s.t.Helper()
	for range n {
		start := time.Now()
		s.n++
		run(s.t, s.db, fmt.Sprintf("INSERT INTO t VALUES (%d, 'row %d', 4)", s.n, s.n))
		if took := time.Since(start); took > time.Second {
			s.t.Errorf("a commit took %v", took)
		}
	}
}

// until waits for an answer of a database.
func (s *scene) until(db *sql.DB, query, want string) {
	s.t.Helper()
	got := ""
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if err := db.QueryRowContext(s.t.Context(), query).Scan(&got); err != nil {
			got = err.Error()
		}
		if got == want || strings.HasPrefix(want, "%") && strings.Contains(got, want[1:]) {
			return
		}
	}
	s.t.Fatalf("%s: %s, want %s", query, got, want)
}

func (s *scene) arrived(n int) {
	s.t.Helper()
	s.until(s.pg, "SELECT COUNT(*) FROM "+s.schema+".t", fmt.Sprint(n))
}

func (s *scene) state(want string) {
	s.t.Helper()
	s.until(s.db, "SELECT state FROM system.replications", want)
}

// TestTargetGoesAndComes has the target down at the start, and lost in the middle.
func TestTargetGoesAndComes(t *testing.T) {
	t.Parallel()
	s := newScene(t, "")
	s.insert(20)
	s.until(s.db, "SELECT last_error FROM system.replications", "%r")
	s.gate.open.Store(true)
	s.arrived(20)
	for range 3 {
		s.gate.shut()
		s.insert(10)
		s.state("retrying")
		s.gate.open.Store(true)
		s.insert(10)
		s.arrived(s.n)
		s.state("running")
	}
	if got := contents(t, s.db, "SELECT dead_letters FROM system.replications"); got != "[{0 true}]\n" {
		t.Errorf("dead letters: %s", got)
	}
}

// TestSlowTarget has a lock at the target hold deliveries up for longer than they may take.
func TestSlowTarget(t *testing.T) {
	t.Parallel()
	s := newScene(t, "")
	s.gate.open.Store(true)
	s.insert(5)
	s.arrived(5)
	tx, err := s.pg.BeginTx(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec("LOCK TABLE " + s.schema + ".t IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	s.insert(200)
	s.state("retrying")
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	s.arrived(205)
}

// TestSchemaFaults drops what the replication needs at the target, changes it, and makes it full of what is in the way.
func TestSchemaFaults(t *testing.T) {
	t.Parallel()
	s := newScene(t, "")
	s.gate.open.Store(true)
	s.insert(1)
	s.arrived(1)
	run(t, s.pg, "DROP TABLE "+s.schema+".t") // it is made again
	s.insert(1)
	s.arrived(1)
	run(t, s.pg, "ALTER TABLE "+s.schema+".t DROP COLUMN v") // and the column
	s.insert(1)
	s.arrived(2)
	run(t, s.pg, "ALTER TABLE "+s.schema+".t ADD CONSTRAINT c CHECK (id <> 50)", "ALTER TABLE "+s.schema+".t ADD CONSTRAINT u UNIQUE (v)")
	s.insert(100)
	s.arrived(101)
	if got := contents(t, s.db, "SELECT record_id, error LIKE '%check constraint%' FROM system.replication_dead_letters"); got != "[{50 true} {1 true}]\n" {
		t.Error(got)
	}
	run(t, s.db, "UPDATE t SET v = 'row 60' WHERE id = 61") // the unique value of another row
	run(t, s.db, "INSERT INTO t VALUES (900, 'a row whose transform fails', 0)", "UPDATE t SET n = 5 WHERE id = 900")
	s.until(s.db, "SELECT COUNT(*) FROM system.replication_dead_letters", "4")
	run(t, s.pg, "ALTER TABLE "+s.schema+".t DROP CONSTRAINT c", "ALTER TABLE "+s.schema+".t DROP CONSTRAINT u")
	run(t, s.db, "DELETE FROM system.replication_dead_letters WHERE record_id = '900' AND operation = 'insert'", "ALTER REPLICATION r RETRY FAILED")
	s.until(s.db, "SELECT COUNT(*) FROM system.replication_dead_letters", "0")
	want := contents(t, s.db, "SELECT id, v FROM t WHERE id > 1 ORDER BY id") // row 1 went with the table
	if got := contents(t, s.pg, "SELECT id, v FROM "+s.schema+".t WHERE id > 1 AND v IS NOT NULL ORDER BY id"); !strings.HasSuffix(want, got) {
		t.Errorf("the rows differ: %s", difference(got, want))
	}
	run(t, s.db, "ALTER REPLICATION r RESYNC TABLE t", "RUN REPLICATION r UNTIL CAUGHT UP")
	s.until(s.pg, "SELECT COUNT(*) FROM "+s.schema+".t WHERE v IS NOT NULL", fmt.Sprint(s.n+1))
}

// TestCredentialsRevoked takes the replication's right to write away, and gives it back.
func TestCredentialsRevoked(t *testing.T) {
	t.Parallel()
	s := newScene(t, "")
	role := s.schema + "_role"
	run(t, s.pg, "CREATE ROLE "+role+" LOGIN", "GRANT ALL ON SCHEMA "+s.schema+" TO "+role)
	t.Cleanup(func() {
		for _, stmt := range []string{"DROP OWNED BY " + role, "DROP ROLE " + role} {
			if _, err := s.pg.ExecContext(context.Background(), stmt); err != nil {
				t.Error(err)
			}
		}
	})
	u, err := url.Parse(testenv.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	u.Host, u.User = s.gate.l.Addr().String(), url.User(role)
	run(t, s.db, "CREATE OR REPLACE REPLICATION r TO POSTGRES '"+u.String()+"' WITH (schema = '"+s.schema+"', retry_delay = '20ms', circuit_breaker = 0) (TABLE t)")
	s.gate.open.Store(true)
	s.insert(3)
	s.arrived(3)
	run(t, s.pg, "ALTER ROLE "+role+" NOLOGIN")
	s.gate.shut()
	s.gate.open.Store(true)
	s.insert(3)
	s.until(s.db, "SELECT last_error FROM system.replications", "%not permitted to log in")
	if got := contents(t, s.db, "SELECT state, connected FROM system.replications"); got != "[{circuit_open true} {0 true}]\n" {
		t.Error(got)
	}
	run(t, s.pg, "ALTER ROLE "+role+" LOGIN")
	run(t, s.db, "ALTER REPLICATION r PAUSE", "ALTER REPLICATION r RESUME") // or wait for half a minute
	s.arrived(6)
}
