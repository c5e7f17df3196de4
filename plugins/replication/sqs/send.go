package sqs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/s3sql/s3sql/plugins/replication"
)

// lane is what goes to one queue. For one goroutine.
type lane struct {
	target  *target
	client  *awssqs.Client
	queue   string
	fifo    bool
	records []*replication.Record // of the batch
	open    []int                 // those for the queue that are neither sent nor refused, in order
}

// entry is a message of a request.
type entry struct {
	at      int // in the batch
	message types.SendMessageBatchRequestEntry
}

// run sends all that is open. After an error no more is sent.
func (l *lane) run(ctx context.Context) error {
	for len(l.open) > 0 {
		if err := l.send(ctx, l.next()); err != nil {
			return err
		}
	}
	return nil
}

// ahead is how many open records are looked at for a request: those of a group that has a message in it stay for the next.
const ahead = 100

// next takes the messages of a request from what is open; none, when all that it has looked at is refused.
func (l *lane) next() (out []entry) {
	size, groups := 0, map[string]bool{}
	left := make([]int, 0, len(l.open))
	for n, i := range l.open {
		if n == ahead || len(out) == entriesMax {
			left = append(left, l.open[n:]...)
			break
		}
		r := l.records[i]
		group := l.group(r)
		if l.fifo && groups[group] {
			left = append(left, i)
			continue
		}
		m, bytes, err := l.message(r, group)
		if err != nil {
			l.target.outcomes.Rejected(i, err)
			continue
		}
		if size+bytes > sizeMax { // it is the first of the next request
			left = append(left, l.open[n:]...)
			break
		}
		m.Id = aws.String(strconv.Itoa(len(out)))
		out, size = append(out, entry{i, m}), size+bytes
		groups[group] = true
	}
	l.open = left
	return out
}

// group is the group of a record; "" on a queue without groups.
func (l *lane) group(r *replication.Record) string {
	switch {
	case !l.fifo:
		return ""
	case l.target.config.group != "":
		return l.target.config.group
	}
	row := r.RecordID
	if r.Destination.Key == nil {
		row = r.ID // there is no row that others are about
	}
	name := r.Destination.Name + ":" + row
	if validGroup(name) {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:])
}

// message makes the message of a record, and counts its bytes as SQS does.
//
// Errors: the record is to be rejected.
func (l *lane) message(r *replication.Record, group string) (m types.SendMessageBatchRequestEntry, size int, err error) {
	cfg := &l.target.config
	body, err := replication.Message(cfg.Config, r)
	if err != nil {
		return m, 0, err
	}
	m = types.SendMessageBatchRequestEntry{MessageBody: aws.String(string(body)), MessageAttributes: map[string]types.MessageAttributeValue{}}
	size = len(body)
	add := func(name, value string) {
		if _, ok := m.MessageAttributes[name]; ok || value == "" { // which SQS does not take
			return
		}
		m.MessageAttributes[name] = types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &value}
		size += len(name) + len("String") + len(value)
	}
	for _, p := range cfg.attributes {
		add(p.Name, p.Value)
	}
	add("source", cfg.Source)
	add("resource", r.Destination.Name)
	add("operation", string(r.Operation))
	if size > sizeMax {
		return m, size, fmt.Errorf("SQS: the message has %d bytes: queues take up to %d", size, sizeMax)
	}
	if l.fifo {
		m.MessageGroupId = &group
		if cfg.dedup {
			m.MessageDeduplicationId = &r.ID
		}
	}
	return m, size, nil
}

// send makes a request. One that is refused for something in a message is made again in halves, so that only that is rejected.
//
// Errors: those of explain; one of the first message that SQS could not take.
func (l *lane) send(ctx context.Context, entries []entry) error {
	if len(entries) == 0 {
		return nil
	}
	in := &awssqs.SendMessageBatchInput{QueueUrl: &l.queue}
	for _, e := range entries {
		in.Entries = append(in.Entries, e.message)
	}
	out, err := l.client.SendMessageBatch(ctx, in)
	switch {
	case err == nil:
		return l.settle(entries, out)
	case !isAboutMessage(err):
		return explain(l.queue, err)
	case len(entries) == 1:
		l.target.outcomes.Rejected(entries[0].at, explain(l.queue, err))
		return nil
	}
	half := len(entries) / 2
	if err := l.send(ctx, entries[:half]); err != nil {
		return err
	}
	return l.send(ctx, entries[half:])
}

// settle reads what has become of the messages of a request.
func (l *lane) settle(entries []entry, out *awssqs.SendMessageBatchOutput) error {
	var first error
	lost := 0
	fail := func(err error) {
		if lost++; first == nil || replication.IsPermanent(err) && !replication.IsPermanent(first) {
			first = err
		}
	}
	for _, e := range entries {
		failed := slices.IndexFunc(out.Failed, func(f types.BatchResultErrorEntry) bool { return aws.ToString(f.Id) == *e.message.Id })
		if failed >= 0 {
			if refused, err := explainEntry(l.queue, &out.Failed[failed]); refused {
				l.target.outcomes.Rejected(e.at, err)
			} else {
				fail(err)
			}
			continue
		}
		if slices.ContainsFunc(out.Successful, func(s types.SendMessageBatchResultEntry) bool { return aws.ToString(s.Id) == *e.message.Id }) {
			l.target.outcomes.Delivered(e.at)
			continue
		}
		fail(errors.New("SQS: queue " + l.queue + ": the answer does not say what has become of a message"))
	}
	if first != nil && lost > 1 {
		return fmt.Errorf("%w (and %d more messages)", first, lost-1)
	}
	return first
}
