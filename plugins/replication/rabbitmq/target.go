package rabbitmq

import (
	"context"
	"net"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/plugins/replication"
)

// target is one replication's broker. For one goroutine.
type target struct {
	config   config
	clock    base.Clock
	all      []*replication.Destination // of the last Prepare
	link     *link                      // nil: there is none
	sizeMax  int                        // bytes of a message that the broker takes; 0: it has not said so
	outcomes replication.Outcomes
}

var _ replication.Target = (*target)(nil)

// link is a connection, with what the broker says on it by itself.
type link struct {
	conn    *amqp.Connection
	wire    net.Conn // beneath conn
	channel *amqp.Channel
	closed  chan *amqp.Error // why the channel was closed
	returns chan amqp.Return // messages that no queue has taken; each comes before its confirmation
}

func open(_ context.Context, c replication.Config) (replication.Target, error) {
	cfg, err := parse(c)
	if err != nil {
		return nil, replication.Permanent(err)
	}
	return &target{config: cfg, clock: base.SystemClock{}}, nil
}

// Prepare connects, and declares exchange and queue if it is to.
//
// Errors: those of explain.
func (t *target) Prepare(ctx context.Context, all []*replication.Destination) error {
	t.all = all
	if t.works() {
		return t.keep(ctx, t.declare)
	}
	return t.connect(ctx)
}

// works reports whether there is a connection, as far as is known.
func (t *target) works() bool {
	return t.link != nil && !t.link.conn.IsClosed() && !t.link.channel.IsClosed()
}

// keep calls f, which ends when ctx does, and drops the connection after an error, so that the next call has another.
func (t *target) keep(ctx context.Context, f func() error) error {
	// The client does not know contexts: what it waits for ends with the connection.
	stop := context.AfterFunc(ctx, t.link.cut)
	defer stop()
	err := f()
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	t.drop()
	return t.explain(err)
}

func (l *link) cut() { _ = l.wire.Close() } // whoever uses it meets the error

// connect makes a connection, unless there is one that works, and declares what Prepare has.
//
// Errors: those of explain.
func (t *target) connect(ctx context.Context) error {
	if t.works() {
		return nil
	}
	t.drop()
	l, err := t.dial(ctx)
	if err != nil {
		return t.explain(err)
	}
	t.link = l
	return t.keep(ctx, func() error {
		if l.channel, err = l.conn.Channel(); err != nil {
			return err
		}
		l.closed = l.channel.NotifyClose(make(chan *amqp.Error, 1))
		l.returns = l.channel.NotifyReturn(make(chan amqp.Return, window))
		if err := l.channel.Confirm(false); err != nil {
			return err
		}
		return t.declare()
	})
}

// dial makes a connection without a channel.
func (t *target) dial(ctx context.Context) (*link, error) {
	l := &link{}
	var stop func() bool
	properties := amqp.NewConnectionProperties()
	properties.SetClientConnectionName("s3sql replication " + t.config.Replication)
	conn, err := amqp.DialConfig(t.config.Address, amqp.Config{Heartbeat: t.config.heartbeat, Properties: properties,
		Dial: func(network, address string) (net.Conn, error) {
			wire, err := (&net.Dialer{}).DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			l.wire = wire
			stop = context.AfterFunc(ctx, l.cut)
			return wire, nil
		}})
	if stop != nil {
		stop()
	}
	if err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, err
	}
	l.conn = conn
	return l, nil
}

// declare declares exchange, queue and bindings.
func (t *target) declare() error {
	c, ch := &t.config, t.link.channel
	if !c.declare {
		return nil
	}
	if c.exchange != "" {
		if err := ch.ExchangeDeclare(c.exchange, c.kind, c.durable, false, false, false, nil); err != nil {
			return err
		}
	}
	if c.queue == "" {
		return nil
	}
	if _, err := ch.QueueDeclare(c.queue, c.durable, false, false, false, nil); err != nil {
		return err
	}
	if c.exchange == "" {
		return nil
	}
	for _, key := range c.bindings(t.all) {
		if err := ch.QueueBind(c.queue, key, c.exchange, false, nil); err != nil {
			return err
		}
	}
	return nil
}

// Check connects, and looks whether exchange and queue are there and as they are declared. It declares only what is there.
func (t *target) Check(ctx context.Context, _ []*replication.Destination) []replication.Check {
	l, err := t.dial(ctx)
	out := []replication.Check{{What: "connection", Err: t.explain(err)}}
	if err != nil {
		return out
	}
	defer func() { _ = l.conn.CloseDeadline(t.clock.Now().Add(closeTimeout)) }()
	stop := context.AfterFunc(ctx, l.cut)
	defer stop()
	c := &t.config
	if c.exchange != "" {
		out = append(out, t.checkOne(l, "exchange "+c.exchange,
			func(ch *amqp.Channel) error {
				return ch.ExchangeDeclarePassive(c.exchange, c.kind, c.durable, false, false, false, nil)
			},
			func(ch *amqp.Channel) error {
				return ch.ExchangeDeclare(c.exchange, c.kind, c.durable, false, false, false, nil)
			}))
	}
	if c.queue != "" {
		out = append(out, t.checkOne(l, "queue "+c.queue,
			func(ch *amqp.Channel) error {
				_, err := ch.QueueDeclarePassive(c.queue, c.durable, false, false, false, nil)
				return err
			},
			func(ch *amqp.Channel) error {
				_, err := ch.QueueDeclare(c.queue, c.durable, false, false, false, nil)
				return err
			}))
	}
	return out
}

// checkOne looks whether something is there, and, if it is to be declared, fits.
func (t *target) checkOne(l *link, what string, look, declare func(*amqp.Channel) error) replication.Check {
	err := onChannel(l, look)
	switch {
	case isMissing(err) && t.config.declare:
		return replication.Check{What: what, Note: "will be made"}
	case err == nil && t.config.declare:
		err = onChannel(l, declare)
	}
	return replication.Check{What: what, Err: t.explain(err)}
}

// onChannel calls f with a channel of its own, as an error closes it.
func onChannel(l *link, f func(*amqp.Channel) error) error {
	ch, err := l.conn.Channel()
	if err != nil {
		return err
	}
	if err := f(ch); err != nil {
		return err
	}
	return ch.Close()
}

// closeTimeout is how long the broker has to take leave.
const closeTimeout = 2 * time.Second

// drop closes the connection, if there is one.
func (t *target) drop() {
	if t.link == nil {
		return
	}
	_ = t.link.conn.CloseDeadline(t.clock.Now().Add(closeTimeout)) // it may be closed
	t.link.cut()
	t.link = nil
}

// Close closes the connection. What was published and not confirmed may be lost.
func (t *target) Close() error {
	t.drop()
	return nil
}
