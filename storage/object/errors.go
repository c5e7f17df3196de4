package object

import (
	"context"
	"errors"
	"fmt"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
)

// Op names a method of Store or Multipart, for errors and fault plans.
type Op uint8

// The methods.
const (
	OpGet Op = iota
	OpGetRange
	OpPut
	OpPutIfAbsent
	OpPutIfMatch
	OpList
	OpDelete
	OpCreateUpload // of Multipart, as are those that follow
	OpUploadPart
	OpCompleteUpload
	OpAbortUpload
)

var opNames = [...]string{"Get", "GetRange", "Put", "PutIfAbsent", "PutIfMatch", "List", "Delete", "CreateUpload", "UploadPart",
	"CompleteUpload", "AbortUpload"}

// String returns the name of the method.
func (o Op) String() string {
	if int(o) < len(opNames) {
		return opNames[o]
	}
	return fmt.Sprintf("Op(%d)", uint8(o))
}

// IsWrite reports whether the method changes the store, so that a lost reply leaves its outcome unknown.
func (o Op) IsWrite() bool {
	return o != OpGet && o != OpGetRange && o != OpList
}

// Command returns the S3 command that the method sends, which is what requests are counted and paid by.
func (o Op) Command() Command {
	switch o {
	case OpGet, OpGetRange:
		return GetObject
	case OpList:
		return ListObjectsV2
	case OpDelete:
		return DeleteObjects
	case OpCreateUpload:
		return CreateMultipartUpload
	case OpUploadPart:
		return UploadPart
	case OpCompleteUpload:
		return CompleteMultipartUpload
	case OpAbortUpload:
		return AbortMultipartUpload
	default:
		return PutObject
	}
}

// Fail returns the error of a method: it names the operation and the key and wraps the sentinel and the cause.
//
// cause may be nil; its text becomes part of the message, so it must carry no secret.
func Fail(op Op, key string, sentinel, cause error) *base.Error {
	e := base.Errorf(codeOf(sentinel), "object store %s failed", op)
	e.Object, e.Err = key, sentinel
	if cause != nil {
		e.Err = fmt.Errorf("%w: %w", sentinel, cause)
	}
	return e
}

// FailContext returns the error of a method that ctx has ended; for a write that may have been sent, the outcome is
// unknown. It returns nil while ctx lives.
func FailContext(ctx context.Context, op Op, key string, sent bool) error {
	err := ctx.Err()
	if err == nil {
		return nil
	}
	if sent && op.IsWrite() {
		return Fail(op, key, ErrUnknown, err)
	}
	e := base.Errorf(errno.QueryInterrupted, "object store %s was stopped", op)
	e.Object, e.Err = key, err
	return e
}

func codeOf(sentinel error) base.Code {
	switch sentinel {
	case ErrExists, ErrChanged, ErrConflict:
		return errno.Deadlock
	case ErrUnknown, ErrUnavailable, ErrRefused:
		return errno.Unavailable
	case ErrDenied:
		return errno.AccessDenied
	case ErrNoBucket:
		return errno.Config
	default:
		return errno.Unknown
	}
}

// Class sorts the outcomes of requests for counting.
type Class uint8

// The classes.
const (
	ClassOK           Class = iota
	ClassNotFound           // 404
	ClassPrecondition       // 412: the key is taken, or the version tag has changed
	ClassConflict           // 409
	ClassRange              // 416
	ClassDenied             // 401, 403, no credentials, no bucket
	ClassUnavailable        // throttled, unreachable
	ClassUnknown            // a write whose reply was lost
	ClassCanceled           // the caller's context ended
	ClassOther
	classes
)

var classNames = [...]string{"ok", "not_found", "precondition", "conflict", "range", "denied", "unavailable", "unknown",
	"canceled", "other"}

// String returns the name of the class as metrics show it.
func (c Class) String() string {
	if int(c) < len(classNames) {
		return classNames[c]
	}
	return fmt.Sprintf("Class(%d)", uint8(c))
}

// ClassOf returns the class of an error that a Store returned; ClassOK for nil.
func ClassOf(err error) Class {
	switch {
	case err == nil:
		return ClassOK
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return ClassCanceled
	case errors.Is(err, ErrNotFound):
		return ClassNotFound
	case errors.Is(err, ErrExists), errors.Is(err, ErrChanged):
		return ClassPrecondition
	case errors.Is(err, ErrConflict):
		return ClassConflict
	case errors.Is(err, ErrRange):
		return ClassRange
	case errors.Is(err, ErrDenied), errors.Is(err, ErrNoBucket):
		return ClassDenied
	case errors.Is(err, ErrUnknown):
		return ClassUnknown
	case errors.Is(err, ErrUnavailable):
		return ClassUnavailable
	}
	return ClassOther
}
