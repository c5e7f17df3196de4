package dir_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/s3sql/s3sql/storage/object"
	"github.com/s3sql/s3sql/storage/object/dir"
)

// envWorker makes the test binary one of the processes of TestProcesses: "folder number".
const envWorker = "S3SQL_DIR_WORKER"

const (
	processes = 4
	slots     = 60
	additions = 60
)

// TestProcesses races processes for slots by PutIfAbsent and at a counter by PutIfMatch.
func TestProcesses(t *testing.T) {
	t.Parallel()
	if spec := os.Getenv(envWorker); spec != "" {
		return // this is a worker, which has TestWorker to run
	}
	root := t.TempDir()
	s := open(t, root, dir.Options{})
	if _, err := s.Put(t.Context(), "count", []byte("0")); err != nil {
		t.Fatal(err)
	}
	outputs := make([]*strings.Builder, processes)
	commands := make([]*exec.Cmd, processes)
	for i := range commands {
		outputs[i] = new(strings.Builder)
		cmd := exec.Command(os.Args[0], "-test.run=^TestWorker$", "-test.v")
		cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s\n%d", envWorker, root, i))
		cmd.Stdout, cmd.Stderr = outputs[i], outputs[i]
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		commands[i] = cmd
	}
	won := 0
	for i, cmd := range commands {
		if err := cmd.Wait(); err != nil {
			t.Errorf("worker %d: %v\n%s", i, err, outputs[i])
		}
		won += strings.Count(outputs[i].String(), "won ")
	}
	if won != slots {
		t.Errorf("%d slots were won by %d", slots, won)
	}
	for slot := range slots {
		o, err := s.Get(t.Context(), fmt.Sprintf("log/%03d", slot))
		if err != nil {
			t.Fatal(err)
		}
		winner, err := strconv.Atoi(strings.TrimSpace(string(o.Data)))
		if err != nil || !strings.Contains(outputs[winner].String(), fmt.Sprintf("won %d\n", slot)) {
			t.Errorf("slot %d holds %.20q, whose writer was not told so", slot, o.Data)
		}
	}
	o, err := s.Get(t.Context(), "count")
	if want := fmt.Sprint(processes * additions); err != nil || string(o.Data) != want {
		t.Errorf("counter is %q, %v; want %s", o.Data, err, want)
	}
}

func TestWorker(t *testing.T) {
	root, number, ok := strings.Cut(os.Getenv(envWorker), "\n")
	if !ok {
		t.Log("nothing to do in this process: TestProcesses starts others to run this")
		return
	}
	s := open(t, root, dir.Options{NoSync: true})
	for slot := range slots {
		_, err := s.PutIfAbsent(t.Context(), fmt.Sprintf("log/%03d", slot), []byte(number+strings.Repeat(" ", 5000)))
		switch {
		case err == nil:
			fmt.Printf("won %d\n", slot)
		case !errors.Is(err, object.ErrExists):
			t.Fatal(err)
		}
	}
	for n := 0; n < additions; {
		o, err := s.Get(t.Context(), "count")
		if err != nil {
			t.Fatal(err)
		}
		v, err := strconv.Atoi(string(o.Data))
		if err != nil {
			t.Fatal(err)
		}
		switch _, err = s.PutIfMatch(t.Context(), "count", o.ETag, []byte(strconv.Itoa(v+1))); {
		case err == nil:
			n++
		case !errors.Is(err, object.ErrChanged):
			t.Fatal(err)
		}
	}
}
