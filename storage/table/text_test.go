package table

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/storage/invert"
	"github.com/s3sql/s3sql/storage/segment"
)

// wordsIndex indexes the column s of the tests' tables.
var wordsIndex = &TextIndex{ID: 77, Columns: []ScanCol{{ID: 2, Type: tStr}}, Positions: true,
	Analyze: func(text string, emit func([]byte, int)) {
		for i, w := range strings.Fields(text) {
			emit([]byte(w), i)
		}
	}}

// withTexts gives the tables of withSegments the index.
func withTexts(o *Options) {
	withSegments(o)
	schema := o.Schema
	o.Schema = func(ctx context.Context, tx *Tx, table uint32) (Schema, bool, error) {
		s, ok, err := schema(ctx, tx, table)
		s.Texts = []*TextIndex{wordsIndex}
		return s, ok, err
	}
}

// wordKeys returns, by word, the keys of the rows that have it, as the files say.
func wordKeys(t *testing.T, tx *Tx, table uint32) map[string][]string {
	t.Helper()
	parts, err := tx.Texts(t.Context(), table, wordsIndex)
	if err != nil {
		t.Fatal(err)
	}
	for i := range parts {
		if err := parts[i].File.Scan(t.Context(), 0, "", func(invert.Term) bool { return true }); err != nil {
			if again, err := tx.RemakeText(t.Context(), &parts[i], wordsIndex, err); err != nil || !again {
				t.Fatal(again, err)
			}
		}
	}
	out := map[string][]string{}
	for at, p := range parts {
		var terms []invert.Term
		if err := p.File.Scan(t.Context(), 0, "", func(term invert.Term) bool { terms = append(terms, term); return true }); err != nil {
			t.Fatal(err)
		}
		lists, err := p.File.Lists(t.Context(), terms, true)
		if err != nil {
			t.Fatal(err)
		}
		for i, l := range lists {
			var places []Place
			for c := l.Cursor(); c.Next(); {
				for _, d := range c.Docs {
					if !p.dead(d) {
						places = append(places, Place{at, d})
					}
				}
			}
			if len(places) == 0 {
				continue
			}
			var b vec.Batch
			keys, err := tx.RowsAt(t.Context(), parts, places, []ScanCol{{ID: 2, Type: tStr}}, true, &b)
			if err != nil {
				t.Fatal(err)
			}
			back := make([]Place, len(keys))
			if err := tx.PlacesOf(t.Context(), parts, keys, back); err != nil {
				t.Fatal(err)
			}
			for k := range keys {
				if !slices.Contains(strings.Fields(b.Cols[0].Str[k]), terms[i].Text) {
					t.Fatalf("the row at %v is %q, and has no %q", places[k], b.Cols[0].Str[k], terms[i].Text)
				}
				if back[k] != places[k] {
					t.Fatalf("key %x is at %v, found at %v", keys[k], places[k], back[k])
				}
			}
			out[terms[i].Text] = append(out[terms[i].Text], keys...)
		}
	}
	for _, keys := range out {
		slices.Sort(keys)
	}
	return out
}

// TestTexts changes a table at random, with flushes and compactions, and compares what the files say with the rows.
func TestTexts(t *testing.T) {
	t.Parallel()
	for seed := range uint64(8) {
		store := newMemStore()
		db := openTest(t, store, withTexts)
		r := rand.New(rand.NewPCG(seed, 3))
		have := map[string]string{}
		first := db.begin(TxOptions{})
		if err := first.KeepFew(7, 10); err != nil {
			t.Fatal(err)
		}
		if _, err := first.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		for range 40 {
			tx := db.begin(TxOptions{})
			for range 1 + r.IntN(12) {
				key := fmt.Sprintf("k%03d", r.IntN(150))
				_, ok := have[key]
				if ok && r.IntN(3) == 0 {
					must(t, tx.Delete(7, key))
					delete(have, key)
					continue
				}
				var words []string
				for range r.IntN(6) {
					words = append(words, fmt.Sprintf("w%d", int(r.ExpFloat64()*6)))
				}
				have[key] = strings.Join(words, " ")
				row := textRow(have[key])
				if ok {
					must(t, tx.Update(7, key, row))
				} else {
					must(t, tx.Insert(7, key, row))
				}
			}
			compareWords(t, tx, have)
			if _, err := tx.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
			switch r.IntN(6) {
			case 0:
				must(t, db.Flush(t.Context(), 7))
			case 1:
				must(t, db.Flush(t.Context(), 7))
				if _, err := db.compact(t.Context(), 7, randomJob(r)); err != nil {
					t.Fatal(err)
				}
			case 2:
				must(t, db.Optimize(t.Context(), 7))
			}
			tx = db.begin(TxOptions{ReadOnly: true})
			compareWords(t, tx, have)
			for _, g := range tx.table(7).segs.all() {
				if g.text(wordsIndex.ID) == nil {
					t.Fatalf("seed %d: segment %v has no file", seed, g.meta.ID)
				}
			}
			tx.Rollback()
		}
		if _, err := db.Vacuum(t.Context(), VacuumOptions{Retention: 1}); err != nil {
			t.Fatal(err)
		}
		named := db.state.Load().names()
		for key := range store.snapshot().objs {
			if strings.HasPrefix(key, segment.Prefix) && !named[key] {
				t.Errorf("seed %d: VACUUM has left %s", seed, key)
			}
		}
	}
}

func textRow(s string) string {
	return string(base.AppendField(base.AppendField(nil, 1, base.NewInt(1)), 2, base.NewString(s)))
}

func compareWords(t *testing.T, tx *Tx, have map[string]string) {
	t.Helper()
	want := map[string][]string{}
	for key, text := range have {
		words := strings.Fields(text)
		slices.Sort(words)
		for _, w := range slices.Compact(words) {
			want[w] = append(want[w], key)
		}
	}
	got := wordKeys(t, tx, 7)
	for w, keys := range want {
		slices.Sort(keys)
		if !slices.Equal(got[w], keys) {
			t.Fatalf("%q: %v, want %v; segs %d mem %d", w, got[w], keys, len(tx.view(7).segs.all()), tx.view(7).delta.len())
		}
	}
	if len(got) != len(want) {
		t.Fatalf("%d words, want %d", len(got), len(want))
	}
}

// TestDamagedText takes the files of segments away, or changes them: searches find the same, and the files are made again.
func TestDamagedText(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(store *memStore, key string){
		"missing": func(store *memStore, key string) { must(t, store.Delete(t.Context(), key)) },
		"changed": func(store *memStore, key string) { tamper(t, store, key, func(b []byte) { b[20] ^= 1 }) },
		"tail":    func(store *memStore, key string) { tamper(t, store, key, func(b []byte) { b[len(b)-30] ^= 1 }) },
	} {
		for _, readOnly := range []bool{false, true} {
			store := newMemStore()
			db := openTest(t, store, withTexts)
			have := map[string]string{}
			tx := db.begin(TxOptions{})
			for i := range 40 {
				key := fmt.Sprintf("k%02d", i)
				have[key] = fmt.Sprintf("w%d all", i%7)
				must(t, tx.Insert(7, key, textRow(have[key])))
			}
			if _, err := tx.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
			must(t, db.Flush(t.Context(), 7))
			segs := db.state.Load().table(7).segs.all()
			if len(segs) == 0 {
				t.Fatal("nothing was flushed")
			}
			for _, g := range segs {
				damage(store, segment.TextKey(7, g.meta.Texts[0].ID))
			}
			again := openTest(t, store, withTexts, func(o *Options) { o.Create, o.ReadOnly = false, readOnly })
			tx = again.begin(TxOptions{ReadOnly: true})
			compareWords(t, tx, have)
			tx.Rollback()
			if readOnly {
				continue
			}
			for _, g := range again.state.Load().table(7).segs.all() {
				if old := segs[slices.IndexFunc(segs, func(o *seg) bool { return o.meta.ID == g.meta.ID })]; old.meta.Texts[0].ID == g.meta.Texts[0].ID {
					t.Errorf("%s: the file was not made again", name)
				}
			}
		}
	}
}

func tamper(t *testing.T, store *memStore, key string, how func([]byte)) {
	obj, err := store.Get(t.Context(), key)
	must(t, err)
	how(obj.Data)
	_, err = store.Put(t.Context(), key, obj.Data)
	must(t, err)
}
