package expr

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
)

// Locks are the named locks of a session, which GET_LOCK and its kin ask for. Names are in lower case.
type Locks interface {
	// Get acquires a lock, waiting at most wait, without end if that is negative; a lock that the session has is held once more.
	Get(ctx context.Context, name string, wait time.Duration) (bool, error)
	// Release gives a lock back once; known is false if nobody held it.
	Release(ctx context.Context, name string) (released, known bool, err error)
	// ReleaseAll gives all locks of the session back and returns how often they were held.
	ReleaseAll(ctx context.Context) (int, error)
	// Owner returns the connection that holds a lock, and whether one does.
	Owner(ctx context.Context, name string) (uint64, bool, error)
}

var lockFunctions = []*function{
	{name: "GET_LOCK", min: 2, max: 2, volatile: true, build: nullable(typed(typeInt, rows(false, getLock), typeVarchar(65535, ""), typeDouble))},
	{name: "RELEASE_LOCK", min: 1, max: 1, volatile: true, build: nullable(typed(typeInt, rows(false, releaseLock), typeVarchar(65535, "")))},
	{name: "RELEASE_ALL_LOCKS", volatile: true, build: always(typeInt, rows(false, releaseAllLocks))},
	{name: "IS_FREE_LOCK", min: 1, max: 1, volatile: true, build: nullable(typed(typeInt, rows(false, isFreeLock), typeVarchar(65535, "")))},
	{name: "IS_USED_LOCK", min: 1, max: 1, volatile: true, build: nullable(typed(typeInt, rows(false, isUsedLock), typeVarchar(65535, "")))},
}

// maxLockName is the length of a lock's name in characters (MySQL 8.0 manual, "Locking Functions").
const maxLockName = 64

func (r *row) locks() (Locks, error) {
	if r.ctx.Locks == nil {
		return nil, base.Errorf(errno.NotSupported, "locks need a session")
	}
	return r.ctx.Locks, nil
}

// lockName returns the name of a lock, which is compared without case.
func (r *row) lockName() (string, error) {
	if r.null(0) {
		return "", base.Errorf(errno.UserLockName, "Incorrect user-level lock name 'NULL'.")
	}
	name := r.str(0)
	if name == "" || utf8.RuneCountInString(name) > maxLockName {
		return "", base.Errorf(errno.UserLockName, "Incorrect user-level lock name '%s'.", name)
	}
	return strings.ToLower(name), nil
}

func getLock(r *row) error {
	name, err := r.lockName()
	if err != nil {
		return err
	}
	locks, err := r.locks()
	if err != nil {
		return err
	}
	wait := time.Duration(0)
	if !r.null(1) {
		seconds := r.float(1)
		switch {
		case seconds < 0 || seconds > 1e9:
			wait = -1
		default:
			wait = time.Duration(seconds * float64(time.Second))
		}
	}
	ok, err := locks.Get(r.ctx.Ctx, name, wait)
	if err != nil {
		return err
	}
	r.setBool(ok)
	return nil
}

func releaseLock(r *row) error {
	name, err := r.lockName()
	if err != nil {
		return err
	}
	locks, err := r.locks()
	if err != nil {
		return err
	}
	released, known, err := locks.Release(r.ctx.Ctx, name)
	switch {
	case err != nil:
		return err
	case !known:
		r.setNull()
	default:
		r.setBool(released)
	}
	return nil
}

func releaseAllLocks(r *row) error {
	locks, err := r.locks()
	if err != nil {
		return err
	}
	n, err := locks.ReleaseAll(r.ctx.Ctx)
	r.setInt(int64(n))
	return err
}

func isFreeLock(r *row) error {
	_, used, err := r.lockOwner()
	r.setBool(!used)
	return err
}

func isUsedLock(r *row) error {
	id, used, err := r.lockOwner()
	if used {
		r.setInt(int64(id))
	} else {
		r.setNull()
	}
	return err
}

func (r *row) lockOwner() (uint64, bool, error) {
	name, err := r.lockName()
	if err != nil {
		return 0, false, err
	}
	locks, err := r.locks()
	if err != nil {
		return 0, false, err
	}
	return locks.Owner(r.ctx.Ctx, name)
}
