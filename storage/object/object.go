// Package object is the contract between s3sql and whatever holds its objects, and the middlewares around it.
//
// Implementations are in object/s3, object/dir and object/mem; conformance/storetest is the suite all of them pass.
package object

import (
	"context"
	"errors"
	"iter"
)

// Store holds immutable blobs under string keys, with the two conditional writes that commits stand on.
//
// Keys are relative to the prefix the store was opened on, use '/' as separator and [A-Za-z0-9._-] otherwise (CheckKey
// has the limits); no key may be a folder of another, as a is of a/b, because file systems have no such thing. All
// methods may be called concurrently. Every request is told to the observers of ctx (Report). Every method returns as soon as ctx ends, with an error that wraps ctx.Err();
// a write cut off that way may still take effect (ErrUnknown).
//
// A write is atomic: readers see the whole object or none. Get, GetRange and List see every write that returned before
// they started, by any process: certification (Certify) refuses a store that behaves otherwise.
type Store interface {
	// Get returns the whole object. The caller owns the bytes. What comes with an error is of no use.
	// Cost: one GET. Errors: ErrNotFound, ErrUnavailable, ErrDenied.
	Get(ctx context.Context, key string) (Object, error)

	// GetRange returns length bytes from offset; fewer when the object ends before. A negative offset counts from the
	// end (a suffix range), and length is then ignored.
	// Cost: one GET. Errors: as Get; ErrRange when offset is at or past the end.
	GetRange(ctx context.Context, key string, offset, length int64) (Object, error)

	// Put creates or replaces the object and returns its new version tag, which is another one whenever the bytes are
	// others; a store may give the same bytes the same tag.
	// Cost: one PUT. Errors: ErrUnavailable, ErrDenied, ErrUnknown.
	Put(ctx context.Context, key string, data []byte) (etag string, err error)

	// PutIfAbsent creates the object if the key is free (If-None-Match: *).
	// Cost: one PUT. Errors: ErrExists (412: the key is taken, perhaps by an earlier try of this very call),
	// ErrConflict (409: a concurrent write is under way, nothing was written, try again), ErrUnknown (timeout, lost
	// reply or 5xx: it may have been written), ErrUnavailable, ErrDenied.
	PutIfAbsent(ctx context.Context, key string, data []byte) (etag string, err error)

	// PutIfMatch replaces the object if its version tag is still etag (If-Match).
	// Cost: one PUT. Errors: ErrChanged (412, or the key is gone), else as PutIfAbsent.
	PutIfMatch(ctx context.Context, key, etag string, data []byte) (newETag string, err error)

	// List yields the objects whose key starts with prefix and sorts after startAfter, in byte order of the keys, over
	// as many pages as it takes; objects whose keys are not valid, put there by others, are left out. It is not a snapshot:
	// each page shows a later state. On an error it yields it once and stops.
	// Cost: one LIST per 1,000 keys. Errors: ErrUnavailable, ErrDenied.
	List(ctx context.Context, prefix, startAfter string) iter.Seq2[Info, error]

	// Delete removes the keys, in batches of up to 1,000; a key that does not exist is not an error.
	// Cost: one DeleteObjects per 1,000 keys. Errors: ErrUnavailable, ErrDenied.
	Delete(ctx context.Context, keys ...string) error
}

// Object is what Get returns: the bytes and the version tag for PutIfMatch.
type Object struct {
	Data []byte
	ETag string
	Size int64 // of the whole object, also when Data is a range of it
}

// Info is one row of a listing.
type Info struct {
	Key  string
	Size int64
	ETag string
}

// The sentinels; test with errors.Is. What an implementation returns is a *base.Error that wraps one of these, names the
// operation and the key, and carries no secret.
var (
	ErrNotFound    = errors.New("object does not exist")
	ErrExists      = errors.New("object exists already")
	ErrChanged     = errors.New("object has changed")
	ErrConflict    = errors.New("conflicting write under way")
	ErrRange       = errors.New("range starts past the end of the object")
	ErrUnknown     = errors.New("outcome of the write is unknown")
	ErrUnavailable = errors.New("object store unavailable")
	ErrDenied      = errors.New("object store refused access")
	ErrNoBucket    = errors.New("bucket does not exist")
	ErrRefused     = errors.New("object store refused the request") // an answer that no other try will change; nothing was done
)
