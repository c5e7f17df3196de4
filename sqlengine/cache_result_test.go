package sqlengine_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/plugins/cache"
	"github.com/s3sql/s3sql/sqlengine"
	"github.com/s3sql/s3sql/storage/object"
	"github.com/s3sql/s3sql/storage/object/mem"
)

// reopened opens a database with a ledger.
func reopened(t *testing.T, store object.Store, cfg sqlengine.Config) (*sqlengine.Engine, *object.Ledger) {
	t.Helper()
	cfg.Store, cfg.Ledger, cfg.Database, cfg.Maintenance, cfg.SecretKey = store, object.NewLedger(0), "app", "off", scriptKey
	e, err := sqlengine.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return e, cfg.Ledger
}

// TestCachedRequests counts what a hit asks of the store: nothing when bounded, the proof of freshness when strong.
func TestCachedRequests(t *testing.T) {
	t.Parallel()
	store := segmentedStore(t)
	for _, c := range []struct {
		cfg  sqlengine.Config
		want string
	}{
		{sqlengine.Config{}, "1 GetObject"},
		{sqlengine.Config{Consistency: "bounded", MaxStaleness: time.Hour}, "no request"},
	} {
		e, ledger := reopened(t, copied(t, store), c.cfg)
		s := e.NewSession()
		must(t, s, "CREATE CACHE c WITH (driver = 'memory')")
		const q = "SELECT COUNT(*), SUM(LENGTH(v)) FROM r WHERE v > 'a'"
		first := must(t, s, q)
		for range 3 {
			before := ledger.Total()
			if got := must(t, s, q); got != first {
				t.Fatalf("%s, want %s", got, first)
			}
			if got := ledger.Total().Sub(before).String(); got != c.want {
				t.Errorf("%s: a hit asks %s, want %s", c.cfg.Consistency, got, c.want)
			}
		}
		if got := must(t, s, "SELECT cache, tier, hits, misses, hit_rate, entries, saved_requests > 3, saved_usd > 0, failures FROM system.cache_stats"); !strings.HasSuffix(got, "\nc | memory | 3 | 1 | 0.75 | 1 | 1 | 1 | 0\n") {
			t.Error(got)
		}
	}
}

// TestCacheIsNeverStale compares cached answers with uncached ones while rows, tables and the cache change, in two processes.
func TestCacheIsNeverStale(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			store := mem.New()
			create := sqlengine.Config{Create: true}
			create.SmallSegments()
			a, _ := reopened(t, store, create)
			b, _ := reopened(t, store, create)
			plain, _ := reopened(t, store, create)
			sessions := []*sqlengine.Session{a.NewSession(), a.NewSession(), b.NewSession()}
			check := plain.NewSession()
			dir := t.TempDir()
			must(t, sessions[0], "CREATE TABLE p (id INT PRIMARY KEY, k INT, v VARCHAR(20)) PARTITION BY RANGE (id) (PARTITION a VALUES LESS THAN (50), PARTITION b VALUES LESS THAN MAXVALUE)")
			must(t, sessions[0], "CREATE TABLE q (id INT PRIMARY KEY, k INT)")
			must(t, sessions[0], "CREATE VIEW w AS SELECT k, COUNT(*) AS n FROM p GROUP BY k")
			must(t, sessions[0], fmt.Sprintf("CREATE CACHE c WITH (driver = 'memory,disk,s3', directory = '%s', max_entries = 20)", dir))
			queries := []string{"SELECT COUNT(*), SUM(k) FROM p", "SELECT * FROM p WHERE id < 40 ORDER BY id", "SELECT * FROM p WHERE id = 60",
				"SELECT * FROM w ORDER BY k", "SELECT p.id, q.k FROM p JOIN q ON p.id = q.id ORDER BY 1", "SELECT k FROM q WHERE k IN (SELECT k FROM p) ORDER BY k",
				"SELECT (SELECT MAX(id) FROM p) FROM q ORDER BY 1 LIMIT 3", "WITH x AS (SELECT * FROM q) SELECT COUNT(*) FROM x AS a, x AS b",
				"SELECT v FROM p WHERE id = (SELECT MIN(id) FROM q)"}
			r := rand.New(rand.NewPCG(seed, 5))
			for range 400 {
				s := sessions[r.IntN(len(sessions))]
				switch n := r.IntN(20); {
				case n < 4:
					answer(s, fmt.Sprintf("REPLACE INTO p VALUES (%d, %d, 'v%d')", r.IntN(100), r.IntN(5), r.IntN(9)))
				case n < 6:
					answer(s, fmt.Sprintf("REPLACE INTO q VALUES (%d, %d)", r.IntN(100), r.IntN(5)))
				case n == 6:
					answer(s, fmt.Sprintf("DELETE FROM p WHERE id < %d", r.IntN(20)))
				case n == 7 && r.IntN(5) == 0:
					answer(s, []string{"TRUNCATE TABLE q", "ALTER TABLE p ALTER v SET DEFAULT 'x'", "OPTIMIZE TABLE p", "FLUSH CACHE c", "FLUSH CACHE c TABLE p",
						"CREATE OR REPLACE VIEW w AS SELECT k, COUNT(*) + 1 AS n FROM p GROUP BY k"}[r.IntN(6)])
				case n == 8 && r.IntN(4) == 0:
					answer(s, []string{"BEGIN", "COMMIT", "ROLLBACK"}[r.IntN(3)])
				default:
					sql := queries[r.IntN(len(queries))]
					got, want := answer(s, sql), answer(s, strings.Replace(sql, "SELECT", "SELECT SQL_NO_CACHE", 1))
					if strings.HasPrefix(sql, "WITH") {
						want = answer(s, strings.Replace(sql, "COUNT(*)", "SQL_NO_CACHE COUNT(*)", 1))
					}
					if got != want {
						t.Fatalf("%s: %s, want %s", sql, got, want)
					}
					if !s.InTx() {
						if want := answer(check, strings.Replace(sql, "SELECT", "SELECT SQL_NO_CACHE", 1)); !strings.HasPrefix(sql, "WITH") && got != want {
							t.Fatalf("%s: %s, another process says %s", sql, got, want)
						}
					}
				}
			}
			hits := 0
			for _, s := range sessions[1:] {
				var n, failed int
				got := must(t, s, "SELECT SUM(hits), SUM(failures) FROM system.cache_stats")
				if _, err := fmt.Sscanf(got, "SUM(hits) | SUM(failures)\n%d | %d", &n, &failed); err != nil || failed > 0 {
					t.Error(got, err)
				}
				hits += n
			}
			if tiers := must(t, sessions[2], "SELECT tier FROM system.cache_stats"); hits < 10 || tiers != "tier\nmemory\ndisk\ns3\n" {
				t.Error(hits, tiers)
			}
		})
	}
}

// TestLargeResults are not kept, and are whole.
func TestLargeResults(t *testing.T) {
	t.Parallel()
	e, _ := reopened(t, segmentedStore(t), sqlengine.Config{})
	s := e.NewSession()
	must(t, s, "CREATE CACHE c WITH (max_result_bytes = '1KB', compression = 'none', min_hits = 2)")
	want := must(t, s, "SELECT SQL_NO_CACHE id, v FROM r ORDER BY id LIMIT 20000")
	for range 3 {
		if got := must(t, s, "SELECT id, v FROM r ORDER BY id LIMIT 20000"); got != want {
			t.Fatalf("%d bytes, want %d", len(got), len(want))
		}
	}
	must(t, s, "SELECT id FROM r WHERE id = 2")
	if got := must(t, s, "SELECT entries, bytes FROM system.cache_stats"); got != "entries | bytes\n0 | 0\n" {
		t.Error(got)
	}
	must(t, s, "SELECT id FROM r WHERE id = 2") // the second time
	if got := must(t, s, "SELECT entries, cache_key = CACHE_KEY('SELECT id FROM r WHERE id = 2') FROM system.cache_stats JOIN system.cache_entries"); got != "entries | cache_key = CACHE_KEY('SELECT id FROM r WHERE id = 2')\n1 | 1\n" {
		t.Error(got)
	}
	for _, q := range []string{"SELECT id FROM r WHERE id = 2", "SELECT id FROM r WHERE id > ? AND v > ? LIMIT 3"} {
		for range 2 {
			if r, err := s.Exec(t.Context(), q, []sqlengine.Arg{{Value: base.NewInt(9)}, {Value: base.NewString("a")}}[:strings.Count(q, "?")]); err != nil {
				t.Fatal(err)
			} else if _, err := sqlengine.Drain(r); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := asked(t, s, "SELECT COUNT(*) FROM system.cache_entries WHERE cache_key = CACHE_KEY('SELECT id FROM r WHERE id > ? AND v > ? LIMIT 3', 9, 'a')"); got != "1\n" {
		t.Error(got)
	}
	for sql, want := range map[string]string{"CACHE_KEY('SELECT id FROM r WHERE id > ?')": "1 placeholders, 0 values", "CACHE_KEY('SELECT 1', 2)": "0 placeholders, 1 values",
		"CACHE_KEY('DELETE FROM r')": "only a SELECT", "CACHE_KEY('SELECT')": "ERROR 1064"} {
		if got := answer(s, "SELECT "+sql); !strings.Contains(got, want) {
			t.Errorf("%s: %s", sql, got)
		}
	}
	if got := asked(t, s, "SELECT CACHE_KEY(NULL, 1)"); got != "NULL\n" {
		t.Error(got)
	}
	must(t, s, "DELETE FROM system.cache_entries WHERE bytes < 1000")
	if got := must(t, s, "SELECT entries FROM system.cache_stats"); got != "entries\n0\n" {
		t.Error(got)
	}
	if got := must(t, s, "WARM CACHE c AS SELECT id FROM r WHERE id < 10"); got != "ok, 5 affected\n" {
		t.Error(got)
	}
	if got := answer(s, "WARM CACHE c AS SELECT NOW()"); !strings.HasPrefix(got, "ERROR 1235") {
		t.Error(got)
	}
	must(t, s, "ALTER CACHE c PAUSE")
	for sql, want := range map[string]string{"FLUSH CACHE c": "ERROR 1235", "FLUSH CACHE d": "ERROR 3162", "CREATE CACHE x WITH (driver = 'redis')": "ERROR 1210",
		"CREATE CACHE x WITH (prefix = 'data/x')": "ERROR 1210", "CREATE CACHE x ON missing": "ERROR 1146", "CREATE CACHE x WITH (ttl = 'soon')": "ERROR 1210"} {
		if got := answer(s, sql); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s, want %s", sql, got, want)
		}
	}
}

// TestWhatIsNotCached asks queries whose results depend on more than tables.
func TestWhatIsNotCached(t *testing.T) {
	t.Parallel()
	e := openMem(t)
	s := e.NewSession()
	must(t, s, "CREATE TABLE t (id INT PRIMARY KEY, s VARCHAR(20), d TIME, at DATETIME)")
	must(t, s, "CREATE TABLE secret (id INT PRIMARY KEY, s VARCHAR(20) ENCRYPTED)")
	must(t, s, "CREATE TABLE aging (id INT PRIMARY KEY, at DATETIME) WITH (ttl = 'at + INTERVAL 1 DAY')")
	must(t, s, "CREATE TABLE other (id INT PRIMARY KEY)")
	must(t, s, "INSERT INTO t VALUES (1, 'a', '10:00:00', '2020-01-01'), (2, 'x', '11:00:00', '2020-01-01')")
	must(t, s, "INSERT INTO secret VALUES (1, 'plain')")
	dir := t.TempDir()
	must(t, s, "CREATE CACHE c ON t, secret, aging WITH (driver = 'memory,disk', directory = '"+dir+"')")
	must(t, s, "SET @a = 1")
	for _, sql := range []string{"SELECT NOW(), id FROM t", "SELECT id FROM t WHERE RAND() < 2", "SELECT id + @a FROM t", "SELECT COUNT(*) FROM aging",
		"SELECT id FROM t WHERE CAST(d AS DATETIME) > '2020-01-01'", "SELECT * FROM other", "SELECT * FROM t, other", "SELECT SQL_NO_CACHE * FROM t",
		"SELECT * FROM t FOR UPDATE", "SELECT SQL_CALC_FOUND_ROWS id FROM t LIMIT 1", "SELECT 1", "SELECT COUNT(*) FROM information_schema.tables, t",
		"SELECT CONNECTION_ID(), id FROM t", "SELECT s + 1 FROM t", "SELECT id FROM t WHERE at > CURDATE()",
		"SELECT * FROM t WHERE at = d"} {
		must(t, s, sql)
	}
	if got := must(t, s, "SELECT statement FROM system.cache_entries"); got != "statement\n" {
		t.Errorf("cached: %s", got)
	}
	must(t, s, "SELECT SQL_CACHE * FROM other")
	if got := must(t, s, "SELECT statement, table_names, tier FROM system.cache_entries"); got != "statement | table_names | tier\nSELECT SQL_CACHE * FROM other | other | memory\n" {
		t.Errorf("cached: %s", got)
	}
	must(t, s, "SELECT s FROM secret")
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			data, rerr := os.ReadFile(path)
			if strings.Contains(string(data), "plain") {
				t.Errorf("%s has a value of an encrypted column", path)
			}
			err = rerr
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	// In a transaction that has written the table, and in a serializable one.
	must(t, s, "SELECT id FROM t")
	must(t, s, "BEGIN")
	must(t, s, "DELETE FROM t")
	if got := must(t, s, "SELECT id FROM t"); got != "id\n" {
		t.Error(got)
	}
	must(t, s, "ROLLBACK")
	if got := must(t, s, "SELECT id FROM t"); got != "id\n1\n2\n" {
		t.Error(got)
	}
}

// slowDriver counts, and fails when it is told to.
type slowDriver struct {
	cache.Driver
	fails bool
}

func (d *slowDriver) Get(ctx context.Context, key string) ([]byte, bool, error) {
	if d.fails {
		return nil, false, errors.New("out of order")
	}
	return d.Driver.Get(ctx, key)
}

func (d *slowDriver) Put(ctx context.Context, key string, v []byte, ttl time.Duration) error {
	if d.fails {
		return errors.New("out of order")
	}
	return d.Driver.Put(ctx, key, v, ttl)
}

var testDriver = &slowDriver{}

func init() {
	cache.Register("test", func(cfg cache.Config) (cache.Driver, error) {
		d, err := cache.OpenDriver("memory", cfg)
		testDriver.Driver = d
		return testDriver, err
	})
}

// TestCacheDriver uses a driver of the program, which then fails, and a folder that cannot be made: queries run all the same.
func TestCacheDriver(t *testing.T) {
	t.Parallel()
	e := openMem(t)
	s := e.NewSession()
	must(t, s, "CREATE TABLE t (id INT PRIMARY KEY)")
	must(t, s, "INSERT INTO t VALUES (1)")
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, s, "CREATE CACHE c WITH (driver = 'test, disk', directory = '"+file+"')")
	must(t, s, "SELECT * FROM t")
	must(t, s, "SELECT * FROM t")
	stats := func() string {
		return must(t, s, "SELECT tier, hits, failures FROM system.cache_stats")
	}
	if got := stats(); got != "tier | hits | failures\ntest | 1 | 0\ndisk | 0 | 2\n" {
		t.Error(got)
	}
	testDriver.fails = true
	if got := must(t, s, "SELECT * FROM t"); got != "id\n1\n" {
		t.Error(got)
	}
	if got := stats(); got != "tier | hits | failures\ntest | 1 | 2\ndisk | 0 | 4\n" {
		t.Error(got)
	}
}

// TestStampede asks for one result from many sessions at once: it is computed once.
func TestStampede(t *testing.T) {
	t.Parallel()
	e, ledger := reopened(t, segmentedStore(t), sqlengine.Config{})
	s := e.NewSession()
	must(t, s, "CREATE CACHE c")
	before := ledger.Total()
	var all sync.WaitGroup
	answers := make([]string, 20)
	for i := range answers {
		all.Go(func() {
			answers[i] = answer(e.NewSession(), "SELECT k, COUNT(*) FROM r WHERE v > '0' GROUP BY k ORDER BY k LIMIT 2")
		})
	}
	all.Wait()
	for _, a := range answers {
		if a != answers[0] || strings.HasPrefix(a, "ERROR") {
			t.Errorf("%s, and %s", a, answers[0])
		}
	}
	alone, lone := reopened(t, segmentedStore(t), sqlengine.Config{})
	one := lone.Total()
	must(t, alone.NewSession(), "SELECT k, COUNT(*) FROM r WHERE v > '0' GROUP BY k ORDER BY k LIMIT 2")
	if got, want := ledger.Total().Sub(before).Requests(), lone.Total().Sub(one).Requests(); got > want+int64(len(answers)) {
		t.Errorf("%d requests, of one alone %d", got, want)
	}
}
