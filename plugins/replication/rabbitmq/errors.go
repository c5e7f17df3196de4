package rabbitmq

import (
	"errors"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/s3sql/s3sql/plugins/replication"
)

var (
	errNack = errors.New("the broker could not take a message")
	errSlow = errors.New("the broker has not confirmed a message")
)

// failure is an error as it is shown.
type failure struct {
	text string
	err  error
}

func (e *failure) Error() string { return e.text }
func (e *failure) Unwrap() error { return e.err }

// explain makes of an error of the client one that names the broker, without the password, and says what to do. nil stays nil.
//
// Errors: Permanent for what is refused, missing or declared otherwise; others are to be tried again.
func (t *target) explain(err error) error {
	var done *failure
	if err == nil || errors.As(err, &done) {
		return err
	}
	text := err.Error()
	var said *amqp.Error
	if errors.As(err, &said) {
		text = said.Reason
	}
	text = "RabbitMQ at " + t.config.broker + ": " + text
	if p := t.config.password; len(p) > 3 && p != "guest" { // shorter ones would be found in everything
		text = strings.ReplaceAll(text, p, "***")
	}
	if hint := permanentHint(said, err); hint != "" {
		return replication.Permanent(&failure{text + " (" + hint + ")", err})
	}
	return &failure{text, err}
}

// permanentHint says what to do about an error that stays; "": it may pass.
func permanentHint(said *amqp.Error, err error) string {
	switch {
	case errors.Is(err, amqp.ErrCredentials) || errors.Is(err, amqp.ErrSASL):
		return "look at user and password in the address"
	case errors.Is(err, amqp.ErrVhost):
		return "look at the vhost in the address"
	case said == nil:
		return ""
	}
	switch said.Code {
	case amqp.AccessRefused:
		return "the user needs the permissions write on the exchange and, with declare, configure and read; names that begin with amq. are the broker's"
	case amqp.NotFound:
		return "set declare = true, or make it"
	case amqp.PreconditionFailed:
		return "it was declared otherwise: make the options exchange_type and durable fit, or set declare = false, or delete it"
	case amqp.NotAllowed:
		return "look at the vhost in the address, and at what the user may do"
	case amqp.CommandInvalid, amqp.NotImplemented, amqp.SyntaxError:
		return "look at the options"
	}
	return ""
}

// isMissing reports whether the broker does not know what it was asked for.
func isMissing(err error) bool {
	var said *amqp.Error
	return errors.As(err, &said) && said.Code == amqp.NotFound
}
