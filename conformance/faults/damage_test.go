package faults

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/s3sql/s3sql/driver"
	"github.com/s3sql/s3sql/storage/object"
	"github.com/s3sql/s3sql/storage/object/mem"
	"github.com/s3sql/s3sql/storage/table"
)

const (
	identityKey = "s3sql.json"
	latestKey   = "manifest/latest"
)

func logKey(seq int) string      { return fmt.Sprintf("log/%020d", seq) }
func manifestKey(seq int) string { return fmt.Sprintf("manifest/%020d", seq) }

// checkpointAt is the row after which a database is given a checkpoint.
const checkpointAt = 20

// built returns the objects of a database with a table of rows, one commit each.
func built(t *testing.T, rows int) map[string]string {
	t.Helper()
	store := mem.New()
	connector, err := driver.NewConnector(driver.Config{Scheme: driver.SchemeMem, Name: "built", Maintenance: "off"}, driver.WithStore(store))
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	mustExec(t, db, "CREATE TABLE item (id INT PRIMARY KEY, name VARCHAR(40))")
	for i := range rows {
		mustExec(t, db, "INSERT INTO item VALUES (?, ?)", i, fmt.Sprint("item ", i))
		if i == checkpointAt {
			checkpoint(t, store)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return contents(t, store)
}

func checkpoint(t *testing.T, store object.Store) {
	t.Helper()
	db, err := table.Open(t.Context(), store, table.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Checkpoint(t.Context()), db.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
}

// newest returns the sequence number of the checkpoint in objects.
func newest(t *testing.T, objects map[string]string) (seq int) {
	t.Helper()
	for key := range objects {
		var n int
		if _, err := fmt.Sscanf(key, "manifest/%d", &n); err == nil {
			seq = max(seq, n)
		}
	}
	if seq == 0 {
		t.Fatal("there is no checkpoint")
	}
	return seq
}

func fill(t *testing.T, s object.Store, objects map[string]string) {
	t.Helper()
	var g errgroup.Group
	g.SetLimit(16)
	for key, data := range objects {
		g.Go(func() error {
			_, err := s.Put(t.Context(), key, []byte(data))
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
}

// reseal sets a version in a frame and makes its checksum right again.
func reseal(data string, versionAt, sumAt int, version uint16) string {
	b := []byte(data)
	binary.LittleEndian.PutUint16(b[versionAt:], version)
	table := crc32.MakeTable(crc32.Castagnoli)
	binary.LittleEndian.PutUint32(b[sumAt:], crc32.Update(crc32.Checksum(b[:sumAt], table), table, b[sumAt+4:]))
	return string(b)
}

func flip(data string, at int) string {
	b := []byte(data)
	b[at] ^= 0x20
	return string(b)
}

// damage is one thing that is wrong with a database.
type damage struct {
	name    string
	rows    int // of the database before
	inflict func(objects, other map[string]string, seq int)
	object  func(seq int) string // which the error names; nil: it opens all the same
	texts   []string
}

func key(k string) func(int) string { return func(int) string { return k } }

const (
	short = 5  // rows of a database without a checkpoint
	long  = 25 // and of one with
)

var damages = []damage{
	{"foreign identity alone", 0, func(o, _ map[string]string, _ int) { clear(o); o[identityKey] = `{"magic":"another","format":1}` },
		key(identityKey), []string{"not written by s3sql", "another"}},
	{"identity of another kind", short, func(o, _ map[string]string, _ int) { o[identityKey] = "<html>hello</html>" }, key(identityKey), []string{"JSON"}},
	{"damaged identity", short, func(o, _ map[string]string, _ int) {
		o[identityKey] = strings.Replace(o[identityKey], "uuid", "UUID", 1)
	},
		key(identityKey), []string{"checksum"}},
	{"empty identity", short, func(o, _ map[string]string, _ int) { o[identityKey] = "" }, key(identityKey), []string{"JSON"}},
	{"missing identity", short, func(o, _ map[string]string, _ int) { delete(o, identityKey) }, key(identityKey), []string{"missing"}},
	{"newer identity", short, func(o, _ map[string]string, _ int) {
		o[identityKey] = strings.Replace(o[identityKey], `"format":1`, `"format":7`, 1)
	}, key(identityKey), []string{"format 7", "upgrade"}},
	{"identity of another database", short, func(o, other map[string]string, _ int) { o[identityKey] = other[identityKey] }, key(logKey(1)),
		[]string{"another database"}},
	{"corrupt record", short, func(o, _ map[string]string, _ int) { o[logKey(4)] = flip(o[logKey(4)], 40) }, key(logKey(4)), []string{"CRC32C", "offset 16"}},
	{"truncated record", short, func(o, _ map[string]string, _ int) { o[logKey(4)] = o[logKey(4)][:40] }, key(logKey(4)), []string{"offset 20"}},
	{"record cut off in its header", short, func(o, _ map[string]string, _ int) { o[logKey(4)] = o[logKey(4)][:7] }, key(logKey(4)), []string{"offset 7"}},
	{"empty record", short, func(o, _ map[string]string, _ int) { o[logKey(6)] = "" }, key(logKey(6)), []string{"offset 0"}},
	{"foreign record", short, func(o, _ map[string]string, _ int) { o[logKey(7)] = strings.Repeat("not ours ", 9) }, key(logKey(7)), []string{"offset 0"}},
	{"record of another database", short, func(o, other map[string]string, _ int) { o[logKey(4)] = other[logKey(4)] }, key(logKey(4)), []string{"another database"}},
	{"record in a wrong place", short, func(o, _ map[string]string, _ int) { o[logKey(4)] = o[logKey(3)] }, key(logKey(4)), []string{"number 3"}},
	{"missing record", short, func(o, _ map[string]string, _ int) { delete(o, logKey(4)) }, key(logKey(4)), []string{"missing"}},
	{"foreign object in the log", short, func(o, _ map[string]string, _ int) { o["log/readme.txt"] = "hello" }, key("log/readme.txt"), []string{"foreign"}},
	{"newer record", short, func(o, _ map[string]string, _ int) { o[logKey(4)] = reseal(o[logKey(4)], 4, 16, 9) }, key(logKey(4)), []string{"version 9", "up to version 2"}},

	{"truncated manifest", long, func(o, _ map[string]string, seq int) { k := manifestKey(seq); o[k] = o[k][:len(o[k])/2] }, manifestKey, []string{"offset 12"}},
	{"empty manifest", long, func(o, _ map[string]string, seq int) { o[manifestKey(seq)] = "" }, manifestKey, []string{"offset 0"}},
	{"corrupt manifest", long, func(o, _ map[string]string, seq int) { k := manifestKey(seq); o[k] = flip(o[k], 60) }, manifestKey, []string{"checksum", "offset 28"}},
	{"newer manifest", long, func(o, _ map[string]string, seq int) { k := manifestKey(seq); o[k] = reseal(o[k], 8, 28, 9) }, manifestKey, []string{"format 9", "upgrade"}},
	{"manifest of another database", long, func(o, other map[string]string, seq int) { o[manifestKey(seq)] = other[manifestKey(seq)] }, manifestKey, []string{"another database"}},
	{"record of another database after the manifest", long, func(o, other map[string]string, seq int) { o[logKey(seq+1)] = other[logKey(seq+1)] },
		func(seq int) string { return logKey(seq + 1) }, []string{"database"}},
	{"newer hint", long, func(o, _ map[string]string, _ int) {
		o[latestKey] = strings.Replace(o[latestKey], `"format":1`, `"format":7`, 1)
	}, key(latestKey),
		[]string{"format 7"}},
	{"corrupt hint", long, func(o, _ map[string]string, _ int) { o[latestKey] = flip(o[latestKey], 30) }, nil, nil},
	{"empty hint", long, func(o, _ map[string]string, _ int) { o[latestKey] = "" }, nil, nil},
	{"foreign hint", long, func(o, _ map[string]string, _ int) { o[latestKey] = "hello" }, nil, nil},
	{"missing hint", long, func(o, _ map[string]string, _ int) { delete(o, latestKey) }, nil, nil},
	{"missing manifest", long, func(o, _ map[string]string, seq int) { delete(o, manifestKey(seq)) }, nil, nil},
	{"hint of another database", long, func(o, other map[string]string, _ int) { o[latestKey] = other[latestKey] }, key("*"),
		[]string{"database"}}, // names the manifest or a record, whichever comes first
}

// TestDamage opens databases with something wrong, for reading and for writing. The error names the object; nothing is
// changed; the other databases of the bucket are as well as before.
func TestDamage(t *testing.T) {
	t.Parallel()
	bucket := newPlace(t)
	sizes := map[int]map[string]string{0: {}, short: built(t, short), long: built(t, long)}
	others := map[int]map[string]string{0: {}, short: built(t, short), long: built(t, long)}
	neighbour := bucket
	neighbour.prefix = "neighbour"
	db := open(t, neighbour.dsn(""))
	mustExec(t, db, "CREATE TABLE item (id INT PRIMARY KEY)")
	for i, d := range damages {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			p := bucket
			p.prefix = fmt.Sprint("damaged/", i)
			objects := maps.Clone(sizes[d.rows])
			seq := 0
			if d.rows == long {
				seq = newest(t, objects)
			}
			d.inflict(objects, others[d.rows], seq)
			store := p.store(t)
			fill(t, store, objects)
			for _, params := range []string{"", "&mode=ro", "&create=false"} {
				if d.object == nil {
					var n int
					if err := open(t, p.dsn(params)).QueryRow("SELECT COUNT(*) FROM item").Scan(&n); err != nil || n != d.rows {
						t.Errorf("%s: %d rows, %v; want %d", params, n, err, d.rows)
					}
				} else {
					want{driver.ErrCorrupt, 1712, "HY000", d.object(seq), d.texts}.check(t, ping(t, p.dsn(params)), p.server.SecretKey)
				}
				unchanged(t, store, objects)
			}
			if _, err := db.Exec("INSERT INTO item VALUES (?)", i); err != nil {
				t.Errorf("the neighbour: %v", err)
			}
		})
	}
}

// TestDamageMeanwhile: a foreign object takes the next place in the log of a database that is open.
func TestDamageMeanwhile(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	db := openFast(t, p.dsn(""))
	mustExec(t, db, "CREATE TABLE item (id INT PRIMARY KEY)")
	mustExec(t, db, "INSERT INTO item VALUES (1)")
	store := p.store(t)
	fill(t, store, map[string]string{logKey(3): strings.Repeat("not ours ", 9)})
	before := contents(t, store)
	var n int
	w := want{driver.ErrCorrupt, 1712, "HY000", logKey(3), []string{"offset 0"}}
	w.check(t, db.QueryRow("SELECT COUNT(*) FROM item").Scan(&n))
	start := time.Now()
	_, err := db.Exec("INSERT INTO item VALUES (2)")
	// Nobody can tell whether what is there was ours once.
	want{driver.ErrCommitUnknown, 1180, "08007", "", []string{logKey(3), "offset 0"}}.check(t, err)
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
	w.check(t, db.PingContext(t.Context()))
	unchanged(t, store, before)
}

// TestUnsafeStore: a store that does not keep a promise gets no database, and the check it failed is named.
func TestUnsafeStore(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	for check, spoil := range map[string]func(object.Store) object.Store{
		"create-refused-on-taken-key": func(s object.Store) object.Store { return overwriting{s} },
		"replace-by-tag":              func(s object.Store) object.Store { return tagless{s} },
	} {
		for where, store := range map[string]object.Store{"mem": mem.New(), "s3": p.store(t)} {
			connector, err := driver.NewConnector(driver.Config{Scheme: driver.SchemeMem, Name: "unsafe"}, driver.WithStore(spoil(store)))
			if err != nil {
				t.Fatal(err)
			}
			db := sql.OpenDB(connector)
			want{driver.ErrUnavailable, 1105, "08004", "", []string{"not safe", check}}.check(t, db.PingContext(t.Context()))
			if _, err := db.Exec("CREATE TABLE item (id INT PRIMARY KEY)"); err == nil || !strings.Contains(err.Error(), check) {
				t.Errorf("%s: CREATE TABLE: %v", where, err)
			}
			unchanged(t, store, map[string]string{})
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// overwriting ignores If-None-Match.
type overwriting struct{ object.Store }

func (s overwriting) PutIfAbsent(ctx context.Context, key string, data []byte) (string, error) {
	return s.Put(ctx, key, data)
}

// tagless ignores If-Match.
type tagless struct{ object.Store }

func (s tagless) PutIfMatch(ctx context.Context, key, _ string, data []byte) (string, error) {
	return s.Put(ctx, key, data)
}
