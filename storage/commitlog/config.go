package commitlog

import (
	"errors"
	"log/slog"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
)

// Config is what a Log needs to know. Zero durations and sizes take the defaults.
type Config struct {
	DB     ID           // the database; a record of another one is refused as corrupt
	Clock  base.Clock   // nil: the machine's
	Rand   base.Rand    // nil: the operating system's
	Logger *slog.Logger // nil: none

	HeadMicros int64     // commit time of the record at head, 0 if there is none: commit times never go back
	ProvenAt   time.Time // when the request started that proved that head was the newest record; zero if none did

	MaxRecordBytes int           // largest body of one record; default and maximum MaxRecordBytes (256 MiB)
	BatchBytes     int           // a group commit stops taking further members above this; default 8 MiB
	PutTimeout     time.Duration // of one PUT; default 20 s
	GetTimeout     time.Duration // of one GET; default 20 s
	SettleTimeout  time.Duration // how long an unknown outcome is followed up, default 60 s
	SettleAttempts int           // and in how many PUTs; default 8

	// StaleAfter guards against a process that slept: a log whose last proof of being current is older lists what
	// follows its head before it relies on a single slot being free, because records may have been cleaned up since.
	// Whatever deletes records must keep them for longer than StaleAfter + SettleTimeout. Default 15 min.
	StaleAfter time.Duration
}

func (c *Config) ensureDefaults() {
	if c.Clock == nil {
		c.Clock = base.SystemClock{}
	}
	if c.Rand == nil {
		c.Rand = base.SystemRand{}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.MaxRecordBytes <= 0 || c.MaxRecordBytes > MaxRecordBytes {
		c.MaxRecordBytes = MaxRecordBytes
	}
	setDefault(&c.BatchBytes, 8<<20)
	setDefault(&c.PutTimeout, 20*time.Second)
	setDefault(&c.GetTimeout, 20*time.Second)
	setDefault(&c.SettleTimeout, time.Minute)
	setDefault(&c.SettleAttempts, 8)
	setDefault(&c.StaleAfter, 15*time.Minute)
}

func setDefault[T int | time.Duration](v *T, def T) {
	if *v <= 0 {
		*v = def
	}
}

// The errors of this package; each keeps its cause.

func wrap(code base.Code, cause error, format string, args ...any) error {
	err := base.Errorf(code, format, args...)
	err.Err = masked{cause}
	return err
}

// masked is a cause whose kind must not speak for the error around it: a CommitUnknown whose last try met a 409 is no
// conflict to be retried, and one whose last try met a 503 may be committed all the same. Everything but the kinds shows.
type masked struct{ cause error }

func (m masked) Error() string { return m.cause.Error() }

// Is passes on what is not a kind.
func (m masked) Is(target error) bool {
	switch target {
	case base.ErrInternal, base.ErrInvalid, base.ErrConflict, base.ErrUnavailable, base.ErrCorrupt, base.ErrClosed, base.ErrFenced,
		base.ErrCommitUnknown, base.ErrUnsupported:
		return false
	}
	return errors.Is(m.cause, target)
}

func errClosed() error { return base.Errorf(errno.Closed, "the commit log is closed") }

// nothingDone turns the error of a store call that certainly had no effect into that of the caller. A conflict between
// writes to the store is none between transactions.
func nothingDone(cause error, format string, args ...any) error {
	var e *base.Error
	if errors.As(cause, &e) && e.Kind != base.KindConflict {
		return cause
	}
	return wrap(errno.Unavailable, cause, format, args...)
}
