package sqlengine_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine"
	"github.com/s3sql/s3sql/storage/object/mem"
)

var otherKey = []byte("another secret key, of 32 bytes!")

// openKeyed opens a database in store with a secret key; nil is none. It is closed at the end of the test.
func openKeyed(t *testing.T, store *mem.Store, key []byte) *sqlengine.Engine {
	t.Helper()
	e, err := sqlengine.Open(context.Background(), sqlengine.Config{Store: store, Database: "app", Create: true, SecretKey: key, Maintenance: "off",
		LocalFile: func(string) (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader("50\topen-50\tsecret-50\n51\topen-51\tsecret-51\n")), nil
		}})
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

// holds returns the keys of the objects that hold text. Records of less than a KiB are not compressed.
func holds(t *testing.T, store *mem.Store, text string) (keys []string) {
	t.Helper()
	for info, err := range store.List(context.Background(), "", "") {
		if err != nil {
			t.Fatal(err)
		}
		o, err := store.Get(context.Background(), info.Key)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(o.Data, []byte(text)) {
			keys = append(keys, info.Key)
		}
	}
	return keys
}

// TestNoValueInTheClear writes values of an ENCRYPTED column in every way there is. Those of the column beside it are found in
// the objects, so that the search is known to see what is there.
func TestNoValueInTheClear(t *testing.T) {
	t.Parallel()
	store := mem.New()
	e := openKeyed(t, store, scriptKey)
	s := e.NewSession()
	seen := 0
	for _, sql := range []string{
		"CREATE TABLE t (id INT PRIMARY KEY, o VARCHAR(40), s VARCHAR(40) ENCRYPTED)",
		"INSERT INTO t VALUES (1, 'open-1', 'secret-1')",
		"INSERT INTO t SELECT 2, 'open-2', CONCAT('secret-', 2)",
		"UPDATE t SET s = 'secret-3', o = 'open-3' WHERE s = 'secret-2'",
		"INSERT INTO t VALUES (1, '', 'secret-4') ON DUPLICATE KEY UPDATE s = VALUES(s), o = 'open-4'",
		"REPLACE INTO t VALUES (1, 'open-5', 'secret-5')",
		"LOAD DATA LOCAL INFILE 'f' INTO TABLE t",
		"UPDATE t SET id = id + 100 WHERE id = 50",
		"ALTER TABLE t ADD x VARCHAR(40) DEFAULT (CONCAT('sec', 'ret-', 6)) ENCRYPTED, ADD y VARCHAR(40) DEFAULT 'open-6'",
		"CREATE TABLE copy AS SELECT * FROM t",
		"ALTER TABLE copy ADD KEY (o)",
		"CREATE TABLE part (id INT PRIMARY KEY, o VARCHAR(40), s VARCHAR(40) ENCRYPTED) PARTITION BY HASH (id) PARTITIONS 2",
		"INSERT INTO part SELECT id, o, s FROM t",
		"UPDATE part SET id = id + 1 ORDER BY id DESC",
		"ALTER TABLE part COALESCE PARTITION 1",
		"CREATE TABLE late (id INT PRIMARY KEY, o VARCHAR(40), s VARCHAR(40))",
		"ALTER TABLE late MODIFY s VARCHAR(40) ENCRYPTED",
		"INSERT INTO late VALUES (7, 'open-7', 'secret-7')",
		"ALTER TABLE late MODIFY s VARCHAR(80) ENCRYPTED",
		"BEGIN", "INSERT INTO late VALUES (8, 'open-8', 'secret-8')", "UPDATE late SET s = CONCAT(s, '!') WHERE id = 8", "COMMIT",
	} {
		mustRun(t, s, sql)
		if keys := holds(t, store, "secret-"); len(keys) > 0 {
			t.Fatalf("after %s: %q hold a value", sql, keys)
		}
		seen = max(seen, len(holds(t, store, "open-")))
	}
	if seen < 8 {
		t.Errorf("only %d objects show what is not encrypted", seen)
	}
	before := len(holds(t, store, "open-"))
	if err := e.Checkpoint(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n := len(holds(t, store, "open-")); n <= before {
		t.Errorf("%d objects show what is not encrypted after a checkpoint, %d before", n, before)
	}
	if keys := holds(t, store, "secret-"); len(keys) > 0 {
		t.Fatalf("after a checkpoint %q hold a value", keys)
	}
	want := answer(s, "SELECT * FROM t; SELECT * FROM part; SELECT * FROM late; SELECT * FROM copy")
	again := openKeyed(t, store, scriptKey).NewSession()
	if got := answer(again, "SELECT * FROM t; SELECT * FROM part; SELECT * FROM late; SELECT * FROM copy"); got != want || strings.Count(got, "secret-") < 16 {
		t.Errorf("another process reads\n%s\nnot\n%s", got, want)
	}
	if err := e.Checkpoint(context.Background()); err != nil {
		t.Fatal(err)
	}
	mustRun(t, s, "ALTER TABLE late MODIFY s VARCHAR(80)")
	if len(holds(t, store, "secret-7")) == 0 {
		t.Error("a column that is not ENCRYPTED any more still is")
	}
}

// TestWithoutTheKey reads and writes what is not encrypted without the key and with another one. What is encrypted stays as it
// is, and every statement about it is an error that says why.
func TestWithoutTheKey(t *testing.T) {
	t.Parallel()
	for name, key := range map[string][]byte{"no key": nil, "another key": otherKey} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := mem.New()
			owner := openKeyed(t, store, scriptKey).NewSession()
			mustRun(t, owner, "CREATE TABLE t (id INT PRIMARY KEY, o INT, s VARCHAR(40) NOT NULL ENCRYPTED, n INT ENCRYPTED, KEY (o), v VARCHAR(50) AS (UPPER(s)), w INT AS (o + 1))")
			mustRun(t, owner, "CREATE TABLE p (id INT PRIMARY KEY, o INT, s VARCHAR(40) NOT NULL ENCRYPTED, n INT ENCRYPTED) PARTITION BY HASH (id) PARTITIONS 3")
			mustRun(t, owner, "CREATE TABLE r (id INT PRIMARY KEY, b BLOB ENCRYPTED)")
			mustRun(t, owner, "CREATE TABLE c (id INT PRIMARY KEY, pid INT, s INT ENCRYPTED, FOREIGN KEY (pid) REFERENCES r (id) ON DELETE SET NULL ON UPDATE CASCADE)")
			mustRun(t, owner, "INSERT INTO t (id, o, s, n) VALUES (1, 1, 'one', 10), (2, 2, 'two', NULL), (3, 3, 'three', 30)")
			mustRun(t, owner, "INSERT INTO p VALUES (1, 1, 'one', 10), (2, 2, 'two', NULL), (3, 3, 'three', 30)")
			mustRun(t, owner, "INSERT INTO r VALUES (1, 'b1'), (2, 'b2')")
			mustRun(t, owner, "INSERT INTO c VALUES (1, 1, 11), (2, 2, 22)")

			s := openKeyed(t, store, key).NewSession()
			for _, sql := range []string{
				"SELECT * FROM t", "SELECT s FROM t WHERE id = 1", "SELECT id FROM t WHERE s = 'one'", "SELECT COUNT(n) FROM t", "SELECT v FROM t",
				"SELECT id FROM t ORDER BY n", "SELECT t.* FROM t", "SELECT 1 FROM p a JOIN p b USING (s)", "SELECT 1 FROM p a NATURAL JOIN p b",
				"SELECT (SELECT s FROM p WHERE p.id = c.id) FROM c", "SELECT id FROM c WHERE EXISTS (SELECT 1 FROM p WHERE p.n = c.id)",
				"SELECT x.s FROM (SELECT s FROM p) x", "SELECT 1 FROM c, LATERAL (SELECT c.s) x", "INSERT INTO c (id, s) VALUES (9, 9)",
				"INSERT INTO c VALUES (9, NULL, 9)", "INSERT INTO c SELECT 9, NULL, 9", "INSERT INTO p (id, s) VALUES (9, NULL)",
				"REPLACE INTO c VALUES (1, 1, 9)", "UPDATE p SET s = 'x'", "UPDATE p SET n = NULL", "UPDATE p SET o = n", "UPDATE p JOIN c ON c.id = p.id SET p.n = 1",
				"UPDATE p SET o = 9 WHERE n = 10", "UPDATE p SET o = 1 RETURNING *", "DELETE FROM p WHERE s = 'one'", "DELETE FROM p RETURNING s",
				"INSERT INTO p (id, o) VALUES (1, 1) ON DUPLICATE KEY UPDATE n = 4", "INSERT INTO p (id, o, s) VALUES (1, 1, 'x') ON DUPLICATE KEY UPDATE o = 4",
				"ALTER TABLE p FORCE", "ALTER TABLE p MODIFY s VARCHAR(40)", "ALTER TABLE p MODIFY n BIGINT ENCRYPTED", "ALTER TABLE p ADD KEY (o)",
				"ALTER TABLE p COALESCE PARTITION 1", "CHECKSUM TABLE p", "CREATE TABLE x AS SELECT * FROM p", "LOAD DATA LOCAL INFILE 'f' INTO TABLE p", "LOAD DATA LOCAL INFILE 'f' INTO TABLE p (id, @o, s)",
				"UPDATE t SET o = 5", // its generated column reads s
				"CREATE VIEW view1 AS SELECT s FROM p",
			} {
				err := runAll(s, sql)
				var be *base.Error
				switch {
				case !errors.As(err, &be):
					t.Errorf("%s: %v", sql, err)
				case be.Number != 3185 || !strings.Contains(be.Msg, "secret_key") || !strings.Contains(be.Msg, "Column '"):
					t.Errorf("%s: %v", sql, err)
				}
			}
			for _, sql := range []string{
				"SELECT id, o, w FROM t WHERE o > 1", "SELECT COUNT(*) FROM t", "UPDATE p SET o = o + 10", "UPDATE p SET id = 40 WHERE id = 3",
				"UPDATE p a JOIN p b ON b.id = a.id SET a.o = b.o + 1", "DELETE FROM p WHERE id = 2 RETURNING id, o",
				"INSERT INTO c (id, pid) VALUES (3, 1)", "UPDATE r SET id = 5 WHERE id = 1", "DELETE FROM r WHERE id = 2",
				"INSERT INTO c (id, pid) VALUES (1, 5) ON DUPLICATE KEY UPDATE pid = NULL", "UPDATE c SET id = id + 10 ORDER BY id DESC",
				"ALTER TABLE p RENAME COLUMN o TO oo", "ALTER TABLE p ADD z INT DEFAULT 3", "REPLACE INTO c (id, pid) VALUES (13, NULL)",
				"SHOW CREATE TABLE p", "SELECT x.id FROM (SELECT id, oo FROM p) x",
			} {
				if err := runAll(s, sql); err != nil {
					t.Errorf("%s: %v", sql, err)
				}
			}
			got := answer(owner, "SELECT id, o, s, n, v FROM t; SELECT * FROM p ORDER BY id; SELECT * FROM r; SELECT * FROM c")
			const want = `id | o | s | n | v
1 | 1 | one | 10 | ONE
2 | 2 | two | NULL | TWO
3 | 3 | three | 30 | THREE
id | oo | s | n | z
1 | 12 | one | 10 | 3
40 | 14 | three | 30 | 3
id | b
5 | b1
id | pid | s
11 | NULL | 11
12 | NULL | 22
13 | NULL | NULL
`
			if got != want {
				t.Errorf("the owner of the key reads\n%s", got)
			}
			if key == nil {
				if err := runAll(s, "CREATE TABLE y (s INT ENCRYPTED)"); number(err) != "3185 HY000" {
					t.Error(err)
				}
				return
			}
			mustRun(t, s, "CREATE TABLE y LIKE p") // it has no rows: the key is that of who makes it
			mustRun(t, s, "INSERT INTO y VALUES (1, 2, 'mine', 3, 4)")
			if got := answer(s, "SELECT s FROM y"); got != "s\nmine\n" {
				t.Error(got)
			}
			if err := runAll(owner, "SELECT s FROM y"); number(err) != "3185 HY000" {
				t.Error(err)
			}
		})
	}
}

// TestDamagedValue changes bytes of stored values: no read answers with something else.
func TestDamagedValue(t *testing.T) {
	t.Parallel()
	store := mem.New()
	s := openKeyed(t, store, scriptKey).NewSession()
	mustRun(t, s, "CREATE TABLE t (id INT PRIMARY KEY, s VARCHAR(40) ENCRYPTED, b BLOB)")
	mustRun(t, s, "INSERT INTO t (id, s) VALUES (1, 'one')")
	mustRun(t, s, "CREATE TABLE u (id INT PRIMARY KEY, b BLOB ENCRYPTED)")
	for _, damage := range []func([]byte) []byte{
		func(b []byte) []byte { return b[:len(b)-1] }, func(b []byte) []byte { return nil }, func(b []byte) []byte { b[0]++; return b },
		func(b []byte) []byte { b[3]++; return b }, func(b []byte) []byte { b[12]++; return b }, func(b []byte) []byte { b[len(b)-1]++; return b },
		func(b []byte) []byte { return append(b, 0) },
	} {
		e := openKeyed(t, store, scriptKey)
		if err := e.Tamper(context.Background(), "t", damage); err != nil {
			t.Fatal(err)
		}
		for _, sql := range []string{"SELECT s FROM t", "SELECT s FROM t WHERE id = 1", "UPDATE t SET s = CONCAT(s, 'x')", "SELECT b.s FROM u a RIGHT JOIN t b ON b.id = 1"} {
			err := runAll(e.NewSession(), sql)
			if !errors.Is(err, base.ErrCorrupt) || !strings.Contains(err.Error(), "column s of table t") {
				t.Errorf("%s: %v", sql, err)
			}
		}
		if got := answer(e.NewSession(), "CHECK TABLE t"); !strings.Contains(got, "column s of table t") {
			t.Error(got)
		}
		mustRun(t, openKeyed(t, store, nil).NewSession(), "DELETE FROM t") // it need not open what it deletes
		mustRun(t, s, "INSERT INTO t (id, s) VALUES (1, 'one')")
	}
	if got := answer(s, "SELECT s FROM t"); got != "s\none\n" {
		t.Error(got)
	}
	if !slices.Equal(scriptKey, []byte("a secret key of the tests, 32 by")) {
		t.Error("the key of the caller was changed")
	}
}

// TestShowCreateEncrypted makes a table again from what SHOW CREATE TABLE says of it.
func TestShowCreateEncrypted(t *testing.T) {
	t.Parallel()
	s := openMem(t).NewSession()
	mustRun(t, s, "CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(9) NOT NULL INVISIBLE ENCRYPTED COMMENT 'c', b TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP ENCRYPTED, c TEXT ENCRYPTED, d INT AS (LENGTH(c)) STORED ENCRYPTED)")
	want := shown(t, s, "t")
	mustRun(t, s, "DROP TABLE t")
	mustRun(t, s, want)
	if got := shown(t, s, "t"); got != want || strings.Count(got, "ENCRYPTED") != 4 {
		t.Errorf("%s\n%s", want, got)
	}
}

// TestUnreadableValuesMove moves rows between keys and partitions without the key: what is encrypted comes along.
func TestUnreadableValuesMove(t *testing.T) {
	t.Parallel()
	store := mem.New()
	owner := openKeyed(t, store, scriptKey).NewSession()
	for _, sql := range []string{
		"CREATE TABLE hidden (a INT, s INT ENCRYPTED) PARTITION BY HASH (a) PARTITIONS 3", "INSERT INTO hidden VALUES (1, 10), (2, 20), (3, 30)",
		"CREATE TABLE tree (id INT PRIMARY KEY, up INT, s INT ENCRYPTED, FOREIGN KEY (up) REFERENCES tree (id) ON DELETE SET NULL)",
		"INSERT INTO tree VALUES (1, NULL, 1), (2, 1, 2), (3, 2, 3)",
		"CREATE TABLE parent (id INT PRIMARY KEY, s INT ENCRYPTED)", "INSERT INTO parent VALUES (1, 10), (2, 20)",
		"CREATE TABLE child (id INT PRIMARY KEY, p INT, s INT ENCRYPTED, FOREIGN KEY (p) REFERENCES parent (id) ON UPDATE CASCADE)",
		"INSERT INTO child VALUES (1, 1, 100), (2, 2, 200), (3, 1, 300)",
	} {
		mustRun(t, owner, sql)
	}
	s := openKeyed(t, store, nil).NewSession()
	for _, sql := range []string{
		"UPDATE hidden SET a = a + 1", "UPDATE hidden x JOIN hidden y ON x.a = y.a SET x.a = x.a + 1, y.a = y.a + 2",
		"BEGIN", "UPDATE hidden SET a = a + 1", "UPDATE hidden SET a = a + 1 WHERE a > 5", "COMMIT",
		"UPDATE tree SET id = id + 10 WHERE id = 3", "DELETE FROM tree WHERE id = 1",
		"UPDATE parent SET id = id + 10 ORDER BY id DESC", "UPDATE child SET id = id + 50",
	} {
		mustRun(t, s, sql)
	}
	got := answer(owner, "SELECT s, a FROM hidden ORDER BY s; SELECT * FROM tree; SELECT * FROM parent; SELECT * FROM child")
	const want = `s | a
10 | 5
20 | 7
30 | 8
id | up | s
2 | NULL | 2
13 | 2 | 3
id | s
11 | 10
12 | 20
id | p | s
51 | 11 | 100
52 | 12 | 200
53 | 11 | 300
`
	if got != want {
		t.Errorf("the owner of the key reads\n%s", got)
	}
}
