package logictest_test

import (
	"database/sql"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/s3sql/s3sql/conformance/logictest"
	_ "github.com/s3sql/s3sql/driver"
)

// envFolder names a folder with more scripts; without it they are looked for beside the repository.
const (
	envFolder = "S3SQL_LOGICTEST"
	beside    = "../../../shared/sqllogictest"
)

// TestOwnScripts runs the scripts of testdata, none of whose records is excused.
func TestOwnScripts(t *testing.T) {
	t.Parallel()
	files := scripts(t, "testdata")
	if len(files) == 0 {
		t.Fatal("no scripts in testdata")
	}
	runAll(t, files, nil)
}

// TestCollection runs the scripts of the folder, if there are any. The records that testdata/known.txt lists may fail.
func TestCollection(t *testing.T) {
	t.Parallel()
	folder := os.Getenv(envFolder)
	if folder == "" {
		if _, err := os.Stat(beside); err != nil {
			t.Logf("no scripts: %s is not set, and there is no folder %s", envFolder, beside)
			return
		}
		folder = beside
	}
	in, err := os.Open("testdata/known.txt")
	if err != nil {
		t.Fatal(err)
	}
	known, err := logictest.ReadKnown(in)
	if err != nil {
		t.Fatalf("testdata/known.txt: %v", err)
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	runAll(t, scripts(t, folder), known)
}

func scripts(t *testing.T, folder string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(path, ".test") {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func runAll(t *testing.T, files []string, known *logictest.Known) {
	var sum struct {
		sync.Mutex
		run, skipped, excused int
	}
	begin := time.Now()
	t.Cleanup(func() {
		t.Logf("%d files: %d records run, %d for other engines, %d known to fail, %.0f records/s", len(files), sum.run, sum.skipped, sum.excused,
			float64(sum.run)/time.Since(begin).Seconds())
	})
	for _, file := range files {
		t.Run(filepath.ToSlash(file), func(t *testing.T) {
			t.Parallel()
			rep := run(t, file)
			sum.Lock()
			defer sum.Unlock()
			sum.run += rep.Run
			sum.skipped += rep.Skipped
			failed := 0
			for _, f := range rep.Failures {
				if known != nil {
					if reason, _ := known.Reason(file, f.Record.SQL); reason != "" {
						sum.excused++
						continue
					}
				}
				if failed++; failed <= 20 {
					t.Errorf("%s %v", file, f)
				}
			}
			if failed > 20 {
				t.Errorf("%s: %d records fail", file, failed)
			}
		})
	}
}

func run(t *testing.T, file string) *logictest.Report {
	t.Helper()
	db, err := sql.Open("s3sql", "mem://")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}()
	script, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := script.Close(); err != nil {
			t.Error(err)
		}
	}()
	rep, err := logictest.Run(t.Context(), conn, script)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return rep
}
