package crash

import (
	"bufio"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/s3sql/s3sql/conformance/testenv"
	"github.com/s3sql/s3sql/driver"
)

func TestMain(m *testing.M) {
	if dsn := os.Getenv(envDSN); dsn != "" {
		if err := worker(dsn, os.Getenv(envTask), number(envWorker), number(envFirst), number(envCount), os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func number(env string) int {
	n, err := strconv.Atoi(os.Getenv(env))
	if err != nil {
		fmt.Fprintln(os.Stderr, env, err)
		os.Exit(2)
	}
	return n
}

const (
	workers    = 4
	increments = 250 // acknowledged by each worker
	killsEach  = 4
)

// task is what the workers of a run do.
type task struct {
	name  string
	steps int // acknowledged by each worker
	kills int // of each worker
	delay time.Duration
}

func TestS3(t *testing.T) {
	t.Parallel()
	s := testenv.S3(t)
	run(t, s.DSN(s.Bucket(t), "shop"))
}

func TestFile(t *testing.T) {
	t.Parallel()
	run(t, "file://"+t.TempDir())
}

// run lets the workers increment one row, kills and restarts them at random, and compares.
func run(t *testing.T, dsn string) {
	db := prepare(t, dsn, "CREATE TABLE counter (id INT PRIMARY KEY, n INT NOT NULL)", "INSERT INTO counter VALUES (1, 0)",
		"CREATE TABLE mark (worker INT, n INT, PRIMARY KEY (worker, n))", "CREATE AUDIT trail ON ALL TABLES")
	compare(t, db, drive(t, dsn, workers, task{taskIncrement, increments, killsEach, 3 * time.Millisecond}))
	audited(t, db)
}

// audited holds the audit log against the tables: there is a record for each change that was committed, in the order of the commits, and for no other.
func audited(t *testing.T, db *sql.DB) {
	t.Helper()
	var counter, marks int
	if err := db.QueryRow("SELECT n, (SELECT COUNT(*) FROM mark) FROM counter").Scan(&counter, &marks); err != nil {
		t.Fatal(err)
	}
	rows, err := db.Query("SELECT table_name, old_data->>'$.n', new_data->>'$.n' FROM system.audit_log ORDER BY id")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		var table string
		var before, after sql.NullInt64
		if err := rows.Scan(&table, &before, &after); err != nil {
			t.Fatal(err)
		}
		if table == "mark" {
			marks--
			continue
		}
		if before.Int64 != int64(n) || after.Int64 != int64(n+1) {
			t.Fatalf("the record after %d is of the change from %d to %d", n, before.Int64, after.Int64)
		}
		n++
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if n != counter || marks != 0 {
		t.Errorf("%d records of the counter, which is %d; %d rows of mark without one", n, counter, marks)
	}
	var status string
	if err := db.QueryRow("VERIFY AUDIT trail").Scan(new(any), new(any), new(any), new(any), new(any), new(any), &status, new(any)); err != nil || status != "ok" {
		t.Errorf("the chain is %s, %v", status, err)
	}
}

// prepare opens a database and runs statements.
func prepare(t *testing.T, dsn string, statements ...string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver.Name, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, query := range statements {
		if _, err := db.Exec(query); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

// drive lets n workers do their task, kills and restarts them at random, and returns what they have told.
func drive(t *testing.T, dsn string, n int, do task) []tally {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	tallies := make([]tally, n)
	var wg sync.WaitGroup
	for i := range tallies {
		tallies[i] = tally{t: t, dsn: dsn, task: do, worker: i, outcome: map[int]string{}, random: rand.New(rand.NewPCG(seed, uint64(i)))}
		wg.Go(tallies[i].drive)
	}
	wg.Wait()
	return tallies
}

// tally is what one worker has told, over all its lives.
type tally struct {
	t       *testing.T
	dsn     string
	task    task
	worker  int
	random  *rand.Rand
	outcome map[int]string // by number of the step
	next    int            // number of the next step
	kills   int
}

func (w *tally) count(outcome string) int {
	n := 0
	for _, o := range w.outcome {
		if o == outcome {
			n++
		}
	}
	return n
}

// drive starts the worker until it has acknowledged its steps, and kills it now and then.
func (w *tally) drive() {
	for lives := 0; w.count(acked) < w.task.steps; lives++ {
		if lives > 3*w.task.kills {
			w.t.Errorf("worker %d ended %d times without being killed", w.worker, lives-w.kills)
			return
		}
		kill := 0 // after so many lines
		if w.kills < w.task.kills {
			kill = 1 + w.random.IntN(2*w.task.steps/w.task.kills)
		}
		if err := w.live(kill, time.Duration(w.random.Int64N(int64(w.task.delay)))); err != nil {
			w.t.Errorf("worker %d: %v", w.worker, err)
			return
		}
	}
}

// live runs the worker once. It is killed some time after its killAfter-th line, wherever it is then; 0 lets it finish.
func (w *tally) live(killAfter int, delay time.Duration) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), envDSN+"="+w.dsn, envTask+"="+w.task.name, fmt.Sprintf("%s=%d", envWorker, w.worker), fmt.Sprintf("%s=%d", envFirst, w.next),
		fmt.Sprintf("%s=%d", envCount, w.task.steps-w.count(acked)))
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	var killing sync.WaitGroup
	killed := false
	lines := bufio.NewScanner(out)
	for n := 1; lines.Scan(); n++ {
		if err := w.note(lines.Text()); err != nil {
			return err
		}
		if n == killAfter {
			killed = true
			killing.Go(func() {
				time.Sleep(delay)
				_ = cmd.Process.Kill() // it may have ended by itself
			})
		}
	}
	killing.Wait()
	err = cmd.Wait()
	if said.Len() > 0 {
		w.t.Logf("worker %d said: %.2000s", w.worker, said.String())
	}
	if killed {
		w.kills++
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w: %.2000s", err, said.String())
	}
	return lines.Err()
}

// note takes down a line. A line is one write to the pipe, which a kill does not cut.
func (w *tally) note(line string) error {
	what, digits, ok := strings.Cut(line, " ")
	n, err := strconv.Atoi(digits)
	if !ok || err != nil {
		return fmt.Errorf("the worker said %q", line)
	}
	w.outcome[n] = what
	w.next = max(w.next, n+1)
	return nil
}

// compare holds what the workers were told against what the database has.
func compare(t *testing.T, db *sql.DB, tallies []tally) {
	t.Helper()
	sure, open, kills := 0, 0, 0
	for i := range tallies {
		w := &tallies[i]
		inDoubt := w.count(begun) + w.count(unknown)
		t.Logf("worker %d: %d acknowledged, %d in doubt, %d refused, killed %d times", i, w.count(acked), inDoubt, w.count(refused), w.kills)
		kills += w.kills
		if w.count(refused) > 0 {
			t.Errorf("worker %d was kept out by the others: %d increments gave up", i, w.count(refused))
		}
		if i%2 == 0 {
			sure, open = sure+w.count(acked), open+inDoubt
			continue
		}
		marks := w.marks(db) // settles what is in doubt
		sure += len(marks)
		for n, o := range w.outcome {
			if o == acked && !marks[n] || o == refused && marks[n] {
				t.Errorf("worker %d, increment %d: it was told %s; committed: %v", i, n, o, marks[n])
			}
		}
	}
	var counter int
	if err := db.QueryRow("SELECT n FROM counter WHERE id = 1").Scan(&counter); err != nil {
		t.Fatal(err)
	}
	t.Logf("counter %d, committed for sure %d, in doubt %d", counter, sure, open)
	if counter < sure || counter > sure+open {
		t.Errorf("the counter is %d, not between %d and %d", counter, sure, sure+open)
	}
	if sure < workers*increments || kills == 0 {
		t.Errorf("%d increments and %d kills prove nothing", sure, kills)
	}
}

func (w *tally) marks(db *sql.DB) map[int]bool {
	rows, err := db.Query("SELECT n FROM mark WHERE worker = ?", w.worker)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() {
		if err := rows.Close(); err != nil {
			w.t.Error(err)
		}
	}()
	found := map[int]bool{}
	for rows.Next() {
		var n int
		if err := rows.Scan(&n); err != nil {
			w.t.Fatal(err)
		}
		found[n] = true
	}
	if err := rows.Err(); err != nil {
		w.t.Fatal(err)
	}
	return found
}
