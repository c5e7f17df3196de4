package sqlengine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/s3sql/s3sql/sqlengine"
	"github.com/s3sql/s3sql/storage/object/mem"
)

// openFiles opens a database in memory whose LOAD DATA LOCAL reads what open returns.
func openFiles(t *testing.T, open func(name string) (io.ReadCloser, error)) *sqlengine.Engine {
	t.Helper()
	e, err := sqlengine.Open(context.Background(), sqlengine.Config{Store: mem.New(), Database: "app", Create: true, LocalFile: open})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return e
}

// TestLoadData runs testdata/load/*.txt. "file name" gives a file its contents: the lines of the directive, each a Go string
// without its quotes, joined as they are. "sql" runs statements, and prints what LOAD DATA says of itself.
func TestLoadData(t *testing.T) {
	t.Parallel()
	datadriven.Walk(t, "testdata/load", func(t *testing.T, path string) {
		t.Parallel()
		files := map[string]string{}
		e := openFiles(t, func(name string) (io.ReadCloser, error) {
			text, ok := files[name]
			if !ok {
				return nil, os.ErrNotExist
			}
			return io.NopCloser(strings.NewReader(text)), nil
		})
		s := e.NewSession()
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			if d.Cmd != "file" {
				return loadAnswer(s, d.Input)
			}
			var b strings.Builder
			for line := range strings.Lines(d.Input) {
				text, err := strconv.Unquote(`"` + strings.ReplaceAll(strings.TrimSuffix(line, "\n"), `"`, `\"`) + `"`)
				if err != nil {
					t.Fatal(err)
				}
				b.WriteString(text)
			}
			files[d.CmdArgs[0].Key] = b.String()
			return ""
		})
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

// loadAnswer is answer, behind what the statement says of itself.
func loadAnswer(s *sqlengine.Session, sql string) string {
	if !strings.HasPrefix(sql, "LOAD") || strings.Contains(sql, ";") {
		return answer(s, sql)
	}
	r, err := s.Exec(context.Background(), sql, nil)
	if err != nil {
		return answer(s, sql)
	}
	out := r.Info + "\n"
	if err := r.Close(); err != nil {
		return err.Error()
	}
	return out + answer(s, "SHOW WARNINGS")
}

func TestLoadReadsAgainAfterAConflict(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	opened, shared := 0, io.Reader(nil)
	var e *sqlengine.Engine
	e = openFiles(t, func(name string) (io.ReadCloser, error) {
		if opened++; opened == 1 { // another transaction gets in between
			if got := answer(e.NewSession(), "INSERT INTO t VALUES (1, 'other')"); !strings.HasPrefix(got, "ok") {
				t.Error(got)
			}
		}
		if name == "shared" {
			return io.NopCloser(shared), nil
		}
		return io.NopCloser(strings.NewReader("1\tmine\n2\tmine\n")), nil
	})
	s := e.NewSession()
	answer(s, "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(10))")
	r, err := s.Exec(ctx, "LOAD DATA LOCAL INFILE 'f' INTO TABLE t", nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := "Records: 2  Deleted: 0  Skipped: 1  Warnings: 1"; opened != 2 || r.Info != want {
		t.Errorf("opened %d times: %s", opened, r.Info)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	answer(s, "DELETE FROM t")
	opened, shared = 0, strings.NewReader("1\tmine\n2\tmine\n")
	if got := answer(s, "LOAD DATA LOCAL INFILE 'shared' INTO TABLE t"); !strings.Contains(got, "ERROR 29 (HY000): file 'shared' cannot be read again") {
		t.Errorf("a reader that has been read: %s", got)
	}
	if got := answer(s, "SELECT * FROM t"); got != "id | v\n1 | other\n" {
		t.Error(got)
	}
}

// brokenFile fails after its text, and when it is closed.
type brokenFile struct {
	io.Reader
	closeErr error
}

func (f *brokenFile) Close() error { return f.closeErr }

func TestLoadFromBrokenFiles(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	e := openFiles(t, func(name string) (io.ReadCloser, error) {
		f := &brokenFile{Reader: strings.NewReader("1\n2\n")}
		switch name {
		case "read":
			f.Reader = io.MultiReader(f.Reader, &failing{boom})
		case "close":
			f.closeErr = boom
		case "open":
			return nil, boom
		}
		return f, nil
	})
	s := e.NewSession()
	answer(s, "CREATE TABLE t (id INT PRIMARY KEY)")
	for name, want := range map[string]string{
		"read":  "ERROR 29 (HY000): reading file 'read', line 3 failed: boom\n",
		"close": "ERROR 29 (HY000): closing file 'close' failed: boom\n",
		"open":  "ERROR 29 (HY000): opening file 'open' failed: boom\n",
	} {
		if got := answer(s, "LOAD DATA LOCAL INFILE '"+name+"' INTO TABLE t"); got != want {
			t.Errorf("%s: %s", name, got)
		}
		if got := answer(s, "BEGIN; LOAD DATA LOCAL INFILE '"+name+"' INTO TABLE t"); !strings.HasSuffix(got, want) {
			t.Errorf("%s: %s", name, got)
		}
		if got := answer(s, "SELECT COUNT(*) FROM t; COMMIT"); !strings.HasPrefix(got, "COUNT(*)\n0\n") {
			t.Errorf("%s leaves rows: %s", name, got)
		}
	}
}

type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) { return 0, f.err }

// lines yields n lines, and calls at before each block of them.
type lines struct {
	n, next int
	buf     bytes.Buffer
	at      func(line int)
}

func (l *lines) Close() error { return nil }

func (l *lines) Read(p []byte) (int, error) {
	if l.buf.Len() == 0 {
		if l.next == l.n {
			return 0, io.EOF
		}
		l.at(l.next)
		for range min(1000, l.n-l.next) {
			l.next++
			fmt.Fprintf(&l.buf, "%d,\"name %d\",%d.5\n", l.next, l.next, l.next)
		}
	}
	return l.buf.Read(p)
}

func TestLoadStopsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	file := &lines{n: 1_000_000, at: func(line int) {
		if line == 5000 {
			cancel()
		}
	}}
	e := openFiles(t, func(string) (io.ReadCloser, error) { return file, nil })
	s := e.NewSession()
	answer(s, "CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(30), v DECIMAL(10, 1))")
	if _, err := s.Exec(ctx, "LOAD DATA LOCAL INFILE 'f' INTO TABLE t FIELDS TERMINATED BY ',' ENCLOSED BY '\"'", nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if file.next > 10_000 {
		t.Errorf("read %d lines", file.next)
	}
	if got := answer(s, "SELECT COUNT(*) FROM t"); got != "COUNT(*)\n0\n" {
		t.Error(got)
	}
}

func TestLoadManyRows(t *testing.T) {
	t.Parallel()
	const n = 50_000
	e := openFiles(t, func(string) (io.ReadCloser, error) { return &lines{n: n, at: func(int) {}}, nil })
	s := e.NewSession()
	answer(s, "CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(30), v DECIMAL(10, 1), KEY (name))")
	if got := answer(s, "LOAD DATA LOCAL INFILE 'f' INTO TABLE t FIELDS TERMINATED BY ',' ENCLOSED BY '\"'"); got != "ok, 50000 affected\n" {
		t.Fatal(got)
	}
	if got := answer(s, "SELECT COUNT(*), SUM(id), SUM(v), MAX(name) FROM t"); got != "COUNT(*) | SUM(id) | SUM(v) | MAX(name)\n50000 | 1250025000 | 1250050000.0 | name 9999\n" {
		t.Error(got)
	}
}
