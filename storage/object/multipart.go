package object

import (
	"context"
	"errors"
	"fmt"
)

const (
	// PartBytes is the size of each part of an object but the last, 8 MiB: some services want them equal, all at least 5 MiB.
	PartBytes = 8 << 20
	// PartsMax is how many parts an object has at most.
	PartsMax = 10_000
)

// Multipart is the optional ability of a Store to take an object in parts, which appears when it is complete; NewUpload
// uses it. Middlewares have it, and refuse with ErrRefused what the store beneath cannot do: MultipartOf.
//
// What was neither completed nor aborted, as after a crash, is invisible to Get and List, but takes up space that is paid
// for, until it is aborted: by a lifecycle rule of the bucket (AbortIncompleteMultipartUpload), by the store dir itself
// after an hour, in mem with the process.
//
// Source: Amazon S3 User Guide, "Uploading and copying objects using multipart upload".
type Multipart interface {
	// CreateUpload begins an upload of key and returns its id.
	// Cost: one CreateMultipartUpload. Errors: ErrUnavailable, ErrDenied, ErrUnknown (there may be one that nobody knows).
	CreateUpload(ctx context.Context, key string) (id string, err error)

	// UploadPart sends one part, 1 to PartsMax; all but the last have PartBytes, none has more. It returns a tag for
	// CompleteUpload. Parts may be sent in any order and at the same time; to send one again replaces it.
	// Cost: one UploadPart. Errors: as CreateUpload; ErrNotFound when the upload was completed or aborted.
	UploadPart(ctx context.Context, key, id string, number int, data []byte) (tag string, err error)

	// CompleteUpload creates or replaces the object, made of the parts with these tags, from part 1 on without a gap, and
	// returns its version tag.
	// Cost: one CompleteMultipartUpload. Errors: as UploadPart, though some services take it for the repetition of an earlier
	// call, and answer that all is well, when there is an object; ErrUnknown means that the object may be there.
	CompleteUpload(ctx context.Context, key, id string, tags []string) (etag string, err error)

	// AbortUpload drops the parts. No part may be under way. An upload that is gone is not an error.
	// Cost: one AbortMultipartUpload. Errors: as CreateUpload.
	AbortUpload(ctx context.Context, key, id string) error
}

// MultipartOf returns the ability of store. Of a store without it, one that refuses each call with ErrRefused.
func MultipartOf(store Store) Multipart {
	if m, ok := store.(Multipart); ok {
		return m
	}
	return whole{}
}

// whole is the ability of a store that takes objects in one piece only.
type whole struct{}

var errWhole = errors.New("the store does not take objects in parts")

func (whole) CreateUpload(_ context.Context, key string) (string, error) {
	return "", Fail(OpCreateUpload, key, ErrRefused, errWhole)
}

func (whole) UploadPart(_ context.Context, key, _ string, _ int, _ []byte) (string, error) {
	return "", Fail(OpUploadPart, key, ErrRefused, errWhole)
}

func (whole) CompleteUpload(_ context.Context, key, _ string, _ []string) (string, error) {
	return "", Fail(OpCompleteUpload, key, ErrRefused, errWhole)
}

func (whole) AbortUpload(_ context.Context, key, _ string) error {
	return Fail(OpAbortUpload, key, ErrRefused, errWhole)
}

// CheckPart returns an error unless UploadPart can be asked for this part.
func CheckPart(key string, number int, data []byte) error {
	if number < 1 || number > PartsMax || len(data) > PartBytes {
		return Fail(OpUploadPart, key, errBadPart, fmt.Errorf("number %d, %d bytes", number, len(data)))
	}
	return nil
}

var errBadPart = errors.New("an object has parts 1 to 10000 of up to 8 MiB")
