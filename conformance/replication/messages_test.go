package replication

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/s3sql/s3sql/conformance/testenv"
	"github.com/s3sql/s3sql/driver"
	_ "github.com/s3sql/s3sql/plugins/replication/sqs"
	_ "github.com/s3sql/s3sql/plugins/replication/webhook"
)

// inbox is what has come as messages.
type inbox struct {
	mu    sync.Mutex
	came  int
	whole map[string]change // by the id of the record
}

// change is the part of a message that tells what has happened to which row.
type change struct {
	Operation string
	ID        string
	Data      struct{ Total json.Number }
	Metadata  struct {
		Record string
		Commit uint64
	}
}

// take adds a message. One that comes again says the same.
func (in *inbox) take(t *testing.T, body []byte) {
	var c change
	if err := json.Unmarshal(body, &c); err != nil {
		t.Errorf("%.200s: %v", body, err)
		return
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.came++
	if was, ok := in.whole[c.Metadata.Record]; ok && was != c {
		t.Errorf("%s came as %v and as %v", c.Metadata.Record, was, c)
	}
	in.whole[c.Metadata.Record] = c
}

func (in *inbox) counts() (came, different int) {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.came, len(in.whole)
}

// rows returns what the messages come to: the rows that are left, with their totals.
func (in *inbox) rows(t *testing.T) string {
	last, balance := map[string]change{}, map[string]int{}
	for _, c := range in.whole {
		if c.Metadata.Commit >= last[c.ID].Metadata.Commit {
			last[c.ID] = c
		}
		balance[c.ID] += map[string]int{"insert": 1, "delete": -1}[c.Operation]
	}
	var lines []string
	for id, c := range last {
		there := c.Operation != "delete"
		if want := map[bool]int{true: 1}[there]; balance[id] != want {
			t.Errorf("row %s: inserts without deletes are %d, want %d: a message is missing", id, balance[id], want)
		}
		if there {
			lines = append(lines, fmt.Sprintf("%s %s", id, c.Data.Total))
		}
	}
	return sorted(lines)
}

// drain takes everything out of a queue.
func (in *inbox) drain(t *testing.T, client *sqs.Client, queue string) {
	for {
		out, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &queue, MaxNumberOfMessages: 10, VisibilityTimeout: 600})
		if err != nil {
			t.Fatal(err)
		}
		if len(out.Messages) == 0 {
			return
		}
		for _, m := range out.Messages {
			in.take(t, []byte(*m.Body))
		}
	}
}

// TestKilledMessages writes from a process and replicates from two, to SQS and to a webhook that now and then fails or does not answer. All
// of them are killed at random: each change arrives, those that come again with the same id.
func TestKilledMessages(t *testing.T) {
	t.Parallel()
	hook, queued := &inbox{whole: map[string]change{}}, &inbox{whole: map[string]change{}}
	calls := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		hook.mu.Lock()
		calls++
		n := calls
		hook.mu.Unlock()
		if n%50 == 7 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		hook.take(t, body)
		if n%50 == 9 {
			panic(http.ErrAbortHandler) // the answer is lost
		}
	}))
	t.Cleanup(srv.Close)
	endpoint := testenv.SQS(t)
	client := sqs.New(sqs.Options{BaseEndpoint: &endpoint, Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("test", "test", "")})
	queue, err := client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String(fmt.Sprintf("killed-%d", time.Now().UnixNano()))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := client.DeleteQueue(context.Background(), &sqs.DeleteQueueInput{QueueUrl: queue.QueueUrl}); err != nil {
			t.Error(err)
		}
	})
	s := testenv.S3(t)
	dsn := s.DSN(s.Bucket(t), "source")
	dsn += separator(dsn) + "secret_key=" + strings.Repeat("A", 43) + "%3D"
	db := open(t, driver.Name, dsn)
	options := "max_retries = 50, retry_delay = '20ms', timeout = '5s', poll_interval = '200ms', log = false"
	run(t, db, "CREATE TABLE orders (id BIGINT PRIMARY KEY AUTO_INCREMENT, customer INT, total DECIMAL(12,2), note TEXT)",
		"CREATE TABLE customers (id INT PRIMARY KEY, name VARCHAR(20), visits INT)",
		"CREATE REPLICATION hook TO WEBHOOK '"+srv.URL+"' WITH ("+options+") (TABLE orders)",
		"CREATE REPLICATION queue TO SQS '"+*queue.QueueUrl+"' WITH ("+options+", region = 'us-east-1', credentials = 'test:test', endpoint = '"+endpoint+"') (TABLE orders)")
	var children []*process
	for i := range 3 {
		p := &process{t: t, env: []string{envDSN + "=" + dsn, envTask + "=" + map[bool]string{true: taskWrite, false: taskReplicate}[i == 0]}, runs: 100 * i}
		p.start()
		children = append(children, p)
	}
	enough, atLeast := wanted(t)
	began, kills := time.Now(), 0
	for i := 0; ; i++ {
		pause(1500 * time.Millisecond)
		p := children[i%len(children)]
		p.kill()
		p.start()
		kills++
		if _, n := hook.counts(); time.Since(began) >= atLeast && n >= enough/2 || time.Since(began) > atLeast+2*time.Minute {
			break
		}
	}
	for _, p := range children {
		p.kill()
	}
	for _, name := range []string{"hook", "queue"} {
		catchUp(t, db, name)
	}
	queued.drain(t, client, *queue.QueueUrl)
	var lines []string
	for _, line := range strings.Split(contents(t, db, "SELECT CONCAT(id, ' ', total) FROM orders"), "\n") {
		if line != "" {
			lines = append(lines, strings.TrimSuffix(strings.TrimPrefix(line, "[{"), " true}]"))
		}
	}
	want := sorted(lines)
	for name, in := range map[string]*inbox{"the webhook": hook, "SQS": queued} {
		came, different := in.counts()
		t.Logf("%s: %d messages of %d changes, %d kills", name, came, different, kills)
		if got := in.rows(t); got != want || want == "" {
			t.Errorf("%s has been told of other rows: %s", name, difference(got, want))
		}
	}
}
