package sqs

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go/logging"
	"golang.org/x/sync/errgroup"

	"github.com/s3sql/s3sql/plugins/replication"
)

// queuesAtOnce is how many queues are written to at the same time.
const queuesAtOnce = 8

// target is the queues of one replication. For one goroutine.
type target struct {
	config   config
	clients  map[string]*awssqs.Client // by region, as regionOf returns it
	wires    []*http.Transport         // beneath the clients
	outcomes replication.Outcomes
}

var _ replication.Target = (*target)(nil)

func open(_ context.Context, c replication.Config) (replication.Target, error) {
	cfg, err := parse(c)
	if err != nil {
		return nil, replication.Permanent(err)
	}
	return &target{config: cfg, clients: map[string]*awssqs.Client{}}, nil
}

// client returns the client for a queue.
//
// Errors: Permanent ones of the AWS configuration, when no region is known.
func (t *target) client(ctx context.Context, queue string) (*awssqs.Client, error) {
	region := t.config.regionOf(queue)
	if c := t.clients[region]; c != nil {
		return c, nil
	}
	load := []func(*awsconfig.LoadOptions) error{awsconfig.WithHTTPClient(awshttp.NewBuildableClient()), awsconfig.WithLogger(logging.Nop{})}
	if region != "" {
		load = append(load, awsconfig.WithRegion(region))
	}
	if k := t.config.keys; k != nil {
		load = append(load, awsconfig.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(k.AccessKeyID, k.SecretAccessKey, k.SessionToken)))
	}
	loaded, err := awsconfig.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return nil, fmt.Errorf("SQS: the AWS configuration: %w", err)
	}
	if loaded.Region == "" {
		if t.config.endpoint == "" {
			return nil, replication.Permanent(fmt.Errorf("SQS: the region of %s is not known: give the option region, or set AWS_REGION", queue))
		}
		loaded.Region = "us-east-1"
	}
	// Clients of the SDK's own do not close their connections.
	wire := http.DefaultTransport.(*http.Transport).Clone()
	if own, ok := loaded.HTTPClient.(*awshttp.BuildableClient); ok {
		wire = own.GetTransport() // which knows AWS_CA_BUNDLE
	}
	t.wires = append(t.wires, wire)
	c := awssqs.NewFromConfig(loaded, func(o *awssqs.Options) {
		o.HTTPClient = &http.Client{Transport: wire, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		if t.config.endpoint != "" {
			o.BaseEndpoint = aws.String(t.config.endpoint)
		}
		o.Retryer = aws.NopRetryer{} // the replication tries again, and knows what has arrived
	})
	t.clients[region] = c
	return c, nil
}

// Prepare looks whether each destination has a queue. It makes none, and no request.
//
// Errors: Permanent, when a destination has none.
func (t *target) Prepare(_ context.Context, all []*replication.Destination) error {
	for _, d := range all {
		if _, err := t.config.queue(d); err != nil {
			return err
		}
	}
	return nil
}

// Apply sends the records of a batch that have not arrived yet.
// Cost: for each queue a request for ten records or 256 KiB; on a FIFO queue with message_group_id one for each record.
//
// Errors: *replication.Rejected for records that are too large or that SQS does not take; those of explain.
func (t *target) Apply(ctx context.Context, b *replication.Batch) error {
	open := t.outcomes.Begin(b.Records)
	return t.outcomes.End(t.deliver(ctx, b.Records, open))
}

func (t *target) deliver(ctx context.Context, records []*replication.Record, open []int) error {
	var lanes []*lane
	byQueue := map[string]*lane{}
	for _, i := range open {
		queue, err := t.config.queue(records[i].Destination)
		if err != nil {
			return err
		}
		l := byQueue[queue]
		if l == nil {
			client, err := t.client(ctx, queue)
			if err != nil {
				return err
			}
			l = &lane{target: t, client: client, queue: queue, fifo: isFIFO(queue), records: records}
			byQueue[queue], lanes = l, append(lanes, l)
		}
		l.open = append(l.open, i)
	}
	var group errgroup.Group
	group.SetLimit(queuesAtOnce)
	for _, l := range lanes {
		group.Go(func() error { return l.run(ctx) })
	}
	return group.Wait()
}

// Check asks each queue for what it is. Cost: a request for each.
func (t *target) Check(ctx context.Context, all []*replication.Destination) (out []replication.Check) {
	var queues []string
	for _, d := range all {
		queue, err := t.config.queue(d)
		if err != nil {
			out = append(out, replication.Check{What: "table " + d.Name, Err: err})
		} else if !slices.Contains(queues, queue) {
			queues = append(queues, queue)
		}
	}
	if len(all) == 0 && t.config.fallback != "" {
		queues = append(queues, t.config.fallback)
	}
	for _, q := range queues {
		note, err := t.checkQueue(ctx, q)
		out = append(out, replication.Check{What: "queue " + q, Note: note, Err: err})
	}
	return out
}

func (t *target) checkQueue(ctx context.Context, queue string) (note string, err error) {
	client, err := t.client(ctx, queue)
	if err != nil {
		return "", err
	}
	// All are asked for, as a standard queue refuses to be asked for some of them.
	got, err := client.GetQueueAttributes(ctx, &awssqs.GetQueueAttributesInput{QueueUrl: &queue, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll}})
	if err != nil {
		return "", explain(queue, err)
	}
	attribute := func(name types.QueueAttributeName) string { return got.Attributes[string(name)] }
	note = "standard: it keeps no order"
	if isFIFO(queue) {
		note = "FIFO"
		if !t.config.dedup && attribute(types.QueueAttributeNameContentBasedDeduplication) != "true" {
			return note, replication.Permanent(noDedup(queue))
		}
	}
	if n, err := strconv.Atoi(attribute(types.QueueAttributeNameMaximumMessageSize)); err == nil && n < sizeMax {
		note += fmt.Sprintf("; it takes messages of up to %d bytes", n)
	}
	return note, nil
}

// Close closes the connections that wait for another request.
func (t *target) Close() error {
	for _, w := range t.wires {
		w.CloseIdleConnections()
	}
	t.wires = nil
	clear(t.clients)
	return nil
}
