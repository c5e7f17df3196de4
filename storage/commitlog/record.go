package commitlog

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ErrNewerVersion is wrapped by the error about a record that a later release wrote in a format this one does not know.
var ErrNewerVersion = errors.New("format version is newer than this release of s3sql")

// ID is a random identifier: of a database, of a writing process, of the content of one PUT.
type ID [16]byte

// String returns the identifier as 32 hexadecimal digits.
func (id ID) String() string { return fmt.Sprintf("%x", id[:]) }

// Record is one object of the log: the transactions that committed together at one sequence number, in order.
type Record struct {
	DB      ID     // the database it belongs to
	Seq     uint64 // 1 is the first
	WriteID ID     // one per assembled content: tells our own PUT from another's after a lost reply
	Writer  ID     // the process (the Log) that wrote it
	Micros  int64  // commit time, microseconds since 1970 UTC; never below that of the record before
	Txns    []*Txn
	// Legacy says that the record was read from format 1, whose operations do not say whether their key had a row: Op.Fresh
	// means nothing.
	Legacy bool
}

// Time returns the commit time.
func (r *Record) Time() time.Time { return time.UnixMicro(r.Micros).UTC() }

// Txn is one transaction. After Commit was called with it, it belongs to the log and the Applier: nobody changes it.
type Txn struct {
	Snapshot uint64 // the sequence number of the state it read
	Meta     string // opaque; reserved for the audit identity
	Tables   []TableWrite

	// Reads is what the transaction must not have read stale; a write committed after Snapshot that falls into one of the
	// ranges is a conflict. It is not stored.
	Reads []KeyRange

	// Late, if not nil, makes a last table of the transaction when it is known which record it goes into, and behind which transactions:
	// rec has its number and time, and the transactions up to this one. It is called again for each record that is tried, under the
	// log's lock, after Validate: what it returns has to be free of conflicts. LateBytes bounds the encoded size of that. It is not stored.
	Late      func(rec *Record) TableWrite
	LateBytes int
}

// TableWrite is what a transaction did to one table. A table may occur more than once in a transaction.
type TableWrite struct {
	Table   uint32
	AutoInc uint64 // high-water mark of AUTO_INCREMENT values handed out; readers keep the maximum. 0 says nothing.
	Drop    bool   // everything in the table and its high-water mark go first; AutoInc and Ops apply to the empty table
	Ops     []Op   // a later operation on a key replaces an earlier one
	// Edit is what changes in the table's segments, encoded; "" nothing. It applies before Ops. Its meaning is the Applier's;
	// two transactions that edit one table never share a record.
	Edit string
	// Covers are ranges of keys that Edit may write: nobody else may have written or read there. It is not stored.
	Covers []KeyRange
}

// Op is one row written (the whole row) or deleted. Key is encoded as docs/format/key.md says and not empty, Row as
// docs/format/row.md. In a decoded record both alias one string with the record's body.
type Op struct {
	Delete bool
	Fresh  bool // no row had the key before: an insert. Not for a Delete
	Key    string
	Row    string // ignored and not stored when Delete is set
}

// KeyRange is the half-open range [Lo, Hi) of encoded keys of a table. Hi "" is unbounded, so a KeyRange with neither is
// the whole table, and a prefix scan is {Lo: p, Hi: base.PrefixEnd(p)}.
type KeyRange struct {
	Table  uint32
	Lo, Hi string
}

// PointRange returns the range that holds key alone.
func PointRange(table uint32, key string) KeyRange {
	return KeyRange{Table: table, Lo: key, Hi: key + "\x00"}
}

// Contains reports whether key is in the range, the table aside.
func (r KeyRange) Contains(key string) bool { return key >= r.Lo && (r.Hi == "" || key < r.Hi) }

// IsPoint reports whether the range holds the key Lo alone.
func (r KeyRange) IsPoint() bool {
	n := len(r.Lo)
	return len(r.Hi) == n+1 && r.Hi[n] == 0 && r.Hi[:n] == r.Lo
}

// Prefix is where the records are, relative to the database.
const Prefix = "log/"

// Key returns the object key of the record at seq.
func Key(seq uint64) string { return fmt.Sprintf("%s%020d", Prefix, seq) }

// ParseKey returns the sequence number in an object key and whether it is one that Key makes.
func ParseKey(key string) (uint64, bool) {
	digits, ok := strings.CutPrefix(key, Prefix)
	if !ok || len(digits) != 20 {
		return 0, false
	}
	seq, err := strconv.ParseUint(digits, 10, 64)
	return seq, err == nil && Key(seq) == key
}
