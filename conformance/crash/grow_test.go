package crash

import (
	"context"
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/s3sql/s3sql/conformance/testenv"
	"github.com/s3sql/s3sql/driver"
)

const (
	growWorkers = 2
	growSteps   = 40
	growKept    = 8 // a step removes the rows of the one so many steps before
)

// growRows returns how many rows of 2,000 bytes a step inserts: some steps more than a commit record takes.
func growRows(n int) int {
	if n%12 == 5 {
		return 5000
	}
	return 60
}

// grow inserts the rows of a step, removes those of an earlier one, and leaves a mark, in one transaction.
func grow(db *sql.DB, worker, n int) error {
	return driver.RunTx(context.Background(), db, nil, func(tx *sql.Tx) error {
		_, err := tx.Exec(`INSERT INTO big WITH RECURSIVE s (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM s WHERE i < 99),
			x (i) AS (SELECT a.i * 100 + b.i FROM s AS a, s AS b)
			SELECT ?, ?, i, ? * 1000 + (i * 7919) % 1000, REPEAT(CHAR(97 + i % 26), 2000), CONCAT('worker', ?, ' step', ?) FROM x WHERE i < ?`,
			worker, n, worker, worker, n, growRows(n))
		if err != nil {
			return err
		}
		if _, err := tx.Exec("DELETE FROM big WHERE worker = ? AND n = ?", worker, n-growKept); err != nil {
			return err
		}
		_, err = tx.Exec("INSERT INTO mark VALUES (?, ?)", worker, n)
		return err
	})
}

func TestGrowS3(t *testing.T) {
	t.Parallel()
	s := testenv.S3(t)
	runGrow(t, s.DSN(s.Bucket(t), "grow"))
}

func TestGrowFile(t *testing.T) {
	t.Parallel()
	runGrow(t, "file://"+t.TempDir())
}

// runGrow kills processes while they flush, compact and load tables beyond their memory, and compares.
func runGrow(t *testing.T, dsn string) {
	db := prepare(t, dsn, "CREATE TABLE big (worker INT, n INT, i INT, k INT, v VARCHAR(2000), w VARCHAR(40), PRIMARY KEY (worker, n, i), KEY k (k), FULLTEXT (w))",
		"CREATE TABLE mark (worker INT, n INT, PRIMARY KEY (worker, n))")
	sep := "?"
	if len(dsn) > 5 && dsn[:5] == "s3://" {
		sep = "&"
	}
	tallies := drive(t, dsn+sep+"memory_limit=8MB", growWorkers, task{taskGrow, growSteps, 5, 200 * time.Millisecond})
	for i := range tallies {
		w := &tallies[i]
		t.Logf("worker %d: %d acknowledged, %d in doubt, killed %d times", i, w.count(acked), w.count(begun)+w.count(unknown), w.kills)
	}
	compareGrow(t, db, tallies)
	var segments int
	if err := db.QueryRow("SELECT COUNT(*) FROM system.segments WHERE table_name = 'big'").Scan(&segments); err != nil || segments == 0 {
		t.Errorf("%d segments, %v: nothing was flushed", segments, err)
	}
	t.Logf("%d segments", segments)
	for _, query := range []string{"VACUUM", "OPTIMIZE TABLE big"} {
		if _, err := db.Exec(query); err != nil {
			t.Errorf("%s: %v", query, err)
		}
	}
	compareGrow(t, db, tallies)
}

// compareGrow holds the rows of each step against the marks, and these against what the workers were told.
func compareGrow(t *testing.T, db *sql.DB, tallies []tally) {
	t.Helper()
	kills := 0
	for i := range tallies {
		w := &tallies[i]
		kills += w.kills
		marks := w.marks(db)
		have := w.counts(db)
		for n, told := range w.outcome {
			if told == acked && !marks[n] || told == refused {
				t.Errorf("worker %d, step %d: it was told %s; committed: %v", i, n, told, marks[n])
			}
			want := 0
			if marks[n] && !marks[n+growKept] {
				want = growRows(n)
			}
			if have[n] != want {
				t.Errorf("worker %d, step %d (%s): %d rows, want %d", i, n, told, have[n], want)
			}
			var found int
			words := fmt.Sprintf("+worker%d +step%d", w.worker, n)
			if err := db.QueryRow("SELECT COUNT(*) FROM big WHERE MATCH (w) AGAINST (? IN BOOLEAN MODE)", words).Scan(&found); err != nil || found != want {
				t.Errorf("worker %d, step %d (%s): a search finds %d rows, want %d (%v)", i, n, told, found, want, err)
			}
		}
	}
	if kills == 0 {
		t.Error("nobody was killed")
	}
	var name, op, kind, text string
	if err := db.QueryRow("CHECK TABLE big").Scan(&name, &op, &kind, &text); err != nil || text != "OK" {
		t.Errorf("CHECK TABLE: %s, %v", text, err)
	}
}

// counts returns the rows of each step of a worker.
func (w *tally) counts(db *sql.DB) map[int]int {
	rows, err := db.Query("SELECT n, COUNT(*), COUNT(DISTINCT i), SUM(LENGTH(v)) FROM big WHERE worker = ? GROUP BY n", w.worker)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() {
		if err := rows.Close(); err != nil {
			w.t.Error(err)
		}
	}()
	found := map[int]int{}
	for rows.Next() {
		var n, count, distinct, bytes int
		if err := rows.Scan(&n, &count, &distinct, &bytes); err != nil {
			w.t.Fatal(err)
		}
		if found[n] = count; distinct != count || bytes != 2000*count {
			w.t.Error(fmt.Errorf("worker %d, step %d: %d rows, %d different ones, %d bytes", w.worker, n, count, distinct, bytes))
		}
	}
	if err := rows.Err(); err != nil {
		w.t.Fatal(err)
	}
	return found
}
