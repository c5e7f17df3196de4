package segment

import "encoding/binary"

// thriftWalk passes over values in Thrift's compact protocol, without making anything of them: a decoder allocates lists by
// the size that they claim.
//
// Source: the Thrift specification, thrift-compact-protocol.md.
type thriftWalk struct {
	b   []byte
	bad bool
}

// Types of the compact protocol.
const (
	thriftTrue   = 1
	thriftFalse  = 2
	thriftByte   = 3
	thriftInt64  = 6 // 16, 32 and 64 bits are 4, 5 and 6
	thriftDouble = 7
	thriftBinary = 8
	thriftList   = 9
	thriftSet    = 10
	thriftObject = 12
)

// thriftDepth is deeper than the format's structures nest.
const thriftDepth = 12

// plausible reports whether b is one struct whose lists and texts fit into it.
func plausible(b []byte) bool {
	w := thriftWalk{b: b}
	w.object(thriftDepth)
	return !w.bad && len(w.b) == 0
}

func (w *thriftWalk) skip(n uint64) {
	if w.bad = w.bad || n > uint64(len(w.b)); !w.bad {
		w.b = w.b[n:]
	}
}

func (w *thriftWalk) byte() byte {
	if w.bad = w.bad || len(w.b) == 0; w.bad {
		return 0
	}
	c := w.b[0]
	w.b = w.b[1:]
	return c
}

func (w *thriftWalk) uvarint() uint64 {
	v, n := binary.Uvarint(w.b)
	if w.bad = w.bad || n <= 0; w.bad {
		return 0
	}
	w.b = w.b[n:]
	return v
}

func (w *thriftWalk) object(depth int) {
	for w.bad = w.bad || depth == 0; !w.bad; {
		c := w.byte()
		if c == 0 {
			return
		}
		if c>>4 == 0 {
			w.uvarint() // the field's id, which is otherwise told by its distance
		}
		if t := c & 15; t != thriftTrue && t != thriftFalse { // whose value is their type
			w.value(t, depth-1)
		}
	}
}

func (w *thriftWalk) value(t byte, depth int) {
	switch {
	case t == thriftByte, t == thriftTrue, t == thriftFalse:
		w.byte()
	case t > thriftByte && t <= thriftInt64:
		w.uvarint()
	case t == thriftDouble:
		w.skip(8)
	case t == thriftBinary:
		w.skip(w.uvarint())
	case t == thriftList, t == thriftSet:
		w.list(depth)
	case t == thriftObject:
		w.object(depth)
	default: // maps too, which the format does not have
		w.bad = true
	}
}

// list passes over a list, each element of which takes a byte at least.
func (w *thriftWalk) list(depth int) {
	c := w.byte()
	n := uint64(c >> 4)
	if n == 15 {
		n = w.uvarint()
	}
	for w.bad = w.bad || n > uint64(len(w.b)) || depth == 0; n > 0 && !w.bad; n-- {
		w.value(c&15, depth-1)
	}
}
