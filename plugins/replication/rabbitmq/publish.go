package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/s3sql/s3sql/plugins/replication"
)

// window is how many messages are on their way at most.
const window = 500

// flight is a message that waits for its confirmation.
type flight struct {
	at      int // in the batch
	key     string
	confirm *amqp.DeferredConfirmation
}

// Apply publishes the records of a batch that have not arrived yet, and waits until the broker has confirmed them.
// Cost: a round trip for each 500 records.
//
// Errors: *replication.Rejected for records that no queue takes, unless mandatory is off; those of explain.
func (t *target) Apply(ctx context.Context, b *replication.Batch) error {
	open := t.outcomes.Begin(b.Records)
	return t.outcomes.End(t.deliver(ctx, b.Records, open))
}

func (t *target) deliver(ctx context.Context, records []*replication.Record, open []int) error {
	if err := t.connect(ctx); err != nil {
		return err
	}
	return t.keep(ctx, func() error {
		for len(open) > 0 {
			n := min(window, len(open))
			flights, err := t.publish(records, open[:n])
			if lost := t.settle(ctx, records, flights); err == nil {
				err = lost
			}
			if err != nil {
				return t.reason(err)
			}
			open = open[n:]
		}
		return nil
	})
}

// publish sends messages, and returns those that are on their way.
func (t *target) publish(records []*replication.Record, open []int) (out []flight, err error) {
	for _, i := range open {
		r := records[i]
		key, err := t.config.routingKey(r)
		if err != nil {
			t.outcomes.Rejected(i, err)
			continue
		}
		body, err := replication.Message(t.config.Config, r)
		if n := len(body); err == nil && t.sizeMax > 0 && n > t.sizeMax {
			err = fmt.Errorf("RabbitMQ: the message has %d bytes: the broker takes up to %d, its max_message_size", n, t.sizeMax)
		}
		if err != nil {
			t.outcomes.Rejected(i, err)
			continue
		}
		m := amqp.Publishing{ContentType: "application/json", DeliveryMode: amqp.Transient, MessageId: r.ID, Timestamp: r.Time, Body: body,
			Headers: amqp.Table{"source": t.config.Source, "resource": r.Destination.Name, "operation": string(r.Operation)}}
		if t.config.persistent {
			m.DeliveryMode = amqp.Persistent
		}
		confirm, err := t.link.channel.PublishWithDeferredConfirm(t.config.exchange, key, t.config.mandatory, false, m)
		if err != nil {
			return out, err
		}
		out = append(out, flight{i, key, confirm})
	}
	return out, nil
}

// settle waits for confirmations, and notes what has arrived. What comes after a message of the same row that has not is left open with it.
//
// Errors: errNack; errSlow; ctx.Err().
func (t *target) settle(ctx context.Context, records []*replication.Record, flights []flight) error {
	wait, cancel := context.WithTimeout(ctx, t.config.confirmTimeout)
	defer cancel()
	var first error
	acked := make([]bool, len(flights))
	for i, f := range flights {
		ok, err := f.confirm.WaitContext(wait)
		switch {
		case err != nil && ctx.Err() == nil:
			err = fmt.Errorf("%w within %v", errSlow, t.config.confirmTimeout)
		case err == nil && !ok:
			err = errNack
		}
		if acked[i] = err == nil; first == nil {
			first = err
		}
	}
	returned := t.returned()
	behind := map[string]bool{}
	for i, f := range flights {
		r := records[f.at]
		row := r.Destination.Name + "\x00" + r.RecordID
		if r.Destination.Key == nil {
			row = r.ID // there is no row that others are about
		}
		switch why, no := returned[r.ID]; {
		case behind[row] || !acked[i]:
			behind[row] = true
		case no:
			t.outcomes.Rejected(f.at, fmt.Errorf("RabbitMQ: no queue takes the message from exchange '%s' with the routing key '%s': %s (bind one, or set mandatory = false)",
				t.config.exchange, f.key, why))
		default:
			t.outcomes.Delivered(f.at)
		}
	}
	return first
}

// returned takes the messages that the broker has returned so far, by their ids, and why.
func (t *target) returned() map[string]string {
	out := map[string]string{}
	for {
		select {
		case m, ok := <-t.link.returns:
			if !ok {
				return out
			}
			out[m.MessageId] = m.ReplyText
		default:
			return out
		}
	}
}

// tooLarge is what a broker says of a message that is larger than it takes, as it closes the channel.
var tooLarge = regexp.MustCompile(`message size \d+ (?:is larger than|exceeds) (?:configured )?max(?:imum)? size (\d+)`)

// reason returns why the broker has closed the channel, if it has, rather than what followed from that. What a message may have is kept for
// the next Apply, which rejects those that have more.
func (t *target) reason(err error) error {
	if !t.link.channel.IsClosed() {
		return err
	}
	why := <-t.link.closed // of a channel that is closed it has the reason, or is closed itself
	if why == nil {
		return err
	}
	if m := tooLarge.FindStringSubmatch(why.Reason); m != nil {
		t.sizeMax, _ = strconv.Atoi(m[1]) // 0 of a number that is none: it stays unknown
		if t.sizeMax > 0 {
			return errors.New(why.Reason)
		}
	}
	return why
}
