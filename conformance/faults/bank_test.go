package faults

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/s3sql/s3sql/conformance/testenv"
	"github.com/s3sql/s3sql/driver"
	"github.com/s3sql/s3sql/storage/object"
	"github.com/s3sql/s3sql/storage/object/faults"
	"github.com/s3sql/s3sql/storage/object/mem"
)

var (
	seedFlag  = flag.Uint64("seed", 0, "run the bank with this seed alone")
	seedsFlag = flag.Int("seeds", 24, "run the bank in memory with this many seeds")
)

const (
	accounts     = 10
	balanceStart = 1000
	processes    = 2
	workers      = 3 // of each process
)

// fate is what a worker was told about a transfer.
type fate uint8

const (
	acknowledged fate = iota
	failed
	unknown
)

// transfer is one that was tried. One in a transaction has a row in journal; one by a single autocommitted UPDATE is in
// the trail of both accounts.
type transfer struct {
	id, from, to, amount int
	single               bool
	fate                 fate
	err                  error
}

// bank is one run of the workload.
type bank struct {
	seed  uint64
	store object.Store
	cfg   driver.Config
	each  int // transfers by each worker

	patience time.Duration // about what a transfer takes
	speed    time.Duration // of the processes' clocks

	mu        sync.Mutex
	transfers []transfer
}

func bankConfig(seed uint64) driver.Config {
	cfg := driver.Config{Scheme: driver.SchemeMem, Name: "bank"}
	if seed%3 == 1 {
		cfg.Isolation = "serializable"
	}
	if seed%5 == 2 {
		cfg.Consistency, cfg.MaxStaleness = "bounded", time.Second
	}
	return cfg
}

// faultPlan has the store fail about one request in six.
func faultPlan(seed uint64) faults.Plan {
	read := map[faults.Fault]float64{faults.Unavailable: .05, faults.Timeout: .03, faults.LostReply: .03, faults.TornBody: .04, faults.Crash: .002}
	write := map[faults.Fault]float64{faults.Unavailable: .05, faults.Conflict: .04, faults.Timeout: .04, faults.LostReply: .06, faults.TornBody: .02,
		faults.Crash: .004, faults.CrashAfter: .006}
	plan := faults.Plan{Rates: map[object.Op]map[faults.Fault]float64{object.OpGet: read, object.OpGetRange: read, object.OpList: read,
		object.OpPut: write, object.OpPutIfAbsent: write, object.OpPutIfMatch: write, object.OpDelete: write}}
	if seed%2 == 1 {
		plan.Latency = map[object.Op]time.Duration{object.OpGet: 30 * time.Millisecond, object.OpPutIfAbsent: 80 * time.Millisecond}
	}
	return plan
}

// open returns a pool on the store as it is, without faults.
func (b *bank) open(t *testing.T) *sql.DB {
	t.Helper()
	connector, err := driver.NewConnector(b.cfg, driver.WithStore(b.store))
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func mustExec(t *testing.T, db *sql.DB, query string, args ...any) {
	t.Helper()
	if _, err := db.Exec(query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

func (b *bank) run(t *testing.T) {
	db := b.open(t)
	mustExec(t, db, "CREATE TABLE account (id INT PRIMARY KEY, balance BIGINT NOT NULL, trail TEXT NOT NULL)")
	mustExec(t, db, "CREATE TABLE journal (id INT PRIMARY KEY, src INT NOT NULL, dst INT NOT NULL, amount BIGINT NOT NULL)")
	for i := range accounts {
		mustExec(t, db, "INSERT INTO account VALUES (?, ?, '')", i, balanceStart)
	}
	var met [8]int
	var procs []*process
	var wg sync.WaitGroup
	for p := range processes {
		proc := &process{t: t, store: b.store, seed: b.seed*10 + uint64(p), plan: faultPlan(b.seed), cfg: b.cfg, speed: b.speed, tries: 3 + 3*int(b.seed%2)}
		procs = append(procs, proc)
		for w := range workers {
			wg.Go(func() { b.work(t, proc, p*workers+w) })
		}
	}
	wg.Wait()
	for _, p := range procs {
		for f, n := range p.end() {
			met[f] += n
		}
	}
	total := 0
	for f := faults.Unavailable; f <= faults.LostReply; f++ {
		total += met[f]
	}
	if total == 0 && b.each > 10 { // which kinds come is left to chance
		t.Error("no fault has come: the run has shown nothing")
	}
	b.check(t, b.open(t))
}

// work makes transfers, and looks at the total now and then.
func (b *bank) work(t *testing.T, p *process, worker int) {
	r := rand.New(rand.NewPCG(b.seed, uint64(worker)))
	for i := range b.each {
		tr := transfer{id: (worker+1)*1000 + i, from: r.IntN(accounts), amount: 1 + r.IntN(50), single: r.IntN(2) == 0}
		tr.to = (tr.from + 1 + r.IntN(accounts-1)) % accounts
		db := p.pool(t.Context())
		ctx, cancel := context.WithCancel(t.Context())
		if r.IntN(8) == 0 { // the caller changes its mind, at any moment
			time.AfterFunc(time.Duration(r.IntN(int(b.patience))), cancel)
		}
		tr.err = tr.make(ctx, db)
		cancel()
		switch {
		case tr.err == nil:
			tr.fate = acknowledged
		case errors.Is(tr.err, driver.ErrCommitUnknown):
			tr.fate = unknown
		default:
			tr.fate = failed
		}
		b.mu.Lock()
		b.transfers = append(b.transfers, tr)
		b.mu.Unlock()
		b.survive(t, p, db, tr.err)
		if i%5 == 0 {
			var total int
			err := db.QueryRowContext(t.Context(), "SELECT SUM(balance) FROM account").Scan(&total)
			if err == nil && total != accounts*balanceStart {
				t.Errorf("seed %d: a total of %d was seen, want %d", b.seed, total, accounts*balanceStart)
			}
			b.survive(t, p, db, err)
		}
	}
}

// survive looks at an error and buries the process if it has crashed.
func (b *bank) survive(t *testing.T, p *process, db *sql.DB, err error) {
	if err == nil {
		return
	}
	if errors.Is(err, faults.ErrCrashed) {
		p.crashed(db)
	}
	if !errors.Is(err, driver.ErrCommitUnknown) && (errors.Is(err, context.Canceled) || errors.Is(err, sql.ErrTxDone) ||
		err.Error() == "sql: database is closed") { // database/sql's own: another worker has buried the pool
		return
	}
	e := checkTyped(t, err)
	if errors.Is(e, driver.ErrInvalid) || errors.Is(e, driver.ErrCorrupt) || errors.Is(e, driver.ErrUnsupported) || errors.Is(e, driver.ErrFenced) {
		t.Errorf("seed %d: a fault of the store was told as: %v", b.seed, err)
	}
}

func (tr *transfer) make(ctx context.Context, db *sql.DB) error {
	if tr.single {
		_, err := db.ExecContext(ctx, `UPDATE account SET balance = balance + CASE id WHEN ? THEN ? ELSE ? END, trail = CONCAT(trail, ?, ' ')
			WHERE id IN (?, ?)`, tr.from, -tr.amount, tr.amount, tr.id, tr.from, tr.to)
		return err
	}
	return driver.RunTx(ctx, db, nil, func(tx *sql.Tx) error {
		for account, amount := range map[int]int{tr.from: -tr.amount, tr.to: tr.amount} {
			var balance int
			if err := tx.QueryRowContext(ctx, "SELECT balance FROM account WHERE id = ?", account).Scan(&balance); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, "UPDATE account SET balance = ? WHERE id = ?", balance+amount, account); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO journal VALUES (?, ?, ?, ?)", tr.id, tr.from, tr.to, tr.amount)
		return err
	})
}

// ledger is what is in the database at the end.
type ledger struct {
	balance [accounts]int
	trail   [accounts]map[string]int // how often a transfer is in it
	journal map[int]transfer
}

func read(t *testing.T, db *sql.DB) (l ledger) {
	t.Helper()
	rows, err := db.Query("SELECT id, balance, trail FROM account")
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var id, balance int
		var trail string
		if err := rows.Scan(&id, &balance, &trail); err != nil {
			t.Fatal(err)
		}
		l.balance[id], l.trail[id] = balance, map[string]int{}
		for _, word := range strings.Fields(trail) {
			l.trail[id][word]++
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	l.journal = map[int]transfer{}
	if rows, err = db.Query("SELECT id, src, dst, amount FROM journal"); err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var tr transfer
		if err := rows.Scan(&tr.id, &tr.from, &tr.to, &tr.amount); err != nil {
			t.Fatal(err)
		}
		if _, twice := l.journal[tr.id]; twice {
			t.Errorf("transfer %d is in the journal twice", tr.id)
		}
		l.journal[tr.id] = tr
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return l
}

// applied tells how often the transfer is in the ledger; it is an error for it to be there in part.
func (l ledger) applied(tr transfer) (int, error) {
	if !tr.single {
		row, ok := l.journal[tr.id]
		if !ok {
			return 0, nil
		}
		if row.from != tr.from || row.to != tr.to || row.amount != tr.amount {
			return 1, fmt.Errorf("the journal has %+v", row)
		}
		return 1, nil
	}
	from, to := l.trail[tr.from][fmt.Sprint(tr.id)], l.trail[tr.to][fmt.Sprint(tr.id)]
	if from != to {
		return from, fmt.Errorf("%d times in the one account and %d times in the other", from, to)
	}
	return from, nil
}

// check compares what the workers were told with what is there.
func (b *bank) check(t *testing.T, db *sql.DB) {
	t.Helper()
	l := read(t, db)
	var want [accounts]int
	for i := range want {
		want[i] = balanceStart
	}
	var told [3]int
	found := 0
	for _, tr := range b.transfers {
		told[tr.fate]++
		times, err := l.applied(tr)
		if err != nil || times > 1 || tr.fate == acknowledged && times != 1 || tr.fate == failed && times != 0 {
			t.Errorf("seed %d: transfer %+v is there %d times %v", b.seed, tr, times, err)
		}
		if times > 0 && !tr.single {
			found++
		}
		want[tr.from] -= tr.amount * times
		want[tr.to] += tr.amount * times
	}
	if found != len(l.journal) {
		t.Errorf("seed %d: %d rows in the journal, of which %d were asked for", b.seed, len(l.journal), found)
	}
	if l.balance != want {
		t.Errorf("seed %d: the balances are %v, the transfers that are there make %v", b.seed, l.balance, want)
	}
	total := 0
	for _, n := range l.balance {
		total += n
	}
	if total != accounts*balanceStart {
		t.Errorf("seed %d: the total is %d, want %d", b.seed, total, accounts*balanceStart)
	}
	if told[acknowledged] < len(b.transfers)/4 {
		t.Errorf("seed %d: only %d of %d transfers were acknowledged", b.seed, told[acknowledged], len(b.transfers))
	}
	t.Logf("seed %d: %d acknowledged, %d failed, %d unknown", b.seed, told[acknowledged], told[failed], told[unknown])
}

func seeds(count int) (list []uint64) {
	if *seedFlag != 0 {
		return []uint64{*seedFlag}
	}
	for i := range count {
		list = append(list, uint64(i+1))
	}
	return list
}

// TestBankOnMemory moves money under every kind of fault; -seed runs one of the seeds alone.
func TestBankOnMemory(t *testing.T) {
	t.Parallel()
	for _, seed := range seeds(*seedsFlag) {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			t.Parallel()
			(&bank{seed: seed, store: mem.New(), cfg: bankConfig(seed), each: 25, patience: time.Millisecond, speed: speedMemory}).run(t)
		})
	}
}

// TestBankOnS3 does the same on an S3 server.
func TestBankOnS3(t *testing.T) {
	t.Parallel()
	server := testenv.S3(t)
	for _, seed := range seeds(2) {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			t.Parallel()
			(&bank{seed: seed, store: server.Store(t), cfg: bankConfig(seed), each: 12, patience: 20 * time.Millisecond, speed: speedServer}).run(t)
		})
	}
}
