package sqs_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/s3sql/s3sql/conformance/testenv"
	"github.com/s3sql/s3sql/plugins"
	"github.com/s3sql/s3sql/plugins/replication"
	_ "github.com/s3sql/s3sql/plugins/replication/sqs"
)

var count atomic.Int64

// admin is a client of the test server.
func admin(t *testing.T) *awssqs.Client {
	t.Helper()
	return awssqs.New(awssqs.Options{Region: "us-east-1", BaseEndpoint: aws.String(testenv.SQS(t)), Credentials: credentials.NewStaticCredentialsProvider("k", "s", "")})
}

// newQueue makes a queue of the test's own, which goes when the test ends.
func newQueue(t *testing.T, fifo bool, attributes map[string]string) string {
	t.Helper()
	name := fmt.Sprintf("q-%x-%d", time.Now().UnixNano(), count.Add(1))
	all := map[string]string{}
	if fifo {
		name += ".fifo"
		all["FifoQueue"] = "true"
	}
	for k, v := range attributes {
		all[k] = v
	}
	client := admin(t)
	made, err := client.CreateQueue(t.Context(), &awssqs.CreateQueueInput{QueueName: &name, Attributes: all})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := client.DeleteQueue(context.Background(), &awssqs.DeleteQueueInput{QueueUrl: made.QueueUrl}); err != nil {
			t.Error(err)
		}
	})
	return *made.QueueUrl
}

// receive takes all messages from a queue, in its order.
func receive(t *testing.T, queue string) (out []types.Message) {
	t.Helper()
	client := admin(t)
	for {
		got, err := client.ReceiveMessage(t.Context(), &awssqs.ReceiveMessageInput{QueueUrl: &queue, MaxNumberOfMessages: 10,
			MessageAttributeNames: []string{"All"}, MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll}})
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Messages) == 0 {
			return out
		}
		for _, m := range got.Messages {
			out = append(out, m)
			if _, err := client.DeleteMessage(t.Context(), &awssqs.DeleteMessageInput{QueueUrl: &queue, ReceiptHandle: m.ReceiptHandle}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// ids are the records of messages.
func ids(t *testing.T, messages []types.Message) (out []string) {
	t.Helper()
	for _, m := range messages {
		var body struct {
			Metadata struct {
				Record string `json:"record"`
			} `json:"metadata"`
		}
		if err := json.Unmarshal([]byte(*m.Body), &body); err != nil {
			t.Fatal(err)
		}
		out = append(out, body.Metadata.Record)
	}
	return out
}

func destination(name string) *replication.Destination {
	return &replication.Destination{Source: name, Name: name, Key: []int{0}, Columns: []replication.Column{
		{Name: "id", Kind: replication.Int}, {Name: "name", Kind: replication.Text}}}
}

var users = destination("users")

func record(d *replication.Destination, n int, row string, text string) *replication.Record {
	return &replication.Record{ID: fmt.Sprintf("id-%03d", n), Destination: d, Operation: replication.Update, Seq: uint64(100 + n),
		Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), RecordID: row, Data: []any{int64(n), text}, Before: []any{int64(n), nil}}
}

func records(n int) (out []*replication.Record) {
	for i := range n {
		out = append(out, record(users, i, strconv.Itoa(i), "x"))
	}
	return out
}

func configure(t *testing.T, address string, settings ...string) (replication.Definition, replication.Config) {
	t.Helper()
	d, ok := replication.Lookup("SQS")
	if !ok {
		t.Fatal("SQS is not registered")
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

// open opens a target on the test server, or on the endpoint that settings give.
func open(t *testing.T, address string, settings ...string) replication.Target {
	t.Helper()
	own := []string{"credentials", "key:swordfish:token"}
	if !strings.Contains(strings.Join(settings, " "), "endpoint") {
		own = append(own, "endpoint", testenv.SQS(t))
	}
	d, c := configure(t, address, append(own, settings...)...)
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

func apply(t *testing.T, target replication.Target, records ...*replication.Record) error {
	t.Helper()
	return target.Apply(t.Context(), &replication.Batch{Records: records})
}

func TestMessage(t *testing.T) {
	t.Parallel()
	queue := newQueue(t, false, nil)
	target := open(t, queue, "message_attributes", "team=x, env = prod")
	r := record(users, 1, "7", "<ü>\x01\uffff")
	if err := apply(t, target, r); err != nil {
		t.Fatal(err)
	}
	got := receive(t, queue)
	want, err := replication.Message(replication.Config{Replication: "r", Source: "shop"}, r)
	if err != nil || len(got) != 1 || *got[0].Body != string(want) {
		t.Fatalf("%d messages, %v: %s", len(got), err, *got[0].Body)
	}
	attributes := map[string]string{"source": "shop", "resource": "users", "operation": "update", "team": "x", "env": "prod"}
	if len(got[0].MessageAttributes) != len(attributes) {
		t.Errorf("attributes: %v", got[0].MessageAttributes)
	}
	for name, want := range attributes {
		if a := got[0].MessageAttributes[name]; aws.ToString(a.StringValue) != want || aws.ToString(a.DataType) != "String" {
			t.Errorf("attribute %s: %q", name, aws.ToString(a.StringValue))
		}
	}
	if err := apply(t, open(t, queue, "message_attributes", "source=elsewhere"), r); err != nil {
		t.Fatal(err)
	}
	if got := receive(t, queue); len(got) != 1 || *got[0].MessageAttributes["source"].StringValue != "elsewhere" {
		t.Errorf("source as given: %v", got)
	}
}

func TestStandardQueue(t *testing.T) {
	t.Parallel()
	queue := newQueue(t, false, nil)
	srv := newProxy(t, nil)
	if err := apply(t, open(t, queue, "endpoint", srv.URL), records(25)...); err != nil {
		t.Fatal(err)
	}
	if sizes := srv.batches(); fmt.Sprint(sizes) != "[10 10 5]" {
		t.Errorf("requests of %v messages", sizes)
	}
	seen := map[string]bool{}
	for _, id := range ids(t, receive(t, queue)) {
		seen[id] = true
	}
	if len(seen) != 25 {
		t.Errorf("%d records", len(seen))
	}
}

// TestFIFO sends changes of the same rows: the order of each row's stays, its group is the row.
func TestFIFO(t *testing.T) {
	t.Parallel()
	queue := newQueue(t, true, nil)
	var batch []*replication.Record
	long := strings.Repeat("ü ", 100)
	for i := range 40 {
		row := strconv.Itoa(i % 4)
		if i%4 == 3 {
			row = long
		}
		batch = append(batch, record(users, i, row, "x"))
	}
	target := open(t, queue)
	if err := apply(t, target, batch...); err != nil {
		t.Fatal(err)
	}
	last, rows := map[string]string{}, map[string]int{}
	got := receive(t, queue)
	for i, id := range ids(t, got) {
		group := got[i].Attributes["MessageGroupId"]
		if id <= last[group] {
			t.Errorf("group %s: %s after %s", group, id, last[group])
		}
		last[group] = id
		rows[group]++
		if dedup := got[i].Attributes["MessageDeduplicationId"]; dedup != id {
			t.Errorf("deduplication id %q of %s", dedup, id)
		}
	}
	if len(rows) != 4 || rows["users:0"] != 10 || rows["users:2"] != 10 {
		t.Errorf("groups: %v", rows)
	}
	// The queue drops what it has had.
	if err := apply(t, target, batch...); err != nil {
		t.Fatal(err)
	}
	if got := receive(t, queue); len(got) != 0 {
		t.Errorf("%d messages arrived twice", len(got))
	}
}

func TestGivenGroup(t *testing.T) {
	t.Parallel()
	queue := newQueue(t, true, map[string]string{"ContentBasedDeduplication": "true"})
	if err := apply(t, open(t, queue, "message_group_id", "all", "deduplication", "false"), records(12)...); err != nil {
		t.Fatal(err)
	}
	got := receive(t, queue)
	for i, id := range ids(t, got) {
		if want := fmt.Sprintf("id-%03d", i); id != want || got[i].Attributes["MessageGroupId"] != "all" || got[i].Attributes["MessageDeduplicationId"] == id {
			t.Errorf("message %d: %s, %v", i, id, got[i].Attributes)
		}
	}
	if len(got) != 12 {
		t.Errorf("%d messages", len(got))
	}
}

// TestNoDeduplication sends to a FIFO queue that cannot tell messages apart.
func TestNoDeduplication(t *testing.T) {
	t.Parallel()
	queue := newQueue(t, true, nil)
	target := open(t, queue, "deduplication", "off")
	err := apply(t, target, records(3)...)
	if !replication.IsPermanent(err) || !strings.Contains(err.Error(), "ContentBasedDeduplication") {
		t.Errorf("Apply: %v", err)
	}
	if c := target.Check(t.Context(), []*replication.Destination{users}); len(c) != 1 || !replication.IsPermanent(c[0].Err) {
		t.Errorf("Check: %v", c)
	}
}

// TestSizes sends messages that fill requests before there are ten of them, and one that is too large.
func TestSizes(t *testing.T) {
	t.Parallel()
	for _, fifo := range []bool{false, true} {
		queue := newQueue(t, fifo, nil)
		srv := newProxy(t, nil)
		batch := records(8)
		for i, r := range batch {
			if i%2 == 0 {
				r.Data[1] = strings.Repeat("y", 100_000)
			}
		}
		batch[3].Data[1] = strings.Repeat("z", 256<<10-1000)
		batch[5].Data[1] = strings.Repeat("z", 256<<10)
		err := apply(t, open(t, queue, "endpoint", srv.URL), batch...)
		var rejected *replication.Rejected
		if !errors.As(err, &rejected) || len(rejected.Records) != 1 || rejected.Records[5] == nil {
			t.Fatalf("Apply: %.200v", err)
		}
		if text := rejected.Records[5].Error(); !strings.Contains(text, "the message has 262") || !strings.Contains(text, "262144") {
			t.Errorf("error: %s", text)
		}
		for _, size := range srv.sizes() {
			if size > 256<<10 {
				t.Errorf("a request of %d bytes", size)
			}
		}
		if got := receive(t, queue); len(got) != 7 {
			t.Errorf("%d messages", len(got))
		}
	}
}

// TestLargest sends a message of exactly what SQS takes.
func TestLargest(t *testing.T) {
	t.Parallel()
	queue := newQueue(t, false, map[string]string{"MaximumMessageSize": "262144"})
	r := record(users, 0, "0", "")
	empty, err := replication.Message(replication.Config{Replication: "r", Source: "shop"}, r)
	if err != nil {
		t.Fatal(err)
	}
	room := 256<<10 - len(empty) - len("source"+"String"+"shop") - len("resource"+"String"+"users") - len("operation"+"String"+"update")
	r.Data[1] = strings.Repeat("x", room)
	target := open(t, queue)
	if err := apply(t, target, r); err != nil {
		t.Error(err)
	}
	r.Data[1] = strings.Repeat("x", room+1)
	var rejected *replication.Rejected
	if err := apply(t, target, r); !errors.As(err, &rejected) || !strings.Contains(err.Error(), "262145 bytes") {
		t.Errorf("one byte more: %v", err)
	}
	if got := receive(t, queue); len(got) != 1 {
		t.Errorf("%d messages", len(got))
	}
}

func TestQueues(t *testing.T) {
	t.Parallel()
	q1, q2, q3 := newQueue(t, false, nil), newQueue(t, true, nil), newQueue(t, false, nil)
	orders, logs := destination("Orders"), destination("logs")
	batch := []*replication.Record{record(users, 0, "0", "x"), record(orders, 1, "0", "x"), record(logs, 2, "0", "x"), record(orders, 3, "0", "x")}
	for _, target := range []replication.Target{
		open(t, "", "queues", "users="+q1+",orders="+q2, "default_queue_url", q3),
		open(t, q3, "queues", "users="+q1+",orders="+q2),
	} {
		if err := target.Prepare(t.Context(), []*replication.Destination{users, orders, logs}); err != nil {
			t.Fatal(err)
		}
		if err := apply(t, target, batch...); err != nil {
			t.Fatal(err)
		}
		for _, r := range batch {
			r.ID += "-again"
		}
		for queue, want := range map[string]int{q1: 1, q2: 2, q3: 1} {
			if got := receive(t, queue); len(got) != want {
				t.Errorf("%s: %d messages, want %d", queue, len(got), want)
			}
		}
	}
	target := open(t, "", "queues", "users="+q1+",orders="+q2)
	if err := target.Prepare(t.Context(), []*replication.Destination{users, logs}); !replication.IsPermanent(err) || !strings.Contains(err.Error(), "logs") {
		t.Errorf("Prepare without a queue: %v", err)
	}
	if err := apply(t, target, batch...); !replication.IsPermanent(err) {
		t.Errorf("Apply without a queue: %v", err)
	}
	var text []string
	for _, c := range target.Check(t.Context(), []*replication.Destination{users, orders, logs}) {
		text = append(text, fmt.Sprint(c.What, " ", c.Note, " ", c.Err != nil))
	}
	want := []string{"table logs  true", "queue " + q1 + " standard: it keeps no order false", "queue " + q2 + " FIFO false"}
	if fmt.Sprint(text) != fmt.Sprint(want) {
		t.Errorf("Check: %q, want %q", text, want)
	}
}

func TestMissingQueue(t *testing.T) {
	t.Parallel()
	queue := testenv.SQS(t) + "/000000000000/nowhere"
	target := open(t, queue)
	if err := apply(t, target, records(1)...); !replication.IsPermanent(err) || !strings.Contains(err.Error(), queue) {
		t.Errorf("Apply: %v", err)
	}
	if c := target.Check(t.Context(), nil); len(c) != 1 || !replication.IsPermanent(c[0].Err) {
		t.Errorf("Check: %v", c)
	}
	srv := newProxy(t, nil)
	srv.Close()
	if err := apply(t, open(t, queue, "endpoint", srv.URL), records(1)...); err == nil || replication.IsPermanent(err) || strings.Contains(err.Error(), "swordfish") {
		t.Errorf("no server: %v", err)
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	const queue = "https://sqs.eu-west-1.amazonaws.com/123/q"
	for _, test := range []struct {
		address  string
		settings []string
		want     string
	}{
		{"", nil, "there is no queue"},
		{"events", nil, "the address is not the URL of a queue"},
		{"https://sqs.eu-west-1.amazonaws.com/", nil, "the address is not the URL of a queue"},
		{"", []string{"default_queue_url", "x"}, "the option default_queue_url is not the URL"},
		{"", []string{"queues", "users=x"}, "the option queues, for users, is not the URL"},
		{"", []string{"queues", "users"}, "not valid at part 1"},
		{queue, []string{"default_queue_url", queue}, "give one of them"},
		{queue, []string{"message_group_id", "a b"}, "up to 128"},
		{queue, []string{"message_group_id", strings.Repeat("a", 129)}, "up to 128"},
		{queue, []string{"message_attributes", "a b=c"}, "names are of letters"},
		{queue, []string{"message_attributes", "AWS.x=c"}, "are Amazon's"},
		{queue, []string{"message_attributes", "resource=c"}, "has by itself"},
		{queue, []string{"message_attributes", "a=1,b=1,c=1,d=1,e=1,f=1,g=1,h=1"}, "up to 10"},
		{queue, []string{"credentials", "hidden"}, "'KEY:SECRET'"},
		{queue, []string{"credentials", ":hidden"}, "'KEY:SECRET'"},
		{queue, []string{"endpoint", "localhost:4566"}, "endpoint is not valid"},
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
	for _, settings := range [][]string{nil, {"message_attributes", "source=x,a=1,b=1,c=1,d=1,e=1,f=1,g=1"}, {"queues", "a=" + queue + ".fifo"}, {"credentials", "k:s+/=:t:u"}} {
		d, c := configure(t, queue, settings...)
		if err := d.Validate(c); err != nil {
			t.Errorf("%q: %v", settings, err)
		}
	}
}
