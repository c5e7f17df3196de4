package driver

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
)

// Sentinels for errors.Is. Every *Error matches exactly one of the kinds; ErrDuplicateKey and ErrReadOnly match beside
// it.
var (
	ErrInternal      = base.ErrInternal      // a bug in s3sql; report it
	ErrInvalid       = base.ErrInvalid       // the statement or the data is wrong; change it
	ErrConflict      = base.ErrConflict      // another transaction won; run the transaction again (RunTx does)
	ErrUnavailable   = base.ErrUnavailable   // the store cannot be reached or refuses; nothing was done
	ErrCorrupt       = base.ErrCorrupt       // an object is damaged, foreign or of a newer version
	ErrClosed        = base.ErrClosed        // the database handle was closed
	ErrFenced        = base.ErrFenced        // another owner took over the lease
	ErrCommitUnknown = base.ErrCommitUnknown // the commit may or may not have happened; look before doing it again
	ErrUnsupported   = base.ErrUnsupported   // s3sql does not do this; docs/compatibility.md says why

	ErrDuplicateKey = errors.New("duplicate key") // 1062: a primary or unique key is taken
	ErrReadOnly     = errors.New("read-only")     // 1290, 1792: the database or the transaction is read-only
)

// Error is what every statement and connection returns, beside ctx.Err(). Number and SQLState are MySQL's.
type Error struct {
	Number   uint16 // MySQL error number; 1105 where MySQL has none
	SQLState string // five characters
	Message  string // one sentence, without secrets
	Object   string // key of the object in the store that it is about; usually ""

	kind  base.Kind
	cause error
}

// Error returns number, SQLSTATE and message, laid out as other MySQL drivers for Go do.
func (e *Error) Error() string {
	return fmt.Sprintf("Error %d (%s): %s", e.Number, e.SQLState, e.text())
}

// text returns message, object and cause.
func (e *Error) text() string {
	s := e.Message
	if e.Object != "" {
		s += " (object " + e.Object + ")"
	}
	if e.cause != nil {
		s += ": " + e.cause.Error()
	}
	return s
}

// Unwrap returns the cause, which may be nil.
func (e *Error) Unwrap() error { return e.cause }

// Is matches the sentinels of this package, and any *Error with the same number.
func (e *Error) Is(target error) bool {
	switch target {
	case kindSentinels[e.kind]:
		return true
	case ErrDuplicateKey:
		return e.Number == 1062 || e.Number == 1586
	case ErrReadOnly:
		return e.Number == errno.OptionPrevents.Number || e.Number == errno.ReadOnlyTx.Number
	}
	other, ok := target.(*Error)
	return ok && other.Number == e.Number && other.Number != errno.Unknown.Number
}

var kindSentinels = [...]error{ErrInternal, ErrInvalid, ErrConflict, ErrUnavailable, ErrCorrupt, ErrClosed, ErrFenced,
	ErrCommitUnknown, ErrUnsupported}

// As fills in another MySQL driver's error type, so that code which looks for its MySQLError (a struct with Number,
// SQLState and Message) finds it here too, without this package importing that driver.
func (e *Error) As(target any) bool {
	p := reflect.ValueOf(target)
	if p.Kind() != reflect.Pointer || p.IsNil() || p.Elem().Kind() != reflect.Pointer {
		return false
	}
	t := p.Elem().Type().Elem()
	if t.Kind() != reflect.Struct || t.Name() != "MySQLError" {
		return false
	}
	v := reflect.New(t)
	number, state, message := v.Elem().FieldByName("Number"), v.Elem().FieldByName("SQLState"), v.Elem().FieldByName("Message")
	if number.Kind() != reflect.Uint16 || state.Type() != reflect.TypeFor[[5]byte]() || message.Kind() != reflect.String {
		return false
	}
	var code [5]byte
	copy(code[:], e.SQLState)
	number.SetUint(uint64(e.Number))
	state.Set(reflect.ValueOf(code))
	message.SetString(e.text()) // the other type has no cause: without it only "object store Get failed" would be left
	p.Elem().Set(v)
	return true
}

// Retryable reports whether running the whole transaction again can succeed.
func (e *Error) Retryable() bool { return e.kind == base.KindConflict }

// convertError turns what the engine returned into what callers see.
func convertError(err error) error {
	if err == nil {
		return nil
	}
	var done *Error
	if errors.As(err, &done) {
		return err
	}
	var b *base.Error
	if !errors.As(err, &b) {
		return &Error{Number: errno.Unknown.Number, SQLState: errno.Unknown.State, Message: "internal error", kind: base.KindInternal, cause: err}
	}
	return &Error{Number: b.Number, SQLState: b.State, Message: b.Msg, Object: b.Object, kind: b.Kind, cause: b.Err}
}

// failure is convertError for work done under ctx: when the end of ctx is why it failed and nothing is left in doubt,
// the caller gets ctx.Err() itself.
func failure(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if kind := base.KindOf(err); kind == base.KindCommitUnknown || kind == base.KindCorrupt {
		return convertError(err)
	}
	if cerr := ctx.Err(); cerr != nil && (errors.Is(err, cerr) || base.KindOf(err) == base.KindUnavailable || interrupted(err)) {
		return cerr
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		var b *base.Error
		if !errors.As(err, &b) {
			return err
		}
	}
	return convertError(err)
}

func interrupted(err error) bool {
	var b *base.Error
	return errors.As(err, &b) && b.Number == errno.QueryInterrupted.Number
}
