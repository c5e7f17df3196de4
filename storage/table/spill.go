package table

import (
	"cmp"
	"context"
	"slices"

	"github.com/s3sql/s3sql/storage/commitlog"
)

// spillsMax is how many runs of rows of one table are being written at a time, while its transaction goes on: a run is written in
// less time than the next one takes to come.
const spillsMax = 1

// spillShare is the part of the memory limit, one in so many, that a transaction's rows may take: they take twice to three times
// their bytes, those of the next run and those being written.
const spillShare = 16

// spill is a run of rows that a transaction is writing to segments before it commits. Nobody else sees them: the commit names the
// segments.
type spill struct {
	*writing
	rows *tree // nobody writes it
}

// writing is what a spill comes to. It outlives the rows in memory.
type writing struct {
	stop context.CancelFunc
	done chan struct{} // closed when segs and err are set
	segs []*seg
	kill []killing // rows of the table's segments that the run replaces or deletes
	err  error
}

// Relieve writes what the transaction has written to segments when it holds more than a share of the memory limit, and goes on
// while that is done. Statements that write many rows call it from time to time. Rows that replace or delete others which are in
// memory stay there.
// Cost: a PUT for each 8 MiB of segments, and GETs of the keys of rows that are replaced or deleted.
// Errors: Corrupt (a row that does not fit the table's columns), those of the store, ctx.Err(). Nothing is lost then: the rows are
// where they were.
func (tx *Tx) Relieve(ctx context.Context) error {
	room := tx.db.opts.spillBytes()
	if tx.stuck = min(tx.stuck, tx.mem); tx.mem-tx.stuck < room {
		return nil
	}
	err := tx.spillLargest(ctx, room/2)
	if tx.stuck = 0; tx.mem >= room/2 {
		tx.stuck = tx.mem
	}
	return err
}

// spillBytes is how much a transaction may hold before it is relieved.
func (o *Options) spillBytes() int {
	return int(min(max(o.MemoryLimit/spillShare, int64(o.limits.record)), int64(o.limits.spillMax)))
}

// spillLargest spills tables, those with the most rows first, until the transaction holds less than enough bytes.
func (tx *Tx) spillLargest(ctx context.Context, enough int) error {
	var ids []uint32
	for id, o := range tx.own {
		if id < LocalFirst && o.mem > 0 {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b uint32) int { return cmp.Compare(tx.own[b].mem, tx.own[a].mem) })
	for _, id := range ids {
		if tx.mem < enough {
			break
		}
		if err := tx.spill(ctx, id, tx.own[id]); err != nil {
			return err
		}
	}
	return nil
}

// spill starts to write what can be of a table.
func (tx *Tx) spill(ctx context.Context, table uint32, o *ownTable) error {
	schema, ok, err := tx.db.schema(ctx, tx, table)
	if err != nil || !ok {
		return err
	}
	for len(o.spills) >= spillsMax {
		<-o.spills[0].done
		if err := tx.settle(o, false); err != nil {
			return err
		}
	}
	rows, rest := o.spillable()
	if rows.len() == 0 {
		return nil
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx)) // it may outlive the statement, not the transaction
	s := &spill{&writing{stop: cancel, done: make(chan struct{})}, rows}
	o.writes, o.merged, o.pending = rest, nil, nil
	tx.mem -= o.mem
	o.mem = 0
	rest.ascend("", func(e *entry) bool {
		o.mem += len(e.key) + len(e.row)
		return true
	})
	tx.mem += o.mem
	o.spills = append(slices.Clip(o.spills), s)
	first, last := rows.bounds()
	o.covers = append(slices.Clip(o.covers), commitlog.KeyRange{Table: table, Lo: first, Hi: successor(last)})
	tx.spilled = append(tx.spilled, s.writing)
	out := tx.db.newOutput(table, 0, schema)
	beneath := o.base.segs
	go func() {
		defer close(s.done)
		defer context.AfterFunc(tx.db.background, cancel)()
		if s.err = s.write(ctx, out); s.err == nil {
			s.kill, s.err = tx.db.files.locate(ctx, beneath, s.replaced())
		}
		s.segs = out.segs
	}()
	return nil
}

// replaced returns the keys of the rows of segments that the run replaces or deletes.
func (s *spill) replaced() (keys []string) {
	s.rows.ascend("", func(e *entry) bool {
		if !e.fresh {
			keys = append(keys, e.key)
		}
		return true
	})
	return keys
}

func (s *spill) write(ctx context.Context, out *output) (err error) {
	s.rows.ascend("", func(e *entry) bool {
		if !e.dead {
			err = out.add(ctx, e.key, e.row)
		}
		return err == nil
	})
	if err == nil {
		err = out.finish(ctx)
	}
	if err != nil {
		out.abort(ctx)
	}
	return err
}

// spillable parts the writes into those of keys that nothing in memory knows, and the others.
func (o *ownTable) spillable() (rows, rest *tree) {
	alone := func(e *entry) bool {
		if o.base.delta.len() > 0 && o.base.delta.get(e.key) != nil {
			return false
		}
		if e.fresh {
			return !e.dead && !e.hides
		}
		return o.base.segs != nil
	}
	all := true
	o.writes.ascend("", func(e *entry) bool {
		all = alone(e)
		return all
	})
	if all {
		return o.writes, newTree()
	}
	rows, rest = newTree(), newTree()
	o.writes.ascend("", func(e *entry) bool {
		if alone(e) {
			rows.set(e)
		} else {
			rest.set(e)
		}
		return true
	})
	return rows, rest
}

// settle takes what has been written into the table's base, waiting for all of it with wait. Rows that could not be written go
// back to the writes, and the error is returned.
func (tx *Tx) settle(o *ownTable, wait bool) error {
	for len(o.spills) > 0 {
		s := o.spills[0]
		if !wait {
			select {
			case <-s.done:
			default:
				return nil
			}
		}
		<-s.done
		o.spills = o.spills[1:]
		if s.err != nil {
			tx.unspill(o, s)
			return s.err
		}
		o.take(s)
		o.merged, o.pending = nil, nil
	}
	return nil
}

// take makes what was written part of the table's base.
func (o *ownTable) take(s *spill) {
	bulk := append(slices.Clone(o.bulk), s.segs...)
	for _, k := range s.kill {
		if i := slices.IndexFunc(bulk, func(g *seg) bool { return g.meta.ID == k.id }); i >= 0 {
			bulk[i] = bulk[i].kill(k.rows)
		} else {
			o.kill = append(slices.Clip(o.kill), k)
		}
	}
	o.bulk, o.base = bulk, o.base.withBulk(s.segs, s.kill)
}

// unspill puts rows that could not be written back where they were. A later write of the same key replaces then what they would
// have replaced.
func (tx *Tx) unspill(o *ownTable, s *spill) {
	s.rows.ascend("", func(e *entry) bool {
		if later := o.writes.get(e.key); later != nil {
			o.set(later.over(e))
			return true
		}
		o.set(e)
		o.mem += len(e.key) + len(e.row)
		tx.mem += len(e.key) + len(e.row)
		return true
	})
}

// withBulk returns the version with segments of new rows and without the rows of others that kill names.
func (v *version) withBulk(segs []*seg, kill []killing) *version {
	next := *v.unfold()
	e := &edit{bulk: true, add: segs, kill: kill}
	list, _ := e.result(v)
	e.count(&next)
	next.segs = newSegments(list)
	return &next
}

// unfold returns the version with the rows of its parts as entries of the delta, which segments may lie beneath. Entries that hid
// rows of parts hide nothing then. Tombstones of a version that is folded are gone: whether a process has them depends on when it was opened,
// and a row that a segment brings under the key of one is there for all. Those of an unfolded version stay: all processes have them,
// nobody brings a row under their keys, and a flush under way may be writing the rows that they delete.
func (v *version) unfold() *version {
	next := *v
	next.unfolded = true
	if len(v.parts) == 0 && (v.segs != nil || v.delta.len() == 0) {
		return &next
	}
	next.delta, next.parts, next.base, next.mem = newTree(), nil, 0, 0
	set := func(e *entry) {
		next.delta.set(e)
		next.mem += len(e.key) + len(e.row)
	}
	v.eachBase(func(key, row string) bool {
		if v.delta.get(key) == nil { // else the entry hides the row
			set(&entry{key: key, row: row})
		}
		return true
	})
	v.delta.ascend("", func(e *entry) bool {
		switch {
		case v.segs != nil:
			set(e)
		case e.dead && !v.unfolded:
		case e.hides:
			set(&entry{key: e.key, row: e.row, seq: e.seq, fresh: e.fresh, dead: e.dead})
		default:
			set(e)
		}
		return true
	})
	return &next
}

// get returns the transaction's own entry of a key, or nil.
func (o *ownTable) get(key string) *entry {
	if e := o.writes.get(key); e != nil || len(o.spills) == 0 {
		return e
	}
	return o.inSpills(key)
}

// inSpills returns the entry of a key in rows that are being written.
func (o *ownTable) inSpills(key string) *entry {
	for _, s := range o.spills {
		if e := s.rows.get(key); e != nil {
			return e
		}
	}
	return nil
}

// bulkWrite describes the segments that a table's rows were written to.
func (o *ownTable) bulkWrite(w *commitlog.TableWrite) {
	e := &edit{born: o.base.born, bulk: true, add: o.bulk, covers: o.covers, few: o.few, rowsMax: o.rowsMax}
	for _, k := range o.kill {
		if i := slices.IndexFunc(e.kill, func(x killing) bool { return x.id == k.id }); i >= 0 {
			rows := e.kill[i].rows.Clone()
			rows.Or(k.rows)
			e.kill[i].rows = rows
		} else {
			e.kill = append(e.kill, k)
		}
	}
	w.Edit, w.Covers = encodeEdit(e), o.covers
}

// spillForCommit writes what is too much for a commit record, and waits for all that is being written.
func (tx *Tx) spillForCommit(ctx context.Context) error {
	if tx.mem >= tx.db.opts.limits.record {
		if err := tx.spillLargest(ctx, tx.db.opts.limits.record); err != nil {
			return err
		}
	}
	for id, o := range tx.own {
		err := tx.settle(o, true)
		if err == nil {
			err = tx.follow(ctx, id, o)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// follow finds rows that the transaction has replaced or deleted where compactions have taken them meanwhile.
func (tx *Tx) follow(ctx context.Context, table uint32, o *ownTable) error {
	now := tx.db.state.Load().table(table).segs
	var keys []string
	kept := o.kill[:0:0]
	for _, k := range o.kill {
		if now.find(k.id) != nil {
			kept = append(kept, k)
			continue
		}
		gone, err := tx.db.files.keysAt(ctx, tx.table(table).segs.find(k.id), k.rows)
		if err != nil {
			return err
		}
		keys = append(keys, gone...)
	}
	if len(keys) == 0 {
		return nil
	}
	slices.Sort(keys)
	found, err := tx.db.files.locate(ctx, now, keys)
	o.kill = append(kept, found...)
	return err
}

// discardSpills removes the segments that the transaction has written and no commit names.
func (tx *Tx) discardSpills(ctx context.Context, committed bool) {
	if len(tx.spilled) == 0 {
		return
	}
	kept := map[segmentID]bool{}
	for _, o := range tx.own {
		for _, g := range o.bulk {
			kept[g.meta.ID] = committed
		}
	}
	out := tx.db.newOutput(0, 0, Schema{})
	for _, s := range tx.spilled {
		if !committed {
			s.stop()
		}
		<-s.done
		s.stop()
		for _, g := range s.segs {
			if !kept[g.meta.ID] {
				out.segs = append(out.segs, g)
			}
		}
	}
	tx.spilled = nil
	out.discard(ctx)
}
