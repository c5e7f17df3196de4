package replication

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/s3sql/s3sql/driver"
	_ "github.com/s3sql/s3sql/plugins/replication/postgres"
	_ "github.com/s3sql/s3sql/plugins/replication/s3sql"
)

// What a process that a test starts is told by its environment.
const (
	envDSN  = "S3SQL_REPLICATION_DSN"
	envTask = "S3SQL_REPLICATION_TASK"
	envSeed = "S3SQL_REPLICATION_SEED"

	taskWrite     = "write"
	taskReplicate = "replicate"
)

func TestMain(m *testing.M) {
	if dsn := os.Getenv(envDSN); dsn != "" {
		if err := child(dsn); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child is what such a process does until it is killed.
func child(dsn string) error {
	if os.Getenv(envTask) == taskReplicate {
		dsn += separator(dsn) + "workers=on"
	}
	db, err := sql.Open(driver.Name, dsn)
	if err != nil {
		return err
	}
	ctx := context.Background()
	if os.Getenv(envTask) == taskReplicate {
		if _, err := db.ExecContext(ctx, "SELECT COUNT(*) FROM information_schema.tables"); err != nil {
			return err
		}
		select {}
	}
	seed, err := strconv.ParseUint(os.Getenv(envSeed), 10, 64)
	if err != nil {
		return err
	}
	rng := rand.New(rand.NewPCG(seed, 3))
	for {
		if err := writeSome(ctx, db, rng); err != nil {
			return err
		}
		time.Sleep(time.Duration(rng.IntN(40)) * time.Millisecond)
	}
}

func separator(dsn string) string {
	for i := range dsn {
		if dsn[i] == '?' {
			return "&"
		}
	}
	return "?"
}

// writeSome commits a transaction of up to 40 changes of rows, some of them of rows that it has changed before.
func writeSome(ctx context.Context, db *sql.DB, rng *rand.Rand) error {
	err := driver.RunTx(ctx, db, nil, func(tx *sql.Tx) error {
		for range 1 + rng.IntN(8) {
			id, n := rng.IntN(2000), rng.IntN(1e6)
			var err error
			switch rng.IntN(10) {
			case 0, 1, 2:
				_, err = tx.ExecContext(ctx, "INSERT INTO orders (customer, total, note) VALUES (?, ?, ?), (?, ?, NULL), (?, ?, 'x')", id, n, fmt.Sprint("n", n), id, n, id, n)
			case 3:
				_, err = tx.ExecContext(ctx, "DELETE FROM orders WHERE id % 97 = ? ORDER BY id LIMIT 3", id%97)
			case 4, 5:
				_, err = tx.ExecContext(ctx, "UPDATE orders SET total = total + 1, note = ? WHERE id % 101 = ? ORDER BY id DESC LIMIT 5", fmt.Sprint("u", n), id%101)
			case 6:
				_, err = tx.ExecContext(ctx, "DELETE FROM customers WHERE id = ?", id)
			default:
				_, err = tx.ExecContext(ctx, "INSERT INTO customers VALUES (?, ?, 1) ON DUPLICATE KEY UPDATE name = VALUES(name), visits = visits + 1", id, fmt.Sprint("c", n))
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	var known *driver.Error
	if errors.As(err, &known) && (errors.Is(err, driver.ErrConflict) || errors.Is(err, driver.ErrCommitUnknown)) {
		return nil
	}
	return err
}

// process is a child that is killed and started again.
type process struct {
	t    *testing.T
	env  []string
	cmd  *exec.Cmd
	runs int
}

func (p *process) start() {
	p.t.Helper()
	p.runs++
	p.cmd = exec.Command(os.Args[0], "-test.run=^$")
	p.cmd.Env = append(os.Environ(), append(p.env, envSeed+"="+strconv.Itoa(p.runs))...)
	p.cmd.Stderr = os.Stderr
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
}

// kill ends the process at once.
func (p *process) kill() {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Kill() // it may have ended by itself, which Wait tells
	err := p.cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Exited() {
		p.t.Errorf("a process ended by itself: %v", err)
	}
	p.cmd = nil
}

func open(t *testing.T, name, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(name, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func run(t *testing.T, db *sql.DB, stmts ...string) {
	t.Helper()
	for _, s := range stmts {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%.200s: %v", s, err)
		}
	}
}

// pause waits a random while.
func pause(d time.Duration) { time.Sleep(d/2 + time.Duration(rand.Int64N(int64(d)))) }

// sorted returns lines in their order, as one text.
func sorted(lines []string) string {
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
