package object

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
)

// uploadBuffers is how many parts of an Upload are in memory: one being filled, others under way.
const uploadBuffers = 2

// completeTries is how often completion is asked for while it is known that it has not happened.
const completeTries = 3

// Upload writes one object while its bytes are still being made. Nothing is visible before Commit, nor ever after Abort.
//
// Bytes are sent in parts of PartBytes on another goroutine while the caller makes the next ones. Write waits while two
// parts are under way, so an Upload takes 16 MiB at most, and no more than twice the object's size; only a store that does not
// take parts at all has the whole object gathered in memory. It is for one goroutine. Every Upload ends with Commit or
// Abort, which wait for the parts under way.
type Upload struct {
	store     Store
	multipart Multipart
	key       string
	ctx       context.Context // of the parts
	cancel    context.CancelFunc

	buf   []byte // being filled
	size  int64  // of what was written
	id    string // of the multipart upload; empty until the first part is sent
	whole bool   // the store takes no parts
	ended bool   // committed, or aborted

	made  int         // buffers
	free  chan []byte // those not in use
	parts sync.WaitGroup
	mu    struct {
		sync.Mutex
		tags []string // of the parts
		err  error    // the first of a part
	}
}

// NewUpload begins an upload of key, which should be a name that nobody else uses. ctx is that of the requests sent by
// Write. It sends none itself.
func NewUpload(ctx context.Context, store Store, key string) *Upload {
	u := &Upload{store: store, multipart: MultipartOf(store), key: key, free: make(chan []byte, uploadBuffers)}
	u.ctx, u.cancel = context.WithCancel(ctx)
	return u
}

// Write adds p, which it does not keep.
//
// Cost: one UploadPart per PartBytes that are full when more comes, and before the first of them one
// CreateMultipartUpload. Errors: those of these, of earlier parts as well; ctx.Err().
func (u *Upload) Write(p []byte) (n int, err error) {
	for n < len(p) {
		if err := u.failed(); err != nil {
			return n, err
		}
		if len(u.buf) == PartBytes && !u.whole {
			if err := u.send(); err != nil {
				return n, u.fail(err)
			}
		}
		piece := p[n:]
		if !u.whole {
			piece = piece[:min(len(piece), PartBytes-len(u.buf))]
		}
		u.grow(len(piece))
		u.buf = append(u.buf, piece...)
		n += len(piece)
		u.size += int64(len(piece))
	}
	return n, nil
}

// grow makes room for n more bytes, and none beyond a part.
func (u *Upload) grow(n int) {
	if need := len(u.buf) + n; need > cap(u.buf) && !u.whole {
		u.buf = append(make([]byte, 0, min(max(need, 2*cap(u.buf)), PartBytes)), u.buf...)
	}
}

// failed returns why nothing more can be written.
func (u *Upload) failed() error {
	if u.ended {
		return base.Errorf(errno.Closed, "the upload of %s has ended", u.key)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.mu.err
}

// fail keeps the first error.
func (u *Upload) fail(err error) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.mu.err == nil {
		u.mu.err = err
	}
	return u.mu.err
}

// send starts sending the buffer as the next part, and gets another buffer, for which it may have to wait.
func (u *Upload) send() (err error) {
	if u.id == "" {
		u.id, err = u.multipart.CreateUpload(u.ctx, u.key)
		if errors.Is(err, ErrRefused) {
			u.whole = true
			return nil
		}
		if err != nil {
			return err
		}
		u.made = 1
	}
	u.mu.Lock()
	u.mu.tags = append(u.mu.tags, "")
	number := len(u.mu.tags)
	u.mu.Unlock()
	if number > PartsMax {
		return Fail(OpUploadPart, u.key, errBadPart, nil)
	}
	data := u.buf
	u.buf = nil
	u.parts.Go(func() {
		tag, err := u.multipart.UploadPart(u.ctx, u.key, u.id, number, data)
		if err != nil {
			_ = u.fail(err) // Write and Commit return it
		}
		u.mu.Lock()
		u.mu.tags[number-1] = tag
		u.mu.Unlock()
		u.free <- data[:0]
	})
	if u.made < uploadBuffers {
		u.made++
		return nil // the buffer is made as it is filled
	}
	u.buf = <-u.free
	return nil
}

// Commit sends what is left and makes the object visible. It returns the object's version tag. After an error the caller
// should call Abort.
//
// Cost: one PUT for an object of up to PartBytes; otherwise one UploadPart and one CompleteMultipartUpload, and a GET
// where the reply to that was lost. Errors: those of Write; ErrUnknown: the object may be there.
func (u *Upload) Commit(ctx context.Context) (etag string, err error) {
	if err := u.failed(); err != nil {
		return "", err
	}
	if u.id == "" {
		etag, err = u.store.Put(ctx, u.key, u.buf)
	} else {
		etag, err = u.complete(ctx)
	}
	if err != nil {
		return "", u.fail(err)
	}
	u.end()
	return etag, nil
}

func (u *Upload) complete(ctx context.Context) (string, error) {
	stop := context.AfterFunc(ctx, u.cancel)
	defer stop()
	err := u.send()
	u.parts.Wait()
	if err == nil {
		err = u.failed()
	}
	if err != nil {
		return "", err
	}
	tags := slices.Clone(u.mu.tags) // no part is under way any more
	for try := 1; ; try++ {
		etag, err := u.multipart.CompleteUpload(ctx, u.key, u.id, tags)
		gone := errors.Is(err, ErrNotFound) // perhaps since an earlier try of the layers beneath has done it
		if err == nil && try == 1 || err != nil && !gone && !errors.Is(err, ErrUnknown) {
			return etag, err
		}
		// A service may answer the second call that all is well while the first is still at work (versitygw): look.
		o, getErr := u.store.GetRange(ctx, u.key, -1, 0)
		if getErr == nil && o.Size == u.size { // the key is ours alone
			return o.ETag, nil
		}
		if err == nil {
			err = Fail(OpCompleteUpload, u.key, ErrUnknown, getErr)
		}
		if !errors.Is(getErr, ErrNotFound) || gone || try == completeTries {
			return "", err
		}
	}
}

// Abort drops what was written. It does nothing after Commit has succeeded, so it may be deferred. ctx must be alive for
// the parts to be dropped, so it is not that of the work that has failed.
//
// Cost: one AbortMultipartUpload if a part was sent. Errors: those of AbortUpload.
func (u *Upload) Abort(ctx context.Context) error {
	if u.ended {
		return nil
	}
	u.end()
	if u.id == "" {
		return nil
	}
	return u.multipart.AbortUpload(ctx, u.key, u.id)
}

// end stops the parts under way and waits for them.
func (u *Upload) end() {
	u.ended = true
	u.cancel()
	u.parts.Wait()
	u.buf = nil
}
