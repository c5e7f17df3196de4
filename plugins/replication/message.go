package replication

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// message is the change of a row as targets that carry messages send it. Consumers know the fields: none goes, or is renamed.
type message struct {
	Resource   string         `json:"resource"`
	Operation  Operation      `json:"operation"`
	ID         *string        `json:"id"`
	Data       map[string]any `json:"data"`
	BeforeData map[string]any `json:"beforeData"`
	Metadata   metadata       `json:"metadata"`
}

type metadata struct {
	Source     string `json:"source"`
	Replicator string `json:"replicator"`
	Timestamp  string `json:"timestamp"`
	Record     string `json:"record"`
	Commit     uint64 `json:"commit"`
	Snapshot   bool   `json:"snapshot,omitempty"`
}

// Message returns a record as JSON, which SQS, RABBITMQ and WEBHOOK send:
//
//	{"resource": destination, "operation": "insert", "id": RecordID, "data": {…}, "beforeData": {…},
//	 "metadata": {"source": database, "replicator": replication, "timestamp": of the commit, "record": ID, "commit": Seq}}
//
// Values are as JSONValue says. id is null where the table has no key, beforeData where there was no row before, or nobody has asked for it.
// Of a delete, data is the row that is gone. The rows of a snapshot have "snapshot": true in metadata. It is UTF-8 of characters that XML 1.0
// has as well, which SQS insists on.
//
// Errors: the record has a value that JSON cannot carry; it is to be rejected.
func Message(cfg Config, r *Record) ([]byte, error) {
	m := message{Resource: r.Destination.Name, Operation: r.Operation, ID: &r.RecordID,
		Data: r.Destination.Object(r.Data), BeforeData: r.Destination.Object(r.Before),
		Metadata: metadata{Source: cfg.Source, Replicator: cfg.Replication, Timestamp: r.Time.UTC().Format(time.RFC3339Nano),
			Record: r.ID, Commit: r.Seq, Snapshot: r.Snapshot}}
	if r.RecordID == "" && r.Destination.Key == nil {
		m.ID = nil
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(m); err != nil {
		return nil, fmt.Errorf("the record cannot be written as JSON: %w", err)
	}
	body := bytes.TrimSuffix(out.Bytes(), []byte("\n"))
	for _, c := range []string{"\ufffe", "\uffff"} { // which stand in strings only
		body = bytes.ReplaceAll(body, []byte(c), fmt.Appendf(nil, `\u%04x`, []rune(c)[0]))
	}
	return body, nil
}
