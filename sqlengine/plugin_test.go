package sqlengine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/s3sql/s3sql/plugins"
	"github.com/s3sql/s3sql/sqlengine"
	"github.com/s3sql/s3sql/sqlengine/event"
	"github.com/s3sql/s3sql/storage/object/mem"
)

// testPlugin does what its option says.
type testPlugin struct {
	plugins.Base
	mode, token string
	host        plugins.Host
	stopped     atomic.Bool

	mu      sync.Mutex
	commits []string
	outcome []string
	events  []string
	objects []string
}

var testPlugins sync.Map // *testPlugin by tag

func init() {
	plugins.Register("tester", plugins.Definition{Version: "1.2", Options: []plugins.Option{
		{Name: "tag"}, {Name: "token", Type: plugins.Secret}, {Name: "mode", Default: "ok", Values: []string{"ok", "new", "setup", "start", "panic", "before", "hook", "slow", "refuse", "commit", "late", "event", "kind"}},
	}, New: func(o plugins.Options) (plugins.Plugin, error) {
		p := &testPlugin{mode: o.Text("mode"), token: o.Text("token")}
		if p.mode == "new" {
			return nil, errors.New("no new ones")
		}
		testPlugins.Store(o.Text("tag"), p)
		return p, nil
	}})
}

func (p *testPlugin) add(to *[]string, format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	*to = append(*to, fmt.Sprintf(format, args...))
}

func (p *testPlugin) take(from *[]string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := *from
	*from = nil
	return out
}

type testKey struct{}

//lint:long one registration of each sort
func (p *testPlugin) Setup(_ context.Context, h plugins.Host) error {
	p.host = h
	if p.mode == "setup" {
		return errors.New("no setup")
	}
	h.Statements(plugins.StatementHooks{
		Before: func(ctx context.Context, s plugins.Statement) (context.Context, error) {
			switch {
			case s.Table != "t":
				return nil, nil
			case p.mode == "hook":
				panic("no hooks")
			case p.mode == "slow":
				time.Sleep(plugins.HookTimeout + 200*time.Millisecond)
			case p.mode == "refuse" && s.Operation == "delete":
				return nil, errors.New("rows stay")
			}
			return context.WithValue(ctx, testKey{}, s.Operation), nil
		},
		After: func(ctx context.Context, s plugins.Statement, o plugins.Outcome) {
			if s.Table == "t" {
				p.add(&p.outcome, "%v %s %d %v", ctx.Value(testKey{}), s.Text, o.Rows, o.Err != nil)
			}
		},
	})
	h.Commits(plugins.CommitHooks{
		Before: func(_ context.Context, c plugins.Commit) error {
			if p.mode == "commit" && len(c.Changes) > 0 {
				return fmt.Errorf("%d changes are too many", len(c.Changes))
			}
			return nil
		},
		After: func(c plugins.Commit) {
			if p.mode == "late" {
				panic("no commits")
			}
			for _, x := range c.Changes {
				p.add(&p.commits, "%v %s %v %v", c.Seq > 0, x.Operation, x.Old, x.New)
			}
		},
	}, "T")
	h.Events(func(r event.Record) {
		if p.mode == "event" && r.Event.Type() == "error" {
			panic("no events")
		}
		p.add(&p.events, "%s", r.Event.Type())
	})
	h.Table(plugins.Table{Name: "tester_info", Columns: []plugins.Column{{Name: "n", Type: plugins.TypeInt}, {Name: "at", Type: plugins.TypeTime}, {Name: "s"}, {Name: "doc", Type: plugins.TypeJSON}},
		Rows: func(context.Context) ([][]any, error) {
			return [][]any{{int64(1), time.Unix(0, 0), p.token, `{"a": [1]}`}, {int64(2), nil, "two", nil}}, nil
		},
		Delete: func(_ context.Context, row []any) error {
			if row[0] == int64(2) {
				return nil
			}
			return errors.New("the first one stays")
		}})
	h.Function(plugins.Function{Name: "GREET", MinArgs: 1, MaxArgs: 2, Deterministic: true, Call: func(_ context.Context, args []any) (any, error) {
		if args[0] == "nobody" {
			return nil, errors.New("there is nobody")
		}
		if args[0] == "panic" {
			panic("no greetings")
		}
		return fmt.Sprintf("hello %v", args), nil
	}})
	h.TableFunction(plugins.TableFunction{Name: "COUNT_TO", MinArgs: 1, MaxArgs: 1, Columns: []plugins.Column{{Name: "n", Type: plugins.TypeInt}},
		Call: func(_ context.Context, args []any) (out [][]any, err error) {
			for i := int64(1); i <= args[0].(int64); i++ {
				out = append(out, []any{i})
			}
			return out, nil
		}})
	h.Kind(plugins.Kind{Name: "GREETING", Clauses: plugins.Clauses{Tables: true, Text: true}, Options: []plugins.Option{{Name: "volume", Type: plugins.Int, Default: "3", Min: 1, Max: 11}},
		Changed: func(_ context.Context, objects []plugins.Object) error {
			if p.mode == "kind" && len(objects) > 0 {
				return errors.New("no kinds")
			}
			for _, o := range objects {
				p.add(&p.objects, "%s %s %d %v", o.Name, o.Text, o.Options.Int("volume"), o.Tables)
			}
			return nil
		}})
	return nil
}

func (p *testPlugin) Start(context.Context) error {
	switch p.mode {
	case "start":
		return errors.New("no start")
	case "panic":
		panic("no start at all")
	case "before":
		p.host.Events(nil) // too late
	}
	return nil
}

func (p *testPlugin) Stop(context.Context) error {
	p.stopped.Store(true)
	return nil
}

func installed(t *testing.T, s *sqlengine.Session, options string) *testPlugin {
	t.Helper()
	must(t, s, "INSTALL PLUGIN tester WITH (tag = '"+t.Name()+"'"+options+")")
	p, ok := testPlugins.Load(t.Name())
	if !ok {
		t.Fatal("the plugin was not made")
	}
	return p.(*testPlugin)
}

func soon(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s has not come", what)
		}
	}
}

// TestPlugin uses everything that a plugin can add.
func TestPlugin(t *testing.T) {
	t.Parallel()
	store := mem.New()
	open := func() (*sqlengine.Engine, *sqlengine.Session) {
		e, err := sqlengine.Open(t.Context(), sqlengine.Config{Store: store, Database: "app", Create: true, SecretKey: scriptKey})
		if err != nil {
			t.Fatal(err)
		}
		return e, e.NewSession()
	}
	e, s := open()
	must(t, s, "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(10), s VARCHAR(10) ENCRYPTED)")
	must(t, s, "CREATE SECRET word AS 'open sesame'")
	p := installed(t, s, ", token = SECRET word")
	if got := asked(t, s, "SELECT name, version, kind, state, options, error FROM system.plugins WHERE kind = 'go'"); got != "tester | 1.2 | go | active | {\"tag\": \"TestPlugin\", \"token\": \"SECRET word\"} | NULL\n" {
		t.Error(got)
	}
	for sql, want := range map[string]string{
		"SELECT * FROM system.tester_info":                          "1 | 1970-01-01 00:00:00.000000 | open sesame | {\"a\": [1]}\n2 | NULL | two | NULL\n",
		"DELETE FROM system.tester_info WHERE n = 2":                "",
		"SELECT GREET('ann'), greet(1.50, NULL), GREET(NULL)":       "hello [ann] | hello [1.50 <nil>] | hello [<nil>]\n",
		"SELECT SUM(n), COUNT(*) FROM COUNT_TO(4) AS c WHERE n > 1": "9 | 3\n",
		"SHOW TABLES FROM system LIKE 'tester%'":                    "tester_info\n",
		"SELECT COLUMN_NAME FROM information_schema.columns WHERE TABLE_NAME = 'tester_info' ORDER BY ORDINAL_POSITION LIMIT 2": "n\nat\n",
	} {
		if got := asked(t, s, sql); got != want {
			t.Errorf("%s: %s, want %s", sql, got, want)
		}
	}
	for sql, want := range map[string]string{"DELETE FROM system.tester_info": "ERROR 3164", "SELECT GREET()": "ERROR 1582", "SELECT GREET('nobody')": "ERROR 3164 (HY000): plugin tester: there is nobody",
		"SELECT GREET('panic')": "ERROR 3164 (HY000): plugin tester: function GREET panicked", "SELECT * FROM COUNT_TO() AS c": "ERROR 1582",
		"INSTALL PLUGIN tester": "ERROR 1968", "INSTALL PLUGIN testr": "ERROR 1524 (HY000): Plugin 'testr' is not loaded: this program does not import it; did you mean tester?",
		"UNINSTALL PLUGIN other": "ERROR 1305", "ALTER PLUGIN tester SET (mood = 'x')": "ERROR 1210", "CREATE GREETING g": "ERROR 1221", "CREATE GREETING g AS 'x' WITH (volume = 12)": "ERROR 1210",
		"CREATE PLUGIN x": "ERROR 1064"} {
		if got := answer(s, sql); !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %s", sql, got, want)
		}
	}
	must(t, s, "INSERT INTO t VALUES (1, 'a', 'hidden'), (2, 'b', NULL)")
	must(t, s, "BEGIN")
	must(t, s, "UPDATE t SET v = 'c' WHERE id = 1")
	must(t, s, "SAVEPOINT x")
	must(t, s, "DELETE FROM t")
	must(t, s, "ROLLBACK TO x")
	answer(s, "INSERT INTO t VALUES (1, 'again', NULL)")
	must(t, s, "COMMIT")
	must(t, s, "DELETE FROM t WHERE id = 2")
	var commits []string
	soon(t, "the commits", func() bool { commits = append(commits, p.take(&p.commits)...); return len(commits) >= 4 })
	want := []string{"true insert map[] map[id:1 s:*** v:a]", "true insert map[] map[id:2 s:<nil> v:b]", "true update map[id:1 s:*** v:a] map[id:1 s:*** v:c]", "true delete map[id:2 s:<nil> v:b] map[]"}
	if strings.Join(commits, "\n") != strings.Join(want, "\n") {
		t.Errorf("told of %q, want %q", commits, want)
	}
	outcomes := strings.Join(p.take(&p.outcome), "\n")
	if !strings.Contains(outcomes, "insert INSERT INTO t VALUES(…), (…) 2 false") && !strings.Contains(outcomes, "insert INSERT INTO t VALUES(…)") || !strings.Contains(outcomes, "true") {
		t.Error(outcomes)
	}
	must(t, s, "CREATE GREETING g ON t AS 'good day' WITH (volume = 5)")
	soon(t, "the object", func() bool { return strings.Join(p.take(&p.objects), "") == "g good day 5 [t]" })
	if got := asked(t, s, "SHOW CREATE GREETING g"); got != "g | CREATE GREETING `g` ON `t` AS 'good day' WITH (volume = 5)\n" {
		t.Error(got)
	}
	if got := asked(t, s, "SHOW GREETINGS LIKE 'g%'"); !strings.HasPrefix(got, "g | active | CREATE GREETING") {
		t.Error(got)
	}
	soon(t, "an event", func() bool { return len(p.take(&p.events)) > 0 })

	// Another process starts it, and ends it when the first one uninstalls it.
	e2, s2 := open()
	must(t, s2, "SELECT * FROM t")
	soon(t, "the plugin of another process", func() bool {
		return asked(t, s2, "SELECT state FROM system.plugins WHERE name = 'tester'") == "active\n"
	})
	must(t, s, "UNINSTALL PLUGIN tester")
	if !p.stopped.Load() {
		t.Error("it was not stopped")
	}
	for sql, want := range map[string]string{"SELECT GREET('ann')": "ERROR 1305", "SELECT * FROM system.tester_info": "ERROR", "CREATE GREETING h AS 'x'": "ERROR 1064"} {
		if got := answer(s, sql); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s, want %s", sql, got, want)
		}
	}
	must(t, s2, "SELECT * FROM t")
	soon(t, "the end of the plugin", func() bool { return asked(t, s2, "SELECT COUNT(*) FROM system.plugins WHERE kind = 'go'") == "0\n" })
	for _, e := range []*sqlengine.Engine{e, e2} {
		if err := e.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}
}

// TestPluginFeed reads changes from the log: those of other processes, and from a position that was kept while the database was closed.
func TestPluginFeed(t *testing.T) {
	t.Parallel()
	store := mem.New()
	a, _ := reopened(t, store, sqlengine.Config{Create: true})
	s := a.NewSession()
	must(t, s, "CREATE TABLE t (id INT PRIMARY KEY, v INT, s TEXT ENCRYPTED, twice INT AS (v * 2) VIRTUAL)")
	must(t, s, "CREATE TABLE other (id INT PRIMARY KEY)")
	p := installed(t, s, "")
	feed, err := p.host.Feed(t.Context(), plugins.Newest, "T")
	if err != nil {
		t.Fatal(err)
	}
	b, _ := reopened(t, store, sqlengine.Config{})
	s2 := b.NewSession()
	must(t, s2, "INSERT INTO other VALUES (1)")
	must(t, s2, "INSERT INTO t (id, v, s) VALUES (1, 10, 'hidden'), (2, 20, NULL)")
	must(t, s, "UPDATE t SET v = 11 WHERE id = 1")
	next := func(f plugins.Feed) string {
		t.Helper()
		c, err := f.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(c.Changes)
	}
	want := "[{t insert map[] map[id:1 s:*** twice:20 v:10]} {t insert map[] map[id:2 s:<nil> twice:40 v:20]}]"
	if got := next(feed); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	c, err := feed.Next(t.Context())
	if want := "[{t update map[id:1 s:*** twice:20 v:10] map[id:1 s:*** twice:22 v:11]}]"; err != nil || fmt.Sprint(c.Changes) != want {
		t.Errorf("%v %v, want %s", c.Changes, err, want)
	}
	feed.Close()
	must(t, s2, "DELETE FROM t WHERE id = 1")
	if err := a.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	must(t, s2, "SELECT * FROM t")
	soon(t, "the plugin of the other process", func() bool {
		p2, ok := testPlugins.Load(t.Name())
		return ok && p2 != any(p)
	})
	p2, _ := testPlugins.Load(t.Name())
	soon(t, "its start", func() bool {
		return asked(t, s2, "SELECT state FROM system.plugins WHERE name = 'tester'") == "active\n"
	})
	if feed, err = p2.(*testPlugin).host.Feed(t.Context(), c.Seq, "*"); err != nil {
		t.Fatal(err)
	}
	defer feed.Close()
	if got, want := next(feed), "[{t delete map[id:1 s:*** twice:22 v:11] map[]}]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := feed.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("without a commit: %v", err)
	}
}

// TestOldSnapshotSteersItself reads in a transaction that began before a plugin was installed: the plugin goes on.
func TestOldSnapshotSteersItself(t *testing.T) {
	t.Parallel()
	e := openMem(t)
	old, s := e.NewSession(), e.NewSession()
	must(t, s, "CREATE TABLE t (id INT PRIMARY KEY)")
	must(t, old, "START TRANSACTION WITH CONSISTENT SNAPSHOT")
	p := installed(t, s, "")
	soon(t, "the plugin", func() bool {
		return asked(t, s, "SELECT state FROM system.plugins WHERE name = 'tester'") == "active\n"
	})
	must(t, old, "SELECT * FROM t")
	must(t, old, "INSERT INTO t VALUES (1)")
	must(t, old, "COMMIT")
	must(t, s, "SELECT * FROM t")
	if state := asked(t, s, "SELECT state FROM system.plugins WHERE name = 'tester'"); state != "active\n" || p.stopped.Load() {
		t.Errorf("the plugin is %s", state)
	}
}

// TestPluginFailures makes a plugin fail in every way: the database goes on.
func TestPluginFailures(t *testing.T) {
	t.Parallel()
	for mode, want := range map[string]string{
		"new": "no new ones", "setup": "no setup", "start": "no start", "panic": "Start panicked: no start at all", "before": "Start panicked: plugins: Events is to be called in Setup",
		"hook": "the hook before a statement panicked: no hooks", "slow": "the hook before a statement took longer than 1s", "late": "the hook after a commit panicked: no commits",
		"event": "the handler of events panicked: no events", "kind": "no kinds",
	} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			e := openMem(t)
			s := e.NewSession()
			must(t, s, "CREATE TABLE t (id INT PRIMARY KEY)")
			answer(s, "INSTALL PLUGIN tester WITH (mode = '"+mode+"')")
			if mode == "kind" {
				must(t, s, "CREATE GREETING g AS 'x'")
			}
			for i := range 3 {
				must(t, s, fmt.Sprintf("INSERT INTO t VALUES (%d)", i))
			}
			answer(s, "SELECT x FROM t")
			soon(t, "the failure", func() bool {
				return asked(t, s, "SELECT state FROM system.plugins WHERE name = 'tester'") == "failed\n"
			})
			if got := asked(t, s, "SELECT error FROM system.plugins WHERE name = 'tester'"); got != want+"\n" {
				t.Errorf("%s, want %s", got, want)
			}
			if got := asked(t, s, "SELECT COUNT(*) FROM t"); got != "3\n" {
				t.Error(got)
			}
			must(t, s, "UNINSTALL PLUGIN tester")
		})
	}
}

// TestPluginRefuses lets hooks refuse a statement and a commit.
func TestPluginRefuses(t *testing.T) {
	t.Parallel()
	for mode, want := range map[string]string{"refuse": "ERROR 3164 (HY000): plugin tester: rows stay", "commit": "ERROR 3164 (HY000): plugin tester: 1 changes are too many"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			e := openMem(t)
			s := e.NewSession()
			must(t, s, "CREATE TABLE t (id INT PRIMARY KEY)")
			must(t, s, "INSERT INTO t VALUES (1)")
			must(t, s, "INSTALL PLUGIN tester WITH (mode = '"+mode+"')")
			if got := answer(s, "DELETE FROM t WHERE id = 1"); !strings.HasPrefix(got, want) {
				t.Errorf("%s, want %s", got, want)
			}
			must(t, s, "ALTER PLUGIN tester PAUSE")
			if got := asked(t, s, "SELECT COUNT(*) FROM t"); got != "1\n" {
				t.Error(got)
			}
			soon(t, "the pause", func() bool { return !strings.HasPrefix(answer(s, "DELETE FROM t WHERE id = 1"), "ERROR") })
		})
	}
}
