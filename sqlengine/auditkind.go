package sqlengine

import (
	"slices"
	"time"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/plugins"
)

// auditKind is CREATE AUDIT: what is done to rows is written down, in the commit that does it.
var auditKind = objectKind{name: "AUDIT", clauses: onTables | wantTables | forChanges | forReads, tables: []string{auditLog}, options: []plugins.Option{
	{Name: "include_data", Type: plugins.Bool, Default: "true"},
	{Name: "include_partitions", Type: plugins.Bool, Default: "true"},
	{Name: "max_data_size", Type: plugins.Size, Default: "10000"},
	{Name: "retention", Type: plugins.Duration, Default: "90d"},
	{Name: "hash_chain", Type: plugins.Bool, Default: "true"},
}}

// auditLog is the table that audits write. Rows get their keys from their commit, so they are in its order; see docs/format/audit.md.
const (
	auditLog    = "audit_log"
	auditLogDDL = "CREATE TABLE audit_log (id BIGINT UNSIGNED PRIMARY KEY, table_name VARCHAR(64) NOT NULL, operation VARCHAR(16) NOT NULL, " +
		"record_id TEXT, user_id VARCHAR(255), timestamp DATETIME(6) NOT NULL, old_data JSON, new_data JSON, partition_name VARCHAR(64), " +
		"partition_values JSON, metadata JSON, truncated BOOLEAN NOT NULL, commit_seq BIGINT UNSIGNED NOT NULL, audit_name VARCHAR(64) NOT NULL, " +
		"expires_at DATETIME(6), prev_hash CHAR(64), hash CHAR(64)) WITH (ttl = 'expires_at')"
)

// auditing is an AUDIT at work.
type auditing struct {
	on         *catalog.Object
	data       bool
	partitions bool
	maxData    int
	retention  time.Duration // 0: for ever
	chain      bool
}

func auditOf(o *catalog.Object, opts plugins.Options) *auditing {
	return &auditing{on: o, data: opts.Bool("include_data"), partitions: opts.Bool("include_partitions"), maxData: int(opts.Int("max_data_size")),
		retention: opts.Duration("retention"), chain: opts.Bool("hash_chain")}
}

// covers reports whether the audit is of an operation on a table.
func (a *auditing) covers(t *catalog.Table, operation string) bool {
	if t.System || t.Temporary || !a.on.Covers(t.Name) {
		return false
	}
	if len(a.on.For) == 0 {
		return operation != "SELECT"
	}
	return slices.Contains(a.on.For, operation)
}

// auditsOf returns the audits of an operation on a table.
func (s *steering) auditsOf(t *catalog.Table, operation string) (out []*auditing) {
	if s == nil {
		return nil
	}
	for _, a := range s.audits {
		if a.covers(t, operation) {
			out = append(out, a)
		}
	}
	return out
}
