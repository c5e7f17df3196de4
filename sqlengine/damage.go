package sqlengine

import (
	"context"
	"errors"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/storage/segment"
	"github.com/s3sql/s3sql/storage/table"
)

// named adds, to an error about a damaged segment, the name of the table that the segment is of. Any other error it returns as it
// is. It takes no request.
func (s *Session) named(ctx context.Context, err error) error {
	var e *base.Error
	if !errors.As(err, &e) || e.Kind != base.KindCorrupt {
		return err
	}
	id, _, ok := segment.ParseObjectKey(e.Object)
	if !ok {
		return err
	}
	tx, terr := s.e.db.Begin(ctx, table.TxOptions{ReadOnly: true, Fresh: table.None})
	if terr != nil {
		return err // the damage is what matters
	}
	defer tx.Rollback()
	cat, terr := s.e.catalog.Load(ctx, tx)
	if terr != nil {
		return err
	}
	owner := cat.Owner(id)
	if owner == "" {
		return err
	}
	out := *e // others may have the same error
	out.Msg = owner + ": " + e.Msg
	return &out
}
