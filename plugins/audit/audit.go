// Package audit has what programs and the database share about audit logs: who does something, and how its rows are chained.
package audit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"strconv"
	"strings"
)

type identityKey struct{}

// Identity is who does something, and what else is to be known of it.
type Identity struct {
	User     string
	Metadata map[string]any // for the log's column metadata, as JSON
}

// WithUser returns a context whose statements are done by a user, in the place of the session's. Give it to ExecContext, QueryContext and
// BeginTx.
func WithUser(ctx context.Context, user string) context.Context {
	id := IdentityOf(ctx)
	id.User = user
	return context.WithValue(ctx, identityKey{}, id)
}

// WithMetadata returns a context whose statements are audited with metadata beside that of ctx; of the same key, the new value holds.
// Values have to be of kinds that encoding/json knows.
func WithMetadata(ctx context.Context, metadata map[string]any) context.Context {
	id := IdentityOf(ctx)
	all := maps.Clone(id.Metadata)
	if all == nil {
		all = map[string]any{}
	}
	maps.Copy(all, metadata)
	id.Metadata = all
	return context.WithValue(ctx, identityKey{}, id)
}

// IdentityOf returns the identity of a context.
func IdentityOf(ctx context.Context) Identity {
	id, _ := ctx.Value(identityKey{}).(Identity)
	return id
}

// Hash returns what chains a row of an audit log to the one before it: the SHA-256 of prev and the texts of the row's columns, each with its
// length before it; nil is NULL. It is 64 hexadecimal digits.
func Hash(prev string, columns []*string) string {
	h := sha256.New()
	put := func(s string) {
		h.Write([]byte(strconv.Itoa(len(s))))
		h.Write([]byte{':'})
		h.Write([]byte(s))
	}
	put(prev)
	for _, c := range columns {
		if c == nil {
			h.Write([]byte{'-'})
			continue
		}
		put(*c)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Cut returns text in at most limit bytes, and whether it had more. What is cut is marked by … at the end.
func Cut(text string, limit int) (string, bool) {
	const mark = "…"
	if len(text) <= limit {
		return text, false
	}
	return strings.ToValidUTF8(text[:max(limit-len(mark), 0)], "") + mark, true
}
