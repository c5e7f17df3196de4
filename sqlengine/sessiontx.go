package sqlengine

import (
	"context"
	"slices"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/plugins"
	"github.com/s3sql/s3sql/plugins/audit"
	"github.com/s3sql/s3sql/sqlengine/event"
	"github.com/s3sql/s3sql/storage/object"
	"github.com/s3sql/s3sql/storage/table"
)

// Begin starts an explicit transaction.
//
// Cost: one GET under consistency strong, shared with whoever asks at once; none or one under bounded.
// Errors: 1568-class when one is open already; those of table.DB.Begin.
func (s *Session) Begin(ctx context.Context, o TxOptions) error {
	if s.tx != nil {
		return base.Errorf(errno.TxInProgress, "a transaction is open on this connection; COMMIT or ROLLBACK it first")
	}
	return s.accounted(ctx, "begin", func(ctx context.Context, m *object.Meter) error {
		if s.e.strong() {
			if err := s.allowed(ctx, m, object.GetObject); err != nil {
				return err
			}
		}
		return s.begin(ctx, o)
	})
}

// accounted runs a BEGIN or COMMIT that is no statement: of database/sql's BeginTx and Commit.
func (s *Session) accounted(ctx context.Context, operation string, fn func(context.Context, *object.Meter) error) error {
	began, m := s.e.now(), new(object.Meter)
	err := fn(object.WithAccount(ctx, transactionTag(operation), m), m)
	s.spend(s.prices().Cost(m.Snapshot()))
	s.e.transactionEnd(operation, began, err)
	return err
}

func (s *Session) begin(ctx context.Context, o TxOptions) error {
	iso := s.settings.isolation
	if s.next.isolation != "" {
		iso = s.next.isolation
	}
	if o.Isolation != "" {
		iso = o.Isolation
	}
	tx, err := s.e.db.Begin(ctx, table.TxOptions{ReadOnly: o.ReadOnly || s.next.readOnly || s.settings.readOnly,
		Serializable: iso == "SERIALIZABLE", Fresh: s.e.freshness(), Since: s.since(), Local: s.temporary.rows()})
	if err != nil {
		return err
	}
	s.tx, s.next, s.savepoints, s.noted, s.identity = tx, nextTx{}, nil, noted{}, audit.IdentityOf(ctx)
	return nil
}

// Commit commits the explicit transaction; outside one it does nothing, as in MySQL.
//
// Cost and errors: see table.Tx.Commit. The transaction has ended whatever it returns.
func (s *Session) Commit(ctx context.Context) error {
	if s.tx == nil {
		return s.commitTx(ctx, nil)
	}
	return s.accounted(ctx, "commit", s.commitTx)
}

// commitTx is Commit on the account of m.
func (s *Session) commitTx(ctx context.Context, m *object.Meter) error {
	if s.appender != nil {
		return errAppending()
	}
	if s.tx == nil {
		return nil
	}
	tx := s.tx
	s.tx, s.savepoints = nil, nil
	return s.commit(ctx, tx, m)
}

// noteAging remembers, until the transaction ends, that it changes rows of a table with a ttl.
func (s *Session) noteAging(t *catalog.Table) {
	if !slices.Contains(s.aging, t) {
		s.aging = append(s.aging, t)
	}
}

// commit commits a transaction on the account of m.
func (s *Session) commit(ctx context.Context, tx *table.Tx, m *object.Meter) error {
	aging, did := s.aging, s.noted
	s.forgetTx()
	if tx.Changed() && !did.budgets {
		if err := s.allowed(ctx, m, object.PutObject); err != nil {
			tx.Rollback()
			return err
		}
	}
	commit := plugins.Commit{User: s.settings.user, Changes: did.changes}
	tables := s.touched(ctx, tx)
	hooked := len(s.e.plugins.at()) > 0 && !s.internal && tx.Changed()
	if hooked {
		if err := s.e.plugins.beforeCommit(ctx, commit); err != nil {
			tx.Rollback()
			return err
		}
	}
	info, err := s.e.commitWith(ctx, tx, did.trail)
	if err != nil {
		return err
	}
	s.e.aged(aging)
	if _, err := s.e.resteer(context.WithoutCancel(ctx)); err != nil {
		s.e.cfg.Logger.Warn("what a commit has changed of objects takes effect with the next statement", "error", err)
	}
	if commit.Seq = info.Seq; hooked {
		s.e.plugins.afterCommit(commit)
	}
	if len(tables) > 0 {
		s.e.cfg.Events.Publish(event.Committed{Seq: info.Seq, Tables: tables})
	}
	return nil
}

// touched returns the names of the tables that a transaction has written, for the event of its commit.
func (s *Session) touched(ctx context.Context, tx *table.Tx) (names []string) {
	if s.internal {
		return nil
	}
	cat, err := s.e.catalog.Load(ctx, tx)
	if err != nil {
		return nil // the commit will tell
	}
	for _, id := range tx.Touched() {
		if t := cat.ByID(id); t != nil {
			names = append(names, t.Name)
		}
	}
	slices.Sort(names)
	return names
}

// Rollback drops the explicit transaction; outside one it does nothing.
func (s *Session) Rollback(context.Context) error {
	s.appender = nil
	if s.tx != nil {
		s.tx.Rollback()
		s.tx, s.savepoints = nil, nil
		s.forgetTx()
	}
	return nil
}

// forgetTx drops what is remembered of a transaction.
func (s *Session) forgetTx() { s.aging, s.noted, s.identity = nil, noted{}, audit.Identity{} }
