package rabbitmq_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/s3sql/s3sql/conformance/testenv"
	"github.com/s3sql/s3sql/plugins"
	"github.com/s3sql/s3sql/plugins/replication"
	_ "github.com/s3sql/s3sql/plugins/replication/rabbitmq"
)

// broker is the test server as a test uses it beside the target. What it makes goes when the test ends.
type broker struct {
	t    *testing.T
	conn *amqp.Connection
	name string // no other test has it; of an exchange and a queue
}

var count atomic.Int64

func newBroker(t *testing.T) *broker {
	t.Helper()
	conn, err := amqp.Dial(testenv.RabbitMQ(t))
	if err != nil {
		t.Fatal(err)
	}
	b := &broker{t, conn, fmt.Sprintf("test-%x-%d", time.Now().UnixNano(), count.Add(1))}
	t.Cleanup(func() {
		b.do(func(ch *amqp.Channel) error { _, err := ch.QueueDelete(b.name, false, false, false); return err })
		b.do(func(ch *amqp.Channel) error { return ch.ExchangeDelete(b.name, false, false) })
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// do calls f with a channel of its own.
func (b *broker) do(f func(*amqp.Channel) error) {
	b.t.Helper()
	ch, err := b.conn.Channel()
	if err != nil {
		b.t.Fatal(err)
	}
	if err := errors.Join(f(ch), ch.Close()); err != nil {
		b.t.Fatal(err)
	}
}

// bound makes a queue that goes with the connection, bound to the test's exchange.
func (b *broker) bound(keys ...string) (queue string) {
	b.t.Helper()
	ch, err := b.conn.Channel()
	if err != nil {
		b.t.Fatal(err)
	}
	q, err := ch.QueueDeclare("", false, false, true, false, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, k := range keys {
		if err := ch.QueueBind(q.Name, k, b.name, false, nil); err != nil {
			b.t.Fatal(err)
		}
	}
	return q.Name
}

// get takes all messages from a queue.
func (b *broker) get(queue string) (out []amqp.Delivery) {
	b.t.Helper()
	b.do(func(ch *amqp.Channel) error {
		for {
			m, ok, err := ch.Get(queue, true)
			if !ok || err != nil {
				return err
			}
			out = append(out, m)
		}
	})
	return out
}

func ids(messages []amqp.Delivery) (out []string) {
	for _, m := range messages {
		out = append(out, m.MessageId)
	}
	return out
}

func destination(name string) *replication.Destination {
	return &replication.Destination{Source: name, Name: name, Key: []int{0}, Columns: []replication.Column{
		{Name: "id", Kind: replication.Int}, {Name: "name", Kind: replication.Text}}}
}

var users = destination("users")

func record(d *replication.Destination, n, row int, op replication.Operation) *replication.Record {
	return &replication.Record{ID: fmt.Sprintf("id-%04d", n), Destination: d, Operation: op, Seq: uint64(100 + n),
		Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), RecordID: strconv.Itoa(row), Data: []any{int64(row), "x"}}
}

func records(n int) (out []*replication.Record) {
	for i := range n {
		out = append(out, record(users, i, i, replication.Insert))
	}
	return out
}

func configure(t *testing.T, address string, settings ...string) (replication.Definition, replication.Config) {
	t.Helper()
	d, ok := replication.Lookup("RABBITMQ")
	if !ok {
		t.Fatal("RABBITMQ is not registered")
	}
	var given []plugins.Setting
	for i := 0; i < len(settings); i += 2 {
		given = append(given, plugins.Setting{Name: settings[i], Value: settings[i+1]})
	}
	o, err := plugins.NewOptions("replication r", d.Options, given)
	if err != nil {
		t.Fatal(err)
	}
	return d, replication.Config{Replication: "r", Source: "shop", Address: address, Options: o}
}

func open(t *testing.T, address string, settings ...string) replication.Target {
	t.Helper()
	d, c := configure(t, address, settings...)
	if err := d.Validate(c); err != nil {
		t.Fatal(err)
	}
	target, err := d.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := target.Close(); err != nil {
			t.Error(err)
		}
	})
	return target
}

// ready opens and prepares a target on the test server.
func ready(t *testing.T, settings ...string) replication.Target {
	t.Helper()
	target := open(t, testenv.RabbitMQ(t), settings...)
	if err := target.Prepare(t.Context(), []*replication.Destination{users, destination("orders")}); err != nil {
		t.Fatal(err)
	}
	return target
}

func apply(t *testing.T, target replication.Target, records ...*replication.Record) error {
	t.Helper()
	return target.Apply(t.Context(), &replication.Batch{Records: records})
}

func TestMessage(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	r := record(users, 1, 7, replication.Update)
	if err := apply(t, ready(t, "queue", b.name), r); err != nil {
		t.Fatal(err)
	}
	got := b.get(b.name)
	want, err := replication.Message(replication.Config{Replication: "r", Source: "shop"}, r)
	if err != nil || len(got) != 1 || string(got[0].Body) != string(want) {
		t.Fatalf("%d messages, %v", len(got), err)
	}
	m := got[0]
	if m.ContentType != "application/json" || m.MessageId != r.ID || m.DeliveryMode != amqp.Persistent || !m.Timestamp.Equal(r.Time) || m.RoutingKey != b.name {
		t.Errorf("properties: %+v", m)
	}
	if fmt.Sprint(m.Headers) != "map[operation:update resource:users source:shop]" {
		t.Errorf("headers: %v", m.Headers)
	}
	if err := apply(t, ready(t, "queue", b.name, "persistent", "false"), r); err != nil {
		t.Fatal(err)
	}
	if got := b.get(b.name); len(got) != 1 || got[0].DeliveryMode != amqp.Transient {
		t.Errorf("not persistent: %v", got)
	}
}

// TestWindows sends more than is on its way at once: all arrive, in order.
func TestWindows(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	batch := records(1201)
	if err := apply(t, ready(t, "queue", b.name), batch...); err != nil {
		t.Fatal(err)
	}
	got := ids(b.get(b.name))
	for i, id := range got {
		if id != batch[i].ID {
			t.Fatalf("message %d is %s", i, id)
		}
	}
	if len(got) != len(batch) {
		t.Errorf("%d messages", len(got))
	}
}

// TestDeclare has the target make exchanges of each type with a queue, and looks at which messages reach it.
func TestDeclare(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		kind, key string
		keys      string // of messages, in order
	}{
		{"topic", "", "users.insert users.delete orders.insert"},
		{"topic", "shop.{table}.x-{operation}", "shop.users.x-insert shop.users.x-delete shop.orders.x-insert"},
		{"topic", "{id}", "1 2 3"},
		{"topic", "fixed", "fixed fixed fixed"},
		{"direct", "", "users.insert users.delete orders.insert"},
		{"direct", "fixed", "fixed fixed fixed"},
		{"fanout", "", "users.insert users.delete orders.insert"},
		{"headers", "{table}", "users users orders"},
	} {
		t.Run(test.kind+" "+test.key, func(t *testing.T) {
			t.Parallel()
			b := newBroker(t)
			settings := []string{"exchange", b.name, "exchange_type", test.kind, "queue", b.name}
			if test.key != "" {
				settings = append(settings, "routing_key", test.key)
			}
			target := ready(t, settings...)
			err := apply(t, target, record(users, 1, 1, replication.Insert), record(users, 2, 2, replication.Delete), record(destination("orders"), 3, 3, replication.Insert))
			if err != nil {
				t.Fatal(err)
			}
			var keys []string
			for _, m := range b.get(b.name) {
				keys = append(keys, m.RoutingKey)
			}
			if strings.Join(keys, " ") != test.keys {
				t.Errorf("%q, want %q", keys, test.keys)
			}
			for _, c := range target.Check(t.Context(), nil) {
				if c.Err != nil || c.Note != "" {
					t.Errorf("Check: %v", c)
				}
			}
		})
	}
}

func TestRoutingKeys(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	target := ready(t, "exchange", b.name)
	inserts, all := b.bound("*.insert"), b.bound("users.#", "orders.#")
	if err := apply(t, target, record(users, 1, 1, replication.Insert), record(users, 2, 1, replication.Update), record(destination("orders"), 3, 1, replication.Insert)); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(ids(b.get(inserts))); got != "[id-0001 id-0003]" {
		t.Errorf("inserts: %s", got)
	}
	if got := fmt.Sprint(ids(b.get(all))); got != "[id-0001 id-0002 id-0003]" {
		t.Errorf("all: %s", got)
	}
}

func TestUnroutable(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	target := ready(t, "exchange", b.name)
	queue := b.bound("users.insert")
	batch := []*replication.Record{record(users, 0, 0, replication.Insert), record(users, 1, 0, replication.Delete), record(users, 2, 0, replication.Insert)}
	err := apply(t, target, batch...)
	var rejected *replication.Rejected
	if !errors.As(err, &rejected) || len(rejected.Records) != 1 || rejected.Records[1] == nil || !strings.Contains(err.Error(), "users.delete") || !strings.Contains(err.Error(), "NO_ROUTE") {
		t.Fatalf("Apply: %v", err)
	}
	if got := fmt.Sprint(ids(b.get(queue))); got != "[id-0000 id-0002]" {
		t.Errorf("arrived: %s", got)
	}
	if err := apply(t, ready(t, "exchange", b.name, "mandatory", "off"), batch...); err != nil {
		t.Errorf("mandatory is off: %v", err)
	}
	long := record(users, 3, 0, replication.Insert)
	long.Destination = destination(strings.Repeat("t", 300))
	if err := apply(t, target, long); !errors.As(err, &rejected) || !strings.Contains(err.Error(), "307 bytes") {
		t.Errorf("a long routing key: %v", err)
	}
}

func TestPermanentErrors(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	address := testenv.RabbitMQ(t)
	b.do(func(ch *amqp.Channel) error {
		return errors.Join(ch.ExchangeDeclare(b.name, "fanout", true, false, false, false, nil),
			func() error {
				_, err := ch.QueueDeclare(b.name, true, false, false, false, amqp.Table{"x-max-length": 5})
				return err
			}())
	})
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword("guest", "sword-fish")
	for _, test := range []struct {
		address  string
		settings []string
		want     string
	}{
		{u.String(), []string{"queue", b.name}, "look at user and password"},
		{strings.TrimSuffix(address, "/") + "/nowhere", []string{"queue", b.name}, "look at the vhost"},
		{address, []string{"exchange", b.name, "exchange_type", "topic"}, "declared otherwise"},
		{address, []string{"exchange", b.name, "exchange_type", "fanout", "durable", "false"}, "declared otherwise"},
		{address, []string{"queue", b.name}, "declared otherwise"},
		{address, []string{"exchange", "amq.nowhere"}, "permissions"},
		{address, []string{"exchange", b.name + "-nowhere", "declare", "false"}, "set declare = true"},
	} {
		target := open(t, test.address, test.settings...)
		err := target.Prepare(t.Context(), []*replication.Destination{users})
		if err == nil {
			err = apply(t, target, records(3)...)
		}
		if !replication.IsPermanent(err) || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "sword-fish") {
			t.Errorf("%q: %v, want %q", test.settings, err, test.want)
		}
		failed := false
		for _, c := range target.Check(t.Context(), nil) {
			failed = failed || c.Err != nil
			if c.Err != nil && strings.Contains(c.Err.Error(), "sword-fish") {
				t.Errorf("Check: %v", c.Err)
			}
		}
		if !failed && test.settings[1] != "amq.nowhere" {
			t.Errorf("%q: Check finds nothing", test.settings)
		}
	}
}

func TestCheckMakesNothing(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	target := open(t, testenv.RabbitMQ(t), "exchange", b.name, "queue", b.name)
	for range 2 {
		got := target.Check(t.Context(), []*replication.Destination{users})
		if len(got) != 3 || got[0].Err != nil || got[1].Err != nil || got[1].Note != "will be made" || got[2].Note != "will be made" {
			t.Errorf("Check: %v", got)
		}
	}
}

// TestNack has a queue that is full refuse messages, while another takes the later ones of the same row.
func TestNack(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	target := ready(t, "exchange", b.name)
	free := b.bound("users.update")
	b.do(func(ch *amqp.Channel) error {
		_, err := ch.QueueDeclare(b.name, true, false, false, false, amqp.Table{"x-max-length": 1, "x-overflow": "reject-publish"})
		return errors.Join(err, ch.QueueBind(b.name, "users.insert", b.name, false, nil),
			ch.Publish("", b.name, true, false, amqp.Publishing{MessageId: "before"}))
	})
	batch := []*replication.Record{record(users, 0, 1, replication.Insert), record(users, 1, 1, replication.Update), record(users, 2, 2, replication.Update)}
	if err := apply(t, target, batch...); err == nil || replication.IsPermanent(err) || !strings.Contains(err.Error(), "could not take") {
		t.Fatalf("Apply: %v", err)
	}
	if got := fmt.Sprint(ids(b.get(b.name)), ids(b.get(free))); got != "[before] [id-0001 id-0002]" {
		t.Errorf("arrived: %s", got)
	}
	if err := apply(t, target, batch...); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(ids(b.get(b.name)), ids(b.get(free))); got != "[id-0000] [id-0001]" {
		t.Errorf("arrived then: %s", got)
	}
}

func TestTooLarge(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	target := ready(t, "queue", b.name)
	batch := records(3)
	batch[1].Data[1] = strings.Repeat("x", 17<<20)
	err := apply(t, target, batch...)
	var rejected *replication.Rejected
	if err == nil || errors.As(err, &rejected) || replication.IsPermanent(err) {
		t.Fatalf("the broker says: %v", err)
	}
	if err := apply(t, target, batch...); !errors.As(err, &rejected) || len(rejected.Records) != 1 || rejected.Records[1] == nil || !strings.Contains(err.Error(), "16777216") {
		t.Fatalf("Apply: %v", err)
	}
	if got := fmt.Sprint(ids(b.get(b.name))); got != "[id-0000 id-0002]" {
		t.Errorf("arrived: %s", got)
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	const address = "amqp://user:hidden@host/"
	long := strings.Repeat("x", 256)
	for _, test := range []struct {
		address  string
		settings []string
		want     string
	}{
		{"", []string{"queue", "q"}, "has to be a URL"},
		{"https://user:hidden@host/", []string{"queue", "q"}, "has to be a URL"},
		{"amqp://user:hid den@host/", []string{"queue", "q"}, "has to be a URL"},
		{"amqp://user:hidden/x@host:port/", []string{"queue", "q"}, "has to be a URL"},
		{address, nil, "give the option exchange, or queue"},
		{address, []string{"queue", "q", "routing_key", "k"}, "leave one of"},
		{address, []string{"queue", "q", "exchange_type", "fanout"}, "without exchange"},
		{address, []string{"queue", long}, "256 bytes"},
		{address, []string{"exchange", long}, "256 bytes"},
		{address, []string{"exchange", "e", "routing_key", "{tabel}"}, "there are {table}, {operation} and {id}"},
		{address, []string{"exchange", "e", "exchange_type", "direct", "queue", "q", "routing_key", "{id}"}, "has {id} in it"},
	} {
		d, c := configure(t, test.address, test.settings...)
		err := d.Validate(c)
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%q %q: %v, want %q", test.address, test.settings, err, test.want)
		}
		if _, err := d.Open(t.Context(), c); !replication.IsPermanent(err) {
			t.Errorf("Open %q: %v", test.settings, err)
		}
	}
	d, _ := replication.Lookup("RABBITMQ")
	if _, err := plugins.NewOptions("replication r", d.Options, []plugins.Setting{{Name: "exchange_type", Value: "x"}}); err == nil || !strings.Contains(err.Error(), "one of topic, direct, fanout, headers") {
		t.Errorf("exchange_type: %v", err)
	}
}

func TestContext(t *testing.T) {
	t.Parallel()
	p := newLine(t)
	target := open(t, p.address(), "queue", newBroker(t).name)
	if err := target.Prepare(t.Context(), []*replication.Destination{users}); err != nil {
		t.Fatal(err)
	}
	p.freeze()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := target.Apply(ctx, &replication.Batch{Records: records(1)}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Apply: %v", err)
	}
	fresh, cancel2 := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel2()
	if err := target.Prepare(fresh, []*replication.Destination{users}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Prepare: %v", err)
	}
}
