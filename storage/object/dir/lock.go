package dir

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/s3sql/s3sql/internal/base"
)

// fileLock excludes the other users of a folder: goroutines by the channel, processes by a lock on a file, which the
// operating system gives up when its holder dies.
type fileLock struct {
	path  string
	clock base.Clock
	turn  chan struct{} // holds a value while a goroutine of this store has the lock
	file  *os.File      // owned by whoever has the turn
}

func newFileLock(path string, clock base.Clock) *fileLock {
	return &fileLock{path: path, clock: clock, turn: make(chan struct{}, 1)}
}

const (
	lockWaitFirst = 100 * time.Microsecond
	lockWaitMax   = 5 * time.Millisecond
)

// acquire waits for the lock until ctx ends.
func (l *fileLock) acquire(ctx context.Context) error {
	select {
	case l.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	err := l.acquireFile(ctx)
	if err != nil {
		<-l.turn
	}
	return err
}

func (l *fileLock) acquireFile(ctx context.Context) error {
	if l.file == nil {
		f, err := os.OpenFile(l.path, os.O_CREATE|os.O_RDWR, 0o644)
		if err != nil {
			return err
		}
		l.file = f
	}
	for wait := lockWaitFirst; ; wait = min(2*wait, lockWaitMax) {
		err := tryLock(l.file)
		if !errors.Is(err, errLocked) {
			return err
		}
		if !l.clock.Sleep(wait, ctx.Done()) {
			return ctx.Err()
		}
	}
}

func (l *fileLock) release() error {
	err := unlock(l.file)
	<-l.turn
	return err
}

// close waits for the holder in this process, if there is one.
func (l *fileLock) close() error {
	l.turn <- struct{}{}
	defer func() { <-l.turn }()
	if l.file == nil {
		return nil
	}
	err := l.file.Close()
	l.file = nil
	return err
}

var errLocked = errors.New("locked by another process")
