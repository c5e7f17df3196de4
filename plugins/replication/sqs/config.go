package sqs

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/s3sql/s3sql/plugins"
	"github.com/s3sql/s3sql/plugins/replication"
)

var options = []plugins.Option{
	{Name: "region"},
	{Name: "credentials", Type: plugins.Secret},
	{Name: "queues"},
	{Name: "default_queue_url"},
	{Name: "message_group_id"},
	{Name: "deduplication", Type: plugins.Bool, Default: "true"},
	{Name: "message_attributes"},
	{Name: "endpoint"},
}

func init() {
	replication.Register("SQS", replication.Definition{
		Options:         options,
		Before:          true,
		OptionalAddress: true,
		Validate:        func(c replication.Config) error { _, err := parse(c); return err },
		Open:            open,
	})
}

// config is what a target was opened with, read and checked.
type config struct {
	replication.Config
	region     string // "": that of a queue's address
	keys       *aws.Credentials
	queues     map[string]string // by destination, in lower case
	fallback   string            // of all other destinations; "" none
	group      string            // "": one for each row
	dedup      bool
	attributes []replication.Pair
	endpoint   string // "": Amazon's
}

// parse reads an address and options.
func parse(c replication.Config) (config, error) {
	o := c.Options
	cfg := config{Config: c, region: o.Text("region"), queues: map[string]string{}, fallback: c.Address, group: o.Text("message_group_id"),
		dedup: o.Bool("deduplication"), endpoint: o.Text("endpoint")}
	if d := o.Text("default_queue_url"); d != "" {
		if c.Address != "" {
			return config{}, errors.New("the address and the option default_queue_url are the same: give one of them")
		}
		cfg.fallback = d
	}
	pairs, err := replication.Pairs("queues", o.Text("queues"))
	if err != nil {
		return config{}, err
	}
	if len(pairs) == 0 && cfg.fallback == "" {
		return config{}, errors.New("there is no queue: give its URL as the address, or the options queues or default_queue_url")
	}
	for _, p := range pairs {
		if err := checkQueue("the option queues, for "+p.Name+",", p.Value); err != nil {
			return config{}, err
		}
		cfg.queues[strings.ToLower(p.Name)] = p.Value
	}
	if cfg.fallback != "" {
		what := "the address"
		if c.Address == "" {
			what = "the option default_queue_url"
		}
		if err := checkQueue(what, cfg.fallback); err != nil {
			return config{}, err
		}
	}
	if cfg.group != "" && !validGroup(cfg.group) {
		return config{}, errors.New("the option message_group_id is not valid: it has to be of up to 128 letters, digits and punctuation, without spaces")
	}
	if cfg.attributes, err = parseAttributes(o.Text("message_attributes")); err != nil {
		return config{}, err
	}
	if cfg.keys, err = parseCredentials(o.Text("credentials")); err != nil {
		return config{}, err
	}
	if cfg.endpoint != "" && !isURL(cfg.endpoint) {
		return config{}, errors.New("the option endpoint is not valid: it has to be a URL such as 'http://localhost:4566'")
	}
	return cfg, nil
}

func checkQueue(what, s string) error {
	u, err := url.Parse(s)
	if err != nil || !isURL(s) || strings.Trim(u.Path, "/") == "" || u.User != nil {
		return fmt.Errorf("%s is not the URL of a queue: it has to be such as 'https://sqs.us-east-1.amazonaws.com/123456789012/events'", what)
	}
	return nil
}

func isURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// What SQS takes.
const (
	groupMax      = 128 // bytes of a group's name
	attributesMax = 10
	sizeMax       = 256 << 10 // bytes of a message, and of a request
	entriesMax    = 10
)

// validGroup reports whether a name can be that of a group.
func validGroup(s string) bool {
	return s != "" && len(s) <= groupMax && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f })
}

// ownAttributes are those that each message has by itself; source may be given.
var ownAttributes = []string{"resource", "operation"}

var attributeName = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)

func parseAttributes(s string) ([]replication.Pair, error) {
	pairs, err := replication.Pairs("message_attributes", s)
	if err != nil {
		return nil, err
	}
	room := attributesMax - len(ownAttributes)
	for _, p := range pairs {
		lower := strings.ToLower(p.Name)
		switch {
		case len(p.Name) > 256 || !attributeName.MatchString(p.Name):
			return nil, fmt.Errorf("the option message_attributes names '%s': names are of letters, digits, '_', '-' and '.'", p.Name)
		case strings.HasPrefix(lower, "aws.") || strings.HasPrefix(lower, "amazon."):
			return nil, fmt.Errorf("the option message_attributes names '%s': names that begin with AWS. or Amazon. are Amazon's", p.Name)
		case lower == ownAttributes[0] || lower == ownAttributes[1]:
			return nil, fmt.Errorf("the option message_attributes names %s, which each message has by itself", p.Name)
		}
		if p.Name == "source" {
			room++ // it takes the place of that of the message
		}
	}
	if len(pairs) >= room {
		return nil, fmt.Errorf("the option message_attributes names %d attributes: a message has up to %d, source, resource and operation among them", len(pairs), attributesMax)
	}
	return pairs, nil
}

// parseCredentials returns nil for "". Its errors have nothing of the text in them.
func parseCredentials(s string) (*aws.Credentials, error) {
	if s == "" {
		return nil, nil
	}
	parts := strings.SplitN(s, ":", 3)
	if len(parts) < 2 || parts[0] == "" || parts[1] == "" || strings.ContainsAny(s, " \t\r\n") {
		return nil, errors.New("the option credentials is not valid: it has to be 'KEY:SECRET' or 'KEY:SECRET:TOKEN'; leave it out to use those of the environment")
	}
	c := &aws.Credentials{AccessKeyID: parts[0], SecretAccessKey: parts[1]}
	if len(parts) == 3 {
		c.SessionToken = parts[2]
	}
	return c, nil
}

// queue returns the queue of a destination.
//
// Errors: Permanent, when it has none.
func (c *config) queue(d *replication.Destination) (string, error) {
	if q := c.queues[strings.ToLower(d.Name)]; q != "" {
		return q, nil
	}
	if c.fallback == "" {
		return "", replication.Permanent(fmt.Errorf("SQS: there is no queue for %s: name it in the option queues, or give default_queue_url", d.Name))
	}
	return c.fallback, nil
}

var regionOfHost = regexp.MustCompile(`(?:^|\.)sqs(?:-fips)?\.([a-z0-9-]+)\.(?:vpce\.)?amazonaws\.com(?:\.cn)?$`)

// regionOf returns the region of a queue; "": whatever the environment says.
func (c *config) regionOf(queue string) string {
	if c.region != "" {
		return c.region
	}
	if u, err := url.Parse(queue); err == nil {
		if m := regionOfHost.FindStringSubmatch(u.Hostname()); m != nil {
			return m[1]
		}
	}
	return ""
}

// isFIFO reports whether a queue keeps an order, which its name says.
func isFIFO(queue string) bool { return strings.HasSuffix(queue, ".fifo") }
