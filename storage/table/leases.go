package table

import (
	"context"
	"errors"

	"github.com/s3sql/s3sql/storage/lease"
)

// companyRecords is how many records after the last one of another process this one takes itself to be alone again.
const companyRecords = 4096

// inCompany reports whether another process has written lately, so that it may be at the same maintenance.
func (db *DB) inCompany() bool {
	other := db.others.Load()
	return other > 0 && db.Head()-other < companyRecords
}

// maintenanceLease takes the lease of a kind of maintenance, so that two processes rarely do the same work; nothing depends on it, as
// edits of segments are validated like all commits. ok is false while another process has it. A process that is alone takes none.
// Cost: none alone; else those of lease.Manager.Acquire, and one PUT for end.
func (db *DB) maintenanceLease(ctx context.Context, of string) (end func(), ok bool) {
	if !db.inCompany() {
		return func() {}, true
	}
	l, err := db.leases.Acquire(ctx, "maint:"+of, "maintenance", 0)
	switch {
	case errors.Is(err, lease.ErrHeld):
		return nil, false
	case err != nil: // the work will meet the same trouble, or none
		db.opts.Logger.Debug("maintenance goes on without its lease", "lease", of, "error", err)
		return func() {}, true
	}
	return func() {
		if _, err := l.Release(ctx); err != nil {
			db.opts.Logger.Debug("the lease of maintenance could not be given back; it ends by itself", "lease", of, "error", err)
		}
	}, true
}
