package exec

import (
	"hash/maphash"
	"math/bits"
)

// intTable numbers distinct 64-bit keys from 0 in the order they are first seen: open addressing, at most half full.
type intTable struct {
	slots []intSlot
	shift uint
	n     int32
}

type intSlot struct {
	key uint64
	id  int32 // number + 1; 0 is an empty slot
}

func newIntTable(expected int) *intTable {
	size := max(16, 1<<bits.Len(uint(expected*2)))
	return &intTable{slots: make([]intSlot, size), shift: uint(64 - bits.Len(uint(size-1)))}
}

func (t *intTable) home(key uint64) int { return int((key * 0x9E3779B97F4A7C15) >> t.shift) }

// find returns the number of key, -1 if it has none.
func (t *intTable) find(key uint64) int32 {
	mask := len(t.slots) - 1
	for i := t.home(key); ; i = (i + 1) & mask {
		s := &t.slots[i&mask]
		if s.id == 0 {
			return -1
		}
		if s.key == key {
			return s.id - 1
		}
	}
}

// put returns the number of key and gives it the number next when it has none.
func (t *intTable) put(key uint64, next int32) int32 {
	mask := len(t.slots) - 1
	for i := t.home(key); ; i = (i + 1) & mask {
		s := &t.slots[i&mask]
		if s.id == 0 {
			*s = intSlot{key, next + 1}
			if t.n++; int(t.n)*2 > len(t.slots) {
				t.grow()
			}
			return next
		}
		if s.key == key {
			return s.id - 1
		}
	}
}

func (t *intTable) grow() {
	old := t.slots
	t.slots, t.shift = make([]intSlot, 2*len(old)), t.shift-1
	mask := len(t.slots) - 1
	for _, s := range old {
		if s.id == 0 {
			continue
		}
		i := t.home(s.key)
		for t.slots[i].id != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = s
	}
}

// textTable numbers distinct byte strings from 0 in the order they are first seen.
type textTable struct {
	slots []textSlot
	seed  maphash.Seed
	keys  []string // by position of first put
}

type textSlot struct {
	hash uint32
	at   int32 // position in keys + 1; 0 is an empty slot
}

func newTextTable() *textTable {
	return &textTable{slots: make([]textSlot, 64), seed: maphash.MakeSeed()}
}

// find returns the position of key in keys, -1 if it is not there.
func (t *textTable) find(key string) int32 {
	i, _ := t.probe(key, uint32(maphash.String(t.seed, key)))
	return t.slots[i].at - 1
}

// findBytes is find for a key in a buffer.
func (t *textTable) findBytes(key []byte) int32 {
	i, _ := t.probeBytes(key, uint32(maphash.Bytes(t.seed, key)))
	return t.slots[i].at - 1
}

// put returns the position of key and whether it is new. The key is held.
func (t *textTable) put(key string) (at int32, fresh bool) {
	h := uint32(maphash.String(t.seed, key))
	i, found := t.probe(key, h)
	if found {
		return t.slots[i].at - 1, false
	}
	return t.insert(i, h, key), true
}

// putBytes is put for a key in a buffer, which is copied when it is new.
func (t *textTable) putBytes(key []byte) (at int32, fresh bool) {
	h := uint32(maphash.Bytes(t.seed, key))
	i, found := t.probeBytes(key, h)
	if found {
		return t.slots[i].at - 1, false
	}
	return t.insert(i, h, string(key)), true
}

func (t *textTable) probe(key string, h uint32) (slot int, found bool) {
	mask := len(t.slots) - 1
	for i := int(h) & mask; ; i = (i + 1) & mask {
		s := t.slots[i]
		if s.at == 0 {
			return i, false
		}
		if s.hash == h && t.keys[s.at-1] == key {
			return i, true
		}
	}
}

func (t *textTable) probeBytes(key []byte, h uint32) (slot int, found bool) {
	mask := len(t.slots) - 1
	for i := int(h) & mask; ; i = (i + 1) & mask {
		s := t.slots[i]
		if s.at == 0 {
			return i, false
		}
		if s.hash == h && t.keys[s.at-1] == string(key) {
			return i, true
		}
	}
}

func (t *textTable) insert(slot int, h uint32, key string) int32 {
	t.keys = append(t.keys, key)
	at := int32(len(t.keys))
	t.slots[slot] = textSlot{h, at}
	if len(t.keys)*2 > len(t.slots) {
		t.grow()
	}
	return at - 1
}

func (t *textTable) grow() {
	old := t.slots
	t.slots = make([]textSlot, 2*len(old))
	mask := len(t.slots) - 1
	for _, s := range old {
		if s.at == 0 {
			continue
		}
		i := int(s.hash) & mask
		for t.slots[i].at != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = s
	}
}
