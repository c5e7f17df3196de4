package event

// Replicated says that a target has taken changes of a table.
type Replicated struct {
	TableName   string `json:"-"`
	Replication string `json:"replication"`
	Records     int    `json:"records"`
	Commit      uint64 `json:"commit"` // of the last of them
}

// Type is "replicated".
func (Replicated) Type() string { return "replicated" }

// Table returns TableName.
func (e Replicated) Table() string { return e.TableName }

// ReplicationFailed says that a change was not delivered.
type ReplicationFailed struct {
	TableName   string `json:"-"`
	Replication string `json:"replication"`
	Destination string `json:"destination"`
	Operation   string `json:"operation"`
	RecordID    string `json:"record_id"`
	Status      string `json:"status"` // failed, waiting or skipped
	Error       string `json:"error"`
}

// Type is "replication_failed".
func (ReplicationFailed) Type() string { return "replication_failed" }

// Table returns TableName.
func (e ReplicationFailed) Table() string { return e.TableName }

// ReplicatorError says that a replication does not get on.
type ReplicatorError struct {
	Replication string `json:"replication"`
	Error       string `json:"error"`
}

// Type is "replicator_error".
func (ReplicatorError) Type() string { return "replicator_error" }

// Table is "".
func (ReplicatorError) Table() string { return "" }
