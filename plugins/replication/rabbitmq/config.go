package rabbitmq

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/s3sql/s3sql/plugins"
	"github.com/s3sql/s3sql/plugins/replication"
)

// The types of exchanges.
const (
	typeTopic   = amqp.ExchangeTopic
	typeDirect  = amqp.ExchangeDirect
	typeFanout  = amqp.ExchangeFanout
	typeHeaders = amqp.ExchangeHeaders
)

var options = []plugins.Option{
	{Name: "exchange"},
	{Name: "exchange_type", Default: typeTopic, Values: []string{typeTopic, typeDirect, typeFanout, typeHeaders}},
	{Name: "declare", Type: plugins.Bool, Default: "true"},
	{Name: "queue"},
	{Name: "routing_key"},
	{Name: "durable", Type: plugins.Bool, Default: "true"},
	{Name: "persistent", Type: plugins.Bool, Default: "true"},
	{Name: "heartbeat", Type: plugins.Duration, Default: "10s", Min: 1, Max: 3600},
	{Name: "confirm_timeout", Type: plugins.Duration, Default: "30s", Min: 0.001, Max: 3600},
	{Name: "mandatory", Type: plugins.Bool, Default: "true"},
}

func init() {
	replication.Register("RABBITMQ", replication.Definition{
		Options:  options,
		Before:   true,
		Validate: func(c replication.Config) error { _, err := parse(c); return err },
		Open:     open,
	})
}

// config is what a target was opened with, read and checked.
type config struct {
	replication.Config
	broker         string // host:port, to be shown
	password       string
	exchange       string // "": the one by which queues are reached
	kind           string // of the exchange
	queue          string // "" none
	key            string // with what is to be filled in
	declare        bool
	durable        bool
	persistent     bool
	mandatory      bool
	heartbeat      time.Duration
	confirmTimeout time.Duration
}

// nameMax is how many bytes the names of AMQP, and routing keys, may have.
const nameMax = 255

// parse reads an address and options. Its errors have nothing of the address in them.
func parse(c replication.Config) (config, error) {
	o := c.Options
	cfg := config{Config: c, exchange: o.Text("exchange"), kind: o.Text("exchange_type"), queue: o.Text("queue"), key: o.Text("routing_key"), declare: o.Bool("declare"),
		durable: o.Bool("durable"), persistent: o.Bool("persistent"), mandatory: o.Bool("mandatory"), heartbeat: o.Duration("heartbeat"),
		confirmTimeout: o.Duration("confirm_timeout")}
	var err error
	if cfg.broker, cfg.password, err = parseAddress(c.Address); err != nil {
		return config{}, err
	}
	switch {
	case cfg.exchange == "" && cfg.queue == "" && cfg.key == "":
		return config{}, errors.New("messages go nowhere: give the option exchange, or queue")
	case cfg.exchange == "" && cfg.queue != "" && cfg.key != "" && cfg.key != cfg.queue:
		return config{}, errors.New("without the option exchange, messages go to the queue that routing_key names: leave one of routing_key and queue out")
	case cfg.exchange == "" && o.Given("exchange_type"):
		return config{}, errors.New("the option exchange_type is given without exchange, whose type it is")
	}
	for _, name := range []string{"exchange", "queue", "routing_key"} {
		if len(o.Text(name)) > nameMax {
			return config{}, fmt.Errorf("the option %s has %d bytes: AMQP takes up to %d", name, len(o.Text(name)), nameMax)
		}
	}
	if cfg.key == "" {
		if cfg.key = cfg.queue; cfg.exchange != "" {
			cfg.key = "{table}.{operation}"
		}
	}
	for _, p := range placeholder.FindAllString(cfg.key, -1) {
		if p != "{table}" && p != "{operation}" && p != "{id}" && o.Given("routing_key") {
			return config{}, fmt.Errorf("the option routing_key has the placeholder %s: there are {table}, {operation} and {id}", p)
		}
	}
	if cfg.binds() && cfg.kind == typeDirect && strings.Contains(cfg.key, "{id}") {
		return config{}, errors.New("the option routing_key has {id} in it, so that the queue cannot be bound to a direct exchange: take exchange_type = 'topic', or leave queue out and bind it yourself")
	}
	return cfg, nil
}

var placeholder = regexp.MustCompile(`\{[^{}]*\}`)

func parseAddress(s string) (broker, password string, err error) {
	const valid = "it has to be a URL such as 'amqps://user:password@host:5671/vhost', with %40, %2F and the like for special characters in user, password and vhost"
	if u, err := url.Parse(s); err != nil || u.Scheme != "amqp" && u.Scheme != "amqps" {
		return "", "", errors.New("the address is not valid: " + valid)
	}
	u, err := amqp.ParseURI(s)
	if err != nil || u.Host == "" {
		return "", "", errors.New("the address is not valid: " + valid)
	}
	return fmt.Sprintf("%s:%d", u.Host, u.Port), u.Password, nil
}

// binds reports whether a queue is to be declared and bound.
func (c *config) binds() bool { return c.declare && c.exchange != "" && c.queue != "" }

// routingKey fills in a record's routing key.
//
// Errors: it is too long, and the record to be rejected.
func (c *config) routingKey(r *replication.Record) (string, error) {
	if c.exchange == "" && c.queue != "" {
		return c.queue, nil
	}
	key := strings.NewReplacer("{table}", r.Destination.Name, "{operation}", string(r.Operation), "{id}", r.RecordID).Replace(c.key)
	if len(key) > nameMax {
		return "", fmt.Errorf("RabbitMQ: the routing key has %d bytes: AMQP takes up to %d", len(key), nameMax)
	}
	return key, nil
}

// bindings are the keys by which the queue is bound to the exchange.
func (c *config) bindings(all []*replication.Destination) (keys []string) {
	switch c.kind {
	case typeTopic:
		words := strings.Split(c.key, ".")
		for i, w := range words {
			if placeholder.MatchString(w) {
				words[i] = "#"
			}
		}
		return []string{strings.Join(slices.Compact(words), ".")}
	case typeDirect:
		for _, d := range all {
			for _, op := range []replication.Operation{replication.Insert, replication.Update, replication.Delete} {
				key, err := c.routingKey(&replication.Record{Destination: d, Operation: op})
				if err == nil && !slices.Contains(keys, key) { // records with a key that is too long are rejected
					keys = append(keys, key)
				}
			}
		}
		return keys
	}
	return []string{""} // which the others do not look at
}
